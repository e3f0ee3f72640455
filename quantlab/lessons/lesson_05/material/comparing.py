"""Integers beside integers: how many differ, and by how much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import onnx

from quantlab.base.progress import counting
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.deploy import runtime_tensors
from quantlab.lessons.lesson_05.material.layers import IntegerLayer
from quantlab.numerics import QParams
from quantlab.numerics.ops import conv, requantize

CONTRACTS = ("onnx", "gemmlowp", "tflite")


@dataclass(frozen=True)
class Row:
    """One comparison: `differ` of `values` integers, by at most `largest`."""

    name: str
    values: int
    differ: int
    largest: int

    @classmethod
    def of(cls, name: str, one: np.ndarray, other: np.ndarray) -> Row:
        """ValueError for arrays of another shape or type: they are no two answers to one question.

        A learner's own layer comes in here.
        """
        one = np.asarray(one)
        if one.shape != other.shape or one.dtype != other.dtype:
            raise ValueError(
                f"{name}: your layer writes {one.dtype} of shape {one.shape}, the runtime "
                f"{other.dtype} of shape {other.shape}: check the window, the stride and the cast."
            )
        apart = np.abs(one.astype(np.int32) - other.astype(np.int32))
        return cls(name, one.size, int(np.count_nonzero(apart)), int(apart.max()))


@dataclass(frozen=True, repr=False)
class Comparison(Report):
    """Rows of one kind. `what` names their first column; `title` replaces the totals."""

    what: str
    compared: tuple[Row, ...]
    title: str = ""

    @property
    def values(self) -> int:
        """How many integers were compared."""
        return sum(row.values for row in self.compared)

    @property
    def differ(self) -> int:
        """How many of them differ."""
        return sum(row.differ for row in self.compared)

    @property
    def summary(self) -> str:
        if self.title:
            return self.title
        largest = max(row.largest for row in self.compared)
        by = f", by {largest} at most" if largest else ""
        return f"{self.differ:,} of {self.values:,} integers differ{by}"

    def tables(self) -> tuple[Table, ...]:
        columns = (
            Column(self.what, "name"),
            Column("integers", "values", ","),
            Column("differ", "differ", ","),
            Column("largest difference", "largest", ","),
        )
        strong = frozenset(i for i, row in enumerate(self.compared) if row.differ)
        return (Table(columns, tuple(map(asdict, self.compared)), strong=strong),)


def numpy_layer(
    x_q: np.ndarray, x_zero_point: int, w_q: np.ndarray, bias_q: np.ndarray,
    multiplier: np.ndarray, y_zero_point: int, stride: int, pad: int,
) -> np.ndarray:  # fmt: skip
    """`ops.conv` in the words of the lesson: with scales of 1, the multiplier says it all."""
    x, y = QParams(1.0, x_zero_point, "uint8"), QParams(1.0, y_zero_point, "uint8")
    w = QParams(multiplier, np.zeros(len(multiplier), int), "int8", axis=0)
    return conv(x_q, x, w_q, w, y, bias_q, strides=stride, pads=pad)


def compare_layers(
    layers: Sequence[IntegerLayer], function: Callable[..., np.ndarray]
) -> Comparison:
    """`function(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad)`, layer by
    layer, beside what ONNX Runtime wrote."""
    rows = []
    with counting("layers", len(layers), shown=True) as count:
        for at in layers:
            zeros = int(at.x.zero_point), int(at.y.zero_point)
            mine = function(
                at.x_q, zeros[0], at.w_q, at.bias_q, at.multiplier, zeros[1], at.stride, at.pad
            )
            rows.append(Row.of(at.name, mine, at.y_q))
            count(at.name)
    return Comparison("layer", tuple(rows))


def compare_contracts(layer: IntegerLayer) -> Comparison:
    """One layer's int32 sums, requantized by each contract beside `onnxruntime`."""
    sums = layer.accumulators()
    made = {
        name: requantize(sums, layer.x, layer.w, layer.y, contract=name, axis=1)
        for name in ("onnxruntime", *CONTRACTS)
    }
    rows = [
        Row.of(f"{name} beside onnxruntime", made[name], made["onnxruntime"]) for name in CONTRACTS
    ]
    rows.append(Row.of("tflite beside onnx", made["tflite"], made["onnx"]))
    return Comparison(
        "contract", tuple(rows), f"The sums of {layer.name}, finished by each contract"
    )


def compare_sessions(model: onnx.ModelProto, x: np.ndarray) -> Comparison:
    """Every quantized tensor of a default session beside that of an exact one, on this CPU."""
    default, exact = (runtime_tensors(model, x, exact=sums).tensors for sums in (False, True))
    return Comparison("tensor", tuple(Row.of(n, default[n], exact[n]) for n in exact))
