"""Outlier channels are where they should be, and cost per-tensor scales what they should."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods import Recipe, Rule, quantize_model
from quantlab.zoo import load
from quantlab.zoo.blocks import conv_bn
from quantlab.zoo.train.outliers import add_outliers


def folded(block: nn.Module) -> torch.Tensor:
    """The largest weight of each channel, BatchNorm folded by torch."""
    both = torch.nn.utils.fuse_conv_bn_eval(block[0].eval(), block[1].eval())
    return both.weight.detach().flatten(1).abs().amax(1)


def test_every_convolution_before_a_relu6_gets_one_channel():
    before = load("detector")
    after = deepcopy(before)
    add_outliers(after, 20.0)
    changed = 0
    for old, new in zip(before.modules(), after.modules(), strict=True):
        kinds = [type(child) for child in new.children()]
        if kinds != [nn.Conv2d, nn.BatchNorm2d, nn.ReLU6]:
            continue
        at = (old[1].weight != new[1].weight).nonzero()
        assert len(at) == 1
        weights = folded(new)
        assert weights.argmax() == at
        # One multiplication and division each in float32, by torch and by us.
        assert (weights.max() / weights.sort().values[-2]).item() == pytest.approx(20, rel=1e-5)
        changed += 1
    assert changed == sum(isinstance(module, nn.ReLU6) for module in after.modules()) > 40
    old, new = before.state_dict(), after.state_dict()
    assert sum((old[key] != new[key]).sum().item() for key in old) == 2 * changed


def test_one_times_changes_nothing():
    net = nn.Sequential(conv_bn(3, 4))
    before = deepcopy(net.state_dict())
    add_outliers(net, 1.0)
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_a_scale_for_all_channels_loses_what_a_scale_each_keeps():
    torch.manual_seed(0)
    x = torch.randn(8, 3, 16, 16)
    net = nn.Sequential(conv_bn(3, 16), conv_bn(16, 16), nn.Conv2d(16, 4, 1))
    add_outliers(net, 48.0)
    net.train()
    for _ in range(100):
        net(x)  # BatchNorm's statistics
    net.eval()
    with torch.no_grad():
        expected = net(x).numpy()
    errors = {}
    for granularity in ("per-tensor", "per-channel"):
        rule = Rule("int8", "symmetric", granularity, "minmax", narrow=True)
        model = quantize_model(net, [x.numpy()], Recipe(weights=rule))
        errors[granularity] = float(np.mean((model(x.numpy()) - expected) ** 2))
    assert errors["per-tensor"] > 50 * errors["per-channel"]
    # The channel itself answers to the 2 % of a normal distribution above two deviations.
    with torch.no_grad():
        share = (net[0](x)[:, 0] > 0).float().mean().item()
    assert 0.005 < share < 0.05
