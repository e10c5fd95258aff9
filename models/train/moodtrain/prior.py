"""A shift of a class's logit, chosen on data.selection, for classes answered too rarely."""

from __future__ import annotations

import numpy as np

from . import measure

STEP = 0.05  # of a logit


def worth(logits: np.ndarray, label: np.ndarray, lowest: float) -> float:
    """Accuracy and macro-F1, averaged, less what the worst class's recall lacks of lowest."""
    found = measure.figures(logits, label, 1.0)
    lacking = max(0.0, lowest - min(found.recall))
    return (found.accuracy + found.macro_f1) / 2 - lacking


def shifts(logits: np.ndarray, label: np.ndarray, lowest: float, most: float) -> np.ndarray:
    """float64 [classes], 0 to most: the smallest that lift every class's recall to lowest.

    The worst class first, a step at a time. The others are left alone: what more can be gained by
    shifting them is a habit of these labels, and lost on other photographs (see the model card).
    """
    chosen = np.zeros(logits.shape[1])
    while True:
        recall = measure.figures(logits + chosen, label, 1.0).recall
        lacking = [c for c, r in enumerate(recall) if r < lowest and chosen[c] < most - STEP / 2]
        if not lacking:
            return chosen
        chosen[min(lacking, key=lambda c: recall[c])] += STEP
