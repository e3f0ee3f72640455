"""Exported float32 models compute what torch does; quantized ones what QuantizedModel says."""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator
from torch import nn

from quantlab.deploy import build_onnx, export_onnx, load_model, open_session
from quantlab.deploy.export.graph_writer import OPSET
from quantlab.deploy.runtime.tensors import with_quantized_outputs
from quantlab.deploy.simulator.simulate import simulate
from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.layer_tensors import layer_tensors
from quantlab.methods.ptq.fold import fold_batchnorm
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.recipe import Recipe, Rule
from tests.quantlab.deploy.exact_models import (
    whole_images,
    with_even_zero_points,
    with_powers_of_two,
    with_whole_numbers,
)
from tests.support.networks import MobileNetV2, SmallResNet, SmallUNet, images, seeded, small_resnet

SMALL = {
    "mobilenet_v2": lambda: MobileNetV2(width=0.35),
    "small_resnet": lambda: SmallResNet(width=8),
    "small_unet": lambda: SmallUNet(width=8),
}


@pytest.fixture(params=SMALL)
def net(request) -> nn.Module:
    torch.set_num_threads(1)
    return SMALL[request.param]()


def run(model: onnx.ModelProto, x: np.ndarray, exact: bool = True) -> np.ndarray:
    return open_session(model, exact=exact).run(None, {"input": x})[0]


def rulers_of(model: onnx.ModelProto) -> dict[str, tuple[float, int, int]]:
    """Scale, zero_point and element type of every QuantizeLinear, by the name in front of _q."""
    stored = {t.name: t for t in model.graph.initializer}
    found = {}
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            scale, zero_point = (numpy_helper.to_array(stored[name]) for name in node.input[1:])
            kind = stored[node.input[2]].data_type
            found[node.output[0].removesuffix("_q")] = (float(scale), int(zero_point), kind)
    return found


@pytest.mark.parametrize("folded", [False, True])
def test_float32_export_equals_torch(net, folded):
    """Bit for bit: with whole numbers nothing is rounded, in whichever order sums are taken."""
    with_whole_numbers(net)
    x = whole_images(3, 64)
    with torch.no_grad():
        expected = net(torch.from_numpy(x)).numpy()
    assert expected.std() > 1
    graph = trace_model(net, x[:1])
    model = build_onnx(fold_batchnorm(graph) if folded else net, None if folded else x[:1])
    kinds = {node.op_type for node in model.graph.node}
    assert ("BatchNormalization" in kinds) != folded
    np.testing.assert_array_equal(run(model, x), expected)


def test_quantized_export_equals_the_quantized_model(net):
    """Bit for bit: scales are powers of two, sums stay below 2^24 units, so nothing but the
    quantization itself is rounded. Zero_points are even: ONNX Runtime's QLinearAdd rounds ties
    with the zero_point added already, which then makes no difference."""
    seeded(net, 3)
    x = images(2, 32, seed=4)
    quantized = with_even_zero_points(with_powers_of_two(net, images(4, 32)))
    model = build_onnx(quantized, signed_activations=False)
    expected = quantized(x)
    assert expected.std() > 0
    np.testing.assert_array_equal(run(model, x), expected)


def test_signed_activations_are_the_unsigned_ones_128_lower():
    """By onnx's own evaluator: integers, all tensors, nothing off by one."""
    net = seeded(SmallResNet(width=4), 0)
    quantized, x = quantize_model(net, [images(4, 16)]), images(1, 16, seed=5)
    found = {}
    for signed in (True, False):
        model = build_onnx(quantized, signed_activations=signed)
        tapped = with_quantized_outputs(model)
        names = [entry.name for entry in tapped.graph.output]
        arrays = ReferenceEvaluator(tapped).run(None, {"input": x})
        found[signed] = dict(zip(names, arrays, strict=True))
    integers = [name for name in found[True] if name.endswith("_q")]
    assert len(integers) == len(quantized.activations)
    for name, unsigned in found[False].items():
        signed = found[True][name]
        if name in integers:
            assert (signed.dtype, unsigned.dtype) == (np.int8, np.uint8)
            np.testing.assert_array_equal(signed.astype(int) + 128, unsigned, err_msg=name)
        else:
            np.testing.assert_array_equal(signed, unsigned)


def test_rulers_stand_where_they_were_placed(net):
    quantized = quantize_model(seeded(net, 1), [images(2, 32)])
    model = build_onnx(quantized, signed_activations=False)
    expected = {
        name: (float(ruler.scale), int(ruler.zero_point), onnx.TensorProto.UINT8)
        for name, ruler in quantized.activations.items()
    }
    assert rulers_of(model) == expected
    stored = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    for name, weight in quantized.weights.items():
        np.testing.assert_array_equal(stored[f"{name}_weight_q"], weight.q)
        np.testing.assert_array_equal(stored[f"{name}_weight_scale"], weight.qparams.scale)
        np.testing.assert_array_equal(stored[f"{name}_bias_q"], weight.bias_q)
        assert stored[f"{name}_weight_q"].dtype == np.int8
    # Nothing float is stored but scales: no weight was left behind.
    floats = [name for name, array in stored.items() if array.dtype == np.float32]
    assert all(name.endswith("_scale") or name.endswith("_scales") for name in floats)


