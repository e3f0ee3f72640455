"""ReLU6 to ReLU, for those who prefer equal weights to the clip."""

from copy import deepcopy

import torch
from torch import fx

from quantlab.methods.graph.operators import OnnxOperator, is_operator, operator_of


def replace_relu6(graph: fx.GraphModule) -> fx.GraphModule:
    """A copy of `graph` in which every clip from 0 to some height is a ReLU.

    The function changes where a value passes that height. Nagel et al. 2019 (section 5.1.1) do so
    before they equalize MobileNetV2; measure what it costs your model before you use it.

    Parameters
    ----------
    graph : torch.fx.GraphModule
        As `trace_model` or `fold_batchnorm` returns it. It is not changed.
    """
    made = deepcopy(graph)
    for node in list(made.graph.nodes):
        if _is_relu6(made, node):
            with made.graph.inserting_after(node):
                relu = made.graph.call_function(torch.relu, (node.all_input_nodes[0],))
            relu.meta = dict(node.meta)
            node.replace_all_uses_with(relu)
            made.graph.erase_node(node)
    made.delete_all_unused_submodules()
    made.recompile()
    return made


def _is_relu6(graph: fx.GraphModule, node: fx.Node) -> bool:
    operator = operator_of(graph, node) if is_operator(node) else None
    return (
        isinstance(operator, OnnxOperator)
        and operator.kind == "Clip"
        and operator.attributes["min"] == 0
    )
