"""Equalization leaves the function, evens out the ranges, and so saves per-tensor weights."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import fx, nn

from quantlab.methods.graph.tracing import trace_model
from quantlab.methods.improve.equalize import DEAD, SETTLED, equalize
from quantlab.methods.improve.layers import by_channels, groups_of, layer_of, node_named
from quantlab.methods.improve.relu6 import replace_relu6
from quantlab.numerics import choose_qparams, fake_quantize

SHAPE = (2, 3, 12, 12)


def unequal(model, seed=0, decades=2.0):
    """Give each output channel of every layer a magnitude of its own, over some decades."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            count = len(module.weight)
            factor = 10 ** (decades * (torch.rand(count, generator=generator) - 0.5))
            shape = (-1, *(1,) * (module.weight.ndim - 1))
            noise = torch.randn(module.weight.shape, generator=generator)
            module.weight.data = noise * factor.reshape(shape) / module.weight[0].numel() ** 0.5
            if module.bias is not None:
                module.bias.data = torch.randn(count, generator=generator) * factor
    return model


NETS = {
    "conv, conv": lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3, bias=False)),
    "grouped": lambda: nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 12, 3, groups=4, stride=2)
    ),
    "conv, depthwise, conv": lambda: nn.Sequential(
        nn.Conv2d(3, 8, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.ReLU(),
        nn.Conv2d(8, 5, 1),
    ),
    "two a channel": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 8, 3, groups=4), nn.ReLU(), nn.Conv2d(8, 3, 1)
    ),
    "pools": lambda: nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 7, 3, dilation=2, padding=2),
        nn.AvgPool2d(2, ceil_mode=False), nn.ReLU(), nn.Conv2d(7, 4, 1), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(4, 2),
    ),
    "leaky": lambda: nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.LeakyReLU(0.1), nn.Conv2d(6, 4, 3, padding=1)
    ),
    "flatten": lambda: nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 16, 5), nn.ReLU(),
        nn.Linear(5, 4),
    ),
    "resize": lambda: nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.Upsample(scale_factor=2), nn.ReLU(), nn.Conv2d(6, 4, 3)
    ),
}  # fmt: skip
EACH = pytest.mark.parametrize("make", NETS.values(), ids=NETS)


def traced(model, shape=SHAPE):
    return trace_model(model, torch.zeros(shape))


def images(shape=SHAPE, seed=1):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def ranges(graph, pair):
    """Largest absolute weight of each channel between two layers: from before, from behind."""
    before, behind = (layer_of(graph, node_named(graph, n)) for n in (pair.first, pair.second))
    rows = before.weight.flatten(1).abs().amax(dim=1)
    columns = by_channels(behind.weight.numpy(), len(rows), groups_of(behind))
    return rows.numpy(), np.abs(columns).max(axis=(1, 3)).reshape(-1)


def rounding_bound(graph, x):
    """How far float64 may move the outputs, given the same net with absolute values throughout.

    Each term of an output is a product of one input with a weight (or a bias) of each layer on its
    way. Both layers use the same float64 factor, so only a quotient and a product are rounded: 2
    for a weight. A sum of k products rounds each at most k + 1 times, in either net. So each term
    is off by at most `roundings` times 2^-53 of itself. The sum of the absolute values of all terms
    is what the net of absolute weights, where a ReLU does nothing, gives for |x|. A mean over
    places sums up to 144 of them; a maximum is off by no more than the value furthest off.
    """
    magnitudes, roundings = x.abs(), 0
    values = {}
    for node in graph.graph.nodes:
        if node.op == "placeholder":
            values[node] = magnitudes
        elif node.op == "call_module":
            module, source = graph.get_submodule(node.target), values[node.args[0]]
            if isinstance(module, nn.Conv2d | nn.Linear):
                roundings += 2 * (module.weight[0].numel() + 2) + 2
                absolute = {name: p.abs() for name, p in module.named_parameters()}
                values[node] = torch.func.functional_call(module, absolute, source)
            else:
                roundings += 2 * 144
                values[node] = module(source)
        elif node.op != "output":
            args = fx.map_arg(node.args, values.get)
            call = (
                node.target if node.op == "call_function" else getattr(type(args[0]), node.target)
            )
            values[node] = call(*args, **node.kwargs)
    return roundings * 2**-53 * list(values.values())[-1]


