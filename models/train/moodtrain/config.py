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
class Stage:
    """One training among several, in their order; each [[stage]] of train.toml.

    init: "backbone", the name of an earlier stage, or "" for random weights.
    teachers: earlier stages and [teacher] networks whose answers are mixed into the targets.
    hard, ferplus, teacher: the weights of that mixture.
    width: channels of the last convolution. augment: what differs from [augment].
    rounded: whether kernels and activations are rounded in training as in the int8 file.
    """

    name: str
    blocks: int
    width: int
    init: str
    epochs: int
    batch: int
    learning_rate: float
    seed: int
    hard: float
    ferplus: float
    teacher: float
    teachers: list[str]
    augment: dict[str, float]
    rounded: bool


@dataclasses.dataclass(frozen=True)
class Config:
    """Everything train.toml says, and the contract."""

    backbone: dict[str, str]
    teacher: dict[str, dict[str, Any]]
    network: dict[str, Any]
    optimizer: dict[str, Any]
    labels: dict[str, Any]
    balance: dict[str, float]
    augment: dict[str, float]
    export: dict[str, Any]
    stages: list[Stage]
    contract: Contract

    def stage(self, name: str) -> Stage:
        """The stage of that name."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        known = ", ".join(stage.name for stage in self.stages)
        raise SystemExit(f"train.toml: no stage named {name!r}; there are {known}")

    def dry(self) -> Config:
        """The same with its stages named dry-NAME: their files stay apart from a real run's."""
        names = {stage.name: f"dry-{stage.name}" for stage in self.stages}
        stages = [
            dataclasses.replace(
                stage,
                name=names[stage.name],
                init=names.get(stage.init, stage.init),
                teachers=[names.get(name, name) for name in stage.teachers],
            )
            for stage in self.stages
        ]
        return dataclasses.replace(self, stages=stages)


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
    """Read train.toml; a missing or unknown section or key of a stage is an error."""
    table = tomllib.loads(path.read_text())
    stages = [Stage(**stage) for stage in table.pop("stage")]
    for at, stage in enumerate(stages):
        earlier = {s.name for s in stages[:at]}
        needed = {*stage.teachers, stage.init} - {"", "backbone", *table["teacher"]}
        if needed - earlier:
            raise SystemExit(f"{path}: stage {stage.name} needs {needed - earlier} before it")
    return Config(**table, stages=stages, contract=contract())


def data_dir() -> Path:
    """Folder of the data sets: MOODRING_DATA, else ../shared/data beside the repository."""
    folder = Path(os.environ.get("MOODRING_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        raise SystemExit(f"no data folder at {folder}: set MOODRING_DATA to the one that has it")
    return folder


def run_dir(stage: str = "") -> Path:
    """Folder of checkpoints and logs: MOODRING_RUN, else models/train/run (git-ignored)."""
    folder = Path(os.environ.get("MOODRING_RUN") or TRAIN_DIR / "run") / stage
    folder.mkdir(parents=True, exist_ok=True)
    return folder
