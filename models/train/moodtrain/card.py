"""The model card's figures and pictures, from run/figures.json and run/history.csv."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import matplotlib
import numpy as np

from . import config

matplotlib.use("Agg")
import matplotlib.pyplot as plt

CARD = config.MODELS_DIR / "MODEL_CARD.md"
FOLDER = config.MODELS_DIR / "card"


def write() -> None:
    """Fill the marked part of MODEL_CARD.md; draw models/card/*.png."""
    folder = config.run_dir()
    report = json.loads((folder / "figures.json").read_text())
    FOLDER.mkdir(exist_ok=True)
    history = _history(config.load().stages)
    if history:
        with (FOLDER / "history.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(history[0]))
            writer.writeheader()
            writer.writerows(history)
        _curves(history)
    _confusion(report)
    _reliability(report)
    _replace("figures", _figures(report))
    print(f"{CARD} and {FOLDER} written")


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _figures(report: dict) -> str:
    rows = [
        "| data | pictures | accuracy | macro-F1 | ECE | accuracy on the surest 80 % |",
        "|---|---|---|---|---|---|",
    ]
    for name, f in report["sets"].items():
        rows.append(
            f"| {name} | {f['pictures']:,} | {_percent(f['accuracy'])} % | "
            f"{_percent(f['macro_f1'])} % | {f['ece']:.3f} | {_percent(f['accuracy_at_80'])} % |"
        )
    names = list(report["sets"])
    rows += ["", "Recall of each class, %:", "", f"| data | {' | '.join(report['classes'])} |"]
    rows.append("|---" * (len(report["classes"]) + 1) + "|")
    for name in names:
        recall = " | ".join(_percent(r) for r in report["sets"][name]["recall"])
        rows.append(f"| {name} | {recall} |")
    plain = report["sets"]["PrivateTest"]["accuracy"]
    rows += ["", "PrivateTest under worse conditions (mean of both signs where there are two):"]
    rows += ["", "| condition | accuracy | lost |", "|---|---|---|"]
    for name, accuracy in report["stress"].items():
        rows.append(f"| {name} | {_percent(accuracy)} % | {_percent(plain - accuracy)} |")
    rows += ["", f"File: {report['bytes']:,} bytes. Temperature: {report['temperature']}."]
    return "\n".join(rows)


def _replace(mark: str, text: str, path: Path = CARD) -> None:
    """Put text between <!-- mark:begin --> and <!-- mark:end -->."""
    begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    page, count = pattern.subn(lambda _: f"{begin}\n{text}\n{end}", path.read_text())
    if count != 1:
        raise SystemExit(f"{path}: expected one pair of {begin} and {end}, found {count}")
    path.write_text(page)


def _save(name: str) -> None:
    plt.tight_layout()
    plt.savefig(FOLDER / name, dpi=80, metadata={"Software": None})
    plt.close()


def _confusion(report: dict) -> None:
    counts = np.array(report["sets"]["PrivateTest"]["confusion"], float)
    share = 100 * counts / counts.sum(1, keepdims=True)
    names = report["classes"]
    plt.figure(figsize=(5.2, 4.6))
    plt.imshow(share, cmap="Blues", vmin=0, vmax=100)
    for true, row in enumerate(share):
        for said, value in enumerate(row):
            ink = "white" if value > 55 else "black"
            plt.text(said, true, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=8)
    plt.xticks(range(len(names)), names, rotation=45)
    plt.yticks(range(len(names)), names)
    plt.xlabel("answered")
    plt.ylabel("labelled")
    plt.title("PrivateTest, % of each labelled class")
    _save("confusion.png")


def _reliability(report: dict) -> None:
    confidence, accuracy, count = np.array(report["reliability"]).T
    plt.figure(figsize=(4.4, 4.0))
    plt.plot([0, 1], [0, 1], color="grey", linewidth=1)
    plt.scatter(confidence, accuracy, s=6 + 300 * count / count.sum())
    plt.xlabel("the network's confidence on one picture")
    plt.ylabel("share that was right")
    plt.title("PrivateTest, 15 bins, area = pictures")
    _save("reliability.png")


def _history(stages: list[config.Stage]) -> list[dict[str, str]]:
    """Every finished epoch of every stage, in order; a stage that has not run has none.

    An epoch that was cut between its row and its backup has two: the later one counts.
    """
    rows = []
    for stage in stages:
        path = config.run_dir(stage.name) / "history.csv"
        if path.exists():
            with path.open() as file:
                last = {row["epoch"]: row for row in csv.DictReader(file)}
            rows += [{"stage": stage.name, **row} for row in last.values()]
    return rows


def _curves(history: list[dict[str, str]]) -> None:
    epoch = range(1, len(history) + 1)
    plt.figure(figsize=(5.6, 3.6))
    for key, name in (
        ("accuracy", "training (varied pictures)"),
        ("val_accuracy", "PublicTest (averaged weights)"),
    ):
        plt.plot(epoch, [100 * float(row[key]) for row in history], label=name)
    for at in range(1, len(history)):
        if history[at]["stage"] != history[at - 1]["stage"]:
            plt.axvline(at + 0.5, color="grey", linewidth=1)
            plt.text(at + 0.6, 42, f"stage {history[at]['stage']}", fontsize=8)
    plt.xlabel("epoch")
    plt.ylabel("accuracy, %")
    plt.grid(alpha=0.3)
    plt.legend()
    _save("curves.png")