@EACH
def test_the_function_stays_to_float64_rounding(make):
    graph = traced(unequal(make())).double()
    x = images().double()
    done = equalize(graph)
    assert done.pairs
    difference = (done.graph(x) - graph(x)).abs()
    assert (difference <= rounding_bound(graph, x)).all()


@EACH
def test_both_ranges_of_each_channel_are_equal(make):
    """All later sweeps would change no factor by more than SETTLED, so the next one would not.

    Its factor is the root of the quotient of both ranges. float32 weights are rounded, 2^-23 twice.
    """
    done = equalize(traced(unequal(make())))
    for pair in done.pairs:
        before, behind = ranges(done.graph, pair)
        assert np.abs(np.log(before / behind)).max() <= 2 * SETTLED + 2**-20


def test_a_single_pair_needs_one_sweep_and_has_the_paper_s_factors():
    model = unequal(NETS["grouped"]())
    graph = traced(model)
    done = equalize(graph)
    (pair,) = done.pairs
    r1, r2 = (part.astype(np.float64) for part in ranges(graph, pair))
    before, behind = ranges(done.graph, pair)
    # A second sweep finds nothing left to change.
    assert done.sweeps == 2
    np.testing.assert_allclose(before, np.sqrt(r1 * r2), rtol=2**-22)
    np.testing.assert_allclose(behind, np.sqrt(r1 * r2), rtol=2**-22)
    assert (pair.between, pair.kinds) == (("_1",), ("Relu",))


def test_convolution_depthwise_convolution_end_at_the_cube_root():
    graph = traced(unequal(NETS["conv, depthwise, conv"]()))
    done = equalize(graph)
    first, second = done.pairs
    (r1, r2), (_, r3) = ranges(graph, first), ranges(graph, second)
    root = np.cbrt(r1.astype(np.float64) * r2 * r3)
    # No factor is further than SETTLED from the end, and a range holds two of them at most; their
    # changes fall fourfold a sweep, exactly. The rest is for float32.
    for got in (*ranges(done.graph, first), *ranges(done.graph, second)):
        assert np.abs(np.log(got / root)).max() <= 2 * SETTLED + 2**-20


@EACH
def test_a_second_time_changes_nothing_that_matters(make):
    """A weight holds two factors, and each is within SETTLED of the end, before and after."""
    done = equalize(traced(unequal(make())))
    again = equalize(done.graph)
    assert again.pairs == done.pairs
    for name, value in done.graph.state_dict().items():
        change = np.abs(np.log(again.graph.state_dict()[name].numpy() / value.numpy()))
        assert change.max() <= 4 * SETTLED


def test_a_long_chain_is_not_left_halfway():
    """Changes die away slowly in a chain; a much longer search ends at the same weights."""
    layers = [nn.Conv2d(3, 4, 1), *(nn.Conv2d(4, 4, 1) for _ in range(24))]
    graph = traced(unequal(nn.Sequential(*layers), decades=4), (1, 3, 4, 4))
    done = equalize(graph)
    further = done.graph
    for _ in range(20):
        further = equalize(further).graph
    for name, value in done.graph.state_dict().items():
        change = np.abs(np.log(further.state_dict()[name].numpy() / value.numpy()))
        # Two factors a weight. 20 x 2 roundings of float32 along the way.
        assert change.max() <= 2 * SETTLED + 40 * 2**-23


def test_the_given_graph_stays():
    graph = traced(unequal(NETS["pools"]()))
    before = {name: value.clone() for name, value in graph.state_dict().items()}
    equalize(graph)
    assert all(torch.equal(before[name], value) for name, value in graph.state_dict().items())


