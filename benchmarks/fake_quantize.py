"""Fake quantization, forward and backward: quantlab's against torch.fake_quantize_*, one thread.

Both are given the same tensor and the same gradient from above, and must return the same values and
the same gradient: scale is a power of two, where multiplying by its reciprocal and dividing by it
are both exact. They take turns, so that a busy moment of the machine meets both; small tensors are
timed several calls at once. The ratio is that of the two medians, ours over torch's.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor

from quantlab.deploy.latency.timing import ratio_interval, rounds_in_turn
from quantlab.methods.fake_quantize import straight_through
from quantlab.numerics import QParams

GOAL = 1.3
SCALE = 2.0**-5
BLOCK = 200_000  # values a timed block holds at least
SHAPES = {
    "pointwise weights": (32, 32, 1, 1),
    "weights 3x3": (64, 32, 3, 3),
    "large weights 3x3": (256, 256, 3, 3),
    "small activation": (8, 16, 16, 16),
    "activation": (16, 64, 32, 32),
}


@dataclass(frozen=True)
class Case:
    """A tensor and the two functions that fake-quantize it."""

    name: str
    x: Tensor
    ours: Callable[[Tensor], Tensor]
    theirs: Callable[[Tensor], Tensor]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--seconds", type=float, default=8.0, help="time for each case")
    parser.add_argument("--seed", type=int, default=0, help="seed of values and bootstrap")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Time every case: {seconds, seed, goal, same, largest_ratio, per_case}."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows = {}
        for case in cases(args.seed):
            rows[case.name] = compare(case, args.seconds, args.seed)
            print(f"{case.name}: {rows[case.name]['ratio']:.2f}", file=sys.stderr)
    finally:
        torch.set_num_threads(threads)
    return {
        "seconds": args.seconds,
        "seed": args.seed,
        "goal": GOAL,
        "same": all(row["same"] for row in rows.values()),
        "largest_ratio": max(row["ratio"] for row in rows.values()),
        "per_case": rows,
    }


def show(result: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [f"{'':<32}{'values':>10}{'torch us':>10}{'quantlab us':>13}{'ratio':>7}  95 %"]
    for name, row in result["per_case"].items():
        low, high = row["interval"]
        lines.append(
            f"{name:<32}{row['values']:>10,}{row['torch_us']:>10.0f}{row['quantlab_us']:>13.0f}"
            f"{row['ratio']:>7.2f}  {low:.2f} to {high:.2f}  {verdict(row, result['goal'])}"
        )
    lines.append(f"goal: ratio at most {result['goal']}, with equal values and gradients")
    return "\n".join(lines)


def verdict(row: dict[str, Any], goal: float) -> str:
    """met, missed, or inconclusive where the interval holds the goal."""
    low, high = row["interval"]
    if not row["same"]:
        return "missed (other values)"
    if low <= goal < high:
        return "inconclusive"
    return "met" if high <= goal else "missed"


def cases(seed: int) -> list[Case]:
    """Weights and activations of a small network, per-tensor and per-channel."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for name, shape in SHAPES.items():
        x = torch.randn(shape, generator=generator)
        found.append(_per_tensor(f"{name}, per-tensor", x))
        found.append(_per_channel(f"{name}, per-channel", x))
    return found


def _per_tensor(name: str, x: Tensor) -> Case:
    ruler = QParams(SCALE, 117, "uint8")
    scale, z = torch.tensor(ruler.scale), int(ruler.zero_point)
    lo, hi = ruler.qmin - z, ruler.qmax - z
    return Case(
        name,
        x,
        ours=lambda t: straight_through(t, scale, lo, hi),
        theirs=lambda t: torch.fake_quantize_per_tensor_affine(t, SCALE, z, ruler.qmin, ruler.qmax),
    )


def _per_channel(name: str, x: Tensor) -> Case:
    channels = x.shape[0]
    scale = torch.full((channels,), SCALE)
    aligned = scale.view(-1, 1, 1, 1)
    z = torch.zeros(channels, dtype=torch.int32)
    return Case(
        name,
        x,
        ours=lambda t: straight_through(t, aligned, -128, 127),
        theirs=lambda t: torch.fake_quantize_per_channel_affine(t, scale, z, 0, -128, 127),
    )


def compare(
    case: Case, seconds: float, seed: int = 0, clock: Callable[[], float] = perf_counter
) -> dict[str, Any]:
    """Let both run in turns. Times are medians of one forward and backward in microseconds."""
    leaf = case.x.clone().requires_grad_()
    above = torch.randn(case.x.shape, generator=torch.Generator().manual_seed(seed))
    same = _same(case, leaf, above)
    calls = max(1, BLOCK // case.x.numel())
    blocks = [partial(_block, f, leaf, above, calls) for f in (case.ours, case.theirs)]
    pairs = np.array(list(rounds_in_turn(blocks, seconds, clock=clock)))
    ours, theirs = np.median(pairs, axis=0) / calls
    return {
        "values": case.x.numel(),
        "rounds": len(pairs),
        "torch_us": 1e6 * theirs,
        "quantlab_us": 1e6 * ours,
        "ratio": ours / theirs,
        "interval": ratio_interval(pairs, seed=seed),
        "same": same,
    }


def _block(function: Callable[[Tensor], Tensor], leaf: Tensor, above: Tensor, calls: int) -> None:
    for _ in range(calls):
        _both_ways(function, leaf, above)


def _both_ways(function: Callable[[Tensor], Tensor], leaf: Tensor, above: Tensor) -> Tensor:
    leaf.grad = None
    y = function(leaf)
    y.backward(above)
    return y


def _same(case: Case, leaf: Tensor, above: Tensor) -> bool:
    answers = []
    for function in (case.ours, case.theirs):
        y = _both_ways(function, leaf, above)
        answers.append((y.detach().numpy(), np.asarray(leaf.grad)))
    (y1, g1), (y2, g2) = answers
    return np.array_equal(y1, y2) and np.array_equal(g1, g2)
