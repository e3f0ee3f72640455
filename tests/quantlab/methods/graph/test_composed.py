"""Calls that are several operators: what the normal form makes of them, and what stays whole."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.deploy import compare_with_runtime, precision_report
from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.methods import Recipe, quantize_model
from quantlab.methods.graph.operators import is_operator, operator_of
from quantlab.methods.graph.tracing import trace_model

X = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def kinds(function) -> list[str]:
    """ONNX's names of the operators, or what the model calls where there is none."""
    graph = trace_model(Function(function), X)
    found = [operator_of(graph, node) for node in graph.graph.nodes if is_operator(node)]
    return [getattr(operator, "kind", None) or operator.name for operator in found]


def attention(x: Tensor, **settings) -> Tensor:
    return F.scaled_dot_product_attention(x, x, x, **settings)


def mask(x: Tensor) -> Tensor:
    return x.amax(1, keepdim=True) > 0


MASKED = ["Transpose", "mul", "MatMul", "where", "Softmax", "MatMul"]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: torch.stack([x, x], 1), ["Reshape", "Reshape", "Concat"]),
        (lambda x: x * x.amax((2, 3), keepdim=True).expand_as(x), ["amax", "Mul"]),
        (lambda x: x.amax(1, keepdim=True).expand(-1, 3, -1, -1), ["amax", "expand"]),
        (lambda x: torch.max(x, 1, keepdim=True)[0] - x.min(dim=1)[0], ["amax", "amin", "sub"]),
        (lambda x: x.max(1)[1] * x.amax(1), ["max", "getitem", "amax", "mul"]),
        (lambda x: x.to(torch.float32).relu(), ["Relu"]),
        (lambda x: x.relu().type_as(x), ["Relu"]),
        (lambda x: attention(x, is_causal=True), MASKED),
        (lambda x: attention(x, attn_mask=mask(x)), ["amax", "gt", *MASKED]),
        (lambda x: attention(x, dropout_p=0.0, enable_gqa=True), ["scaled_dot_product_attention"]),
        (lambda x: F.normalize(x, p=1.0), ["norm", "Clip", "truediv"]),
        (F.silu, ["Sigmoid", "Mul"]),
        (nn.SiLU(), ["Sigmoid", "Mul"]),
    ],
)
def test_what_becomes_of_a_call(function, expected) -> None:
    assert kinds(function) == expected


def test_attention_is_two_products_around_a_softmax() -> None:
    found = kinds(attention)
    assert [kind for kind in found if kind in ("MatMul", "Softmax")] == [
        "MatMul",
        "Softmax",
        "MatMul",
    ]


class Channels(nn.Module):
    """An attention over channels by expand_as, as in ECA-Net, and stacked branches, as in SKNet."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.gate = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 1)
        self.last = nn.Conv2d(8, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        gate = torch.sigmoid(self.gate(x.mean((2, 3), keepdim=True)))
        both = torch.stack([x, x * gate.expand_as(x)], 1)
        return self.last(both[:, 0] + both[:, 1])


def test_between_convolutions_they_run_on_integers() -> None:
    torch.manual_seed(0)
    x = np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)
    model = build_onnx(quantize_model(Channels().eval(), [x]))
    compared = compare_with_runtime(model, x)
    assert compared.mismatches == 0 < compared.values
    assert precision_report(model, profile=False).count("FP32") == 0


class Swished(nn.Module):
    """A layer's SiLU, as in EfficientNet and the YOLOs, and a function's."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 1)
        self.act = nn.SiLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.silu(self.act(self.first(x))))


def test_a_silu_between_convolutions_is_two_integer_operators_of_the_runtime() -> None:
    torch.manual_seed(0)
    x = 4 * np.random.default_rng(0).normal(size=(4, 3, 8, 8)).astype(np.float32)
    model = build_onnx(quantize_model(Swished().eval(), [x]))
    compared = compare_with_runtime(model, x)
    assert compared.mismatches == 0 < compared.values
    report = precision_report(model, profile=False)
    assert report.count("FP32") == 0


@pytest.mark.parametrize("name", ["act", "silu"])
def test_a_silu_is_kept_float_whole_by_the_name_that_it_has_in_the_model(name) -> None:
    recipe = Recipe(keep_float=(name,))
    left = quantize_model(
        Swished().eval(), [np.ones((1, 3, 8, 8), np.float32)], recipe
    ).float_layers
    named = [layer.path for layer in left if "keep_float" in layer.reason]
    assert named == [f"{name}.sigmoid", f"{name}.mul"]
