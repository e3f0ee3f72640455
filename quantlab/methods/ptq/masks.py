"""Masks before a softmax: a very large negative number where nothing is to be looked at.

A ruler that reaches there would have one step for all the scores.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import fx

from quantlab.methods.graph.constants import fetched
from quantlab.methods.graph.operators import OnnxOperator, Unsupported
from quantlab.numerics.integer_operators import integer_operator

#: A score this small is nobody's: its softmax is 0 beside any that a network computes.
SMALL = -1e3
REASON = "it works on scores with a mask, and a ruler down to {lowest:g} has no steps for the rest"


def masked_scores(
    graph: fx.GraphModule,
    nodes: list[fx.Node],
    operators: Mapping[str, OnnxOperator | Unsupported],
) -> Iterator[tuple[str, str]]:
    """The softmax that reads masked scores, and what adds the mask, each with its reason."""
    for node in nodes:
        if _kind(operators.get(node.name)) != "Softmax":
            continue
        between = [node]
        source = node.all_input_nodes[0]
        while _moves(operators.get(source.name)):
            between.append(source)
            source = source.all_input_nodes[0]
        lowest = _lowest(graph, source, operators)
        if lowest <= SMALL:
            masking = [source] if isinstance(operators[source.name], OnnxOperator) else []
            reason = REASON.format(lowest=lowest)
            yield from ((one.name, reason) for one in (*masking, *between))


def _lowest(
    graph: fx.GraphModule, node: fx.Node, operators: Mapping[str, OnnxOperator | Unsupported]
) -> float:
    """The smallest number that a node adds to scores or puts in their place; 0 if it does not."""
    found = operators.get(node.name)
    if _kind(found) == "Add":
        stored = [fetched(graph, s) for s in node.all_input_nodes if s.op == "get_attr"]
    elif isinstance(found, Unsupported) and found.name in ("where", "masked_fill"):
        given: list[Any] = [*node.args[1:], *node.kwargs.values()]
        stored = [
            fetched(graph, value) if isinstance(value, fx.Node) else torch.tensor(float(value))
            for value in given
            if isinstance(value, int | float)
            or (isinstance(value, fx.Node) and value.op == "get_attr")
        ]
    else:
        return 0.0
    return min((float(values.min()) for values in stored if values.numel()), default=0.0)


def _kind(operator: OnnxOperator | Unsupported | None) -> str:
    return operator.kind if isinstance(operator, OnnxOperator) else ""


def _moves(operator: OnnxOperator | Unsupported | None) -> bool:
    return isinstance(operator, OnnxOperator) and integer_operator(operator.kind).moves
