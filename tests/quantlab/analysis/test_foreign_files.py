"""Files that quantlab did not write: every report looks at them, or says in a sentence why not."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnxruntime.quantization import QuantFormat, quantize_dynamic

from quantlab.analysis import layer_errors
from quantlab.deploy import (
    compare_with_runtime,
    measure_latency,
    open_session,
    precision_report,
    runtime_tensors,
    saturation_report,
)
from quantlab.deploy.onnx_graph.qoperators import in_qdq_format
from tests.quantlab.analysis.onnx_nets import float_net, photos
from tests.support.foreign_files import in_branches, of_opset, quantized_by_runtime

FORMS = {"QDQ": QuantFormat.QDQ, "QOperator": QuantFormat.QOperator}
X = photos(4)
ONNX = ("QuantizeLinear", "DequantizeLinear", "QLinearMatMul")  # others are the runtime's own
# 8 filters 3 x 3 x 3 at 12 x 12 places, as many 3 x 3 x 1, and 8 x 5 weights.
MACS = 8 * 27 * 144 + 8 * 9 * 144 + 40


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The float net, and what ONNX Runtime's quantizer makes of it."""
    folder = tmp_path_factory.mktemp("foreign")
    made = {"FP32": folder / "fp32.onnx"}
    onnx.save(float_net(), made["FP32"])
    for name, form in FORMS.items():
        made[name] = quantized_by_runtime(made["FP32"], folder / f"{name}.onnx", form)
    made["outside"] = folder / "outside.onnx"
    onnx.save(
        onnx.load(made["QDQ"]), made["outside"],
        save_as_external_data=True, location="weights.bin", size_threshold=0,
    )  # fmt: skip
    return made


@pytest.mark.parametrize("name", ["QDQ", "QOperator", "outside"])
def test_every_report_looks_at_a_quantized_file(files, name):
    path = files[name]
    ran = precision_report(path, runs=1)
    assert (ran.macs("INT8"), ran.macs()) == (MACS, MACS)
    agreed = compare_with_runtime(path, X)
    assert agreed.mismatches == 0
    assert {"conv0", "conv1", "sum", "average", "logits"} <= {
        layer.name.removesuffix("_quant") for layer in agreed.layers
    }
    errors = layer_errors(path, X, files["FP32"])
    assert len(errors.layers) == len(agreed.layers)
    outputs = [open_session(files[n]).run(None, {"input": X})[0] for n in ("FP32", name)]
    noise = np.sum((outputs[0] - outputs[1]).astype(np.float64) ** 2)
    power = np.sum(outputs[0].astype(np.float64) ** 2)
    assert errors.outputs[0][1] == pytest.approx(10 * np.log10(power / noise))
    assert saturation_report(path, X).pairs > 0
    timed = measure_latency({"fp32": files["FP32"], "int8": path}, X[:1], seconds=0.01)
    assert timed["int8"].median > 0


@pytest.mark.parametrize("per_channel", [True, False])
def test_qoperators_say_the_same_in_qdq_format(files, tmp_path, per_channel):
    """ONNX Runtime fuses the float operators back: its integers are those of the file given."""
    path = quantized_by_runtime(
        files["FP32"], tmp_path / "q.onnx", QuantFormat.QOperator, per_channel=per_channel
    )
    given = runtime_tensors(path, X).tensors
    said = runtime_tensors(in_qdq_format(onnx.load(path)), X).tensors
    assert given.keys() == said.keys()
    assert len(given) == 6
    for tensor in given:
        np.testing.assert_array_equal(given[tensor], said[tensor])


