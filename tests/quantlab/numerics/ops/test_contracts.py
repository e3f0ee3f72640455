"""One vocabulary of contracts; each name gives the integers of the system that it names."""

import numpy as np
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from quantlab.numerics import ROUNDINGS, QParams, dequantize, quantize
from quantlab.numerics.ops import add, conv, gemm, matmul, requantize
from quantlab.numerics.ops.conv import conv_accumulator
from quantlab.numerics.ops.gemm import gemm_accumulator
from quantlab.numerics.ops.matmul import matmul_accumulator
from quantlab.numerics.ops.requantize import REQUANTIZATIONS
from tests.support.operator_cases import (
    bias_scale,
    output_ruler,
    random_bias,
    random_integers,
    random_ruler,
    random_weight_ruler,
)
from tests.support.operator_models import integers, qdq_model, run_in_reference

UNIT = 2.0**-24  # float32's unit roundoff


def layer(rng, operator):
    """(x, its qparams, w, its qparams, int32 bias, settings, model attributes) of one layer."""
    x_qparams, settings, named = random_ruler(rng, "uint8"), {}, {}
    if operator == "Conv":
        groups = int(rng.integers(1, 4))
        x = random_integers(rng, (2, 5 * groups, 9, 8), "uint8")
        w = random_integers(rng, (4 * groups, 5, 3, 2), "int8")
        named = {"strides": (2, 1), "pads": (1, 0, 2, 1), "dilations": (1, 2)}
        settings = {**named, "groups": groups}
        named["group"] = groups
        w_qparams, bias = random_weight_ruler(rng, len(w), 0, "int8"), random_bias(rng, len(w), 30)
    elif operator == "Gemm":
        x, w = random_integers(rng, (7, 65), "uint8"), random_integers(rng, (11, 65), "int8")
        settings, named = {"trans_b": True}, {"transB": 1}
        w_qparams, bias = random_weight_ruler(rng, 11, 0, "int8"), random_bias(rng, 11, 65)
    else:
        x, w = random_integers(rng, (2, 7, 65), "uint8"), random_integers(rng, (65, 11), "int8")
        w_qparams, bias = random_weight_ruler(rng, 11, 1, "int8"), None
    return x, x_qparams, w, w_qparams, bias, settings, named


OURS = {
    "Conv": (conv, conv_accumulator),
    "Gemm": (gemm, gemm_accumulator),
    "MatMul": (matmul, matmul_accumulator),
}


def sums_of(operator, x, x_qparams, w, w_qparams, bias, settings):
    more = () if bias is None else (bias,)
    return OURS[operator][1](x, x_qparams, w, w_qparams, *more, **settings)


@pytest.mark.parametrize("operator", OURS)
def test_onnx_is_the_definition_that_onnx_reference_computes(operator):
    """Equal wherever float32 decides; on a tie within float32's own error it may not.

    A product of n terms in float32, added in any order, is off by at most
    (n + 1) * UNIT * sum |terms| (Higham, Accuracy and Stability, 3.1), the bias being one term
    more. Both sides obey that, so they can part only where the exact number of steps lies that
    close to a half. Dividing by the scale adds UNIT times the quotient.
    """
    rng = np.random.default_rng(3)
    compared, decided = 0, 0
    for _ in range(25):
        x, x_qparams, w, w_qparams, bias, settings, named = layer(rng, operator)
        sums = sums_of(operator, x, x_qparams, w, w_qparams, bias, settings)
        y = output_ruler(rng, sums, x_qparams, w_qparams, "uint8")
        scaled = None if bias is None else (bias, bias_scale(x_qparams, w_qparams))
        model = qdq_model(operator, [(x, x_qparams)], [(w, w_qparams)], y, scaled, **named)
        theirs = integers(run_in_reference(model, x), y)
        more = () if bias is None else (bias,)
        ours = OURS[operator][0](x, x_qparams, w, w_qparams, y, *more, contract="onnx", **settings)
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        # The exact real numbers: integer sums times exact scales. Terms: at most n * 255 * 127.
        channel = [-1 if i == (sums.ndim - 1 if operator != "Conv" else 1) else 1
                   for i in range(sums.ndim)]  # fmt: skip
        ws = np.asarray(w_qparams.scale, np.float64)
        scale = float(x_qparams.scale) * (ws.reshape(channel) if ws.ndim else ws)
        steps = sums * scale / float(y.scale)
        n = int(w[0].size if operator != "MatMul" else len(w)) + 1
        off = (n + 3) * UNIT * (n * 255 * 128 + np.abs(sums)) * scale / float(y.scale)
        off = off + UNIT * np.abs(steps)
        sure = np.abs(steps - np.floor(steps) - 0.5) > off
        np.testing.assert_array_equal(ours[sure], theirs[sure])
        assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1
        compared, decided = compared + ours.size, decided + int(sure.sum())
    assert decided > 0.95 * compared


def power_of_two_layer(rng, operator):
    x, _, w, w_qparams, bias, settings, named = layer(rng, operator)
    x_qparams = QParams(0.125, int(rng.integers(256)), "uint8")
    scales = 2.0 ** rng.integers(-6, -3, np.shape(w_qparams.scale))
    w_qparams = QParams(scales, 0, "int8", axis=w_qparams.axis)
    return x, x_qparams, w, w_qparams, bias, settings, named


