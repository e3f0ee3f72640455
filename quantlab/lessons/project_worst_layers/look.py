"""How the review looks at results of the project: the worst two layers of a segmenter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from quantlab.analysis import LayerErrors, layer_errors, with_float_layers, with_weight_rules
from quantlab.deploy import build_onnx
from quantlab.methods import QuantizedModel, Rule
from quantlab.scenes import Validation
from quantlab.teach.review import (
    Finding,
    Unfit,
    decision_finding,
    numbers_of,
    reviewer,
    role_of,
    wanted,
)
from quantlab.zoo import evaluate_segmenter, load

#: Scenes that tensors are compared on, and layers that are named.
COMPARED, NAMED = 2, 2
#: Other scenes, or another CPU's sums, move an SQNR a little: so close to the second is second too.
CLOSE_DB = 0.5
#: The same model on the same scenes: only the order of float sums differs. Points of mIoU.
CLOSE_POINTS = 0.5
ORDERS = {"alone": "isolated", "accumulated": "accumulated"}

Results = Mapping[Any, Any]


def _model(results: Results) -> QuantizedModel:
    model = wanted(results, "model", "the segmenter with weights of 4 bits")
    if not isinstance(model, QuantizedModel):
        raise Unfit(
            f"results['model'] is of type {type(model).__name__}: store what `ql.quantize_model` "
            "gave."
        )
    return model


def _looks_at_model(results: Results) -> Finding:
    weights = _model(results).recipe.weights
    if weights.dtype != "int4":
        return Finding(False, f"Its weights are {weights.dtype} where int4 was meant.")
    if weights.granularity != "per-tensor":
        return Finding(
            False, "It has one ruler a channel where one a layer was meant: set the granularity."
        )
    kept = ", ".join(_model(results).recipe.keep_float)
    if kept:
        return Finding(False, f"{kept} is in float already: begin with every layer in integers.")
    return Finding(True, "All weights have 4 bits and one ruler a layer.")


@lru_cache(maxsize=2)
def _errors(model: QuantizedModel) -> LayerErrors:
    """Measured again, on validation scenes."""
    pixels: Any = load("segmenter").preprocessing
    scenes = Validation(COMPARED, width=pixels.width, height=pixels.height)
    return layer_errors(model, np.concatenate(list(scenes.batches(pixels, 1))))


def _names(results: Results, key: str) -> list[str]:
    given = wanted(results, key, f"the names of the worst {NAMED} layers, the worst first,")
    fits = isinstance(given, list | tuple) and len(given) == NAMED
    if not fits or not all(isinstance(name, str) for name in given):
        raise Unfit(f"results[{key!r}] has to be a list of {NAMED} names, the worst first.")
    return list(given)


def _looks_at_names(key: str, results: Results) -> Finding:
    found = _looks_at_model(results)
    if not found.good:
        return found
    yours, errors = _names(results, key), _errors(_model(results))
    worst = {order: errors.worst(order, NAMED) for order in ORDERS.values()}
    again = [layer.name for layer in worst[ORDERS[key]]]
    texts = {"yours": ", ".join(yours), "again": ", ".join(again)}
    known = {name: layer for layer in errors.layers for name in (layer.name, layer.tensor)}
    if unknown := [name for name in yours if name not in known]:
        raise Unfit(f"There is no layer {unknown[0][:60]!r}: take the names of errors.layers.")
    if len(set(yours)) < NAMED:
        return Finding(False, "One layer is named twice: which is the second?", **texts)
    limit = getattr(worst[ORDERS[key]][-1], ORDERS[key]).sqnr_db + CLOSE_DB
    if all(getattr(known[name], ORDERS[key]).sqnr_db <= limit for name in yours):
        levels = " and ".join(f"{getattr(known[n], ORDERS[key]).sqnr_db:.1f}" for n in yours)
        return Finding(True, f"These two are the lowest, with {levels} dB {key}.", **texts)
    return Finding(
        False, f"What may explain the difference is {_why(key, yours, errors)}.", **texts
    )


def _why(key: str, yours: list[str], errors: LayerErrors) -> str:
    """What gives these names instead."""
    other = next(k for k in ORDERS if k != key)
    if set(yours) == {layer.name for layer in errors.worst(ORDERS[other], NAMED)}:
        return f"the column: these are the worst {other}, not {key}"
    count = len(errors.layers)
    best = [layer.name for layer in errors.worst(ORDERS[key], count)[-NAMED:]]
    if set(yours) == set(best):
        return "the order: these have the most dB, and more dB are better"
    return (
        "another model than results['model'], or pixels that were not prepared as in training: "
        "take the model's own preprocessing"
    )


def _scores(results: Results) -> tuple[Mapping[str, float], Any]:
    scenes = role_of(wanted(results, "test", "the test scenes"), "results['test']", "test")
    given = wanted(results, "miou", "a dict from a layer's name to the mIoU without it")
    if not isinstance(given, Mapping):
        raise Unfit("results['miou'] has to be a dict from a layer's name to an mIoU.")
    needed = ["FP32", "as it is", *_names(results, "alone")]
    scores = {}
    for name in [*needed, *(str(other) for other in given if other not in needed)]:
        if name not in given:
            raise Unfit(f"results['miou'][{name[:60]!r}] is not there yet: store that mIoU.")
        (scores[name],) = numbers_of(
            [given[name]], f"results['miou'][{name[:60]!r}]", 1, "an mIoU in points of 100"
        )
        if not 0 <= scores[name] <= 100:
            raise Unfit(f"results['miou'][{name[:60]!r}] is {scores[name]:g}: points go to 100.")
    return scores, scenes


def _looks_at_miou(results: Results) -> Finding:
    found = _looks_at_model(results)
    if not found.good:
        return found
    scores, scenes = _scores(results)
    if max(scores.values()) <= 1:
        raise Unfit("All of them are 1 or less, so they are shares: multiply by 100.")
    model, name = _model(results), _names(results, "alone")[0]
    pixels: Any = load("segmenter").preprocessing

    def again_with(variant: QuantizedModel) -> float:
        return 100 * evaluate_segmenter(build_onnx(variant), pixels, scenes).mean

    again = again_with(with_float_layers(model, [name]))
    texts = {"yours": f"{scores[name]:.1f}", "again": f"{again:.1f}"}
    if abs(scores[name] - again) <= CLOSE_POINTS:
        return _best_named(
            results, scores, f"With {name} in float it is {again:.1f} points.", texts
        )
    near = [n for n, score in scores.items() if n != name and abs(score - again) <= CLOSE_POINTS]
    if near:
        cause = f"two entries are exchanged: that is what you have for {near[0]!r}"
    elif abs(scores[name] - scores["as it is"]) <= CLOSE_POINTS:
        cause = f"{name} was not left out: it is the score of the model as it is"
    elif abs(scores[name] - again_with(_eight_bits(model, name))) <= CLOSE_POINTS:
        cause = f"{name} has 8 bits there and was not left in float"
    else:
        cause = "other scenes, more layers left out at once, or a calibration of its own"
    return Finding(False, f"{name}: what may explain the difference is that {cause}.", **texts)


def _eight_bits(model: QuantizedModel, name: str) -> QuantizedModel:
    return with_weight_rules(model, model.recipe.weights, {name: Rule("int8")})


def _best_named(
    results: Results, scores: Mapping[str, float], said: str, texts: Mapping[str, str]
) -> Finding:
    """Of the layers that were left out one by one, the one that wins most has to be named."""
    single = {n: s for n, s in scores.items() if n not in ("FP32", "as it is")}
    if len(single) <= NAMED:
        return Finding(
            False, "Leave out a third layer, of your own choice, for comparison.", **texts
        )
    best = max(single, key=lambda n: single[n])
    if wanted(results, "best", "the name of the layer that wins most") != best:
        return Finding(
            False, f"By your own numbers {best} wins most, and results['best'] is another.", **texts
        )
    return Finding(True, said, **texts)


review = reviewer(
    {
        "model": _looks_at_model,
        "alone": lambda results: _looks_at_names("alone", results),
        "accumulated": lambda results: _looks_at_names("accumulated", results),
        "miou": _looks_at_miou,
        "decision": lambda results: decision_finding(results.get("decision")),
    }
)
