"""Operators of several results, recurrent layers, writing in place and short names, against torch.

For the batch of the example and for another one, as in `test_lowering`.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.deploy import build_onnx, can_quantize
from tests.quantlab.deploy.export.test_lowering import Function, as_module, both


class Recurrent(nn.Module):
    """The rows of a picture as a sequence; the last states beside what each step gives."""

    def __init__(self, layer: nn.Module, *place: int) -> None:
        super().__init__()
        self.layer, self.place = layer, place

    def forward(self, x: Tensor) -> Tensor:
        rows = x.flatten(2)  # (N, 8, 36)
        if not self.layer.batch_first:
            rows = rows.permute(1, 0, 2)
        found = self.layer(rows)
        for at in self.place:
            found = found[at]
        return found if self.layer.batch_first else found.permute(1, 0, 2)


def rows_written(x: Tensor) -> Tensor:
    z = torch.zeros_like(x)
    z[:, :, 1:] = x[:, :, :-1]
    z[:, 2:4] += x[:, :2]
    z[:, 0] = 1.5
    return z


def every_second(x: Tensor) -> Tensor:
    z = x.clone()
    z[:, ::2] = x[:, 1::2]
    z[:, 5, 1:3, -1] *= 2
    return z


def unpooled(x: Tensor) -> Tensor:
    maxima, places = F.max_pool2d(x, 2, return_indices=True)
    return F.max_unpool2d(maxima * 2, places, 2)


class Unpooling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.MaxPool2d(3, 3, return_indices=True), nn.MaxUnpool2d(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.up(*self.down(x))


class Windows(nn.Module):
    """SepViT's: pictures cut into windows, each with a token that the model holds."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.linspace(-1, 1, 6))

    def forward(self, x: Tensor) -> Tensor:
        rows = x.reshape(-1, 6, 6)
        return torch.cat([self.token.expand(rows.shape[0], 1, 6), rows], 1)


class Hidden(nn.Module):
    """Layers in a list that torch does not know of."""

    def __init__(self, function=torch.relu) -> None:
        super().__init__()
        self.layers = [nn.Conv2d(8, 4, 3).eval().requires_grad_(False)]
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self.layers[0](x))


