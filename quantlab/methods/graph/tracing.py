"""From a torch model to a graph of its operators."""

from copy import deepcopy
from inspect import Parameter, signature
from pathlib import Path
from traceback import extract_tb
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils import parametrize

from quantlab.methods.graph.batch_axes import record_batch_axes
from quantlab.methods.graph.batches import as_batch
from quantlab.methods.graph.normal_form import bring_into_normal_form, record_shapes
from quantlab.methods.graph.shape_tracing import LayerTracer, ShapeTracer


def trace_model(model: nn.Module, example: Any) -> fx.GraphModule:
    """A copy of `model` in eval mode, as a `torch.fx` graph with one node for each operator.

    The graph is in the normal form of `normal_form`: in-place operations, dropout, dead nodes and
    functional layers are gone, and no layer is called twice. `node.meta["shape"]` is the shape of a
    tensor, batch included, `node.meta["batch_axis"]` the axis where the images lie in it,
    `node.meta["path"]` the path of a layer in `model`. The graph is run on the example, and must
    agree there with the model.

    Parameters
    ----------
    model : torch.nn.Module
        With one tensor as its input; further arguments need defaults, which are used. It is not
        changed.
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
        graph computes something else; its parameters are not float32. Python may look at all other
        sizes.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Dropout())
    >>> [node.name for node in trace_model(model, torch.zeros(1, 3, 8, 8)).graph.nodes]
    ['input_1', '_0', '_1', 'output']
    """
    if not isinstance(model, nn.Module):
        raise TypeError(
            f"model is a {type(model).__name__}, but a torch.nn.Module is needed: "
            f"pass the model itself, not its class, weights or file name."
        )
    batch = as_batch(example, "example")
    _check_float32(model)
    copy = deepcopy(model).cpu().eval().requires_grad_(False)
    _settle_parametrizations(copy)
    _defaults(copy)  # refuses a second input in our words, before torch does
    with torch.no_grad():
        expected = _run(copy, batch)
        graph = bring_into_normal_form(_graph_of(copy, batch), batch)
        _check_same(record_shapes(graph, batch), expected)
        record_batch_axes(graph, batch)
    return graph


def _check_float32(model: nn.Module) -> None:
    for name, weight in model.named_parameters():
        if weight.is_floating_point() and weight.dtype != torch.float32:
            found = str(weight.dtype).removeprefix("torch.")
            raise ValueError(
                f"the model's parameter {name!r} is {found}, but a model is quantized and "
                f"exported from float32: call model.float() first."
            )


def _settle_parametrizations(model: nn.Module) -> None:
    """Make plain weights of those that are computed from others, such as with weight norm."""
    for module in list(model.modules()):
        if not parametrize.is_parametrized(module):
            continue
        rules: Any = module.parametrizations
        values = {name: getattr(module, name).detach().clone() for name in rules}
        # Not remove_parametrizations: the class it changes is also that of the caller's module.
        module.__class__ = type(module).__bases__[0]
        del module.parametrizations
        for name, value in values.items():
            module.register_parameter(name, nn.Parameter(value, requires_grad=False))


def _run(model: nn.Module, batch: torch.Tensor) -> Any:
    try:
        return model(batch.clone())  # an in-place first operator would write into the caller's data
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"the model does not run on the example of shape {tuple(batch.shape)} "
            f"({_first_line(error)}): pass a batch of the shape and number of channels it was made "
            f"for."
        ) from error


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__


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
    except Exception as error:  # the model runs, so whatever is raised here comes from tracing it
        raise _why_not(model, error) from error


def _graph_of(model: nn.Module, batch: torch.Tensor) -> fx.GraphModule:
    """By torch.fx alone; where that cannot, with the sizes that the example has."""
    if isinstance(model, fx.GraphModule):
        return model
    try:
        return _traced(model, LayerTracer(param_shapes_constant=True))
    except Exception:
        try:
            graph = _traced(model, ShapeTracer(batch))
        except Exception as error:  # as in `symbolic_graph`
            raise _why_not(model, error) from error
        _check_other_batch(model, graph, batch)
        return graph


def _traced(model: nn.Module, tracer: fx.Tracer) -> fx.GraphModule:
    graph = tracer.trace(model, concrete_args=_defaults(model))
    _drop_extra_inputs(graph)
    return fx.GraphModule(model, graph)


def _check_other_batch(model: nn.Module, graph: fx.GraphModule, batch: torch.Tensor) -> None:
    """Refuse a graph that holds the number of the example's images as a constant."""
    more = torch.cat([batch, batch[:1]])
    try:
        free = _same(graph(more.clone()), model(more.clone()))
    except (RuntimeError, ValueError, TypeError, IndexError):
        free = False
    if not free:
        raise ValueError(
            f"{type(model).__name__} computes in Python with the number of images, here "
            f"{len(batch)}, but a batch may have any size: write x.size(0) or -1 where a shape is "
            f"made, and decide nothing by it."
        )


def _why_not(model: nn.Module, error: Exception) -> ValueError:
    """What Python wanted of a tensor, and in which line of the model."""
    name, said, line = type(model).__name__, _first_line(error), _line_of_model(error)
    if isinstance(error, fx.proxy.TraceError):
        cause = "its forward decides in Python by the values of a tensor"
    else:
        cause = "its forward does in Python what no graph can hold"
    return ValueError(
        f"{name} cannot be traced by torch.fx ({said}): {cause}{line}; move that out of the model, "
        f"or write it with torch operators such as torch.where."
    )


def _line_of_model(error: Exception) -> str:
    """Where the model's own source was: the last line that is neither torch's nor quantlab's."""
    own = (Path(torch.__file__).parent, Path(__file__).parent)
    frames = [
        frame
        for frame in extract_tb(error.__traceback__)
        if frame.line and not any(Path(frame.filename).is_relative_to(folder) for folder in own)
    ]
    if not frames:
        return ""
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno}: {frames[-1].line})"


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


def _check_same(result: Any, expected: Any) -> None:
    """Refuse a graph that does not compute what the model does.

    The operators are the same ones, so the results are too, but for a mean that became a pool:
    float32 sums in another order, far within 1e-3 of the largest value.
    """
    if not _same(result, expected):
        raise ValueError(
            "the traced graph does not compute what the model does: the model draws random "
            "numbers, or changes in place a tensor that it also uses elsewhere; change that."
        )


def _same(result: Any, expected: Any) -> bool:
    got, wanted = _tensors(result), _tensors(expected)
    return len(got) == len(wanted) and all(
        a.shape == b.shape
        and torch.allclose(a, b, rtol=0, atol=1e-3 * _magnitude(b), equal_nan=True)
        for a, b in zip(got, wanted, strict=True)
    )


def _tensors(value: Any) -> list[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return (
        [t for part in parts for t in _tensors(part)]
        if isinstance(value, dict | list | tuple)
        else []
    )


def _magnitude(x: torch.Tensor) -> float:
    finite = x[torch.isfinite(x)]
    return float(finite.abs().max()) if finite.numel() else 0.0
