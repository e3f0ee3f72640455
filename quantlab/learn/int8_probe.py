"""What this CPU really does with INT8: two measurements with ONNX Runtime, no list of flags.

Saturation. Some CPUs add pairs of UINT8 x INT8 products in 16 bits. 255 * 127 * 2 = 64,770 does not
fit there, so the sum stops at 32,767. The probe runs the worst case, all activations 255 and all
weights 127, and compares every output with exact integer arithmetic.

Speed. The same convolution in FP32 and in INT8, interleaved, one thread, medians.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import Any

import numpy as np

ACTIVATION, WEIGHT = 255, 127
CHANNELS, SIDE, FILTERS = 64, 8, 16
#: Output scale of the probes: a power of two, so that dividing by it is exact in FP32.
OUTPUT_SCALE = 2.0**14


@dataclass(frozen=True)
class Saturation:
    """One operator's worst case: how many of `total` integer outputs are off, and by how much.

    `exact` is the right output, `seen` the most common one, both as the operator's integers.
    """

    operator: str
    wrong: int
    total: int
    exact: int
    seen: int

    @property
    def verdict(self) -> str:
        """ "exact" or "saturates"."""
        return "saturates" if self.wrong else "exact"


@dataclass(frozen=True)
class Speed:
    """Medians in seconds of one FP32 and one INT8 convolution with the same shapes."""

    fp32: float
    int8: float
    rounds: int

    @property
    def ratio(self) -> float:
        """How many times faster INT8 is; below 1 it is slower."""
        return self.fp32 / self.int8


def probe_saturation() -> tuple[Saturation, ...]:
    """The worst case through the two integer operators that quantized models use most.

    The exact answers need no tolerance: the sum of 64 products, 2,072,640, is below 2^24, so FP32
    holds it exactly, the scale is a power of two, and the quotient 126.5 + 1/256 is no tie.
    """
    sum_ = CHANNELS * ACTIVATION * WEIGHT
    requantized = round(Fraction(sum_) / Fraction(OUTPUT_SCALE))
    return (
        _saturation("QLinearConv", requantized, _run_conv()),
        _saturation("MatMulInteger", sum_, _run_matmul()),
    )


def probe_speed(seconds: float = 1.0, least_rounds: int = 5) -> Speed:
    """Time a 3x3 convolution, 64 to 64 channels on 28x28, in FP32 and in INT8, one thread."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (1, 64, 28, 28), dtype=np.uint8)
    w = rng.integers(-63, 64, (64, 64, 3, 3), dtype=np.int8)
    quantized = _conv_session(w, x.shape, pads=[1, 1, 1, 1])
    float_ = _session(
        [_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])],
        {"x": ("FLOAT", x.shape)},
        "FLOAT",
        {"w": w.astype(np.float32)},
    )
    x_float = x.astype(np.float32)
    fp32, int8 = interleaved(
        (lambda: float_.run(None, {"x": x_float}), lambda: quantized.run(None, {"x": x})),
        seconds,
        least_rounds,
    )
    return Speed(median(fp32), median(int8), len(fp32))


def interleaved(
    calls: Sequence[Callable[[], Any]], seconds: float, least_rounds: int
) -> tuple[list[float], ...]:
    """Seconds of each call, taken turn by turn, so that a busy machine slows all of them alike.

    Three rounds of warm-up are thrown away. Stops after `seconds`, but not before `least_rounds`.
    """
    times: tuple[list[float], ...] = tuple([] for _ in calls)
    for _ in range(3):
        for call in calls:
            call()
    end = time.perf_counter() + seconds
    while len(times[0]) < least_rounds or time.perf_counter() < end:
        for call, taken in zip(calls, times, strict=True):
            began = time.perf_counter()
            call()
            taken.append(time.perf_counter() - began)
    return times


def _saturation(operator: str, exact: int, outputs: np.ndarray) -> Saturation:
    values, counts = np.unique(outputs, return_counts=True)
    return Saturation(
        operator,
        wrong=int(np.count_nonzero(outputs != exact)),
        total=outputs.size,
        exact=exact,
        seen=int(values[counts.argmax()]),
    )


def _run_conv() -> np.ndarray:
    x = np.full((1, CHANNELS, SIDE, SIDE), ACTIVATION, np.uint8)
    w = np.full((FILTERS, CHANNELS, 1, 1), WEIGHT, np.int8)
    return _conv_session(w, x.shape).run(None, {"x": x})[0]


def _run_matmul() -> np.ndarray:
    x = np.full((SIDE, CHANNELS), ACTIVATION, np.uint8)
    w = np.full((CHANNELS, FILTERS), WEIGHT, np.int8)
    node = _node("MatMulInteger", ["x", "w"], ["y"])
    session = _session([node], {"x": ("UINT8", x.shape)}, "INT32", {"w": w})
    return session.run(None, {"x": x})[0]


def _conv_session(w: np.ndarray, shape: tuple[int, ...], **attributes: Any) -> Any:
    """A UINT8 x INT8 convolution: scales 1, zero-points 0, requantized by `OUTPUT_SCALE`."""
    inputs = ["x", "one", "zero", "w", "one", "w_zero", "y_scale", "zero"]
    constants = {
        "w": w,
        "one": np.float32(1),
        "zero": np.uint8(0),
        "w_zero": np.int8(0),
        "y_scale": np.float32(OUTPUT_SCALE),
    }
    node = _node("QLinearConv", inputs, ["y"], **attributes)
    return _session([node], {"x": ("UINT8", shape)}, "UINT8", constants)


def _node(operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Any:
    from onnx import helper

    return helper.make_node(operator, inputs, outputs, **attributes)


def _session(
    nodes: list[Any],
    inputs: dict[str, tuple[str, tuple[int, ...]]],
    output_type: str,
    constants: dict[str, Any],
) -> Any:
    """An ONNX Runtime session on one CPU thread for a graph with the output `y`."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    def value(name: str, type_: str, shape: tuple[int, ...] | None) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.DataType.Value(type_), shape)

    graph = helper.make_graph(
        nodes,
        "probe",
        [value(name, *spec) for name, spec in inputs.items()],
        [value("y", output_type, None)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
