"""python -m moodtrain STEP: train, export, evaluate, golden, card, or all of them in turn.

failures, which is not among all, draws the surest mistakes, for your own eyes.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

STEPS = ["train", "export", "evaluate", "golden", "card"]


def main() -> None:
    """Parse the command line and run the steps; each imports only what it needs."""
    parser = argparse.ArgumentParser(prog="moodtrain", description=__doc__)
    parser.add_argument("step", choices=[*STEPS, "failures", "all"])
    parser.add_argument("--limit", type=int, help="train: a dry run, of this many pictures")
    parser.add_argument(
        "--model", type=Path, help="evaluate, failures: this .tflite, not emotion.tflite"
    )
    args = parser.parse_args()
    for step in STEPS if args.step == "all" else [args.step]:
        run(step, args)


def run(step: str, args: argparse.Namespace) -> None:
    """One step."""
    from . import config

    if step == "train":
        from . import train

        train.train(config.load(), args.limit)
    elif step == "export":
        from . import export

        export.export(config.load())
    elif step == "evaluate":
        from . import evaluate

        evaluate.evaluate(args.model or config.MODELS_DIR / "emotion.tflite")
    elif step == "golden":
        from . import golden

        golden.write()
    elif step == "failures":
        from . import failures

        failures.draw(args.model or config.MODELS_DIR / "emotion.tflite")
    elif step == "card":
        from . import card

        card.write()


if __name__ == "__main__":
    main()
