"""What a recipe asks for is done to the weights: end to end, and through JSON."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods import (
    LearnedRounding,
    Recipe,
    Rule,
    equalize,
    fold_batchnorm,
    learn_rounding,
    quantize_model,
    trace_model,
)
from quantlab.numerics import quantize
from tests.support.networks import images, small_unet

QUICK = LearnedRounding(steps=20, learning_rate=0.4, batch_size=4)
INT4 = Recipe(weights=Rule("int4", "symmetric", "per-channel", "minmax", narrow=True))
BATCHES = [torch.from_numpy(images(4, size=16, seed=seed)) for seed in range(2)]
WAYS = {
    "equalize": {"equalize": True},
    "analytic": {"bias_correction": "analytic"},
    "empirical": {"bias_correction": "empirical"},
    "rounding": {"learned_rounding": QUICK},
    "all": {"equalize": True, "bias_correction": "empirical", "learned_rounding": QUICK},
}


def small_net():
    """The first layer's inputs have no BatchNorm, those of the others do."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 16, 1), nn.BatchNorm2d(16), nn.ReLU6(),
        nn.Conv2d(16, 16, 3, groups=16), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5),
    )  # fmt: skip
    with torch.no_grad():
        for _ in range(20):  # statistics that belong to the weights
            net(torch.cat(BATCHES))
    return net.eval()


def changed_integers(one, other):
    """How many weights and how many biases are other integers."""
    pairs = [(one.weights[name], other.weights[name]) for name in one.weights]
    return (
        sum(int((a.q != b.q).sum()) for a, b in pairs),
        sum(int((a.bias_q != b.bias_q).sum()) for a, b in pairs),
    )


@pytest.fixture(scope="module")
def plain():
    return quantize_model(small_net(), BATCHES, INT4)


@pytest.mark.parametrize("settings", WAYS.values(), ids=WAYS)
def test_a_recipe_read_from_json_changes_the_integers_it_should(settings, plain):
    recipe = Recipe.from_json(replace(INT4, **settings).to_json())
    assert recipe == replace(INT4, **settings)
    # A generator can be read once.
    made = quantize_model(small_net(), (batch for batch in BATCHES), recipe)
    assert made.recipe == recipe
    weights, biases = changed_integers(plain, made)
    assert (weights > 0) == ("equalize" in settings or "learned_rounding" in settings)
    assert (biases > 0) == (settings != {"learned_rounding": QUICK})


def test_the_same_recipe_gives_the_same_integers():
    recipe = replace(INT4, **WAYS["all"])
    one, other = (quantize_model(small_net(), BATCHES, recipe) for _ in range(2))
    assert changed_integers(one, other) == (0, 0)


def output_error(model, quantized, x):
    with torch.no_grad():
        return float((model(x) - quantized(x)).square().mean())


@pytest.mark.parametrize("settings", WAYS.values(), ids=WAYS)
def test_each_way_lowers_the_error_of_four_bit_weights_on_other_images(settings):
    """The U-Net's error with the nearest integers is far larger than the images' spread."""
    model = small_unet()
    x = torch.from_numpy(images(8, size=16, seed=9))
    nearest = output_error(model, quantize_model(model, BATCHES, INT4), x)
    made = quantize_model(model, BATCHES, replace(INT4, **settings))
    assert output_error(model, made, x) < nearest


def test_learned_integers_are_at_most_one_step_from_the_nearest(plain):
    learned = learn_rounding(plain, BATCHES, QUICK)
    for name, weight in learned.weights.items():
        module = plain.graph.get_submodule(
            next(node.target for node in plain.graph.graph.nodes if node.name == name)
        )
        nearest = quantize(module.weight.numpy(), weight.qparams)
        assert np.array_equal(plain.weights[name].q, nearest)
        assert np.abs(weight.q.astype(np.int64) - nearest).max() <= 1
        assert weight.qparams == plain.weights[name].qparams
        assert np.array_equal(weight.bias_q, plain.weights[name].bias_q)


def test_interrupted_learning_leaves_the_model_as_it_was(plain):
    before = {name: weight.q.copy() for name, weight in plain.weights.items()}
    expected = plain(BATCHES[0])

    class Stopping(list):
        def __iter__(self):
            yield BATCHES[0]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_rounding(plain, Stopping(), QUICK)
    assert all(np.array_equal(before[name], weight.q) for name, weight in plain.weights.items())
    assert torch.equal(plain(BATCHES[0]), expected)


def test_progress_of_learning_is_shown_on_stderr(capsys):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    recipe = replace(INT4, learned_rounding=replace(QUICK, steps=2))
    quantize_model(model, BATCHES, recipe, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "learning to round" in err
    assert "2/2" in err


class Unequal(nn.Module):
    """No BatchNorm, and channels whose magnitudes differ a hundredfold but matter alike."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 16, 3), nn.Conv2d(16, 8, 1)
        factor = 10 ** torch.linspace(-1, 1, 16)
        self.first.weight.data *= factor.reshape(-1, 1, 1, 1)
        self.first.bias.data = factor * torch.linspace(-1, 2, 16)
        self.second.weight.data /= factor.reshape(1, -1, 1, 1)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def test_equalize_measures_where_there_was_no_batchnorm_and_saves_per_tensor_weights():
    """Weights of one layer over two decades: the small ones have a hundredth of the steps.

    Half a step for weights that reach 50 steps instead of 127 at most, and for others that reach
    1 step: after equalization the mean squared error is lower by far more than the ten asked.
    """
    rule = Rule("int8", "symmetric", "per-tensor", "minmax", narrow=True)
    fine = Rule("uint16", "asymmetric", "per-tensor", "minmax")
    recipe, model = Recipe(weights=rule, activations=fine), Unequal()
    x = BATCHES[1]
    before = output_error(model, quantize_model(model, BATCHES, recipe), x)
    even = quantize_model(model, iter(BATCHES), replace(recipe, equalize=True))
    assert output_error(model, even, x) < before / 10
    # What was absorbed is gone from the first layer's output.
    plain = equalize(fold_batchnorm(trace_model(model, x))).graph
    assert even.graph.get_submodule("first").bias.max() < plain.get_submodule("first").bias.max()
