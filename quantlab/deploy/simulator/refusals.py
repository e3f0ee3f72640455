"""What cannot be simulated, in sentences."""

from __future__ import annotations

import onnx

from quantlab.deploy.onnx_graph.graph import Node, graphs_inside

#: Operators whose integers ONNX defines; a QDQ graph says the same with float operators.
QUANTIZED_OPERATORS = {
    "ConvInteger",
    "DynamicQuantizeLinear",
    "MatMulInteger",
    "QLinearConv",
    "QLinearMatMul",
}


def refuse_float(model: onnx.ModelProto) -> None:
    """Refuse a model without integers, of which nothing about integers can be said."""
    operators = {node.op_type for node in model.graph.node}
    if "QuantizeLinear" in operators:
        return
    where = "the model has no QuantizeLinear in its graph, so there are no integers to compare"
    if "DynamicQuantizeLinear" in operators:
        where += " (its DynamicQuantizeLinear chooses another ruler on every run)"
    inside = sorted({node.op_type for node in model.graph.node if any(graphs_inside(node))})
    if inside:
        where += f"; what is inside of {' and '.join(inside)} cannot be looked at"
    raise ValueError(
        f"{where}: pass a statically quantized file, and the float one as a reference only."
    )


def refuse_foreign(node: Node) -> None:
    """Refuse a node that is none of ONNX's float operators."""
    if any(graphs_inside(node.proto)):
        raise ValueError(
            f"{node} holds graphs of its own, and what runs of them is decided while the model "
            f"runs, so it cannot be simulated: export what you mean without {node.operator}."
        )
    if node.domain or node.operator in QUANTIZED_OPERATORS:
        raise ValueError(
            f"{node}{f' of {node.domain}' if node.domain else ''} cannot be simulated: the "
            f"simulator reads ONNX's float operators between DequantizeLinear and QuantizeLinear; "
            f"export the model in QDQ format."
        )
