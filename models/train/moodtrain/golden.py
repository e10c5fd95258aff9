"""Golden vectors: drawn pictures, the network's exact int8 inputs and outputs for them.

The pictures are drawn here (no photograph, nobody's rights): cartoon faces of varied mouths,
brows and light, smooth noise, and the corner cases that break arithmetic (flat, black, white,
one bright pixel, a checkerboard).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from . import config, runtime

COUNT = 64


def _smooth(rng: np.random.Generator, size: int, grain: int) -> np.ndarray:
    """Smooth noise in 0..1: a coarse random grid, bilinearly enlarged."""
    grid = rng.random((grain + 1, grain + 1))
    at = np.linspace(0, grain, size, endpoint=False)
    whole, part = at.astype(int), at % 1
    rows = grid[whole] * (1 - part)[:, None] + grid[whole + 1] * part[:, None]
    return rows[:, whole] * (1 - part) + rows[:, whole + 1] * part


def _face(rng: np.random.Generator, size: int) -> np.ndarray:
    """A cartoon face in 0..1: head, eyes, brows and a mouth of any curve and openness."""
    y, x = np.mgrid[0:size, 0:size] / (size - 1) * 2 - 1
    tilt = rng.uniform(-0.3, 0.3)
    x, y = x * np.cos(tilt) - y * np.sin(tilt), x * np.sin(tilt) + y * np.cos(tilt)
    x, y = x - rng.uniform(-0.1, 0.1), y - rng.uniform(-0.1, 0.1)
    picture = 0.2 + 0.6 * _smooth(rng, size, 4)

    def paint(shape: np.ndarray, luma: float) -> None:
        edge = np.clip(0.5 - shape * size / 4, 0, 1)
        picture[:] = picture * (1 - edge) + luma * edge

    skin, feature = rng.uniform(0.3, 0.95), rng.uniform(0.0, 0.25)
    paint((x / 0.8) ** 2 + (y / 0.98) ** 2 - 1, skin)
    lid, brow, slope = rng.uniform(0.04, 0.14), rng.uniform(-0.55, -0.38), rng.uniform(-0.5, 0.5)
    for side in (-1, 1):
        eye = ((x - side * 0.34) / 0.17) ** 2 + ((y + 0.2) / lid) ** 2 - 1
        paint(eye, 0.98)
        paint((x - side * 0.34) ** 2 + (y + 0.2) ** 2 - min(lid, 0.09) ** 2, 0.02)
        line = np.abs(y - brow - slope * (np.abs(x) - 0.34)) - 0.035
        paint(np.maximum(line, np.abs(x - side * 0.34) - 0.2), feature)
    curve, gape = rng.uniform(-1.2, 1.2), rng.uniform(0.02, 0.2)
    mouth = np.abs(y - 0.45 + curve * x * x) - gape * np.clip(1 - (x / 0.42) ** 2, 0, 1)
    paint(np.maximum(mouth, np.abs(x) - 0.42), feature)
    light = 1 + rng.uniform(-0.5, 0.5) * x + rng.uniform(-0.25, 0.25) * y
    return picture * light * rng.uniform(0.35, 1.15) + rng.normal(0, 0.03, picture.shape)


def pictures(size: int, seed: int = 1) -> np.ndarray:
    """uint8 [64, size, size], the same for the same seed."""
    rng = np.random.default_rng(seed)
    drawn = np.zeros((COUNT, size, size), np.uint8)
    drawn[1] = 255
    drawn[2] = 128
    drawn[3, size // 2, size // 2] = 255
    drawn[4] = np.indices((size, size)).sum(0) % 2 * 255
    drawn[5] = np.arange(size) * 255 // (size - 1)
    drawn[6] = rng.integers(0, 256, (size, size))
    drawn[7] = 100 + rng.integers(0, 2, (size, size))
    for k in range(8, COUNT):
        picture = _smooth(rng, size, 3 + k % 9) if k % 7 == 0 else _face(rng, size)
        drawn[k] = np.clip(np.rint(picture * 255), 0, 255)
    return drawn


def write(folder: Path = config.MODELS_DIR / "golden") -> None:
    """Write luma, input, output (.bin, C order) and golden.json into folder."""
    contract = config.contract()
    model = config.MODELS_DIR / "emotion.tflite"
    network = runtime.Network(model)
    luma_file = folder / "luma.bin"
    shape = (COUNT, contract.size, contract.size)
    if luma_file.exists():  # drawn once and kept, so that libm's last bits never matter
        luma = np.frombuffer(luma_file.read_bytes(), np.uint8).reshape(shape)
    else:
        luma = pictures(contract.size)
    quantized = network.quantize(runtime.standardise(luma, contract.std_offset))
    answers = network.run(quantized)
    folder.mkdir(exist_ok=True)
    luma_file.write_bytes(luma.tobytes())
    (folder / "input.bin").write_bytes(quantized.tobytes())
    (folder / "output.bin").write_bytes(answers.tobytes())
    about = {
        "model": model.name,
        "model_sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "luma.bin": {"type": "uint8", "shape": list(luma.shape)},
        "input.bin": {"type": "int8", "shape": list(quantized.shape)},
        "output.bin": {"type": "int8", "shape": list(answers.shape)},
        "input_quantization": {"scale": network.in_scale, "zero_point": network.in_zero},
        "output_quantization": {"scale": network.out_scale, "zero_point": network.out_zero},
    }
    (folder / "golden.json").write_text(json.dumps(about, indent=1) + "\n")
    print(f"{COUNT} golden vectors in {folder}; classes answered:", np.bincount(answers.argmax(1)))