def test_other_qoperators_say_the_same_too():
    """Those that the net does not have, each on its own ruler."""
    rng = np.random.default_rng(3)
    own = "com.microsoft"
    rulers = [f"{part}{n}" for n in range(3) for part in "sz"]
    x, y, w = ["x", "s0", "z0"], ["s1", "z1"], ["w", "s2", "zw"]

    def node(operator, inputs, output, **attributes):
        domain = "" if operator in ONNX else own
        return helper.make_node(operator, inputs, [output], output, domain=domain, **attributes)

    nodes = [
        node("QuantizeLinear", ["input", "s0", "z0"], "x"),
        node("QLinearMatMul", [*x, *w, *y], "matmul"),
        node("QLinearSigmoid", ["matmul", *y, *x[1:]], "sigmoid"),
        node("QLinearLeakyRelu", ["matmul", *y, *y], "leaky", alpha=0.1),
        node("QLinearMul", ["sigmoid", *x[1:], "leaky", *y, *y], "mul"),
        node("QLinearConcat", [*y, "mul", *y, "leaky", *y], "concat", axis=1),
        node("QLinearSoftmax", ["concat", *y, "s2", "z0"], "softmax", axis=-1, opset=13),
        node("QLinearAveragePool", ["concat", *y, *y], "pool", kernel_shape=[2, 2]),
        node("DequantizeLinear", ["softmax", "s2", "z0"], "a"),
        node("DequantizeLinear", ["pool", *y], "b"),
    ]
    scales = {"s0": 0.02, "s1": 0.05, "s2": 0.004}
    constants = {
        **{name: np.float32(scale) for name, scale in scales.items()},
        **{name: np.uint8(110) for name in rulers if name[0] == "z"},
        "w": rng.integers(-127, 127, (6, 6)).astype(np.int8),
        "zw": np.int8(0),
    }
    graph = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 2, 5, 6])],
        [onnx.ValueInfoProto(name=name) for name in "ab"],
        [onnx.numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(own, 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    agreed = compare_with_runtime(model, rng.normal(0, 1, (2, 2, 5, 6)).astype(np.float32))
    assert [layer.name for layer in agreed.layers if layer.mismatches] == []
    assert len(agreed.layers) == 8
    assert all(layer.values for layer in agreed.layers)


@pytest.mark.parametrize("opset", [11, 12, 13, 17, 20, 23])
def test_opsets(tmp_path, opset):
    """Per-channel from opset 13 on, which first has rulers along an axis."""
    path = tmp_path / "net.onnx"
    onnx.save(of_opset(opset), path)
    assert precision_report(path, profile=False).macs("FP32") == MACS
    int8 = quantized_by_runtime(path, tmp_path / "q.onnx", QuantFormat.QDQ, per_channel=opset > 12)
    assert next(o.version for o in onnx.load(int8).opset_import if not o.domain) == opset
    assert precision_report(int8, profile=False).macs("INT8") == MACS
    assert compare_with_runtime(int8, X).mismatches == 0
    assert layer_errors(int8, X, path).outputs[0][1] > 30


def test_sizes_that_the_file_leaves_open(files):
    """Nothing is known of height and width, or of the input's axes at all."""
    model = onnx.load(files["QDQ"])
    for at, side in ((2, "height"), (3, "width")):
        model.graph.input[0].type.tensor_type.shape.dim[at].dim_param = side
    with pytest.raises(ValueError, match=r"shape \(N, 3, height, width\).*pass inputs"):
        precision_report(model)
    assert precision_report(model, inputs=X, runs=1).macs("INT8") == 4 * MACS
    assert compare_with_runtime(model, X).mismatches == 0
    model.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(ValueError, match="shape unknown, for which no noise"):
        precision_report(model)
    assert precision_report(model, inputs=X, runs=1).macs("INT8") == 4 * MACS
    assert compare_with_runtime(model, X).mismatches == 0


@pytest.mark.parametrize(("name", "precision"), [("FP32", "FP32"), ("QDQ", "INT8")])
def test_a_net_inside_an_if_is_seen(files, name, precision):
    model = in_branches(onnx.load(files[name]))
    ran = precision_report(model, runs=1)
    assert ran.macs(precision) == ran.macs() == 2 * MACS
    assert ran.inside == ("If 'either', then_branch", "If 'either', else_branch")
    convs = [node for node in ran.nodes if node.layer.endswith("conv0")]
    assert [(node.layer, node.precision) for node in convs] == [
        ("day_conv0", precision),
        ("night_conv0", precision),
    ]
    assert "Inside If 'either', then_branch, If 'either', else_branch" in str(ran)
    assert ran.to_dict()["inside"] == list(ran.inside)
    timed = measure_latency({"plain": files[name], "if": model}, X[:1], seconds=0.01)
    assert timed["if"].median > 0
    with pytest.raises(ValueError, match="what is inside of If cannot be looked at"):
        compare_with_runtime(model, X)
    with pytest.raises(ValueError, match="what is inside of If cannot be looked at"):
        layer_errors(model, X, files["FP32"])


def test_float_and_dynamic_files_have_no_integers_to_compare(files, tmp_path):
    dynamic = tmp_path / "dynamic.onnx"
    quantize_dynamic(files["FP32"], dynamic)
    assert precision_report(dynamic, profile=False).macs("INT8") == MACS
    for path, said in ((files["FP32"], "no QuantizeLinear"), (dynamic, "another ruler on every")):
        for look in (compare_with_runtime, saturation_report):
            with pytest.raises(ValueError, match=said):
                look(path, X)
        with pytest.raises(ValueError, match=said):
            layer_errors(path, X, files["FP32"])


def broken(fault):
    """The float net with one fault."""
    model = float_net()
    if fault == "an operator that nobody knows":
        model.opset_import.add(domain="mine", version=1)
        model.graph.node.add(op_type="Own", domain="mine", input=["logits"], output=["more"])
    elif fault == "a file format of the future":
        model.ir_version = 99
    elif fault == "an opset of the future":
        model.opset_import[0].version = 99
    elif fault == "a tensor that nobody writes":
        model.graph.node[2].input[0] = "nobody"
    else:
        model.graph.node[0].attribute.add(name="unheard", type=onnx.AttributeProto.INT, i=1)
    return model


@pytest.mark.parametrize(
    "fault",
    [
        "an operator that nobody knows", "a file format of the future", "an opset of the future",
        "a tensor that nobody writes", "an unknown attribute",
    ],
)  # fmt: skip
def test_what_the_runtime_refuses_has_no_numbers(files, tmp_path, fault):
    path = tmp_path / "broken.onnx"
    onnx.save(broken(fault), path)
    for look in (
        lambda: precision_report(path),
        lambda: measure_latency({"fp32": files["FP32"], "int8": path}, X, seconds=0.01),
        lambda: compare_with_runtime(path, X),
        lambda: saturation_report(path, X),
    ):
        with pytest.raises(ValueError, match="is refused by ONNX Runtime") as refused:
            look()
        said = str(refused.value)
        assert "onnxruntime_src" not in said
        assert "\n" not in said
        assert len(said) < 450
    with pytest.raises(ValueError, match="no QuantizeLinear"):
        layer_errors(path, X, files["FP32"])


def test_what_opens_and_does_not_run_has_no_numbers(files):
    """A Reshape that holds for no input: the runtime sees it only when it runs."""
    model = onnx.load(files["QDQ"])
    flat = next(node for node in model.graph.node if node.op_type == "Flatten")
    flat.op_type = "Reshape"
    del flat.attribute[:]
    flat.input.append("seven")
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.int64([7, -1]), "seven"))
    for look in (
        lambda: precision_report(model, inputs=X),
        lambda: measure_latency({"fp32": files["FP32"], "int8": model}, X, seconds=0.01),
        lambda: runtime_tensors(model, X),
        lambda: layer_errors(model, X, files["FP32"]),
    ):
        with pytest.raises(ValueError, match=r"does not run on this input \(.*flat"):
            look()
