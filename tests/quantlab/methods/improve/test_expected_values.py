"""Means read from BatchNorm against the means of data for which BatchNorm tells the truth."""

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.improve.absorb_bias import absorb_bias
from quantlab.methods.improve.equalize import equalize
from quantlab.methods.improve.expected_values import expected_values
from quantlab.methods.ptq.fold import fold_batchnorm


def whitened(gamma, beta):
    """Passes N(0, 1) on as N(beta, gamma^2)."""
    conv = nn.Conv2d(len(gamma), len(gamma), 1, bias=False)
    conv.weight.data = torch.eye(len(gamma)).reshape(len(gamma), len(gamma), 1, 1)
    norm = nn.BatchNorm2d(len(gamma), eps=0.0)
    norm.weight.data, norm.bias.data = torch.tensor(gamma), torch.tensor(beta)
    return nn.Sequential(conv, norm)


class EveryRule(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = whitened([1.0, 2.0, 0.5], [0.5, -1.0, 3.0])
        self.right = whitened([-1.0, 0.1, 4.0], [2.0, 6.5, 0.0])
        self.padded = nn.AvgPool2d(3, 2, 1)
        self.honest = nn.AvgPool2d(3, 2, 1, count_include_pad=False)
        self.up = nn.Upsample(scale_factor=2)
        self.top = nn.MaxPool2d(2)
        self.plain = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        left, right = torch.relu(self.left(x)), nn.functional.relu6(self.right(x))
        total = left + right
        joined = torch.cat([total, right], 1)
        beside = torch.cat([left, right], 2)
        averaged = self.up(self.honest(joined))
        flat = torch.flatten(nn.functional.adaptive_avg_pool2d(averaged, 1), 1)
        wide = torch.flatten(self.honest(left), 1)
        unknown = self.padded(left), self.top(left), torch.relu(total), left * right, self.plain(x)
        return flat, wide, beside, left + left, *unknown


@pytest.fixture(scope="module")
def traced():
    return fold_batchnorm(trace_model(EveryRule(), torch.zeros(1, 3, 8, 8)))


def test_known_means_are_those_of_normal_data(traced):
    """Six standard errors, taken over images, which are independent of each other."""
    noise = torch.randn(2000, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    known, values = expected_values(traced), {}

    class Keep(torch.fx.Interpreter):
        def run_node(self, n):
            values[n.name] = super().run_node(n)
            return values[n.name]

    Keep(traced).run(noise)
    for name, mean in known.items():
        of_images = (
            values[name].double().flatten(2).mean(2) if values[name].ndim > 2 else values[name]
        )
        assert mean.shape == of_images.shape[1:]
        error = np.abs(mean - of_images.double().mean(0).numpy())
        # float32 sums of values below 30 are off by less than 10^-4.
        assert (error <= 6 * of_images.double().std(0).numpy() / np.sqrt(2000) + 1e-4).all(), name


def test_exactly_these_are_known(traced):
    unknown = {node.name for node in traced.graph.nodes} - expected_values(traced).keys()
    assert unknown == {
        "x", "output", "cat_1", "padded", "top", "relu_1", "mul", "plain"
    }  # fmt: skip


def test_equalization_and_absorption_move_the_means_along():
    net = nn.Sequential(
        whitened([1.0, 0.2, 0.5], [4.0, -1.0, 3.0]), nn.ReLU(), nn.Conv2d(3, 4, 1, bias=False)
    )
    graph = fold_batchnorm(trace_model(net, torch.zeros(1, 3, 8, 8)))
    even = equalize(graph)
    absorbed = absorb_bias(even.graph)
    noise = torch.randn(2000, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    for changed in (even.graph, absorbed.graph):
        (first,) = (node for node in changed.graph.nodes if node.name == "_0_0")
        got = changed.get_submodule(first.target)(noise).relu().double().mean((0, 2, 3)).numpy()
        mean = expected_values(changed)["_1"]
        spread = np.abs(mean) + 6  # no deviation is above 2 here
        assert (np.abs(mean - got) <= 6 * spread / np.sqrt(2000 * 64)).all()
    assert absorbed.absorbed
