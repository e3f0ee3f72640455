"""From a torch model to a graph of its operators."""

from copy import deepcopy
from inspect import Parameter, signature
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils import parametrize

from quantlab.methods.graph.batches import as_batch
from quantlab.methods.graph.calls import MODULES, torch_class
from quantlab.methods.graph.normal_form import bring_into_normal_form, record_shapes


class _Tracer(fx.Tracer):
    """Takes a plain subclass of a layer for that layer; torch would look into it.

    Made with `param_shapes_constant`, so that Python may look at the shapes of parameters.
    """

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return super().is_leaf_module(m, module_qualified_name) or torch_class(m) in MODULES


def trace_model(model: nn.Module, example: Any) -> fx.GraphModule:
    """A copy of `model` in eval mode, as a `torch.fx` graph with one node for each operator.

    The graph is in the normal form of `normal_form`: in-place operations, dropout, dead nodes and
    functional layers are gone, and no layer is called twice. `node.meta["shape"]` is the shape of a
    tensor, batch included; `node.meta["path"]` the path of a layer in `model`. The graph is run on
    the example, and must agree there with the model.

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
        The model cannot be traced: its Python code looks at the values of a tensor. It takes more
        than one input, does not run on the example, or its graph computes something else.

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
    copy = deepcopy(model).cpu().eval().requires_grad_(False)
    _settle_parametrizations(copy)
    _defaults(copy)  # refuses a second input in our words, before torch does
    with torch.no_grad():
        expected = _run(copy, batch)
        graph = bring_into_normal_form(symbolic_graph(copy), batch)
        _check_same(record_shapes(graph, batch), expected)
    return graph


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
        graph = _Tracer(param_shapes_constant=True).trace(model, concrete_args=_defaults(model))
    except Exception as error:  # the model runs, so whatever is raised here comes from tracing it
        raise ValueError(
            f"{type(model).__name__} cannot be traced by torch.fx "
            f"({_first_line(error)}): its forward decides in Python by the values of a tensor; "
            f"move that decision out of the model."
        ) from error
    _drop_extra_inputs(graph)
    return fx.GraphModule(model, graph)


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
    got, wanted = _tensors(result), _tensors(expected)
    same = len(got) == len(wanted) and all(
        a.shape == b.shape
        and torch.allclose(a, b, rtol=0, atol=1e-3 * _magnitude(b), equal_nan=True)
        for a, b in zip(got, wanted, strict=True)
    )
    if not same:
        raise ValueError(
            "the traced graph does not compute what the model does: the model draws random "
            "numbers, or changes in place a tensor that it also uses elsewhere; change that."
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
