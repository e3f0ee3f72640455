"""How often quantlab.numerics and its peers give different answers.

Every tick and every tie of every ruler tried, with its float32 neighbours, for every integer type
(torch knows all of them, ONNX those of 4, 8 and 16 bits);
small tensors along every axis; every integer on the way back. One number is counted once for each
peer it is compared with.
"""

import argparse
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from quantlab.numerics import DTYPES, QParams, dequantize, fake_quantize, quantize
from tests.support import grids, peers

# Rulers a round: a 16-bit ruler has 393,000 vectors, an 8-bit one 1,600, a 4-bit one 130.
RULERS_A_ROUND = {2: 60, 3: 60, 4: 60, 6: 60, 8: 40, 16: 1}


@dataclass(frozen=True)
class Comparison:
    """One question: a peer's answer against ours."""

    peer: str
    theirs: Callable[[np.ndarray, QParams], np.ndarray]
    ours: Callable[[np.ndarray, QParams], np.ndarray]


ONNX = (
    Comparison("onnx.reference QuantizeLinear", peers.reference_quantize, quantize),
    Comparison("ONNX Runtime QuantizeLinear", peers.ort_quantize, quantize),
)
TORCH = Comparison(
    "torch.fake_quantize",
    peers.torch_fake_quantize,
    lambda x, qparams: fake_quantize(x, qparams, rounding="torch"),
)
LEGACY = Comparison(
    "torch.quantize_per_tensor",
    peers.torch_quantize,
    lambda x, qparams: quantize(x, qparams, rounding="torch_legacy"),
)
BACKWARD = (
    Comparison("onnx.reference DequantizeLinear", peers.reference_dequantize, dequantize),
    Comparison("ONNX Runtime DequantizeLinear", peers.ort_dequantize, dequantize),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--values", type=int, default=10_000_000, help="compare at least so many")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random rulers and values")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Compare until `args.values` answers were compared: {values, differences, per_peer}."""
    return agreement(args.values, args.seed, progress=lambda line: print(line, file=sys.stderr))


def show(result: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [f"{'peer':<34}{'values':>14}{'differences':>14}"]
    rows = [*result["per_peer"].items(), ("total", result)]
    lines += [f"{name:<34}{row['values']:>14,}{row['differences']:>14,}" for name, row in rows]
    return "\n".join(lines)


def agreement(
    target: int, seed: int = 0, progress: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Count values and differences for each peer, first on fixed rulers, then on random ones."""
    rng = np.random.default_rng(seed)
    tally: dict[str, dict[str, int]] = {}
    done, rounds = 0, 0
    while done < target:
        for comparison, x, qparams in questions(rng, fixed=rounds == 0):
            counted = tally.setdefault(comparison.peer, {"values": 0, "differences": 0})
            counted["values"] += x.size
            counted["differences"] += differences(comparison, x, qparams)
        rounds += 1
        done = sum(row["values"] for row in tally.values())
        progress(f"round {rounds}: {done:,} values of {target:,}")
    return {
        "values": done,
        "differences": sum(row["differences"] for row in tally.values()),
        "seed": seed,
        "rounds": rounds,
        "per_peer": tally,
    }


def differences(comparison: Comparison, x: np.ndarray, qparams: QParams) -> int:
    """How many answers are not the same number."""
    with warnings.catch_warnings():
        # The deprecation of torch.quantize_per_tensor is the reason it is called legacy here.
        warnings.filterwarnings("ignore", message=".*deprecated")
        theirs = comparison.theirs(x, qparams)
    return int((theirs != comparison.ours(x, qparams)).sum())


def questions(
    rng: np.random.Generator, fixed: bool
) -> Iterator[tuple[Comparison, np.ndarray, QParams]]:
    """One round: rulers for every type, each with all its vectors, then every axis."""
    for name, kind in DTYPES.items():
        held = name in peers.ONNX_TYPES
        forward, backward = ((*ONNX, TORCH), BACKWARD) if held else ((TORCH,), ())
        rulers = [grids.random_ruler(name, rng) for _ in range(RULERS_A_ROUND[kind.bits])]
        if fixed:
            rulers = grids.fixed_rulers(name)[: None if kind.bits < 16 else 1] + rulers
        for qparams in rulers:
            x = grids.vectors(qparams, rng)
            legacy = (LEGACY,) if kind.bits == 8 else ()
            yield from ((c, x, qparams) for c in (*forward, *legacy))
            yield from ((c, grids.integers(qparams), qparams) for c in backward)
        for x, qparams in grids.per_channel_cases(name, rng):
            yield from ((c, x, qparams) for c in forward)
            yield from ((c, quantize(x, qparams), qparams) for c in backward)
