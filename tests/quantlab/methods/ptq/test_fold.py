"""BatchNorm folding against torch's own fusion in float64, and whole nets before and after."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

from quantlab.methods import fold_batchnorm, operator_of, trace_model
from quantlab.methods.graph.operators import is_operator

X = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))


def with_statistics(model, seed=0):
    """Random weights, and statistics as training would leave them; no earlier test matters."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                for parameter in module.parameters():
                    parameter.normal_(std=0.3, generator=generator)
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.running_mean.normal_(generator=generator)
                module.running_var.uniform_(0.01, 4, generator=generator)
                if module.weight is not None:
                    module.weight.normal_(generator=generator)
                    module.bias.normal_(generator=generator)
    return model.eval()


def fused_in_float64(layer, bn):
    """torch's own formula, in float64, rounded to float32 at the end."""
    double = [
        None if t is None else t.detach().double()
        for t in (layer.weight, layer.bias, bn.running_mean, bn.running_var)
    ]
    affine = [None if t is None else t.detach().double() for t in (bn.weight, bn.bias)]
    fuse = fuse_linear_bn_weights if isinstance(layer, nn.Linear) else fuse_conv_bn_weights
    weight, bias = fuse(*double, bn.eps, *affine)
    return weight.detach().float().numpy(), bias.detach().float().numpy()


LAYERS = {
    "conv": (nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), X),
    "no bias": (nn.Conv2d(4, 6, 3, bias=False), nn.BatchNorm2d(6), X),
    "grouped": (nn.Conv2d(4, 6, 3, groups=2), nn.BatchNorm2d(6, eps=0.1), X),
    "depthwise": (nn.Conv2d(4, 8, 3, groups=4, bias=False), nn.BatchNorm2d(8), X),
    "no affine": (nn.Conv2d(4, 6, 1), nn.BatchNorm2d(6, affine=False), X),
    "linear": (nn.Linear(8, 5), nn.BatchNorm1d(5), X[:, 0, 0]),
    "linear without bias": (nn.Linear(8, 5, bias=False), nn.BatchNorm1d(5), X[:, 0, 0]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_folded_layer_is_torch_s_within_one_step_of_float32(name):
    layer, bn, x = LAYERS[name]
    model = with_statistics(nn.Sequential(layer, bn))
    folded = fold_batchnorm(trace_model(model, x))
    (made,) = (m for m in folded.modules() if isinstance(m, nn.Conv2d | nn.Linear))
    for got, expected in zip(
        (made.weight.numpy(), made.bias.numpy()), fused_in_float64(layer, bn), strict=True
    ):
        # Both are float64 results rounded to float32. Before that they differ by a few 2^-53 of
        # the largest term, which is below 100, while the results are above 1e-7 or 0: far less than
        # half a float32 step, so a rounding may fall to the other side, by one step.
        assert np.abs(expected[expected != 0]).min() > 1e-7
        np.testing.assert_array_max_ulp(got, expected, maxulp=1)


@pytest.mark.parametrize("name", LAYERS)
def test_the_folded_net_computes_the_same(name):
    layer, bn, x = LAYERS[name]
    model = with_statistics(nn.Sequential(layer, bn, nn.ReLU()))
    graph = trace_model(model, x)
    folded = fold_batchnorm(graph)
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in folded.modules())
    with torch.no_grad():
        # A factor gamma / sigma is at most 4 / 0.1. Both ways round sums of at most 36 products
        # below 4 * 2, each multiplied by that factor: 37 roundings of 2^-24 each way.
        bound = 2 * 37 * 2**-24 * (36 * 8 * 40)
        torch.testing.assert_close(folded(x), model(x), rtol=0, atol=bound)
    # Nothing is lost to chance: the plain float64 formula agrees far closer than that bound.
    double = model.double()(x.double())
    error = (fold_batchnorm(graph)(x).double() - double).abs().max()
    assert error < bound / 100
    model.float()


class Preactivated(nn.Module):
    """BatchNorm first, then ReLU and a convolution; the sum's convolution has two readers."""

    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(4)
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.after = nn.BatchNorm2d(4)

    def forward(self, x):
        y = self.conv(torch.relu(self.bn(x)))
        return y + self.after(y)


def test_a_batchnorm_without_a_layer_of_its_own_stays():
    model = with_statistics(Preactivated())
    folded = fold_batchnorm(trace_model(model, X))
    kinds = [operator_of(folded, n).kind for n in folded.graph.nodes if is_operator(n)]
    assert kinds == ["BatchNormalization", "Relu", "Conv", "BatchNormalization", "Add"]
    with torch.no_grad():
        assert torch.equal(folded(X), model(X))


def test_a_shared_convolution_is_folded_with_each_batchnorm():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 3, padding=1)
            self.first, self.second = nn.BatchNorm2d(4), nn.BatchNorm2d(4)

        def forward(self, x):
            return self.second(self.conv(self.first(self.conv(x))))

    model = with_statistics(Shared())
    folded = fold_batchnorm(trace_model(model, X))
    assert [n.op for n in folded.graph.nodes].count("call_module") == 2
    with torch.no_grad():
        expected = model.double()(X.double())
        got = folded(X).double()
    # Two layers: the relative error of each is below 2 * 37 * 2^-24 of its largest term, and
    # 1e-4 of the largest output leaves room for terms twenty times as large as the result.
    assert (got - expected).abs().max() < 1e-4 * expected.abs().max()


def test_the_given_graph_stays_as_it_is():
    graph = trace_model(with_statistics(nn.Sequential(nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6))), X)
    before = {name: value.clone() for name, value in graph.state_dict().items()}
    nodes = [n.name for n in graph.graph.nodes]
    fold_batchnorm(graph)
    assert [n.name for n in graph.graph.nodes] == nodes
    assert all(torch.equal(before[name], value) for name, value in graph.state_dict().items())


def test_tiny_variances_survive():
    """A channel that was always 0 has variance 0: the factor is gamma / sqrt(eps)."""
    model = with_statistics(nn.Sequential(nn.Conv2d(4, 6, 1), nn.BatchNorm2d(6)))
    with torch.no_grad():
        model[1].running_var.zero_()
    folded = fold_batchnorm(trace_model(model, X))
    expected = fused_in_float64(model[0], model[1])[0]
    np.testing.assert_array_max_ulp(folded.get_submodule("0").weight.numpy(), expected, maxulp=1)
