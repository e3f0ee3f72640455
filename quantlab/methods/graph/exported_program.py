"""From what torch.export made of a model to the graph that torch.fx would have made.

torch.export runs a model's Python with tensors that have sizes and no values, so that nothing but
a value can stop it. What it writes down are ATen's operators on parameters. Here each becomes the
call of torch that the model wrote, under the path of the layer that it came from.
"""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn
from torch.utils import _pytree as pytree

from quantlab.methods.graph.constants import depends_on_input
from quantlab.methods.graph.in_place import changes_in_place, name_of, new_part, write_through
from quantlab.methods.graph.refusals import ReadsValueError, line_of_node
from quantlab.methods.graph.regions import in_line
from quantlab.methods.graph.shape_tracing import LayerTracer
from quantlab.methods.graph.torch_calls import Call, torch_call

#: Operators that give Python a value of a tensor.
READS_VALUE = ("item", "_local_scalar_dense", "equal", "is_nonzero", "nonzero", "masked_select")
#: What torch.export adds to check its own assumptions.
CHECKS = (
    "_assert_scalar",
    "_assert_async",
    "_assert_tensor_metadata",
    "sym_constrain_range",
    "sym_constrain_range_for_size",
)
#: Left only where somebody asked torch to take operators apart.
DECOMPOSED = ("convolution", "addmm", "native_layer_norm", "_native_batch_norm_legit_no_training")
IMAGES = 2  # torch.export takes 1 for a constant


def export_graph(model: nn.Module, batch: torch.Tensor) -> fx.GraphModule:
    """The graph of a model by way of torch.export: sizes are the example's, but for the first.

    Raises
    ------
    Exception
        Whatever torch.export raises.
    ReadsValueError
        Python reads a value of a tensor.
    """
    images = torch.cat([batch[:1]] * IMAGES)
    with _silenced(), _taken_apart():
        program = torch.export.export(
            model, (images,), dynamic_shapes=({0: torch.export.Dim.AUTO},), strict=False
        )
    tracer = LayerTracer()
    layers = {path for path, m in model.named_modules() if path and tracer.is_leaf_module(m, path)}
    return graph_of_program(program.module(), layers)


def is_program(model: Any) -> bool:
    """Whether it is an ExportedProgram, or the module that one makes."""
    if isinstance(model, torch.export.ExportedProgram):
        return True
    return isinstance(model, fx.GraphModule) and any(
        isinstance(node.target, torch._ops.OpOverload) for node in model.graph.nodes
    )


def images_of(program: fx.GraphModule) -> int | None:
    """The number of images that an exported program was fixed to; None where it is free."""
    source = next(node for node in program.graph.nodes if node.op == "placeholder")
    seen = source.meta.get("val")
    size = None if seen is None else seen.shape[0]
    return size.node.maybe_as_int() if isinstance(size, torch.SymInt) else size


def graph_of_program(program: fx.GraphModule, layers: set[str] | None = None) -> fx.GraphModule:
    """The graph of an exported program as calls of torch.

    Parameters
    ----------
    program : torch.fx.GraphModule
        As `ExportedProgram.module()` gives it.
    layers : set of str, optional
        Paths of the modules that are one layer; by default those of torch.nn.

    Raises
    ------
    ValueError
        It has several inputs, was decomposed, or was exported while training.
    ReadsValueError
        It reads a value of a tensor.
    """
    program = in_line(program)
    _refuse(program)
    images, graph = images_of(program), fx.Graph()
    made: dict[fx.Node, Any] = {}
    for node in program.graph.nodes:
        if node.op == "output":
            flat = fx.node.map_arg(node.args[0], made.__getitem__)
            graph.output(_in_the_model_s_form(program, flat))
        elif node.op != "call_function":
            if node.op != "call_module":  # the program's check of its own input
                made[node] = graph.node_copy(node, made.__getitem__)
                made[node].meta = {}
        elif name_of(node) not in CHECKS:
            made[node] = new_part(graph, node, made) or _called(graph, node, made, images, layers)
            if changes_in_place(node):
                changed: Any = node.args[0]
                made[changed] = made[node]  # whoever reads it later reads what it became
                write_through(graph, changed, made)
    return fx.GraphModule(program, graph, type(program).__name__)


