"""Each operator alone, against torch, for the batch of the example and for another one."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantlab.deploy import build_onnx, open_session
from quantlab.deploy.export.lowering.float_operators import FLOAT_OPERATORS, operator_key
from quantlab.methods.graph.tracing import trace_model


class Function(nn.Module):
    """A function as a module."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Scaled(nn.Module):
    """Reads its parameters as tensors, not through a layer."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.linspace(-1, 1, 8))
        self.weight = nn.Parameter(torch.full((6,), 2.0))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.prelu(x, self.slope) * self.weight
        return F.layer_norm(x, (6,), self.weight, self.slope[:6] + 1)


class Token(nn.Module):
    """A vision transformer's class token: one that the model holds, once for each image."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.linspace(-1, 1, 36).reshape(1, 1, 6, 6))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.token.expand(x.shape[0], -1, -1, -1), x], 1)


def shuffled(x: Tensor) -> Tensor:
    """ShuffleNet's channel shuffle."""
    return x.view(x.size(0), 2, 4, 6, 6).transpose(1, 2).reshape(x.size(0), 8, 6, 6)


def attention(x: Tensor) -> Tensor:
    rows = x.flatten(2).permute(0, 2, 1)
    return torch.softmax(rows @ rows.transpose(-2, -1) / 3, -1) @ rows


def chunks(x: Tensor) -> Tensor:
    parts = x.chunk(3, 1)
    return torch.cat([parts[-1], parts[0] * 2, parts[1]], 1)


