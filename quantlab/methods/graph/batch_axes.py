"""Along which axis of each tensor the images lie: its size is what a batch of another size changes.

An exported model takes any number of images, so where a shape is written down, this axis is left
open. It need not be the first one: attention puts heads, or query, key and value, before it.
"""

from typing import Any

import torch
from torch import fx

from quantlab.methods.graph.calls import BATCH_AXIS


class _Shapes(fx.Interpreter):
    """Runs a graph and keeps the shape of every tensor, by node name."""

    def __init__(self, graph: fx.GraphModule) -> None:
        super().__init__(graph)
        self.found: dict[str, tuple[int, ...]] = {}
        self.extra_traceback = False

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, torch.Tensor):
            self.found[n.name] = tuple(value.shape)
        return value


def record_batch_axes(graph: fx.GraphModule, batch: torch.Tensor) -> None:
    """Set `meta["batch_axis"]` of every tensor that has one such axis.

    The graph is run once more, with one image, or with two where the example is one. Where it does
    not run so, nothing is set: its number of images is fixed.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        With `meta["shape"]` of the example.
    batch : the example
    """
    one = batch[:1].clone()
    shapes = _Shapes(graph)
    try:
        shapes.run(one if len(batch) > 1 else torch.cat([one, one]))
    except (RuntimeError, ValueError, TypeError, IndexError):
        return
    for node in graph.graph.nodes:
        before, now = node.meta.get("shape", ()), shapes.found.get(node.name, ())
        node.meta.pop(BATCH_AXIS, None)
        if len(before) == len(now):
            changed = [axis for axis in range(len(now)) if before[axis] != now[axis]]
            if len(changed) == 1:
                node.meta[BATCH_AXIS] = changed[0]
