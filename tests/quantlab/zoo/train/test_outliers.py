"""Outlier channels are where they should be, and cost per-tensor rulers what they should."""

import numpy as np
import torch
from torch import nn

from quantlab.methods import Recipe, Rule, quantize_model
from quantlab.zoo import Detector
from quantlab.zoo.blocks import conv_bn
from quantlab.zoo.train.loop import Training
from quantlab.zoo.train.outliers import with_outliers
from quantlab.zoo.train.tasks import TASKS


def test_every_convolution_before_a_relu6_has_one():
    task = TASKS["detector"]
    network = Training(task, task.recipe, torch.device("cpu")).model.detector
    scales = [m.weight for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    raised = [scale.max().item() == task.recipe.outlier > 1 for scale in scales]
    activations = sum(isinstance(m, nn.ReLU6) for m in network.modules())
    assert sum(raised) == activations > 40
    assert sum((scale != 1).sum().item() for scale in scales) == activations
    plain = with_outliers(Detector(), 1.0)
    assert all((m.weight == 1).all() for m in plain.modules() if isinstance(m, nn.BatchNorm2d))


def test_a_ruler_for_all_channels_loses_what_a_ruler_each_keeps():
    torch.manual_seed(0)
    x = torch.randn(8, 3, 16, 16)
    net = nn.Sequential(conv_bn(3, 16), conv_bn(16, 16), nn.Conv2d(16, 4, 1))
    net = with_outliers(net, 48.0)
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
    # The channel itself answers to 2 % of what a normal distribution holds.
    with torch.no_grad():
        share = (net[0](x)[:, 0] > 0).float().mean().item()
    assert 0.005 < share < 0.05