# Moved, joined, clipped, added once: whatever the order, no number is rounded differently.
EXACT = {
    "abs": torch.abs,
    "neg": lambda x: -x,
    "add a number": lambda x: x + 1.5,
    "sub a number": lambda x: x - 2.5,
    "from a number": lambda x: 1 - x,
    "mul by a number": lambda x: x * 0.3,
    "maximum": lambda x: torch.maximum(x, x * 2),
    "minimum": lambda x: torch.minimum(x, x * 2),
    "clamp below": lambda x: x.clamp(min=-0.5),
    "clamp": lambda x: torch.clamp(x, -0.5, 0.3),
    "clamp above": lambda x: torch.clamp(x, max=0.3),
    "relu6": F.relu6,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.3),
    "leaky relu module": nn.LeakyReLU(0.2),
    "prelu of one slope": nn.PReLU(),
    "prelu of a slope a channel": nn.PReLU(8),
    "permute": lambda x: x.permute(0, 2, 3, 1),
    "permute by a tuple": lambda x: torch.permute(x, (0, 3, 1, 2)),
    "transpose": lambda x: x.transpose(-1, 1),
    "shuffle": shuffled,
    "shuffle by view": lambda x: shuffled(x).transpose(1, 2).contiguous().view(x.size(0), -1, 6),
    "shuffle by the function": lambda x: torch.channel_shuffle(x, 4),
    "shuffle by the layer": nn.ChannelShuffle(2),
    "detection head": lambda x: x.permute(0, 2, 3, 1).contiguous().view(x.size(0), -1, 4),
    "clone and view": lambda x: (
        x.transpose(1, 3).clone(memory_format=torch.contiguous_format).view(-1, 8)
    ),
    "view as": lambda x: x.permute(0, 3, 2, 1).contiguous().view_as(x),
    "unflatten": lambda x: x.unflatten(1, (2, 4)),
    "unsqueeze": lambda x: x.unsqueeze(2),
    "squeeze": lambda x: x.amax(1, keepdim=True).squeeze(1),
    "squeeze nothing": lambda x: x.squeeze(1),
    "squeeze all": lambda x: x[:, :1].squeeze(),
    "chunk": chunks,
    "split in lengths": lambda x: x.split([3, 5], 1)[-1],
    "split in equal lengths": lambda x: torch.split(x, 3, dim=1)[1],
    "slice with steps": lambda x: x[:, 2:, ::2, 1],
    "slice behind an ellipsis": lambda x: x[..., -1],
    "new axes by None": lambda x: x[:, :, None, 2, None],
    "new axis alone": lambda x: x[None],
    "new axes behind an ellipsis": lambda x: x.amax((2, 3))[..., None, None] * x,
    "everything": lambda x: x[:],
    "new axis in front": lambda x: x.unsqueeze(0)[0],
    "rolled": lambda x: torch.cat([x[:, -2:], x[:, :-2]], 1),
    "split, joined whole": lambda x: torch.cat(x.chunk(2, 1), 2),
    "unbind": lambda x: x.reshape(x.size(0), 2, 4, 6, 6).unbind(1)[-1],
    "images along the second axis": lambda x: x.reshape(x.size(0), 2, 24, 6).permute(1, 0, 3, 2)[1],
    "images last": lambda x: x.permute(1, 2, 3, 0).reshape(4, 12, 6, -1).permute(3, 0, 1, 2),
    "flatten from 2": lambda x: torch.flatten(x, 2),
    "flatten some": nn.Flatten(1, 2),
    "reshape": lambda x: x.reshape(-1, 8, 36),
    "view with the batch": lambda x: x.view(-1, 36),
    "flatten all": torch.flatten,
    "two batches": lambda x: torch.cat([x, -x]),
    "amax": lambda x: x.amax(1),
    "amin of two": lambda x: x.amin((2, 3), keepdim=True),
    "max along an axis": lambda x: torch.max(x, 1, keepdim=True)[0] + x.min(-1, True)[0],
    "pad": lambda x: F.pad(x, (1, 2, 3, 0)),
    "pad by a number": nn.ConstantPad2d(1, 2.5),
    "pad by zeros": nn.ZeroPad2d((1, 0, 2, 1)),
    "pad by reflection": lambda x: F.pad(x, (1, 2, 3, 0), mode="reflect"),
    "pad by the edge": nn.ReplicationPad2d((1, 2, 0, 3)),
    "nearest to odd sizes": lambda x: F.interpolate(x, size=(9, 13)),
    "nearest by a fraction": lambda x: F.interpolate(x, scale_factor=(1.5, 2.5)),
    "nearest, place by place": lambda x: F.interpolate(x, size=(10, 14)),
    "nearest to a third": lambda x: F.interpolate(x, size=(2, 4)),
    "nearest exact": lambda x: F.interpolate(x, size=(9, 4), mode="nearest-exact"),
    "nearest exact, place by place": lambda x: F.interpolate(x, size=(5, 7), mode="nearest-exact"),
    "nearest along one axis": lambda x: F.interpolate(x.flatten(2), scale_factor=1.5),
    "nearest twice": nn.Upsample(scale_factor=2),
    "pixel shuffle": nn.PixelShuffle(2),
    "pixel unshuffle": nn.PixelUnshuffle(2),
    "pixel shuffle function": lambda x: F.pixel_shuffle(x, 2),
    "pixel unshuffle function": lambda x: F.pixel_unshuffle(x, 2),
    "max pool": nn.MaxPool2d(3, 2, 1),
    "stack": lambda x: torch.stack([x, -x], -1),
    "expand": lambda x: x.amax(1, keepdim=True).expand(-1, 3, -1, -1),
    "expand as, read by a product": lambda x: x * x.amax((2, 3), keepdim=True).expand_as(x),
    "expand as, read by a sum of itself": lambda x: (y := x.amax(1, keepdim=True).expand_as(x)) + y,
    "a token for each image": Token(),
    "zeros like": lambda x: torch.cat([torch.zeros_like(x[:, :2]), torch.ones_like(x)], 1),
    "to the type it has": lambda x: x.to(torch.float32).type_as(x) + 1,
    "ceil, floor": lambda x: x.ceil() + torch.floor(x * 3),
    "round": lambda x: torch.round(x * 5 / 2),
    "sign": lambda x: x.sign(),
    "square": lambda x: torch.square(x),
    "rolled by torch": lambda x: torch.roll(x, (2, -1), (1, -1)),
    "rolled around": lambda x: x.roll(6, 2),
    "flip": lambda x: x.flip((1, 3)),
    "places": lambda x: x[:, torch.tensor([[1, 0], [7, 7]])],
    "places behind an ellipsis": lambda x: x[..., [2, 0]],
    "repeat": lambda x: x.repeat(1, 2, 1, 3),
    "repeat with a new axis": lambda x: x.amax((0, 1)).repeat(3, 1, 1),
    "repeat each": lambda x: x.repeat_interleave(3, 1),
    "repeat each image": lambda x: torch.repeat_interleave(x, 2, dim=0),
    "where": lambda x: torch.where(x > 0, x, 0.5),
    "masked_fill": lambda x: x.masked_fill((x < -1) | ~(x <= 1), 2.0),
    "masked_fill in place": lambda x: (x + 0).masked_fill_(torch.eye(6) == 0, float("-inf")),
    "truths as numbers": lambda x: ((x != 0) & (x >= x.amax(1, keepdim=True)) ^ (x > 9)).float(),
    "places of the largest": lambda x: x.argmax(1, True) + x.argmin(-1, True) * x,
    "one hot": lambda x: F.one_hot(x.argmax(2), 6).to(x.dtype),
    "whole numbers and others": lambda x: x * torch.arange(6) + (x > 0).long() * 2,
    "coordinates": lambda x: x + torch.arange(x.shape[-1], device=x.device) / x.size(2),
    "zeros for each image": lambda x: torch.cat([x, torch.zeros(x.shape[0], 1, *x.shape[2:])], 1),
    "a mask for each image": lambda x: (
        x * torch.ones(x.shape[0], 6, 6, dtype=torch.bool).cumsum(1, dtype=torch.float32)[:, None]
    ),
    "a new one like another": lambda x: x + x.new_full((x.size(0), 8, 1, 6), 0.25),
    "unfold": lambda x: F.unfold(x, (3, 2), dilation=2, padding=1, stride=(1, 2)),
    "windows of an axis": lambda x: x.unfold(2, 3, 2).unfold(-2, 4, 1),
    "unfold module": nn.Unfold(2, stride=2),
    "index_select": lambda x: torch.index_select(x, 1, torch.tensor([7, 0, 0])),
    "adaptive max pool": nn.AdaptiveMaxPool2d(1),
    "max pool, ceil mode": nn.MaxPool2d(3, 2, ceil_mode=True),
}
ROUNDED = {
    "sin, cos": lambda x: x.sin() * torch.cos(x),
    "erf": lambda x: torch.erf(x),
    "rsqrt": lambda x: torch.rsqrt(x.abs() + 1),
    "selu": nn.SELU(),
    "softsign": F.softsign,
    "log sigmoid": lambda x: F.logsigmoid(x * 50),
    "glu": nn.GLU(1),
    "glu function": lambda x: F.glu(x),
    "cumsum": lambda x: x.cumsum(2),
    "prod": lambda x: x.prod(-1),
    "logsumexp": lambda x: torch.logsumexp(x, (1, 2), keepdim=True),
    "variance": lambda x: x.var((2, 3)) + x.var(1, unbiased=False, keepdim=True)[:, 0, 0, :1],
    "deviation": lambda x: torch.std(x, -1, correction=0),
    "rms norm": nn.RMSNorm([6, 6]),
    "rms norm function": lambda x: F.rms_norm(x, (6,), eps=0.1),
    "fold": lambda x: F.fold(x.reshape(-1, 8, 36)[..., :16], (5, 5), 2),
    "fold module": nn.Sequential(nn.Flatten(2), nn.Fold((11, 12), (2, 4), padding=1, stride=2)),
    "grid": lambda x: F.grid_sample(
        x, x[:, :2].permute(0, 2, 3, 1), padding_mode="border", align_corners=True
    ),
    "grid, nearest": lambda x: F.grid_sample(
        x, x[:, :2].permute(0, 2, 3, 1), "nearest", "zeros", False
    ),
    "einsum as a product": lambda x: torch.einsum("bchw,bcvw->bchv", x, x),
    "einsum of turned ones": lambda x: torch.einsum("bchw, bcvw -> bvhc", x, x[:, :, :4]),
    "einsum of three": lambda x: torch.einsum("bchw,bhk,bwk->bc", x, x[:, 0], x[:, 1]),
    "product with a matrix": lambda x: x @ torch.linspace(-1, 1, 18).reshape(6, 3) / 3,
    "exp": torch.exp,
    "log": lambda x: (x.abs() + 1).log(),
    "sqrt": lambda x: torch.sqrt(x.abs()),
    "reciprocal": lambda x: torch.reciprocal(x.abs() + 1),
    "div": lambda x: x / 3,
    "pow": lambda x: x**2,
    "tanh": nn.Tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "mish": nn.Mish(),
    "gelu": nn.GELU(),
    "gelu by tanh": lambda x: F.gelu(x, approximate="tanh"),
    "elu": nn.ELU(0.7),
    "silu": nn.SiLU(),
    "softplus": nn.Softplus(2.0),
    "hardswish": nn.Hardswish(),
    "hardsigmoid": F.hardsigmoid,
    "softmax": nn.Sequential(nn.Softmax2d(), Function(lambda x: x.softmax(2))),
    "log_softmax": nn.LogSoftmax(1),
    "attention by products": attention,
    "mean": lambda x: x.mean(1),
    "mean of two": lambda x: x.mean((1, 3), keepdim=True),
    "global mean": lambda x: x.mean((2, 3)),
    "sum": lambda x: torch.sum(x, -1),
    "norm": lambda x: x.norm(p=2, dim=(2, 3), keepdim=True),
    "normalize": lambda x: F.normalize(x, dim=-1),
    "addcmul": lambda x: torch.addcmul(x, x, x.exp(), value=0.5),
    "attention": lambda x: F.scaled_dot_product_attention(x, x * 2, x + 1),
    "attention with a mask": lambda x: F.scaled_dot_product_attention(
        x, x, x, x.amax(1, keepdim=True), scale=0.7
    ),
    "uneven adaptive pool": nn.AdaptiveAvgPool2d((4, 5)),
    "local response norm": nn.LocalResponseNorm(3, alpha=0.5, k=2.0),
    "local response norm over an even number": nn.LocalResponseNorm(4, alpha=0.5),
    "layer norm": nn.LayerNorm([6]),
    "layer norm of two": nn.LayerNorm([6, 6], elementwise_affine=False),
    "group norm": nn.GroupNorm(4, 8),
    "group norm without parameters": nn.GroupNorm(2, 8, affine=False),
    "instance norm": nn.InstanceNorm2d(8, affine=True),
    "batch norm": nn.BatchNorm2d(8),
    "parameters read as tensors": Scaled(),
    "conv, uneven zeros": nn.Sequential(nn.ZeroPad2d((0, 2, 1, 0)), nn.Conv2d(8, 4, 3, 2)),
    "conv, reflecting": nn.Conv2d(8, 4, 3, padding=(1, 2), padding_mode="reflect"),
    "conv, repeating": nn.Conv2d(8, 4, 3, padding=1, stride=2, padding_mode="replicate"),
    "conv in a circle": nn.Conv2d(8, 4, 4, padding="same", padding_mode="circular"),
    "area": lambda x: F.interpolate(x, size=(2, 3), mode="area"),
    "area, uneven": lambda x: F.interpolate(x, size=(4, 4), mode="area"),
    "conv, same": nn.Conv2d(8, 4, 4, padding="same"),
    "conv, grouped, dilated": nn.Conv2d(8, 4, 3, stride=2, padding=2, dilation=2, groups=4),
    "conv 1d": nn.Sequential(nn.Flatten(2), nn.Conv1d(8, 4, 3, padding="same")),
    "conv 3d": nn.Sequential(Function(lambda x: x.unsqueeze(1)), nn.Conv3d(1, 2, 3, padding=1)),
    "transposed conv": nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1, groups=2),
    "linear on four axes": nn.Linear(6, 5),
    "linear without bias": nn.Linear(6, 5, bias=False),
    "linear where images are second": nn.Sequential(
        Function(lambda x: x.flatten(2).permute(2, 0, 1)),
        nn.Linear(8, 5),
        Function(lambda x: x.permute(1, 2, 0)),
    ),
    "average pool": nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "adaptive pool": nn.AdaptiveAvgPool2d(2),
    "bilinear": nn.Upsample(scale_factor=2, mode="bilinear"),
    "bilinear, corners": nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
    "bilinear to sizes": lambda x: F.interpolate(x, size=(9, 7), mode="bilinear"),
    "bilinear to sizes, corners": nn.Upsample((9, 7), mode="bilinear", align_corners=True),
    "bilinear by fractions": nn.Upsample(scale_factor=(1.5, 0.5), mode="bilinear"),
    "bilinear by half": lambda x: F.interpolate(x, scale_factor=0.5, mode="bilinear"),
    "bilinear, recomputed factor": lambda x: F.interpolate(
        x, scale_factor=1.3, mode="bilinear", recompute_scale_factor=True
    ),
    "bilinear, odd factor": lambda x: F.interpolate(x, scale_factor=2.1, mode="bilinear"),
    "bilinear, filtered": lambda x: F.interpolate(x, size=(4, 3), mode="bilinear", antialias=True),
    "bicubic, filtered": lambda x: F.interpolate(x, size=(4, 3), mode="bicubic", antialias=True),
    "bicubic, corners": nn.Upsample((4, 11), mode="bicubic", align_corners=True),
    "linear along one axis": lambda x: F.interpolate(x.flatten(2), size=50, mode="linear"),
    "to the size of another": lambda x: F.interpolate(x[..., ::2, ::2], x.shape[2:]) * x,
    "bicubic": lambda x: F.interpolate(x, size=(9, 7), mode="bicubic"),
}


