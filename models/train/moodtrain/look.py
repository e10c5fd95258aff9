"""What training looks at after each epoch: the averaged weights, with statistics of their own."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np


def refresh_statistics(model: keras.Model, pictures: np.ndarray) -> None:
    """Batch-norm means and variances anew: averaged weights do not fit the running ones."""
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for k in range(len(pictures) // 256):
        for norm in norms:
            norm.momentum = k / (k + 1)
        model(pictures[k * 256 : (k + 1) * 256], training=True)


class AveragedLook(keras.callbacks.Callback):
    """Accuracy of the optimizer's averaged weights on the selection; keeps the best and the last.

    twin: a second network of the same shape, that the averaged weights are put into.
    seen: float32 [N, S, S, 1], training pictures for the statistics. look: (pictures, labels).
    """

    def __init__(
        self,
        twin: keras.Model,
        seen: np.ndarray,
        look: tuple[np.ndarray, np.ndarray],
        folder: Path,
        best: float | None,
    ) -> None:
        super().__init__()
        self.twin, self.seen, self.folder = twin, seen, folder
        self.pictures, self.label = look
        self.best = best or 0.0

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Adds val_accuracy and val_loss (nats) to logs; writes the weights' files."""
        averaged = self.model.optimizer._model_variables_moving_average
        ours = {variable.path: variable for variable in self.twin.trainable_variables}
        for variable, average in zip(
            self.model.optimizer._trainable_variables, averaged, strict=True
        ):
            ours[variable.path].assign(average)
        refresh_statistics(self.twin, self.seen)
        logits = self.twin.predict(self.pictures, 256, verbose=0).astype(np.float64)
        logits -= logits.max(1, keepdims=True)
        sure = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        accuracy = float((logits.argmax(1) == self.label).mean())
        if logs is not None:
            logs["val_accuracy"] = accuracy
            logs["val_loss"] = float(-sure[np.arange(len(sure)), self.label.astype(int)].mean())
        print(f" PublicTest without repeats, averaged weights: {100 * accuracy:.2f} %", flush=True)
        self.twin.save_weights(self.folder / "last.weights.h5")
        if accuracy > self.best:
            self.best = accuracy
            self.twin.save_weights(self.folder / "best.weights.h5")
