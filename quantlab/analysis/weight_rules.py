"""Other rulers for the weights of a model that is already quantized, without calibrating again.

What a tensor was in calibration does not depend on how weights are rounded: the float network was
watched. So the rulers of the activations stay, and only the weights are written anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from quantlab.base.frozen_mapping import FrozenMapping
from quantlab.methods.quantize_model import quantize_weights, weight_rules
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.methods.rule import Rule


def with_weight_rules(
    model: QuantizedModel, weights: Rule, layers: Mapping[str, Rule] = FrozenMapping()
) -> QuantizedModel:
    """The same model with its weights on other rulers.

    Parameters
    ----------
    model : QuantizedModel
    weights : Rule
        Of all weights, as in `Recipe.weights`.
    layers : mapping of str to Rule, optional
        Of single layers, as in `Recipe.layers`.

    Returns
    -------
    QuantizedModel
        Shares graph and activations with `model`; its recipe says the new rules. Weights are
        rounded to nearest.

    Raises
    ------
    ValueError
        A layer that the model does not have; a model whose biases or roundings were improved for
        the weights that it has.

    Examples
    --------
    `with_weight_rules(quantized, Rule("int4"), {"stem.0": Rule("int8")})`
    """
    recipe = replace(model.recipe, weights=weights, layers=layers)
    if recipe.bias_correction is not None or recipe.learned_rounding is not None:
        raise ValueError(
            "the model's biases or roundings were improved for the weights that it has, and others "
            "would need their own: call quantize_model with the new recipe."
        )
    rules = weight_rules(model.graph, model.placement, recipe)
    return QuantizedModel(
        graph=model.graph,
        placement=model.placement,
        activations=model.activations,
        weights=quantize_weights(model.graph, rules, model.activations),
        recipe=recipe,
    )
