"""Where rulers are laid: which tensors become integers, and which layers stay float."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import inf

import torch
from torch import fx

from quantlab.base.frozen_mapping import FrozenMapping
from quantlab.base.report import Report
from quantlab.base.table import Column, Table
from quantlab.methods.graph.calls import DTYPE, tensor_inputs
from quantlab.methods.graph.layer_names import find_layers
from quantlab.methods.graph.operators import (
    OnnxOperator,
    Unsupported,
    is_operator,
    operator_of,
    path_of,
)
from quantlab.methods.ptq.between_integers import beside_floats
from quantlab.methods.ptq.masks import masked_scores
from quantlab.methods.recipe import Recipe
from quantlab.numerics.integer_operators import integer_operator, why_no_kernel


@dataclass(frozen=True)
class FloatLayer:
    """A layer that stays float.

    Parameters
    ----------
    name : str
        Node name.
    operator : str
        What it computes: ONNX's name for it, or torch's where ONNX's is not known.
    reason : str
        Why it stays float.
    path : str
        Module path in the caller's model; the node name where it is no module.
    """

    name: str
    operator: str
    reason: str
    path: str

    def __str__(self) -> str:
        return f"{self.path} ({self.operator}) stays float: {self.reason}"


@dataclass(frozen=True, repr=False)
class Placement(Report):
    """Where rulers are laid.

    Parameters
    ----------
    own_qparams : tuple of str
        Tensors, by node name, that get a ruler of their own, in the order they are computed.
    shared_qparams : mapping of str to str
        Tensors that are read with the ruler of another one, and which.
    fused : mapping of str to str
        An operator and the Relu or Clip after it that its ruler does: only that one's tensor has a
        ruler.
    quantized : tuple of str
        Operators computed on integers, those that only move integers and fused ones included.
    float_layers : tuple of FloatLayer
        All other operators.
    """

    own_qparams: tuple[str, ...]
    shared_qparams: Mapping[str, str]
    fused: Mapping[str, str]
    quantized: tuple[str, ...]
    float_layers: tuple[FloatLayer, ...]

    @property
    def summary(self) -> str:
        return (
            f"{len(self.quantized)} operators on integers, {len(self.own_qparams)} rulers; "
            f"{len(self.float_layers)} stay float"
        )

    def tables(self) -> tuple[Table, ...]:
        """The float layers."""
        columns = (
            Column("layer", "path"),
            Column("operator", "operator"),
            Column("stays float because", "reason"),
        )
        return (Table(columns, tuple(map(asdict, self.float_layers))),)

    def qparams_of(self, tensor: str) -> str | None:
        """The tensor whose ruler `tensor` is read with; None for a float tensor."""
        return self.shared_qparams.get(tensor, tensor if tensor in self.own_qparams else None)


def place_qparams(graph: fx.GraphModule, recipe: Recipe) -> Placement:
    """Decide where rulers are laid.

    What a quantized operator reads and what it writes has a ruler. A tensor whose producer and
    readers are all float has none. A Relu or Clip that alone reads an operator that computes on
    integers is done by the ruler: its ends are 0 and the largest value. Max pool, nearest resize
    and reshaping pass their input's ruler on. Which operators these are says
    `quantlab.numerics.integer_operators`.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As `fold_batchnorm` returns it.
    recipe : Recipe
        Its `keep_float` and the scheme of its activations matter.

    Raises
    ------
    ValueError
        keep_float names a layer that the model does not have.
    """
    named = find_layers(graph, recipe.keep_float, "keep_float")
    kept = {node: f"keep_float names {name}" for node, name in named.items()}
    nodes = [node for node in graph.graph.nodes if is_operator(node)]
    operators = {node.name: operator_of(graph, node) for node in nodes}
    kept |= {name: why for name, why in masked_scores(graph, nodes, operators) if name not in kept}
    while True:
        placement = _placed(graph, nodes, operators, kept, recipe)
        moves = {name for name, operator in operators.items() if _moves(operator)}
        # What a person keeps float is float alone: nothing behind it comes along.
        gates = {
            node.name
            for node in nodes
            if _shown(operators[node.name]) in ("Sigmoid", "Mul")
            and named.keys().isdisjoint(source.name for source in node.all_input_nodes)
        }
        handing_on = {*placement.fused.values(), *moves}.intersection(placement.quantized)
        lonely = list(beside_floats(nodes, placement.quantized, handing_on, gates))
        if not lonely:
            return placement
        kept |= {node.name: reason for node, reason in lonely}  # others may stand beside floats now


def _placed(
    graph: fx.GraphModule,
    nodes: list[fx.Node],
    operators: Mapping[str, OnnxOperator | Unsupported],
    kept: Mapping[str, str],
    recipe: Recipe,
) -> Placement:
    """The placement where the nodes in `kept` stay float, each for its reason."""
    fused = dict(_fused(nodes, operators, kept, recipe))
    reasons = {
        node.name: reason
        for node in nodes
        if (reason := _why_float(node, kept, set(fused.values()), operators, recipe))
    }
    roots = _roots(graph, operators, reasons)
    own = _own_qparams(graph, operators, reasons, fused, roots)
    for node in nodes:
        # Nobody around it reads integers, so there is no ruler to pass on.
        if node.name in roots and roots[node.name] not in own:
            reasons[node.name] = "the layers around it stay float"
    shared = {tensor: root for tensor, root in roots.items() if root in own}
    return Placement(
        own_qparams=tuple(node.name for node in graph.graph.nodes if node.name in own),
        shared_qparams=FrozenMapping(shared),
        fused=FrozenMapping(fused),
        quantized=tuple(node.name for node in nodes if node.name not in reasons),
        float_layers=tuple(
            FloatLayer(node.name, _shown(operators[node.name]), reasons[node.name], path_of(node))
            for node in nodes
            if node.name in reasons
        ),
    )


def _fused(
    nodes: list[fx.Node],
    operators: Mapping[str, OnnxOperator | Unsupported],
    kept: Mapping[str, str],
    recipe: Recipe,
) -> Iterator[tuple[str, str]]:
    """(operator, Relu or Clip) pairs that one ruler serves."""
    if recipe.activations.scheme != "asymmetric":
        return  # a symmetric ruler goes below 0, so it cannot do a Relu
    for node in nodes:
        readers = list(node.users)
        if len(readers) != 1 or not is_operator(readers[0]):
            continue
        first, second = operators[node.name], operators[readers[0].name]
        if (
            isinstance(first, OnnxOperator)
            and isinstance(second, OnnxOperator)
            and integer_operator(first.kind).fuses_clip
            and integer_operator(second.kind).clips
            and _ends_on_zero_or_around(second)
            and not {node.name, readers[0].name} & kept.keys()
        ):
            yield node.name, readers[0].name


def _ends_on_zero_or_around(operator: OnnxOperator) -> bool:
    """Whether a ruler over what a Relu or Clip gives ends where it clips: a range contains 0."""
    lo, hi = operator.attributes.get("min", 0.0), operator.attributes.get("max", inf)
    return bool(lo <= 0 <= hi)


def _why_float(
    node: fx.Node,
    kept: Mapping[str, str],
    fused: set[str],
    operators: Mapping[str, OnnxOperator | Unsupported],
    recipe: Recipe,
) -> str | None:
    operator = operators[node.name]
    if node.name in kept:
        return kept[node.name]
    if isinstance(operator, Unsupported):
        return operator.reason
    if node.name in fused:
        return None
    for tensor in (*node.all_input_nodes, node):
        dtype = tensor.meta.get(DTYPE)
        if dtype is not None and dtype != torch.float32:
            return f"{path_of(tensor)} is {str(dtype).removeprefix('torch.')}, which has no ruler"
    if operator.kind == "BatchNormalization":
        return "no convolution or linear layer before it, that it alone reads, to fold it into"
    if integer_operator(operator.kind).clips:
        return _why_nothing_clips(node, operator, operators, kept, recipe)
    if operator.attributes.get("ceil_mode") and operator.attributes.get("count_include_pad"):
        return (
            "its last windows reach beyond the padding, which ONNX Runtime's integer kernel counts "
            "as values, and torch does not"
        )
    return why_no_kernel(operator.kind, operator.attributes)


def _why_nothing_clips(
    node: fx.Node,
    operator: OnnxOperator,
    operators: Mapping[str, OnnxOperator | Unsupported],
    kept: Mapping[str, str],
    recipe: Recipe,
) -> str:
    """Why no ruler does the work of a Relu or Clip, which has no integer kernel of its own."""
    if recipe.activations.scheme == "symmetric":
        return "symmetric rulers reach as far below 0 as above, so none can clip for it"
    if not _ends_on_zero_or_around(operator):
        return "it clips away from 0, which every ruler contains, so none can clip for it"
    source = node.all_input_nodes[0]
    before = operators.get(source.name)
    if isinstance(before, OnnxOperator) and integer_operator(before.kind).fuses_clip:
        if source.name in kept:
            return f"{source.name} before it stays float, so no ruler clips for it"
        return f"{source.name} before it has other readers, so its ruler cannot clip for it"
    return "no operator that computes on integers before it, whose ruler could clip for it"


def _roots(
    graph: fx.GraphModule,
    operators: Mapping[str, OnnxOperator | Unsupported],
    reasons: Mapping[str, str],
) -> dict[str, str]:
    """For every operator that only moves integers: the tensor whose values it moves."""
    roots: dict[str, str] = {}
    for node in graph.graph.nodes:
        operator = operators.get(node.name)
        if isinstance(operator, OnnxOperator) and node.name not in reasons and _moves(operator):
            source = operator.inputs[0]
            roots[node.name] = roots.get(source, source)
    return roots


def _own_qparams(
    graph: fx.GraphModule,
    operators: Mapping[str, OnnxOperator | Unsupported],
    reasons: Mapping[str, str],
    fused: Mapping[str, str],
    roots: Mapping[str, str],
) -> set[str]:
    """Tensors with a ruler of their own."""
    found: set[str] = set()
    for node in graph.graph.nodes:
        if node.name not in operators or node.name in reasons or node.name in roots:
            continue
        if node.name not in fused:
            found.add(node.name)
        for source in tensor_inputs(node):
            if fused.get(source.name) != node.name:
                found.add(roots.get(source.name, source.name))
    return found


def _moves(operator: OnnxOperator | Unsupported) -> bool:
    return isinstance(operator, OnnxOperator) and integer_operator(operator.kind).moves


def _shown(operator: OnnxOperator | Unsupported) -> str:
    return operator.kind if isinstance(operator, OnnxOperator) else operator.name
