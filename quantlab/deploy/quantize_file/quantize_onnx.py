"""quantize_onnx: a float .onnx file and a few batches in, a quantized file out."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from quantlab.base.atomic import replacing
from quantlab.base.report import Report
from quantlab.base.table import Column, Row, Table
from quantlab.deploy.export.activation_type import shifted, signed_by_default
from quantlab.deploy.onnx_graph.graph import HELD, Graph, read_graph
from quantlab.deploy.onnx_graph.load import load_model
from quantlab.deploy.onnx_graph.opset import OTHER_WIDTHS, PER_CHANNEL
from quantlab.deploy.quantize_file.normal_form import normal_form
from quantlab.deploy.quantize_file.observe import Feeds, observe
from quantlab.deploy.quantize_file.placement import FilePlacement, find_nodes, place_in_file
from quantlab.deploy.quantize_file.qdq_writer import QDQWriter, layers_with_weights
from quantlab.deploy.quantize_file.tensor_types import tensor_types
from quantlab.deploy.runtime.create_session import run_session
from quantlab.deploy.runtime.session import open_session
from quantlab.methods.graph.calibration_data import calibration_batches
from quantlab.methods.graph.layer_names import INPUT
from quantlab.methods.recipe import Recipe
from quantlab.methods.rule import Rule

#: What a recipe may ask for that starts from a torch model.
NEEDS_TORCH = ("equalize", "bias_correction", "learned_rounding", "training")
#: Reasons in one sentence.
SHOWN = 3


@dataclass(frozen=True, repr=False)
class QuantizedFile(Report):
    """What `quantize_onnx` wrote.

    Attributes
    ----------
    path : Path
    recipe : Recipe
    layers : tuple of mappings
        One a node that writes float numbers in the float file: node, operator, weights (dtype and
        granularity) and bytes, dtype and range of its output, and why it stays float.
    """

    path: Path
    recipe: Recipe
    layers: tuple[Row, ...]

    @property
    def float_layers(self) -> tuple[Row, ...]:
        """The nodes that stay float: each with its `reason`."""
        return tuple(row for row in self.layers if row["reason"])

    @property
    def summary(self) -> str:
        weighted = [row for row in self.layers if row["weights"]]
        widths = sorted({row["weights"].split()[0] for row in weighted})
        return (
            f"{len(weighted)} layers with {' and '.join(widths) or 'no'} weights, "
            f"{len(self.float_layers)} of {len(self.layers)} nodes stay float, "
            f"{self.path.stat().st_size:,} bytes"
        )

    @property
    def notes(self) -> tuple[str, ...]:
        return ("Rulers, integers and their places are quantlab's; ONNX Runtime ran the batches.",)

    def tables(self) -> tuple[Table, ...]:
        columns = (
            Column("node", "layer"),
            Column("operator", "operator"),
            Column("weights", "weights"),
            Column("output", "output"),
            Column("range", ("low", "high"), ".4g"),
            Column("stays float because", "reason"),
        )
        return (Table(columns, self.layers),)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: what is shown, and the recipe."""
        return {**super().to_dict(), "recipe": self.recipe.to_dict()}


def quantize_onnx(
    source: str | os.PathLike[str],
    calibration: Any,
    target: str | os.PathLike[str],
    recipe: Recipe = Recipe(),  # noqa: B008 - frozen
    *,
    progress: bool = False,
) -> QuantizedFile:
    """Quantize a float .onnx file of whatever origin, by the recipe that torch models take.

    Constants and BatchNorm are folded, rulers are laid where ONNX Runtime has integer kernels,
    quantlab's observers watch every tensor while ONNX Runtime runs the calibration batches, and
    weights and biases are written as integers. What stays float is kept so in the runtime, too, and
    named with the reason. The file is opened and run once before it is written.

    Where there is a torch model, `quantize_model` can do more: equalize, correct biases, learn the
    rounding, train.

    Parameters
    ----------
    source : path of an .onnx file
        In float32, opset 11 or later, weights in it or beside it; any number of inputs.
    calibration : iterable of float32 arrays (N, C, H, W); one of them; or a split
        As for `quantize_model`. A model with several inputs takes batches that map names to arrays.
        Batches are cut where the file fixes how many images it reads.
    target : path
        Written under a temporary name first: there is never half a file.
    recipe : Recipe
        `keep_float` and `layers` name nodes of the file, or the beginning of their paths; `tensors`
        names inputs, nodes or tensors.
    progress : bool
        Show a bar on stderr.

    Returns
    -------
    QuantizedFile

    Raises
    ------
    TypeError
        A validation or test split, or no batches.
    ValueError
        The recipe asks for what needs a torch model, or names what is not there; the file is
        quantized already, has nothing to quantize, or is refused by ONNX Runtime.
    OSError
        A file cannot be read or written.

    Examples
    --------
    `print(quantize_onnx("net.onnx", batches, "net_int8.onnx"))`
    """
    _check(recipe)
    batches = calibration_batches(calibration)
    model = normal_form(load_model(source), _opset_for(recipe))
    graph = read_graph(model)
    placement = place_in_file(graph, tensor_types(model), recipe)
    rules = _weight_rules(graph, placement, recipe)
    if not placement.quantized:
        raise ValueError(_nothing(Path(source).name, placement))
    observers = {n: r.make_observer() for n, r in _rules(graph, placement, recipe).items()}
    qparams, first = observe(model, observers, batches, progress=progress)
    writer = QDQWriter(model, placement, shifted(qparams, signed_by_default()), rules)
    made = writer.model()
    _run_once(made, first)
    with replacing(target) as temporary:
        temporary.write_bytes(made.SerializeToString())
    return QuantizedFile(Path(target), recipe, tuple(_rows(graph, placement, writer)))


