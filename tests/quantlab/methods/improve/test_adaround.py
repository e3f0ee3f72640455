"""Learned rounding of one layer against every rounding there is."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from quantlab.methods.improve.adaround import Reconstruction, learn_layer_rounding
from quantlab.methods.recipe import LearnedRounding
from quantlab.numerics import QParams, choose_qparams, quantize

# A tenth of a second a layer; the default, with more and smaller steps, finds as much here.
SETTINGS = LearnedRounding(steps=300, learning_rate=0.1)


def mixed(samples, features, rng):
    """Non-negative and correlated, as activations after a ReLU are."""
    raw = rng.normal(size=(samples, features)) @ rng.normal(size=(features, features))
    return torch.from_numpy(np.maximum(raw, 0) / np.sqrt(features)).float()


def convolution(w, x):
    return F.conv2d(x, w, padding=1)


def linear_task(outputs, features, seed, samples=256, dtype="int4", activation=None):
    rng = np.random.default_rng(seed)
    inputs = mixed(samples, features, rng)
    weight = torch.from_numpy(rng.normal(size=(outputs, features))).float()
    bias = torch.from_numpy(rng.normal(size=outputs)).float()

    def layer(w, x):
        y = F.linear(x, w, bias)
        return y if activation is None else activation(y)

    high = weight.abs().amax(dim=1).numpy()
    qparams = choose_qparams(-high, high, dtype=dtype, scheme="symmetric", narrow=True, axis=0)
    return Reconstruction(layer, weight, qparams, inputs, layer(weight, inputs))


def every_rounding(task):
    """Errors of all 2^n choices of floor or ceiling, straight from the definition, in float64."""
    scale = np.asarray(task.qparams.scale, dtype=np.float64).reshape(-1, 1)
    weight = task.weight.numpy().astype(np.float64)
    floor = np.floor(weight / scale)
    x = task.inputs.numpy().astype(np.float64)
    choices = np.array(list(product([0, 1], repeat=weight.size)))
    q = np.clip(floor + choices, task.qparams.qmin, task.qparams.qmax)
    return np.square((q * scale - weight) @ x.T).mean(axis=1)


def test_most_of_what_the_best_of_all_roundings_gains_is_found():
    """Twelve weights have 4096 roundings: all are tried.

    Learning descends from one start, so the best is not promised for each layer. Over ten layers
    the mean error (geometric, so that no layer outweighs the others) falls by more than half of
    what the best rounding would let it fall, and never rises.
    """
    gained, possible = [], []
    for seed in range(10):
        task = linear_task(1, 12, seed)
        best = every_rounding(task).min()
        nearest = task.error(quantize(task.weight.numpy(), task.qparams))
        learned = task.error(learn_layer_rounding(task, SETTINGS))
        # float32 outputs of 12 products of magnitude below 100 err by 13 * 2^-24 * 100 at most,
        # which moves the root of the mean square by no more than that.
        slack = 13 * 2**-24 * 100
        assert np.sqrt(learned) >= np.sqrt(best) - slack
        assert learned <= nearest
        gained.append(np.log(nearest / learned))
        possible.append(np.log(nearest / best))
    assert sum(gained) > sum(possible) / 2


@pytest.mark.parametrize("activation", [None, torch.relu], ids=["linear", "relu"])
def test_lower_error_on_data_it_has_not_seen(activation):
    """Half of the samples are held out; both halves come from one distribution."""
    whole = linear_task(16, 72, seed=1, samples=1024, activation=activation)
    seen, unseen = (
        Reconstruction(whole.layer, whole.weight, whole.qparams, x, t)
        for x, t in zip(whole.inputs.split(512), whole.targets.split(512), strict=True)
    )
    nearest = quantize(whole.weight.numpy(), whole.qparams)
    learned = learn_layer_rounding(seen, SETTINGS)
    assert unseen.error(learned) < unseen.error(nearest)


@pytest.mark.parametrize("dtype", ["int4", "uint4", "int8"])
@pytest.mark.parametrize("axis", [None, 0])
def test_every_integer_is_one_of_the_two_around_the_weight(dtype, axis):
    rng = np.random.default_rng(0)
    weight = torch.from_numpy(rng.normal(size=(6, 4, 3, 3))).float()
    inputs = mixed(16, 4 * 25, rng).reshape(16, 4, 5, 5)
    # The range is narrower than the weights, so that some are cut at both ends.
    low, high = (np.full(6, end) for end in (-0.7, 1.1))
    ends = (low, high) if axis == 0 else (low[0], high[0])
    qparams = choose_qparams(*ends, dtype=dtype, axis=axis)
    task = Reconstruction(convolution, weight, qparams, inputs, convolution(weight, inputs))
    learned = learn_layer_rounding(task, LearnedRounding(steps=50, learning_rate=0.3))
    nearest = quantize(weight.numpy(), qparams)
    assert learned.dtype == nearest.dtype
    assert learned.shape == nearest.shape
    z, s = (np.reshape(part, (-1, 1, 1, 1)) for part in (qparams.zero_point, qparams.scale))
    floor = np.floor(weight.numpy() / s.astype(np.float32)).astype(np.int64) + z
    around = [np.clip(q, qparams.qmin, qparams.qmax) for q in (floor, floor + 1)]
    assert np.all((learned == around[0]) | (learned == around[1]))
    difference = np.abs(learned.astype(np.int64) - nearest)
    assert difference.max() == 1
    assert (difference > 0).any()


def test_the_seed_decides_and_torch_s_own_stays():
    task = linear_task(4, 24, seed=2)
    short = LearnedRounding(steps=100, batch_size=8)
    state = torch.random.get_rng_state()
    first = learn_layer_rounding(task, short)
    torch.manual_seed(5)
    again = learn_layer_rounding(task, short)
    torch.random.set_rng_state(state)
    learn_layer_rounding(task, short)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert np.array_equal(first, again)
    others = [learn_layer_rounding(task, replace(short, seed=seed)) for seed in (1, 2)]
    assert any(not np.array_equal(first, other) for other in others)


def test_the_magnitude_of_the_layer_does_not_matter():
    """A power of two scales every float32 number on the way without rounding it."""
    task = linear_task(4, 24, seed=3)
    one, other = (
        replace(task, layer=lambda w, x: x @ w.T, inputs=x, targets=x @ task.weight.T)
        for x in (task.inputs, task.inputs * 1024)
    )
    assert np.array_equal(
        learn_layer_rounding(one, SETTINGS), learn_layer_rounding(other, SETTINGS)
    )


def test_weights_on_ticks_stay():
    weight = torch.tensor([[0.5, -1.0, 1.5]])
    task = Reconstruction(
        lambda w, x: x @ w.T, weight, QParams(0.5, 0, "int4"), torch.ones(2, 3), torch.ones(2, 1)
    )
    assert learn_layer_rounding(task, SETTINGS).tolist() == [[1, -2, 3]]


def test_nearest_stays_where_learning_finds_nothing_better():
    """One input: the error of each weight alone counts, and rounding to nearest is the best."""
    rng = np.random.default_rng(4)
    weight = torch.from_numpy(rng.normal(size=(8, 1))).float()
    inputs = torch.from_numpy(rng.normal(size=(64, 1))).float()
    task = Reconstruction(
        lambda w, x: x @ w.T, weight, QParams(0.3, 0, "int4"), inputs, inputs @ weight.T
    )
    learned = learn_layer_rounding(task, LearnedRounding(steps=20, learning_rate=5.0))
    assert np.array_equal(learned, quantize(weight.numpy(), task.qparams))


def test_works_where_gradients_are_switched_off_and_counts_its_steps():
    task, counted = linear_task(2, 6, seed=0), []
    with torch.no_grad():
        learned = learn_layer_rounding(
            task, LearnedRounding(steps=7), on_step=lambda: counted.append(1)
        )
    assert len(counted) == 7
    assert learned.shape == (2, 6)


def test_interrupted_it_changes_nothing():
    task = linear_task(2, 6, seed=0)
    weight = task.weight.clone()

    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_layer_rounding(task, SETTINGS, on_step=stop)
    assert torch.equal(task.weight, weight)
