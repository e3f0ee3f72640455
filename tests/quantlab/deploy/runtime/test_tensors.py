"""The runtime's own integers: all of them, unchanged by being looked at, and the right ones."""

from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from quantlab.deploy import build_onnx, open_session, runtime_tensors
from quantlab.deploy.runtime.tensors import quantized_tensors, with_quantized_outputs
from quantlab.methods.quantize_model import quantize_model
from tests.quantlab.deploy.exact_models import with_even_zero_points, with_powers_of_two
from tests.support.networks import NETWORKS, SmallUNet, images, seeded

SMALL = {"mobilenet_v2": {"width": 0.35}, "small_resnet": {"width": 8}, "small_unet": {"width": 8}}


@pytest.fixture(params=NETWORKS)
def model(request) -> onnx.ModelProto:
    net = NETWORKS[request.param](**SMALL[request.param])
    return build_onnx(quantize_model(net, [images(2, 32)]), signed_activations=False)


def kernels(model: onnx.ModelProto, tmp_path) -> Counter:
    """Operator types that really run. Transposes, which only change the layout, do not count."""
    path = tmp_path / "optimized.onnx"
    open_session(model, exact=True, optimized_path=path)
    return Counter(n.op_type for n in onnx.load(path).graph.node if n.op_type != "Transpose")


def test_looking_changes_no_kernel(model, tmp_path):
    assert kernels(with_quantized_outputs(model), tmp_path) == kernels(model, tmp_path)


def test_looking_changes_no_output(model):
    x = images(2, 32, seed=3)
    for exact in (True, False):
        found = runtime_tensors(model, x, exact=exact)
        plain = open_session(model, exact=exact).run(None, {"input": x})
        assert list(found.outputs) == [entry.name for entry in model.graph.output]
        for array, expected in zip(found.outputs.values(), plain, strict=True):
            np.testing.assert_array_equal(array, expected)


def test_every_ruler_has_its_integers(model):
    found = runtime_tensors(model, images(1, 32), exact=True).tensors
    assert tuple(found) == quantized_tensors(model)
    assert len(found) == sum(n.op_type == "QuantizeLinear" for n in model.graph.node)
    assert {array.dtype for array in found.values()} == {np.dtype(np.uint8)}


def test_integers_are_those_the_graph_defines():
    """By onnx's evaluator. Scales are powers of two, so that float32 rounds nowhere between."""
    quantized = with_powers_of_two(seeded(SmallUNet(width=4), 0), images(2, 16))
    model, x = build_onnx(with_even_zero_points(quantized), signed_activations=False), images(1, 16)
    tapped = with_quantized_outputs(model)
    names = [entry.name for entry in tapped.graph.output]
    expected = dict(zip(names, ReferenceEvaluator(tapped).run(None, {"input": x}), strict=True))
    found = runtime_tensors(model, x, exact=True)
    for name, array in {**found.tensors, **found.outputs}.items():
        np.testing.assert_array_equal(array, expected[name], err_msg=name)


def test_a_path_a_dict_and_the_model_give_the_same(tmp_path):
    net = seeded(SmallUNet(width=4), 0)
    model, x = build_onnx(quantize_model(net, [images(2, 16)])), images(1, 16)
    onnx.save(model, tmp_path / "net.onnx")
    first = runtime_tensors(model, x)
    second = runtime_tensors(tmp_path / "net.onnx", {"input": x})
    for name, array in first.tensors.items():
        np.testing.assert_array_equal(array, second.tensors[name])


@pytest.mark.parametrize(
    ("zero_point", "attributes", "dtype"),
    [
        (None, {}, np.uint8),
        (None, {"output_dtype": TensorProto.INT8}, np.int8),
        (np.int16(3), {}, np.int16),
        ("constant node", {}, np.int8),
    ],
)
def test_quantizers_of_other_exporters(zero_point, attributes, dtype):
    """The integers' type is said by the zero_point, by output_dtype, or not at all."""
    nodes, stored = [], [numpy_helper.from_array(np.float32(0.5), "s")]
    inputs = ["x", "s"]
    if zero_point is not None:
        inputs.append("z")
        if isinstance(zero_point, str):
            value = numpy_helper.from_array(np.int8(3), "z")
            nodes.append(helper.make_node("Constant", [], ["z"], value=value))
        else:
            stored.append(numpy_helper.from_array(zero_point, "z"))
    nodes.append(helper.make_node("QuantizeLinear", inputs, ["q"], **attributes))
    nodes.append(helper.make_node("Cast", ["q"], ["y"], to=TensorProto.FLOAT))
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])
    graph = helper.make_graph(nodes, "g", [entry], [out], stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    found = runtime_tensors(model, np.float32([0, 1, 2, 3]))
    assert found.tensors["q"].dtype == dtype
    np.testing.assert_array_equal(found.tensors["q"], found.outputs["y"])


def test_the_model_given_is_not_changed(model):
    before = model.SerializeToString(deterministic=True)
    runtime_tensors(model, images(1, 32))
    assert model.SerializeToString(deterministic=True) == before


def test_inputs_that_do_not_fit():
    model = build_onnx(seeded(SmallUNet(width=4), 0), images(1, 16))
    with pytest.raises(ValueError, match="input 'input' has dtype float64"):
        runtime_tensors(model, images(1, 16).astype(np.float64))
    with pytest.raises(ValueError, match="input 'input' has shape"):
        runtime_tensors(model, images(1, 16)[0])
