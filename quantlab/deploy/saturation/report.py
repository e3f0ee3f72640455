"""What a CPU without VNNI makes of a model: where sums saturate, and what that does to outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from quantlab.base.report import Report
from quantlab.base.table import Table
from quantlab.deploy.onnx_graph.feeds import checked_feeds
from quantlab.deploy.onnx_graph.graph import read_graph
from quantlab.deploy.onnx_graph.layer_labels import layer_labels
from quantlab.deploy.onnx_graph.load import AnyModel
from quantlab.deploy.runtime.session import open_session
from quantlab.deploy.saturation.changes import (
    LayerSaturation,
    OutputChange,
    has_classes,
    layer_saturation,
    output_change,
)
from quantlab.deploy.saturation.tables import layer_table, sentences
from quantlab.deploy.simulator.execute import execute
from quantlab.deploy.simulator.inputs import ModelInputs
from quantlab.deploy.simulator.pairs import count_pairs
from quantlab.deploy.simulator.recognize import plan_of
from quantlab.deploy.simulator.refusals import refuse_float
from quantlab.deploy.simulator.simulate import as_qdq

if TYPE_CHECKING:
    from quantlab.methods.quantized_model import QuantizedModel

#: Output name to what exact and saturating sums make of it.
Outputs = dict[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, repr=False)
class SaturationReport(Report):
    """A model on a CPU that adds in 32 bits, and on one without VNNI.

    Attributes
    ----------
    layers : tuple of LayerSaturation
        Every Conv, Gemm and MatMul that is computed on integers, in order.
    outputs : tuple of OutputChange
        Every float output of the model.
    """

    layers: tuple[LayerSaturation, ...]
    outputs: tuple[OutputChange, ...]

    @property
    def pairs(self) -> int:
        """How many pairs of products a CPU without VNNI adds in 16 bits."""
        return sum(layer.pairs for layer in self.layers)

    @property
    def at_risk(self) -> int:
        """How many of them leave INT16."""
        return sum(layer.at_risk for layer in self.layers)

    @property
    def summary(self) -> str:
        """What happens to pairs of products."""
        return sentences(self.layers, self.outputs)[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """What that does to outputs, top-1 and accuracy, and what helps."""
        return tuple(sentences(self.layers, self.outputs)[1:])

    def tables(self) -> tuple[Table, ...]:
        return (layer_table(self.layers),)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "pairs": self.pairs,
            "at_risk": self.at_risk,
            "layers": [{**asdict(layer), "share": layer.share} for layer in self.layers],
            "outputs": [output.to_dict() for output in self.outputs],
        }


def saturation_report(
    model: AnyModel | QuantizedModel, x: Any, *, labels: Any = None
) -> SaturationReport:
    """Predict, on any machine, what an x86 CPU without VNNI makes of a QDQ model.

    Such a CPU adds pairs of UINT8 x INT8 products in 16 bits, which stop at the ends of INT16. The
    model is simulated twice on the same input, with sums of 32 bits and so. Each layer of the
    second run reads what the layers before it made of the input: changes accumulate.
    `probe_saturation` says whether this machine is such a CPU.

    Parameters
    ----------
    model : path of an .onnx file, onnx.ModelProto, or QuantizedModel
        As for `simulate`.
    x : array, or mapping of input name to array, or a list of these
        As for `simulate`, float32 (N, C, H, W) for an image model. A list is run batch by batch:
        memory holds all tensors of one batch.
    labels : integer array (N,), optional
        The right class of each row of all batches, for the accuracies of every (N, classes)
        output.

    Returns
    -------
    SaturationReport

    Raises
    ------
    ValueError
        As `simulate` and `open_session`; no quantized tensors; no batches; labels that do not fit.
    OSError
        As `simulate`.

    Examples
    --------
    >>> from onnx import parser
    >>> text = '''<ir_version: 10, opset_import: ["" : 21]> net (float[N, 4] x) => (float[N, 1] y)
    ... <float s = {1.0}, uint8 z = {0}, int8 wz = {0}, int8[4, 1] w_q = {127, 127, 1, 1}> {
    ...     x_q = QuantizeLinear(x, s, z)
    ...     x_d = DequantizeLinear(x_q, s, z)
    ...     w = DequantizeLinear(w_q, s, wz)
    ...     y = MatMul(x_d, w)
    ... }'''
    >>> report = saturation_report(parser.parse_model(text), np.full((1, 4), 255, np.float32))
    >>> report.at_risk, report.pairs
    (1, 2)
    >>> report.outputs[0].largest  # 2 * 255 * 127 = 64,770 stops at 32,767
    32003.0
    """
    proto = as_qdq(model)
    open_session(proto)  # what the runtime refuses has no integers on any CPU
    refuse_float(proto)
    runner = _Runner(proto)
    batches = x if isinstance(x, list | tuple) else [x]
    if not batches:
        raise ValueError("x is an empty list, but a prediction needs input: pass a batch or more.")
    layers, runs = zip(*(runner.run(batch) for batch in batches), strict=True)
    return SaturationReport(
        layers=tuple(reduce(add, of_batches) for of_batches in zip(*layers, strict=True)),
        outputs=_compared(runs, labels),
    )


class _Runner:
    """Both plans of a model, recognized once for all batches."""

    def __init__(self, proto: onnx.ModelProto) -> None:
        self.inputs = ModelInputs(proto)
        self.labels = layer_labels(proto, read_graph(proto))
        self.exact, self.saturating = plan_of(proto), plan_of(proto, exact=False)

    def run(self, x: Any) -> tuple[list[LayerSaturation], Outputs]:
        """Every layer of one batch, and every float output in both versions."""
        feeds = checked_feeds(self.inputs, x)
        exact, saturating = execute(self.exact, feeds), execute(self.saturating, feeds)
        layers = [
            layer_saturation(
                layer.node.name,
                self.labels[layer.node.name],
                layer.node.operator,
                count_pairs(layer, saturating),
                exact[layer.target],
                saturating[layer.target],
            )
            for layer in self.saturating.weighted
        ]
        floats = [name for name in self.exact.outputs if exact[name].dtype.kind == "f"]
        return layers, {name: (exact[name], saturating[name]) for name in floats}


def _compared(batches: Sequence[Outputs], labels: Any) -> tuple[OutputChange, ...]:
    if labels is not None and not any(has_classes(exact) for exact, _ in batches[0].values()):
        raise ValueError(
            "labels were given, but no output of the model is float of shape (N, classes): "
            "leave labels out."
        )
    changes = []
    for name in batches[0]:
        exact, saturating = zip(*(batch[name] for batch in batches), strict=True)
        changes.append(output_change(name, exact, saturating, labels))
    return tuple(changes)
