"""The peers, each asked the same question: onnx.reference, ONNX Runtime, torch.

Every function takes a tensor and QParams and answers with the peer's own result as a numpy array:
integers widened to int32 by the quantizers, float32 by the others.
"""

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from quantlab.numerics import QParams

ONNX_TYPES = {
    "int4": TensorProto.INT4,
    "uint4": TensorProto.UINT4,
    "int8": TensorProto.INT8,
    "uint8": TensorProto.UINT8,
    "int16": TensorProto.INT16,
    "uint16": TensorProto.UINT16,
}
OPSET = 21  # the first with 4-bit and 16-bit QuantizeLinear


def ort_quantize(x: np.ndarray, qparams: QParams) -> np.ndarray:
    """QuantizeLinear in ONNX Runtime."""
    return _in_runtime(_quantize_model(qparams, x.ndim), x)


def ort_dequantize(q: np.ndarray, qparams: QParams) -> np.ndarray:
    """DequantizeLinear in ONNX Runtime."""
    return _in_runtime(_dequantize_model(qparams, q.ndim), q.astype(np.int32))


def reference_quantize(x: np.ndarray, qparams: QParams) -> np.ndarray:
    """QuantizeLinear in onnx's executable specification.

    It casts to int32 before it clamps, so it is only defined within 2^31 steps of zero.
    """
    return _in_reference(_quantize_model(qparams, x.ndim), x)


def reference_dequantize(q: np.ndarray, qparams: QParams) -> np.ndarray:
    """DequantizeLinear in onnx's executable specification."""
    return _in_reference(_dequantize_model(qparams, q.ndim), q.astype(np.int32))


def torch_fake_quantize(x: np.ndarray, qparams: QParams) -> np.ndarray:
    """torch.fake_quantize_per_tensor_affine, or _per_channel_affine where qparams has an axis."""
    tensor = torch.from_numpy(np.ascontiguousarray(x))
    if qparams.axis is None:
        return torch.fake_quantize_per_tensor_affine(
            tensor, float(qparams.scale), int(qparams.zero_point), qparams.qmin, qparams.qmax
        ).numpy()
    return torch.fake_quantize_per_channel_affine(
        tensor,
        torch.tensor(qparams.scale),
        torch.tensor(qparams.zero_point),
        qparams.axis % x.ndim,
        qparams.qmin,
        qparams.qmax,
    ).numpy()


def torch_quantize(x: np.ndarray, qparams: QParams) -> np.ndarray:
    """torch.quantize_per_tensor, deprecated in torch 2.13, for int8 and uint8."""
    kind = {"int8": torch.qint8, "uint8": torch.quint8}[qparams.dtype]
    tensor = torch.quantize_per_tensor(
        torch.from_numpy(x), float(qparams.scale), int(qparams.zero_point), kind
    )
    return tensor.int_repr().numpy().astype(np.int32)


def _in_runtime(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Without rewriting: the operator itself is the peer, not what an optimizer makes of the graph.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return np.asarray(session.run(None, {"x": x})[0])


def _in_reference(model: onnx.ModelProto, x: np.ndarray) -> np.ndarray:
    (result,) = ReferenceEvaluator(model).run(None, {"x": x})
    return np.asarray(result)


def _quantize_model(qparams: QParams, ndim: int) -> onnx.ModelProto:
    """x → QuantizeLinear → Cast to int32; numpy has no 4-bit integers to hand out."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero_point"], ["q"], **_axis(qparams)),
        helper.make_node("Cast", ["q"], ["y"], to=TensorProto.INT32),
    ]
    return _model(nodes, qparams, ndim, TensorProto.FLOAT, TensorProto.INT32)


def _dequantize_model(qparams: QParams, ndim: int) -> onnx.ModelProto:
    """x (int32) → Cast to the type → DequantizeLinear."""
    nodes = [
        helper.make_node("Cast", ["x"], ["q"], to=ONNX_TYPES[qparams.dtype]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero_point"], ["y"], **_axis(qparams)),
    ]
    return _model(nodes, qparams, ndim, TensorProto.INT32, TensorProto.FLOAT)


def _axis(qparams: QParams) -> dict[str, Any]:
    return {} if qparams.axis is None else {"axis": qparams.axis}


def _model(
    nodes: list[onnx.NodeProto], qparams: QParams, ndim: int, source: int, target: int
) -> onnx.ModelProto:
    shape = [None] * ndim
    scale, zero_point = np.asarray(qparams.scale), np.asarray(qparams.zero_point)
    kind = ONNX_TYPES[qparams.dtype]
    graph = helper.make_graph(
        nodes,
        "one_operator",
        [helper.make_tensor_value_info("x", source, shape)],
        [helper.make_tensor_value_info("y", target, shape)],
        [
            helper.make_tensor("scale", TensorProto.FLOAT, scale.shape, scale.ravel()),
            helper.make_tensor("zero_point", kind, zero_point.shape, zero_point.ravel()),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
