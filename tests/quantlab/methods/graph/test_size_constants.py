"""What depends on sizes alone is a constant, and asking for a size is not reading a tensor."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.methods import trace_model
from quantlab.methods.graph.operators import is_operator
from quantlab.methods.ptq.fold import fold_batchnorm
from quantlab.methods.ptq.placement import place_qparams
from quantlab.methods.recipe import Recipe

X = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))


class Of(nn.Module):
    """A function of the input and nothing else."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def sines(x: Tensor) -> Tensor:
    """As XCiT and EdgeNeXt place their pixels: cumulated truths, and sines of them."""
    seen = ~torch.zeros(x.shape[0], *x.shape[2:], dtype=torch.bool, device=x.device)
    y = seen.cumsum(1, dtype=torch.float32)[..., None] / torch.arange(1, 5).to(x.device)
    return x + torch.stack([y[..., ::2].sin(), y[..., 1::2].cos()], 4).flatten(3).permute(
        0, 3, 1, 2
    )


# The function, and the operators that are left.
LEFT = {
    "positions": (lambda x: x * torch.arange(x.shape[-1]), ["mul"]),
    "a table of sines": (sines, ["add"]),
    "ones like another": (lambda x: x + torch.ones_like(x).cumsum(1), ["add"]),
    "joined to each image": (
        lambda x: torch.cat([x, x.new_zeros(x.size(0), 1, 6, 6)], 1),
        ["expand", "cat"],
    ),
    "a size in arithmetic": (lambda x: x / x.shape[1], ["truediv"]),
    "filled with a value": (lambda x: x + torch.full_like(x, 2.0), ["add"]),
    "a shape as a whole": (lambda x: (x + 1).flatten(1).view(x.shape), ["add", "flatten", "view"]),
}


@pytest.mark.parametrize("name", LEFT)
def test_sizes_alone_make_constants_for_any_number_of_images(name) -> None:
    function, left = LEFT[name]
    graph = trace_model(Of(function), X)
    assert [node.name for node in graph.graph.nodes if is_operator(node)] == left
    for x in (X, X[:1], torch.cat([X, -X])):
        torch.testing.assert_close(graph(x), function(x), rtol=0, atol=0)


def test_what_differs_between_images_stays_computed() -> None:
    def numbered(x: Tensor) -> Tensor:
        return x * torch.arange(x.shape[0])[:, None, None, None]

    graph = trace_model(Of(numbered), X)
    assert "arange" in [node.name for node in graph.graph.nodes]
    three = torch.cat([X, X[:1]])
    assert torch.equal(graph(three), numbered(three))


def test_what_a_maker_is_filled_with_may_depend_on_the_input() -> None:
    graph = trace_model(Of(lambda x: x + torch.full_like(x[:, :1], 2.0) * x.amax()), X)
    assert torch.equal(graph(3 * X), 3 * X + 2.0 * (3 * X).amax())


class Checked(nn.Module):
    """timm's normalization with an activation: it asks what it reads for its axes, and asserts."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        torch._assert(x.ndim == 4, f"expected 4 axes (got {x.ndim})")
        n = self.norm
        x = F.batch_norm(x, n.running_mean, n.running_var, n.weight, n.bias, False, 0.1, n.eps)
        batch, channels = x.shape[:2]
        return F.relu(x).view(batch, channels, -1)


def test_asking_for_a_shape_keeps_no_batchnorm_from_its_convolution() -> None:
    """Nor a ReLU from the ruler before it."""
    graph = fold_batchnorm(trace_model(Checked().eval(), X))
    placement = place_qparams(graph, Recipe())
    assert [node.name for node in graph.graph.nodes if is_operator(node)] == [
        "conv",
        "relu",
        "view",
    ]
    assert dict(placement.fused) == {"conv": "relu"}
    assert placement.float_layers == ()
