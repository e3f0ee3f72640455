"""The normal form of a traced graph: what every method may rely on.

- Nothing happens in place: `y += x` and `relu_` are `add` and `relu`, and later readers of the
  changed tensor read the result.
- The pieces of a split are slices: see `splits`.
- No dropout, identity, clone, assertion or dead node is left.
- `view` is `reshape`: see `reshapes`.
- What the model computes from its own parameters alone is one constant: see `constants`. So is what
  it computes from the sizes of its input: see `size_constants`.
- Convolutions, linear layers and normalizations with the model's own weights are modules, also
  where the model calls `F.conv2d` or `F.batch_norm`: see `functional_layers`.
- Zeros that are padded before a convolution are its own padding, and no convolution pads with
  anything else: see `paddings`.
- No layer is multiplied by a constant, or has one added, behind it: see `factors`.
- What else is added to a tensor or multiplied with it is stored: see `constant_operands`.
- No module with weights is called twice: the second call has its own copy.
- Every layer has a name of its own: see `layer_names`.
- torch's operators have torch's names for their arguments, not numpy's: `dim`, not `axis`.
- What is several operators in one call is those: see `composed`; another call's short name is
  that call: see `short_names`.
- The mean over height and width is an average pool, and so is a resize by areas: see `pools`.
"""

import operator
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn

from quantlab.methods.graph.calls import DTYPE
from quantlab.methods.graph.composed import operators_instead_of_composed
from quantlab.methods.graph.constant_operands import stored_operand
from quantlab.methods.graph.constants import fold_constants
from quantlab.methods.graph.factors import constant_into_layer
from quantlab.methods.graph.functional_layers import module_instead_of_function
from quantlab.methods.graph.layer_names import name_layers
from quantlab.methods.graph.paddings import (
    padding_before_convolution,
    padding_into_convolution,
    padding_into_pool,
)
from quantlab.methods.graph.pools import (
    pool_instead_of_adaptive_maximum,
    pool_instead_of_area,
    pool_instead_of_mean,
)
from quantlab.methods.graph.reshapes import (
    moves_instead_of_shuffle,
    reshape_instead_of_view,
    transpose_instead_of_attribute,
)
from quantlab.methods.graph.short_names import longer_instead_of_short, torch_s_own_names
from quantlab.methods.graph.size_constants import fold_sizes
from quantlab.methods.graph.splits import slices_instead_of_split

DROPPED_MODULES = (
    nn.Identity,
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)
DROPPED_FUNCTIONS = (
    F.dropout,
    F.dropout1d,
    F.dropout2d,
    F.dropout3d,
    F.alpha_dropout,
    F.feature_alpha_dropout,
    torch.clone,
    torch.detach,
)
DROPPED_METHODS = ("contiguous", "clone", "detach")


class _ShapeRecorder(fx.Interpreter):
    """Runs a graph and writes down what each node's value looks like."""

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        n.meta.pop("shape", None)
        n.meta.pop("value", None)
        if isinstance(value, torch.Tensor):
            n.meta |= {"shape": tuple(value.shape), DTYPE: value.dtype}
        elif not _holds_tensor(value):
            n.meta["value"] = value
        return value


def record_shapes(graph: fx.GraphModule, batch: torch.Tensor) -> Any:
    """Run the graph; set `meta["shape"]` and `meta["dtype"]` of tensors, `meta["value"]` of sizes.

    Returns
    -------
    The graph's output.
    """
    return _ShapeRecorder(graph).run(batch.clone())


