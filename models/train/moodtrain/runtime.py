"""The reference interpreter: int8 .tflite files run as the device runs them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def moments(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and population deviation of each uint8 picture [N, S, S]; float64 [N].

    From exact integer sums, in the order that models/input.toml lays down.
    """
    flat = images.reshape(len(images), -1).astype(np.int64)
    n, total, squares = flat.shape[1], flat.sum(1), (flat * flat).sum(1)
    return total / n, np.sqrt((n * squares - total * total).astype(np.float64)) / n


def standardise(images: np.ndarray, offset: float) -> np.ndarray:
    """uint8 [N, S, S] to float64 [N, S, S]: (luma - mean) / (std + offset), each picture."""
    mean, std = (value[:, None, None] for value in moments(images))
    return (images.astype(np.float64) - mean) / (std + offset)


class Network:
    """One full-int8 network with fixed batch 1: int8 [1, S, S, 1] in, int8 [1, 7] out."""

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.interpreter = Interpreter(str(path), num_threads=threads)
        self.interpreter.allocate_tensors()
        source = self.interpreter.get_input_details()[0]
        result = self.interpreter.get_output_details()[0]
        self.source, self.result = source["index"], result["index"]
        # float32 values of the file, widened: exactly what a reader of the file gets.
        self.in_scale, self.in_zero = float(source["quantization"][0]), source["quantization"][1]
        self.out_scale, self.out_zero = float(result["quantization"][0]), result["quantization"][1]

    def quantize(self, x: np.ndarray) -> np.ndarray:
        """Standardised float64 to int8, halves to even."""
        q = np.rint(x / self.in_scale) + self.in_zero
        return np.clip(q, -128, 127).astype(np.int8)

    def run(self, quantized: np.ndarray) -> np.ndarray:
        """int8 [N, S, S] to int8 [N, 7]."""
        out = []
        for picture in quantized:
            self.interpreter.set_tensor(self.source, picture[None, :, :, None])
            self.interpreter.invoke()
            out.append(self.interpreter.get_tensor(self.result)[0].copy())
        return np.stack(out)

    def logits(self, images: np.ndarray, offset: float) -> np.ndarray:
        """uint8 [N, S, S] to dequantized float64 logits [N, 7]."""
        out = self.run(self.quantize(standardise(images, offset))).astype(np.float64)
        return (out - self.out_zero) * self.out_scale


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities along the last axis."""
    z = logits / temperature
    z = np.exp(z - z.max(-1, keepdims=True))
    return z / z.sum(-1, keepdims=True)
