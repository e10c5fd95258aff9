"""Training, stage by stage: cleaned pictures in, run/STAGE/*.weights.h5 out. Resumes."""

from __future__ import annotations

import csv
import functools
import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from . import augment, backbone, config, data, look, network, runtime, teacher, tfjs


def build(cfg: config.Config, stage: config.Stage, training: bool = False) -> keras.Model:
    """The stage's network, untrained; training: with the layers that the stage trains with."""
    return network.build(
        blocks=stage.blocks,
        width=stage.width,
        dropout=cfg.network["dropout"],
        size=cfg.contract.size,
        classes=len(cfg.contract.classes),
        fast=training and on_cpu(),
        rounded=training and stage.rounded,
    )


def trained(cfg: config.Config, stage: config.Stage, training: bool = False) -> keras.Model:
    """The stage's network with the weights that did best on the selection."""
    model = build(cfg, stage, training)
    model.load_weights(config.run_dir(stage.name) / "best.weights.h5")
    return model


def varied(cfg: config.Config, stage: config.Stage, count: int = 4096) -> np.ndarray:
    """So many training pictures as the stage varies them, float32 [N, S, S, 1], standardised."""
    split = data.train_clean(cfg.labels)
    batches = augment.training_batches(
        split.images,
        np.zeros((len(split), len(cfg.contract.classes)), np.float32),
        {**cfg.augment, **stage.augment},
        size=cfg.contract.size,
        offset=cfg.contract.std_offset,
        batch=stage.batch,
        seed=stage.seed,
    )
    return np.concatenate([x for x, _ in batches.take(count // stage.batch).as_numpy_iterator()])


def on_cpu() -> bool:
    """Whether there is no GPU to train on."""
    return not tf.config.list_physical_devices("GPU")


def optimizer(cfg: config.Config, stage: config.Stage, steps: int) -> keras.optimizers.Optimizer:
    """AdamW, warm-up then cosine over the stage, with the weights' moving average kept."""
    o = cfg.optimizer
    warmup = int(o["warmup_epochs"] * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=stage.learning_rate / 20,
        decay_steps=stage.epochs * steps - warmup,
        warmup_target=stage.learning_rate,
        warmup_steps=warmup,
    )
    chosen = keras.optimizers.AdamW(
        rate, weight_decay=o["weight_decay"], use_ema=True, ema_momentum=o["ema"]
    )
    chosen.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return chosen


def train(cfg: config.Config, limit: int | None = None) -> None:
    """Run (or go on with) every stage in turn; limit: pictures, for a dry run in run/dry-STAGE."""
    if limit:
        cfg = cfg.dry()
    for stage in cfg.stages:
        one(cfg, stage, limit)


def one(cfg: config.Config, stage: config.Stage, limit: int | None = None) -> None:
    """Run (or go on with) one stage; a finished one is left as it is."""
    folder = config.run_dir(stage.name)
    if (folder / "finished").exists():
        print(f"stage {stage.name}: finished before, kept ({folder})")
        return
    split = data.train_clean(cfg.labels)
    if limit:
        split = split.where(np.arange(limit))
    weights = {"hard": stage.hard, "ferplus": stage.ferplus, "teacher": stage.teacher}
    told = teacher.probabilities(cfg, stage, split.images)
    wanted = data.targets(split, {**cfg.labels, **weights}, told)
    index = data.balanced(split.label, cfg.balance, cfg.contract.classes)
    steps = len(index) // stage.batch
    print(f"stage {stage.name}: {len(split)} pictures, {len(index)} balanced, {steps} steps")

    batches = functools.partial(
        augment.training_batches,
        split.images[index],
        wanted[index],
        {**cfg.augment, **stage.augment},
        size=cfg.contract.size,
        offset=cfg.contract.std_offset,
        batch=stage.batch,
        seed=stage.seed,
    )
    seen = np.concatenate([x for x, _ in batches().take(2048 // stage.batch).as_numpy_iterator()])
    keras.utils.set_random_seed(stage.seed)
    model, twin = build(cfg, stage, training=True), build(cfg, stage, training=True)
    cost = network.mmac(model)
    print(f"{cost:.1f} MMAC, {model.count_params() / 1e6:.2f} M parameters")
    done = steps * _finished_epochs(folder)
    if done:
        network.skip_dropout(model, done)
    else:
        start(cfg, stage, model, seen)
    model.compile(
        optimizer(cfg, stage, steps),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=False if on_cpu() else "auto",
    )
    (folder / "run.json").write_text(
        json.dumps({"pictures": len(split), "steps": steps, "mmac": round(cost, 2)}) + "\n"
    )
    selection = data.selection()
    plain = runtime.standardise(selection.images, cfg.contract.std_offset)[..., None]
    history = folder / "history.csv"
    model.fit(
        batches(first=done),
        epochs=stage.epochs,
        steps_per_epoch=steps,
        callbacks=[
            look.AveragedLook(
                twin,
                seen,
                (plain.astype(np.float32), selection.label),
                folder,
                _best_so_far(history),
            ),
            keras.callbacks.CSVLogger(str(history), append=True),
            # Last: an epoch is finished when it has been looked at and written down.
            keras.callbacks.BackupAndRestore(str(folder / "backup"), delete_checkpoint=False),
        ],
        verbose="auto",
    )
    (folder / "finished").touch()


def start(cfg: config.Config, stage: config.Stage, model: keras.Model, seen: np.ndarray) -> None:
    """Give model the weights that the stage starts from."""
    if stage.init == "backbone":
        backbone.start_from(model, tfjs.fetch(cfg.backbone), seen)
    elif stage.init:
        network.carry_over(model, trained(cfg, cfg.stage(stage.init)))


def _finished_epochs(folder: Path) -> int:
    """How many epochs the backup of an interrupted run holds."""
    about = folder / "backup" / "training_metadata.json"
    return json.loads(about.read_text())["epoch"] if about.exists() else 0


def _best_so_far(history: Path) -> float | None:
    """The best accuracy on the selection of an interrupted run, so that a worse one is not kept."""
    if not history.exists():
        return None
    with history.open() as file:
        return max((float(row["val_accuracy"]) for row in csv.DictReader(file)), default=None)
