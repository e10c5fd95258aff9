"""Layers that round while training as the int8 file will: the network learns to live with it.

Kernels to 255 steps a channel (folding batch-norm in later only scales a channel, so the steps
stay the same), activations to 256 steps from 0 to 6. Gradients pass as if nothing were rounded.
Same names as Keras's own layers, so that the files of weights are the same.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from . import fast

LARGEST = 6.0  # what ReLU6 lets through


def _rounded(kernel: tf.Tensor) -> tf.Tensor:
    """float32 [h, w, in, out]: each out channel on its own 255 symmetric steps."""
    largest = tf.stop_gradient(tf.reduce_max(tf.abs(kernel), (0, 1, 2)))
    return tf.quantization.fake_quant_with_min_max_vars_per_channel(
        kernel, -largest, largest, num_bits=8, narrow_range=True
    )


class Conv2D(fast.Conv2D):
    """A convolution with a rounded kernel."""

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """As its parent's."""
        return super().convolution_op(inputs, _rounded(tf.convert_to_tensor(kernel)))


class DepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """A depthwise convolution with a rounded kernel."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """float32 [B, H, W, C] to the same, strided."""
        kernel = tf.transpose(tf.convert_to_tensor(self.kernel), (0, 1, 3, 2))
        kernel = tf.transpose(_rounded(kernel), (0, 1, 3, 2))
        stride = self.strides[0]
        return tf.nn.depthwise_conv2d(inputs, kernel, [1, stride, stride, 1], self.padding.upper())


class ReLU(keras.layers.ReLU):
    """ReLU6, rounded."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """float32 of any shape."""
        return tf.quantization.fake_quant_with_min_max_args(super().call(inputs), 0.0, LARGEST)
