"""The student network: grey 48x48 face in, seven logits out."""

from __future__ import annotations

import keras
from keras import layers

L2 = keras.regularizers.L2


def _conv(x: keras.KerasTensor, filters: int, kernel: int, stride: int, decay: float, name: str):
    x = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=L2(decay / 2),
        name=f"{name}_conv",
    )(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)


def _block(x: keras.KerasTensor, filters: int, stride: int, decay: float, name: str):
    """Two 3x3 convolutions beside a 1x1 (or no) shortcut."""
    shortcut = x
    y = layers.ReLU()(_conv(x, filters, 3, stride, decay, f"{name}_a"))
    y = _conv(y, filters, 3, 1, decay, f"{name}_b")
    if stride != 1 or x.shape[-1] != filters:
        shortcut = _conv(x, filters, 1, stride, decay, f"{name}_s")
    return layers.ReLU()(layers.Add()([y, shortcut]))


def build(
    stem: int, stages: list[int], size: int, classes: int, dropout: float, decay: float
) -> keras.Model:
    """ResNet: 3x3 stem, 2x2 max-pool, one residual block a stage, global average, dense.

    Input float32 [N, size, size, 1], standardised; output float32 [N, classes], logits.
    """
    inputs = keras.Input((size, size, 1), name="face")
    x = layers.ReLU()(_conv(inputs, stem, 3, 1, decay, "stem"))
    x = layers.MaxPooling2D(2)(x)
    for i, filters in enumerate(stages):
        x = _block(x, filters, 1 if i == 0 else 2, decay, f"stage{i + 1}")
    x = layers.GlobalAveragePooling2D()(x)
    if dropout > 0:
        x = layers.Dropout(dropout)(x)
    logits = layers.Dense(
        classes, kernel_regularizer=L2(decay / 2), dtype="float32", name="logits"
    )(x)
    return keras.Model(inputs, logits, name="moodnet")


def mmac(model: keras.Model) -> float:
    """Multiply-accumulates of one picture's convolutions and dense layers, in millions."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            _, height, width, _ = layer.output.shape
            total += (
                height
                * width
                * int(layer.kernel.shape[0])
                * int(layer.kernel.shape[1])
                * int(layer.kernel.shape[2])
                * int(layer.kernel.shape[3])
            )
        elif isinstance(layer, layers.Dense):
            total += int(layer.kernel.shape[0]) * int(layer.kernel.shape[1])
    return total / 1e6
