"""One name a layer: what every report calls it, and what every verb takes.

A layer is called by its path in the caller's model, as `named_modules()` gives it: "features.0.0".
A function that belongs to no module is called by its node's name in torch.fx: "add_1". Where two
nodes would have one name, because the model calls a module twice, they are counted in the order in
which they run: "stem#1" and "stem#2"; the name without a number stands for both.
"""

from collections import Counter
from collections.abc import Iterable
from difflib import get_close_matches

from torch import fx

from quantlab.methods.graph.calls import ABSORBED
from quantlab.methods.graph.operators import is_operator, path_of

INPUT = "input"  # of the model: no layer, but its tensor has a ruler


def name_layers(graph: fx.GraphModule) -> None:
    """Count the nodes that would have one name, in their `meta["path"]`.

    What is folded or left out later takes its own name away and changes no other.
    """
    layers = [node for node in graph.graph.nodes if is_operator(node)]
    times = Counter(path_of(node) for node in layers)
    seen: Counter[str] = Counter()
    for node in layers:
        name = path_of(node)
        if times[name] > 1:
            seen[name] += 1
            node.meta["path"] = f"{name}#{seen[name]}"


def find_layers(graph: fx.GraphModule, names: Iterable[str], setting: str) -> dict[str, str]:
    """The nodes that `names` stand for.

    Parameters
    ----------
    graph : torch.fx.GraphModule
    names : iterable of str
        Names as reports have them ("features.0.conv", "add", "stem#2"), or node names, which are
        also those of an exported file ("features_0_conv"). What went into a layer, such as the
        padding before it, stands for that layer. A name that several nodes share stands
        for all of them; a path that is the beginning of others ("features.0") for every layer
        inside.
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
        nodes = _called(layers, name)
        if not nodes:
            known = [n for node in layers for n in (path_of(node), node.name)]
            near = get_close_matches(name, dict.fromkeys(known), n=3, cutoff=0.5) or known[:3]
            raise ValueError(
                f"{setting} names {name!r}, but the model has no such layer: "
                f"did you mean {', '.join(near)}?"
            )
        found.update((node.name, name) for node in nodes)
    return found


def _called(layers: list[fx.Node], name: str) -> list[fx.Node]:
    """The one layer that reports call so; else those whose other names it is."""
    exactly = [node for node in layers if path_of(node) == name]
    return exactly or [
        node
        for node in layers
        if name in (node.name, path_of(node).partition("#")[0], *node.meta.get(ABSORBED, ()))
        or path_of(node).startswith(f"{name}.")
    ]
