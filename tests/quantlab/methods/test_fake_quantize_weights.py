"""Weights of a torch model against integers counted by hand, channel by channel."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods import Recipe, Rule, fake_quantize_weights, fold_batchnorm, trace_model
from quantlab.methods.quantize_model import quantize_model

X = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)),
        nn.Conv2d(4, 4, 3, groups=4),
        nn.Flatten(),
        nn.Linear(64, 2),
    ).eval()


def by_hand(weight, bits, axis):
    """w = scale * q, scale = max|w| / (2^(bits-1) - 1), for the whole weight or each slice."""
    top = 2 ** (bits - 1) - 1
    made = np.empty_like(weight)
    slices = [...] if axis is None else [
        tuple(k if i == axis else slice(None) for i in range(weight.ndim))
        for k in range(weight.shape[axis])
    ]  # fmt: skip
    for part in slices:
        scale = np.float32(np.abs(weight[part]).max() / top)
        made[part] = np.clip(np.rint(weight[part] / scale), -top, top) * scale
    return made


@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
@pytest.mark.parametrize(
    ("granularity", "axis", "channels"),
    [
        ("per-channel", 0, 0),
        ("per-channel", 1, 1),
        ("per-channel", -1, -1),
        ("per-tensor", 0, None),
    ],
)
def test_weights_are_those_counted_by_hand(bits, granularity, axis, channels):
    model = net()
    before = copy.deepcopy(model.state_dict())
    made = fake_quantize_weights(model, Rule(f"int{bits}", granularity=granularity), axis=axis)
    for path in ("0.0", "1", "3"):
        weight = model.get_submodule(path).weight.detach().numpy()
        hand = by_hand(weight, bits, None if channels is None else channels % weight.ndim)
        np.testing.assert_array_equal(made.get_submodule(path).weight.detach().numpy(), hand)
    changed = {"0.0.weight", "1.weight", "3.weight"}
    assert all(torch.equal(v, made.state_dict()[k]) for k, v in before.items() if k not in changed)
    assert all(torch.equal(v, model.state_dict()[k]) for k, v in before.items())


def test_the_wrong_axis_of_a_depthwise_convolution_is_one_scale():
    wrong = fake_quantize_weights(net(), layers=["1"], axis=1)
    whole = fake_quantize_weights(net(), Rule(granularity="per-tensor"), layers=["1"])
    assert torch.equal(wrong[1].weight, whole[1].weight)
    assert not torch.equal(wrong[1].weight, fake_quantize_weights(net())[1].weight)


def test_a_folded_graph_gets_the_weights_of_quantize_model():
    folded = fold_batchnorm(trace_model(net(), X))
    made = fake_quantize_weights(folded, Rule("int4"))
    for node, weight in quantize_model(net(), X, Recipe(weights=Rule("int4"))).weights.items():
        path = next(n.target for n in folded.graph.nodes if n.name == node)
        got = made.get_submodule(path).weight.detach().numpy()
        np.testing.assert_array_equal(got, weight.dequantized)


def test_only_the_layers_that_were_named():
    made = fake_quantize_weights(net(), Rule("int2"), layers=["0"])
    assert not torch.equal(made[0][0].weight, net()[0][0].weight)
    assert torch.equal(made[1].weight, net()[1].weight)


def test_bad_input_is_refused_in_a_sentence():
    with pytest.raises(
        ValueError, match=r"names '4', but the convolutions .* are 0\.0, 1, 3: name"
    ):
        fake_quantize_weights(net(), layers=["4"])
    with pytest.raises(
        ValueError, match=r"axis is 2, but the weight of layer 3 has shape \(2, 64\)"
    ):
        fake_quantize_weights(net(), axis=2)
    broken = net()
    broken[1].weight.data[0] = float("nan")
    with pytest.raises(ValueError, match="at the weight of layer 1:"):
        fake_quantize_weights(broken)
