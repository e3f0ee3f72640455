"""Layers by the names that people give them."""

from collections.abc import Iterable
from difflib import get_close_matches

from torch import fx

from quantlab.methods.graph.operators import is_operator, path_of


def find_layers(graph: fx.GraphModule, names: Iterable[str], setting: str) -> dict[str, str]:
    """The nodes that `names` stand for.

    Parameters
    ----------
    graph : torch.fx.GraphModule
    names : iterable of str
        Module paths ("features.0.conv") or node names ("features_0_conv"). A path that several
        nodes have, because the model calls the layer more than once, stands for all of them; a path
        that is the beginning of others ("features.0") for every layer inside.
    setting : str
        What the names were given for, for the message.

    Returns
    -------
    dict from node name to the name that was given for it

    Raises
    ------
    ValueError
        A name that no layer has.
    """
    layers = [node for node in graph.graph.nodes if is_operator(node)]
    found: dict[str, str] = {}
    for name in names:
        nodes = [
            node.name
            for node in layers
            if name in (node.name, path_of(node)) or path_of(node).startswith(f"{name}.")
        ]
        if not nodes:
            known = [n for node in layers for n in (path_of(node), node.name)]
            near = get_close_matches(name, dict.fromkeys(known), n=3, cutoff=0.5) or known[:3]
            raise ValueError(
                f"{setting} names {name!r}, but the model has no such layer: "
                f"did you mean {', '.join(near)}?"
            )
        found.update(dict.fromkeys(nodes, name))
    return found
