#!/usr/bin/env python3
"""How well faces are followed through frames, and how often the detector must look for that.

    models/follow.py BINARY DATA_FOLDER

Composes clips of 640x480 from the labelled photographs in DATA_FOLDER/scenes: a person, the face 60 to
140 pixels wide, who keeps still, drifts, walks, or sways and nods, with the noise of a camera. The
frames go through `BINARY read --frames`, with the detector looking at every frame, and at every 2nd
to 20th where nothing moves ([vision] look_every). Prints how many faces are found, how well their
place fits, how many frames are read right, and what a frame costs.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np
from PIL import Image

from accuracy import SAME, overlap

FRAMES, WIDTH, HEIGHT = 48, 640, 480
EVERY = [1, 2, 3, 5, 10, 20]
MOTIONS = ["still", "drifts", "walks", "sways"]


def place(motion: str, t: int, rng: np.random.Generator) -> tuple[float, float, float]:
    """Where the face is in frame `t`: across and down from the middle, in pixels, and its tilt, degrees."""
    match motion:
        case "drifts":
            return 1.5 * t - 36, 0.5 * t - 12, 0.0
        case "walks":
            return 9.0 * t - 200, 4 * np.sin(t / 2), 0.0
        case "sways":
            return 30 * np.sin(t / 5), 12 * np.sin(t / 3), 15 * np.sin(t / 6)
    return rng.normal(0, 0.3), rng.normal(0, 0.3), 0.0


def clip(photograph: Image.Image, face: list[float], side: float, motion: str, rng: np.random.Generator, folder: Path) -> list[list[float]]:
    """Writes a clip's frames; the face's box in each."""
    scale = side / face[2]
    small = photograph.resize((round(photograph.width * scale), round(photograph.height * scale)), Image.Resampling.BOX)
    cx, cy = (face[0] + face[2] / 2) * scale, (face[1] + face[3] / 2) * scale
    # What is beyond the photograph goes on as its edge does.
    pad = WIDTH
    wide = Image.fromarray(np.pad(np.asarray(small), ((pad, pad), (pad, pad), (0, 0)), mode="edge"))
    boxes = []
    for t in range(FRAMES):
        dx, dy, tilt = place(motion, t, rng)
        x, y = cx + pad, cy + pad
        turned = wide.rotate(-tilt, Image.Resampling.BILINEAR, center=(x, y)) if tilt else wide
        left, top = x - WIDTH / 2 - dx, y - HEIGHT / 2 - dy
        frame = turned.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, (1, 0, left, 0, 1, top), Image.Resampling.BILINEAR)
        noisy = np.asarray(frame, np.float32) + rng.normal(0, 3, (HEIGHT, WIDTH, 3))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{t:04}.png", compress_level=1)
        boxes.append([WIDTH / 2 + dx - side / 2, HEIGHT / 2 + dy - side / 2, side, side])
    return boxes


def main() -> None:
    """Composes all clips, follows the faces in them, prints a table."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    binary, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]) / "scenes"
    truth = tomllib.loads(Path(__file__).with_name("scenes.toml").read_text())
    labelled = [s for s in json.loads((folder / "scenes.json").read_text()) if s["label"]]
    rng = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as scratch:
        clips = []
        for i, scene in enumerate(labelled):
            photograph = Image.open(folder / scene["file"]).convert("RGB")
            motion, side = MOTIONS[i % 4], [60.0, 100.0, 140.0][i // 4 % 3]
            frames = Path(scratch, f"{i:02}")
            frames.mkdir()
            boxes = clip(photograph, truth[scene["file"]]["faces"][0], side, motion, rng, frames)
            clips.append((frames, boxes, motion, scene["label"].lower()))
        print("| looks every | " + " | ".join(f"{m}: found, fit" for m in MOTIONS) + " | read right | CPU a frame, with decoding |")
        print("|---" * (len(MOTIONS) + 3) + "|")
        for every in EVERY:
            found, fit, right = {m: [] for m in MOTIONS}, {m: [] for m in MOTIONS}, []
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            for frames, boxes, motion, label in clips:
                env = os.environ | {"MOODRING_DEVICE__VISION__LOOK_EVERY": str(every)}
                done = subprocess.run([binary, "read", "--frames", frames], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
                # A far face may take the first frames to be found.
                for line, box in list(zip(done.stdout.splitlines(), boxes, strict=True))[8:]:
                    faces = json.loads(line)["faces"]
                    best = max(faces, key=lambda face: overlap(face["box"], box), default=None)
                    hit = best is not None and overlap(best["box"], box) >= SAME
                    found[motion].append(hit)
                    if hit:
                        fit[motion].append(overlap(best["box"], box))
                    right.append(hit and best["mood"] == label)
            cost = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before) / (len(clips) * FRAMES)
            cells = [f"{100 * np.mean(found[m]):.1f} %, {np.mean(fit[m]):.2f}" for m in MOTIONS]
            print(f"| {every} | " + " | ".join(cells) + f" | {100 * np.mean(right):.1f} % | {1e3 * cost:.1f} ms |", flush=True)


if __name__ == "__main__":
    main()
