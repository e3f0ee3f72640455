"""From a torch model to a graph of its operators."""

from collections.abc import Callable
from inspect import Parameter, signature
from types import FunctionType
from typing import Any

import torch
import torch.nn.functional as F
from torch import fx, nn
from torch.export import ExportedProgram

from quantlab.methods.graph.accepted_model import drop_idle_hooks, settled_copy
from quantlab.methods.graph.batch_axes import record_batch_axes
from quantlab.methods.graph.batches import as_batch
from quantlab.methods.graph.calls import BATCH_AXIS
from quantlab.methods.graph.exported_program import export_graph, is_program
from quantlab.methods.graph.given_program import GivenProgram
from quantlab.methods.graph.normal_form import bring_into_normal_form, record_shapes
from quantlab.methods.graph.refusals import (
    CANNOT_FOLLOW,
    DOES_NOT_RUN,
    NotTheModelError,
    ReadsValueError,
    first_line,
    why_not,
)
from quantlab.methods.graph.same_result import same_result, tensors_in, why_another
from quantlab.methods.graph.shape_tracing import LayerTracer, ShapeTracer
from quantlab.methods.graph.splits import CUT

WAY = "way"  # the key in graph.meta


def trace_model(model: nn.Module | ExportedProgram, example: Any) -> fx.GraphModule:
    """A copy of `model` in eval mode, as a `torch.fx` graph with one node for each operator.

    The graph is in the normal form of `normal_form`: in-place operations, dropout, dead nodes and
    functional layers are gone, and no layer is called twice. `node.meta["shape"]` is the shape of a
    tensor, batch included, `node.meta["batch_axis"]` the axis where the images lie in it,
    `node.meta["path"]` the path of a layer in `model`. The graph is run on the example, and must
    agree there with the model, and for another number of images too.

    Where torch.fx cannot follow the model's Python, it is given the sizes of the example; where
    that is not enough, torch.export traces the model, to the same names. `graph.meta["way"]` says
    which it was. A decision by a size is then the one for pictures of the example's size.

    Parameters
    ----------
    model : torch.nn.Module, or torch.export.ExportedProgram
        With one tensor as its input; further arguments need defaults, which are used. It is not
        changed. A program may be given as its `module()`, too; one that was exported for some
        number of images is taken for any. Wrappers of torch.compile and DataParallel are taken
        off, and weights that weight_norm, pruning or a parametrization compute are computed.
    example : float32 tensor or array (N, C, H, W)
        A batch as the model is used with.

    Returns
    -------
    torch.fx.GraphModule
        On the CPU, without gradients.

    Raises
    ------
    TypeError
        `model` is no module, or `example` no float32 array.
    ValueError
        The model cannot be traced: its Python code looks at the values of a tensor, or computes
        with the number of images. It takes more than one input, does not run on the example, or its
        graph computes something else; it is TorchScript; its parameters have no values, or are not
        float32. Python may look at all other sizes.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Dropout())
    >>> [node.name for node in trace_model(model, torch.zeros(1, 3, 8, 8)).graph.nodes]
    ['input_1', '_0', '_1', 'output']
    """
    settled = GivenProgram(model) if is_program(model) else settled_copy(model)
    batch = as_batch(example, "example")
    _defaults(settled)  # refuses a second input in our words, before torch does
    with torch.no_grad():
        expected = _run(settled, batch)
        _check_returns_floats(expected)
        drop_idle_hooks(settled, batch)
        graph = _normal(settled, _graph_of(settled, batch), batch)
        if not same_result(record_shapes(graph, batch), expected):
            raise ValueError(why_another(settled, batch))
        if record_batch_axes(graph, batch) is not None:
            raise _counts_images(settled, batch)
        _check_whole(graph)
    return graph


