"""Another choice of float layers for a model that is already quantized, without calibrating again.

A QuantizedModel is data: rulers and integers by name. A layer that stays float needs neither, and
all other layers keep theirs, so a variant is a new placement and a selection.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from quantlab.methods.graph.operators import OnnxOperator, operator_of, path_of
from quantlab.methods.ptq.placement import place_qparams
from quantlab.methods.quantized_model import QuantizedModel
from quantlab.numerics.integer_operators import integer_operator


def with_float_layers(model: QuantizedModel, names: Iterable[str]) -> QuantizedModel:
    """The same model with these layers in float besides those that already are.

    Parameters
    ----------
    model : QuantizedModel
    names : layers, by any of their names, as in `Recipe.keep_float`

    Returns
    -------
    QuantizedModel
        Shares graph, rulers and weights with `model`; its recipe says which layers stay float.

    Raises
    ------
    ValueError
        A name that the model does not have; a Relu without the layer it is fused with, which would
        then need a ruler that was never calibrated.
    """
    kept = tuple(dict.fromkeys([*model.recipe.keep_float, *names]))
    recipe = replace(model.recipe, keep_float=kept)
    placement = place_qparams(model.graph, recipe)
    wanted = [*placement.own_qparams, *placement.shared_qparams]
    missing = [name for name in wanted if name not in model.activations]
    if missing:
        raise ValueError(
            f"with {', '.join(kept)} in float, {missing[0]!r} would lose the Relu or Clip that its "
            f"ruler does, and need a ruler of its own: keep {missing[0]!r} in float too, or "
            "quantize the model anew with this keep_float."
        )
    return QuantizedModel(
        graph=model.graph,
        placement=placement,
        activations={name: model.activations[name] for name in wanted},
        weights={n: w for n, w in model.weights.items() if n in placement.quantized},
        recipe=recipe,
    )


def computing_layers(model: QuantizedModel) -> dict[str, str]:
    """Name -> ONNX operator of every layer that computes on integers, in order.

    Layers that only move integers (max pool, flatten) and a Relu done by a ruler are left out: they
    add no error of their own.
    """
    fused = set(model.placement.fused.values())
    quantized = set(model.placement.quantized) - fused
    found = {}
    for node in model.graph.graph.nodes:
        if node.name in quantized:
            operator = operator_of(model.graph, node)
            if isinstance(operator, OnnxOperator) and integer_operator(operator.kind).computes:
                found[path_of(node)] = operator.kind
    return found
