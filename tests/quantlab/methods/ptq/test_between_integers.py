"""What computes number by number is on integers between integers, and float elsewhere."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.methods import Recipe, Rule, quantize_model
from quantlab.methods.ptq.between_integers import BEHIND_FLOATS, CONSTANT

X = np.random.default_rng(0).normal(size=(4, 4, 8, 8)).astype(np.float32)


class Net(nn.Module):
    """Two convolutions, and a function of (self, x) between them."""

    def __init__(self, between) -> None:
        torch.manual_seed(0)
        super().__init__()
        self.between = between
        self.first, self.last = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.position = nn.Parameter(torch.linspace(-3, 1, 64).reshape(8, 8))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.between(self, self.first(x)))


# Between the convolutions, and which sums and products with a constant stay float.
CASES = {
    "alone": (lambda s, x: x + s.position, []),
    "moved before and behind": (lambda s, x: (x.mT + s.position).mT, []),
    "clipped behind": (lambda s, x: F.relu(x + s.position), []),
    "two in a row": (lambda s, x: (x + s.position) * s.position, []),
    "behind a float layer": (lambda s, x: F.gelu(x) + s.position, ["add"]),
    "before a float layer": (lambda s, x: F.gelu(x.mT + s.position), ["add"]),
    "before a float layer and a sum": (lambda s, x: F.gelu(y := x + s.position) + y, []),
    "a row behind a float layer": (
        lambda s, x: (F.gelu(x) + s.position) * s.position,
        ["add", "mul"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_integers_on_both_sides(name) -> None:
    function, left = CASES[name]
    model = quantize_model(Net(function).eval(), [X])
    found = [layer.name for layer in model.float_layers if layer.reason == CONSTANT]
    assert found == left


GATES = {
    "behind a layer": (lambda s, x: F.silu(x), []),
    "moved before": (lambda s, x: F.silu(x.mT), []),
    "behind a float layer": (lambda s, x: F.silu(F.gelu(x)), ["silu.sigmoid", "silu.mul"]),
    "moved behind a float layer": (lambda s, x: F.gelu(x).mT.sigmoid() + x, ["sigmoid"]),
    "by a layer": (lambda s, x: F.gelu(x).sigmoid() * x, ["sigmoid"]),
    "by a float layer": (lambda s, x: F.gelu(x) * torch.tanh(x), ["mul"]),
}


@pytest.mark.parametrize("name", GATES)
def test_a_sigmoid_or_product_behind_floats_alone_is_one_of_them(name) -> None:
    function, left = GATES[name]
    model = quantize_model(Net(function).eval(), [X])
    assert [x.path for x in model.float_layers if x.reason == BEHIND_FLOATS] == left


def test_the_input_is_not_made_integers_for_a_constant_alone() -> None:
    class Normalized(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 1)
            self.mean = nn.Parameter(torch.rand(4, 1, 1))

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x - self.mean)

    model = quantize_model(Normalized().eval(), [X])
    assert [layer.name for layer in model.float_layers] == ["sub"]
    assert model.placement.own_qparams == ("sub", "conv")


def test_a_constant_has_a_ruler_of_all_its_values_whatever_the_recipe_leaves_out() -> None:
    """-3 and 1 are two of 64 values: a percentile of 90 would leave them out."""
    rare = Recipe(activations=Rule(observer="percentile", settings={"percentile": 90.0}))
    model = quantize_model(Net(CASES["alone"][0]).eval(), [X], rare)
    ruler = model.activations["position"]
    step = 4 / 255
    assert float(ruler.scale) == pytest.approx(step, rel=1e-6)
    assert float(ruler.lo) == pytest.approx(-3, abs=step / 2)


def test_one_number_is_on_its_ruler_exactly() -> None:
    model = quantize_model(Net(lambda s, x: x.flatten(2).unflatten(2, (8, 8)) * 0.3), [X])
    (name,) = (name for name in model.activations if "constant" in name)
    ruler = model.activations[name]
    # 0.3 is the end of its ruler: 255 steps, each 0.3 / 255 to half an ulp of float32.
    assert float(ruler.hi) == pytest.approx(0.3, rel=2**-23)