def bring_into_normal_form(graph: fx.GraphModule, batch: torch.Tensor) -> fx.GraphModule:
    """Change `graph` into the normal form, in place, and return it."""
    for node in graph.graph.nodes:
        if node.op == "call_module":
            node.meta.setdefault("path", str(node.target))
    torch_s_own_names(graph)
    _returned_plainly(graph)
    _out_of_place(graph)
    reshape_instead_of_view(graph)
    _drop_identities(graph)
    fold_constants(graph)
    fold_sizes(graph, batch)
    graph.graph.eliminate_dead_code()
    record_shapes(graph, batch)
    for node in list(graph.graph.nodes):
        longer_instead_of_short(graph, node)
    for node in list(graph.graph.nodes):
        pool_instead_of_mean(graph, node)
        pool_instead_of_area(graph, node)
        pool_instead_of_adaptive_maximum(graph, node)
        module_instead_of_function(graph, node)
        moves_instead_of_shuffle(graph, node)
        transpose_instead_of_attribute(graph, node)
        slices_instead_of_split(graph, node)
        operators_instead_of_composed(graph, node)
    _one_call_a_module(graph)
    for node in list(graph.graph.nodes):
        padding_before_convolution(graph, node)
        padding_into_convolution(graph, node)
        padding_into_pool(graph, node)
        constant_into_layer(graph, node)
    for node in list(graph.graph.nodes):
        stored_operand(graph, node)
    graph.graph.eliminate_dead_code()
    name_layers(graph)
    graph.delete_all_unused_submodules()
    graph.recompile()
    return graph


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, list | tuple | dict):
        parts = value.values() if isinstance(value, dict) else value
        return any(_holds_tensor(part) for part in parts)
    return isinstance(value, torch.Tensor)


def _returned_plainly(graph: fx.GraphModule) -> None:
    """A named tuple that the model returns is a tuple: its names are Python's alone."""
    for node in list(graph.graph.nodes):
        made = node.target if node.op == "call_function" else None
        if not isinstance(made, type) or not issubclass(made, tuple):
            continue
        for user in [user for user in node.users if user.op == "output"]:
            parts = (*node.args, *node.kwargs.values())
            user.args = fx.node.map_arg(user.args, lambda n: parts if n is node else n)  # noqa: B023


def _out_of_place(graph: fx.GraphModule) -> None:
    in_place = {m for m in graph.modules() if getattr(m, "inplace", False) is True}
    for module in in_place:
        module.inplace = False  # type: ignore[assignment]
    for node in list(graph.graph.nodes):
        changed = node.args[0] if node.args else None
        if _was_in_place(graph, node, in_place) and isinstance(changed, fx.Node):
            for user in list(changed.users):
                if user > node:
                    user.replace_input_with(changed, node)


def _was_in_place(graph: fx.GraphModule, node: fx.Node, in_place: set[nn.Module]) -> bool:
    """Make a node leave its input as it is; False where it did so before."""
    if node.op == "call_module":
        return graph.get_submodule(str(node.target)) in in_place
    if node.kwargs.get("inplace") is True:
        node.kwargs = {**node.kwargs, "inplace": False}
        return True
    plain = _plain(node)
    if plain is not None:
        node.target = plain
    return plain is not None


def _plain(node: fx.Node) -> Any:
    """What a method or function whose name ends in an underscore is without it."""
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    if not name.endswith("_") or name.endswith("__"):
        return IN_PLACE_OPERATORS.get(node.target)
    if node.op == "call_method":
        return name[:-1] if hasattr(torch.Tensor, name[:-1]) else None
    return getattr(F, name[:-1], None) or getattr(torch, name[:-1], None)


def _drop_identities(graph: fx.GraphModule) -> None:
    for node in list(graph.graph.nodes):
        if node.op == "call_module":
            dropped = isinstance(graph.get_submodule(str(node.target)), DROPPED_MODULES)
        elif node.op == "call_function":
            dropped = node.target in DROPPED_FUNCTIONS and not node.kwargs.get("training")
        else:
            dropped = node.op == "call_method" and node.target in DROPPED_METHODS
        if dropped:
            node.replace_all_uses_with(node.args[0])
        if dropped or node.target is torch._assert:  # the example has passed it
            graph.graph.erase_node(node)


IN_PLACE_OPERATORS: dict[Any, Any] = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
}


def _one_call_a_module(graph: fx.GraphModule) -> None:
    """Give each further call of a module with weights a copy of it."""
    called: dict[str, int] = {}
    for node in graph.graph.nodes:
        if node.op != "call_module":
            continue
        path = str(node.target)
        module = graph.get_submodule(path)
        times = called[path] = called.get(path, 0) + 1
        if times > 1 and next(module.parameters(), None) is not None:
            node.target = f"{path}_call{times}"
            graph.add_submodule(node.target, deepcopy(module))
