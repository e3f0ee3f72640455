"""A constant behind a layer is in its weights; one that is not one number a channel stays."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.runtime.agreement import compare_with_runtime
from quantlab.methods import prepare_qat, quantize_model, trace_model
from quantlab.methods.graph.operators import is_operator
from quantlab.methods.recipe import Recipe, Training
from tests.support.networks import images

X = torch.from_numpy(images(2, 8))


class Scaled(nn.Module):
    """A layer, a function of (self, x), and constants of every shape."""

    def __init__(self, layer: Callable[[], nn.Module], behind: Callable[[Any, Tensor], Tensor]):
        super().__init__()
        torch.manual_seed(0)
        self.t, self.behind = layer(), behind
        self.gamma, self.beta = nn.Parameter(torch.randn(6)), nn.Parameter(torch.randn(6, 1, 1))
        self.map, self.one = nn.Parameter(torch.rand(8, 8)), nn.Parameter(torch.tensor(0.3))

    def forward(self, x: Tensor) -> Tensor:
        return self.behind(self, x)


def conv() -> nn.Module:
    return nn.Conv2d(3, 6, 3, padding=1)


def normed() -> nn.Module:
    layers = nn.Sequential(nn.Conv2d(3, 6, 1, bias=False), nn.BatchNorm2d(6, affine=False))
    layers[1].running_mean.normal_()
    layers[1].running_var.uniform_(0.5, 2)
    return layers


def rows() -> nn.Module:
    return nn.Linear(3, 6, bias=False)


GOES_IN = {
    "layer scale": Scaled(conv, lambda s, x: s.gamma.reshape(1, -1, 1, 1) * s.t(x)),
    "scale and shift": Scaled(conv, lambda s, x: s.t(x) * s.gamma.view(6, 1, 1) + s.beta),
    "a number": Scaled(conv, lambda s, x: 0.1 * s.t(x)),
    "a scalar parameter": Scaled(conv, lambda s, x: s.t(x).mul(s.one)),
    "minus, by": Scaled(conv, lambda s, x: (s.t(x) - s.beta) / 1.7),
    "in place": Scaled(conv, lambda s, x: s.t(x).mul_(0.3).add_(s.beta)),
    "BatchNorm": Scaled(normed, lambda s, x: s.t(x) * s.beta + 0.5),
    "linear": Scaled(rows, lambda s, x: s.t(x.permute(0, 2, 3, 1)) * s.gamma + s.gamma),
    "linear, turned": Scaled(
        rows, lambda s, x: s.t(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2) * s.beta
    ),
    "linear, turned twice": Scaled(
        rows, lambda s, x: s.gamma * s.t(x.transpose(1, 3)).permute(2, 0, 3, 1).permute(1, 3, 0, 2)
    ),
}
STAYS = {
    "a map": Scaled(conv, lambda s, x: s.t(x) * s.map),
    "another reader": Scaled(conv, lambda s, x: (y := s.t(x)) * 0.5 + y),
    "from a number": Scaled(conv, lambda s, x: 1 - s.t(x)),
    "by zero": Scaled(conv, lambda s, x: s.t(x) / 0.0),
    "a broadcast": Scaled(conv, lambda s, x: s.t(x)[..., :1] * s.map),
    "behind a curve": Scaled(conv, lambda s, x: torch.tanh(s.t(x)) * s.beta),
    "weights read elsewhere": Scaled(conv, lambda s, x: s.t(x) * 2 + s.t.weight.sum()),
    "transposed convolution": Scaled(lambda: nn.ConvTranspose2d(3, 6, 1), lambda s, x: s.t(x) * 2),
}


def kinds(graph: Any) -> list[str]:
    return [str(node.target) for node in graph.graph.nodes if is_operator(node)]


@pytest.mark.parametrize("name", GOES_IN)
def test_it_goes_into_the_weights(name: str) -> None:
    """28 products and sums of at most 16; each rounding of weight, bias and sum is 2^-24 of it."""
    model = GOES_IN[name].eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    graph = trace_model(model, X)
    assert not [kind for kind in kinds(graph) if "mul" in kind or "add" in kind]
    with torch.no_grad():
        torch.testing.assert_close(graph(X), model(X), rtol=0, atol=2 * 28 * 16 * 2**-24)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("name", STAYS)
def test_what_is_no_number_a_channel_stays(name: str) -> None:
    model = STAYS[name].eval()
    graph = trace_model(model, X)
    assert len(kinds(graph)) >= 2
    with torch.no_grad():
        torch.testing.assert_close(graph(X), model(X), rtol=0, atol=1e-5, equal_nan=True)


def test_a_scaled_residual_is_all_integers() -> None:
    net = Scaled(
        lambda: nn.Conv2d(3, 3, 3, padding=1),
        lambda s, x: x + s.gamma[:3, None, None] * s.t(x),
    )
    model = quantize_model(net.eval(), [images(4, 8)])
    assert model.float_layers == ()
    exported = build_onnx(model, signed_activations=False)
    assert compare_with_runtime(exported, images(3, 8, seed=5)).mismatches == 0


def test_training_starts_from_the_scaled_layer() -> None:
    """Both sides see the same BatchNorm, so half the outputs are within a step of the network's."""
    net = GOES_IN["BatchNorm"].eval()
    start = prepare_qat(net, [images(4, 8)], Recipe(training=Training(epochs=1))).eval()
    ruler = list(start.start.activations.values())[-1]
    with torch.no_grad():
        error = (start(X) - net(X)).abs()
    assert float(error.median()) <= float(ruler.scale)
