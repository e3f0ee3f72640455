"""ReLU6 to ReLU, for those who prefer equal weights to the clip."""

from copy import deepcopy

import torch
from torch import fx, nn

from quantlab.methods.graph.calls import read_call, torch_class
from quantlab.methods.graph.operators import OnnxOperator, is_operator, operator_of
from quantlab.methods.graph.tracing import symbolic_graph

CLIPS = ("relu6", "hardtanh", "clamp")


def replace_relu6(model: nn.Module) -> nn.Module:
    """A copy of `model` in which every clip from 0 to some height is a ReLU.

    The function changes where a value passes that height. Nagel et al. 2019 (section 5.1.1) do so
    before they equalize MobileNetV2; measure what it costs your model before you use it.

    Parameters
    ----------
    model : torch.nn.Module
        Any model, or a graph as `trace_model` or `fold_batchnorm` returns it. It is not changed. Of
        a model that is no graph the modules are replaced.

    Returns
    -------
    torch.nn.Module
        Of the class, in the mode and on the device of `model`.

    Raises
    ------
    ValueError
        A model that is no graph calls such a clip as a function, or cannot be traced.

    Examples
    --------
    >>> replace_relu6(nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU6()))[1]
    ReLU()
    """
    made = deepcopy(model)
    if isinstance(made, fx.GraphModule):
        _in_graph(made)
        return made
    if isinstance(made, nn.Hardtanh):
        return _relu_for(made)
    for path, module in list(made.named_modules(remove_duplicate=False)):
        if isinstance(module, nn.Hardtanh):
            made.set_submodule(path, _relu_for(module))
    _refuse_functions(made)
    return made


def _relu_for(module: nn.Hardtanh) -> nn.Module:
    """A ReLU for a clip that begins at 0, of which nn.ReLU6 is one; another clip itself."""
    clips = torch_class(module) in (nn.ReLU6, nn.Hardtanh) and module.min_val == 0
    return nn.ReLU(module.inplace).train(module.training) if clips else module


def _refuse_functions(model: nn.Module) -> None:
    graph = symbolic_graph(model)
    for node in graph.graph.nodes:
        if node.op in ("call_function", "call_method"):
            call = read_call(graph, node)
            if call.function.rstrip("_") in CLIPS and _is_relu6(graph, node):
                raise ValueError(
                    f"the model calls {call.shown} as a function ({node.name}), which no module "
                    f"can replace: pass trace_model(model, images) instead."
                )


def _in_graph(graph: fx.GraphModule) -> None:
    for node in list(graph.graph.nodes):
        if _is_relu6(graph, node):
            with graph.graph.inserting_after(node):
                relu = graph.graph.call_function(torch.relu, (node.all_input_nodes[0],))
            relu.meta = dict(node.meta)
            node.replace_all_uses_with(relu)
            graph.graph.erase_node(node)
    graph.delete_all_unused_submodules()
    graph.recompile()


def _is_relu6(graph: fx.GraphModule, node: fx.Node) -> bool:
    operator = operator_of(graph, node) if is_operator(node) else None
    return (
        isinstance(operator, OnnxOperator)
        and operator.kind == "Clip"
        and operator.attributes["min"] == 0
    )
