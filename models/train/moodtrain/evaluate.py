"""The int8 network on every data set, as the device runs it: figures to run/figures.json."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
from tqdm import tqdm

from . import config, data, measure, runtime, stress


def evaluate(model: Path, stressed: bool = True) -> dict:
    """Measure model; print a table; return and store every figure."""
    contract = config.contract()
    network = runtime.Network(model)

    def logits(images: np.ndarray) -> np.ndarray:
        return network.logits(images, contract.std_offset)

    public, private, wild = data.public(), data.private(), data.wild()
    answers, said = logits(private.images), logits(public.images)
    fresh, unseen = ~private.in_training, ~public.in_training
    found = {
        "PublicTest": (said, public.label),
        "PublicTest without repeats": (said[unseen], public.label[unseen]),
        "PrivateTest": (answers, private.label),
        "PrivateTest without repeats": (answers[fresh], private.label[fresh]),
        "wild64_open": (logits(stress.resized(wild.images, contract.size)), wild.label),
    }
    sets = {
        name: dataclasses.asdict(measure.figures(z, label, contract.temperature))
        for name, (z, label) in found.items()
    }
    report = {
        "model": model.name,
        "bytes": model.stat().st_size,
        "temperature": contract.temperature,
        "temperature_best": measure.fit_temperature(*found["PublicTest without repeats"]),
        "classes": contract.classes,
        "sets": sets,
        "stress": _stress(logits, private) if stressed else {},
        "reliability": measure.reliability(
            (answers.argmax(1) == private.label),
            runtime.softmax(answers, contract.temperature).max(1),
        ),
    }
    (config.run_dir() / "figures.json").write_text(json.dumps(report) + "\n")
    _print(report)
    return report


def _stress(logits, private: data.Split) -> dict[str, float]:  # noqa: ANN001
    """Accuracy on PrivateTest under each condition, the mean of its sides."""
    return {
        name: float(
            np.mean(
                [
                    (logits(images).argmax(1) == private.label).mean()
                    for images in stress.variants(private.images, name)
                ]
            )
        )
        for name in tqdm(stress.CONDITIONS, desc="conditions")
    }


def _print(report: dict) -> None:
    for name, f in report["sets"].items():
        recalls = " ".join(
            f"{c} {100 * r:.1f}" for c, r in zip(report["classes"], f["recall"], strict=True)
        )
        print(
            f"{name:28s} n {f['pictures']:5d}  accuracy {100 * f['accuracy']:.2f}  macro-F1 "
            f"{100 * f['macro_f1']:.2f}  ECE {f['ece']:.3f}  "
            f"at 80 % {100 * f['accuracy_at_80']:.2f}\n    recall: {recalls}"
        )
    for name, accuracy in report["stress"].items():
        print(f"PrivateTest, {name}: {100 * accuracy:.2f}")
    best = report["temperature_best"]
    print(f"temperature {report['temperature']}, best on PublicTest without repeats {best}")
