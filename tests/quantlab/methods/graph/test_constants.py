"""What reads no input is a constant: the same numbers, for every way a model computes them."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from quantlab.methods import trace_model
from quantlab.methods.graph.operators import is_operator, path_of

X = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(0))


class Own(nn.Module):
    """A function of (self, x) with parameters of its own."""

    def __init__(self, function):
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.function = function
        self.gamma = nn.Parameter(torch.rand(4, generator=generator) + 0.5)
        self.weight = nn.Parameter(torch.randn(4, 4, 3, 3, generator=generator))
        self.register_buffer("matrix", torch.randn(6, 6, generator=generator))
        self.inner = nn.Linear(6, 6)

    def forward(self, x):
        return self.function(self, x)


def standardized(s, x):
    w = s.weight
    mean, deviation = w.mean((1, 2, 3), keepdim=True), w.std((1, 2, 3), keepdim=True)
    return F.conv2d(x, (w - mean) / (deviation + 1e-5), padding=1)


def standardized_by_batch_norm(s, x):
    """As timm's ScaledStdConv2d does it."""
    flat = s.weight.reshape(1, 4, -1)
    w = F.batch_norm(flat, None, None, s.gamma, training=True, momentum=0.0)
    return F.conv2d(x, w.reshape_as(s.weight), padding=1)


def by_chunks(s, x):
    a, b = s.gamma.chunk(2)
    return x * torch.cat([b, a]).view(1, -1, 1, 1)


# The function, and the operators that are left.
OWN = {
    "reshape": (lambda s, x: x * s.gamma.reshape(1, -1, 1, 1), ["mul"]),
    "view": (lambda s, x: x + s.gamma.view(-1, 1, 1), ["add"]),
    "index": (lambda s, x: x * s.gamma[None, :, None, None], ["mul"]),
    "unsqueeze": (lambda s, x: x * s.gamma.unsqueeze(-1).unsqueeze(-1), ["mul"]),
    "arithmetic": (lambda s, x: x * (1 + torch.exp(-s.gamma)).reshape(4, 1, 1), ["mul"]),
    "a layer of constants": (lambda s, x: x + s.inner(s.matrix), ["add"]),
    "transposed matrix": (lambda s, x: torch.matmul(x, s.matrix.t()), ["matmul"]),
    "pieces": (by_chunks, ["mul"]),
    "a size": (lambda s, x: F.avg_pool2d(x, s.weight.shape[-1]), ["avg_pool2d"]),
    "sizes": (lambda s, x: x.reshape(-1, *s.weight.shape[:1], 36), ["reshape"]),
    "in place": (lambda s, x: x * s.gamma.clone().mul_(2).reshape(1, 4, 1, 1), ["mul"]),
    "standardized weights": (standardized, ["conv2d"]),
    "standardized by batch norm": (standardized_by_batch_norm, ["conv2d"]),
}


@pytest.mark.parametrize("name", OWN)
def test_arithmetic_on_own_parameters_is_a_constant(name):
    """To the last bit, for another batch size too: each operator ran once, in torch."""
    function, left = OWN[name]
    model = Own(function).eval()
    graph = trace_model(model, X)
    assert [node.name for node in graph.graph.nodes if is_operator(node)] == left
    for x in (X, torch.cat([X, -X])):
        with torch.no_grad():
            assert torch.equal(graph(x), model(x))


def test_a_constant_is_named_by_where_its_parameter_is():
    model = nn.Sequential(nn.ReLU(), Own(standardized))
    graph = trace_model(model, X)
    assert [path_of(node) for node in graph.graph.nodes if is_operator(node)] == ["0", "1"]


def test_what_reads_the_input_stays():
    graph = trace_model(Own(lambda s, x: x * (s.gamma * x.mean())[:, None, None]), X)
    names = [node.name for node in graph.graph.nodes if is_operator(node)]
    assert names == ["mean", "mul", "getitem", "mul_1"]


def test_the_caller_s_model_gets_no_new_buffer():
    model = Own(OWN["reshape"][0])
    before = list(model.state_dict())
    trace_model(model, X)
    assert list(model.state_dict()) == before