@pytest.mark.parametrize("operator", OURS)
def test_onnx_equals_onnx_reference_bit_for_bit_where_no_sum_is_rounded(operator):
    # Scales are powers of two and sums stay below 2^24: float32 holds every product and every sum.
    rng = np.random.default_rng(4)
    for _ in range(10):
        x, x_qparams, w, w_qparams, bias, settings, named = power_of_two_layer(rng, operator)
        y = QParams(float(rng.uniform(2.0, 6.0)), int(rng.integers(256)), "uint8")
        scaled = None if bias is None else (bias, bias_scale(x_qparams, w_qparams))
        model = qdq_model(operator, [(x, x_qparams)], [(w, w_qparams)], y, scaled, **named)
        theirs = integers(run_in_reference(model, x), y)
        more = () if bias is None else (bias,)
        for contract in ("onnx", "torch"):
            ours = OURS[operator][0](
                x, x_qparams, w, w_qparams, y, *more, contract=contract, **settings
            )
            if contract == "onnx":
                np.testing.assert_array_equal(ours, theirs)
            sums = sums_of(operator, x, x_qparams, w, w_qparams, bias, settings)
            axis = -1 if operator == "MatMul" else 1
            from_sums = requantize(sums, x_qparams, w_qparams, y, contract=contract, axis=axis)
            np.testing.assert_array_equal(ours, from_sums)


@pytest.mark.parametrize("operator", OURS)
def test_layers_of_one_product_equal_onnx_reference_bit_for_bit_and_not_the_kernel(operator):
    """With one product an output there is no order to add in: float32 has one answer.

    y.scale is twice f32(x.scale * w.scale), so every odd integer is a tie for the kernel, and for
    exact sums. The definition rounds (q - z) * x.scale first, and some of them leave the tie.
    """
    rng = np.random.default_rng(9)
    apart = 0
    q, w = np.arange(256, dtype=np.uint8), np.array([1, -3], np.int8)
    shapes = {
        "Conv": ((2, 1, 128), (2, 1, 1)),
        "Gemm": ((256, 1), (1, 2)),
        "MatMul": ((256, 1), (1, 2)),
    }
    q_shape, w_shape = shapes[operator]
    q, w = q.reshape(q_shape), w.reshape(w_shape)
    for _ in range(40):
        x_qparams = QParams(rng.uniform(0.01, 0.9), int(rng.integers(256)), "uint8")
        w_qparams = QParams(rng.uniform(0.01, 0.9), 0, "int8")
        y = QParams(2 * x_qparams.scale * w_qparams.scale, int(rng.integers(256)), "uint8")
        bias = None if operator == "MatMul" else np.array([0, 2], np.int32)
        scaled = None if bias is None else (bias, bias_scale(x_qparams, w_qparams))
        model = qdq_model(operator, [(q, x_qparams)], [(w, w_qparams)], y, scaled)
        more = () if bias is None else (bias,)
        layer_of = OURS[operator][0]
        ours = layer_of(q, x_qparams, w, w_qparams, y, *more, contract="onnx")
        np.testing.assert_array_equal(ours, integers(run_in_reference(model, q), y))
        apart += int((ours != layer_of(q, x_qparams, w, w_qparams, y, *more)).sum())
    assert apart > 0


def test_roundings_and_requantizations_carry_the_same_names():
    assert list(ROUNDINGS) == list(REQUANTIZATIONS)


def reference(model, **feeds):
    return ReferenceEvaluator(model).run(None, feeds)[0]


def ties(rng, shape, x, w):
    """Sums half way between two ticks in real numbers: how each step rounds decides.

    One tick of y is 2, 6 or 10 steps of the accumulator, which float32 mostly cannot hold exactly.
    """
    half = int(rng.choice([1, 3, 5]))
    y = QParams(2 * half * float(x.scale) * float(np.max(w.scale)), int(rng.integers(256)), "uint8")
    return (half * (2 * rng.integers(-150, 150, shape) + 1)).astype(np.int32), y


