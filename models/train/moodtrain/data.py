"""FER-2013 pictures in, cleaned pictures with soft targets out."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from pathlib import Path

import numpy as np

from . import config

# FER+ columns (neutral, happiness, surprise, sadness, anger, disgust, fear, contempt, unknown,
# not a face) that mean our classes (angry, disgust, fear, happy, sad, surprise, neutral).
FERPLUS_COLUMNS = [4, 5, 6, 1, 3, 2, 0]
FERPLUS_UNREADABLE = [8, 9]


@dataclasses.dataclass(frozen=True)
class Split:
    """images uint8 [N, S, S]; label uint8 [N]; in_training bool [N]; ferplus float [N, 10]."""

    images: np.ndarray
    label: np.ndarray
    in_training: np.ndarray
    ferplus: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def where(self, keep: np.ndarray) -> Split:
        """The pictures that a mask or an index picks."""
        return Split(
            self.images[keep], self.label[keep], self.in_training[keep], self.ferplus[keep]
        )


def _read(paths: list[Path]) -> Split:
    parts = [np.load(path) for path in paths]

    def joined(key: str) -> np.ndarray:
        return np.concatenate([part[key] for part in parts])

    votes = joined("ferplus").astype(np.float32) * joined("has_ferplus")[:, None]
    split = Split(joined("images"), joined("label"), joined("test_dup_of_train"), votes)
    return split


def public() -> Split:
    """PublicTest as FER-2013 has it: reported."""
    return _read([config.data_dir() / "fer2013_public.npz"])


def selection() -> Split:
    """PublicTest without the pictures that occur in Training: whatever is chosen is chosen here."""
    split = public()
    return split.where(~split.in_training)


def private() -> Split:
    """PrivateTest: reported, never selected on."""
    return _read([config.data_dir() / "fer2013_private.npz"])


def train_raw() -> Split:
    """The Training usage as it came."""
    folder = config.data_dir()
    return _read([folder / "fer2013_train_a.npz", folder / "fer2013_train_b.npz"])


def train_clean(labels: dict) -> Split:
    """Training without blanks, repeats, conflicts and pictures most voters found faceless."""
    raw = train_raw()
    same: dict[bytes, list[int]] = defaultdict(list)
    for index, image in enumerate(raw.images):
        same[image.tobytes()].append(index)
    keep = []
    for indices in same.values():
        conflicting = len(set(raw.label[indices])) > 1
        if raw.images[indices[0]].std() < 1.0 or (conflicting and labels["drop_conflicts"]):
            continue
        votes = raw.ferplus[indices[0]]
        unreadable = votes[FERPLUS_UNREADABLE].sum() > 0.5 * votes.sum()
        if unreadable and votes.sum() > 0 and labels["drop_not_a_face"]:
            continue
        keep.append(indices[0])
    return raw.where(np.array(sorted(keep)))


def targets(split: Split, labels: dict, teacher: np.ndarray | None) -> np.ndarray:
    """Soft targets float32 [N, 7]: hard label (smoothed), FER+ votes and teacher, weighted."""
    classes = len(FERPLUS_COLUMNS)
    smoothing = labels["smoothing"]
    hard = np.eye(classes, dtype=np.float32)[split.label] * (1 - smoothing) + smoothing / classes
    votes = split.ferplus[:, FERPLUS_COLUMNS]
    total = votes.sum(1, keepdims=True)
    votes = np.where(total > 0, votes / np.maximum(total, 1), hard)
    soft = hard if teacher is None else teacher
    mixed = labels["hard"] * hard + labels["ferplus"] * votes + labels["teacher"] * soft
    return (mixed / mixed.sum(1, keepdims=True)).astype(np.float32)


def balanced(label: np.ndarray, copies: dict[str, float], classes: list[str]) -> np.ndarray:
    """Indices into the split, with each class's pictures repeated as [balance] says."""
    rng = np.random.default_rng(0)
    picked = [np.arange(len(label))]
    for name, times in copies.items():
        members = np.flatnonzero(label == classes.index(name))
        whole, part = divmod(times - 1.0, 1.0)
        picked += [members] * int(whole)
        picked.append(rng.choice(members, round(part * len(members)), replace=False))
    return np.concatenate(picked)


@dataclasses.dataclass(frozen=True)
class Wild:
    """Faces from the web: images uint8 [N, 64, 64], label uint8 [N]."""

    images: np.ndarray
    label: np.ndarray


def wild() -> Wild:
    """wild64_open without its badly labelled third source. Never trained or selected on."""
    table = np.load(config.data_dir() / "wild64_open.npz")
    keep = table["src"] != 2
    return Wild(table["images"][keep], table["label"][keep])