EXACT = {
    "a token for each window": Windows(),
    "numpy's names": lambda x: torch.cat([x, -x], axis=1).amax(axis=2, keepdims=True),
    "numpy's names of two results": lambda x: x - x.max(axis=1, keepdims=True)[0].expand_as(x),
    "joined with nothing": lambda x: torch.cat([x[..., :6] * 2, x[..., 6:]], -1),
    "joined with two and nothing": lambda x: torch.cat([x, x.new_zeros(x.size(0), 0, 6, 6), -x], 1),
    "largest": lambda x: x.topk(3, dim=1)[0],
    "smallest": lambda x: torch.topk(x, 2, -1, largest=False).values,
    "places of the largest": lambda x: x.topk(2, dim=2)[1] * x[:, :, :2],
    "sorted": lambda x: torch.sort(x, 1, descending=True)[0] - x.sort(2)[0],
    "order": lambda x: x.argsort(-1) + x,
    "rests of places": lambda x: (x.argsort(-1) - 3).fmod(2) + (x.argsort(1) - 5) % 3 + x,
    "places divided": lambda x: (
        (x.argsort(-1) - 3) // 2 + (x.argsort(1) / 4).type(torch.float32) + x
    ),
    "unpooled": unpooled,
    "unpooled by modules": Unpooling(),
    "unpooled where torch.export reads": lambda x: unpooled(rows_written(x)),
    "unpooled by modules where torch.export reads": nn.Sequential(
        Function(rows_written), Unpooling()
    ),
    "max pool padded by nothing": lambda x: F.max_pool2d(
        F.pad(x, (0, 1, 1, 1), value=-torch.inf), 3, 2
    ),
    "written in rows": rows_written,
    "written in every second": every_second,
    "split unevenly": lambda x: torch.cat(torch.tensor_split(x, 3, 1)[::-1], 1),
    "split at places": lambda x: x.tensor_split((2, 5), dim=1)[1],
    "adaptive max pool": nn.AdaptiveMaxPool2d((2, 3)),
    "adaptive max pool, uneven": nn.AdaptiveMaxPool2d((4, 5)),
    "gathered": lambda x: (
        x.gather(1, x.argsort(1)) - torch.take_along_dim(x, x.argmax(1, keepdim=True), 1)
    ),
    "scattered": lambda x: (
        x.scatter(1, x.topk(2, dim=1)[1], 0.5) + x.scatter(3, x.argsort(3), x * 2)
    ),
    "scattered and added": lambda x: torch.zeros_like(x).scatter_add(2, x.argsort(2), x),
    "rows of a table": nn.Sequential(Function(lambda x: (x > 0).long()), nn.Embedding(2, 3)),
    "triangles": lambda x: torch.tril(x, -1) - x.triu(1),
    "largest size": lambda x: torch.linalg.vector_norm(x, float("inf"), dim=1),
    "narrow": lambda x: x.narrow(1, -3, 2) - torch.select(x, 2, 1)[:, :2, None],
    "tile": lambda x: torch.tile(x, (2, 1)),
    "broadcast": lambda x: torch.broadcast_to(x[:, :1], x.shape) + 0,
    "axes moved": lambda x: x.movedim((1, 2), (-1, 1)),
    "turned": lambda x: torch.fliplr(x),
    "larger of two": lambda x: torch.max(x, -x) + x.min(x * 2),
    "threshold": lambda x: F.threshold(x, 0.1, 7.0),
    "shrunk": nn.Sequential(nn.Hardshrink(0.3)),
    "truncated": lambda x: torch.trunc(x * 3),
    "no number": lambda x: torch.nan_to_num(torch.where(x > 1, torch.inf, x), posinf=4.0),
}
ROUNDED = {
    "LSTM": Recurrent(nn.LSTM(36, 5, batch_first=True), 0),
    "LSTM, both ways, two layers": Recurrent(
        nn.LSTM(36, 5, num_layers=2, bidirectional=True, batch_first=True), 0
    ),
    "LSTM, last cell": Recurrent(nn.LSTM(36, 5, num_layers=2), 1, 1),
    "GRU": Recurrent(nn.GRU(36, 5, batch_first=True, bias=False), 0),
    "GRU, last state": Recurrent(nn.GRU(36, 5, bidirectional=True), 1),
    "RNN": Recurrent(nn.RNN(36, 5, nonlinearity="relu", bidirectional=True), 0),
    "variance and mean": lambda x: (
        (found := torch.var_mean(x, (1, 2), keepdim=True))[0] * x + found[1]
    ),
    "variance and mean without their axis": lambda x: (
        (found := torch.var_mean(x, 1))[0] * x.sum(1) + found[1]
    ),
    "power pool": nn.LPPool2d(2, 3, stride=2),
    "turned picture": lambda x: F.grid_sample(
        x, F.affine_grid(x[:, :2, 0, :3] / 2, list(x.shape), align_corners=True), align_corners=True
    ),
    "sums of sizes": lambda x: F.normalize(x, p=1, dim=1) + x.norm(p=1, dim=2, keepdim=True),
    "cosine": lambda x: F.cosine_similarity(x, x.flip(1), dim=1),
    "length": lambda x: torch.linalg.norm(x, dim=-1) + torch.linalg.vector_norm(x, dim=2),
    "linear by a vector": lambda x: F.linear(x, torch.linspace(-1, 1, 6)),
    "celu": nn.CELU(0.7),
    "soft shrink": F.softshrink,
    "tanh shrink": nn.Tanhshrink(),
    "random leaky relu in use": nn.RReLU(),
    "softmin": nn.Softmin(1),
    "logarithms": lambda x: torch.log1p(x.abs()) + (x.abs() + 1).log2() - torch.log10(x * x + 1),
    "powers": lambda x: torch.expm1(x) + torch.exp2(x),
    "floor division and rest": lambda x: x // 0.75 + x % 0.5 + torch.fmod(x, 0.3),
    "lerp": lambda x: torch.lerp(x, x.abs(), 0.3),
    "logit": lambda x: torch.logit(torch.sigmoid(x), eps=0.1),
    "arcs": lambda x: torch.atan(x) + torch.asinh(x) + torch.asin(torch.tanh(x) / 2),
    "hyperbolic": lambda x: torch.sinh(x) - torch.cosh(x),
    "causal attention": lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True),
    "attention with truths": lambda x: F.scaled_dot_product_attention(
        x, x, x, torch.ones(6, 6, dtype=torch.bool).tril(1)
    ),
    "sum and product": lambda x: torch.addmm(
        torch.linspace(0, 1, 3), x.flatten(2).mean(1), torch.linspace(-1, 1, 108).reshape(36, 3)
    ),
    "double in between": lambda x: x.double().mean((2, 3)).float(),
    "layers in a plain list": Hidden(),
    "a number's power by way of torch.export": Hidden(lambda x: 3.0**x - torch.pow(2, x)),
    "length by way of torch.export": Hidden(lambda x: torch.linalg.vector_norm(x, dim=1)),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact(name):
    for batch in (2, 3):
        expected, found = both(EXACT[name], batch)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ROUNDED)
def test_rounded(name):
    """The bound of `test_lowering`: sums of 36 products, a recurrent layer's in 8 steps each."""
    for batch in (2, 3):
        expected, found = both(ROUNDED[name], batch)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=0, atol=3e-4 * max(1, abs(expected).max()))


@pytest.mark.parametrize(
    ("tested", "words"),
    [
        (Recurrent(nn.LSTM(36, 5, proj_size=3, batch_first=True), 0), "proj_size"),
        (
            lambda x: F.max_pool2d(x, 2, return_indices=True)[1] * x[:, :, ::2, ::2],
            "only a max unpool reads both alike",
        ),
        (lambda x: x.gather(1, x[:, :, :3].argsort(1)), "all axes but the gathered one alike"),
        (lambda x: torch.cat([x, -x]).chunk(2)[0], "cuts the row of images into pieces"),
        (lambda x: torch.var_mean(x)[0] * x, "give it the axes"),
        (lambda x: torch.kron(x.mean((2, 3)), torch.ones(1, 2)), "calls kron, for which the"),
    ],
)
def test_what_has_no_onnx_form_says_so(tested, words):
    with pytest.raises(ValueError, match=words):
        build_onnx(as_module(tested), torch.zeros(2, 8, 6, 6))


def test_arguments_of_another_kind_are_refused_by_the_layer_s_name():
    """Joined is a value that holds tensors: Python's own error would name no layer."""
    model = as_module(lambda x: torch.cat(torch.aminmax(x, dim=1, keepdim=True), 1))
    check = can_quantize(model, torch.zeros(2, 8, 6, 6))
    said = {row["operator"]: row["reason"] for row in check.layers}
    assert not check.possible
    assert "layer 'cat' calls cat in a way that the export does not read" in said["cat"]
