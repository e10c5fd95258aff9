"""The chosen weights as a full-int8 .tflite with fixed batch 1; the temperature with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from . import config, data, measure, runtime, train


def calibration(cfg: config.Config) -> np.ndarray:
    """Training pictures, as many of every class: float32 [N, S, S, 1], standardised."""
    split = data.train_clean(cfg.labels)
    rng = np.random.default_rng(cfg.stages[-1].seed)
    each = cfg.export["calibration_per_class"]
    index = np.concatenate(
        [
            rng.choice(np.flatnonzero(split.label == c), each, replace=False)
            for c in range(len(cfg.contract.classes))
        ]
    )
    x = runtime.standardise(split.images[index], cfg.contract.std_offset)
    return x[..., None].astype(np.float32)


def to_int8(model: keras.Model, pictures: np.ndarray) -> bytes:
    """Post-training quantization: int8 weights, activations, input and output; batch 1."""
    size = pictures.shape[1]
    face = keras.Input(batch_shape=(1, size, size, 1), name="face")
    fixed = keras.Model(face, model(face, training=False))

    def representative() -> Iterator[list[np.ndarray]]:
        for picture in pictures:
            yield [picture[None]]

    converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converter.convert()


def write_temperature(value: float, path: Path = config.MODELS_DIR / "input.toml") -> None:
    """Replace the one number in input.toml, comments and all else kept."""
    text, count = re.subn(
        r"(?m)^temperature = .*$", f"temperature = {value}", path.read_text(), count=1
    )
    if count != 1:
        raise SystemExit(f"{path}: no line 'temperature = ...' to replace")
    path.write_text(text)


def float_accuracy(model: keras.Model, split: data.Split, offset: float) -> float:
    """Accuracy of the float network, for comparison with the int8 one."""
    x = runtime.standardise(split.images, offset)[..., None].astype(np.float32)
    return float((model.predict(x, 256, verbose=0).argmax(1) == split.label).mean())


def export(cfg: config.Config) -> None:
    """Of the last stage's best and last weights, the better one on PublicTest in int8 becomes
    emotion.tflite, unless the network already there is at least as good.
    """
    public, stage = data.public(), cfg.stages[-1]
    folder = config.run_dir(stage.name)
    shipped = config.MODELS_DIR / "emotion.tflite"
    pictures = calibration(cfg)

    def judge(path: Path) -> tuple[float, np.ndarray]:
        logits = runtime.Network(path).logits(public.images, cfg.contract.std_offset)
        return float((logits.argmax(1) == public.label).mean()), logits

    best, chosen = judge(shipped)[0], None
    print(f"{shipped.name} as it stands: PublicTest int8 {100 * best:.2f}")
    for which in ("best", "last"):
        model = train.build(cfg, stage)
        model.load_weights(folder / f"{which}.weights.h5")
        path = folder / f"{which}.tflite"
        path.write_bytes(to_int8(model, pictures))
        score, logits = judge(path)
        whole = float_accuracy(model, public, cfg.contract.std_offset)
        print(f"{path}: PublicTest int8 {100 * score:.2f}, float {100 * whole:.2f}")
        if score > best:
            best, chosen = score, path
            write_temperature(measure.fit_temperature(logits, public.label))
    if chosen is None:
        print(f"none is better: {shipped.name} stays")
    else:
        shipped.write_bytes(chosen.read_bytes())
        print(f"{chosen} is {shipped.name} now")