def _called(
    graph: fx.Graph,
    node: fx.Node,
    made: dict[fx.Node, Any],
    images: int | None,
    layers: set[str] | None,
) -> fx.Node:
    args, kwargs = fx.node.map_arg((node.args, node.kwargs), made.__getitem__)
    call = _max_unpool(node, args) or torch_call(node.target, args, kwargs)
    if call.target in ("view", "reshape", "expand") and images is not None:
        args = (call.args[0], _open_batch(node, call.args[1], images), *call.args[2:])
    else:
        args = call.args
    path = _layer(node, layers)
    name = None if path is None else path.replace(".", "_")
    new = graph.create_node(call.op, call.target, args, call.kwargs, name)
    if path is not None:
        new.meta["path"] = path
    return new


def _max_unpool(node: fx.Node, args: Any) -> Call | None:
    """ATen names the size that comes out; torch's function wants a window from which it comes."""
    if node.target is not torch.ops.aten.max_unpool2d.default:
        return None
    source: Any = node.args[0]
    x, places, size = args
    before = source.meta["val"].shape[-2:]
    window = tuple(-(-after // n) for after, n in zip(size, before, strict=True))
    return Call("call_function", F.max_unpool2d, (x, places, window), {"output_size": size})


def _open_batch(node: fx.Node, sizes: Any, images: int) -> Any:
    """A shape in which the number of images is left open, where it stands in front."""
    source: Any = node.args[0]
    before, after = source.meta["val"].shape, node.meta["val"].shape
    if not before or before[0] != images or not after or after[0] != images:
        return sizes
    return [-1, *after[1:]]


def _layer(node: fx.Node, layers: set[str] | None) -> str | None:
    """The path of the layer that a tensor was computed in; None outside of layers."""
    stack = node.meta.get("nn_module_stack")
    if not stack or not isinstance(node.meta.get("val"), torch.Tensor):
        return None
    path, kind = list(stack.values())[-1]
    own = str(kind).startswith("torch.nn.modules.") if layers is None else path in layers
    return str(path) if path and own else None


def _in_the_model_s_form(program: fx.GraphModule, flat: Any) -> Any:
    """The outputs as the model returns them: a program keeps them as one flat tuple."""
    info = getattr(program.graph._codegen, "pytree_info", None)
    spec = getattr(info, "out_spec", None)
    return flat if spec is None else pytree.tree_unflatten(list(flat), spec)


def _refuse(program: fx.GraphModule) -> None:
    inputs = [node.name for node in program.graph.nodes if node.op == "placeholder"]
    if len(inputs) != 1:
        raise ValueError(
            f"the exported program takes the inputs {', '.join(inputs) or 'none'}, but a model "
            f"with exactly one image tensor is needed: export one that supplies the others."
        )
    for node in program.graph.nodes:
        name = name_of(node)
        if name in READS_VALUE and depends_on_input(node):
            raise ReadsValueError(
                f"{name} of a tensor is a number that only data give", line_of_node(node)
            )
        if name in DECOMPOSED:
            raise ValueError(
                f"the exported program was decomposed: it has {name}, where a layer was. Pass what "
                f"torch.export.export returned, without run_decompositions."
            )
        if name == "batch_norm" and node.args[5] is True:
            raise ValueError(
                "the exported program normalizes by the batch it is given: call model.eval() "
                "before torch.export.export."
            )


@contextmanager
def _taken_apart() -> Iterator[None]:
    """Without torch's attention layers in one operator, which are for computing only."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@contextmanager
def _silenced() -> Iterator[None]:
    """torch.export writes what it thinks of a model to stderr; here its error says it."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
