"""Which two layers have only one way between them, on which a factor a channel can be moved."""

from dataclasses import dataclass

from torch import fx

from quantlab.methods.graph.operators import OnnxOperator, Unsupported, is_operator, operator_of
from quantlab.numerics.integer_operators import integer_operator

WITH_WEIGHTS = ("Conv", "Gemm")
# These ask nothing of the axes.
NUMBER_BY_NUMBER = ("Relu", "LeakyRelu", "Identity")


@dataclass(frozen=True)
class LayerPair:
    """A layer, the operators after it, and the layer that alone reads the last of them.

    Parameters
    ----------
    first, second : str
        Names of fx nodes, each a convolution or a linear layer.
    between : tuple of str
        Names of the fx nodes on the way, in order.
    kinds : tuple of str
        Their ONNX operators.
    """

    first: str
    second: str
    between: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class LeftOut:
    """A layer that a method did not touch, by its fx node name, and why."""

    layer: str
    reason: str


def layer_pairs(graph: fx.GraphModule) -> tuple[tuple[LayerPair, ...], tuple[LeftOut, ...]]:
    """The pairs of a graph in the order they are computed, and the layers that start none.

    A tensor on the way may have one reader only: a second one would see the factor too. What may
    lie on the way is what passes a factor on, by the table of operators. A layer is in at most two
    pairs: once first, once second.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As `trace_model` or `fold_batchnorm` returns it.
    """
    pairs, left_out = [], []
    for node in graph.graph.nodes:
        if kind_of(graph, node) in WITH_WEIGHTS:
            found = _follow(graph, node)
            if isinstance(found, LayerPair):
                pairs.append(found)
            else:
                left_out.append(LeftOut(node.name, found))
    return tuple(pairs), tuple(left_out)


def _follow(graph: fx.GraphModule, first: fx.Node) -> LayerPair | str:
    """The pair that starts at a layer, or the reason why there is none."""
    node = first
    between: list[str] = []
    kinds: list[str] = []
    while True:
        # A node that reads only the size of a tensor sees no factor.
        readers = [user for user in node.users if user.op == "output" or is_operator(user)]
        if len(readers) != 1:
            names = ", ".join(user.name for user in readers)
            return f"{node.name} has {len(readers)} readers ({names})"
        reader = readers[0]
        if reader.op == "output":
            return f"{node.name} is an output of the model"
        operator = operator_of(graph, reader)
        if isinstance(operator, Unsupported):
            return f"{reader.name} is {operator.name}, of which it is not known to pass a factor on"
        if operator.kind in WITH_WEIGHTS:
            if _counts_last(graph, first) != _counts_last(graph, reader):
                return f"{reader.name} reads its channels along another axis"
            return LayerPair(first.name, reader.name, tuple(between), tuple(kinds))
        reason = _reason_against(operator, reader.name)
        if reason is None and _counts_last(graph, first) and operator.kind not in NUMBER_BY_NUMBER:
            reason = f"{reader.name} is {operator.kind}, and the channels lie along the last axis"
        if reason is not None:
            return reason
        node = reader
        between.append(node.name)
        kinds.append(operator.kind)


def _counts_last(graph: fx.GraphModule, layer: fx.Node) -> bool:
    """Whether a layer's channels lie along the last of more than two axes."""
    return kind_of(graph, layer) == "Gemm" and len(layer.meta["shape"]) > 2


def _reason_against(operator: OnnxOperator, name: str) -> str | None:
    if operator.kind == "Clip":
        return (
            f"{name} clips every channel at the same height: replace_relu6 makes it a ReLU first, "
            f"which changes the values above that height"
        )
    flattens = operator.kind == "Reshape" and len(operator.attributes["shape"]) == 2
    if not integer_operator(operator.kind).passes_factor and not flattens:
        return f"{name} is {operator.kind}, which does not pass a factor on"
    return None


def kind_of(graph: fx.GraphModule, node: fx.Node) -> str | None:
    """The ONNX operator of a node, None where there is none."""
    operator = operator_of(graph, node) if is_operator(node) else None
    return operator.kind if isinstance(operator, OnnxOperator) else None
