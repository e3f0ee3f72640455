"""A float model written node by node, quantized by ONNX Runtime's own tool: nothing of ours."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_static,
)

SHAPE = (3, 12, 12)


def photos(count, seed=0):
    return np.random.default_rng(seed).normal(0, 1, (count, *SHAPE)).astype(np.float32)


def float_net(seed=1):
    """conv → relu → depthwise conv → add → max pool → global average → gemm."""
    rng = np.random.default_rng(seed)

    def weight(name, *shape):
        values = rng.normal(0, np.prod(shape[1:]) ** -0.5, shape).astype(np.float32)
        return numpy_helper.from_array(values, name)

    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    node = helper.make_node
    nodes = [
        node("Conv", ["input", "w0", "b0"], ["conv0"], "conv0", **same),
        node("Relu", ["conv0"], ["relu0"], "relu0"),
        node("Conv", ["relu0", "w1", "b1"], ["conv1"], "conv1", group=8, **same),
        node("Add", ["conv1", "relu0"], ["sum"], "sum"),
        node("MaxPool", ["sum"], ["pool"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", ["pool"], ["average"], "average"),
        node("Flatten", ["average"], ["flat"], "flat"),
        node("Gemm", ["flat", "w2", "b2"], ["logits"], "logits", transB=1),
    ]
    parameters = [
        *(weight("w0", 8, 3, 3, 3), weight("b0", 8), weight("w1", 8, 1, 3, 3), weight("b1", 8)),
        *(weight("w2", 5, 8), weight("b2", 5)),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", *SHAPE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 5])],
        parameters,
    )
    opset = [helper.make_opsetid("", 21)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


class _Photos(CalibrationDataReader):
    def __init__(self):
        self.batches = iter([{"input": photos(16, seed=5)}])

    def get_next(self):
        return next(self.batches, None)


def quantized_by_onnxruntime(model):
    """QDQ, UINT8 activations, INT8 weights per channel."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "float.onnx"), Path(folder, "int8.onnx")
        onnx.save(model, before)
        quantize_static(
            before,
            after,
            _Photos(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(after)
