"""Training that is interrupted, dry, or taught; and which pictures may choose."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from moodtrain import card, config, data, evaluate

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from moodtrain import augment, look, teacher, train  # noqa: E402

SIZE, PICTURES, BATCH = 16, 56, 16


def _pictures(seed: int = 0) -> data.Split:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (PICTURES, SIZE, SIZE), np.uint8)
    nobody = np.zeros((PICTURES, 10), np.float32)
    return data.Split(images, np.arange(PICTURES) % 7, np.arange(PICTURES) % 4 == 0, nobody)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> config.Config:
    """A stage of seconds on drawn pictures, its run in tmp_path."""
    monkeypatch.setenv("MOODRING_RUN", str(tmp_path))
    monkeypatch.setattr(data, "train_clean", lambda labels: _pictures())
    monkeypatch.setattr(data, "public", lambda: _pictures(1))
    cfg = config.load()
    few = {"blocks": 1, "width": 8, "init": "", "epochs": 3, "batch": BATCH, "learning_rate": 1e-2}
    return dataclasses.replace(
        cfg,
        stages=[dataclasses.replace(cfg.stages[0], **few)],
        contract=dataclasses.replace(cfg.contract, size=SIZE),
        network={"dropout": 0.5},
        balance={},
    )


def _history(folder: Path) -> dict[str, list[float]]:
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: [float(row[key]) for row in rows] for key in rows[0]}


def _cut(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Interrupt the next run in its look after epoch `at`."""
    whole = look.AveragedLook.on_epoch_end

    def broken(self: look.AveragedLook, epoch: int, logs: dict | None = None) -> None:
        if epoch == at:
            monkeypatch.setattr(look.AveragedLook, "on_epoch_end", whole)
            raise KeyboardInterrupt
        whole(self, epoch, logs)

    monkeypatch.setattr(look.AveragedLook, "on_epoch_end", broken)


def test_batches_go_on_where_they_were_cut_even_after_a_peek() -> None:
    split, wanted = _pictures(), np.eye(PICTURES, 7, dtype=np.float32)
    settings = config.load().augment

    def some(first: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
        made = augment.training_batches(
            split.images, wanted, settings, size=SIZE, offset=8.0, batch=BATCH, seed=1, first=first
        )
        list(made.take(2))
        return list(made.take(count).as_numpy_iterator())

    whole, rest = some(0, 9), some(5, 4)
    for (x, y), (later_x, later_y) in zip(whole[5:], rest, strict=True):
        assert np.array_equal(y, later_y)
        assert np.allclose(x, later_x, atol=1e-5)
    assert not np.array_equal(whole[0][1], whole[7][1])


def test_a_run_cut_in_its_look_ends_as_one_that_was_not(
    tiny: config.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = tmp_path / "whole", tmp_path / "cut"
    for folder in folders:
        monkeypatch.setenv("MOODRING_RUN", str(folder))
        if folder.name == "cut":
            _cut(monkeypatch, at=1)
            with pytest.raises(KeyboardInterrupt):
                train.train(tiny)
        train.train(tiny)
    whole, cut = (_history(folder / tiny.stages[0].name) for folder in folders)
    assert whole["epoch"] == cut["epoch"] == [0, 1, 2]
    for key, values in whole.items():
        assert cut[key] == pytest.approx(values, rel=1e-4), key


def test_a_dry_run_leaves_the_real_one_alone(tiny: config.Config, tmp_path: Path) -> None:
    first = dataclasses.replace(tiny.stages[0], epochs=1)
    second = dataclasses.replace(
        first, name="second", init=first.name, teachers=[first.name], teacher=0.5
    )
    train.train(dataclasses.replace(tiny, stages=[first, second]), limit=40)
    assert {p.name for p in tmp_path.iterdir()} == {"dry-first", "dry-second", "teachers"}
    assert json.loads((tmp_path / "dry-second" / "run.json").read_text())["pictures"] == 40
    assert all(p.name.startswith("dry-first") for p in (tmp_path / "teachers").iterdir())


def test_a_teacher_is_asked_again_if_it_or_the_pictures_changed(
    tiny: config.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOODRING_DATA", str(tmp_path))
    file, asked = tmp_path / "t.tflite", []

    def reader(cfg: config.Config, name: str) -> teacher.Reader:
        asked.append(name)
        return lambda images: np.full((len(images), 7), 1 / 7)

    monkeypatch.setattr(teacher, "reader", reader)
    cfg = dataclasses.replace(tiny, teacher={"t": {"file": file.name}})
    weights = config.run_dir("first") / "best.weights.h5"
    for name, path in (("t", file), ("first", weights)):
        asked.clear()
        for stored, seed, times in ((b"a", 0, 1), (b"a", 0, 1), (b"b", 0, 2), (b"b", 1, 3)):
            path.write_bytes(stored)
            teacher.logs(cfg, name, _pictures(seed).images)
            assert len(asked) == times


def test_what_occurs_in_training_is_reported_and_chooses_nothing(
    tiny: config.Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    split = data.selection()
    assert len(split) == PICTURES * 3 // 4 and not split.in_training.any()
    public = data.public()
    known = {image.tobytes() for image in public.images[public.in_training]}

    def logits(images: np.ndarray, offset: float) -> np.ndarray:
        """Sure and wrong on what occurs in training, sure and right on the rest."""
        answer = [
            (label + (image.tobytes() in known)) % 7
            for image, label in zip(images, public.label, strict=False)
        ]
        return 9 * np.eye(7)[answer]

    monkeypatch.setattr(data, "private", data.public)
    monkeypatch.setattr(data, "wild", lambda: data.Wild(public.images, public.label))
    monkeypatch.setattr(evaluate.runtime, "Network", lambda _: SimpleNamespace(logits=logits))
    model = tmp_path / "m.tflite"
    model.touch()
    report = evaluate.evaluate(model, stressed=False)
    assert report["sets"]["PublicTest"]["accuracy"] == 0.75
    assert report["sets"]["PublicTest without repeats"]["accuracy"] == 1
    assert report["temperature_best"] == 0.3
    assert "| PublicTest without repeats | 42 | 100.0 % |" in card._figures(report)


def test_an_epoch_that_was_run_again_counts_once_in_the_card(tiny: config.Config) -> None:
    stage = tiny.stages[0]
    path = config.run_dir(stage.name) / "history.csv"
    path.write_text("epoch,accuracy\n0,0.1\n1,0.2\n1,0.3\n")
    assert [row["accuracy"] for row in card._history([stage])] == ["0.1", "0.3"]
