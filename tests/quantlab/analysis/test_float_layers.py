"""A variant without new calibration is the model that a recipe with keep_float would have given."""

import numpy as np
import onnx
import pytest
import torch

from quantlab.analysis import with_float_layers
from quantlab.analysis.float_layers import computing_layers
from quantlab.deploy import open_session
from quantlab.deploy.export.export_onnx import build_onnx
from quantlab.methods import Recipe, quantize_model
from tests.support.networks import images, small_resnet, small_unet

CALIBRATION = [images(4, 32, seed=seed) for seed in range(2)]
X = images(2, 32, seed=9)


def resnet():
    return quantize_model(small_resnet(8), CALIBRATION)


MODEL = resnet()


@pytest.mark.parametrize("kept", [["head"], ["stem.0.0", "stages.0", "add"], ["add"], ["flatten"]])
def test_it_equals_quantizing_anew_with_keep_float(kept):
    anew = quantize_model(small_resnet(8), CALIBRATION, Recipe(keep_float=tuple(kept)))
    variant = with_float_layers(MODEL, kept)
    assert variant.placement == anew.placement
    assert dict(variant.activations) == dict(anew.activations)
    assert variant.weights.keys() == anew.weights.keys()
    for name, weight in anew.weights.items():
        np.testing.assert_array_equal(variant.weights[name].q, weight.q)
        np.testing.assert_array_equal(variant.weights[name].bias_q, weight.bias_q)
    assert variant.recipe == anew.recipe


def test_all_layers_in_float_is_the_float_model():
    variant = with_float_layers(MODEL, computing_layers(MODEL))
    assert not variant.activations
    assert not variant.weights
    run = open_session(build_onnx(variant)).run(None, {"input": X})[0]
    expected = open_session(build_onnx(MODEL.graph)).run(None, {"input": X})[0]
    np.testing.assert_array_equal(run, expected)


def integer_operators(model, path):
    """Operators that compute on integers in the graph that ONNX Runtime really runs."""
    open_session(build_onnx(model), optimized_path=path)
    operators = [node.op_type for node in onnx.load(path).graph.node]
    return [o for o in operators if o.startswith("Q") and o != "QuantizeLinear"]


@pytest.mark.parametrize("name", ["stem.0.0", "stages.2.shortcut.0", "add", "head"])
def test_the_runtime_computes_what_it_should_on_integers(name, tmp_path):
    every = set(computing_layers(MODEL))
    only = with_float_layers(MODEL, every - {name})
    assert len(integer_operators(only, tmp_path / "only.onnx")) == 1
    others = with_float_layers(MODEL, [name])
    assert len(integer_operators(others, tmp_path / "others.onnx")) == len(every) - 1


def test_layers_that_compute_are_listed_in_order():
    layers = computing_layers(quantize_model(small_unet(8), CALIBRATION))
    kinds = list(layers.values())
    assert (kinds[0], kinds.count("Concat"), kinds.count("MaxPool")) == ("Conv", 2, 0)


def test_what_was_float_stays_float():
    once = with_float_layers(MODEL, ["head"])
    twice = with_float_layers(once, ["add"])
    assert {layer.name for layer in twice.float_layers} >= {"head", "add"}
    assert "head" not in computing_layers(twice)


def test_parting_a_layer_from_its_relu_needs_calibration():
    net = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 1), torch.nn.ReLU(), torch.nn.Conv2d(4, 2, 1)
    ).eval()
    model = quantize_model(net, CALIBRATION)
    with pytest.raises(ValueError, match="keep '_0' in float too"):
        with_float_layers(model, ["1"])
    with pytest.raises(ValueError, match="no such layer"):
        with_float_layers(model, ["layer9"])
