"""Which rule lays the ruler of which tensor."""

from dataclasses import replace
from typing import Any

from torch import fx

from quantlab.methods.graph.layer_names import INPUT, find_layers
from quantlab.methods.graph.operators import path_of
from quantlab.methods.ptq.placement import Placement
from quantlab.methods.recipe import Recipe
from quantlab.methods.rule import Rule

#: Of a stored constant all values are known: no rare one need be left out.
WHOLE: dict[str, Any] = {"observer": "minmax", "settings": None}


def activation_rules(
    graph: fx.GraphModule, placement: Placement, recipe: Recipe
) -> dict[str, Rule]:
    """The rule of every tensor with a ruler of its own, by node name, in their order.

    Raises
    ------
    ValueError
        `recipe.tensors` names a layer that the model does not have, or tensors none of which has a
        ruler of its own.
    """
    stored = {node.name for node in graph.graph.nodes if node.op == "get_attr"}
    rules = {
        name: replace(recipe.activations, **WHOLE) if name in stored else recipe.activations
        for name in placement.own_qparams
    }
    for name, rule in recipe.tensors.items():
        nodes = _nodes_called(graph, name)
        # A layer's output is on the ruler that does its Relu.
        tensors = [placement.fused.get(node, node) for node in nodes]
        own = [tensor for tensor in tensors if tensor in rules]
        if not own:
            raise ValueError(_why_no_ruler(graph, placement, name, tensors[0]))
        rules.update(dict.fromkeys(own, rule))
    return rules


def _nodes_called(graph: fx.GraphModule, name: str) -> list[str]:
    layers = {path_of(node) for node in graph.graph.nodes if node.op.startswith("call_")}
    (source,) = (node.name for node in graph.graph.nodes if node.op == "placeholder")
    if name == source or (name == INPUT and name not in layers):
        return [source]
    return list(find_layers(graph, [name], "tensors"))


def _why_no_ruler(graph: fx.GraphModule, placement: Placement, name: str, tensor: str) -> str:
    paths = {node.name: path_of(node) for node in graph.graph.nodes}
    if tensor in placement.shared_qparams:
        root = placement.shared_qparams[tensor]
        (source,) = (node.name for node in graph.graph.nodes if node.op == "placeholder")
        return (
            f"tensors names {name!r}, but that layer only hands integers on, on the ruler of "
            f"another tensor: name {INPUT if root == source else paths[root]!r} instead."
        )
    return (
        f"tensors names {name!r}, but no integers are made there, so there is no ruler to choose: "
        f"leave it out, or let the layer be quantized."
    )
