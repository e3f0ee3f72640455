"""A variant without new calibration is the model that a recipe with such rules would have given."""

import numpy as np
import pytest

from quantlab.analysis import with_weight_rules
from quantlab.methods import Recipe, Rule, quantize_model
from tests.support.networks import images, small_resnet

CALIBRATION = [images(4, 32, seed=seed) for seed in range(2)]
MODEL = quantize_model(small_resnet(8), CALIBRATION)


@pytest.mark.parametrize(
    ("weights", "layers"),
    [
        (Rule("int8", "symmetric", "per-tensor"), {}),
        (Rule("int4"), {"head": Rule("int8")}),
        (Rule("int8", observer="mse"), {"stem.0.0": Rule("int4", granularity="per-tensor")}),
    ],
)
def test_it_equals_quantizing_anew(weights, layers):
    recipe = Recipe(weights=weights, layers=layers)
    anew = quantize_model(small_resnet(8), CALIBRATION, recipe)
    variant = with_weight_rules(MODEL, weights, layers)
    assert variant.recipe == anew.recipe
    assert dict(variant.activations) == dict(anew.activations)
    assert variant.weights.keys() == anew.weights.keys()
    for name, weight in anew.weights.items():
        assert variant.weights[name].qparams.dtype == weight.qparams.dtype
        np.testing.assert_array_equal(variant.weights[name].qparams.scale, weight.qparams.scale)
        np.testing.assert_array_equal(variant.weights[name].q, weight.q)
        np.testing.assert_array_equal(variant.weights[name].bias_q, weight.bias_q)


def test_layers_in_float_stay_there_and_the_model_is_not_changed():
    kept = quantize_model(small_resnet(8), CALIBRATION, Recipe(keep_float=("head",)))
    before = {name: weight.q.copy() for name, weight in kept.weights.items()}
    variant = with_weight_rules(kept, Rule("int4"))
    assert variant.weights.keys() == kept.weights.keys()
    assert variant.recipe.keep_float == ("head",)
    for name, weight in kept.weights.items():
        np.testing.assert_array_equal(weight.q, before[name])


def test_an_unknown_layer_is_refused():
    with pytest.raises(ValueError, match="nowhere"):
        with_weight_rules(MODEL, Rule("int8"), {"nowhere": Rule("int4")})


def test_biases_that_were_corrected_for_other_weights_are_refused():
    corrected = quantize_model(small_resnet(8), CALIBRATION, Recipe(bias_correction="empirical"))
    with pytest.raises(ValueError, match="improved for the weights"):
        with_weight_rules(corrected, Rule("int4"))