def as_module(tested) -> nn.Module:
    torch.manual_seed(0)
    module = nn.Sequential(tested) if isinstance(tested, nn.Module) else Function(tested)
    return module.eval()


def both(tested, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """What torch computes, and ONNX Runtime from the export that saw a batch of 2."""
    torch.set_num_threads(1)
    module, generator = as_module(tested), torch.Generator().manual_seed(batch)
    model = build_onnx(module, torch.zeros(2, 8, 6, 6))
    x = torch.randn(batch, 8, 6, 6, generator=generator)
    with torch.no_grad():
        expected = module(x).numpy()
    return expected, open_session(model).run(None, {"input": x.numpy()})[0]


@pytest.mark.parametrize("name", EXACT)
def test_exact_operators(name):
    for batch in (2, 3):
        expected, found = both(EXACT[name], batch)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ROUNDED)
def test_rounded_operators(name):
    """At most 144 products are summed for one value here (8 channels of 3 x 3, twice), each
    rounding is half an ulp, 2^-24, of a partial sum. Partial sums are at most 16 times the largest
    result or 1. Both programs round: 2 * 144 * 16 * 2^-24 < 3e-4; in practice they differ less."""
    for batch in (2, 3):
        expected, found = both(ROUNDED[name], batch)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=0, atol=3e-4 * max(1, abs(expected).max()))


