"""Where the error comes from: every layer alone, and what has accumulated when it is reached.

`isolated` runs one layer in integers on the float model's own tensors: what this layer adds.
`accumulated` compares the whole integer model with the float model: what has come together so far.
A layer that is bad alone needs another ruler; one that is fine alone only hands on what it got.
Both are the integers of ONNX Runtime on this machine, not of a simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from quantlab.analysis.compared_tensors import ComparedTensor, compared_tensors
from quantlab.analysis.isolate import alone_name, given_name, isolate_layers
from quantlab.analysis.model_pair import model_pair
from quantlab.analysis.plots.layer_error import error_histogram_figure, layer_error_figure
from quantlab.analysis.reference_tensors import ReferenceTensors
from quantlab.analysis.tensor_error import (
    EDGES,
    ErrorSums,
    NoiseSums,
    TensorError,
    clipped_share,
    finite_or_none,
)
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.deploy.runtime.create_session import run_session
from quantlab.deploy.runtime.session import open_session
from quantlab.deploy.runtime.tensors import TensorSession
from quantlab.numerics import dequantize

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ORDERS = ("isolated", "accumulated")


@dataclass(frozen=True, repr=False)
class LayerError(Report):
    """One quantized tensor and the operator that makes it.

    name, operator : str
        The layer, as every report names it, and its ONNX operator; "input" is the model's input,
        with no operator before its ruler.
    tensor : str
        The tensor's own name: in a model from export_onnx that of the node in torch.fx.
    scale : float
        One LSB of the tensor, in its own unit.
    isolated, accumulated : TensorError
        The layer alone on float inputs, and as part of the whole integer model.
    clipped : float
        Share of the float values more than half a step beyond the ruler's ends, 0 to 1.
    """

    name: str
    tensor: str
    operator: str
    scale: float
    isolated: TensorError
    accumulated: TensorError
    clipped: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        errors = {order: getattr(self, order).to_dict() for order in ORDERS}
        return {**vars(self), **errors}

    def plot(self) -> Figure:
        """Histograms of both errors in LSB."""
        both = self.isolated, self.accumulated
        return error_histogram_figure(
            self.name,
            self.operator,
            EDGES,
            (both[0].counts, both[1].counts),
            (both[0].rms_lsb, both[1].rms_lsb),
            (both[0].max_lsb, both[1].max_lsb),
            scale=self.scale,
            clipped=self.clipped,
        )

    @property
    def summary(self) -> str:
        return (
            f"{self.name} ({self.operator}), 1 LSB = {self.scale:.3g}, {self.clipped:.3%} clipped"
        )

    def tables(self) -> tuple[Table, ...]:
        rows = tuple(
            {"which": name, **{k: v for k, v in vars(error).items() if k != "counts"}}
            for name, error in (("alone", self.isolated), ("accumulated", self.accumulated))
        )
        columns = (
            Column("", "which"),
            Column("SQNR (dB)", "sqnr_db", ".1f"),
            Column("max error (LSB)", "max_lsb", ".2f"),
            Column("rms error (LSB)", "rms_lsb", ".2f"),
            Column("mean error (LSB)", "mean_lsb", "+.2f"),
            Column("values", "values", ","),
        )
        return (Table(columns, rows),)


@dataclass(frozen=True, repr=False)
class LayerErrors(Report):
    """Every quantized tensor in the order of computation, and the outputs.

    outputs : tuple of (name, dB)
        SQNR of each model output against the float model's.
    images : int
        How many images were compared.
    """

    layers: tuple[LayerError, ...]
    outputs: tuple[tuple[str, float], ...]
    images: int

    def __getitem__(self, name: str) -> LayerError:
        for layer in self.layers:
            if name in (layer.name, layer.tensor):
                return layer
        raise KeyError(f"{name!r} is no quantized layer here: see [l.name for l in errors.layers]")

    def worst(self, order: str = "isolated", count: int = 5) -> tuple[LayerError, ...]:
        """The `count` layers of lowest SQNR, "isolated" or "accumulated", the worst first."""
        if order not in ORDERS:
            raise ValueError(f"order is {order!r}, but there are {', '.join(ORDERS)}: name one.")
        ranked = sorted(self.layers, key=lambda layer: getattr(layer, order).sqnr_db)
        return tuple(ranked[:count])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "images": self.images,
            "outputs": {name: finite_or_none(db) for name, db in self.outputs},
            "layers": [layer.to_dict() for layer in self.layers],
        }

    def plot(self) -> Figure:
        """SQNR of every layer, alone and accumulated."""
        return layer_error_figure(
            [layer.name for layer in self.layers],
            [layer.operator for layer in self.layers],
            [layer.isolated.sqnr_db for layer in self.layers],
            [layer.accumulated.sqnr_db for layer in self.layers],
            dict(self.outputs),
        )

    @property
    def summary(self) -> str:
        outputs = ", ".join(f"output {name}: {db:.1f} dB" for name, db in self.outputs)
        return f"{len(self.layers)} layers on {self.images} images; {outputs}"

    def tables(self) -> tuple[Table, ...]:
        """One row a layer: dB, largest and mean error in LSB, clipped share."""
        rows = tuple(
            {
                "name": layer.name,
                "operator": layer.operator,
                "alone_db": layer.isolated.sqnr_db,
                "all_db": layer.accumulated.sqnr_db,
                "alone_max_lsb": layer.isolated.max_lsb,
                "all_max_lsb": layer.accumulated.max_lsb,
                "alone_mean_lsb": layer.isolated.mean_lsb,
                "all_mean_lsb": layer.accumulated.mean_lsb,
                "clipped_percent": 100 * layer.clipped,
            }
            for layer in self.layers
        )
        errors = [
            Column(f"{what} {which}", f"{which}_{key}", spec)
            for what, key, spec in (
                ("SQNR (dB)", "db", ".1f"),
                ("max error (LSB)", "max_lsb", ".2f"),
                ("mean error (LSB)", "mean_lsb", "+.2f"),
            )
            for which in ("alone", "all")
        ]
        names = Column("layer", "name"), Column("operator", "operator")
        return (Table((*names, *errors, Column("clipped (%)", "clipped_percent", ".3f")), rows),)

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"alone: one layer in integers; all: the model. {self.images} images.",)


def layer_errors(model: Any, x: Any, reference: Any = None, *, exact: bool = False) -> LayerErrors:
    """Compare every quantized tensor of a model with the float model's, alone and accumulated.

    Streams: the tensors of a few images are held, of large ones of one image, however many there
    are.

    Parameters
    ----------
    model : QuantizedModel, path of a QDQ .onnx file, or onnx.ModelProto
    x : float32 array (N, C, H, W), at least one image
    reference : path, onnx.ModelProto or torch model, optional
        The float model, with the same tensor names. A QuantizedModel brings its own: the folded
        graph, with equalized or corrected parameters where its recipe asks for them.
    exact : bool
        Sum products in 32 bits on every CPU (see `open_session`). The default is what this
        machine's fastest kernels do, saturation included.

    Returns
    -------
    LayerErrors

    Raises
    ------
    ValueError
        A model without quantized tensors, no reference for a file, names that do not match, x that
        does not fit.

    Examples
    --------
    `errors = layer_errors("net_int8.onnx", x, "net.onnx"); print(errors); errors.plot()`
    """
    quantized, floating = model_pair(model, reference, x)
    tensors = compared_tensors(quantized, floating)
    observed = _Observed(quantized, floating, tensors, exact)
    for batch in observed.reference.batches(quantized, x):
        observed.add(batch)
    return observed.result()


class _Observed:
    """The two models, the cut one, and the sums over what they have computed so far."""

    def __init__(
        self,
        quantized: onnx.ModelProto,
        floating: onnx.ModelProto,
        tensors: tuple[ComparedTensor, ...],
        exact: bool,
    ) -> None:
        self.quantized, self.tensors = quantized, tensors
        self.reference = ReferenceTensors(floating, [t.reference for t in tensors])
        self.alone = open_session(isolate_layers(quantized, tensors), exact=exact)
        self.whole = TensorSession(quantized, exact=exact)
        self.sums = {t.name: {order: ErrorSums(t.qparams) for order in ORDERS} for t in tensors}
        self.clipped = dict.fromkeys(self.sums, 0.0)
        self.outputs = {entry.name: NoiseSums() for entry in quantized.graph.output}
        self.images = 0

    def add(self, x: np.ndarray) -> None:
        given, wanted = self.reference(x)
        names = [alone_name(t) for t in self.tensors]
        feeds = {given_name(t): given[t.reference] for t in self.tensors}
        alone = run_session(self.alone, feeds | {self.quantized.graph.input[0].name: x}, names)
        whole = self.whole(x)
        for tensor, isolated in zip(self.tensors, alone, strict=True):
            expected = given[tensor.reference]
            accumulated = dequantize(whole.tensors[tensor.integers], tensor.qparams)
            for order, real in zip(ORDERS, (isolated, accumulated), strict=True):
                self.sums[tensor.name][order].add(real, expected)
            self.clipped[tensor.name] += len(x) * clipped_share(expected, tensor.qparams)
        for (name, real), expected in zip(whole.outputs.items(), wanted, strict=True):
            self.outputs[name].add(real, expected)
        self.images += len(x)

    def result(self) -> LayerErrors:
        layers = tuple(
            LayerError(
                name=t.layer,
                tensor=t.name,
                operator=t.operator,
                scale=float(t.qparams.scale),
                isolated=self.sums[t.name]["isolated"].result(),
                accumulated=self.sums[t.name]["accumulated"].result(),
                clipped=self.clipped[t.name] / self.images,
            )
            for t in self.tensors
        )
        outputs = tuple((name, sums.sqnr_db) for name, sums in self.outputs.items())
        return LayerErrors(layers, outputs, self.images)
