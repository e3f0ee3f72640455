"""Where INT8 is faster, and where it is not: a few layers, FP32 and INT8 in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.deploy.latency.layer_pairs import LayerPair, add_pair, conv_pair
from quantlab.deploy.latency.side_by_side import SideBySide, side_by_side


@dataclass(frozen=True)
class LayerSpeed:
    """One layer's measurement: `times.first` is FP32, `times.second` INT8, `times.ratio` speed-up.

    `operations` counts a multiply-accumulate as two; the bytes are inputs, weights and output.
    `kernels` are the operators that ONNX Runtime really ran for INT8.
    """

    name: str
    operations: int
    fp32_bytes: int
    int8_bytes: int
    times: SideBySide
    kernels: tuple[str, ...]

    def intensity(self, precision: str = "float32") -> float:
        """Operations for every byte moved; 'float32' or 'int8'."""
        return self.operations / (self.int8_bytes if precision == "int8" else self.fp32_bytes)

    def reached(self, precision: str = "float32") -> float:
        """Operations a second of the median run; 'float32' or 'int8'."""
        timing = self.times.second if precision == "int8" else self.times.first
        return self.operations / timing.median


def measure_layers(
    threads: int = 1, seconds: float = 0.5, say: Callable[[str], object] = print
) -> tuple[LayerSpeed, ...]:
    """Four layers in FP32 and in INT8: an addition, a 1x1, a depthwise and a tiny convolution.

    The first is limited by memory, the second by arithmetic. The third does little arithmetic a
    byte. The last is so small, alone among floats, that quantizing and dequantizing around it
    counts. Which of them gain from INT8 depends on the CPU: that is what is measured. All but the
    addition fit into a large cache, and a repeated run finds them there: memory limits them less
    than their bytes say.

    Parameters
    ----------
    threads : int
        1 or more, for ONNX Runtime.
    seconds : float
        Time for each layer, above 0; four layers and half a second each take about three seconds.
    say : callable
        Takes a progress line; `print` by default.
    """
    if threads < 1 or not seconds > 0:
        raise ValueError(
            f"threads is {threads} and seconds is {seconds:g}, but a measurement needs at "
            f"least one thread and some time: pass threads=1, seconds=0.5."
        )
    measured = []
    pairs = layers_to_measure()
    for place, pair in enumerate(pairs, start=1):
        say(f"{place} of {len(pairs)}: {pair.name} ...")
        measured.append(measure_layer(pair, threads, seconds))
    return tuple(measured)


def layers_to_measure() -> tuple[LayerPair, ...]:
    """The four layers; sizes as they occur in small detectors, but for the addition."""
    return (
        add_pair(16_000_000),
        conv_pair("1×1 convolution, 256 channels, 28 × 28", 256, 28, 1),
        conv_pair("depthwise 3×3, 256 channels, 56 × 56", 256, 56, 3, depthwise=True),
        conv_pair("tiny 1×1, 8 channels, 14 × 14, float in and out", 8, 14, 1, chain=False),
    )


def measure_layer(pair: LayerPair, threads: int = 1, seconds: float = 0.5) -> LayerSpeed:
    """One layer in FP32 and INT8, run in turn."""
    times = side_by_side(pair.runner("fp32", threads), pair.runner("int8", threads), seconds)
    return LayerSpeed(
        pair.name, pair.operations, pair.fp32_bytes, pair.int8_bytes, times, pair.kernels()
    )


def speed_table(layers: Iterable[LayerSpeed]) -> Listing:
    """The measurements: milliseconds, the speed-up with its 95 % interval, the verdict."""
    rows = tuple(
        {
            "layer": layer.name,
            "fp32_ms": 1e3 * layer.times.first.median,
            "int8_ms": 1e3 * layer.times.second.median,
            "ratio": layer.times.ratio,
            "low": layer.times.low,
            "high": layer.times.high,
            "verdict": layer.times.verdict,
        }
        for layer in layers
    )
    columns = (
        Column("layer", "layer"),
        Column("FP32 ms", "fp32_ms", ".3f"),
        Column("INT8 ms", "int8_ms", ".3f"),
        Column("speed-up (×)", "ratio", ".2f"),
        Column("95 %", ("low", "high"), ".2f"),
        Column("INT8 is", "verdict"),
    )
    return Listing("FP32 and INT8 in turn", Table(columns, rows))
