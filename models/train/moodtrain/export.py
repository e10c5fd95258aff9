"""The chosen weights as a full-int8 .tflite with fixed batch 1; the temperature with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from . import config, data, measure, prior, runtime, train


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


def shift(model: keras.Model, by: np.ndarray) -> None:
    """Add by to the logits that model gives."""
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([kernel, bias + by.astype(np.float32)])


def float_logits(model: keras.Model, split: data.Split, offset: float) -> np.ndarray:
    """What the float network says, float64 [N, 7]."""
    x = runtime.standardise(split.images, offset)[..., None].astype(np.float32)
    return model.predict(x, 256, verbose=0).astype(np.float64)


def export(cfg: config.Config) -> None:
    """Of the last stages' best weights, as they are and with shifted logits, what is worth most on
    PublicTest in int8 becomes emotion.tflite, unless the network already there is worth as much.
    """
    public, lowest = data.public(), cfg.export["lowest_recall"]
    shipped = config.MODELS_DIR / "emotion.tflite"
    pictures = calibration(cfg)

    def judge(path: Path, what: str) -> tuple[float, np.ndarray]:
        logits = runtime.Network(path).logits(public.images, cfg.contract.std_offset)
        found = measure.figures(logits, public.label, 1.0)
        print(
            f"{what}: PublicTest int8 {100 * found.accuracy:.2f}, macro-F1 "
            f"{100 * found.macro_f1:.2f}, lowest recall {100 * min(found.recall):.1f}"
        )
        return prior.worth(logits, public.label, lowest), logits

    best, chosen = judge(shipped, f"{shipped.name} as it stands")[0], None
    for name in cfg.export["candidates"]:
        stage = cfg.stage(name)
        model = train.trained(cfg, stage)
        said = float_logits(model, public, cfg.contract.std_offset)
        print(f"{name}: PublicTest float {100 * (said.argmax(1) == public.label).mean():.2f}")
        by = prior.shifts(said, public.label, lowest, cfg.export["largest_shift"])
        for shifted in (False, True):
            if shifted:
                shift(model, by)
            path = config.run_dir(name) / ("shifted.tflite" if shifted else "plain.tflite")
            path.write_bytes(to_int8(model, pictures))
            what = f"{name}, logits shifted by {np.round(by, 2).tolist()}" if shifted else name
            score, logits = judge(path, what)
            if score > best:
                best, chosen = score, path
                write_temperature(measure.fit_temperature(logits, public.label))
    if chosen is None:
        print(f"none is better: {shipped.name} stays")
    else:
        shipped.write_bytes(chosen.read_bytes())
        print(f"{chosen} is {shipped.name} now")
