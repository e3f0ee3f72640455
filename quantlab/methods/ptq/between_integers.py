"""Sums, products and sigmoids that would compute on integers where nothing else does.

Each is one addition, multiplication or look-up. Beside layers that stay float, rulers would round
twice for it and save nothing.
"""

from collections.abc import Collection, Iterable, Iterator

from torch import fx

from quantlab.methods.graph.operators import is_operator

CONSTANT = "it computes with a constant beside a layer that stays float: rulers would gain nothing"
BEHIND_FLOATS = "all that it reads comes from layers that stay float: rulers would gain nothing"


def beside_floats(
    nodes: Iterable[fx.Node],
    quantized: Collection[str],
    handing_on: Collection[str],
    gates: Collection[str],
) -> Iterator[tuple[fx.Node, str]]:
    """The quantized nodes that rulers would gain nothing for, and why.

    With a constant, those that do not both read integers and hand them on. Of sigmoids, and of
    products of two tensors, those that read nothing but what float layers give, and what no other
    layer reads as integers.

    Parameters
    ----------
    nodes : iterable of torch.fx.Node
    quantized : names of the nodes on integers
    handing_on : names of those among them that make no new ones: moves, and a fused Relu or Clip
    gates : names of sigmoids and products
    """
    others = {name for name in quantized if name not in gates}
    for node in nodes:
        if node.name not in quantized:
            continue
        constants = [source for source in node.all_input_nodes if source.op == "get_attr"]
        sources = [_origin(s, handing_on) for s in node.all_input_nodes if s.op != "get_attr"]
        if constants:
            (x,) = sources
            if x.name not in quantized or not _reach_integers(node, quantized, handing_on):
                yield node, CONSTANT
        elif node.name in gates and not any(
            x.name in quantized or not is_operator(x) or _reach_integers(x, others, handing_on)
            for x in sources
        ):
            yield node, BEHIND_FLOATS


def _origin(node: fx.Node, handing_on: Collection[str]) -> fx.Node:
    while node.name in handing_on:
        node = node.all_input_nodes[0]
    return node


def _reach_integers(node: fx.Node, quantized: Collection[str], handing_on: Collection[str]) -> bool:
    """Whether a layer that computes on integers reads what a node gives, moved or not."""
    return any(
        _reach_integers(user, quantized, handing_on)
        if user.name in handing_on
        else user.name in quantized
        for user in node.users
    )
