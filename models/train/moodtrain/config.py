"""train.toml and ../input.toml as typed values; where data and outputs lie."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from pathlib import Path
from typing import Any

TRAIN_DIR = Path(__file__).resolve().parent.parent
MODELS_DIR = TRAIN_DIR.parent
REPOSITORY = MODELS_DIR.parent


@dataclasses.dataclass(frozen=True)
class Contract:
    """How a face becomes the input, and what the outputs are (models/input.toml)."""

    size: int
    std_offset: float
    classes: list[str]
    temperature: float


@dataclasses.dataclass(frozen=True)
class Config:
    """One training run: the sections of train.toml as plain tables, and the contract."""

    run: dict[str, Any]
    network: dict[str, Any]
    optimizer: dict[str, Any]
    labels: dict[str, Any]
    balance: dict[str, float]
    augment: dict[str, float]
    export: dict[str, Any]
    contract: Contract


def contract(path: Path = MODELS_DIR / "input.toml") -> Contract:
    """Read models/input.toml."""
    table = tomllib.loads(path.read_text())
    return Contract(
        size=table["input"]["size"],
        std_offset=table["input"]["std_offset"],
        classes=table["output"]["classes"],
        temperature=table["output"]["temperature"],
    )


def load(path: Path = TRAIN_DIR / "train.toml") -> Config:
    """Read train.toml; a missing or unknown section is an error."""
    return Config(**tomllib.loads(path.read_text()), contract=contract())


def data_dir() -> Path:
    """Folder of the data sets: MOODRING_DATA, else ../shared/data beside the repository."""
    folder = Path(os.environ.get("MOODRING_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        raise SystemExit(f"no data folder at {folder}: set MOODRING_DATA to the one that has it")
    return folder


def run_dir() -> Path:
    """Folder of checkpoints and logs: MOODRING_RUN, else models/train/run (git-ignored)."""
    folder = Path(os.environ.get("MOODRING_RUN") or TRAIN_DIR / "run")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