def test_dead_channels_are_left_alone():
    model = unequal(NETS["grouped"]())
    model[0].weight.data[2] = 0.0
    model[0].weight.data[3] *= DEAD / 100 / model[0].weight[3].abs().max()
    model[2].weight.data[0:3, 1] = 0.0
    done = equalize(traced(model))
    after = layer_of(done.graph, node_named(done.graph, done.pairs[0].first))
    for channel in (1, 2, 3):
        assert torch.equal(after.weight[channel], model[0].weight[channel])
        assert torch.equal(after.bias[channel], model[0].bias[channel])
    assert torch.isfinite(after.weight).all()


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.left = nn.Conv2d(4, 4, 1)
        self.clipped = nn.Conv2d(4, 4, 1)
        self.swish = nn.Conv2d(4, 4, 1)
        self.last = nn.Conv2d(4, 4, 1)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        y = self.clipped(x + self.left(x))
        y = self.swish(nn.functional.relu6(y))
        return self.last(nn.functional.hardswish(y))


class FlattenedByView(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 6, 3, stride=3), nn.Linear(6 * 16, 5)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        return self.head(x.view(x.size(0), -1))


def test_a_view_that_flattens_passes_the_factor_on():
    graph = traced(unequal(FlattenedByView())).double()
    done = equalize(graph)
    assert len(done.pairs) == 1
    x = images().double()
    assert ((done.graph(x) - graph(x)).abs() <= rounding_bound(graph, x)).all()


def test_layers_left_out_are_named_with_the_reason():
    done = equalize(traced(unequal(Branches())))
    assert done.pairs == ()
    assert done.sweeps == 0
    reasons = {one.layer: one.reason for one in done.left_out}
    assert reasons["stem"] == "relu has 2 readers (left, add)"
    assert reasons["left"] == "add is Add, which does not pass a factor on"
    assert "clips every channel at the same height" in reasons["clipped"]
    assert "HardSwish" in reasons["swish"]
    assert reasons["last"] == "last is an output of the model"


def test_relu6_replaced_on_request_opens_the_way():
    graph = traced(unequal(Branches()))
    plain = replace_relu6(graph)
    assert [pair.first for pair in equalize(plain).pairs] == ["clipped"]
    x = images()
    small, large = x * 1e-3, x * 1e3
    for one in (graph, plain):  # biases alone may pass 6
        layer_of(one, node_named(one, "clipped")).bias.data.clamp_(-1, 1)
        layer_of(one, node_named(one, "stem")).bias.data.zero_()
        layer_of(one, node_named(one, "left")).bias.data.zero_()
    assert torch.equal(plain(small), graph(small))
    assert not torch.equal(plain(large), graph(large))


def per_tensor_error(graph, x, expected):
    """Relative error of the outputs when each layer's weights have one int8 scale."""
    quantized = {}
    for name, parameter in graph.named_parameters():
        if name.endswith("weight"):
            high = float(parameter.abs().max())
            ruler = choose_qparams(-high, high, dtype="int8", scheme="symmetric", narrow=True)
            quantized[name] = torch.from_numpy(fake_quantize(parameter.numpy(), ruler))
    got = torch.func.functional_call(graph, quantized, x)
    return float((got - expected).square().mean() / expected.square().mean())


def test_per_tensor_int8_weights_lose_far_less_after_it():
    """Channels over two decades: one scale leaves the small ones a hundredth of the steps.

    The rounding error of a weight is a uniform step. With one scale for a layer the step follows
    the largest channel; after equalization every channel of the layer reaches as far as its
    neighbour, so the step is finer for most by 10 to 100. Their squares are 100 and more: ten times
    is asked.
    """
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3, groups=16), nn.ReLU(),
        nn.Conv2d(16, 8, 1),
    )  # fmt: skip
    graph = traced(undone_by_the_next(unequal(net)))
    x = images((8, 3, 12, 12))
    expected = graph(x)
    before = per_tensor_error(graph, x, expected)
    after = per_tensor_error(equalize(graph).graph, x, expected)
    assert after < before / 10


def undone_by_the_next(net):
    """Divide each layer's columns by the magnitudes of the rows before, as BatchNorm nets do.

    So that channels with small weights matter to the output as much as others.
    """
    layers = [module for module in net if isinstance(module, nn.Conv2d)]
    for first, second in pairwise(layers):
        rows = first.weight.flatten(1).abs().amax(dim=1)
        columns = rows.reshape(-1, 1, 1, 1) if second.groups > 1 else rows.reshape(1, -1, 1, 1)
        second.weight.data = second.weight.data / columns
    return net
