"""The same faces under worse conditions: uint8 [N, S, S] in and out."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

Change = Callable[[Image.Image], Image.Image]


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """Every picture resampled to size x size (area-aware bilinear)."""
    return _each(images, lambda p: p.resize((size, size), Image.Resampling.BILINEAR))


def _each(images: np.ndarray, change: Change) -> np.ndarray:
    return np.stack([np.asarray(change(Image.fromarray(image))) for image in images])


def _jpeg(picture: Image.Image) -> Image.Image:
    packed = io.BytesIO()
    picture.save(packed, "JPEG", quality=30)
    return Image.open(packed).convert("L")


def _blur(picture: Image.Image) -> Image.Image:
    # Pillow's own blur is a box approximation; a face is small enough for the real one.
    x = np.arange(-6, 7)
    taps = np.exp(-0.5 * (x / 1.5) ** 2)
    taps /= taps.sum()
    values = np.pad(np.asarray(picture, np.float64), 6, "edge")
    for axis in (0, 1):
        values = np.apply_along_axis(np.convolve, axis, values, taps, "valid")
    return Image.fromarray(np.rint(values).astype(np.uint8))


def _small(picture: Image.Image) -> Image.Image:
    bilinear = Image.Resampling.BILINEAR
    return picture.resize((24, 24), bilinear).resize(picture.size, bilinear)


def _rolled(degrees: float) -> Change:
    def change(picture: Image.Image) -> Image.Image:
        wide = Image.fromarray(np.pad(np.asarray(picture), 24, "edge"))
        side = picture.size[0]
        turned = wide.rotate(degrees, Image.Resampling.BILINEAR)
        return turned.crop((24, 24, 24 + side, 24 + side))

    return change


def _shifted(fraction: float) -> Change:
    def change(picture: Image.Image) -> Image.Image:
        by = round(fraction * picture.size[0])
        wide = np.pad(np.asarray(picture), abs(by), "edge")
        start = abs(by) + by
        return Image.fromarray(
            wide[abs(by) : abs(by) + picture.size[1], start:][:, : picture.size[0]]
        )

    return change


CONDITIONS: dict[str, list[Change]] = {
    "brightness ±40 %": [
        lambda p: p.point([min(255, round(v * 1.4)) for v in range(256)]),
        lambda p: p.point([round(v * 0.6) for v in range(256)]),
    ],
    "Gaussian blur, 1.5 px": [_blur],
    "roll ±20°": [_rolled(20), _rolled(-20)],
    "JPEG quality 30": [_jpeg],
    "face of 24 px": [_small],
    "crop shifted sideways by ±15 %": [_shifted(0.15), _shifted(-0.15)],
}


def variants(images: np.ndarray, condition: str) -> list[np.ndarray]:
    """The pictures under each side of a condition."""
    return [_each(images, change) for change in CONDITIONS[condition]]
