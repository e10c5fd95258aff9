"""A batch of faces varied as cameras, rooms and heads vary them; tf.data ops, whole batches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf


def standardise(luma: tf.Tensor, offset: float) -> tf.Tensor:
    """(x - mean) / (std + offset) of each picture; float32 [B, S, S, 1], luma 0..255."""
    mean = tf.reduce_mean(luma, (1, 2, 3), keepdims=True)
    centred = luma - mean
    std = tf.sqrt(tf.reduce_mean(centred * centred, (1, 2, 3), keepdims=True))
    return centred / (std + offset)


# ITU-T T.81 annex K, table K.1: quantization of luma at quality 50.
_JPEG_LUMA = np.fromstring(
    """16 11 10 16 24 40 51 61  12 12 14 19 26 58 60 55  14 13 16 24 40 57 69 56
    14 17 22 29 51 87 80 62  18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92
    49 64 78 87 103 121 120 101  72 92 95 98 112 100 103 99""",
    np.float32,
    sep=" ",
).reshape(8, 8)


def _dct(n: int) -> np.ndarray:
    """Orthonormal cosine basis float32 [position, frequency]."""
    at, wave = np.mgrid[0:n, 0:n]
    basis = np.cos(np.pi * (2 * at + 1) * wave / (2 * n)) * np.sqrt(2 / n)
    basis[:, 0] /= np.sqrt(2)
    return basis.astype(np.float32)


class Augment:
    """Draws from a seeded stateless stream, so batch k of a run is always the same."""

    def __init__(self, settings: dict, size: int, batch: int, seed: int) -> None:
        self.s = settings
        self.size = size
        self.batch = batch
        self.seed = seed

    def __call__(self, images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """uint8 [B, S, S] to varied float32 [B, S, S, 1], luma 0..255."""
        draw = _Stream(self.seed, step)
        x = tf.cast(images, tf.float32)[..., None]
        x = self._warp(x, draw)
        x = self._few_pixels(x, draw)
        x = self._blur(x, draw)
        x = self._light(x, draw)
        x = x + self._noise(draw)
        x = self._jpeg(tf.clip_by_value(x, 0.0, 255.0), draw)
        return self._cutout(x, draw)

    def _warp(self, x: tf.Tensor, draw: Callable) -> tf.Tensor:
        """Mirror, rotation, scale, shear and shift in one bilinear resampling."""
        s, n = self.s, self.batch
        angle = draw((n,), -1, 1) * (s["rotate_degrees"] * 3.14159265 / 180)
        zoom = tf.exp(draw((n,), -s["scale"], s["scale"]))
        shear = draw((n,), -s["shear"], s["shear"])
        mirror = tf.where(draw((n,), 0, 1) < s["flip"], -1.0, 1.0)
        cos, sin = tf.cos(angle) / zoom, tf.sin(angle) / zoom
        a, b = cos * mirror, (shear * cos - sin)
        c, d = sin * mirror, (shear * sin + cos)
        centre = (self.size - 1) / 2
        tx = centre - a * centre - b * centre + draw((n,), -s["shift_px"], s["shift_px"])
        ty = centre - c * centre - d * centre + draw((n,), -s["shift_px"], s["shift_px"])
        nought = tf.zeros_like(a)
        return tf.raw_ops.ImageProjectiveTransformV3(
            images=x,
            transforms=tf.stack([a, b, tx, c, d, ty, nought, nought], 1),
            output_shape=tf.constant([self.size, self.size]),
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="NEAREST",
        )

    def _few_pixels(self, x: tf.Tensor, draw: Callable) -> tf.Tensor:
        """The first few pictures of the (shuffled) batch as a far face gives them."""
        count = round(self.s["low_resolution"] * self.batch)
        if count == 0:
            return x
        low = self.s["low_resolution_min_px"]
        side = tf.cast(draw((), low, self.size * 0.8), tf.int32)
        small = tf.image.resize(x[:count], tf.stack([side, side]), antialias=True)
        back = tf.image.resize(small, (self.size, self.size))
        return tf.concat([back, x[count:]], 0)

    def _blur(self, x: tf.Tensor, draw: Callable) -> tf.Tensor:
        """The last few pictures of the batch through a Gaussian of one width."""
        count = round(self.s["blur"] * self.batch)
        if count == 0:
            return x
        sigma = draw((), 0.4, self.s["blur_sigma_px"])
        taps = tf.exp(-0.5 * (tf.range(-4.0, 5.0) / sigma) ** 2)
        taps = taps / tf.reduce_sum(taps)
        soft = tf.pad(x[-count:], [[0, 0], [4, 4], [4, 4], [0, 0]], "SYMMETRIC")
        soft = tf.nn.conv2d(soft, taps[:, None, None, None], 1, "VALID")
        soft = tf.nn.conv2d(soft, taps[None, :, None, None], 1, "VALID")
        return tf.concat([x[:-count], soft], 0)

    def _light(self, x: tf.Tensor, draw: Callable) -> tf.Tensor:
        """Brightness, contrast, gamma; a ramp of light from one side."""
        s, shape = self.s, (self.batch, 1, 1, 1)
        unit = x / 255.0
        gain = 1.0 + draw(shape, -s["contrast"], s["contrast"])
        shift = draw(shape, -s["brightness"], s["brightness"])
        lit = tf.clip_by_value((unit - 0.5) * gain + 0.5 + shift, 1e-4, 1.0)
        lit = lit ** tf.exp(draw(shape, -s["gamma"], s["gamma"]))
        x = tf.where(draw(shape, 0, 1) < s["light"], lit * 255.0, x)
        along = tf.linspace(-1.0, 1.0, self.size)
        reach = s["side_light_luma"]
        ramp = draw(shape, -reach, reach) * along[None, None, :, None]
        ramp = ramp + 0.5 * draw(shape, -reach, reach) * along[None, :, None, None]
        return x + tf.where(draw(shape, 0, 1) < s["side_light"], ramp, 0.0)

    def _noise(self, draw: Callable) -> tf.Tensor:
        shape = (self.batch, 1, 1, 1)
        on = tf.cast(draw(shape, 0, 1) < self.s["noise"], tf.float32)
        width = on * draw(shape, 0, self.s["noise_luma"])
        return width * draw.normal((self.batch, self.size, self.size, 1))

    def _jpeg(self, x: tf.Tensor, draw: Callable) -> tf.Tensor:
        """The middle pictures of the batch as a JPEG of one quality gives them back."""
        count, blocks = round(self.s["jpeg"] * self.batch), self.size // 8
        if count == 0:
            return x
        start = (self.batch - count) // 2
        quality = draw((), self.s["jpeg_quality_min"], 90)
        percent = tf.where(quality < 50, 5000 / quality, 200 - 2 * quality)
        table = tf.maximum(1.0, tf.round(tf.constant(_JPEG_LUMA) * percent / 100))
        cosines = tf.constant(_dct(8))
        cut = tf.reshape(x[start : start + count] - 128, (count, blocks, 8, blocks, 8))
        parts = tf.einsum("nayxb,yk,bl->naxkl", cut, cosines, cosines)
        parts = tf.round(parts / table) * table
        back = tf.einsum("naxkl,yk,bl->nayxb", parts, cosines, cosines)
        back = tf.reshape(back, (count, self.size, self.size, 1)) + 128
        return tf.concat([x[:start], tf.clip_by_value(back, 0, 255), x[start + count :]], 0)

    def _cutout(self, x: tf.Tensor, draw: Callable) -> tf.Tensor:
        """One rectangle of flat grey: a hand, a mask, a strand of hair."""
        s, shape = self.s, (self.batch, 1, 1, 1)
        along = tf.range(self.size, dtype=tf.float32)
        half_h = draw(shape, s["cutout_min_px"], s["cutout_max_px"]) / 2
        half_w = draw(shape, s["cutout_min_px"], s["cutout_max_px"]) / 2
        inside = tf.abs(along[None, :, None, None] - draw(shape, 0, self.size)) < half_h
        inside &= tf.abs(along[None, None, :, None] - draw(shape, 0, self.size)) < half_w
        inside &= draw(shape, 0, 1) < s["cutout"]
        return tf.where(inside, draw(shape, 0, 255), x)


class _Stream:
    """Successive independent draws for one batch."""

    def __init__(self, seed: int, step: tf.Tensor) -> None:
        self.seed = seed
        self.step = tf.cast(step, tf.int64)
        self.count = 0

    def _next(self) -> tf.Tensor:
        self.count += 1
        return tf.stack([tf.constant(self.seed + self.count * 7919, tf.int64), self.step])

    def __call__(self, shape: tuple[int, ...], low: float, high: float) -> tf.Tensor:
        return tf.random.stateless_uniform(shape, self._next(), low, high)

    def normal(self, shape: tuple[int, ...]) -> tf.Tensor:
        return tf.random.stateless_normal(shape, self._next())


def training_batches(
    images: np.ndarray,
    targets: np.ndarray,
    settings: dict,
    *,
    size: int,
    offset: float,
    batch: int,
    seed: int,
    first: int = 0,
) -> tf.data.Dataset:
    """Endless shuffled batches: (float32 [B, S, S, 1] standardised, float32 [B, 7]).

    From batch `first` on. Batch k is the same in every run and for every iterator, which
    Dataset.shuffle does not promise: it draws another order for each.
    """
    vary = Augment(settings, size, batch, seed)
    pictures, wanted = tf.constant(images), tf.constant(targets)

    def make(index: tf.Tensor, step: tf.Tensor):
        x = vary(tf.gather(pictures, index), step)
        return standardise(x, offset), tf.gather(wanted, index)

    def shuffled(epoch: tf.Tensor) -> tf.Tensor:
        return tf.random.experimental.stateless_shuffle(tf.range(len(targets)), (seed, epoch))

    epoch, done = divmod(first * batch, len(targets))
    order = tf.data.Dataset.counter(epoch).map(shuffled).unbatch().skip(done)
    batches = order.batch(batch, drop_remainder=True)
    numbered = tf.data.Dataset.zip(batches, tf.data.Dataset.counter(first))
    return numbered.map(make, num_parallel_calls=2, deterministic=True).prefetch(4)
