"""What each channel of a tensor is on average, read from BatchNorm statistics without any data."""

from collections.abc import Callable

import numpy as np
from torch import fx

from quantlab.methods.graph.operators import OnnxOperator, is_operator, operator_of
from quantlab.methods.improve.clipped_normal import clipped_normal_mean
from quantlab.methods.improve.layer_pairs import WITH_WEIGHTS
from quantlab.methods.ptq.channel_statistics import ChannelStatistics
from quantlab.numerics.integer_operators import integer_operator

# The mean over places stays what it is.
KEEP_MEANS = ("GlobalAveragePool", "Resize", "Identity")


def expected_values(graph: fx.GraphModule) -> dict[str, np.ndarray]:
    """The mean of each channel, for the tensors of which it is known.

    A layer that was followed by BatchNorm gives values that are taken to be normal, N(beta,
    gamma^2). A ReLU or clip of these has the mean of a clipped normal. Sums, concatenations, means
    over places, nearest resizes and flattens of known means are known. Others are not: the model's
    input, a layer without BatchNorm, a maximum, a ReLU of a sum (whose variance BatchNorm does not
    say), a product.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As `fold_batchnorm`, `equalize` or `absorb_bias` returns it.

    Returns
    -------
    dict of str to float64 array (C,)
        By fx node name.
    """
    known: dict[str, np.ndarray] = {}
    for node in graph.graph.nodes:
        operator = operator_of(graph, node) if is_operator(node) else None
        if isinstance(operator, OnnxOperator):
            mean = _mean(node, operator, known)
            if mean is not None:
                known[node.name] = mean
    return known


def _mean(node: fx.Node, operator: OnnxOperator, known: dict[str, np.ndarray]) -> np.ndarray | None:
    if operator.kind in WITH_WEIGHTS:
        statistics = ChannelStatistics.kept_by(node)
        return None if statistics is None else statistics.mean
    if integer_operator(operator.kind).clips:
        return _clipped(node.all_input_nodes[0], operator)
    rule = RULES.get(operator.kind)
    means = [known[name] for name in operator.inputs if name in known]
    complete = rule is not None and len(means) == len(operator.inputs)
    return rule(node, operator, means) if rule is not None and complete else None


def _clipped(source: fx.Node, operator: OnnxOperator) -> np.ndarray | None:
    statistics = ChannelStatistics.kept_by(source)
    if statistics is None:
        return None
    low, high = operator.attributes.get("min", 0.0), operator.attributes.get("max", np.inf)
    return clipped_normal_mean(statistics.mean, statistics.std, low, high)


Means = list[np.ndarray]


def _same(node: fx.Node, operator: OnnxOperator, means: Means) -> np.ndarray | None:
    return means[0]


def _unless_padding_counts(
    node: fx.Node, operator: OnnxOperator, means: Means
) -> np.ndarray | None:
    counts = operator.attributes["count_include_pad"] and any(operator.attributes["pads"])
    return None if counts else means[0]


def _sum(node: fx.Node, operator: OnnxOperator, means: Means) -> np.ndarray | None:
    return means[0] + means[1]


def _concatenation(node: fx.Node, operator: OnnxOperator, means: Means) -> np.ndarray | None:
    return np.concatenate(means) if operator.attributes["axis"] == 1 else None


def _flattened(node: fx.Node, operator: OnnxOperator, means: Means) -> np.ndarray | None:
    return np.repeat(means[0], node.meta["shape"][1] // means[0].size)


RULES: dict[str, Callable[[fx.Node, OnnxOperator, Means], np.ndarray | None]] = {
    **dict.fromkeys(KEEP_MEANS, _same),
    "AveragePool": _unless_padding_counts,
    "Add": _sum,
    "Concat": _concatenation,
    "Flatten": _flattened,
}
