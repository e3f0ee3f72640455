"""Whether INT8 sums are exact on this CPU: tried with ONNX Runtime, not read off a list of flags.

Some CPUs add pairs of UINT8 x INT8 products in 16 bits. 255 * 127 * 2 = 64,770 does not
fit there, so the sum stops at 32,767. The probe runs the worst case, all activations 255 and all
weights 127, and compares every output with exact integer arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.deploy.runtime.create_session import create_session, default_options

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


@dataclass(frozen=True, repr=False)
class SaturationProbe(Report):
    """The worst case of each operator that was tried, in turn when iterated."""

    operators: tuple[Saturation, ...]

    def __iter__(self) -> Iterator[Saturation]:
        return iter(self.operators)

    @property
    def summary(self) -> str:
        verdicts = ", ".join(f"{each.operator} {each.verdict}" for each in self.operators)
        return f"INT8 sums on this machine: {verdicts}"

    def tables(self) -> tuple[Table, ...]:
        columns = (
            Column("operator", "operator"),
            Column("wrong", "wrong", ","),
            Column("of", "total", ","),
            Column("exact value", "exact", ","),
            Column("seen most", "seen", ","),
            Column("verdict", "verdict"),
        )
        rows = tuple({**asdict(each), "verdict": each.verdict} for each in self.operators)
        return (Table(columns, rows),)


def probe_saturation() -> SaturationProbe:
    """The worst case through the two integer operators that quantized models use most.

    Says which of the two predictions, exact or saturating, a default session on this machine
    follows; `saturation_report` tells what that does to a model.

    The exact answers need no tolerance: the sum of 64 products, 2,072,640, is below 2^24, so FP32
    holds it exactly, the scale is a power of two, and the quotient 126.5 + 1/256 is no tie.

    Returns
    -------
    SaturationProbe
        Of a QLinearConv and of a MatMulInteger.

    Examples
    --------
    >>> {probe.verdict for probe in probe_saturation()} <= {"exact", "saturates"}
    True
    """
    sum_ = CHANNELS * ACTIVATION * WEIGHT
    requantized = round(Fraction(sum_) / Fraction(OUTPUT_SCALE))
    return SaturationProbe(
        (
            _saturation("QLinearConv", requantized, _run_conv()),
            _saturation("MatMulInteger", sum_, _run_matmul()),
        )
    )


@cache
def sums_saturate() -> bool:
    """Whether any probe's default sums are wrong on this machine; probed once in a process."""
    return any(probe.wrong for probe in probe_saturation())


def _saturation(operator: str, exact: int, outputs: np.ndarray) -> Saturation:
    values, counts = np.unique(outputs, return_counts=True)
    return Saturation(
        operator,
        wrong=int(np.count_nonzero(outputs != exact)),
        total=outputs.size,
        exact=exact,
        seen=int(values[counts.argmax()]),
    )


def _run_matmul() -> np.ndarray:
    x = np.full((SIDE, CHANNELS), ACTIVATION, np.uint8)
    constants = {"w": np.full((CHANNELS, FILTERS), WEIGHT, np.int8)}
    return _run("MatMulInteger", ["x", "w"], x, constants, "INT32")


def _run_conv() -> np.ndarray:
    """A 1x1 convolution: scales 1, zero-points 0, requantized by `OUTPUT_SCALE`."""
    x = np.full((1, CHANNELS, SIDE, SIDE), ACTIVATION, np.uint8)
    inputs = ["x", "one", "zero", "w", "one", "w_zero", "y_scale", "zero"]
    constants = {
        "w": np.full((FILTERS, CHANNELS, 1, 1), WEIGHT, np.int8),
        "one": np.float32(1),
        "zero": np.uint8(0),
        "w_zero": np.int8(0),
        "y_scale": np.float32(OUTPUT_SCALE),
    }
    return _run("QLinearConv", inputs, x, constants, "UINT8")


def _run(
    operator: str, inputs: list[str], x: np.ndarray, constants: dict[str, Any], output_type: str
) -> np.ndarray:
    """The output of one operator on `x` (UINT8), on one CPU thread of ONNX Runtime."""
    graph = helper.make_graph(
        [helper.make_node(operator, inputs, ["y"])],
        "probe",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.DataType.Value(output_type), None)],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = create_session(model.SerializeToString(), default_options(), "the probe")
    output: np.ndarray = session.run(None, {"x": x})[0]
    return output
