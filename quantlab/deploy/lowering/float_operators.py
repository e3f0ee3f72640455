"""Operators that stay float: what torch computes, as ONNX nodes.

A table entry is found by the module's class, the function, or the name of the tensor method.
"""

from collections.abc import Callable
from typing import Any

from torch import fx

from quantlab.deploy.lowering import elementwise, layers, reductions, shapes
from quantlab.deploy.lowering.call import Call

FLOAT_OPERATORS: dict[Any, Callable[[Call], None]] = {
    **elementwise.LOWERINGS,
    **layers.LOWERINGS,
    **reductions.LOWERINGS,
    **shapes.LOWERINGS,
}


def lower_float(call: Call) -> None:
    """Write an operator that quantlab.methods leaves in float.

    Raises
    ------
    ValueError
        No ONNX form of it is known here.
    """
    key = operator_key(call.graph, call.node)
    lowering = FLOAT_OPERATORS.get(key)
    if lowering is None:
        called = getattr(key, "__name__", key)
        raise ValueError(
            f"layer {call.name!r} calls {called}, for which the export knows no ONNX operator: "
            f"replace it by operators of quantlab.deploy.lowering, or cut it off the model."
        )
    lowering(call)


def operator_key(graph: fx.GraphModule, node: fx.Node) -> Any:
    """What the tables are read with."""
    if node.op == "call_module":
        return type(graph.get_submodule(str(node.target)))
    return node.target
