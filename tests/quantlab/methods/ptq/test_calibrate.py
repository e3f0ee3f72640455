"""Calibration: the observers' own answers, streaming, and every bad batch."""

import numpy as np
import pytest
import torch
from torch import nn

from quantlab.methods import Recipe, Rule, calibrate, fold_batchnorm, place_qparams, trace_model
from quantlab.methods.rule import OBSERVERS

RNG = np.random.default_rng(0)
BATCHES = [RNG.normal(size=(n, 3, 8, 8)).astype(np.float32) for n in (2, 3, 1)]


def small_net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 2, 1)
    ).eval()


def prepared(model=None, recipe=None):
    graph = fold_batchnorm(trace_model(model or small_net(), BATCHES[0]))
    recipe = recipe or Recipe()
    return graph, place_qparams(graph, recipe), recipe


def values_of(graph, batches):
    """Every tensor of the graph on every batch, by calling it up to each node."""
    seen = {}
    for batch in batches:
        env = torch.fx.Interpreter(graph, garbage_collect_values=False)
        env.run(torch.from_numpy(batch))
        for node, value in env.env.items():
            seen.setdefault(node.name, []).append(value)
    return seen


@pytest.mark.parametrize("observer", OBSERVERS)
def test_each_ruler_is_its_observer_s_over_the_float_tensor(observer):
    settings = {"steps": 8} if observer == "mse" else {}
    graph, placement, recipe = prepared(
        recipe=Recipe(activations=Rule(observer=observer, settings=settings))
    )
    with torch.no_grad():
        seen = values_of(graph, BATCHES)
        found = calibrate(graph, placement, BATCHES, recipe)
    assert set(found) == {*placement.own_qparams, *placement.shared_qparams}
    for name in placement.own_qparams:
        expected = recipe.activations.make_observer()
        for value in seen[name]:
            expected.partial_fit(value.numpy())
        assert found[name] == expected.qparams(), name
    for tensor, root in placement.shared_qparams.items():
        assert found[tensor] is found[root]


def test_batches_may_be_tensors_or_a_generator():
    graph, placement, recipe = prepared()
    expected = calibrate(graph, placement, BATCHES, recipe)
    tensors = (torch.from_numpy(batch) for batch in BATCHES)
    assert calibrate(graph, placement, tensors, recipe) == expected


def test_calibration_data_is_not_changed():
    graph, placement, recipe = prepared(nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(3, 1, 1)))
    before = [batch.copy() for batch in BATCHES]
    calibrate(graph, placement, BATCHES, recipe)
    for batch, copy in zip(BATCHES, before, strict=True):
        np.testing.assert_array_equal(batch, copy)


def test_zero_batches_are_refused():
    graph, placement, recipe = prepared()
    for empty in ([], iter(())):
        with pytest.raises(ValueError, match="calibration holds no batch, but ranges come from"):
            calibrate(graph, placement, empty, recipe)


@pytest.mark.parametrize(
    ("second", "error", "sentence"),
    [
        (
            np.zeros((2, 3, 9, 8), np.float32),
            ValueError,
            r"batch 1 has shape \(2, 3, 9, 8\), but the first one fixed \(N, 3, 8, 8\)",
        ),
        (np.zeros((2, 1, 8, 8), np.float32), ValueError, "bring all images to one size"),
        (np.zeros((3, 8, 8), np.float32), ValueError, r"batch 1 has shape \(3, 8, 8\)"),
        (np.zeros((2, 3, 8, 8)), TypeError, "batch 1 has dtype float64, but the model computes"),
        (np.zeros((2, 3, 8, 8), np.uint8), TypeError, "batch 1 has dtype uint8"),
        ((BATCHES[0], [0, 1]), TypeError, "batch 1 is a tuple of 2, but a batch is one array"),
        (None, TypeError, "batch 1 is a NoneType"),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(second, error, sentence):
    graph, placement, recipe = prepared()
    with pytest.raises(error, match=sentence):
        calibrate(graph, placement, [BATCHES[0], second], recipe)


def test_nan_in_the_images_is_named():
    graph, placement, recipe = prepared()
    bad = BATCHES[0].copy()
    bad[0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="a calibration batch holds NaN or infinity: check how"):
        calibrate(graph, placement, [bad], recipe)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 3e38])
