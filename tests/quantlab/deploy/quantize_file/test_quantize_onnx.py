"""quantize_onnx: files of several exporters, the recipe's every word, and refusals in sentences."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from quantlab import Recipe, Rule, quantize_model
from quantlab.deploy import (
    build_onnx,
    compare_with_runtime,
    export_onnx,
    open_session,
    precision_report,
    quantize_onnx,
)
from quantlab.deploy.quantize_file.normal_form import normal_form
from quantlab.scenes import Validation
from tests.support.exported_net import FLOATS, exported_net, pictures
from tests.support.foreign_files import in_branches

X = pictures(4)
BATCHES = [pictures(8, seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "net.onnx"
    onnx.save(exported_net(), path)
    return path


def sqnr(source, target, x=X):
    want, got = (open_session(path).run(None, {"input": x})[0] for path in (source, target))
    return 10 * np.log10(np.sum(want**2.0) / np.sum((want - got) ** 2.0))


def test_the_normal_form_computes_the_same():
    """Folding rounds each weight and bias once more: a few float32 steps of numbers near 1."""
    model = exported_net()
    want, got = (open_session(m).run(None, {"input": X})[0] for m in (model, normal_form(model)))
    np.testing.assert_allclose(got, want, atol=32 * np.finfo(np.float32).eps)
    operators = [node.op_type for node in normal_form(model).graph.node]
    assert operators.count("BatchNormalization") == 1  # that behind ConvTranspose
    assert "MatMul" not in operators
    assert "Constant" not in operators


def test_a_file_of_many_oddities(source, tmp_path):
    done = quantize_onnx(source, BATCHES, tmp_path / "int8.onnx")
    assert compare_with_runtime(done.path, X).mismatches == 0
    assert tuple(row["layer"] for row in done.float_layers) == FLOATS
    # What is said to stay float does, and nothing else does.
    ran = precision_report(done.path, profile=False)
    ran_in = {
        precision: {n.layer for n in ran.nodes if n.precision == precision}
        for precision in ("INT8", "FP32")
    }
    assert {name.removesuffix("_kept_float") for name in ran_in["FP32"]} == set(FLOATS)
    assert {"stem", "mix", "head", "logits"} <= ran_in["INT8"]
    # 8 bits of what is nearly normal are worth some 40 dB a tensor; 18 tensors follow each other.
    assert sqnr(source, done.path) > 20
    assert "4 layers with int8 weights, 5 of 20 nodes stay float" in str(done)
    assert Recipe.from_dict(done.to_dict()["recipe"]) == Recipe()


@pytest.mark.parametrize("opset", [11, 12, 13, 17, 21, 23])
def test_opsets(tmp_path, opset):
    model = exported_net(max(opset, 13) if opset > 12 else 13)
    if opset < 13:  # the same file as an exporter of that time wrote it
        node = next(n for n in model.graph.node if n.name == "batch1")
        del node.input[1]
        node.attribute.append(helper.make_attribute("axes", [0]))
        next(n for n in model.graph.node if n.name == "up").input[1] = "no_region"
        model.graph.initializer.append(numpy_helper.from_array(np.float32([]), "no_region"))
        model.opset_import[0].version, model.ir_version = opset, 6
    model.ir_version = max(model.ir_version, 10) if opset > 20 else model.ir_version
    onnx.save(model, tmp_path / "net.onnx")
    done = quantize_onnx(tmp_path / "net.onnx", BATCHES, tmp_path / "int8.onnx")
    assert compare_with_runtime(done.path, X).mismatches == 0
    assert sqnr(tmp_path / "net.onnx", done.path) > 20
    version = next(o.version for o in onnx.load(done.path).opset_import if not o.domain)
    assert version == max(13, opset)


def test_the_same_integers_as_from_the_torch_model(tmp_path):
    """BatchNorm is folded in float32 here and there: a weight next to a tie may fall either way."""
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 3, 2), nn.Flatten()
    net = nn.Sequential(*layers, nn.Linear(4 * 25, 5)).eval()
    net[1].running_var.uniform_(0.5, 2)
    export_onnx(net, tmp_path / "net.onnx", X)
    done = quantize_onnx(tmp_path / "net.onnx", BATCHES, tmp_path / "int8.onnx")
    ours, theirs = onnx.load(done.path), build_onnx(quantize_model(net, BATCHES))
    for given, said in ((stored(ours, 4), stored(theirs, 4)), (stored(ours, 2), stored(theirs, 2))):
        assert len(given) == len(said) == 3
        for a, b in zip(given, said, strict=True):
            assert np.mean(a != b) < 0.01
            np.testing.assert_allclose(a.astype(int), b.astype(int), atol=1)
    assert sqnr(tmp_path / "net.onnx", done.path) > 20


def stored(model, ndim):
    """Integer weights: of convolutions (4 axes) and of the linear layer (2), padded to three."""
    arrays = [numpy_helper.to_array(t) for t in model.graph.initializer]
    found = [a for a in arrays if a.dtype == np.int8 and a.ndim == ndim]
    return (found * 3)[:3]


@pytest.mark.parametrize(
    ("recipe", "kinds"),
    [
        (Recipe(weights=Rule(granularity="per-tensor")), {"int8 per-tensor"}),
        (Recipe(weights=Rule("uint8", "asymmetric")), {"uint8 per-channel"}),
        (Recipe(activations=Rule("int8", "symmetric", observer="minmax")), {"int8 per-channel"}),
        (Recipe(activations=Rule("uint16")), {"int8 per-channel"}),
        (Recipe(weights=Rule("int4")), {"int4 per-channel"}),
        (Recipe(layers={"head": Rule("int16")}), {"int8 per-channel", "int16 per-channel"}),
    ],
)
def test_recipes(source, tmp_path, recipe, kinds):
    done = quantize_onnx(source, BATCHES, tmp_path / "int8.onnx", recipe)
    assert {row["weights"] for row in done.layers if row["weights"]} == kinds
    assert compare_with_runtime(done.path, X).mismatches == 0


def test_a_layer_that_is_kept_stays_float_in_the_runtime(source, tmp_path):
    kept = ("mix", "head", "leaky")
    done = quantize_onnx(source, BATCHES, tmp_path / "int8.onnx", Recipe(keep_float=kept))
    reasons = {row["layer"]: row["reason"] for row in done.float_layers}
    assert {name: reasons[name] for name in kept} == {n: f"keep_float names {n}" for n in kept}
    ran = precision_report(done.path, profile=False)
    for name in kept:
        assert {n.precision for n in ran.nodes if n.layer == name} <= {"FP32", "layout"}
        assert any(n.precision == "FP32" for n in ran.nodes if n.layer == name)
    assert compare_with_runtime(done.path, X).mismatches == 0


def test_the_ruler_of_one_tensor(source, tmp_path):
    recipe = Recipe(tensors={"input": Rule(observer="minmax"), "stem": Rule(observer="minmax")})
    done = quantize_onnx(source, BATCHES, tmp_path / "int8.onnx", recipe)
    rows = {row["layer"]: row for row in done.layers}
    every = np.concatenate(BATCHES)
    # A ruler's ends are whole steps: within half a step of what was seen.
    step = float(every.max() - every.min()) / 255
    assert rows["nhwc"]["low"] == pytest.approx(every.min(), abs=step)
    assert rows["nhwc"]["high"] == pytest.approx(every.max(), abs=step)
    seen = normal_form(exported_net())
    seen.graph.output.append(onnx.ValueInfoProto(name="relu6"))
    largest = open_session(seen).run(["relu6"], {"input": every})[0].max()
    assert rows["relu6"]["high"] == pytest.approx(largest, rel=1e-5)


def test_weights_beside_the_file_and_a_fixed_batch(tmp_path):
    """One array of 16 images calibrates a file that reads 4 at a time."""
    model = exported_net()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    onnx.save(
        model, tmp_path / "net.onnx",
        save_as_external_data=True, location="weights.bin", size_threshold=64,
    )  # fmt: skip
    done = quantize_onnx(tmp_path / "net.onnx", pictures(16), tmp_path / "int8.onnx")
    assert compare_with_runtime(done.path, X).mismatches == 0
    assert sqnr(tmp_path / "net.onnx", done.path) > 20


def small(nodes, inputs=("a",), rank=4, stored=()):
    sizes = ["N", 4, 6, 6][:rank]
    graph = helper.make_graph(
        nodes, "small",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, sizes) for n in inputs],
        [onnx.ValueInfoProto(name=nodes[-1].output[0])],
        [numpy_helper.from_array(value, name) for name, value in stored],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_several_inputs(tmp_path):
    rng = np.random.default_rng(0)
    weight = rng.normal(0, 1, (4, 4, 1, 1)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["a", "w"], ["c"], "c"),
        helper.make_node("Add", ["c", "b"], ["y"], "y"),
    ]
    onnx.save(small(nodes, ("a", "b"), stored=[("w", weight)]), tmp_path / "net.onnx")
    batch = {name: rng.normal(0, 1, (2, 4, 6, 6)).astype(np.float32) for name in "ab"}
    done = quantize_onnx(tmp_path / "net.onnx", [batch], tmp_path / "int8.onnx")
    assert compare_with_runtime(done.path, batch).mismatches == 0
    with pytest.raises(ValueError, match="has 2 inputs"):
        quantize_onnx(tmp_path / "net.onnx", [batch["a"]], tmp_path / "more.onnx")


def test_a_linear_layer_on_three_axes(tmp_path):
    """As in a transformer: MatMul with stored weights, and a bias as Add."""
    rng = np.random.default_rng(1)
    stored = [(n, rng.normal(0, 0.5, s).astype(np.float32)) for n, s in (("w", (6, 5)), ("b", 5))]
    nodes = [
        helper.make_node("MatMul", ["a", "w"], ["m"], "m"),
        helper.make_node("Add", ["b", "m"], ["s"], "s"),
        helper.make_node("Sigmoid", ["s"], ["y"], "y"),
    ]
    model = small(nodes, stored=stored, rank=3)
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 6
    onnx.save(model, tmp_path / "net.onnx")
    batch = rng.normal(0, 1, (2, 4, 6)).astype(np.float32)
    done = quantize_onnx(tmp_path / "net.onnx", [batch], tmp_path / "int8.onnx")
    assert done.float_layers == ()
    assert compare_with_runtime(done.path, {"a": batch}).mismatches == 0
    assert precision_report(done.path, profile=False).count("FP32") == 0


FLOAT64 = helper.make_node("Cast", ["a"], ["y"], "y", to=TensorProto.DOUBLE)


@pytest.mark.parametrize(
    ("model", "recipe", "said"),
    [
        (exported_net(), Recipe(keep_float=["stemm"]), "did you mean stem"),
        (exported_net(), Recipe(layers={"tanh": Rule("int4")}), "has no weights to quantize"),
        (exported_net(), Recipe(tensors={"flat": Rule("int8")}), "no integers are made there"),
        (exported_net(), Recipe(equalize=True), "equalize, which starts from a torch model"),
        (exported_net(), Recipe(weights=Rule("int3")), "weights of int3"),
        (exported_net(), Recipe(activations=Rule("uint4")), "activations of uint4"),
        (small([helper.make_node("Tanh", ["a"], ["y"], "y")]), Recipe(), "integer kernel for Tanh"),
        (small([FLOAT64]), Recipe(), "no float32 operator"),
        (in_branches(exported_net()), Recipe(), "holds graphs of its own"),
        (small([helper.make_node("Nobody", ["a"], ["y"], "y")]), Recipe(), "is refused by ONNX"),
    ],
)  # fmt: skip
def test_refusals(tmp_path, model, recipe, said):
    onnx.save(model, tmp_path / "net.onnx")
    with pytest.raises(ValueError, match=said) as refused:
        quantize_onnx(tmp_path / "net.onnx", BATCHES, tmp_path / "int8.onnx", recipe)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "int8.onnx").exists()


def test_calibration_that_is_none(source, tmp_path):
    target = tmp_path / "int8.onnx"
    for given, kind, said in (
        ([], ValueError, "holds no batch"),
        (Validation(2), TypeError, "is a validation split"),
        ([X.astype(np.float64)], ValueError, "has dtype float64"),
        ([X[:, :2]], ValueError, r"has shape \(4, 2, 14, 14\)"),
        ([X * np.float32(np.nan)], ValueError, "tensor 'input' on the calibration data"),
    ):
        with pytest.raises(kind, match=said):
            quantize_onnx(source, given, target)
        assert not target.exists()


def test_what_is_quantized_already_is_refused(source, tmp_path):
    quantize_onnx(source, BATCHES, tmp_path / "int8.onnx")
    with pytest.raises(ValueError, match="is quantized already: pass the float file"):
        quantize_onnx(tmp_path / "int8.onnx", BATCHES, tmp_path / "twice.onnx")
