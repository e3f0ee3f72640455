"""What only moves numbers moves integers, and products of matrices multiply them: like the runtime.

Each net puts something between two convolutions that leaves no layer float. The simulator and ONNX
Runtime give the same integers, for another number of images than the calibration had, and nothing
runs in float32 there.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.deploy.precision.report import precision_report
from quantlab.deploy.runtime.agreement import compare_with_runtime
from quantlab.methods.layer_tensors import layer_tensors
from quantlab.methods.quantize_model import quantize_model
from tests.support.networks import images

SIDE = 8


class Between(nn.Module):
    """A convolution to 8 channels, something of (self, x), and a convolution that reads it."""

    def __init__(self, middle: Callable[[Any, Tensor], Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.middle = middle
        for name, layer in layers.items():
            setattr(self, name, layer)
        self.first, self.last = nn.Conv2d(3, 8, 3, padding=1), nn.LazyConv2d(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.middle(self, self.first(x)))


def rows(x: Tensor) -> Tensor:
    """(N, 64, 8): one row a pixel."""
    return x.flatten(2).transpose(1, 2)


def square(rows: Tensor) -> Tensor:
    return rows.transpose(1, 2).reshape(rows.size(0), -1, SIDE, SIDE)


def windows(x: Tensor) -> Tensor:
    """(N * 4, 8, 4, 4): quarters of the picture as pictures, and back."""
    apart = x.reshape(-1, 8, 2, 4, 2, 4).permute(0, 2, 4, 1, 3, 5).reshape(-1, 8, 4, 4)
    return apart.reshape(-1, 2, 2, 8, 4, 4).permute(0, 3, 1, 4, 2, 5).reshape(-1, 8, 8, 8)


def attention(s: Any, x: Tensor) -> Tensor:
    """Two heads over 64 places; query, key and value lie in front of the images."""
    qkv = s.qkv(rows(x)).reshape(x.size(0), 64, 3, 2, 4).permute(2, 0, 3, 1, 4)
    q, k, v = qkv.unbind(0)
    seen = (q @ k.transpose(-2, -1)).softmax(-1) @ v
    return square(s.out(seen.transpose(1, 2).reshape(x.size(0), 64, 8)))


MOVES: dict[str, Callable[[], Between]] = {
    "transpose": lambda: Between(lambda s, x: x.transpose(2, 3)),
    "channel shuffle": lambda: Between(lambda s, x: torch.channel_shuffle(x, 4)),
    "pixel shuffle": lambda: Between(lambda s, x: F.pixel_shuffle(x, 2)),
    "pixel unshuffle": lambda: Between(lambda s, x: F.pixel_unshuffle(x, 2)),
    "chunks": lambda: Between(lambda s, x: torch.cat(x.chunk(4, 1)[2:], 1)),
    "half": lambda: Between(lambda s, x: x.chunk(2, 1)[1]),
    "two halves": lambda: Between(lambda s, x: torch.cat([x[:, 4:], x[:, :4]], 1)),
    "lengths": lambda: Between(lambda s, x: x.split([3, 5], 1)[1]),
    "every other pixel": lambda: Between(lambda s, x: x[..., ::2, 1:-1]),
    "one row": lambda: Between(lambda s, x: x[:, :, 3, None]),
    "focus": lambda: Between(
        lambda s, x: torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2]], 1)
    ),
    "windows": lambda: Between(lambda s, x: windows(x)),
    "clipped, then turned": lambda: Between(lambda s, x: F.relu(x).permute(0, 2, 3, 1)),
    "moved past a pool": lambda: Between(lambda s, x: F.max_pool2d(x.transpose(2, 3), 2)),
}
POSITION = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)
CONSTANTS: dict[str, Callable[[], Between]] = {
    "a position added": lambda: Between(lambda s, x: x + POSITION),
    "a mean taken off, divided": lambda: Between(lambda s, x: (x - POSITION) / 3),
    "numbers, moved and clipped": lambda: Between(
        lambda s, x: (
            F.relu(0.5 * x.transpose(2, 3)[:, ::2]).flatten(2).unflatten(2, (8, 8)) + POSITION
        )
    ),
    "hard swish, written out": lambda: Between(lambda s, x: x * F.relu6(x + 3) / 6),
    "coordinates": lambda: Between(lambda s, x: x * torch.arange(x.shape[3]) + x),
    "a mask for each image": lambda: Between(
        lambda s, x: x * x.new_ones(x.size(0), 1, 8, 8).triu()
    ),
    "rolled": lambda: Between(lambda s, x: torch.roll(x, (3, -2), (2, 3))),
}
PRODUCTS: dict[str, Callable[[], Between]] = {
    "linear over pixels": lambda: Between(
        lambda s, x: s.t(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), t=nn.Linear(8, 6)
    ),
    "linear over places, ReLU": lambda: Between(
        lambda s, x: F.relu(s.t(x.flatten(2))).reshape(-1, 8, 8, 8), t=nn.Linear(64, 64, bias=False)
    ),
    "linear where the images are second": lambda: Between(
        lambda s, x: s.t(x.flatten(2).permute(2, 0, 1)).permute(1, 2, 0).reshape(-1, 8, 8, 8),
        t=nn.Linear(8, 8),
    ),
    "two in a row, residual": lambda: Between(
        lambda s, x: square(rows(x) + s.u(F.relu(s.t(rows(x))))),
        t=nn.Linear(8, 24),
        u=nn.Linear(24, 8),
    ),
    "covariance": lambda: Between(lambda s, x: (rows(x).mT @ rows(x)).reshape(-1, 8, 8, 1)),
    "bmm": lambda: Between(lambda s, x: torch.bmm(x.flatten(2), rows(x)).reshape(-1, 8, 8, 1)),
    "einsum": lambda: Between(lambda s, x: torch.einsum("bchw,bdhw->bhcd", x, x)),
    "with a stored matrix": lambda: Between(lambda s, x: x @ POSITION[0, 0] / 8),
    "attention": lambda: Between(attention, qkv=nn.Linear(8, 24), out=nn.Linear(8, 8)),
}


@pytest.mark.parametrize("name", [*MOVES, *CONSTANTS, *PRODUCTS])
def test_integers_stay_integers(name: str) -> None:
    torch.manual_seed(0)
    net = {**MOVES, **CONSTANTS, **PRODUCTS}[name]()
    net(torch.zeros(1, 3, SIDE, SIDE))  # the last convolution counts its channels
    model = quantize_model(net.eval(), [images(4, SIDE)])
    assert model.float_layers == ()
    exported = build_onnx(model, signed_activations=False)
    agreement = compare_with_runtime(exported, images(3, SIDE, seed=5))
    assert agreement.mismatches == 0
    report = precision_report(exported, profile=False)
    assert [node.label for node in report.nodes if node.precision == "FP32"] == []
    if name in MOVES:  # the rulers are those of the two convolutions and the input, or of a join
        computed = sum(operator in ("Conv", "Concat") for operator in operators(exported))
        assert len(model.placement.own_qparams) == 1 + computed


def operators(exported: Any) -> list[str]:
    return [node.op_type for node in exported.graph.node]


def test_the_bias_of_a_linear_layer_is_added_before_anything_is_rounded() -> None:
    """It is a Gemm between Reshapes: one rounding, not those of a MatMul and of an Add."""
    torch.manual_seed(0)
    net = PRODUCTS["linear over pixels"]()
    net(torch.zeros(1, 3, SIDE, SIDE))
    model = quantize_model(net.eval(), [images(4, SIDE)])
    assert operators(build_onnx(model)).count("Gemm") == 1
    x = images(2, SIDE, seed=5)
    read, made = (np.float64(t) for t in around(model, x, "t"))
    weight = model.weights["t"]
    exact = read @ weight.dequantized.T.astype(np.float64) + weight.dequantized_bias
    ruler = model.activations["t"]
    clipped = exact.clip(float(ruler.lo), float(ruler.hi))
    # Half a step; float32 sums of 8 products and a bias round by far less than a hundredth of one.
    assert np.abs(made - clipped).max() <= 0.51 * float(ruler.scale)


def around(model: Any, x: np.ndarray, layer: str) -> tuple[np.ndarray, np.ndarray]:
    seen = layer_tensors(model, x, layer)
    return seen.inputs[0], seen.output
