"""Layers called as functions: each becomes the module it is, with the numbers of the function."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.methods import fold_batchnorm, operator_of, trace_model
from quantlab.methods.graph.operators import Unsupported, is_operator, path_of

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(2, 4, 6, 6, generator=GENERATOR)


class Own(nn.Module):
    """A function of (self, x) with tensors of its own."""

    def __init__(self, function, **shapes):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.function = function
        for name, shape in shapes.items():
            # Above 0: a variance is among them.
            self.register_buffer(name, torch.rand(shape, generator=generator) + 0.5)

    def forward(self, x):
        return self.function(self, x)


NORM = {"m": (4,), "v": (4,), "w": (4,), "b": (4,)}

LAYERS = {
    "conv1d": (
        Own(lambda s, x: F.conv1d(x.flatten(2), s.w, s.b, 2, 1), w=(6, 4, 3), b=(6,)),
        nn.Conv1d,
    ),
    "conv2d, dilated groups": (
        Own(lambda s, x: F.conv2d(x, s.w, None, 1, 2, dilation=2, groups=2), w=(6, 2, 3, 3)),
        nn.Conv2d,
    ),
    "conv2d, same": (
        Own(lambda s, x: F.conv2d(x, s.w, padding="same"), w=(6, 4, 3, 3)),
        nn.Conv2d,
    ),
    "conv2d, strided by a size": (
        Own(lambda s, x: F.conv2d(x, s.w, stride=x.shape[2] // 3), w=(6, 4, 3, 3)),
        nn.Conv2d,
    ),
    "conv3d": (
        Own(lambda s, x: F.conv3d(x.unsqueeze(1), s.w, padding=1), w=(2, 1, 3, 3, 3)),
        nn.Conv3d,
    ),
    "conv_transpose1d": (
        Own(lambda s, x: F.conv_transpose1d(x.flatten(2), s.w, s.b, 2), w=(4, 3, 2), b=(3,)),
        nn.ConvTranspose1d,
    ),
    "conv_transpose2d": (
        Own(
            lambda s, x: F.conv_transpose2d(x, s.w, s.b, 2, 1, output_padding=1, groups=2),
            w=(4, 3, 3, 3),
            b=(6,),
        ),
        nn.ConvTranspose2d,
    ),
    "conv_transpose3d": (
        Own(lambda s, x: F.conv_transpose3d(x.unsqueeze(1), s.w), w=(1, 2, 2, 2, 2)),
        nn.ConvTranspose3d,
    ),
    "linear": (Own(lambda s, x: F.linear(x, s.w, s.b), w=(5, 6), b=(5,)), nn.Linear),
    "batch_norm": (
        Own(lambda s, x: F.batch_norm(x, s.m, s.v, s.w, s.b, False, 0.1, 1e-3), **NORM),
        nn.BatchNorm2d,
    ),
    "batch_norm without affine": (
        Own(lambda s, x: F.batch_norm(x, s.m, s.v), **NORM),
        nn.BatchNorm2d,
    ),
    "batch_norm with a weight alone": (
        Own(lambda s, x: F.batch_norm(x, s.m, s.v, weight=s.w), **NORM),
        nn.BatchNorm2d,
    ),
    "batch_norm of three axes": (
        Own(lambda s, x: F.batch_norm(x.flatten(2), s.m, s.v, s.w, s.b), **NORM),
        nn.BatchNorm1d,
    ),
    "torch.batch_norm": (
        Own(
            lambda s, x: torch.batch_norm(x, s.w, s.b, s.m, s.v, False, 0.1, 1e-5, False), **NORM
        ),
        nn.BatchNorm2d,
    ),
    "instance_norm": (
        Own(lambda s, x: F.instance_norm(x, weight=s.w, bias=s.b), **NORM),
        nn.InstanceNorm2d,
    ),
    "instance_norm by running statistics": (
        Own(lambda s, x: F.instance_norm(x, s.m, s.v, s.w, s.b, use_input_stats=False), **NORM),
        nn.BatchNorm2d,
    ),
    "group_norm": (Own(lambda s, x: F.group_norm(x, 2, s.w, s.b, 1e-3), **NORM), nn.GroupNorm),
    "group_norm without affine": (Own(lambda s, x: F.group_norm(x, 2), **NORM), nn.GroupNorm),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_a_functional_layer_is_its_module(name):
    """To the last bit: the module calls the same function."""
    model, kind = LAYERS[name]
    graph = trace_model(model, X)
    node = [n for n in graph.graph.nodes if is_operator(n)][-1]
    assert type(graph.get_submodule(str(node.target))) is kind
    for x in (X, torch.cat([X, -X])):
        assert torch.equal(graph(x), model(x))


class NormAct(nn.BatchNorm2d):
    """As timm has it: the activation in the layer."""

    def forward(self, x):
        training = self.training or self.running_mean is None
        y = F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training, 0.1, self.eps
        )
        return F.relu(y)


def test_a_functional_batch_norm_folds_into_its_convolution():
    norm = NormAct(4)
    for values in (norm.running_mean, norm.running_var, norm.weight.data, norm.bias.data):
        values.uniform_(0.5, 2, generator=GENERATOR)
    model = nn.Sequential(nn.Conv2d(4, 4, 3), norm).eval()
    graph = trace_model(model, X)
    assert [path_of(n) for n in graph.graph.nodes if is_operator(n)] == ["0", "1", "relu"]
    folded = fold_batchnorm(graph)
    assert [path_of(n) for n in folded.graph.nodes if is_operator(n)] == ["0", "relu"]
    with torch.no_grad():
        # 36 products are added in another order of rounding: half an ulp each, of values below 64.
        torch.testing.assert_close(folded(X), model(X), rtol=0, atol=36 * 64 * 2**-24)


def test_batch_statistics_stay_a_function():
    graph = trace_model(Own(lambda s, x: F.batch_norm(x, None, None, training=True)), X)
    (node,) = (n for n in graph.graph.nodes if is_operator(n))
    assert isinstance(operator_of(graph, node), Unsupported)
