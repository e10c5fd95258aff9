"""The network: grey 48x48 face in, seven logits out."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

# MobileNet (Howard et al., 2017): output channels of the stem and of each separable block, and
# the blocks that halve the picture.
CHANNELS = [32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024]
HALVING = {2, 4, 6, 12}


def build(
    blocks: int,
    width: int,
    size: int,
    classes: int,
    dropout: float,
    fast: bool = False,
    rounded: bool = False,
) -> keras.Model:
    """The first blocks of a MobileNet, global average, dense.

    The stem keeps the picture's size (it equals the original stride-2 stem on a picture enlarged
    to twice its side); the last block gives width channels. Input float32 [N, size, size, 1],
    standardised; output float32 [N, classes], logits. fast: layers for training on a CPU
    (fast.py), rounded: as the int8 file rounds (rounded.py); both with the same weights.
    """
    conv, depthwise = layers.Conv2D, layers.DepthwiseConv2D
    norm, relu = layers.BatchNormalization, layers.ReLU
    if fast or rounded:
        from . import fast as quick
        from . import rounded as coarse

        conv, norm = quick.Conv2D, quick.BatchNormalization
        if rounded:
            conv, depthwise, relu = coarse.Conv2D, coarse.DepthwiseConv2D, coarse.ReLU

    def normed(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
        x = norm(momentum=0.9, epsilon=1e-3, name=f"{name}_bn")(x)
        return relu(6.0, name=f"{name}_relu")(x)

    def convolved(x: keras.KerasTensor, filters: int, side: int, name: str) -> keras.KerasTensor:
        return conv(filters, side, padding="same", use_bias=False, name=name)(x)

    inputs = keras.Input((size, size, 1), name="face")
    x = normed(convolved(inputs, CHANNELS[0], 3, "stem"), "stem")
    for k in range(1, blocks + 1):
        stride = 2 if k in HALVING else 1
        x = depthwise(3, strides=stride, padding="same", use_bias=False, name=f"depth{k}")(x)
        x = normed(x, f"depth{k}")
        filters = width if k == blocks else CHANNELS[k]
        x = normed(convolved(x, filters, 1, f"point{k}"), f"point{k}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    if dropout > 0:
        x = layers.Dropout(dropout)(x)
    logits = layers.Dense(classes, kernel_initializer="zeros", name="logits")(x)
    return keras.Model(inputs, logits, name="moodnet")


def carry_over(model: keras.Model, source: keras.Model) -> None:
    """Give model the weights of source's layers of the same names.

    Where source's last convolution is wider, the channels that the last layer weighs most stay.
    The last layer of a network of another length would read other features: it is left as it is.
    """
    theirs = {layer.name: layer for layer in source.layers}
    same = len(model.layers) == len(source.layers)
    last = [layer.name for layer in model.layers if isinstance(layer, layers.Conv2D)][-1]
    weight, bias = theirs["logits"].get_weights()
    width = model.get_layer("logits").kernel.shape[0]
    kept = np.sort(np.argsort(-np.abs(weight).sum(1), kind="stable")[:width])
    for layer in model.layers:
        if not layer.weights:
            continue
        values = theirs[layer.name].get_weights() if layer.name in theirs else []
        if same and layer.name in (last, f"{last}_bn"):
            values = [value[..., kept] for value in values]
        if layer.name == "logits":
            values = [weight[kept], bias] if same else layer.get_weights()
        layer.set_weights(values)


def skip_dropout(model: keras.Model, steps: int) -> None:
    """Let dropout draw what it draws after so many steps; files of weights do not hold that."""
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            state = layer.seed_generator.state
            state.assign(state + np.array([0, steps]))


def mmac(model: keras.Model) -> float:
    """Multiply-accumulates of one picture's convolutions and dense layers, in millions."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            _, height, width, _ = layer.output.shape
            total += height * width * int(layer.kernel.numpy().size)
        elif isinstance(layer, layers.Dense):
            total += int(layer.kernel.numpy().size)
    return total / 1e6