def _check(recipe: Recipe) -> None:
    asked = [name for name in NEEDS_TORCH if getattr(recipe, name)]
    if asked:
        raise ValueError(
            f"the recipe asks for {' and '.join(asked)}, which starts from a torch model: leave it "
            "out for an .onnx file, or pass the torch model to quantize_model."
        )
    for what, rules, widths in (
        ("weights", [recipe.weights, *recipe.layers.values()], HELD),
        (
            "activations",
            [recipe.activations, *recipe.tensors.values()],
            [name for name in HELD if "4" not in name],
        ),
    ):
        for rule in rules:
            if rule.dtype not in widths or (what == "activations" and rule.narrow):
                raise ValueError(
                    f"the recipe has {what} of {rule.dtype}{' narrow' if rule.narrow else ''}, but "
                    f"the file holds {what} of {', '.join(widths)} in their whole range."
                )


def _opset_for(recipe: Recipe) -> int:
    rules = [recipe.weights, recipe.activations, *recipe.layers.values(), *recipe.tensors.values()]
    wide = any(rule.dtype not in ("int8", "uint8") for rule in rules)
    return OTHER_WIDTHS if wide else PER_CHANNEL


def _weight_rules(graph: Graph, placement: FilePlacement, recipe: Recipe) -> dict[str, Rule]:
    rules = {node.name: recipe.weights for node in layers_with_weights(graph, placement)}
    for node, name in find_nodes(graph, recipe.layers, "layers").items():
        if node in rules:
            rules[node] = recipe.layers[name]
        elif node == name:
            raise ValueError(
                f"layers names {name!r}, but it has no weights to quantize or stays float: name a "
                "convolution or linear layer that is not in keep_float."
            )
    return rules


def _rules(graph: Graph, placement: FilePlacement, recipe: Recipe) -> dict[str, Rule]:
    """The rule of every tensor with a ruler of its own."""
    rules = dict.fromkeys(placement.own, recipe.activations)
    outputs = {node.name: node.outputs[0] for node in graph.nodes}
    for name, rule in recipe.tensors.items():
        node = placement.fused.get(name, name)  # its output is on the ruler that does its Relu
        asked = graph.inputs if name == INPUT else (outputs.get(node, name),)
        if rules.keys().isdisjoint(asked):
            raise ValueError(
                f"tensors names {name!r}, but no integers are made there, so there is no ruler to "
                "choose: leave it out, or name an input, or a node that computes on integers."
            )
        rules.update({tensor: rule for tensor in asked if tensor in rules})
    return rules


def _nothing(name: str, placement: FilePlacement) -> str:
    why = dict.fromkeys(placement.reasons.values()) or ["it holds no float32 operator"]
    return (
        f"nothing in {name} can be computed on integers, so it stays as it is: "
        f"{'; '.join(list(why)[:SHOWN])}. precision_report says it node by node."
    )


def _run_once(model: onnx.ModelProto, feeds: Feeds) -> None:
    try:
        run_session(open_session(model), feeds, name="the quantized file")
    except ValueError as error:
        raise ValueError(
            f"what came of the file does not run, so none is written: {error} Keep the layer that "
            "is named there in float (keep_float)."
        ) from error


def _rows(graph: Graph, placement: FilePlacement, writer: QDQWriter) -> Iterable[Row]:
    for node in graph.nodes:
        reason = placement.reasons.get(node.name)
        if reason is None and node.name not in placement.quantized:
            continue  # it writes no float numbers: shapes and places
        weight = writer.weights.get(node.name)
        output = writer.qparams.get(node.outputs[0])
        along = "" if weight is None or weight.qparams.axis is None else "per-channel"
        yield {
            "layer": node.name,
            "operator": node.operator,
            "weights": weight and f"{weight.qparams.dtype} {along or 'per-tensor'}",
            "bytes": weight and weight.nbytes,
            "output": output and output.dtype,
            "low": None if output is None else float(output.lo),
            "high": None if output is None else float(output.hi),
            "reason": reason,
        }
