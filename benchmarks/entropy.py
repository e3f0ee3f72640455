"""The search for the entropy threshold: quantlab's against ONNX Runtime's own calibrator.

Both are given the same histograms and must find the same range. Their runs take turns in one
process, after a warm-up, so that a busy moment of the machine meets both. The ratio is that of the
two medians; beside it stand the smallest and the largest ratio of one turn.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from onnxruntime.quantization.calibrate import HistogramCollector

from quantlab.numerics import EntropyObserver
from quantlab.numerics.observers.entropy import entropy_threshold
from quantlab.numerics.observers.histogram import Histogram

GOAL = 20.0
VALUES = 100_000


@dataclass(frozen=True)
class Case:
    """A histogram and the two functions that are asked for its range."""

    name: str
    ours: Callable[[], tuple[Any, Any]]
    theirs: Callable[[], tuple[Any, Any]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--bins", type=int, default=2048, help="bins of the histogram")
    parser.add_argument("--levels", type=int, default=128, help="quantized bins")
    parser.add_argument("--turns", type=int, default=9, help="timed runs of each, alternating")
    parser.add_argument("--seed", type=int, default=0, help="seed of the values")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Time every case: {bins, levels, turns, seed, goal, speedup, same_range, per_case}."""
    rows = {}
    for case in cases(args.bins, args.levels, args.seed):
        rows[case.name] = compare(case, args.turns)
        print(f"{case.name}: {rows[case.name]['speedup']:.1f}x", file=sys.stderr)
    return {
        "bins": args.bins,
        "levels": args.levels,
        "turns": args.turns,
        "seed": args.seed,
        "goal": GOAL,
        "speedup": min(row["speedup"] for row in rows.values()),
        "same_range": all(row["same_range"] for row in rows.values()),
        "per_case": rows,
    }


def show(result: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [f"{'values':<12}{'ONNX Runtime ms':>17}{'quantlab ms':>13}{'ratio':>8}  same range"]
    for name, row in result["per_case"].items():
        lines.append(
            f"{name:<12}{row['onnxruntime_ms']:>17.1f}{row['quantlab_ms']:>13.1f}"
            f"{row['speedup']:>8.1f}  {'yes' if row['same_range'] else 'NO'}"
        )
    met = result["same_range"] and result["speedup"] >= result["goal"]
    lines.append(
        f"smallest ratio {result['speedup']:.1f}, goal {result['goal']:.0f}: "
        f"{'met' if met else 'missed'}"
    )
    return "\n".join(lines)


def cases(bins: int, levels: int, seed: int) -> list[Case]:
    """A symmetric, a one-sided and a heavy-tailed tensor, as activations of a network are."""
    normal = np.random.default_rng(seed).normal(size=VALUES).astype(np.float32)
    tensors = {"normal": normal, "relu": np.maximum(normal, 0), "heavy tail": normal**3}
    return [_case(name, x, bins, levels) for name, x in tensors.items()]


def _case(name: str, x: np.ndarray, bins: int, levels: int) -> Case:
    seen = EntropyObserver(bins=bins).partial_fit(x).histograms_[0]
    collector = HistogramCollector("entropy", False, bins, levels, None, "same")
    collector.collect_value({name: x})
    theirs = collector.get_histogram_dict()[name]
    if not same_histogram(seen, theirs):
        raise AssertionError(f"the histograms of {name} differ: there is nothing to compare")
    return Case(
        name,
        ours=lambda: entropy_threshold(seen, levels),
        theirs=lambda: collector.get_entropy_threshold(theirs, levels),
    )


def same_histogram(ours: Histogram, theirs: tuple[Any, ...]) -> bool:
    """Whether both count the same values in the same bins."""
    return np.array_equal(ours.counts, theirs[0]) and np.array_equal(ours.edges, theirs[1])


def compare(
    case: Case, turns: int, clock: Callable[[], float] = perf_counter
) -> dict[str, float | bool]:
    """Let both answer in turns. Times are medians in ms; ratios are theirs over ours."""
    same = case.ours() == case.theirs()  # also the warm-up
    pairs = []
    for _ in range(turns):
        begin = clock()
        theirs = case.theirs()
        between = clock()
        ours = case.ours()
        end = clock()
        same = same and ours == theirs
        pairs.append((between - begin, end - between))
    their_time, our_time = (median(times) for times in zip(*pairs, strict=True))
    ratios = [theirs / ours for theirs, ours in pairs]
    return {
        "onnxruntime_ms": 1000 * their_time,
        "quantlab_ms": 1000 * our_time,
        "speedup": their_time / our_time,
        "smallest_ratio": min(ratios),
        "largest_ratio": max(ratios),
        "same_range": bool(same),
    }
