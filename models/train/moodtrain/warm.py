"""A trained int8 network's weights put back into the float network, to be trained further.

The int8 file has batch-norm folded into its convolutions. The folded kernels become the kernels
(each filter brought to one length, which batch-norm makes free), and batch-norm is put back with
the statistics of training pictures so that the network computes what the file computes.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

FILTER_LENGTH = 0.8  # what filters of this network settle at under weight decay 5e-4


def folded(path: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """(kernel float32 [h, w, in, out] or [in, out], bias [out]) of each layer, in graph order."""
    reader = Interpreter(
        str(path),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    reader.allocate_tensors()
    about = {d["index"]: d for d in reader.get_tensor_details()}

    def real(index: int) -> np.ndarray:
        q = about[index]["quantization_parameters"]
        shape = [1] * len(about[index]["shape"])
        shape[q["quantized_dimension"]] = -1
        stored = reader.get_tensor(index).astype(np.float64) - q["zero_points"].reshape(shape)
        return (stored * q["scales"].reshape(shape)).astype(np.float32)

    layers = []
    for op in reader._get_ops_details():
        if op["op_name"] in ("CONV_2D", "FULLY_CONNECTED"):
            kernel, bias = real(op["inputs"][1]), real(op["inputs"][2])
            layers.append((np.moveaxis(kernel, 0, -1), bias))
    return layers


def start_from(model: keras.Model, path: Path, pictures: np.ndarray) -> None:
    """Give model the weights of the int8 file; pictures float32 [N, S, S, 1], standardised."""
    *convolved, dense = folded(path)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    norms = {layer.name: layer for layer in model.layers}
    by_name = sorted(convolutions, key=lambda layer: layer.name != "stem_conv")
    length = [np.sqrt((k**2).sum((0, 1, 2))) + 1e-8 for k, _ in convolved]
    pairs = list(zip(by_name, convolved, length, strict=True))
    for layer, (kernel, bias), size in pairs:
        scale = FILTER_LENGTH / size
        layer.set_weights([kernel * scale])
        norm = norms[layer.name.replace("_conv", "_bn")]
        nought, one = np.zeros_like(bias), np.ones_like(bias)
        norm.set_weights([np.sqrt(1 + norm.epsilon) / scale, bias, nought, one])
    model.get_layer("logits").set_weights(list(dense))

    seen = keras.Model(model.input, [layer.output for layer in by_name]).predict(pictures, 128)
    for (layer, (_, bias), size), out in zip(pairs, seen, strict=True):
        scale = FILTER_LENGTH / size
        mean, var = out.mean((0, 1, 2)), out.var((0, 1, 2))
        norm = norms[layer.name.replace("_conv", "_bn")]
        norm.set_weights([np.sqrt(var + norm.epsilon) / scale, bias + mean / scale, mean, var])