def test_requantize_onnx_is_dequantize_linear_and_quantize_linear_of_the_sums():
    rng = np.random.default_rng(5)
    nodes = [
        helper.make_node("DequantizeLinear", ["acc", "s"], ["real"], axis=1),
        helper.make_node("QuantizeLinear", ["real", "ys", "yz"], ["y"]),
    ]
    of = helper.make_tensor_value_info
    inputs = [
        of("acc", TensorProto.INT32, None), of("s", TensorProto.FLOAT, [None]),
        of("ys", TensorProto.FLOAT, []), of("yz", TensorProto.UINT8, []),
    ]  # fmt: skip
    graph = helper.make_graph(nodes, "g", inputs, [of("y", TensorProto.UINT8, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    for _ in range(50):
        x = QParams(rng.uniform(1e-3, 0.1), 0, "uint8")
        w = QParams(np.full(6, rng.uniform(1e-4, 0.1)), 0, "int8", axis=0)
        acc, y = ties(rng, (40, 6), x, w)
        theirs = reference(
            model, acc=acc, s=x.scale * w.scale, ys=y.scale, yz=np.uint8(y.zero_point)
        )
        ours = requantize(acc, x, w, y, contract="onnx", axis=1)
        np.testing.assert_array_equal(ours, theirs)


def test_requantize_torch_is_torchs_fake_quantize_of_the_dequantized_sums():
    rng = np.random.default_rng(6)
    for _ in range(50):
        acc = rng.integers(-(2**20), 2**20, 500, dtype=np.int32)
        x, w = (
            QParams(rng.uniform(1e-3, 0.1), 0, "uint8"),
            QParams(rng.uniform(1e-3, 0.1), 0, "int8"),
        )
        y = QParams(rng.uniform(1, 10), int(rng.integers(256)), "uint8")
        real = torch.from_numpy(acc.astype(np.float32) * (x.scale * w.scale))
        theirs = torch.fake_quantize_per_tensor_affine(
            real, float(y.scale), int(y.zero_point), 0, 255
        )
        ours = requantize(acc, x, w, y, contract="torch")
        np.testing.assert_array_equal(dequantize(ours, y), theirs.numpy())


def test_requantize_torch_legacy_is_a_quantized_linear_layer_of_torch():
    """On x86. Weights of 7 bits, of which no pair saturates where FBGEMM adds in 16 bits."""
    rng = np.random.default_rng(7)
    before = torch.backends.quantized.engine
    torch.backends.quantized.engine = "fbgemm"
    try:
        for _ in range(20):
            x = QParams(rng.uniform(1e-3, 0.1), int(rng.integers(256)), "uint8")
            w = QParams(rng.uniform(1e-3, 0.1, 9), 0, "int8", axis=0)
            q = random_integers(rng, (30, 40), "uint8")
            weight = rng.integers(-64, 65, (9, 40)).astype(np.int8)
            sums = gemm_accumulator(q, x, weight, w, trans_b=True)
            y = output_ruler(rng, sums, x, w, "uint8")
            given = torch._make_per_tensor_quantized_tensor(
                torch.from_numpy(q), float(x.scale), int(x.zero_point)
            )
            packed = torch.ops.quantized.linear_prepack(
                torch._make_per_channel_quantized_tensor(
                    torch.from_numpy(weight),
                    torch.tensor(w.scale.astype(np.float64)),
                    torch.zeros(9, dtype=torch.int64),
                    0,
                ),
                None,
            )
            theirs = torch.ops.quantized.linear(
                given, packed, float(y.scale), int(y.zero_point)
            ).int_repr()
            ours = requantize(sums, x, w, y, contract="torch_legacy", axis=1)
            np.testing.assert_array_equal(ours, theirs.numpy())
            direct = gemm(q, x, weight, w, y, trans_b=True, contract="torch_legacy")
            np.testing.assert_array_equal(direct, ours)
    finally:
        torch.backends.quantized.engine = before


def test_rounding_onnxruntime_is_onnx_runtimes_own_quantize_linear():
    of = helper.make_tensor_value_info
    node = helper.make_node("QuantizeLinear", ["x", "s", "z"], ["y"])
    inputs = [of("x", TensorProto.FLOAT, [None]), of("s", TensorProto.FLOAT, []),
              of("z", TensorProto.INT8, [])]  # fmt: skip
    graph = helper.make_graph([node], "g", inputs, [of("y", TensorProto.INT8, [None])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=8)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(8)
    for _ in range(20):
        qparams = QParams(rng.uniform(1e-3, 1), int(rng.integers(-128, 128)), "int8")
        steps = rng.integers(-600, 600, 400) / 2  # whole numbers and ties of steps
        x = np.append(steps * float(qparams.scale), [3e38, -3e38]).astype(np.float32)
        feeds = {"x": x, "s": np.array(qparams.scale), "z": np.array(qparams.zero_point, np.int8)}
        theirs = session.run(None, feeds)[0]
        np.testing.assert_array_equal(quantize(x, qparams, "onnxruntime"), theirs)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda q: matmul([[1]], q, [[1]], q, q, contract="onnx", exact=False),
         "exact is False and contract 'onnx', but a definition adds in float32"),
        (lambda q: gemm([[1]], q, [[1]], q, q, contract="up"), "contract is 'up'"),
        (lambda q: gemm([[1]], q, [[1]], q, q, [0.5], contract="onnx"), "bias has dtype float64"),
        (lambda q: gemm([[1]], q, [[1]], q, q, [1, 2, 3], contract="onnx"), "bias has shape"),
        (lambda q: add([1], q, [1], q, q, contract="gemmlowp"),
         "operators without weights follow one of onnxruntime, onnx"),
    ],
)  # fmt: skip
def test_what_a_contract_does_not_offer_gets_a_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call(QParams(1.0, 0, "int8"))


def test_products_beyond_float32_get_a_sentence():
    x = QParams(1e36, 0, "int8")
    with pytest.raises(ValueError, match="a sum is beyond float32's largest number"):
        matmul([[100]], x, [[100]], x, QParams(1.0, 0, "int8"), contract="onnx")
