"""What cannot be simulated is refused by name; what a QuantizeLinear leaves unsaid is known."""

import numpy as np
import pytest
from onnx import TensorProto, helper, parser

from quantlab.deploy.simulator.simulate import simulate
from tests.quantlab.deploy.text_models import CONV, WEIGHTS, image, model_of
from tests.support.operator_models import run_in_runtime
from tests.support.operator_questions import QUESTIONS


def changed(nodes="t = Relu(x_d)", change=lambda model: None, **options):
    model = model_of(nodes, stored=WEIGHTS if "ws" in nodes else "", **options)
    change(model)
    return model


def integer_node(model):
    node = next(node for node in model.graph.node if node.output[0] == "t")
    node.CopyFrom(helper.make_node("ConvInteger", ["x_q", "w_q"], ["t"], name="first"))


def other_domain(model):
    next(node for node in model.graph.node if node.output[0] == "t").domain = "com.microsoft"


def computed_scale(model):
    model.graph.node[0].input[1] = "x"


def blocks(model):
    model.graph.node[1].attribute.append(helper.make_attribute("block_size", 2))


def float8(model):
    entry = next(entry for entry in model.graph.initializer if entry.name == "yz")
    entry.CopyFrom(helper.make_tensor("yz", TensorProto.FLOAT8E4M3FN, [], [0.0]))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (changed(change=integer_node), r"node 'first' \(ConvInteger\) cannot be simulated"),
        (changed(change=other_domain), r"node 't' \(Relu\) of com.microsoft cannot be simulated"),
        (changed(change=computed_scale), r"\(QuantizeLinear\) takes its scale from 'x'"),
        (changed(change=blocks), r"\(DequantizeLinear\) has one scale a block of 2 values"),
        (changed(change=float8), r"\(QuantizeLinear\) has integers of type FLOAT8E4M3FN"),
        (
            changed(
                CONV.replace("pads=[1, 1, 1, 1]", 'auto_pad="SAME_UPPER"') + "t = Relu(c)", yz=0
            ),
            r"node 'c' \(Conv\) has auto_pad='SAME_UPPER'",
        ),
        (
            changed("t = AveragePool<kernel_shape=[2, 2], dilations=[2, 2]>(x_d)"),
            r"node 't' \(AveragePool\) has dilations",
        ),
    ],
)
def test_what_cannot_be_simulated_is_refused_by_name(model, words):
    with pytest.raises(ValueError, match=words):
        simulate(model, image())


def test_a_scaled_gemm_is_refused():
    asked = QUESTIONS["gemm"](np.random.default_rng(0), "uint8")
    node = next(node for node in asked.model.graph.node if node.op_type == "Gemm")
    node.attribute.append(helper.make_attribute("alpha", 0.5))
    with pytest.raises(ValueError, match=r"\(Gemm\) has alpha=0.5 and beta=1"):
        simulate(asked.model, asked.feeds)


@pytest.mark.parametrize(
    ("said", "dtype"),
    [("", "uint8"), ("<output_dtype = 3>", "int8"), ("<output_dtype = 4>", "uint16")],
)
def test_without_zero_point_it_is_0_and_the_type_is_what_the_model_says(said, dtype):
    text = f"""<ir_version: 10, opset_import: ["" : 21]> case (float[N] x) => ({dtype}[N] y)
    <float s = {{0.05}}> {{
        y = QuantizeLinear{said}(x, s)
    }}"""
    model, x = parser.parse_model(text), image(50, spread=4.0)
    (ours,) = simulate(model, x).outputs.values()
    assert ours.dtype == dtype
    np.testing.assert_array_equal(ours, run_in_runtime(model, x))


def test_integers_of_an_unknown_type_are_refused():
    text = """<ir_version: 10, opset_import: ["" : 21]> case (uint8[N] q) => (float[N] y)
    <float s = {0.05}> {
        y = DequantizeLinear(q, s)
    }"""
    with pytest.raises(ValueError, match="has no zero_point, so the type of its integers is not"):
        simulate(parser.parse_model(text), np.zeros(3, np.uint8))
