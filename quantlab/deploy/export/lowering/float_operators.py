"""Operators that quantlab.methods has no ONNX name for: what torch computes, as ONNX nodes.

They stay float. A table entry is found by the module's class, the function, or the name of the
tensor's method.
"""

from collections.abc import Callable
from typing import Any

from torch import fx

from quantlab.deploy.export.lowering import (
    activations,
    element_types,
    elementwise,
    layers,
    places,
    recurrent,
    reductions,
    several,
    shapes,
    spread,
    windows,
)
from quantlab.deploy.export.lowering.call import LoweringCall
from quantlab.methods.graph.operators import MOVES, NO_KERNEL, SEVERAL, Unsupported

FLOAT_OPERATORS: dict[Any, Callable[[LoweringCall], None]] = {
    **elementwise.LOWERINGS,
    **activations.LOWERINGS,
    **layers.LOWERINGS,
    **reductions.LOWERINGS,
    **shapes.LOWERINGS,
    **spread.LOWERINGS,
    **element_types.LOWERINGS,
    **windows.LOWERINGS,
    **several.LOWERINGS,
    **recurrent.LOWERINGS,
    **places.LOWERINGS,
}


def lower_float(call: LoweringCall, unsupported: Unsupported) -> None:
    """Write an operator that quantlab.methods has no ONNX name for.

    Raises
    ------
    ValueError
        No ONNX form of it is known here.
    """
    lowering = FLOAT_OPERATORS.get(operator_key(call.graph, call.node))
    if lowering is None:
        reason = unsupported.reason
        because = "" if reason in (MOVES, SEVERAL, NO_KERNEL) else f" ({reason})"
        raise ValueError(
            f"layer {call.name!r} calls {unsupported.name}, for which the export knows no ONNX "
            f"operator{because}: replace it by others, or end the model before it."
        )
    lowering(call)


def operator_key(graph: fx.GraphModule, node: fx.Node) -> Any:
    """What the tables are read with."""
    if node.op == "call_module":
        return type(graph.get_submodule(str(node.target)))
    return node.target
