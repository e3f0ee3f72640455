"""Layer errors against sub-models that onnx itself cuts, and tensors that ONNX Runtime returns."""

import json

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from onnx.utils import Extractor

from quantlab.analysis import layer_errors
from quantlab.analysis.isolate import isolate_layers
from quantlab.analysis.tensor_error import sqnr
from quantlab.deploy import open_session
from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.methods import quantize_model
from tests.quantlab.analysis.onnx_nets import float_net, photos, quantized_by_onnxruntime
from tests.support.networks import images, small_resnet

X = photos(20)
FLOAT = float_net()
INT8 = quantized_by_onnxruntime(FLOAT)
ERRORS = layer_errors(INT8, X, FLOAT, exact=True)

#: Tensor -> the tensors its operator reads, and the operator: the drawing of float_net.
LAYERS = {
    "relu0": (["input"], "Conv"),  # the tool drops the Relu: its ruler begins at 0
    "conv1": (["relu0"], "Conv"),
    "sum": (["conv1", "relu0"], "Add"),
    "pool": (["sum"], "MaxPool"),
    "average": (["pool"], "GlobalAveragePool"),
    "flat": (["average"], "Flatten"),
    "logits": (["flat"], "Gemm"),
}


def run(model, feeds, *, exact=True):
    session = open_session(model, exact=exact)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def observed(model, names):
    tapped = onnx.ModelProto()
    tapped.CopyFrom(model)
    tapped.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    return tapped


REFERENCE = run(observed(FLOAT, [n for n in LAYERS if n != "logits"]), {"input": X}) | {"input": X}
DEQUANTIZED = {
    node.input[0]: node.output[0]
    for node in INT8.graph.node
    if node.op_type == "DequantizeLinear" and "Output" in node.input[0]
}


def dequantized(name):
    return DEQUANTIZED[f"{name}_QuantizeLinear_Output"]


def test_layers_come_in_order_with_their_operators():
    assert (
        [(layer.name, layer.operator) for layer in ERRORS.layers]
        == [
            ("input", "input"),
            ("conv0", "Conv"),  # the node's name, as in every report; its tensor is called relu0
            *((name, operator) for name, (_, operator) in list(LAYERS.items())[1:]),
        ]
    )
    assert [layer.tensor for layer in ERRORS.layers] == ["input", *LAYERS]
    assert ERRORS.images == 20


@pytest.mark.parametrize("name", LAYERS)
def test_isolated_is_the_layer_that_onnx_cuts_out(name):
    sources = LAYERS[name][0]
    whole = onnx.shape_inference.infer_shapes(INT8)
    cut = Extractor(whole).extract_model(sources, [dequantized(name)])
    alone = run(cut, {source: REFERENCE[source] for source in sources})[dequantized(name)]
    found = ERRORS[name]
    # The same float32 numbers, summed in another order.
    assert found.isolated.sqnr_db == pytest.approx(sqnr(alone, REFERENCE[name]), rel=1e-9)
    lsb = np.abs(alone.astype(np.float64) - REFERENCE[name]) / found.scale
    assert found.isolated.max_lsb == pytest.approx(lsb.max(), rel=1e-9)
    assert found.isolated.values == alone.size


@pytest.mark.parametrize("name", LAYERS)
def test_accumulated_is_the_whole_model(name):
    # The integers of the fused kernels, dequantized by hand.
    integers = f"{name}_QuantizeLinear_Output"
    q = run(observed(INT8, [integers]), {"input": X})[integers]
    constants = {t.name: numpy_helper.to_array(t) for t in INT8.graph.initializer}
    node = next(n for n in INT8.graph.node if n.output[0] == integers)
    scale, zero_point = (constants[i] for i in node.input[1:])
    real = (q.astype(np.int32) - zero_point).astype(np.float32) * scale
    found = ERRORS[name]
    assert found.scale == scale
    assert found.accumulated.sqnr_db == pytest.approx(sqnr(real, REFERENCE[name]), rel=1e-9)
    beyond = (REFERENCE[name] < (-0.5 - zero_point) * scale) | (
        REFERENCE[name] > (255.5 - zero_point) * scale
    )
    assert found.clipped == pytest.approx(beyond.mean())


def test_the_output_is_that_of_the_model():
    (name, db), *rest = ERRORS.outputs
    assert (name, rest) == ("logits", [])
    own = run(INT8, {"input": X})["logits"]
    assert db == pytest.approx(sqnr(own, REFERENCE["logits"]), rel=1e-9)


def test_a_first_layer_inherits_nothing_and_later_ones_do():
    # The first Conv reads the image, quantized alike in both.
    assert ERRORS["relu0"].isolated == ERRORS["relu0"].accumulated
    for name in ("conv1", "sum", "logits"):
        assert ERRORS[name].accumulated.sqnr_db < ERRORS[name].isolated.sqnr_db