def test_the_first_layer_that_gives_nan_is_named(value):
    model = nn.Sequential()
    model.add_module("stem", nn.Conv2d(3, 4, 3))
    model.add_module("body", nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 1)))
    with torch.no_grad():
        model.body[0].weight[:] = value
    graph, placement, recipe = prepared(model)
    # Its own tensor has no ruler: the ReLU's has.
    with pytest.raises(ValueError, match=r"layer body\.0 gives NaN or infinity on a calibration"):
        calibrate(graph, placement, BATCHES, recipe)


def test_the_first_layer_is_named_also_among_float_ones():
    class Roots(nn.Module):
        def forward(self, x):
            return torch.tanh(torch.sqrt(x))

    graph, placement, recipe = prepared(nn.Sequential(Roots(), nn.Conv2d(3, 1, 1)))
    with pytest.raises(ValueError, match="layer sqrt gives NaN or infinity"):
        calibrate(graph, placement, BATCHES, recipe)


def test_what_an_observer_refuses_names_the_layer():
    huge = [batch * np.float32(3e37) for batch in BATCHES]
    graph, placement, recipe = prepared()
    with pytest.raises(ValueError, match="at layer input_1: batch holds a value of") as caught:
        calibrate(graph, placement, huge, recipe)
    assert "\n" not in str(caught.value)


def test_ctrl_c_passes_through_and_changes_nothing():
    graph, placement, recipe = prepared()
    before = {name: value.clone() for name, value in graph.state_dict().items()}

    def interrupted():
        yield BATCHES[0]
        raise KeyboardInterrupt

    for progress in (False, True):
        with pytest.raises(KeyboardInterrupt):
            calibrate(graph, placement, interrupted(), recipe, progress=progress)
    assert all(torch.equal(before[name], value) for name, value in graph.state_dict().items())
    assert calibrate(graph, placement, BATCHES, recipe)


def test_progress_is_shown_on_stderr_only(capsys):
    graph, placement, recipe = prepared()
    shown = calibrate(graph, placement, BATCHES, recipe, progress=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert "calibrating" in said.err
    assert "3/3" in said.err
    assert shown == calibrate(graph, placement, BATCHES, recipe)
    assert capsys.readouterr().err == ""


def hot_and_clipped():
    """393,216 values in [0, 1), and the same with one hot pixel."""
    clean = [RNG.random((512, 3, 8, 8)).astype(np.float32) for _ in range(4)]
    hot = [batch.copy() for batch in clean]
    hot[0][0, 0, 5, 5] = 4000.0
    return clean, hot


def test_no_tensor_follows_one_hot_pixel_that_the_input_s_ruler_leaves_out():
    clean, hot = hot_and_clipped()
    graph, placement, recipe = prepared()
    right, found = (calibrate(graph, placement, batches, recipe) for batches in (clean, hot))
    for name, ruler in right.items():
        # Clipped, the hot pixel is one more of the largest values: an end moves by one step of the
        # observer's counts, 2^-7 of itself, and each ruler has two ends.
        assert abs(found[name].scale / ruler.scale - 1) <= 2 * 2**-7, name


def test_a_hot_pixel_within_the_ruler_is_no_outlier():
    _, hot = hot_and_clipped()
    graph, placement, recipe = prepared(recipe=Recipe(activations=Rule(observer="minmax")))
    assert calibrate(graph, placement, hot, recipe)[placement.own_qparams[0]].hi == 4000


def test_a_generator_with_a_far_value_is_told_to_be_a_list():
    _, hot = hot_and_clipped()
    graph, placement, recipe = prepared()
    with pytest.warns(UserWarning, match="hold 4000, far beyond the input's ruler.*pass a list"):
        calibrate(graph, placement, (batch for batch in hot), recipe)
