"""Along which axis of each tensor the images lie: its size is what a batch of another size changes.

An exported model takes any number of images, so where a shape is written down, this axis is left
open. It need not be the first one: attention puts heads, or query, key and value, before it.
A number of images that is multiplied with a tensor has no such axis: a file would hold it.
"""

from typing import Any

import torch
from torch import fx

from quantlab.methods.graph.calls import BATCH_AXIS
from quantlab.methods.graph.refusals import DOES_NOT_RUN

#: Operators that compute with a number, as Python, torch and its methods call them.
ARITHMETIC = frozenset(
    {"add", "sub", "rsub", "mul", "multiply", "div", "divide", "truediv", "floordiv", "pow", "mod"}
)


class _Shapes(fx.Interpreter):
    """Runs a graph and keeps the shape of every tensor, and the value of every number, by node."""

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.found: dict[str, tuple[int, ...]] = {}
        self.numbers: dict[str, int | float] = {}
        self.extra_traceback = False

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, torch.Tensor):
            self.found[n.name] = tuple(value.shape)
        elif isinstance(value, int | float):
            self.numbers[n.name] = value
        return value


def record_batch_axes(graph: fx.GraphModule, batch: torch.Tensor) -> fx.Node | None:
    """Set `meta["batch_axis"]` of every tensor that has one such axis.

    The graph is run once more, with one image, or with two where the example is one. Where it does
    not run so, nothing is set: its number of images is fixed.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        With `meta["shape"]` of the example.
    batch : the example

    Returns
    -------
    torch.fx.Node or None
        The first operator that computes with the number of images, if one does.
    """
    one = batch[:1].clone()
    shapes = _Shapes(graph)
    try:
        shapes.run(one if len(batch) > 1 else torch.cat([one, one]))
    except DOES_NOT_RUN:
        return None
    for node in graph.graph.nodes:
        before, now = node.meta.get("shape", ()), shapes.found.get(node.name, ())
        node.meta.pop(BATCH_AXIS, None)
        if len(before) == len(now):
            changed = [axis for axis in range(len(now)) if before[axis] != now[axis]]
            if len(changed) == 1:
                node.meta[BATCH_AXIS] = changed[0]
    return next((node for node in graph.graph.nodes if _counts(node, shapes.numbers)), None)


def _counts(node: fx.Node, numbers: dict[str, int | float]) -> bool:
    """Whether a tensor is computed with a number that another number of images changes."""
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    changed = any(
        source.name in numbers and source.meta.get("value") != numbers[source.name]
        for source in node.all_input_nodes
    )
    return changed and "shape" in node.meta and name in ARITHMETIC
