"""Why ONNX Runtime runs a node of a quantized model in FP32: the rules it fuses by, in sentences.

Source: onnxruntime/core/optimizer/qdq_transformer (selectors, S8-to-U8, propagation, clip fusion).
"""

from __future__ import annotations

from collections.abc import Callable

from quantlab.deploy.onnx_graph.graph import Graph, Node
from quantlab.deploy.precision.fallback.site import Reason, Site, float_weights
from quantlab.deploy.precision.fallback.values import settings, types_differ
from quantlab.deploy.precision.fallback.wiring import (
    float_input,
    float_model,
    float_output,
    kept_float,
    no_kernel,
    relu_needed,
)

__all__ = ["Reason", "fallback_reason", "float_weights"]

CONDITIONS: tuple[Callable[[Site], Reason | None], ...] = (
    float_model,
    no_kernel,
    kept_float,
    float_input,
    float_output,
    relu_needed,
    types_differ,
    settings,
)


def fallback_reason(graph: Graph, node: Node, *, x86: bool, said: str = "") -> Reason:
    """What the file says of a node, else the first of ONNX Runtime's conditions it does not meet.

    Parameters
    ----------
    graph : Graph
        The model as it was given to ONNX Runtime.
    node : Node
        One of its nodes that runs in FP32.
    x86 : bool
        Whether the CPU wants UINT8 activations.
    said : str
        Why the node stays float, by whoever wrote the file; "" where it says nothing.
    """
    if said:
        lacking = no_kernel(Site(graph, node, x86))
        return Reason(lacking.kind if lacking else "kept float", f"It stays float: {said}.")
    for condition in CONDITIONS:
        reason = condition(Site(graph, node, x86))
        if reason is not None:
            return reason
    return Reason(
        "no known reason",
        f"{node.operator} has an integer kernel and rulers on all sides, yet ONNX Runtime did not "
        f"use it: its rules may have changed.",
    )
