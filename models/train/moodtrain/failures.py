"""The surest mistakes on PrivateTest as one picture, to look at and not to pass on."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

from . import config, data, runtime

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROWS, COLUMNS = 6, 10


def draw(model: Path) -> None:
    """Write run/failures.png: 60 pictures with what was labelled and what was answered."""
    contract, private = config.contract(), data.private()
    logits = runtime.Network(model).logits(private.images, contract.std_offset)
    sure = runtime.softmax(logits, contract.temperature)
    answer = sure.argmax(1)
    wrong = np.flatnonzero(answer != private.label)
    worst = wrong[np.argsort(-sure[wrong].max(1), kind="stable")][: ROWS * COLUMNS]
    _, places = plt.subplots(ROWS, COLUMNS, figsize=(COLUMNS * 1.1, ROWS * 1.5))
    for place in places.flat:
        place.axis("off")
    for place, index in zip(places.flat, worst, strict=False):
        place.imshow(private.images[index], cmap="gray", vmin=0, vmax=255)
        labelled, said = (contract.classes[c] for c in (private.label[index], answer[index]))
        place.set_title(f"{labelled}\n{said} {100 * sure[index].max():.0f} %", fontsize=7)
    path = config.run_dir() / "failures.png"
    plt.tight_layout()
    plt.savefig(path, dpi=110)
    plt.close()
    print(f"{path}: labelled above, answered below; the pictures may not be passed on")
