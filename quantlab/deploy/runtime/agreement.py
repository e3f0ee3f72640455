"""Whether ONNX Runtime computed the same integers as our simulator, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.base.table_text import text_of
from quantlab.deploy.onnx_graph.load import AnyModel
from quantlab.deploy.onnx_graph.qoperators import in_qdq_format
from quantlab.deploy.runtime.tensors import runtime_tensors
from quantlab.deploy.simulator.refusals import refuse_float
from quantlab.deploy.simulator.simulate import Simulation, as_proto, simulate

if TYPE_CHECKING:
    from quantlab.methods.quantized_model import QuantizedModel


@dataclass(frozen=True)
class LayerAgreement:
    """One quantized tensor, compared.

    Attributes
    ----------
    name, operator : str
        The node that makes the tensor. In a model from `export_onnx` the name is torch.fx's.
    values : int
        How many integers were compared.
    mismatches : int
        How many of them differ.
    largest : int
        By how many LSB the worst one differs; 0 where all are equal.
    """

    name: str
    operator: str
    values: int
    mismatches: int
    largest: int


@dataclass(frozen=True, repr=False)
class Agreement(Report):
    """Every quantized tensor of a model, compared.

    Attributes
    ----------
    layers : tuple of LayerAgreement
        In the order in which they are computed: what comes before a mismatch may be its cause,
        what comes after inherits it.
    """

    layers: tuple[LayerAgreement, ...]

    @property
    def values(self) -> int:
        """How many integers were compared."""
        return sum(layer.values for layer in self.layers)

    @property
    def mismatches(self) -> int:
        """How many of them differ."""
        return sum(layer.mismatches for layer in self.layers)

    @property
    def largest(self) -> int:
        """By how many LSB the worst one differs."""
        return max((layer.largest for layer in self.layers), default=0)

    @property
    def first(self) -> LayerAgreement | None:
        """The earliest layer that differs; None where none does."""
        return next((layer for layer in self.layers if layer.mismatches), None)

    @property
    def summary(self) -> str:
        """One line: how many integers, how many differ, where first."""
        counted = f"{self.mismatches:,} of {self.values:,} integers differ"
        if self.first is None:
            return f"{counted}; layers compared: {len(self.layers)}."
        differing = sum(layer.mismatches > 0 for layer in self.layers)
        return (
            f"{counted}, in {differing} of {len(self.layers)} layers, by at most "
            f"{self.largest} LSB; first in {self.first.name} ({self.first.operator})."
        )

    def tables(self) -> tuple[Table, ...]:
        columns = (
            Column("layer", "name"),
            Column("operator", "operator"),
            Column("values", "values", ","),
            Column("mismatches", "mismatches", ","),
            Column("largest LSB", "largest", ","),
        )
        differing = frozenset(i for i, layer in enumerate(self.layers) if layer.mismatches)
        return (Table(columns, tuple(map(asdict, self.layers)), strong=differing),)

    def __str__(self) -> str:
        """The table as text; the last line is the sum of it, where a terminal leaves the eye."""
        return "\n\n".join(filter(None, (text_of("", self.tables(), self.notes), self.summary)))


def compare_with_runtime(
    model: AnyModel | QuantizedModel, x: Any, *, exact: bool = True
) -> Agreement:
    """Run a quantized model in ONNX Runtime and in our simulator, and compare its integers.

    ONNX Runtime runs the file as it is. One in QOperator format is said in QDQ format for the
    simulator alone.

    Parameters
    ----------
    model : path of an .onnx file, onnx.ModelProto, or QuantizedModel
    x : array, or mapping of input name to array
        As for `simulate`.
    exact : bool
        Add products in 32 bits on both sides, on every CPU. False: compare the saturating
        simulation with a session as it is by default, equal on an x86 CPU without VNNI.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError, OSError
        As `simulate` and `runtime_tensors` do; a model without quantized tensors.
    """
    proto = as_proto(model)
    theirs = runtime_tensors(proto, x, exact=exact)
    refuse_float(in_qdq_format(proto))
    return agreement(simulate(proto, x, exact=exact), theirs.tensors)


def agreement(simulation: Simulation, theirs: Mapping[str, np.ndarray]) -> Agreement:
    """Compare a simulation with integers that were computed elsewhere, by the tensors' names."""
    return Agreement(
        tuple(
            _compared(layer.name, layer.operator, simulation.tensors[tensor], theirs[tensor])
            for tensor, layer in simulation.layers.items()
        )
    )


def _compared(name: str, operator: str, ours: np.ndarray, theirs: np.ndarray) -> LayerAgreement:
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        raise ValueError(
            f"layer {name!r} ({operator}) is {ours.dtype} of shape {ours.shape} here and "
            f"{theirs.dtype} of shape {theirs.shape} there: compare runs of one model on one input."
        )
    # 16-bit integers differ by less than 2^16: int32 holds that.
    apart = np.abs(ours.astype(np.int32) - theirs.astype(np.int32))
    return LayerAgreement(name, operator, ours.size, int((apart > 0).sum()), int(apart.max()))
