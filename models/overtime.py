#!/usr/bin/env python3
"""How steady the mood is over time, and how quick: the curve behind the constants of [mood].

    models/overtime.py BINARY DATA_FOLDER [PICTURE.png]

Composes clips from the pictures of FER-2013 PublicTest: a true mood for 6 to 15 seconds, then another;
within it a still of that label for 1 to 3 seconds, then another still, as a face that is never quite
the same; every frame another view of the still, with shift, tilt, light, blur and noise. The network's
scores come from `BINARY read --cropped`, the moods from `BINARY trace`, both as they ship. Prints, for a
grid of constants, wrong changes a minute and the delay to a true change, and draws the curve.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

CLASSES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
CLIPS, SECONDS, FPS = 24, 60.0, 10
AVERAGE_S = [0.2, 0.3, 0.45, 0.6, 1.0, 1.8]
MARGIN = [0.06, 0.12, 0.2, 0.3, 0.4]
CONFIRM_S = [0.25, 0.5]


def view(still: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """One frame of a still: shifted, tilted, lit, blurred and noisy by a little."""
    side = still.shape[0]
    # The edge goes on beyond the picture.
    pad = side // 4
    wide = Image.fromarray(np.pad(still, pad, mode="edge"))
    angle, zoom = np.radians(rng.normal(0, 3)), np.exp(rng.normal(0, 0.03))
    a, b, c = np.cos(angle) * zoom, np.sin(angle) * zoom, side / 2 + pad
    dx, dy = rng.normal(0, 0.02 * side, 2)
    turn = (a, b, c - a * c - b * c + dx, -b, a, c + b * c - a * c + dy)
    image = wide.transform(wide.size, Image.Transform.AFFINE, turn, Image.Resampling.BILINEAR)
    image = image.crop((pad, pad, pad + side, pad + side))
    if rng.random() < 0.2:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0)))
    image = ImageEnhance.Brightness(image).enhance(np.exp(rng.normal(0, 0.1)))
    grey = np.asarray(image, np.float32) + rng.normal(0, 5, (side, side))
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def compose(images: np.ndarray, label: np.ndarray, rng: np.random.Generator) -> tuple[list[Image.Image], np.ndarray]:
    """The frames of all clips, and the true mood of each frame [CLIPS, frames]."""
    frames, truth = [], np.zeros((CLIPS, int(SECONDS * FPS)), int)
    for clip in range(CLIPS):
        mood, left, still, held = -1, 0, images[0], 0
        for i in range(truth.shape[1]):
            if left == 0:
                other = label[label != mood]
                mood, left, held = int(rng.choice(other)), int(rng.uniform(6, 15) * FPS), 0
            if held == 0:
                still, held = images[rng.choice(np.flatnonzero(label == mood))], int(rng.uniform(1, 3) * FPS)
            frames.append(view(still, rng))
            truth[clip, i] = mood
            left, held = left - 1, held - 1
    return frames, truth


def read(binary: Path, frames: list[Image.Image]) -> np.ndarray:
    """The network's scores [N, 7] for the frames."""
    with tempfile.TemporaryDirectory() as folder:
        for i, frame in enumerate(frames):
            frame.save(Path(folder, f"{i:06}.png"), compress_level=1)
        done = subprocess.run([binary, "read", "--cropped", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    lines = sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda line: line["image"])
    return np.array([[line["faces"][0]["scores"][c] for c in CLASSES] for line in lines])


def replay(binary: Path, csv: str, constants: dict[str, float]) -> list[list[tuple[float, str]]]:
    """Each clip's changes of the steady mood: when, and to what."""
    env = os.environ | {f"MOODRING_DEVICE__MOOD__{key.upper()}": str(value) for key, value in constants.items()}
    done = subprocess.run([binary, "trace"], input=csv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True, env=env)
    changes: list[list[tuple[float, str]]] = [[] for _ in range(CLIPS)]
    for line in done.stdout.splitlines():
        clip, at, mood = line.split(",")
        changes[int(clip)].append((float(at), mood))
    return changes


def measure(changes: list[list[tuple[float, str]]], truth: np.ndarray) -> dict[str, float]:
    """Wrong changes a minute; median delay to a true change, s; changes never noticed, frames right, %."""
    wrong, delays, right, shown_at_all = 0, [], 0, 0
    for clip, moods in enumerate(truth):
        shown = np.full(len(moods), -1)
        for at, mood in changes[clip]:
            frame = round(at * FPS)
            shown[frame:] = CLASSES.index(mood) if mood in CLASSES else -1
            wrong += mood in CLASSES and CLASSES[moods[frame]] != mood
        right += int(np.sum(shown == moods))
        shown_at_all += int(np.sum(shown >= 0))
        starts = np.flatnonzero(np.diff(moods)) + 1
        for start, end in zip(starts, [*starts[1:], len(moods)], strict=True):
            hits = np.flatnonzero(shown[start:end] == moods[start])
            # A clip's last mood may be too short to be noticed.
            if end - start >= 3 * FPS:
                delays.append(hits[0] / FPS if len(hits) else np.inf)
    return {
        "wrong": wrong / (CLIPS * SECONDS / 60),
        "delay": float(np.median(delays)),
        "never": 100 * float(np.mean(np.isinf(delays))),
        "right": 100 * right / truth.size,
        "unsure": 100 * (1 - shown_at_all / truth.size),
    }


def shipped() -> dict[str, float]:
    """The constants of device/moodring-device.toml."""
    text = Path(__file__).parent.parent.joinpath("device/moodring-device.toml").read_text()
    section = re.search(r"^\[mood\]$(.*?)^\[", text, re.S | re.M).group(1)
    return {key: float(value) for key, value in re.findall(r"^(\w+) = ([\d.]+)$", section, re.M)}


def draw(rows: list[tuple[dict[str, float], dict[str, float]]], now: dict[str, float], path: Path) -> None:
    """The curve: delay against wrong changes, a line for each margin and time to confirm."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5), dpi=110)
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(MARGIN)))
    for (margin, colour), (confirm, dashes) in itertools.product(zip(MARGIN, colours, strict=True), zip(CONFIRM_S, ["-", "--"], strict=True)):
        line = [r for c, r in rows if c["margin"] == margin and c["confirm_s"] == confirm]
        axes.plot([r["delay"] for r in line], [r["wrong"] for r in line], dashes, color=colour, marker=".", label=f"margin {margin}, confirm {confirm} s")
    axes.plot(now["delay"], now["wrong"], "r*", markersize=14, label="shipped")
    axes.set(xlabel="delay to a true change, seconds (median)", ylabel="wrong changes a minute", xlim=(0, 6), ylim=(0, None))
    axes.set_title(f"Along a line: time constant {AVERAGE_S[0]} to {AVERAGE_S[-1]} s", fontsize=10)
    axes.legend(fontsize=6, ncol=2)
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path)


def main() -> None:
    """Composes, reads, replays, prints and draws."""
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    binary, data = Path(sys.argv[1]).resolve(), Path(sys.argv[2]) / "fer2013_public.npz"
    if not data.is_file():
        sys.exit(f"overtime: {data} is missing; name the folder with the data in MOODRING_DATA")
    found = np.load(data)
    keep = ~found["blank"].astype(bool)
    frames, truth = compose(found["images"][keep], found["label"][keep], np.random.default_rng(7))
    scores = read(binary, frames)
    raw = scores.argmax(1).reshape(truth.shape)
    flips = np.sum((np.diff(raw) != 0) & (raw[:, 1:] != truth[:, 1:])) / (CLIPS * SECONDS / 60)
    print(f"{len(frames)} frames; each for itself is read right in {100 * np.mean(raw == truth):.1f} %, {flips:.0f} wrong changes a minute")
    clip = np.arange(truth.size) // truth.shape[1]
    at = np.arange(truth.size) % truth.shape[1] / FPS
    csv = "".join(f"{c},{t:.1f},{','.join(f'{s:.4f}' for s in row)}\n" for c, t, row in zip(clip, at, scores, strict=True))
    rows = []
    for average, margin, confirm in itertools.product(AVERAGE_S, MARGIN, CONFIRM_S):
        constants = shipped() | {"average_s": average, "margin": margin, "confirm_s": confirm}
        rows.append((constants, measure(replay(binary, csv, constants), truth)))
    now = measure(replay(binary, csv, shipped()), truth)
    print("| time constant | margin | confirm | wrong changes a minute | delay, median | never noticed | time right | unsure |")
    print("|---|---|---|---|---|---|---|---|")
    for constants, row in [*rows, (shipped(), now)]:
        name = "shipped: " if row is now else ""
        print(
            f"| {name}{constants['average_s']} s | {constants['margin']} | {constants['confirm_s']} s | {row['wrong']:.2f} | "
            f"{row['delay']:.1f} s | {row['never']:.0f} % | {row['right']:.1f} % | {row['unsure']:.1f} % |"
        )
    if len(sys.argv) == 4:
        draw(rows, now, Path(sys.argv[3]))


if __name__ == "__main__":
    main()
