"""The network, its layers for training on a CPU, and the backbone it starts from."""

from __future__ import annotations

import json

import numpy as np
import pytest

from moodtrain import backbone, config, network, tfjs

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")


def test_it_keeps_within_the_cost_that_a_small_computer_bears() -> None:
    cfg = config.load()
    model = network.build(cfg.stages[-1].blocks, cfg.stages[-1].width, cfg.contract.size, 7, 0.0)
    assert model.output_shape == (None, 7)
    assert network.mmac(model) <= 120
    assert model.count_params() <= 1_400_000


def test_the_stem_sees_the_picture_as_the_backbone_sees_it_enlarged() -> None:
    rng = np.random.default_rng(1)
    small = rng.normal(size=(2, 12, 12, 1)).astype(np.float32)
    taps = rng.normal(size=(3, 3, 1, 4)).astype(np.float32)
    large = tf.image.resize(small, (24, 24))
    theirs = tf.nn.conv2d(large, taps, 2, "SAME").numpy()
    folded = np.einsum("ai,bj,ijcd->abcd", backbone.ENLARGED, backbone.ENLARGED, taps)
    ours = tf.nn.conv2d(small, folded, 1, "SAME").numpy()
    assert np.allclose(ours[:, 1:-1, 1:-1], theirs[:, 1:-1, 1:-1], atol=1e-5)


def test_the_fast_layers_compute_what_keras_computes() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(8, 16, 16, 1)).astype(np.float32)
    fast, plain = (network.build(2, 128, 16, 7, 0.0, fast=fast) for fast in (True, False))
    weights = [rng.normal(0.5, 0.2, w.shape).astype(np.float32) for w in plain.get_weights()]
    for model in (fast, plain):
        model.set_weights([np.abs(w) for w in weights])
    trained = [model(x, training=True).numpy() for model in (fast, plain)]
    assert np.abs(trained[0] - trained[1]).max() < 0.02 * np.abs(trained[1]).max()
    for ours, theirs in zip(fast.get_weights(), plain.get_weights(), strict=True):
        assert np.allclose(ours, theirs, rtol=0.02, atol=0.02)


def test_rounding_changes_little_and_leaves_the_weights_as_they_are() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(8, 16, 16, 1)).astype(np.float32)
    rounded, plain = (network.build(2, 128, 16, 7, 0.0, rounded=r) for r in (True, False))
    head = rng.normal(size=(128, 7)).astype(np.float32), np.zeros(7, np.float32)
    plain.get_layer("logits").set_weights(head)
    for layer in plain.layers:
        if layer.name.endswith("_bn"):
            gamma, _, mean, variance = layer.get_weights()
            layer.set_weights([gamma, np.ones_like(gamma), mean, variance])
    rounded.set_weights(plain.get_weights())
    ours, theirs = (model.predict(x, verbose=0) for model in (rounded, plain))
    assert 0 < np.abs(ours - theirs).max() < 0.1 * np.abs(theirs).max()


def test_weights_of_a_shorter_network_come_from_a_longer_one_by_name() -> None:
    long, short = network.build(3, 128, 16, 7, 0.0), network.build(2, 128, 16, 7, 0.0)
    network.carry_over(short, long)
    for name in ("stem", "depth1", "point2", "point2_bn"):
        ours, theirs = (model.get_layer(name).get_weights() for model in (short, long))
        assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    assert not np.any(short.get_layer("logits").get_weights()[0])


def test_a_narrower_network_keeps_the_channels_that_count() -> None:
    wide, narrow = network.build(2, 8, 16, 7, 0.0), network.build(2, 4, 16, 7, 0.0)
    kernel = np.zeros((8, 7), np.float32)
    kernel[[1, 3, 4, 7]] = np.random.default_rng(3).normal(size=(4, 7))
    wide.get_layer("logits").set_weights([kernel, np.arange(7, dtype=np.float32)])
    network.carry_over(narrow, wide)
    x = np.random.default_rng(4).normal(size=(3, 16, 16, 1)).astype(np.float32)
    assert np.allclose(narrow(x), wide(x), atol=1e-5)


def test_a_graph_s_weights_are_read_in_their_order(tmp_path) -> None:  # noqa: ANN001
    stored = [
        {"name": "a", "shape": [2], "dtype": "float32", "quantization": {"dtype": "float16"}},
        {"name": "b", "shape": [], "dtype": "int32"},
    ]
    graph = tmp_path / "model.json"
    graph.write_text(json.dumps({"weightsManifest": [{"weights": stored}]}))
    blob = np.array([1.5, -2], np.float16).tobytes() + np.array(7, np.int32).tobytes()
    graph.with_suffix(".bin").write_bytes(blob)
    found = tfjs.read(graph)
    assert found["a"].tolist() == [1.5, -2.0]
    assert found["b"] == 7
    graph.with_suffix(".bin").write_bytes(blob + b"x")
    with pytest.raises(SystemExit, match="9 bytes"):
        tfjs.read(graph)


def test_a_stage_that_needs_a_later_one_is_refused(tmp_path) -> None:  # noqa: ANN001
    text = (config.TRAIN_DIR / "train.toml").read_text()
    wrong = tmp_path / "train.toml"
    wrong.write_text(text.replace('init = "backbone"', 'init = "nowhere"'))
    with pytest.raises(SystemExit, match="nowhere"):
        config.load(wrong)
