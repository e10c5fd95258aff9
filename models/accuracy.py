#!/usr/bin/env python3
"""How well the shipped network reads FER-2013, through the shipped program.

    models/accuracy.py BINARY DATA_FOLDER

Every picture is written as PNG and read with `BINARY read --cropped`; the figures are computed
from its lines. DATA_FOLDER holds fer2013_private.npz and, optionally, wild64_open.npz. Ends with
status 1 if accuracy on PrivateTest is below the floor that the model card promises.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
FLOOR = 66.0


def read(binary: Path, images: np.ndarray) -> np.ndarray:
    """Probabilities [N, 7] that the program gives for pictures [N, H, W] of 8-bit grey."""
    with tempfile.TemporaryDirectory() as folder:
        for i, image in enumerate(images):
            Image.fromarray(image).save(Path(folder, f"{i:05}.png"), compress_level=1)
        began = time.monotonic()
        done = subprocess.run([binary, "read", "--cropped", folder], stdout=subprocess.PIPE, text=True, check=True)
        took = time.monotonic() - began
    lines = sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda line: line["image"])
    if len(lines) != len(images):
        sys.exit(f"accuracy: {len(images)} pictures went in, {len(lines)} readings came out")
    print(f"  {len(images) / took:.0f} pictures a second")
    return np.array([[line["faces"][0]["scores"][c] for c in CLASSES] for line in lines])


def figures(scores: np.ndarray, label: np.ndarray) -> dict[str, float]:
    """Accuracy, macro-F1 and lowest recall in per cent; ECE over 15 bins; accuracy at 80 % coverage."""
    guess, sure = scores.argmax(1), scores.max(1)
    right = guess == label
    recall, f1 = [], []
    for c in range(len(CLASSES)):
        hit = np.sum(right & (label == c))
        recall.append(hit / max(1, np.sum(label == c)))
        f1.append(2 * hit / max(1, np.sum(label == c) + np.sum(guess == c)))
    bins = np.minimum((sure * 15).astype(int), 14)
    ece = sum(abs(right[bins == b].mean() - sure[bins == b].mean()) * np.mean(bins == b) for b in set(bins.tolist()))
    kept = np.argsort(-sure)[: int(round(0.8 * len(sure)))]
    return {
        "accuracy %": 100 * right.mean(),
        "macro-F1 %": 100 * float(np.mean(f1)),
        f"lowest recall % ({CLASSES[int(np.argmin(recall))]})": 100 * min(recall),
        "calibration error": float(ece),
        "accuracy % without the least sure fifth": 100 * right[kept].mean(),
    }


def main() -> None:
    """Prints a table for each set and checks the floor."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    binary, data = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    private = data / "fer2013_private.npz"
    if not private.is_file():
        sys.exit(f"accuracy: {private} is missing; name the folder with the data in MOODRING_DATA")
    found = np.load(private)
    scores = read(binary, found["images"])
    sets = {"PrivateTest": np.ones(len(scores), bool), "PrivateTest without pictures in Training": ~found["test_dup_of_train"].astype(bool)}
    accuracy = 0.0
    for name, keep in sets.items():
        print(f"{name}: {keep.sum()} pictures")
        for what, value in (result := figures(scores[keep], found["label"][keep])).items():
            print(f"  {what}: {value:.3f}" if value < 1 else f"  {what}: {value:.1f}")
        accuracy = accuracy or result["accuracy %"]
    wild = data / "wild64_open.npz"
    if wild.is_file():
        found = np.load(wild)
        keep = np.isin(found["src"], [0, 1])
        print(f"wild64_open, sources 0 and 1: {keep.sum()} pictures")
        for what, value in figures(read(binary, found["images"][keep]), found["label"][keep]).items():
            print(f"  {what}: {value:.3f}" if value < 1 else f"  {what}: {value:.1f}")
    if accuracy < FLOOR:
        sys.exit(f"accuracy: {accuracy:.1f} % on PrivateTest is below {FLOOR} %")


if __name__ == "__main__":
    main()
