"""Dynamic quantization: the ruler is laid when the numbers are there, one for each input."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from quantlab.deploy import open_session


def dynamic_integers(x: np.ndarray) -> tuple[np.ndarray, float, int]:
    """What ONNX Runtime's DynamicQuantizeLinear makes of x: integers, scale and zero_point.

    x is float32 of any shape; the integers are uint8 of the same shape.
    """
    tensor = helper.make_tensor_value_info
    outputs = [
        tensor("q", TensorProto.UINT8, list(x.shape)),
        tensor("scale", TensorProto.FLOAT, []),
        tensor("zero_point", TensorProto.UINT8, []),
    ]
    node = helper.make_node("DynamicQuantizeLinear", ["x"], [value.name for value in outputs])
    graph = helper.make_graph(
        [node],
        "dynamic",
        [tensor("x", TensorProto.FLOAT, list(x.shape))],
        outputs,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    q, scale, zero_point = open_session(model).run(None, {"x": x})
    return q, float(scale), int(zero_point)
