"""Which layers are sensitive? Quantize one alone, or keep one alone in float, and score the model.

"quantize one" says what a layer costs when all else is exact, "float one" what leaving it in float
would win back. They differ where errors meet: a layer may cost much alone and win little back,
because another one spoils the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx

from quantlab.analysis.float_layers import computing_layers, with_float_layers
from quantlab.analysis.model_pair import batches
from quantlab.analysis.plots.sensitivity import sensitivity_figure
from quantlab.analysis.tensor_error import NoiseSums, finite_or_none
from quantlab.base.progress import counting
from quantlab.base.report import Listing, Report
from quantlab.base.table import Column, Table
from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.onnx_graph.feeds import checked_feeds
from quantlab.deploy.runtime.session import open_session
from quantlab.methods.graph.layer_names import find_layers
from quantlab.methods.graph.operators import path_of
from quantlab.methods.quantized_model import QuantizedModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Scores a model; higher is better.
Score = Callable[[QuantizedModel], float]
#: The default score: see `layer_sensitivity`.
OUTPUT_ERROR = "negative output error (%)"
MODES = QUANTIZE_ONE, FLOAT_ONE = "quantize one", "float one"


@dataclass(frozen=True)
class LayerScore:
    """The model's score with one layer treated unlike all others.

    name, operator : str
        The layer, as every report names it, and its ONNX operator.
    score : float
        Higher is better.
    """

    name: str
    operator: str
    score: float


@dataclass(frozen=True, repr=False)
class Sensitivity(Report):
    """Scores layer by layer. `layers` are in order of computation, `ranking` in order of concern.

    mode : str
        "quantize one" or "float one".
    unit : str
        What a score is.
    float_score, int8_score : float
        The model with every layer in float, and with every layer quantized.
    interrupted : bool
        Ctrl-C came before all layers were scored; the layers that there are count.
    """

    mode: str
    unit: str
    float_score: float
    int8_score: float
    layers: tuple[LayerScore, ...]
    interrupted: bool

    @property
    def ranking(self) -> tuple[LayerScore, ...]:
        """The most sensitive layer first: the lowest score alone, or the highest when kept."""
        return tuple(sorted(self.layers, key=lambda r: r.score, reverse=self.mode == FLOAT_ONE))

    def change(self, row: LayerScore) -> float:
        """What the layer loses alone (0 or below), or wins back when kept, in the score's unit."""
        return row.score - (self.int8_score if self.mode == FLOAT_ONE else self.float_score)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, most sensitive first; an infinite score becomes None."""
        rows = [asdict(row) | {"score": finite_or_none(row.score)} for row in self.ranking]
        ends = (self.float_score, self.int8_score)
        return {
            "mode": self.mode,
            "unit": self.unit,
            "float_score": finite_or_none(ends[0]),
            "int8_score": finite_or_none(ends[1]),
            "interrupted": self.interrupted,
            "ranking": rows,
        }

    def plot(self, count: int = 20) -> Figure:
        """The `count` most sensitive layers as bars."""
        ranking = self.ranking
        return sensitivity_figure(
            [layer.name for layer in ranking],
            [layer.operator for layer in ranking],
            [layer.score for layer in ranking],
            alone=self.mode == QUANTIZE_ONE,
            float_score=self.float_score,
            int8_score=self.int8_score,
            unit=self.unit,
            count=count,
        )

    @property
    def summary(self) -> str:
        return f"{self.unit}: {self.float_score:.4g} in float, {self.int8_score:.4g} quantized"

    def tables(self) -> tuple[Table, ...]:
        """The ranking."""
        return (self._table(None),)

    @property
    def notes(self) -> tuple[str, ...]:
        what = "in integers, all others float" if self.mode == QUANTIZE_ONE else "in float"
        notes = [f"score: the model with this one layer {what}"]
        if self.interrupted:
            notes.append(f"Interrupted after {len(self.layers)} layers: the others are not ranked.")
        return tuple(notes)

    def first(self, count: int) -> Listing:
        """The `count` most sensitive layers."""
        left = len(self.layers) - count
        more = (f"... and {left} more",) if left > 0 else ()
        return Listing(self.summary, self._table(count), (*more, *self.notes))

    def _table(self, count: int | None) -> Table:
        rows = tuple(
            {**asdict(layer), "change": self.change(layer)} for layer in self.ranking[:count]
        )
        columns = (
            Column("layer", "name"),
            Column("operator", "operator"),
            Column("score", "score", ".4g"),
            Column("change", "change", "+.4g"),
        )
        return Table(columns, rows)


def layer_sensitivity(
    model: QuantizedModel,
    x: Any = None,
    *,
    mode: str = "quantize one",
    score: Score | None = None,
    unit: str = "score",
    layers: Sequence[str] | None = None,
    exact: bool = False,
    progress: bool = False,
) -> Sensitivity:
    """Score the model once a layer, with this layer treated unlike all others.

    Nothing is calibrated again: every variant reuses the rulers and integers of `model`.

    Parameters
    ----------
    model : QuantizedModel
    x : float32 array (N, C, H, W), optional
        Images for the default score: the error of all outputs that ONNX Runtime computes on this
        machine, root mean square, in percent of the root mean square of the float model's outputs;
        with a minus, so that higher is better. 0 in float, -10 where the SQNR is 20 dB. An SQNR
        itself would be infinite in float, and no layer's loss a number.
    mode : str
        "quantize one": one layer in integers, all others in float. "float one": one layer in
        float, all others in integers.
    score : callable QuantizedModel -> float, optional
        Higher is better, such as an accuracy. Called once a layer, and twice more.
    unit : str
        What your score is, for tables and figures.
    layers : sequence of str, optional
        Layers to score, by any of their names; by default all that compute on integers.
    exact : bool
        For the default score: sum products in 32 bits on every CPU (see `open_session`).
    progress : bool
        A bar on stderr.

    Returns
    -------
    Sensitivity
        Ctrl-C returns what has been scored so far.

    Raises
    ------
    ValueError
        Neither or both of x and score; an unknown mode or layer; a score that is NaN; no quantized
        layer.

    Examples
    --------
    `layer_sensitivity(quantized, images).first(10)`
    """
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}, but there are {' and '.join(map(repr, MODES))}.")
    every = tuple(computing_layers(model))
    in_float = {
        name: [other for other in every if (other == name) == (mode == FLOAT_ONE)]
        for name in _names(model, layers)
    }
    return _sensitivity(mode, model, in_float, scorer_of(model, x, score, unit, exact), progress)


def _sensitivity(
    mode: str,
    model: QuantizedModel,
    float_layers: dict[str, list[str]],
    scorer: tuple[Score, str],
    progress: bool,
) -> Sensitivity:
    score, unit = scorer
    operators = computing_layers(model)
    float_score = _number(score(with_float_layers(model, operators)), "all layers in float")
    int8_score = _number(score(model), "all layers quantized")
    rows: list[LayerScore] = []
    interrupted = False
    try:
        with counting(mode, len(float_layers), progress) as done:
            for name, floats in float_layers.items():
                value = _number(score(with_float_layers(model, floats)), name)
                rows.append(LayerScore(name, operators[name], value))
                done()
    except KeyboardInterrupt:
        interrupted = True
    return Sensitivity(mode, unit, float_score, int8_score, tuple(rows), interrupted)


def scorer_of(
    model: QuantizedModel, x: Any, score: Score | None, unit: str, exact: bool
) -> tuple[Score, str]:
    """The function that scores a variant, and its unit."""
    if (x is None) == (score is None):
        raise ValueError(
            "pass either images x, for the error of the outputs, or a score of your own: "
            f"{'neither' if x is None else 'both'} of them is given."
        )
    if score is not None:
        return score, unit
    expected = list(_outputs(build_onnx(model.graph), x))

    def output_error(variant: QuantizedModel) -> float:
        sums = NoiseSums()
        for batch, reference in zip(_outputs(build_onnx(variant), x, exact), expected, strict=True):
            for output, wanted in zip(batch, reference, strict=True):
                sums.add(output, wanted)
        return 0.0 - 100 * sums.relative_error

    return output_error, OUTPUT_ERROR


def _outputs(model: onnx.ModelProto, x: Any, exact: bool = False) -> Iterator[list[np.ndarray]]:
    """The model's outputs batch by batch."""
    session = open_session(model, exact=exact)
    return (session.run(None, checked_feeds(session, batch)) for batch in batches(model, x))


def _names(model: QuantizedModel, layers: Sequence[str] | None) -> tuple[str, ...]:
    known = computing_layers(model)
    if layers is None:
        return tuple(known)
    nodes = {node.name: path_of(node) for node in model.graph.graph.nodes}
    chosen = {
        name: [nodes[n] for n in find_layers(model.graph, [name], "layers") if nodes[n] in known]
        for name in layers
    }
    unknown = [name for name, found in chosen.items() if not found]
    if unknown or not chosen:
        raise ValueError(
            f"layers names {', '.join(map(repr, unknown)) or 'nothing'}, but what can be scored "
            f"are layers that compute on integers: {', '.join(list(known)[:5]) or 'here none'}"
            f"{', ...' if len(known) > 5 else ''}."
        )
    return tuple(dict.fromkeys(name for found in chosen.values() for name in found))


def _number(value: Any, what: str) -> float:
    number = float(value)
    if np.isnan(number):
        raise ValueError(
            f"the score is nan with {what}, but layers are ranked by numbers: let the score say "
            "how bad that is."
        )
    return number
