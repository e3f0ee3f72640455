"""A layer kept float is one in ONNX Runtime too, and whoever reports on it gives one reason.

Each net puts something beside a float layer that ONNX Runtime folds into it or carries a ruler
past, and so would quantize the layer's weights with one scale.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.precision.report import precision_report
from quantlab.deploy.runtime.agreement import compare_with_runtime
from quantlab.deploy.runtime.optimized_graph import multiplies, optimized_graph
from quantlab.methods.quantize_model import quantize_model
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.methods.recipe import Recipe
from quantlab.numerics.integer_operators import integer_operator
from tests.support.networks import images


class Net(nn.Module):
    """A convolution, something of (self, x), and a convolution over 8 channels."""

    def __init__(self, middle: Callable[[Any, Tensor], Tensor], **layers: Any) -> None:
        super().__init__()
        self.middle = middle
        for name, layer in layers.items():
            setattr(self, name, layer)
        self.first, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.middle(self, self.first(x)))


def conv(**settings: Any) -> nn.Conv2d:
    return nn.Conv2d(8, 8, 3, **{"padding": 1, **settings})


def up() -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(8, 8, 2, 2)


def batchnorm() -> nn.BatchNorm2d:
    layer = nn.BatchNorm2d(8)
    layer.running_mean.normal_()
    layer.running_var.uniform_(0.5, 2)
    nn.init.normal_(layer.weight)
    return layer


def constant(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.rand(shape) + 0.5)


# The net, and the layers kept float by the recipe.
NETS: dict[str, tuple[Callable[[], Net], tuple[str, ...]]] = {
    "transposed, BatchNorm": (lambda: Net(lambda s, x: s.b(s.t(x)), t=up(), b=batchnorm()), ()),
    "transposed, BatchNorm, ReLU": (
        lambda: Net(lambda s, x: F.relu(s.b(s.t(x))), t=up(), b=batchnorm()),
        (),
    ),
    "transposed behind a pool, joined": (
        lambda: Net(
            lambda s, x: s.d(torch.cat([F.relu(s.b(s.t(F.max_pool2d(x, 2)))), x], 1)),
            t=up(),
            b=batchnorm(),
            d=nn.Conv2d(16, 8, 1),
        ),
        (),
    ),
    "transposed, ReLU": (lambda: Net(lambda s, x: F.relu(s.t(x)), t=up()), ()),
    "times a number": (lambda: Net(lambda s, x: s.t(x) * 0.5, t=conv()), ("t",)),
    "a number times": (lambda: Net(lambda s, x: 0.5 * s.t(x), t=conv()), ("t",)),
    "plus a number": (lambda: Net(lambda s, x: s.t(x) + 0.5, t=conv()), ("t",)),
    "times a constant": (
        lambda: Net(lambda s, x: s.t(x) * s.k, t=conv(), k=constant(1, 8, 1, 1)),
        ("t",),
    ),
    "plus a constant, then ReLU": (
        lambda: Net(lambda s, x: F.relu(s.t(x) + s.k), t=conv(), k=constant(8, 1, 1)),
        ("t",),
    ),
    "times and plus, flattened back": (
        lambda: Net(
            lambda s, x: (s.t(x) * s.k + s.k).flatten(2).reshape(x.shape[0], 8, 16, 16),
            t=conv(),
            k=constant(1, 8, 1, 1),
        ),
        ("t",),
    ),
    "scaled by a reshaped parameter": (
        lambda: Net(lambda s, x: x + s.t(x) * s.k.reshape(1, -1, 1, 1), t=conv(), k=constant(8)),
        (),
    ),
    "standardized weights": (
        lambda: Net(lambda s, x: F.conv2d(x, s.k - s.k.mean(), padding=1), k=constant(8, 8, 3, 3)),
        (),
    ),
    "group norm as a function": (
        lambda: Net(lambda s, x: F.relu(F.group_norm(s.t(x), 2, s.k)), t=conv(), k=constant(8)),
        (),
    ),
    "padded": (lambda: Net(lambda s, x: s.t(F.pad(x, (1,) * 4)), t=conv(padding=0)), ("t",)),
    "padded by reflection": (
        lambda: Net(lambda s, x: s.t(F.pad(x, (1,) * 4, "reflect")), t=conv(padding=0)),
        ("t",),
    ),
    "padded and pooled": (
        lambda: Net(lambda s, x: s.t(F.pad(x, (1, 0, 1, 0))), t=nn.AvgPool2d(2)),
        ("t",),
    ),
    "linear over channels last": (
        lambda: Net(
            lambda s, x: s.t(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), t=nn.Linear(8, 8)
        ),
        (),
    ),
    "product with constants, and a sum": (
        lambda: Net(
            lambda s, x: (torch.matmul(x.mean((2, 3)), s.k) + s.b).reshape(x.shape[0], 8, 1, 1),
            k=constant(8, 8),
            b=constant(8),
        ),
        (),
    ),
    "split in two": (
        lambda: Net(lambda s, x: s.t(torch.cat([x[:, :4], x[:, 4:]], 1)), t=conv()),
        ("t",),
    ),
    "a sum and its ReLU": (lambda: Net(lambda s, x: F.relu(s.t(x) + x), t=conv()), ("add",)),
    "a join": (
        lambda: Net(lambda s, x: s.t(torch.cat([x, x], 1)), t=nn.Conv2d(16, 8, 1)),
        ("cat",),
    ),
    "a pool": (lambda: Net(lambda s, x: F.max_pool2d(x, 2)), ("max_pool2d",)),
    "a leaky ReLU": (
        lambda: Net(lambda s, x: F.leaky_relu(s.t(x), 0.1), t=conv()),
        ("leaky_relu",),
    ),
    "cut windows that count padding": (
        lambda: Net(lambda s, x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True)),
        (),
    ),
    "cut windows": (
        lambda: Net(lambda s, x: F.avg_pool2d(x, 3, 2, 1, True, count_include_pad=False)),
        (),
    ),
    "curves": (lambda: Net(lambda s, x: torch.tanh(F.hardswish(s.t(x))), t=conv()), ()),
    "two readers": (lambda: Net(lambda s, x: F.relu(x) + x), ()),
}  # fmt: skip


@pytest.fixture(scope="module", params=NETS)
def case(request: pytest.FixtureRequest) -> tuple[QuantizedModel, onnx.ModelProto]:
    build, kept = NETS[request.param]
    torch.manual_seed(0)
    model = quantize_model(build().eval(), [images(4, 16)], Recipe(keep_float=kept))
    return model, build_onnx(model, signed_activations=False)


def test_every_float_layer_is_simulated_as_the_runtime_computes_it(case: Any) -> None:
    """Where the runtime quantized its weights, the integers behind it would differ."""
    assert compare_with_runtime(case[1], images(4, 16, seed=5)).mismatches == 0


def test_its_weights_are_float_in_what_runs(case: Any) -> None:
    model, exported = case
    kinds = ("Conv", "ConvTranspose2d", "Linear")
    wanted = {layer.name for layer in model.float_layers if layer.operator in kinds}
    ran = optimized_graph(exported, {"input": images(1, 16)})
    found = set()
    for node, origin in zip(ran.graph.nodes, ran.origins, strict=True):
        name = origin.removesuffix("_product")  # the MatMul of a linear layer
        if name in wanted and multiplies(node.operator):
            assert ran.graph.constants[node.inputs[1]].dtype == np.float32
            found.add(name)
    assert found == wanted


def test_the_model_the_file_and_the_report_give_one_reason(case: Any) -> None:
    """Each float layer runs in FP32 for its reason, by itself: folded into none. Only what moves
    numbers may be done on integers, and a Relu by a ruler behind it or by the operator before."""
    model, exported = case
    report = precision_report(exported, profile=False)
    reasons = {layer.path: layer.reason for layer in model.float_layers}
    in_fp32 = [node for node in report.nodes if node.precision == "FP32" and not _guards(node)]
    for node in in_fp32:
        assert node.label in reasons, f"{node.label} runs in FP32, and no float layer is it"
        assert node.reason == f"It stays float: {reasons[node.label]}."
    operators = {node.name: node.op_type for node in exported.graph.node}
    for layer in model.float_layers:
        if layer.path not in {node.label for node in in_fp32}:
            operator = integer_operator(operators[layer.name])
            assert operator.moves or operator.clips, layer


def _guards(node: Any) -> bool:
    return node.reason.startswith("A Clip without ends keeps")


@pytest.mark.parametrize("sides", [(1, 1, 1, 1), (0, 2, 1, 0)], ids=["even", "uneven"])
def test_zeros_before_a_convolution_are_computed_on_integers(sides: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    net = Net(lambda s, x: s.t(F.pad(x, sides)), t=conv(padding=0)).eval()
    model = quantize_model(net, [images(4, 16)])
    assert not model.float_layers
    exported = build_onnx(model, signed_activations=False)
    assert compare_with_runtime(exported, images(4, 16, seed=5)).mismatches == 0
