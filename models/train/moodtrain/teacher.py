"""What the teachers of a stage say about the training pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tqdm import trange

from . import config, runtime, tfjs

Reader = Callable[[np.ndarray], np.ndarray]
CHUNK = 1024  # pictures at a time


def probabilities(cfg: config.Config, stage: config.Stage, images: np.ndarray) -> np.ndarray | None:
    """Probabilities float32 [N, 7] of the stage's teachers together; None if it has none.

    The mean of the teachers' log-probabilities, at the temperature that [labels] names.
    """
    if not stage.teachers or stage.teacher == 0:
        return None
    said = np.mean([logs(cfg, name, images) for name in stage.teachers], 0)
    return runtime.softmax(said, cfg.labels["teacher_temperature"]).astype(np.float32)


def logs(cfg: config.Config, name: str, images: np.ndarray) -> np.ndarray:
    """One teacher's log-probabilities float32 [N, 7], the mean over a picture and its mirror.

    Computed once and kept as run/teachers/NAME-KEY.npy.
    """
    kept = config.run_dir("teachers") / f"{name}-{key(cfg, name, images)}.npy"
    if kept.exists():
        return np.load(kept)
    read = reader(cfg, name)
    parts = []
    for at in trange(0, len(images), CHUNK, desc=f"teacher {name}"):
        part = images[at : at + CHUNK]
        sides = [read(side) for side in (part, np.ascontiguousarray(part[:, :, ::-1]))]
        parts.append(np.mean([np.log(side + 1e-6) for side in sides], 0))
    said = np.concatenate(parts).astype(np.float32)
    np.save(kept, said)
    return said


def key(cfg: config.Config, name: str, images: np.ndarray) -> str:
    """Short sha256 of what the answers come from: the teacher, its weights, the pictures."""
    about = cfg.teacher.get(name)
    parts = hashlib.sha256(repr(about).encode())  # a package's weights are pinned there
    if about is None:
        parts.update((config.run_dir(name) / "best.weights.h5").read_bytes())
    elif "file" in about:
        parts.update((config.data_dir() / about["file"]).read_bytes())
    parts.update(images.tobytes())
    return parts.hexdigest()[:12]


def reader(cfg: config.Config, name: str) -> Reader:
    """uint8 pictures [N, S, S] to probabilities [N, 7] by an earlier stage or a [teacher] file."""
    offset = cfg.contract.std_offset
    about = cfg.teacher.get(name)
    if about is None:
        from . import train

        model = train.trained(cfg, cfg.stage(name), training=True)

        def stage(images: np.ndarray) -> np.ndarray:
            x = runtime.standardise(images, offset)[..., None].astype(np.float32)
            return runtime.softmax(model.predict(x, 256, verbose=0).astype(np.float64))

        return stage
    if "file" in about:
        network = runtime.Network(config.data_dir() / about["file"])
        return lambda images: runtime.softmax(network.logits(images, offset))
    graph, side = tfjs.Graph(tfjs.fetch(about)), about["size"]

    def package(images: np.ndarray) -> np.ndarray:
        x = tf.image.resize(images[..., None].astype(np.float32), (side, side)) / 127.5 - 1
        return np.concatenate([graph(part) for part in np.array_split(x, -(-len(x) // 256))])

    return package
