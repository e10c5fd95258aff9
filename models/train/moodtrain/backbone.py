"""A face network from a package of tfjs models, put into the float network to start from.

What is taken: HSE-FaceRes (A. Savchenko), a MobileNet that was trained on the faces of VGGFace2
and then on ages, as `faceres` in the npm package named in train.toml. The files have batch-norm
folded in; it is put back with the statistics of training pictures, so that the network computes
what the file computes.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from . import tfjs

# An enlargement to twice the side (bilinear), then a 3-tap filter at every second place, is a
# 3-tap filter at every place of the small picture: its taps are this times the filter's.
ENLARGED = np.array([[0.25, 0, 0], [0.75, 0.75, 0.25], [0, 0.25, 0.75]], np.float32)
LUMA_DEVIATION = 60.0  # of a face picture; the backbone's inputs were not standardised


def _folded(graph: Path, names: list[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(kernel, bias) of the stem, depth1, point1, ... with batch-norm folded in."""
    weights = tfjs.read(graph)

    def one(stem: str, end: str) -> np.ndarray:
        found = [k for k in weights if f"/{stem}/" in f"/{k}" and k.endswith(end)]
        if len(found) != 1:
            raise SystemExit(f"{graph}: {len(found)} weights named {stem}/…{end}, expected one")
        return weights[found[0]]

    kernels = {}
    for name in names:
        theirs = name.replace("stem", "conv1")
        theirs = theirs.replace("depth", "conv_dw_").replace("point", "conv_pw_")
        bias = one(f"{theirs}_bn", "/sub")
        if name.startswith("depth"):
            scale = one(f"{theirs}_bn", "/mul")
            kernel = one(theirs, "depthwise_kernel") * scale.reshape(1, 1, -1, 1)
        else:
            kernel = one(theirs, "merged_input")
        kernels[name] = kernel, bias
    kernel, bias = kernels["stem"]
    grey = kernel.sum(2, keepdims=True) * LUMA_DEVIATION
    kernels["stem"] = np.einsum("ai,bj,ijcd->abcd", ENLARGED, ENLARGED, grey), bias
    return kernels


def start_from(model: keras.Model, graph: Path, pictures: np.ndarray) -> None:
    """Give model the backbone's weights; pictures float32 [N, S, S, 1], standardised."""
    layers = {layer.name: layer for layer in model.layers}
    names = [n.removesuffix("_bn") for n in layers if n.endswith("_bn")]
    kernels = _folded(graph, names)
    for name in names:
        kernel, bias = kernels[name]
        norm = layers[f"{name}_bn"]
        layers[name].set_weights([kernel])
        nought, one = np.zeros_like(bias), np.ones_like(bias)
        norm.set_weights([one * np.sqrt(1 + norm.epsilon), bias, nought, one])
    seen = keras.Model(model.input, [layers[name].output for name in names])
    parts = [
        [(out.mean((0, 1, 2)), (out**2).mean((0, 1, 2))) for out in seen.predict_on_batch(part)]
        for part in np.array_split(pictures, max(1, len(pictures) // 128))
    ]
    for index, name in enumerate(names):
        mean = np.mean([part[index][0] for part in parts], 0)
        square = np.mean([part[index][1] for part in parts], 0)
        variance = np.maximum(square - mean**2, 1e-6)
        norm = layers[f"{name}_bn"]
        bias = kernels[name][1]
        gamma = np.sqrt(variance + norm.epsilon)
        norm.set_weights([gamma, bias + mean, mean, variance])
