"""Corrected biases against means measured apart from the code, and both ways against each other."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import fx, nn

from quantlab.methods import (
    Recipe,
    Rule,
    correct_bias_analytic,
    correct_bias_empirical,
    quantize_model,
)
from quantlab.methods.improve.layers import layer_of, node_named, output_of
from tests.support.networks import images, small_resnet

INT4 = Rule("int4", "symmetric", "per-channel", "minmax", narrow=True)
BATCHES = [torch.from_numpy(images(4, size=16, seed=seed)) for seed in range(2)]


class Recording(fx.Interpreter):
    """Inputs and outputs of the named nodes, batch after batch."""

    def __init__(self, graph, names):
        super().__init__(graph, garbage_collect_values=False)
        self.names, self.inputs, self.outputs = names, {}, {}

    def run_node(self, n):
        value = super().run_node(n)
        if n.name in self.names:
            self.inputs.setdefault(n.name, []).append(self.env[n.all_input_nodes[0]])
            self.outputs.setdefault(n.name, []).append(value)
        return value


def recorded(graph, names, batches):
    recording = Recording(graph, set(names))
    with torch.no_grad():
        for batch in batches:
            recording.run(batch)
    join = {name: torch.cat(parts) for name, parts in recording.inputs.items()}
    return join, {name: torch.cat(parts) for name, parts in recording.outputs.items()}


def means(values):
    return values.double().transpose(0, 1).flatten(1).mean(dim=1).numpy()


def mean_errors(model, batches):
    """Of each layer: difference of the float and quantized means, and how far rounding reaches."""
    _, wanted = recorded(model.graph, model.weights, batches)
    inputs, got = recorded(model.fake_quantized_model, model.weights, batches)
    errors, rounding = {}, {}
    for name, weight in model.weights.items():
        errors[name] = np.abs(means(wanted[name]) - means(got[name]))
        module = layer_of(model.graph, node_named(model.graph, name))
        magnitudes = output_of(
            module,
            torch.from_numpy(np.abs(weight.dequantized)),
            torch.from_numpy(np.abs(weight.dequantized_bias)),
            inputs[name].abs(),
        )
        # A sum of k products and a bias rounds k + 1 times, 2^-24 of at most the sum of absolute
        # values each time; the bias takes part in it before and after the correction.
        terms = weight.q[0].size + 2
        rounding[name] = 2 * terms * 2**-24 * float(magnitudes.max())
    return errors, rounding


@pytest.fixture(scope="module")
def resnet():
    return quantize_model(small_resnet(), BATCHES, Recipe(weights=INT4))


def test_empirical_every_layer_s_means_agree_to_half_a_step_of_its_bias(resnet):
    before, _ = mean_errors(resnet, BATCHES)
    corrected = correct_bias_empirical(resnet, BATCHES)
    after, rounding = mean_errors(corrected, BATCHES)
    for name, weight in corrected.weights.items():
        half = weight.bias_scale.astype(np.float64) / 2
        assert (after[name] <= half + rounding[name]).all(), name
        assert before[name].max() > 10 * after[name].max(), name


def test_empirical_only_biases_change(resnet):
    corrected = correct_bias_empirical(resnet, BATCHES)
    for name, weight in resnet.weights.items():
        other = corrected.weights[name]
        assert np.array_equal(weight.q, other.q)
        assert weight.qparams == other.qparams
        assert not np.array_equal(weight.bias_q, other.bias_q)
    assert corrected.activations == resnet.activations
    assert corrected.graph is resnet.graph


def test_layers_without_a_bias_get_one():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.ReLU(), nn.Conv2d(4, 4, 1, bias=False))
    quantized = quantize_model(model, BATCHES, Recipe(weights=INT4))
    assert all(weight.bias_q is None for weight in quantized.weights.values())
    corrected = correct_bias_empirical(quantized, BATCHES)
    assert all(weight.bias_q is not None for weight in corrected.weights.values())
    with torch.no_grad():
        wanted = means(model(BATCHES[0]))
    before, after = (
        np.abs(wanted - means(one(BATCHES[0]))).max()
        for one in (quantized, correct_bias_empirical(quantized, BATCHES[:1]))
    )
    assert after < before / 2


GAMMA = [0.5, -2.0, 0.25, 3.0, 0.5]
BETA = [8.0, 1.0, 3.0, -1.0, 5.0]


def gaussian_net(activation):
    """What BatchNorm says of the first layer is true here: the input is N(0, 1) at every pixel."""
    torch.manual_seed(1)
    first = nn.Conv2d(5, 5, 1, bias=False)
    first.weight.data = torch.eye(5).reshape(5, 5, 1, 1)
    norm = nn.BatchNorm2d(5, eps=0.0)
    norm.weight.data, norm.bias.data = torch.tensor(GAMMA), torch.tensor(BETA)
    return nn.Sequential(first, norm, activation, nn.Conv2d(5, 6, 3, padding=1), nn.ReLU())


ACTIVATIONS = {"relu": nn.ReLU(), "relu6": nn.ReLU6(), "none": nn.Identity()}
FINE = Rule("uint16", "asymmetric", "per-tensor", "minmax")


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_analytic_agrees_with_empirical_on_normal_data(activation):
    """A Monte Carlo bound of six deviations.

    The mean error is a sum over input channels c and pixels p of dW-sums times x_cp, divided by the
    number n of pixels. The pixels are independent, clipping does not raise their deviation beyond
    |gamma_c|, and at most the absolute sum of dW over the kernel meets a pixel: so the deviation of
    the mean is at most sqrt(sum_c (sum |dW_c| gamma_c)^2 / n). Eighteen bounds of six deviations
    are passed by chance once in 10^7. At 4 x 4 pixels a quarter of a tap's places is padding.
    """
    noise = torch.randn(2048, 5, 4, 4, generator=torch.Generator().manual_seed(2))
    recipe = Recipe(weights=INT4, activations=FINE)
    model = quantize_model(gaussian_net(activation), [noise], recipe)
    done = correct_bias_analytic(model)
    assert [one.layer for one in done.left_out] == ["_0"]
    last = "_3"
    empirical = correct_bias_empirical(model, [noise])
    by_data = empirical.weights[last].bias.astype(np.float64) - model.weights[last].bias
    weight = model.weights[last]
    exact = layer_of(model.graph, node_named(model.graph, last)).weight.numpy()
    error = np.abs(weight.dequantized.astype(np.float64) - exact).sum(axis=(2, 3))
    deviation = np.sqrt(np.square(error * GAMMA).sum(axis=1) / (2048 * 16))
    # Inputs lie on a ruler of 65535 steps: half a step through all weights. Both biases lie on
    # one too, and float32 sums of 46 terms below 400 are rounded.
    x = model.activations[node_named(model.graph, last).all_input_nodes[0].name]
    step = float(x.scale) / 2 * np.abs(weight.dequantized).sum(axis=(1, 2, 3))
    rounding = step + weight.bias_scale + 2 * 46 * 2**-24 * 400
    assert (np.abs(done.shifts[last] - by_data) <= 6 * deviation + rounding).all()
    # The correction is larger than the bound, so that agreement says something.
    assert (np.abs(by_data) > 6 * deviation + rounding).sum() >= 3


def test_analytic_lowers_the_mean_error_it_was_made_for():
    noise = torch.randn(64, 5, 8, 8, generator=torch.Generator().manual_seed(3))
    recipe = Recipe(weights=INT4, activations=FINE)
    model = quantize_model(gaussian_net(nn.ReLU()), [noise], recipe)
    corrected = correct_bias_analytic(model).model
    (before, _), (after, _) = (mean_errors(one, [noise]) for one in (model, corrected))
    assert after["_3"].max() < before["_3"].max() / 3
    assert np.array_equal(model.weights["_3"].q, corrected.weights["_3"].q)


def test_a_recipe_and_the_functions_agree(resnet):
    for way, expected in (
        ("empirical", correct_bias_empirical(resnet, BATCHES)),
        ("analytic", correct_bias_analytic(resnet).model),
    ):
        recipe = replace(resnet.recipe, bias_correction=way)
        # A generator can be read once; the recipe needs its batches twice.
        made = quantize_model(small_resnet(), (batch for batch in BATCHES), recipe)
        for name, weight in expected.weights.items():
            assert np.array_equal(made.weights[name].bias_q, weight.bias_q)


def test_no_batches_and_other_shapes_are_refused(resnet):
    with pytest.raises(ValueError, match="calibration holds no batch"):
        correct_bias_empirical(resnet, [])
    with pytest.raises(ValueError, match="calibration batch 1 has shape"):
        correct_bias_empirical(resnet, [BATCHES[0], BATCHES[0][:, :, :8]])


def test_progress_is_shown_on_stderr(resnet, capsys):
    correct_bias_empirical(resnet, BATCHES[:1], progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "correcting biases" in err
    correct_bias_empirical(resnet, BATCHES[:1])
    assert capsys.readouterr() == ("", "")


class OverPlaces(nn.Module):
    """Linear layers over the channels of each pixel, as in a mixer: images, two axes, channels."""

    def __init__(self):
        super().__init__()
        self.conv, self.wide, self.back = nn.Conv2d(3, 6, 3), nn.Linear(6, 12), nn.Linear(12, 5)

    def forward(self, x):
        return self.back(torch.relu(self.wide(self.conv(x).permute(0, 2, 3, 1))))


def test_empirical_a_linear_layer_over_places_has_a_mean_for_each_of_its_outputs():
    """Its outputs lie along the last axis; the middle ones are as long as nothing else here."""
    torch.manual_seed(0)
    model = quantize_model(OverPlaces().eval(), BATCHES, Recipe(weights=INT4))
    corrected = correct_bias_empirical(model, BATCHES)
    names = ["wide", "back"]
    _, wanted = recorded(model.graph, names, BATCHES)
    _, before = recorded(model.fake_quantized_model, names, BATCHES)
    _, after = recorded(corrected.fake_quantized_model, names, BATCHES)
    for name in names:
        right, old, new = (
            part[name].double().mean((0, 1, 2)).numpy() for part in (wanted, before, after)
        )
        half = corrected.weights[name].bias_scale.astype(np.float64) / 2
        # 14 roundings of 2^-24 in a sum of values below 16, in both.
        assert (np.abs(new - right) <= half + 2 * 14 * 2**-20).all(), name
        assert np.abs(old - right).max() > 4 * np.abs(new - right).max(), name


def test_analytic_a_linear_layer_along_rows_reads_the_mean_of_its_channel():
    """`dW E[x]` by hand: each of 4 channels has its mean in all places of a row of 6."""
    torch.manual_seed(1)
    norm = nn.BatchNorm2d(4)
    norm.bias.data = torch.tensor([8.0, 9.0, 20.0, 30.0])  # so far above 0 that a ReLU cuts nothing
    net = nn.Sequential(nn.Conv2d(3, 4, 3), norm, nn.ReLU(), nn.Linear(6, 7)).eval()
    x = torch.randn(2, 3, 8, 8)
    model = quantize_model(net, [x], Recipe(weights=INT4))
    found = correct_bias_analytic(model)
    error = model.weights["_3"].dequantized.astype(np.float64) - net[3].weight.detach().numpy()
    by_hand = -(error.sum(axis=1) * norm.bias.detach().double().numpy().mean())
    # The mean of max(0, N(8, 1)) is 8 to 1e-16.
    np.testing.assert_allclose(found.shifts["_3"], by_hand, rtol=1e-9)
