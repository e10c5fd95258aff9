"""Training: cleaned pictures in, run/best.weights.h5 and run/history.csv out. Resumes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from . import augment, config, data, network, runtime, warm


def build(cfg: config.Config) -> keras.Model:
    """The network that train.toml describes, untrained."""
    return network.build(
        **cfg.network,
        size=cfg.contract.size,
        classes=len(cfg.contract.classes),
        decay=cfg.optimizer["weight_decay"],
    )


def teacher_probabilities(cfg: config.Config, images: np.ndarray) -> np.ndarray | None:
    """Mean of the teacher's probabilities for each picture and its mirror, float32 [N, 7]."""
    name = cfg.labels["teacher_model"]
    if not name or cfg.labels["teacher"] == 0:
        return None
    teacher = runtime.Network(config.data_dir() / name)
    offset = cfg.contract.std_offset
    plain = runtime.softmax(teacher.logits(images, offset))
    return (plain + runtime.softmax(teacher.logits(images[:, :, ::-1], offset))) / 2


def optimizer(cfg: config.Config, steps: int) -> keras.optimizers.Optimizer:
    """SGD, warm-up then cosine over the whole run, with the weights' moving average kept."""
    o = cfg.optimizer
    warmup = int(o["warmup_epochs"] * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=o["learning_rate"] / 20,
        decay_steps=cfg.run["epochs"] * steps - warmup,
        warmup_target=o["learning_rate"],
        warmup_steps=warmup,
    )
    return keras.optimizers.SGD(
        rate, momentum=o["momentum"], nesterov=True, use_ema=True, ema_momentum=o["ema"]
    )


def speed_up() -> None:
    """bfloat16 inside the convolutions where the processor has it; weights stay float32."""
    if keras.backend.backend() == "tensorflow" and not tf.config.list_physical_devices("GPU"):
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})


def _best_so_far(history: Path) -> float | None:
    """The best PublicTest accuracy of an interrupted run, so that a worse one is not kept."""
    if not history.exists():
        return None
    with history.open() as file:
        return max((float(row["val_accuracy"]) for row in csv.DictReader(file)), default=None)


def train(cfg: config.Config, limit: int | None = None) -> None:
    """Run (or go on with) the training that cfg describes; limit: pictures, for a dry run."""
    keras.utils.set_random_seed(cfg.run["seed"])
    speed_up()
    folder = config.run_dir()
    split = data.train_clean(cfg.labels)
    if limit:
        split = split.where(np.arange(limit))
    wanted = data.targets(split, cfg.labels, teacher_probabilities(cfg, split.images))
    index = data.balanced(split.label, cfg.balance, cfg.contract.classes)
    batch = cfg.run["batch"]
    steps = len(index) // batch
    print(f"{len(split)} pictures, {len(index)} after balancing, {steps} steps an epoch")

    batches = augment.training_batches(
        split.images[index],
        wanted[index],
        cfg.augment,
        size=cfg.contract.size,
        offset=cfg.contract.std_offset,
        batch=batch,
        seed=cfg.run["seed"],
    )
    public = data.public()
    look = (
        runtime.standardise(public.images, cfg.contract.std_offset)[..., None].astype(np.float32),
        np.eye(len(cfg.contract.classes), dtype=np.float32)[public.label],
    )

    model = build(cfg)
    cost = network.mmac(model)
    print(f"{cost:.1f} MMAC, {model.count_params() / 1e6:.2f} M parameters")
    if cfg.run["init"] and not (folder / "backup").exists():
        sample = np.concatenate([x for x, _ in batches.take(12).as_numpy_iterator()])
        warm.start_from(model, config.data_dir() / cfg.run["init"], sample)
        score = (model.predict(look[0], 256, verbose=0).argmax(1) == public.label).mean()
        print(f"starts from {cfg.run['init']}: PublicTest {100 * score:.2f} %")
    model.compile(
        optimizer(cfg, steps),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )
    (folder / "run.json").write_text(
        json.dumps({"pictures": len(split), "steps": steps, "mmac": round(cost, 2)}) + "\n"
    )
    model.fit(
        batches,
        epochs=cfg.run["epochs"],
        steps_per_epoch=steps,
        validation_data=look,
        validation_batch_size=256,
        validation_freq=cfg.run["validate_every"],
        callbacks=[
            # Before the swap: what a resumed run needs is the weights that were being trained.
            keras.callbacks.BackupAndRestore(str(folder / "backup"), delete_checkpoint=False),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            keras.callbacks.ModelCheckpoint(
                str(folder / "best.weights.h5"),
                monitor="val_accuracy",
                mode="max",
                save_best_only=True,
                save_weights_only=True,
                initial_value_threshold=_best_so_far(folder / "history.csv"),
            ),
            keras.callbacks.ModelCheckpoint(
                str(folder / "last.weights.h5"), save_weights_only=True
            ),
            keras.callbacks.CSVLogger(str(folder / "history.csv"), append=True),
        ],
        verbose="auto",
    )
