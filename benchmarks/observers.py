"""Observers against ONNX Runtime's calibrators: the same batches, the same range, who is quicker.

ONNX Runtime's calibrators watch tensors of a model, so theirs is a single Cast from UINT8 to float:
one tensor to watch and next to nothing to compute. Ours are given the float batches. Both begin
afresh, see every batch and answer with a range, in turns; the ratio is theirs over ours.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod
from onnxruntime.quantization.calibrate import create_calibrator

from quantlab.deploy.latency.timing import ratio_interval, rounds_in_turn
from quantlab.numerics import EntropyObserver, MinMaxObserver, PercentileObserver

BATCHES, SHAPE, BINS, PERCENTILE = 8, (4, 32, 28, 28), 2048, 99.99

Range = tuple[float, float]


@dataclass(frozen=True)
class Case:
    """An observer and the calibrator it is compared with, each as a call that answers a range."""

    name: str
    ours: Callable[[], Range]
    theirs: Callable[[], Range]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("--seconds", type=float, default=10.0, help="time for each observer")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Time every observer: {batches, shape, same_range, smallest_ratio, per_observer}."""
    rows = {}
    with TemporaryDirectory() as folder:
        for case in cases(Path(folder)):
            rows[case.name] = compare(case, args.seconds)
            print(f"{case.name}: {rows[case.name]['ratio']:.2f}", file=sys.stderr)
    return {
        "batches": BATCHES,
        "shape": list(SHAPE),
        "same_range": all(row["same_range"] for row in rows.values()),
        "smallest_ratio": min(row["ratio"] for row in rows.values()),
        "per_observer": rows,
    }


def show(result: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [
        f"{result['batches']} batches of {tuple(result['shape'])}",
        f"{'observer':<12}{'ONNX Runtime ms':>17}{'quantlab ms':>13}{'ratio':>8}  95 %",
    ]
    for name, row in result["per_observer"].items():
        low, high = row["interval"]
        lines.append(
            f"{name:<12}{row['onnxruntime_ms']:>17.1f}{row['quantlab_ms']:>13.1f}"
            f"{row['ratio']:>8.2f}  {low:.2f} to {high:.2f}"
            f"{'' if row['same_range'] else '  ANOTHER RANGE'}"
        )
    return "\n".join(lines)


def cases(folder: Path) -> list[Case]:
    """Min-max, percentile and entropy on pixels around 100, as of bright images."""
    rng = np.random.default_rng(0)
    pixels = [np.clip(rng.normal(100, 30, SHAPE), 0, 255).astype(np.uint8) for _ in range(BATCHES)]
    floats = [batch.astype(np.float32) for batch in pixels]
    path = folder / "cast.onnx"
    onnx.save(_cast_model(), path)
    watch = partial(_calibrated, path, folder / "augmented.onnx", pixels)
    histogram = {"num_bins": BINS}
    entropy = {**histogram, "num_quantized_bins": 128}
    percentile = {**histogram, "percentile": PERCENTILE}
    return [
        Case(
            "min-max",
            lambda: _observed(MinMaxObserver(), floats),
            lambda: watch(CalibrationMethod.MinMax, {}),
        ),
        Case(
            "percentile",
            lambda: _observed(PercentileObserver(percentile=PERCENTILE, bins=BINS), floats),
            lambda: watch(CalibrationMethod.Percentile, percentile),
        ),
        Case(
            "entropy",
            lambda: _observed(EntropyObserver(bins=BINS), floats),
            lambda: watch(CalibrationMethod.Entropy, entropy),
        ),
    ]


def compare(case: Case, seconds: float) -> dict[str, Any]:
    """Let both answer in turns. Times are medians in ms."""
    same = case.ours() == case.theirs()
    pairs = np.array(list(rounds_in_turn([case.theirs, case.ours], seconds)))
    theirs, ours = np.median(pairs, axis=0)
    return {
        "rounds": len(pairs),
        "onnxruntime_ms": 1e3 * theirs,
        "quantlab_ms": 1e3 * ours,
        "ratio": theirs / ours,
        "interval": ratio_interval(pairs),
        "same_range": same,
    }


def _observed(observer: Any, batches: list[np.ndarray]) -> Range:
    for batch in batches:
        observer.partial_fit(batch)
    lo, hi = observer.range()
    return float(np.squeeze(lo)), float(np.squeeze(hi))


class _Reader(CalibrationDataReader):
    def __init__(self, batches: list[np.ndarray]) -> None:
        self.feeds = iter([{"pixels": batch} for batch in batches])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.feeds, None)


def _calibrated(
    path: Path,
    augmented: Path,
    batches: list[np.ndarray],
    method: CalibrationMethod,
    options: dict[str, Any],
) -> Range:
    with redirect_stdout(StringIO()):  # the calibrators print, and --json is one object
        calibrator = create_calibrator(
            path, ["Cast"], str(augmented), method, extra_options={**options, "symmetric": False}
        )
        calibrator.collect_data(_Reader(batches))
        lo, hi = calibrator.compute_data()["x"].range_value
    return float(np.squeeze(lo)), float(np.squeeze(hi))


def _cast_model() -> onnx.ModelProto:
    nodes = [
        helper.make_node("Cast", ["pixels"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Relu", ["x"], ["y"]),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, SHAPE)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, SHAPE)
    graph = helper.make_graph(nodes, "cast", [pixels], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