def _check_whole(graph: fx.GraphModule) -> None:
    """Refuse a row of images that is cut into pieces: their lengths would be the example's."""
    for node in graph.graph.nodes:
        if CUT in node.meta and node.meta.get(BATCH_AXIS) == 0:
            raise ValueError(
                f"layer {node.meta[CUT]!r} cuts the row of images into pieces, but a batch may "
                f"have any size: do that outside the model."
            )


def _normal(model: nn.Module, graph: fx.GraphModule, batch: torch.Tensor) -> fx.GraphModule:
    """The normal form; a refusal where torch runs the model, but not what was traced of it."""
    try:
        return bring_into_normal_form(graph, batch)
    except ValueError:
        raise
    except CANNOT_FOLLOW as error:
        raise why_not(model, error) from error


def _run(model: nn.Module, batch: torch.Tensor) -> Any:
    try:
        return model(batch.clone())  # an in-place first operator would write into the caller's data
    except DOES_NOT_RUN as error:
        raise ValueError(
            f"the model does not run on the example of shape {tuple(batch.shape)} "
            f"({first_line(error)}): pass a batch of the shape and number of channels it was made "
            f"for."
        ) from error


def _check_returns_floats(returned: Any) -> None:
    """Refuse a model whose outputs no file could hold: what leaves a file is float32."""
    tensors = tensors_in(returned)
    if not tensors:
        raise ValueError(
            f"the model returns {type(returned).__name__} with no tensor in it, but what it "
            f"computes is compared and exported: let its forward return it."
        )
    for tensor in tensors:
        if not tensor.is_floating_point():
            found = str(tensor.dtype).removeprefix("torch.")
            raise ValueError(
                f"the model returns a tensor of {found}, but a quantized model returns floats: "
                f"let its forward return the scores, and compare or choose outside."
            )


def symbolic_graph(model: nn.Module) -> fx.GraphModule:
    """What torch.fx makes of a model, before anything is known of its tensors.

    Raises
    ------
    ValueError
        As `trace_model`.
    """
    if isinstance(model, fx.GraphModule):
        return model
    try:
        return _traced(model, LayerTracer(param_shapes_constant=True))
    except CANNOT_FOLLOW as error:  # the model runs, so this comes from tracing it
        raise why_not(model, error) from error


def _graph_of(model: nn.Module, batch: torch.Tensor) -> fx.GraphModule:
    """By the first way that gives a graph of the model for another number of images, too."""
    if isinstance(model, fx.GraphModule):
        return model
    last: Exception | None = None
    for way, graph_of in (GIVEN if isinstance(model, GivenProgram) else WAYS).items():
        try:
            graph = graph_of(model, batch)
            _check_free(model, graph, batch)
        except ReadsValueError as error:  # none of the ways knows a value
            raise why_not(model, error) from error
        except CANNOT_FOLLOW as error:  # the model runs, so this comes from tracing it
            last = error
        else:
            graph.meta[WAY] = way
            return graph
    assert last is not None, "at least one way was tried"
    raise last if isinstance(last, NotTheModelError) else why_not(model, last) from last


def _symbolic(model: nn.Module, batch: torch.Tensor) -> fx.GraphModule:
    return _opened(_traced(model, LayerTracer(param_shapes_constant=True)))


def _sized(model: nn.Module, batch: torch.Tensor) -> fx.GraphModule:
    return _opened(_traced(model, ShapeTracer(batch)))


def _opened(graph: fx.GraphModule) -> fx.GraphModule:
    """Refuse what torch.fx leaves as one node, and torch.export takes apart.

    That is attention, and a function that its package keeps whole by torch.fx.wrap, such as
    torchvision's stochastic_depth.
    """
    for node in graph.graph.nodes:
        made_of = graph.get_submodule(node.target).children() if node.op == "call_module" else ()
        if node.target is F.multi_head_attention_forward or list(made_of) or _is_wrapped(node):
            raise TypeError(f"torch.fx cannot look into {node.name}")
    return graph