def test_every_entry_is_a_torch_operator():
    """Keys are modules, functions, and names of tensor methods: each exists."""
    for key in FLOAT_OPERATORS:
        assert callable(key) or hasattr(torch.Tensor, key), key


@pytest.mark.parametrize(
    ("tested", "words"),
    [
        (lambda x: torch.kthvalue(x, 3, 1)[0], "layer 'kthvalue' calls kthvalue"),
        (lambda x: x.argmax().float() + x, "a place in the whole batch"),
        (lambda x: x.var() * x, "a variance over the whole batch"),
        (lambda x: x.repeat(2, 1, 1, 1), "along the axis of the images"),
        (lambda x: x.unfold(0, 1, 1), "the row of images"),
        (lambda x: x.flip(0), "the order of the images"),
        (lambda x: x[:, x[0, :, 0, 0] > 0], "truths"),
        (lambda x: (x.double() * 2).half().float(), "computes with float16"),
        (lambda x: torch.add(x, x, alpha=2), "uses alpha"),
        (lambda x: torch.div(x, 2, rounding_mode="floor"), "rounding_mode"),
        (nn.InstanceNorm2d(8, track_running_stats=True), "running statistics"),
        (lambda x: x[:, [0, 2], [0, 1]], "by 2 lists of places"),
        (lambda x: x.norm(p=3, dim=1), "a norm of order 3"),
        (nn.Softmax(), "its axis is not given"),
    ],
)
def test_what_has_no_onnx_form_is_named(tested, words):
    with pytest.raises(ValueError, match=words) as caught:
        build_onnx(as_module(tested), torch.zeros(2, 8, 6, 6))
    assert "\n" not in str(caught.value)
    assert "layer '" in str(caught.value)


def test_a_parameter_computed_in_the_graph_is_named():
    with pytest.raises(ValueError, match="computes its own parameter"):
        build_onnx(as_module(lambda x: torch.prelu(x, x.amax((0, 2, 3)))), torch.zeros(2, 8, 6, 6))


def test_modules_are_found_by_class_and_methods_by_name():
    graph = trace_model(as_module(lambda x: x.tanh()), torch.zeros(1, 2))
    keys = [operator_key(graph, node) for node in graph.graph.nodes if node.op.startswith("call")]
    assert keys == ["tanh"]
    graph = trace_model(as_module(nn.Tanh()), torch.zeros(1, 2))
    keys = [operator_key(graph, node) for node in graph.graph.nodes if node.op.startswith("call")]
    assert keys == [nn.Tanh]
