"""What stands where in an exported graph, and what ONNX Runtime makes of it."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from quantlab.deploy import build_onnx, open_session
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.methods.recipe import Recipe, Rule
from quantlab.numerics import QParams
from quantlab.numerics.integer_operators import INTEGER_OPERATORS
from tests.support.networks import NETWORKS, images, seeded

# All that may be left of a network on x86: integer kernels, moves of integers, and where numbers
# come in and go out. Transposes bring convolutions into their channels-last layout.
INTEGER = {operator.kernel for operator in INTEGER_OPERATORS.values() if operator.kernel}


def optimized(model: onnx.ModelProto, tmp_path: Path) -> list[onnx.NodeProto]:
    path = tmp_path / "optimized.onnx"
    open_session(model, exact=True, optimized_path=path)
    return list(onnx.load(path).graph.node)


def quantized(net: nn.Module, recipe: Recipe | None = None, size: int = 16) -> QuantizedModel:
    return quantize_model(net, [images(2, size)], recipe or Recipe())


def exported(net: nn.Module, recipe: Recipe | None = None) -> onnx.ModelProto:
    return build_onnx(quantized(net, recipe), signed_activations=False)


def operators(model: onnx.ModelProto) -> list[str]:
    return [n.op_type for n in model.graph.node if "Linear" not in n.op_type]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_runs_on_integers(name, tmp_path):
    small = {"width": 0.35} if name == "mobilenet_v2" else {"width": 8}
    model = build_onnx(quantized(NETWORKS[name](**small), size=32), signed_activations=False)
    ran = Counter(node.op_type for node in optimized(model, tmp_path))
    assert set(ran) <= INTEGER | {"NhwcMaxPool", "QuantizeLinear", "DequantizeLinear"}
    # One at the input, one at the output: no island of float32 between.
    assert (ran["QuantizeLinear"], ran["DequantizeLinear"]) == (1, 1)
    wanted = Counter(operators(model))
    assert ran["QLinearConv"] == wanted["Conv"]
    assert ran["QLinearAdd"] == wanted["Add"]
    assert ran["QLinearConcat"] == wanted["Concat"]


class Mixed(nn.Module):
    """Sums, products, joins, pools, curves, and operators that nobody computes on integers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.more = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 1)
        self.bn = nn.BatchNorm2d(8)
        self.last = nn.Conv2d(24, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = torch.relu(self.conv(x))
        b = torch.sigmoid(self.more(nn.functional.hardswish(a)))
        c = nn.functional.avg_pool2d(a * b, 3, 1, 1)
        d = nn.functional.leaky_relu(self.bn(c + 0.5), 0.1)
        return torch.softmax(self.last(torch.cat([a, b + c, torch.tanh(d)], 1)), 1)


def test_a_net_of_many_operators_is_exported_as_placed(tmp_path):
    torch.manual_seed(0)
    net = Mixed().eval()
    model = quantized(net)
    floats = {layer.operator for layer in model.float_layers}
    assert floats == {"HardSwish", "Add", "BatchNormalization", "tanh"}
    ran = Counter(
        n.op_type for n in optimized(build_onnx(model, signed_activations=False), tmp_path)
    )
    assert ran["QLinearConv"] == 3
    kinds = ("Sigmoid", "Mul", "Add", "AveragePool", "LeakyRelu")
    for kind in kinds:
        assert ran[f"QLinear{kind}"] == 1, kind
    x = images(2, 16, seed=2)
    found = open_session(build_onnx(model), exact=True).run(None, {"input": x})[0]
    # Softmax is on a ruler over [0, 1]. A step more or less in front of it moves few results.
    with torch.no_grad():
        assert np.abs(found - net(torch.from_numpy(x)).numpy()).mean() < 0.02


class Chain(nn.Module):
    """Operators in a row, so that each has integers on both sides."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.middle, self.last = (nn.Conv2d(n, 8, 3, padding=1) for n in (3, 8, 8))
        self.act = nn.ReLU()
        self.pool, self.head = nn.AvgPool2d(2), nn.Linear(8 * 64, 4)
        self.end = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        a = self.act(self.middle(self.first(x)))
        b = torch.cat([a[:, :4].sigmoid(), a[:, 4:]], 1)
        return self.end(self.head(self.pool(self.last(a + b)).flatten(1)))


KEPT = {
    "middle": ("Conv", "QLinearConv"),
    "pool": ("AveragePool", "QLinearAveragePool"),
    "head": ("Gemm", "QGemm"),
    "add": ("Add", "QLinearAdd"),
    "cat": ("Concat", "QLinearConcat"),
    "sigmoid": ("Sigmoid", "QLinearSigmoid"),
}


@pytest.mark.parametrize("layer", KEPT)
def test_a_layer_kept_float_runs_in_float(layer, tmp_path):
    """ONNX Runtime would quantize it again, with worse weights, if nothing stood in its way."""
    torch.manual_seed(0)
    float_kind, integer_kind = KEPT[layer]
    net, counts = Chain().eval(), {}
    for kept in ((), (layer,)):
        model = exported(net, Recipe(keep_float=kept))
        # The convolution that follows a slice is float32 input for nobody: count by kind.
        counts[kept] = Counter(node.op_type for node in optimized(model, tmp_path))
    floats = {float_kind, f"Fused{float_kind}"}
    assert counts[()][integer_kind] == counts[(layer,)][integer_kind] + 1
    assert sum(counts[(layer,)][kind] for kind in floats) == 1
    assert sum(counts[()][kind] for kind in floats) == 0
    clips = [n.name for n in model.graph.node if n.op_type == "Clip"]
    assert clips == [f"{layer}_kept_float"]


def test_first_and_last_layer_kept_float_need_no_guard():
    net = Chain().eval()
    kinds = operators(exported(net, Recipe(keep_float=("first", "end"))))
    assert "Clip" not in kinds


def test_a_relu_stays_where_its_ruler_does_not_do_it():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.ReLU6()).eval()
    asymmetric = Rule("uint8", "asymmetric", "per-tensor", "minmax", {})
    symmetric = Rule("uint8", "symmetric", "per-tensor", "minmax", {})
    assert operators(exported(net, Recipe(activations=asymmetric))) == ["Conv", "Conv"]
    assert operators(exported(net, Recipe(activations=symmetric))) == [
        "Conv",
        "Relu",
        "Conv",
        "Clip",
    ]


def test_a_clip_stays_where_the_ruler_reaches_beyond_it():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU6()).eval()
    net[0].bias.data += 8  # so that 6 is reached
    model = quantized(net)
    end = next(iter(model.placement.fused.values()))
    assert operators(build_onnx(model)) == ["Conv"]
    half_a_step = 6 / 254.51  # 6 is still nearer to the last tick than to the one before
    wider = {0.02: ["Conv"], half_a_step: ["Conv"], 6 / 254: ["Conv", "Clip"]}
    for scale, kinds in wider.items():
        rulers = {**model.activations, end: QParams(scale, 0, "uint8")}
        assert operators(build_onnx(replace(model, activations=rulers))) == kinds, scale


class Several(nn.Module):
    """Returns a dict: an inner tensor, that tensor again, the input, and the end."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> dict[str, Tensor | list[Tensor]]:
        inner = self.a(x)
        return {"inner": inner, "more": [inner, x], "end": self.b(inner)}


def test_several_outputs(tmp_path):
    torch.manual_seed(0)
    net, x = Several().eval(), images(2, 16)
    model = build_onnx(net, x)
    names = [entry.name for entry in model.graph.output]
    assert names == ["a", "a_output_1", "input_output_2", "b"]
    inner, again, same, end = open_session(model).run(None, {"input": x})
    with torch.no_grad():
        expected = net(torch.from_numpy(x))
    # Sums of 3 and 4 products: two programs round at most 8 times each, 2^-24 of about 4.
    np.testing.assert_allclose(inner, expected["inner"].numpy(), rtol=0, atol=4e-6)
    np.testing.assert_allclose(end, expected["end"].numpy(), rtol=0, atol=4e-6)
    np.testing.assert_array_equal(again, inner)
    np.testing.assert_array_equal(same, x)
    ran = optimized(exported(net), tmp_path)
    assert [n.op_type for n in ran].count("QLinearConv") == 2


def test_names_that_clash_are_refused():
    class Clash(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.conv_q = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv_q(self.conv(x))

    with pytest.raises(ValueError, match="two tensors would be called 'conv_q'"):
        exported(Clash())


def test_module_paths_are_in_the_file():
    model = build_onnx(seeded(nn.Sequential(nn.Sequential(nn.Conv2d(3, 2, 1))), 0), images(1, 8))
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(properties["quantlab.layers"]) == {"_0_0": "0.0"}
    assert [node.name for node in model.graph.node] == ["_0_0"]


class TwoHeads(nn.Module):
    """As many heads in front as the example has images."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        y = self.conv(x).mean((2, 3))
        return torch.stack((y, 2 * y)), y


def test_what_lies_in_front_and_is_no_image_is_not_called_so():
    model = exported(TwoHeads())
    heads, plain = ([d.dim_param for d in o.type.tensor_type.shape.dim] for o in model.graph.output)
    assert heads[0] == ""
    assert plain[0] == "N"
    x = images(5, 16)
    both, one = open_session(model).run(None, {"input": x})
    assert (both.shape, one.shape) == ((2, 5, 4), (5, 4))
