"""can_quantize: what becomes of each layer, said before any calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quantlab.base.report import Report
from quantlab.base.table import Column, Row, Table
from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.export.exporter import Exporter
from quantlab.deploy.export.trial_run import check_runs
from quantlab.methods.graph.batches import as_batch
from quantlab.methods.graph.operators import OnnxOperator, is_operator, operator_of, path_of
from quantlab.methods.graph.tracing import WAY
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.methods.recipe import Recipe

INT8, FLOAT, NO_FILE = "INT8", "float", "cannot be exported"


@dataclass(frozen=True, repr=False)
class QuantizationCheck(Report):
    """What `quantize_model` and `export_onnx` will do with a model.

    Parameters
    ----------
    layers : tuple of Row
        Of each operator: layer, operator, verdict ("INT8", "float" or "cannot be exported"), and
        the reason; in the order in which they run. Empty where the model cannot be traced.
    refusal : str or None
        Why there is no file, if no layer alone is the reason.
    way : str
        How the model was traced; "" where it was not.
    """

    layers: tuple[Row, ...]
    refusal: str | None
    way: str

    @property
    def possible(self) -> bool:
        """Whether the model can be quantized and exported."""
        return self.refusal is None and not self.count(NO_FILE)

    def count(self, verdict: str) -> int:
        """How many layers have a verdict."""
        return sum(row["verdict"] == verdict for row in self.layers)

    @property
    def summary(self) -> str:
        counts = f"{self.count(INT8)} layers INT8, {self.count(FLOAT)} float"
        if self.possible:
            return f"can be quantized: {counts}"
        return f"cannot be quantized: {counts}, {self.count(NO_FILE)} cannot be exported"

    def tables(self) -> tuple[Table, ...]:
        columns = (
            Column("layer", "layer"),
            Column("operator", "operator"),
            Column("becomes", "verdict"),
            Column("because", "reason"),
        )
        return (Table(columns, self.layers),)

    @property
    def notes(self) -> tuple[str, ...]:
        said = () if self.refusal is None else (self.refusal,)
        return (*said, f"Traced by {self.way}.") if self.way else said

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"possible": self.possible, "way": self.way, **super().to_dict()}


def can_quantize(
    model: Any,
    example: Any,
    recipe: Recipe = Recipe(),  # noqa: B008 - frozen
) -> QuantizationCheck:
    """Say of each layer whether it will be INT8, stay float, or keep the model from a file.

    The example is quantized and written down in memory, and ONNX Runtime runs it once: what is said
    is what `quantize_model` and `export_onnx` do. No calibration data are needed; the integers of
    this trial mean nothing.

    Parameters
    ----------
    model : torch.nn.Module or torch.export.ExportedProgram, which is not changed
    example : float32 tensor or array (N, C, H, W)
        Of the size that the model is used with; noise will do.
    recipe : Recipe

    Returns
    -------
    QuantizationCheck

    Raises
    ------
    TypeError
        `model` is no module, or `example` no float32 array.

    Examples
    --------
    `print(can_quantize(net, images))`
    """
    batch = as_batch(example, "example")
    try:
        quantized = quantize_model(model, [batch], recipe)
    except ValueError as error:
        return QuantizationCheck((), str(error), "")
    refused = Exporter(
        quantized.graph, quantized.placement, quantized.activations, quantized.weights
    ).refusals()
    refusal = None if refused else _why_no_file(quantized, len(batch))
    way = str(quantized.graph.meta.get(WAY, "the caller"))
    return QuantizationCheck(_rows(quantized, refused), refusal, way)


def _why_no_file(quantized: QuantizedModel, images: int) -> str | None:
    try:
        check_runs(build_onnx(quantized), images)
    except ValueError as error:
        return str(error)
    return None


def _rows(quantized: QuantizedModel, refused: Mapping[str, str]) -> tuple[Row, ...]:
    reasons = {layer.name: layer.reason for layer in quantized.float_layers}
    rows = []
    for node in quantized.graph.graph.nodes:
        if not is_operator(node):
            continue
        found = operator_of(quantized.graph, node)
        verdict = NO_FILE if node.name in refused else FLOAT if node.name in reasons else INT8
        rows.append(
            {
                "layer": path_of(node),
                "operator": found.kind if isinstance(found, OnnxOperator) else found.name,
                "verdict": verdict,
                "reason": refused.get(node.name) or reasons.get(node.name, ""),
            }
        )
    return tuple(rows)
