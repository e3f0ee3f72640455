"""FoldedLayer against torch's own convolution and BatchNorm; rulers against their formulas."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

from quantlab.methods.fake_quantize import FakeQuantize
from quantlab.methods.qat.layers import ActivationFakeQuantize, FoldedLayer, WeightFakeQuantize
from quantlab.methods.rule import ACTIVATIONS, Rule
from quantlab.numerics import MinMaxObserver, QParams, choose_qparams

WEIGHTS = Rule("int4", "symmetric", "per-channel", "minmax")


def batchnorm(kind: type, channels: int, **settings) -> nn.Module:
    """With statistics and parameters of a trained one; channel 0 is dead (gamma 0)."""
    made = kind(channels, **settings)
    g = torch.Generator().manual_seed(5)
    made.running_mean.copy_(torch.randn(channels, generator=g))
    made.running_var.copy_(torch.rand(channels, generator=g) + 0.5)
    if made.affine:
        with torch.no_grad():
            made.weight.copy_(torch.rand(channels, generator=g) + 0.5)
            made.bias.copy_(torch.randn(channels, generator=g))
            made.weight[0] = 0.0
    return made


def pair(case: str) -> tuple[nn.Module, nn.Module, torch.Tensor]:
    """A layer, the BatchNorm after it, and an input."""
    torch.manual_seed(0)
    if case == "linear":
        return nn.Linear(6, 5), batchnorm(nn.BatchNorm1d, 5), torch.randn(9, 6)
    settings = {"groups": 4} if case == "depthwise" else {"stride": 2, "padding": 1}
    conv = nn.Conv2d(4, 4, 3, bias=case == "with bias", **settings)
    options = {
        "plain": {"affine": False},
        "cumulative": {"momentum": None},
        "depthwise": {"eps": 0.1, "momentum": 0.3},
    }
    return conv, batchnorm(nn.BatchNorm2d, 4, **options.get(case, {})), torch.randn(6, 4, 7, 8)


CASES = ("no bias", "with bias", "depthwise", "plain", "cumulative", "linear")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("training", [False, True])
def test_without_rulers_it_is_the_layer_and_its_batchnorm(case, training):
    """Outputs, running statistics and every gradient, against torch's own two modules in float64.

    Sums of at most 6 * 7 * 8 * 9 * 4 < 2^14 terms of size below 2^7, each step rounded at 2^-53:
    errors stay below 2^(14 + 7 - 53) = 5e-10.
    """
    layer, norm, x = pair(case)
    theirs = nn.Sequential(layer, norm).double().train(training)
    ours = FoldedLayer(*copy.deepcopy(list(theirs))).double().train(training)
    leaves = [x.double().requires_grad_() for _ in range(2)]
    results = [m(leaf) for m, leaf in zip((theirs, ours), leaves, strict=True)]
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=5e-10)
    above = torch.randn(results[0].shape, dtype=torch.float64)
    for result in results:
        result.backward(above)
    torch.testing.assert_close(leaves[1].grad, leaves[0].grad, rtol=0, atol=5e-10)
    for name, parameter in theirs[0].named_parameters():
        mine = getattr(ours.layer, name).grad
        torch.testing.assert_close(mine, parameter.grad, rtol=0, atol=5e-10)
    for name, parameter in theirs[1].named_parameters():
        mine = getattr(ours.batchnorm, name).grad
        torch.testing.assert_close(mine, parameter.grad, rtol=0, atol=5e-10)
    for name, value in theirs[1].named_buffers():
        mine = getattr(ours.batchnorm, name)
        torch.testing.assert_close(mine, value, rtol=0, atol=5e-10)


@pytest.mark.parametrize("case", CASES)
def test_the_folded_parameters_are_torchs(case):
    layer, norm, _ = pair(case)
    layer, norm = layer.double(), norm.double()
    fuse = fuse_linear_bn_weights if case == "linear" else fuse_conv_bn_weights
    expected = fuse(
        layer.weight,
        layer.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    found = FoldedLayer(layer, norm).double().folded()
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-14, atol=1e-14)


def quantized(case: str) -> tuple[FoldedLayer, torch.Tensor]:
    layer, norm, x = pair(case)
    folded = FoldedLayer(layer, norm)
    of_x = FakeQuantize(QParams(0.05, 128, "uint8"))
    folded.quantize_with(WeightFakeQuantize(WEIGHTS, folded.folded()[0], "layer"), of_x)
    return folded, of_x(x)


@pytest.mark.parametrize("case", ["no bias", "with bias", "depthwise", "linear"])
def test_in_training_the_quantized_weights_meet_the_batchs_statistics(case):
    """The definition, in float64 from float32 weights: quantize w * gamma / running sigma; undo
    that factor; normalize with the mean and variance of the float layer's output.

    float32: sums of at most 36 products, results below 2^5 (both checked): 40 * 2^5 * 2^-24 for
    the sum, four further roundings, times batch / running sigma below 8: 8 * 44 * 2^5 * 2^-24.
    """
    folded, x = quantized(case)
    layer, norm = copy.deepcopy(folded.layer).double(), copy.deepcopy(folded.batchnorm).double()
    weight = folded.folded()[0].detach()
    qparams = MinMaxObserver(dtype="int4", scheme="symmetric", axis=0).fit(weight.numpy()).qparams()
    rounded = FakeQuantize(qparams)(weight).double()
    plain = layer(x.double())
    variance, mean = torch.var_mean(plain, [k for k in range(plain.dim()) if k != 1], correction=0)
    along = (1, -1) + (1,) * (plain.dim() - 2)
    layer.weight.data = rounded
    layer.bias.data.zero_()
    ratio = ((norm.running_var + norm.eps) / (variance + norm.eps)).sqrt()
    shift = norm.bias - mean * norm.weight / (variance + norm.eps).sqrt()
    if case in ("with bias", "linear"):
        shift += folded.layer.bias.double() * norm.weight / (variance + norm.eps).sqrt()
    expected = (layer(x.double()) * ratio.view(along) + shift.view(along)).detach()
    result = folded.train()(x)
    assert expected.abs().max() < 2**5
    assert ratio.max() < 8
    assert (result.double() - expected).abs().max() <= 8 * 44 * 2**5 * 2.0**-24
    assert torch.equal(result[:, 0], folded.batchnorm.bias[0].expand_as(result[:, 0]))  # gamma 0


@pytest.mark.parametrize("case", CASES)
def test_in_eval_it_is_the_layer_of_its_integers(case):
    folded, x = quantized(case)
    folded.eval()
    made = folded.integers()
    alone = copy.deepcopy(folded.layer)
    alone.weight.data = torch.tensor(made.dequantized)
    alone.bias.data = torch.tensor(made.dequantized_bias)
    assert torch.equal(folded(x), alone(x))
    # The bias is on the ruler of the sums, and all gradients pass straight through its rounding.
    steps = alone.bias.detach().double().numpy() / made.bias_scale.astype(np.float64)
    np.testing.assert_allclose(steps, made.bias_q, rtol=2.0**-23)
    folded(x).sum().backward()
    assert folded.layer.weight.grad.abs().sum() > 0
    if folded.batchnorm.affine:
        per_channel = x.new_full((folded(x)[:, 0].numel(),), 1.0).sum()
        assert folded.batchnorm.bias.grad[0] == per_channel


def test_a_channel_without_weights_keeps_its_bias():
    """Its ruler is made for the bias: 2^23 steps, so at most 2^-24 of it is lost, and as much
    again by rounding the products."""
    conv = nn.Conv2d(2, 2, 1)
    with torch.no_grad():
        conv.weight[0] = 0.0
        conv.bias.copy_(torch.tensor([3.3, -0.2]))
    folded = FoldedLayer(conv).eval()
    of_x = FakeQuantize(QParams(0.05, 128, "uint8"))
    folded.quantize_with(WeightFakeQuantize(WEIGHTS, conv.weight, "conv"), of_x)
    y = folded(of_x(torch.randn(1, 2, 3, 3)))[0, 0]
    assert (y - 3.3).abs().max() <= 4 * 2.0**-24 * 3.3
    assert folded.integers().bias_q[0] == pytest.approx(2**23, abs=1)


def test_weights_are_looked_at_each_time_until_frozen():
    weight = nn.Parameter(torch.tensor([[1.0, -7.0], [0.5, 0.1]]))
    ruler = WeightFakeQuantize(WEIGHTS, weight, "fc")
    np.testing.assert_allclose(ruler.qparams.scale, [1.0, 0.5 / 7], rtol=1e-7)
    with torch.no_grad():
        weight.mul_(2)
    ruler(weight)
    np.testing.assert_allclose(ruler.qparams.scale, [2.0, 1 / 7], rtol=1e-7)
    ruler.freeze()
    with torch.no_grad():
        weight.mul_(2)
    assert ruler(weight)[0].tolist() == [4.0, -16.0]  # -28 saturates at -8 * 2
    ruler.freeze(False)
    assert ruler(weight)[0].tolist() == [4.0, -28.0]


@pytest.mark.parametrize("scheme", ["asymmetric", "symmetric"])
def test_the_ends_of_an_activations_ruler_are_a_moving_average(scheme):
    """end += 0.01 * (batch's end - end), in float64; float32 rounds three times a batch, and two
    batches leave 6 * 2^-24 and the scale's own rounding: 1e-6 relative."""
    rule = Rule("uint8", scheme, "per-tensor", "minmax")
    start = choose_qparams(-1.0, 3.0, scheme=scheme)
    ruler = ActivationFakeQuantize(rule, start, "relu").train()
    lo, hi = (-1.0, 3.0) if scheme == "asymmetric" else (-3.0, 3.0)
    lo, hi = (float(start.lo), float(start.hi)) if scheme == "asymmetric" else (lo, hi)
    for batch in ([-9.0, 1.0, 5.0], [-4.0, 0.0, 2.0]):
        ruler(torch.tensor(batch))
        lo += 0.01 * (batch[0] - lo)
        hi += 0.01 * (batch[-1] - hi)
    expected = choose_qparams(lo, hi, scheme=scheme)
    assert ruler.qparams.zero_point == expected.zero_point
    assert float(ruler.qparams.scale) == pytest.approx(float(expected.scale), rel=1e-6)
    before = ruler.qparams
    ruler.eval()(torch.tensor([100.0]))
    assert ruler.qparams == before
    ruler.train().freeze()
    ruler(torch.tensor([100.0]))
    assert ruler.qparams == before


def test_a_batch_is_seen_by_the_rules_own_observer():
    """99 % of the values: the one value of 1000 is left out, and the end stays near 1."""
    rule = Rule(settings={"percentile": 99.0}).filled_in(ACTIVATIONS)
    ruler = ActivationFakeQuantize(rule, choose_qparams(0.0, 1.0), "relu").train()
    ruler(torch.cat([torch.linspace(0, 1, 999), torch.tensor([1000.0])]))
    assert float(ruler.qparams.hi) < 1.01


def test_the_average_goes_on_where_a_loaded_state_was():
    rule = Rule(observer="minmax").filled_in(ACTIVATIONS)
    first = ActivationFakeQuantize(rule, choose_qparams(0.0, 1.0), "relu").train()
    first(torch.tensor([5.0]))
    second = ActivationFakeQuantize(rule, choose_qparams(-1.0, 9.0), "relu").train()
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for ruler in (first, second):
        ruler(torch.tensor([7.0]))
    assert second.qparams == first.qparams


def test_numbers_that_are_not_finite_are_named():
    ruler = ActivationFakeQuantize(ACTIVATIONS, choose_qparams(0.0, 1.0), "features.3").train()
    with pytest.raises(ValueError, match=r"layer features\.3 gives NaN or infinity in training"):
        ruler(torch.tensor([float("nan")]))
    of_weights = WeightFakeQuantize(WEIGHTS, torch.ones(2, 2), "stem.conv")
    with pytest.raises(ValueError, match=r"weights of layer stem\.conv hold NaN or infinity"):
        of_weights(torch.full((2, 2), float("inf")))