def test_a_broken_layer_is_found_alone_and_handed_on():
    """conv1 turned upside down: it alone is bad alone, everything behind it inherits."""
    broken = onnx.ModelProto()
    broken.CopyFrom(INT8)
    weight = next(t for t in broken.graph.initializer if t.name.startswith("w1_q"))
    turned = numpy_helper.to_array(weight)[:, :, ::-1]
    weight.CopyFrom(numpy_helper.from_array(turned.copy(), weight.name))
    errors = layer_errors(broken, X, FLOAT, exact=True)
    assert errors.worst("isolated", 1)[0].name == "conv1"
    assert errors["conv1"].isolated.sqnr_db < 10
    for name in ("sum", "pool", "logits"):
        assert errors[name].isolated == ERRORS[name].isolated
        # Noise four times as strong, at least.
        assert errors[name].accumulated.sqnr_db < ERRORS[name].accumulated.sqnr_db - 6


@pytest.fixture(scope="module")
def resnet():
    """A network with BatchNormalization in front of Relus, sums and nothing, and its integers."""
    net = small_resnet(8)
    return net, quantize_model(net, [images(8, 32, seed=1)])


def test_a_quantized_model_brings_its_own_reference(resnet):
    net, model = resnet
    x = images(4, 32, seed=2)
    own = layer_errors(model, x, exact=True)
    assert own.layers[0].name == "input"
    assert {layer.tensor for layer in own.layers[1:]} == {*model.activations} - {"x"}
    assert {layer.operator for layer in own.layers} > {"Conv", "Add", "MaxPool", "Gemm"}
    assert dict(own.outputs)["head"] > 20
    # The torch network, BatchNormalization and all, is the same float model up to float32's
    # rounding: folding moves each tensor by about 1e-6 of itself, far below an LSB of 1/255.
    for reference in (net, build_onnx(net, x)):
        given = layer_errors(model, x, reference, exact=True)
        for a, b in zip(own.layers, given.layers, strict=True):
            assert a.name == b.name
            assert a.isolated.rms_lsb == pytest.approx(b.isolated.rms_lsb, abs=0.02)
            assert a.accumulated.rms_lsb == pytest.approx(b.accumulated.rms_lsb, abs=0.02)


def test_a_model_of_a_fixed_batch_is_fed_in_such_batches():
    fixed = [onnx.ModelProto(), onnx.ModelProto()]
    for copy, model in zip(fixed, (INT8, FLOAT), strict=True):
        copy.CopyFrom(model)
        for entry in (copy.graph.input[0], copy.graph.output[0]):
            entry.type.tensor_type.shape.dim[0].dim_value = 5
    errors = layer_errors(fixed[0], X, fixed[1], exact=True)
    assert errors["sum"].isolated.counts == ERRORS["sum"].isolated.counts
    with pytest.raises(ValueError, match="the model takes 5 images at a time"):
        layer_errors(fixed[0], X[:7], fixed[1])


def test_activations_with_a_scale_a_channel_are_refused():
    odd = onnx.ModelProto()
    odd.CopyFrom(INT8)
    node = next(n for n in odd.graph.node if n.name == "conv1_QuantizeLinear")
    for position, kind in ((1, np.float32), (2, np.uint8)):
        name = f"{node.input[position]}_each"
        values = np.linspace(1, 2, 8).astype(kind)
        odd.graph.initializer.append(numpy_helper.from_array(values, name))
        node.input[position] = name
    with pytest.raises(ValueError, match="quantize activations per tensor"):
        layer_errors(odd, X, FLOAT)


def test_cutting_leaves_the_model_as_it_was():
    before = INT8.SerializeToString()
    isolate_layers(INT8, [])
    layer_errors(INT8, X[:2], FLOAT)
    assert INT8.SerializeToString() == before


def test_it_reads_as_a_table_and_as_json():
    lines = str(ERRORS).splitlines()
    (row,) = [line.split() for line in lines if line.startswith("input")]
    assert row[:3] == ["input", "input", f"{ERRORS['input'].isolated.sqnr_db:.1f}"]
    assert lines[-1].endswith("20 images.")
    again = json.loads(json.dumps(ERRORS.to_dict()))
    assert again["layers"][1]["name"] == "conv0"
    assert len(again["layers"][1]["isolated"]["counts"]) == 64
    with pytest.raises(KeyError, match="no quantized layer"):
        ERRORS["relu7"]
    with pytest.raises(ValueError, match="order is 'best'"):
        ERRORS.worst("best")


def test_bad_input_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="reference is missing"):
        layer_errors(INT8, X)
    with pytest.raises(ValueError, match="no QuantizeLinear"):
        layer_errors(FLOAT, X, FLOAT)
    renamed = onnx.ModelProto()
    renamed.CopyFrom(FLOAT)
    for node in renamed.graph.node:
        for names in (node.input, node.output):
            names[:] = ["other" if name == "conv1" else name for name in names]
    with pytest.raises(ValueError, match="the float model has no tensor 'conv1'"):
        layer_errors(INT8, X, renamed)
    more = observed(FLOAT, ["sum"])
    with pytest.raises(ValueError, match="has 1 outputs and the float one 2"):
        layer_errors(INT8, X, more)
    with pytest.raises(ValueError, match="x has dtype int64"):
        layer_errors(INT8, np.zeros((1, 3, 12, 12), np.int64), FLOAT)
    with pytest.raises(ValueError, match=r"shape \(2, 3, 5, 5\)"):
        layer_errors(INT8, np.zeros((2, 3, 5, 5), np.float32), FLOAT)