def test_inputs_outputs_opset_and_names():
    quantized = quantize_model(seeded(SmallResNet(width=4), 0), [images(2, 32)])
    model = build_onnx(quantized)
    entry, out = model.graph.input[0], model.graph.output[0]
    assert entry.name == "input"
    assert [d.dim_param or d.dim_value for d in entry.type.tensor_type.shape.dim] == [
        "N",
        3,
        32,
        32,
    ]
    assert [d.dim_param or d.dim_value for d in out.type.tensor_type.shape.dim] == ["N", 10]
    assert {entry.type.tensor_type.elem_type, out.type.tensor_type.elem_type} == {1}
    assert [(o.domain, o.version) for o in model.opset_import] == [("", OPSET)]
    layers = {node.name for node in quantized.graph.graph.nodes}
    computing = {n.name for n in model.graph.node if "quantize" not in n.name}
    assert computing <= layers
    for count in (1, 3):
        assert run(model, images(count, 32)).shape == (count, 10)


def test_signed_on_arm_unsigned_elsewhere(monkeypatch):
    quantized = quantize_model(seeded(SmallUNet(width=4), 0), [images(2, 16)])
    for processor, kind in (("arm64", 3), ("aarch64", 3), ("x86_64", 2), ("AMD64", 2)):
        monkeypatch.setattr("platform.machine", lambda name=processor: name)
        assert {ruler[2] for ruler in rulers_of(build_onnx(quantized)).values()} == {kind}


@pytest.mark.parametrize(
    ("dtype", "bits", "granularity"),
    [
        ("int4", 4, "per-channel"),
        ("int8", 8, "per-tensor"),
        ("int16", 16, "per-channel"),
        ("uint8", 8, "per-channel"),
    ],
)
def test_weights_of_other_kinds(dtype, bits, granularity):
    scheme = "asymmetric" if dtype.startswith("u") else "symmetric"
    recipe = Recipe(weights=Rule(dtype, scheme, granularity, "minmax", {}))
    quantized = with_powers_of_two(seeded(SmallResNet(width=4), 0), images(2, 32), recipe)
    model = build_onnx(with_even_zero_points(quantized), signed_activations=False)
    stored = {t.name: t for t in model.graph.initializer}
    for name, weight in quantized.weights.items():
        tensor = stored[f"{name}_weight_q"]
        assert onnx.TensorProto.DataType.Name(tensor.data_type) == dtype.upper()
        assert len(tensor.raw_data) == (weight.q.size * bits + 7) // 8
        np.testing.assert_array_equal(numpy_helper.to_array(tensor).astype(int), weight.q)
    x = images(2, 32, seed=9)
    np.testing.assert_array_equal(run(model, x), with_even_zero_points(quantized)(x))


def test_the_file_is_written_whole(tmp_path):
    net, x = seeded(SmallUNet(width=4), 0), images(1, 16)
    path = export_onnx(net, tmp_path / "net.onnx", x)
    assert path == tmp_path / "net.onnx"
    assert load_model(path) == build_onnx(net, x)
    assert os.listdir(tmp_path) == ["net.onnx"]


def test_ctrl_c_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "net.onnx"
    path.write_text("old")
    plain = Path.write_bytes

    def interrupted(self: Path, content: bytes) -> int:
        plain(self, content[: len(content) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_onnx(seeded(SmallUNet(width=4), 0), path, images(1, 16))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["net.onnx"]


def test_a_path_that_cannot_be_written(tmp_path):
    path = tmp_path / "none" / "net.onnx"
    with pytest.raises(OSError, match=r"net\.onnx cannot be written"):
        export_onnx(seeded(SmallUNet(width=4), 0), path, images(1, 16))


def test_what_cannot_be_exported():
    net = nn.Sequential(nn.Conv2d(3, 4, 3))
    with pytest.raises(TypeError, match="example is missing"):
        build_onnx(net)
    with pytest.raises(TypeError, match="model is a dict"):
        build_onnx({})
    with pytest.raises(ValueError, match="does not run on the example"):
        build_onnx(net, images(1, 8)[:, :2])
    with pytest.raises(ValueError, match="all results of layer '_1' at once"):
        build_onnx(nn.Sequential(nn.Flatten(2), nn.LSTM(64, 4)), images(1, 8))


def test_activations_on_a_narrow_ruler_are_refused():
    rule = Rule("uint8", "asymmetric", "per-tensor", "minmax", {}, narrow=True)
    quantized = quantize_model(
        nn.Sequential(nn.Conv2d(3, 4, 3)), [images(1, 8)], Recipe(activations=rule)
    )
    with pytest.raises(ValueError, match="narrow ruler"):
        build_onnx(quantized)


@pytest.mark.parametrize("bits", [2, 3, 4, 6])
def test_what_the_runtime_cannot_hold_is_refused_and_computed_in_torch(bits):
    net, x = small_resnet(8), images(2, 32)
    model = quantize_model(net, x, Recipe(activations=Rule(f"uint{bits}", observer="minmax")))
    with pytest.raises(ValueError, match=f"activations of .* are uint{bits}, but ONNX Runtime"):
        build_onnx(model)
    with pytest.raises(ValueError, match="call the QuantizedModel itself, which computes"):
        simulate(model, x)
    seen = layer_tensors(model, x, "stem.0.0").inputs[0]
    assert len(np.unique(seen)) <= 2**bits
    assert np.isfinite(model(x)).all()
    weights = quantize_model(net, x, Recipe(weights=Rule(f"int{bits}")))
    # Without its lowest integer, the type has 2^bits - 1 of them.
    assert all(len(np.unique(w.q)) < 2**bits for w in weights.weights.values())
    if bits == 4:
        assert build_onnx(weights).graph.node
    else:
        with pytest.raises(ValueError, match=r"weights of 'stem\.0\.0' are int"):
            build_onnx(weights)
