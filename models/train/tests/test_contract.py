"""The contract with the Rust side, and the parts of training that fail silently."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pytest
from PIL import Image

from moodtrain import config, data, golden, measure, prior, runtime

GOLDEN = config.MODELS_DIR / "golden"


def _golden(name: str, kind: str) -> np.ndarray:
    shape = json.loads((GOLDEN / "golden.json").read_text())[name]["shape"]
    return np.fromfile(GOLDEN / name, kind).reshape(shape)


def test_golden_vectors_belong_to_the_shipped_network() -> None:
    model = config.MODELS_DIR / "emotion.tflite"
    about = json.loads((GOLDEN / "golden.json").read_text())
    assert about["model_sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()


def test_golden_vectors_are_what_the_reference_interpreter_says() -> None:
    network = runtime.Network(config.MODELS_DIR / "emotion.tflite")
    x = runtime.standardise(_golden("luma.bin", "u1"), config.contract().std_offset)
    quantized = network.quantize(x)
    assert np.array_equal(quantized, _golden("input.bin", "i1"))
    assert np.array_equal(network.run(quantized), _golden("output.bin", "i1"))


def test_drawn_pictures_are_the_same_for_the_same_seed() -> None:
    assert np.array_equal(golden.pictures(48), golden.pictures(48))


def test_a_flat_picture_standardises_to_nought() -> None:
    assert not runtime.standardise(np.full((1, 48, 48), 200, np.uint8), 8.0).any()


def test_temperature_finds_the_one_that_was_applied() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20000, 7))
    odds = runtime.softmax(logits).cumsum(1)
    label = (rng.random((20000, 1)) > odds).sum(1).clip(0, 6)
    assert measure.fit_temperature(logits * 1.5, label) == pytest.approx(1.5, abs=0.05)
    assert measure.figures(logits, label, 1.0).ece < 0.02


def test_shifted_logits_answer_a_rare_class_more_often() -> None:
    rng = np.random.default_rng(0)
    share = np.array([0.55, 0.1, 0.1, 0.1, 0.1, 0.025, 0.025])
    label = rng.choice(7, 3000, p=share)
    logits = rng.normal(0, 1, (3000, 7)) + 2.5 * np.eye(7)[label] + np.log(share)
    before = measure.figures(logits, label, 1.0)
    by = prior.shifts(logits, label, 0.5, 3.0)
    after = measure.figures(logits + by, label, 1.0)
    assert min(before.recall) < 0.35 < 0.45 < min(after.recall)
    assert after.macro_f1 > before.macro_f1
    assert not by[0] and prior.shifts(logits, label, 0.0, 3.0).tolist() == [0.0] * 7


def test_balance_repeats_a_class_by_whole_and_by_part() -> None:
    label = np.repeat([0, 1], 100)
    index = data.balanced(label, {"b": 2.25}, ["a", "b"])
    assert np.bincount(label[index]).tolist() == [100, 225]


def test_missing_votes_and_teacher_leave_the_hard_label() -> None:
    split = data.Split(
        np.zeros((1, 2, 2), np.uint8), np.array([3]), np.array([False]), np.zeros((1, 10))
    )
    weights = {"hard": 0.5, "ferplus": 0.1, "teacher": 0.4, "smoothing": 0.0}
    assert data.targets(split, weights, None)[0].argmax() == 3
    assert data.targets(split, weights, None)[0, 3] == pytest.approx(1.0)


def test_jpeg_is_the_jpeg_that_pillow_writes() -> None:
    tf = pytest.importorskip("tensorflow")
    from moodtrain import augment

    face = golden.pictures(48)[9:10]
    vary = augment.Augment({"jpeg": 1.0, "jpeg_quality_min": 30}, 48, 1, 1)
    ours = vary._jpeg(tf.constant(face[..., None], tf.float32), lambda *_: tf.constant(30.0))
    packed = io.BytesIO()
    Image.fromarray(face[0]).save(packed, "JPEG", quality=30)
    theirs = np.asarray(Image.open(packed), np.float32)
    assert np.abs(ours.numpy()[0, ..., 0] - theirs).mean() < 0.5
