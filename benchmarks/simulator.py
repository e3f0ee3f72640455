"""Time of the integer simulator against ONNX Runtime's float32, whole networks, one thread each.

One image through each network: our simulator on its quantized model (the plan is made once, and
timed apart), ONNX Runtime on the float32 one. They take turns, so that a busy moment of the machine
meets both. The ratio is that of the two medians, ours over ONNX Runtime's, with the 95 % interval
of a bootstrap over rounds. Each network has a process of its own, in which numpy's BLAS was told
before it began to use one thread.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

GOAL = 30.0
#: Height and width of the image that each network sees.
SIZES = {"mobilenet_v2": 224, "small_resnet": 128, "small_unet": 128}
#: Every BLAS that numpy may have been built with reads one of these when it is loaded.
ONE_THREAD = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--seconds", type=float, default=12.0, help="time for each network")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights, images, bootstrap")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """{seconds, seed, threads, goal, largest_ratio, per_net}."""
    rows = {}
    for name, size in SIZES.items():
        rows[name] = in_own_process(name, size, args.seconds, args.seed)
        print(f"{name}: {rows[name]['ratio']:.1f}x", file=sys.stderr)
    return {
        "seconds": args.seconds,
        "seed": args.seed,
        "threads": 1,
        "goal": GOAL,
        "largest_ratio": max(row["ratio"] for row in rows.values()),
        "per_net": rows,
    }


def show(result: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [
        f"{'network':<14}{'size':>6}{'simulator ms':>14}{'float32 ms':>12}{'ratio':>8}"
        f"   95 % interval   plan ms"
    ]
    for name, row in result["per_net"].items():
        low, high = row["ratio_interval"]
        interval = f"{low:.1f} to {high:.1f}"
        lines.append(
            f"{name:<14}{row['size']:>6}{row['simulator_ms']:>14.1f}{row['float32_ms']:>12.2f}"
            f"{row['ratio']:>8.1f}   {interval:<13}{row['plan_ms']:>10.1f}"
        )
    met = result["largest_ratio"] <= result["goal"]
    lines.append(
        f"largest ratio {result['largest_ratio']:.1f}, goal {result['goal']:.0f}: "
        f"{'met' if met else 'missed'}"
    )
    return "\n".join(lines)


def in_own_process(name: str, size: int, seconds: float, seed: int) -> dict[str, Any]:
    """One network's row, measured by `benchmarks.simulator_time` in a process with one thread."""
    words = [name, str(size), str(seconds), str(seed)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.simulator_time", *words],
        env={**os.environ, **dict.fromkeys(ONE_THREAD, "1")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    row: dict[str, Any] = json.loads(done.stdout)
    return row
