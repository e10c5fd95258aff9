"""Pure figures from logits and labels."""

from __future__ import annotations

import dataclasses

import numpy as np

from .runtime import softmax

BINS = 15


@dataclasses.dataclass(frozen=True)
class Figures:
    """Fractions 0..1, not percent."""

    pictures: int
    accuracy: float
    macro_f1: float
    recall: list[float]
    precision: list[float]
    ece: float
    accuracy_at_80: float
    confusion: list[list[int]]


def confusion(label: np.ndarray, answer: np.ndarray, classes: int = 7) -> np.ndarray:
    """Counts [true, answered]."""
    return np.bincount(label * classes + answer, minlength=classes**2).reshape(classes, classes)


def reliability(right: np.ndarray, confidence: np.ndarray) -> list[tuple[float, float, int]]:
    """(mean confidence, accuracy, count) of each of 15 equally wide, non-empty bins."""
    slot = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        (
            float(confidence[slot == b].mean()),
            float(right[slot == b].mean()),
            int((slot == b).sum()),
        )
        for b in range(BINS)
        if (slot == b).any()
    ]


def figures(logits: np.ndarray, label: np.ndarray, temperature: float) -> Figures:
    """All figures of logits [N, 7] against label [N]."""
    label = label.astype(int)
    probability = softmax(logits, temperature)
    answer, sure = probability.argmax(1), probability.max(1)
    right = answer == label
    counts = confusion(label, answer)
    hits, there, said = np.diag(counts), counts.sum(1), counts.sum(0)
    present = there > 0
    recall = hits / np.maximum(there, 1)
    precision = hits / np.maximum(said, 1)
    f1 = 2 * hits / np.maximum(there + said, 1)
    ece = sum(n * abs(acc - conf) for conf, acc, n in reliability(right, sure)) / len(label)
    surest = np.argsort(-sure, kind="stable")[: round(0.8 * len(label))]
    return Figures(
        pictures=len(label),
        accuracy=float(right.mean()),
        macro_f1=float(f1[present].mean()),
        recall=[float(r) for r in recall],
        precision=[float(p) for p in precision],
        ece=float(ece),
        accuracy_at_80=float(right[surest].mean()),
        confusion=counts.tolist(),
    )


def fit_temperature(logits: np.ndarray, label: np.ndarray) -> float:
    """The temperature with the least negative log-likelihood, to two decimals."""
    grid = np.arange(0.30, 3.0, 0.01)
    rows = np.arange(len(label))
    loss = [-np.log(softmax(logits, t)[rows, label.astype(int)] + 1e-12).mean() for t in grid]
    return round(float(grid[int(np.argmin(loss))]), 2)
