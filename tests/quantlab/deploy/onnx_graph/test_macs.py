"""MACs from shapes against torch's own flop counter, which counts two for each."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from quantlab.deploy.onnx_graph.macs import inferred_shapes, macs_of
from tests.quantlab.deploy.qdq_net import QdqNet


def model_of(operator, x, w, opset=21, **settings):
    """One operator with float weights on an input whose first dimension has no size."""
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", "w"], ["y"], **settings)],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", *x[1:]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.zeros(w, np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def counted(function, x, w):
    with FlopCounterMode(display=False) as counter:
        function(torch.zeros(x), torch.zeros(w))
    return counter.get_total_flops() // 2


CONVOLUTIONS = [
    ((2, 8, 9, 7), (6, 8, 3, 3), {}),
    ((1, 8, 9, 7), (8, 1, 3, 3), {"groups": 8, "padding": 1}),
    ((3, 8, 10, 10), (4, 4, 3, 1), {"groups": 2, "stride": 2, "padding": 2, "dilation": 2}),
]


@pytest.mark.parametrize(("x", "w", "settings"), CONVOLUTIONS)
def test_convolution(x, w, settings):
    model = model_of(
        "Conv",
        x,
        w,
        group=settings.get("groups", 1),
        strides=[settings.get("stride", 1)] * 2,
        pads=[settings.get("padding", 0)] * 4,
        dilations=[settings.get("dilation", 1)] * 2,
    )
    expected = counted(lambda a, b: functional.conv2d(a, b, **settings), x, w)
    assert macs_of(model, {"x": x}) == {"y": expected}


def test_transposed_convolution():
    x, w = (2, 8, 5, 6), (8, 3, 2, 2)
    model = model_of("ConvTranspose", x, w, strides=[2, 2])
    expected = counted(lambda a, b: functional.conv_transpose2d(a, b, stride=2), x, w)
    assert macs_of(model, {"x": x}) == {"y": expected}


def test_matrix_products():
    x, w = (5, 16), (16, 4)
    expected = counted(torch.matmul, x, w)
    assert macs_of(model_of("MatMul", x, w), {"x": x}) == {"y": expected}
    assert macs_of(model_of("Gemm", x, w), {"x": x}) == {"y": expected}
    assert macs_of(model_of("Gemm", x, (4, 16), transB=1), {"x": x}) == {"y": expected}
    stack = (5, 3, 16)
    assert macs_of(model_of("MatMul", stack, w), {"x": stack}) == {
        "y": counted(torch.matmul, stack, w)
    }


def test_transposed_left_matrix():
    model = model_of("Gemm", (16, 5), (16, 4), transA=1)
    assert macs_of(model, {"x": (16, 5)}) == {"y": 5 * 16 * 4}


def test_without_shapes_one_image_is_counted():
    x, w, _ = CONVOLUTIONS[0]
    model = model_of("Conv", x, w)
    assert macs_of(model, {"x": x})["y"] == 2 * macs_of(model)["y"]


def test_a_written_down_shape_of_another_batch_is_not_believed():
    x, w, _ = CONVOLUTIONS[0]
    model = model_of("Conv", x, w)
    model.graph.value_info.append(
        helper.make_tensor_value_info("y", TensorProto.FLOAT, [9, 6, 7, 5])
    )
    assert inferred_shapes(model, {"x": (4, *x[1:])})["y"] == (4, 6, 7, 5)


def test_quantizing_leaves_the_count_alone_and_only_products_count():
    net = QdqNet()
    first = net.qdq(net.node("Relu", net.conv(net.x, "c1", kernel=3), "r"), "y1")
    model = net.model(net.qdq(net.conv(first, "c2"), "y2"))
    # 16 x 16 places, 8 filters on 8 channels with 9 taps; then with one.
    assert macs_of(model) == {"c1": 256 * 8 * 8 * 9, "c2": 256 * 8 * 8}


def test_a_shape_that_cannot_be_inferred_is_not_guessed():
    net = QdqNet()
    where = net.node("Cast", net.node("NonZero", "input", "n"), "c", to=TensorProto.FLOAT)
    model = net.model(net.node("MatMul", [net.node("Transpose", where, "t"), where], "m"))
    assert macs_of(model) == {"m": None}


def test_files_with_integer_operators_count_like_their_float_model(tmp_path):
    """ONNX Runtime's own quantizer writes either form; its QLinear operators hide no layer."""
    net = small_net()
    (tmp_path / "float.onnx").write_bytes(net.SerializeToString())
    quantize_static(
        tmp_path / "float.onnx",
        tmp_path / "integers.onnx",
        Noise(),
        quant_format=QuantFormat.QOperator,
    )
    quantized = onnx.load(tmp_path / "integers.onnx")
    own = {node.op_type for node in quantized.graph.node if node.domain == "com.microsoft"}
    assert {"QLinearAdd", "QLinearConcat", "QLinearGlobalAveragePool", "QGemm"} <= own
    assert sorted(macs_of(quantized).values()) == sorted(macs_of(net).values())


class Noise(CalibrationDataReader):
    """One batch for the quantizer."""

    def __init__(self):
        self.batches = [{"input": np.random.default_rng(0).random((1, 8, 16, 16), np.float32)}]

    def get_next(self):
        return self.batches.pop() if self.batches else None


def small_net():
    net = QdqNet()
    net.nodes.clear()
    first = net.node("Conv", ["input", net.float_weights("w1", (8, 8, 1, 1))], "c1")
    added = net.node("Add", [first, "input"], "a")
    joined = net.node("Concat", [added, first], "j", axis=1)
    second = net.node("Conv", [joined, net.float_weights("w2", (8, 16, 3, 3))], "c2")
    pooled = net.node("GlobalAveragePool", net.node("Sigmoid", second, "s"), "g")
    flat = net.node("Flatten", net.node("Mul", [pooled, pooled], "m"), "f")
    w, b = net.float_weights("w3", (8, 4)), net.float_weights("b3", (4,))
    return net.model(net.node("Gemm", [flat, w, b], "fc"))
