#!/usr/bin/env python3
"""Reads the clip as the device does, frame by frame, and compares with expected.json.

Enters: clip/, expected.json and the networks in models/. Leaves: for each segment the share of
frames read as meant and how surely. Fails, with exit status 1, when a segment's share is under a
half, its mean probability under 0.5, or a face is found where nobody should be.

    check_clip.py [--frames] [--crop SCALE]      --frames prints each frame
"""

import argparse
import json
import sys
import tomllib
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

HERE = Path(__file__).resolve().parent
MODELS = HERE.parent.parent / "models"
FPS = 10


class Detector:
    """BlazeFace short range: 896 anchors over a picture padded to a square."""

    def __init__(self):
        self.net = Interpreter(str(MODELS / "face.tflite"), num_threads=1)
        self.net.allocate_tensors()
        self.input = self.net.get_input_details()[0]["index"]
        by_width = {int(d["shape"][-1]): d["index"] for d in self.net.get_output_details()}
        self.boxes, self.scores = by_width[16], by_width[1]
        self.anchors = np.array([((x + 0.5) / grid, (y + 0.5) / grid) for grid, each in ((16, 2), (8, 6))
                                 for y in range(grid) for x in range(grid) for _ in range(each)], np.float32)

    def __call__(self, rgb, least=0.5):
        height, width = rgb.shape[:2]
        side = max(height, width)
        square = np.zeros((side, side, 3), np.uint8)
        left, top = (side - width) // 2, (side - height) // 2
        square[top:top + height, left:left + width] = rgb
        small = cv2.resize(square, (128, 128), interpolation=cv2.INTER_AREA)
        self.net.set_tensor(self.input, small[None].astype(np.float32) / 127.5 - 1)
        self.net.invoke()
        score = 1 / (1 + np.exp(-np.clip(self.net.get_tensor(self.scores)[0, :, 0], -80, 80)))
        keep = score >= least
        score, box = score[keep], self.net.get_tensor(self.boxes)[0][keep] / 128
        middle = (box[:, :2] + self.anchors[keep]) * side - (left, top)
        half = box[:, 2:4] * side / 2
        corners = np.hstack([middle - half, middle + half])
        faces, free = [], np.ones(len(score), bool)
        for i in np.argsort(-score):
            if not free[i]:
                continue
            inner = np.prod(np.clip(np.minimum(corners[i, 2:], corners[:, 2:])
                                    - np.maximum(corners[i, :2], corners[:, :2]), 0, None), 1)
            area = np.prod(corners[:, 2:] - corners[:, :2], 1)
            same = free & (inner > 0.3 * (area[i] + area - inner))
            free &= ~same
            faces.append((float(score[i]), np.average(corners[same], 0, weights=score[same])))
        return faces


class Expression:
    def __init__(self, crop=None):
        self.rules = tomllib.loads((MODELS / "input.toml").read_text())
        self.scale = crop or self.rules["crop"]["scale"]
        self.net = Interpreter(str(MODELS / "emotion.tflite"), num_threads=1)
        self.net.allocate_tensors()
        self.input, self.output = self.net.get_input_details()[0], self.net.get_output_details()[0]
        self.classes = self.rules["output"]["classes"]

    def __call__(self, rgb, box):
        size, grey = self.rules["input"]["size"], cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        side = max(box[2] - box[0], box[3] - box[1])
        x = (box[0] + box[2] - side * self.scale) / 2
        y = (box[1] + box[3] - side * self.scale) / 2 + self.rules["crop"]["shift_y"] * (box[3] - box[1])
        # Four samples a pixel, averaged.
        step = side * self.scale / (2 * size)
        place = np.float32([[step, 0, x + (step - 1) / 2], [0, step, y + (step - 1) / 2]])
        fine = cv2.warpAffine(grey, place, (2 * size, 2 * size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                              borderMode=cv2.BORDER_REPLICATE)
        luma = cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA).astype(np.float64)
        value = (luma - luma.mean()) / (luma.std() + self.rules["input"]["std_offset"])
        scale, zero = self.input["quantization"]
        self.net.set_tensor(self.input["index"],
                            np.clip(np.round(value / scale) + zero, -128, 127).astype(np.int8)[None, ..., None])
        self.net.invoke()
        scale, zero = self.output["quantization"]
        logits = (self.net.get_tensor(self.output["index"])[0].astype(float) - zero) * scale
        power = np.exp((logits - logits.max()) / self.rules["output"]["temperature"])
        return power / power.sum()


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--frames", action="store_true")
    ask.add_argument("--crop", type=float)
    ask = ask.parse_args()
    detect, read = Detector(), Expression(ask.crop)
    trace = []
    for n, path in enumerate(sorted((HERE / "clip").glob("frame-*.jpg"))):
        rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        faces = detect(rgb)
        box = max(faces, key=lambda f: f[1][2] - f[1][0])[1] if faces else None
        p = read(rgb, box) if faces else None
        trace.append((len(faces), p))
        if ask.frames:
            best = "-" if p is None else " ".join(f"{read.classes[k]} {p[k]:.2f}" for k in np.argsort(-p)[:3])
            print(f"{n / FPS:5.1f} s  {len(faces)} {[int(b) for b in box] if faces else ''}  {best}")
    wrong = 0
    for part in json.loads((HERE / "expected.json").read_text()):
        frames = trace[round(part["from_s"] * FPS):round(part["to_s"] * FPS)]
        found = [p for count, p in frames if count]
        label = f"{part['from_s']:5.1f}-{part['to_s']:5.1f} s  {part['mood']:9}{part['person'] or '':16}"
        if part["mood"] == "nobody":
            bad = bool(found)
            print(f"{label} a face in {len(found)} of {len(frames)} frames")
        else:
            mean = np.mean(found, 0) if found else np.zeros(7)
            meant = read.classes.index(part["mood"])
            right = sum(int(p.argmax()) == meant for p in found) / len(frames)
            bad = right < 0.5 or mean[meant] < 0.5
            others = " ".join(f"{read.classes[k]} {mean[k]:.2f}" for k in np.argsort(-mean)[:3])
            print(f"{label} face in {len(found)}/{len(frames)}, read as meant {right:4.0%}, mean {mean[meant]:.2f}  ({others})")
        wrong += bad
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
