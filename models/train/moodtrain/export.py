"""The chosen weights as a full-int8 .tflite with fixed batch 1; the temperature with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from . import config, data, look, measure, prior, runtime, train


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


def candidate(cfg: config.Config, names: list[str]) -> keras.Model:
    """A stage's network with its best weights; of several, the mean of their last ones.

    The stages have one shape, and each started from the one before it: else their mean is nothing.
    """
    stages = [cfg.stage(name) for name in names]
    if len(stages) == 1:
        return train.trained(cfg, stages[0])
    model, weights = train.build(cfg, stages[-1], training=True), []
    for stage in stages:
        model.load_weights(config.run_dir(stage.name) / "last.weights.h5")
        weights.append(model.get_weights())
    model.set_weights([np.mean(layer, 0) for layer in zip(*weights, strict=True)])
    look.refresh_statistics(model, train.varied(cfg, stages[-1]))
    plain = train.build(cfg, stages[-1])
    plain.set_weights(model.get_weights())
    return plain


def export(cfg: config.Config) -> None:
    """Of the candidates, each as it is and with shifted logits, what is worth most on the selection
    in int8 becomes emotion.tflite, with its temperature.
    """
    split, lowest = data.selection(), cfg.export["lowest_recall"]
    pictures, best = calibration(cfg), -1.0
    for names in cfg.export["candidates"]:
        model, called = candidate(cfg, names), "+".join(names)
        said = float_logits(model, split, cfg.contract.std_offset)
        accuracy = (said.argmax(1) == split.label).mean()
        print(f"{called}: PublicTest without repeats, float {100 * accuracy:.2f}")
        by = np.zeros(len(cfg.contract.classes))
        for end in ("plain", "shifted"):
            shift(model, by)
            path = config.run_dir("export") / f"{called}-{end}.tflite"
            path.write_bytes(to_int8(model, pictures))
            logits = runtime.Network(path).logits(split.images, cfg.contract.std_offset)
            found = measure.figures(logits, split.label, 1.0)
            worth = prior.worth(logits, split.label, lowest)
            print(
                f"{path.stem} {np.round(by, 2).tolist()}: int8 {100 * found.accuracy:.2f}, "
                f"macro-F1 {100 * found.macro_f1:.2f}, worth {100 * worth:.2f}, "
                f"lowest recall {100 * min(found.recall):.1f}"
            )
            if worth > best:
                best, chosen = worth, path
                write_temperature(measure.fit_temperature(logits, split.label))
            by = prior.shifts(logits, split.label, lowest, cfg.export["largest_shift"])
    (config.MODELS_DIR / "emotion.tflite").write_bytes(chosen.read_bytes())
    print(f"{chosen} is emotion.tflite now")
