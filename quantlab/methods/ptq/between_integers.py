"""Sums and products with a stored constant: on integers only where these are there anyway.

Each is one addition or multiplication. Beside a layer that stays float, rulers would round twice
for it and save nothing.
"""

from collections.abc import Collection, Iterable, Iterator

from torch import fx

REASON = "it computes with a constant beside a layer that stays float: rulers would gain nothing"


def beside_floats(
    nodes: Iterable[fx.Node], quantized: Collection[str], handing_on: Collection[str]
) -> Iterator[fx.Node]:
    """The quantized nodes with a constant that do not both read integers and hand them on.

    Parameters
    ----------
    nodes : iterable of torch.fx.Node
    quantized : names of the nodes on integers
    handing_on : names of those among them that make no new ones: moves, and a fused Relu or Clip
    """
    for node in nodes:
        constants = [source for source in node.all_input_nodes if source.op == "get_attr"]
        if node.name not in quantized or not constants:
            continue
        (x,) = (source for source in node.all_input_nodes if source.op != "get_attr")
        while x.name in handing_on:
            x = x.all_input_nodes[0]
        if x.name not in quantized or not _reach_integers(node, quantized, handing_on):
            yield node


def _reach_integers(node: fx.Node, quantized: Collection[str], handing_on: Collection[str]) -> bool:
    """Whether a layer that computes on integers reads what a node gives, moved or not."""
    return any(
        _reach_integers(user, quantized, handing_on)
        if user.name in handing_on
        else user.name in quantized
        for user in node.users
    )
