"""Regions of an exported program: what stood under torch.no_grad or torch.autocast, put in line.

torch.export writes such a region as a graph of its own, and a call of it. Without gradients both
kinds are the same as their operators in line, but for autocast to another type.
"""

from operator import getitem
from typing import Any

import torch
from torch import fx

from quantlab.methods.graph.refusals import NotTheModelError

#: The operator that calls a region, and how many of its arguments stand before the region's graph.
SETTINGS = {"wrap_with_autocast": 4, "wrap_with_set_grad_enabled": 1}


def in_line(program: fx.GraphModule) -> fx.GraphModule:
    """A program without regions; the same one where it has none.

    Raises
    ------
    NotTheModelError
        A region computes in another type than float32.
    """
    if not any(_settings(node) for node in program.graph.nodes):
        return program
    program = _copied(program)
    while (call := next((n for n in program.graph.nodes if _settings(n)), None)) is not None:
        _put_in_line(program, call)
    program.recompile()
    return program


def _copied(program: fx.GraphModule) -> fx.GraphModule:
    """Another graph on the same modules, which knows what the model's outputs look like."""
    graph = fx.Graph()
    graph.output(graph.graph_copy(program.graph, {}))
    graph._codegen = program.graph._codegen
    return fx.GraphModule(program, graph, type(program).__name__)


def _put_in_line(program: fx.GraphModule, call: fx.Node) -> None:
    count = _settings(call)
    _refuse_other_types(call)
    holder: Any = call.args[count]
    region: Any = program.get_submodule(str(holder.target))
    inputs = [node for node in region.graph.nodes if node.op == "placeholder"]
    made: dict[fx.Node, Any] = dict(zip(inputs, call.args[count + 1 :], strict=True))
    with program.graph.inserting_before(call):
        results: Any = program.graph.graph_copy(region.graph, made)
    for taken in list(call.users):
        assert taken.target is getitem, "a region gives several results, and each is taken"
        taken.replace_all_uses_with(results[int(str(taken.args[1]))])
        program.graph.erase_node(taken)
    program.graph.erase_node(call)
    if not holder.users:
        program.graph.erase_node(holder)


def _refuse_other_types(call: fx.Node) -> None:
    if call.target.__name__ != "wrap_with_autocast":  # type: ignore[union-attr]
        return
    device, dtype, enabled = call.args[:3]
    if enabled and device == "cpu" and dtype != torch.float32:
        found = str(dtype or torch.get_autocast_dtype("cpu")).removeprefix("torch.")
        raise NotTheModelError(
            f"the model computes in {found} under torch.autocast, but a model is quantized and "
            f"exported from float32: take autocast out of its forward."
        )


def _settings(node: fx.Node) -> int:
    """How many settings stand before the region's graph; 0 for what calls none."""
    return SETTINGS.get(getattr(node.target, "__name__", ""), 0)