def _is_wrapped(node: fx.Node) -> bool:
    """Whether a function in Python is called, other than torch's own."""
    home = str(getattr(node.target, "__module__", "")).partition(".")[0]
    return isinstance(node.target, FunctionType) and home != "torch"


#: By torch.fx alone; with the sizes that the example has; by running all of Python without values.
WAYS: dict[str, Callable[[nn.Module, torch.Tensor], fx.GraphModule]] = {
    "torch.fx": _symbolic,
    "torch.fx, with the sizes of the example": _sized,
    "torch.export, with the sizes of the example": export_graph,
}
GIVEN: dict[str, Callable[[Any, torch.Tensor], fx.GraphModule]] = {
    "torch.export, before it came here": lambda model, batch: model.graph(),
}


def _traced(model: nn.Module, tracer: fx.Tracer) -> fx.GraphModule:
    graph = tracer.trace(model, concrete_args=_defaults(model))
    _drop_extra_inputs(graph)
    return fx.GraphModule(model, graph)


def _check_free(model: nn.Module, graph: fx.GraphModule, batch: torch.Tensor) -> None:
    """Refuse a graph that is not the model's, or holds the number of the example's images."""
    agree = [_agree(graph, model, torch.cat([batch[:1]] * images)) for images in (1, 2)]
    if all(agree):
        return
    if not any(agree) and not same_result(graph.forward(batch.clone()), model(batch.clone())):
        raise NotTheModelError(why_another(model, batch))
    if isinstance(model, GivenProgram):
        raise NotTheModelError(
            f"the exported program holds the number of images, {model.images}, as a constant, but "
            f"a batch may have any size: export the model with dynamic_shapes=({{0: "
            f"torch.export.Dim.AUTO}},) and two images or more, or pass the model itself."
        )
    raise _counts_images(model, batch)


def _counts_images(model: nn.Module, batch: torch.Tensor) -> NotTheModelError:
    return NotTheModelError(
        f"{type(model).__name__} computes in Python with the number of images, here {len(batch)}, "
        f"but a batch may have any size: write x.size(0) or -1 where a shape is made, and decide "
        f"nothing by it."
    )


def _agree(graph: fx.GraphModule, model: nn.Module, images: torch.Tensor) -> bool:
    try:
        expected = model(images.clone())
    except DOES_NOT_RUN:
        return True  # a model that takes no such number of images, such as pairs of them
    try:
        # Not the graph itself: that prints a page of its own where it does not run.
        return same_result(graph.forward(images.clone()), expected)
    except DOES_NOT_RUN:
        return False


def _defaults(model: nn.Module) -> dict[str, Any]:
    """The defaults of every argument but the first one."""
    named = [
        p
        for p in signature(model.forward).parameters.values()
        if p.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    ]
    missing = [p.name for p in named[1:] if p.default is Parameter.empty]
    if missing or not named:
        inputs = ", ".join(p.name for p in named) or "none"
        raise ValueError(
            f"{type(model).__name__} takes the inputs {inputs}, but a model with exactly one "
            f"image tensor is needed: wrap it in a module that supplies the others."
        )
    return {p.name: p.default for p in named[1:]}


def _drop_extra_inputs(graph: fx.Graph) -> None:
    """Take out arguments that stood at their defaults, and torch.fx's checks that they do."""
    extras = [node for node in graph.nodes if node.op == "placeholder"][1:]
    # The check reads the argument, or a comparison with it, and nothing reads the check.
    for node in reversed(_reading(graph, extras)):
        if not node.users:
            graph.erase_node(node)
    for extra in extras:
        if not extra.users:
            graph.erase_node(extra)


def _reading(graph: fx.Graph, sources: list[fx.Node]) -> list[fx.Node]:
    """The nodes that read a source, or what comes of one; one look at each node, in order."""
    reached, found = set(sources), []
    for node in graph.nodes:
        if not reached.isdisjoint(node.all_input_nodes):
            reached.add(node)
            found.append(node)
    return found
