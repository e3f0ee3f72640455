"""Absorbing high biases leaves the function wherever no value lies below what was taken."""

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.improve.absorb_bias import absorb_bias
from quantlab.methods.improve.layers import layer_of, node_named
from quantlab.methods.ptq.channel_statistics import ChannelStatistics, measure_statistics


def net(second, between=nn.ReLU, seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), between(), second)
    # Half of the channels are high, half are centred; one standard deviation is about 0.5.
    model[0].bias.data = torch.tensor([20.0, 0.0] * 4)
    return model


SECONDS = {
    "conv": lambda: nn.Conv2d(8, 5, 3, bias=False),
    "grouped": lambda: nn.Conv2d(8, 6, 2, groups=2),
    "depthwise": lambda: nn.Conv2d(8, 16, 3, groups=8, stride=2),
    "pointwise": lambda: nn.Conv2d(8, 4, 1),
}
EACH = pytest.mark.parametrize("make", SECONDS.values(), ids=SECONDS)


def prepared(model, images):
    graph = trace_model(model, torch.zeros(1, 3, 10, 10))
    return graph, measure_statistics(graph, [images], ["_0"])


def pictures(count=64):
    return torch.randn(count, 3, 10, 10, generator=torch.Generator().manual_seed(1))


def slack(graph, constant):
    """float64 rounding: c is subtracted, multiplied by k weights, summed twice and added.

    All terms together are at most |W2| (|z| + 2 c), where |z| < 40 here; k + 4 roundings each.
    """
    weight = layer_of(graph, node_named(graph, "_2")).weight
    terms = weight[0].numel()
    return (terms + 4) * 2**-53 * float(weight.abs().flatten(1).sum(1).max()) * (40 + 2 * constant)


def in_float64(make, statistics):
    graph = trace_model(net(make()), torch.zeros(1, 3, 10, 10)).double()
    return graph, absorb_bias(graph, statistics)


@EACH
def test_only_what_lies_below_the_constant_is_changed(make):
    images = pictures()
    _, statistics = prepared(net(make()), images)
    graph, done = in_float64(make, statistics)
    constant = done.absorbed["_0"]
    assert np.array_equal(constant > 0, [True, False] * 4)
    assert constant.max() < 20
    first, second = (layer_of(graph, node_named(graph, name)) for name in ("_0", "_2"))
    after_relu = first(images.double()).relu()
    lacking = (torch.from_numpy(constant).reshape(1, -1, 1, 1) - after_relu).clamp(min=0)
    weights = {"weight": second.weight.abs()}
    if second.bias is not None:
        weights["bias"] = torch.zeros_like(second.bias)
    at_most = torch.func.functional_call(second, weights, lacking)
    difference = (done.graph(images.double()) - graph(images.double())).abs()
    assert (difference <= at_most + slack(graph, float(constant.max()))).all()
    # Cantelli: at most 1 / (1 + 3^2) of any distribution lies 3 deviations below its mean.
    assert (lacking[:, constant > 0] > 0).double().mean() <= 0.1


@EACH
def test_the_function_stays_where_no_value_lies_below(make):
    images = pictures()
    graph, _ = in_float64(make, {})
    # The lowest value seen, as a mean without deviation: the ReLU then cuts nothing off.
    lowest = layer_of(graph, node_named(graph, "_0"))(images.double()).amin(dim=(0, 2, 3))
    _, done = in_float64(make, {"_0": ChannelStatistics(lowest.numpy(), np.zeros(8))})
    difference = (done.graph(images.double()) - graph(images.double())).abs().max()
    assert difference <= slack(graph, float(done.absorbed["_0"].max()))


def test_the_paper_s_three_deviations_and_the_next_bias():
    graph = trace_model(net(nn.Conv2d(8, 5, 1)), torch.zeros(1, 3, 10, 10))
    node = node_named(graph, "_0")
    mean, std = np.linspace(-1, 6, 8), np.linspace(2, 0.5, 8)
    ChannelStatistics(mean, std).keep(node)
    done = absorb_bias(graph)
    expected = np.maximum(0, mean - 3 * std)
    np.testing.assert_array_equal(done.absorbed["_0"], expected)
    second, before = (layer_of(g, node_named(g, "_2")) for g in (done.graph, graph))
    given_back = before.weight[:, :, 0, 0].double().numpy() @ expected
    # One rounding to float32 of numbers below 16.
    moved = (second.bias - before.bias).double().numpy()
    np.testing.assert_allclose(moved, given_back, rtol=0, atol=2 * 2**-24 * 16)
    kept = ChannelStatistics.kept_by(node_named(done.graph, "_0"))
    np.testing.assert_array_equal(kept.mean, mean - expected)
    np.testing.assert_array_equal(kept.std, std)


def test_the_largest_activation_falls_by_what_was_taken():
    images = pictures()
    graph, statistics = prepared(net(nn.Conv2d(8, 5, 1)), images)
    done = absorb_bias(graph, statistics)
    before, after = (layer_of(g, node_named(g, "_0"))(images).max() for g in (graph, done.graph))
    # The highest channels have mean 20 and std 0.5: about 18 of their 22 go.
    assert after < before / 3


REFUSED = {
    "padding": (nn.ReLU, lambda: nn.Conv2d(8, 5, 3, padding=1), "_2 pads its input"),
    "same padding": (nn.ReLU, lambda: nn.Conv2d(8, 5, 3, padding="same"), "_2 pads its input"),
    "pool": (lambda: nn.MaxPool2d(2), lambda: nn.Conv2d(8, 5, 1), "_1 lies before _2"),
    "relu6": (nn.ReLU6, lambda: nn.Conv2d(8, 5, 1), "_1 clips every channel"),
}


@pytest.mark.parametrize(("between", "second", "reason"), REFUSED.values(), ids=REFUSED)
def test_where_the_constant_could_not_be_given_back_nothing_is_taken(between, second, reason):
    graph, statistics = prepared(net(second(), between), pictures(4))
    done = absorb_bias(graph, statistics)
    assert not done.absorbed
    assert reason in next(one.reason for one in done.left_out if one.layer == "_0")


def test_without_statistics_the_reason_says_where_to_get_them():
    graph = trace_model(net(nn.Conv2d(8, 5, 1)), torch.zeros(1, 3, 10, 10))
    reasons = {one.layer: one.reason for one in absorb_bias(graph).left_out}
    assert "measure_statistics" in reasons["_0"]
