"""quantlab's quantize_model against ONNX Runtime's quantize_static and NNCF's quantize.

Nets of the MobileNetV2 kind are trained here on drawn shapes. Every quantizer gets the same FP32
net (the two others as the ONNX file that export_onnx writes, BatchNorm folded) and the same
calibration images, runs alone in a process of its own on one thread, and all models run in ONNX
Runtime. Accuracy is compared image by image with FP32, once as this CPU runs the model and once
with exact sums (`exact`: session.x64quantprecision, which matters on x86 without VNNI); `ahead` is
how many points a plan is ahead of quantlab's default. Latencies
are taken in turns in one process, on LATENCY_BATCH images; the ratio is FP32 over INT8.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from benchmarks.quantizer_plans import PLANS, file_of, load_net
from benchmarks.shapes import draw
from benchmarks.training import small_mobilenet, train
from quantlab.analysis import paired_bootstrap
from quantlab.base.machine import installed_version
from quantlab.deploy import export_onnx, measure_latency, open_session
from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.ptq.fold import fold_batchnorm

WIDTHS = (1.0, 2.0)
TRAIN, TEST, CALIBRATION, EPOCHS = 8000, 4000, 200, 12
LATENCY_BATCH, LATENCY_SECONDS = 8, 30
OURS = "quantlab"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="epochs of training a net")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Train each net, quantize it with every plan, measure the results."""
    data, test = draw(TRAIN, seed=1), draw(TEST, seed=2)
    calibration = draw(CALIBRATION, seed=3).x
    nets = []
    for width in WIDTHS:
        name = f"small MobileNetV2, width {width:g}"
        _say(f"{name}: training")
        net = train(small_mobilenet(width), data, epochs=args.epochs, seed=0)
        with TemporaryDirectory() as place:
            folder = Path(place)
            torch.save({"width": width, "state": net.state_dict()}, folder / "net.pt")
            np.save(folder / "calibration.npy", calibration)
            graph = fold_batchnorm(trace_model(load_net(folder), calibration[:1]))
            export_onnx(graph, folder / "fp32.onnx")
            nets.append({"net": name, **compare(folder, test.x, test.y)})
    return {
        "images": TEST,
        "calibration_images": CALIBRATION,
        "nncf": installed_version("nncf"),
        "nets": nets,
        "better": better_peers(nets),
    }


def compare(folder: Path, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    costs = {plan: cost for plan in PLANS if (cost := _quantize(plan, folder)) is not None}
    paths = {"fp32": folder / "fp32.onnx", **{plan: file_of(plan, folder) for plan in costs}}
    right = {
        (plan, exact): _right(path, x, y, exact)
        for plan, path in paths.items()
        for exact in (False, True)
    }
    _say("latency, in turns")
    latency = measure_latency(paths, x[:LATENCY_BATCH], threads=1, seconds=LATENCY_SECONDS)
    speed_ups = {s.name: s for s in latency.speed_ups}
    rows = []
    for plan, cost in costs.items():
        drops = {
            "drop": (right["fp32", False], right[plan, False]),
            "drop_exact": (right["fp32", True], right[plan, True]),
            "ahead": (right[plan, False], right[OURS, False]),
        }
        rows.append(
            {
                "plan": plan,
                **{key: _points(*pair) for key, pair in drops.items()},
                "speedup": [speed_ups[plan].ratio, speed_ups[plan].low, speed_ups[plan].high],
                "bytes": paths[plan].stat().st_size,
                **cost,
            }
        )
    return {
        "accuracy_fp32": 100.0 * float(right["fp32", True].mean()),
        "bytes_fp32": paths["fp32"].stat().st_size,
        "plans": rows,
    }


def _quantize(plan: str, folder: Path) -> dict[str, float] | None:
    """Seconds and peak bytes of one plan; None, with a sentence, where its package is missing."""
    if plan.startswith("NNCF") and find_spec("nncf") is None:
        _say("NNCF is not installed and left out: python -m pip install -e .[peers]")
        return None
    _say(f"quantizing: {plan}")
    command = [sys.executable, "-m", "benchmarks.quantizer_plans", plan, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{plan} failed:\n{done.stderr}")
    cost: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return cost


def _right(path: Path, x: np.ndarray, y: np.ndarray, exact: bool) -> np.ndarray:
    session = open_session(path, exact=exact)
    name = session.get_inputs()[0].name
    logits = [session.run(None, {name: part})[0] for part in np.split(x, len(x) // 100)]
    return np.asarray(np.concatenate(logits).argmax(1) == y, dtype=np.float64)


def _points(before: np.ndarray, after: np.ndarray) -> list[float]:
    """Percentage points from before down to after, with the 95 % interval, image by image."""
    drop = paired_bootstrap(100.0 * before, 100.0 * after)
    return [drop.drop, drop.low, drop.high]


def better_peers(nets: list[dict[str, Any]]) -> dict[str, list[str]]:
    """For each goal, the peers that are better than quantlab's default on some net."""
    beats_in: dict[str, Callable[[dict[str, Any], dict[str, Any]], bool]] = {
        # Where the interval holds 0, these images cannot tell which one is better.
        "accuracy": lambda ours, peer: peer["ahead"][1] > 0,
        "speed": lambda ours, peer: peer["speedup"][1] > ours["speedup"][2],
        "time": lambda ours, peer: peer["seconds"] < ours["seconds"],
    }
    found: dict[str, list[str]] = {goal: [] for goal in beats_in}
    for net in nets:
        ours = next(row for row in net["plans"] if row["plan"] == OURS)
        for row in net["plans"]:
            for goal, beats in beats_in.items():
                if not row["plan"].startswith(OURS) and beats(ours, row):
                    found[goal].append(f"{row['plan']} ({net['net']})")
    return found


def show(result: dict[str, Any]) -> str:
    """The table, one block a net, and where a peer is better than quantlab's default."""
    lines = []
    for net in result["nets"]:
        lines += [
            f"{net['net']}: FP32 {net['accuracy_fp32']:.2f} % of {result['images']} images, "
            f"{net['bytes_fp32']:,} bytes",
            f"{'plan':40}{'points lost':>22}{'with exact sums':>22}{'speed':>20}"
            f"{'bytes':>11}{'seconds':>9}{'MB':>7}",
        ]
        for row in net["plans"]:
            lost, exact, speed = (
                f"{row[key][0]:.2f} [{row[key][1]:.2f}, {row[key][2]:.2f}]"
                for key in ("drop", "drop_exact", "speedup")
            )
            lines.append(
                f"{row['plan']:40}{lost:>22}{exact:>22}{speed + ' ×':>20}{row['bytes']:>11,}"
                f"{row['seconds']:>9.1f}{row['peak_bytes'] / 1e6:>7.0f}"
            )
        lines.append("")
    for goal, names in result["better"].items():
        better = "; ".join(names) if names else "no peer"
        lines.append(f"better than quantlab's default in {goal}: {better}")
    return "\n".join(lines)


def markdown(net: dict[str, Any]) -> str:
    """One net's rows as README shows them."""
    lines = ["| quantizer | points lost | with exact sums | speed | bytes | seconds |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for row in net["plans"]:
        lost, exact = (
            f"{row[key][0]:.2f} ({row[key][1]:.2f} to {row[key][2]:.2f})"
            for key in ("drop", "drop_exact")
        )
        low, high = row["speedup"][1:]
        lines.append(
            f"| {row['plan']} | {lost} | {exact} | {low:.2f} to {high:.2f} × | "
            f"{row['bytes']:,} | {row['seconds']:.1f} |"
        )
    return "\n".join(lines)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
