"""How the review looks at results of the project: a tiny loop of quantization-aware training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantlab.methods import QuantizedModel, Recipe, Rule, quantize_model
from quantlab.scenes import Crops
from quantlab.teach.review import (
    Finding,
    Unfit,
    decision_finding,
    gain_finding,
    numbers_of,
    reviewer,
    right_of,
    role_of,
    wanted,
)
from quantlab.zoo import evaluate_classifier, load

WEIGHTS, ACTIVATIONS = "int4", "uint3"
#: One crop of fewer is more than a point.
FEWEST = 100
ROLES = {"calibration": "calibration", "train": "training", "test": "test"}
#: What the two gains compare: key -> the mask before and the mask after.
GAINS = {"gain": ("before", "after"), "gain over cheap": ("cheap", "after")}

Results = Mapping[Any, Any]


def _crops(results: Results, key: str) -> Crops:
    found = wanted(results, key, f"the {ROLES[key]} crops")
    crops: Crops = role_of(found, f"results[{key!r}]", key)
    return crops


def _looks_at_crops(results: Results) -> Finding:
    counts = {key: len(_crops(results, key)) for key in ROLES}
    if counts["test"] < FEWEST:
        raise Unfit(
            f"There are {counts['test']} test crops, and one of them is more than a point: take "
            f"{FEWEST} or more."
        )
    said = f"{counts['calibration']} crops calibrate, {counts['train']} train"
    return Finding(True, f"{said}, and {counts['test']} others judge.")


def _mask(results: Results, key: str) -> np.ndarray:
    given = wanted(results, key, "which test crops that model names right, a mask,")
    return right_of(given, f"results[{key!r}]", len(_crops(results, "test")))


def _looks_at_before(results: Results) -> Finding:
    """Both models without training: rounding to nearest is measured again."""
    _looks_at_crops(results)
    before, cheap = _mask(results, "before"), _mask(results, "cheap")
    calibration = _crops(results, "calibration")
    again = _untrained(calibration, _crops(results, "test"), None)
    texts = {"yours": _percent(before), "again": _percent(again)}
    if _differ(before, again) > _room(again):
        corrected = _untrained(calibration, _crops(results, "test"), "empirical")
        if _differ(before, corrected) <= _room(again):
            cause = "the biases are corrected already: that one belongs to results['cheap']"
        elif before.mean() > again.mean():
            cause = "it has more bits, or only the weights or only the activations are quantized"
        else:
            cause = "it has fewer bits, or other pixels than the model's own preprocessing"
        return Finding(False, f"What may explain the difference is that {cause}.", **texts)
    if (before == cheap).all():
        return Finding(
            False, "The two masks are the same: was the bias correction left out?", **texts
        )
    return Finding(True, f"Without training it is {_percent(again)} of the test crops.", **texts)


def _untrained(calibration: Crops, test: Crops, correction: str | None) -> np.ndarray:
    model: Any = load("classifier")
    recipe = Recipe(
        weights=Rule(WEIGHTS), activations=Rule(ACTIVATIONS), bias_correction=correction
    )
    quantized = quantize_model(model, calibration.batches(model.preprocessing), recipe)
    return evaluate_classifier(quantized, model.preprocessing, test).correct


def _looks_at_losses(results: Results) -> Finding:
    given = wanted(results, "losses", "the mean loss of each epoch, in order,")
    count = np.size(given) if isinstance(given, list | tuple | np.ndarray) else 0
    losses = numbers_of(given, "results['losses']", max(count, 1), "one finite number an epoch")
    if count < 2:
        raise Unfit("There is one loss: train two epochs or more, or nothing shows that it falls.")
    texts = {"yours": ", ".join(f"{loss:.3f}" for loss in losses)}
    if min(losses) < 0:
        return Finding(False, "A cross-entropy is never below 0: is it the loss?", **texts)
    if losses[-1] >= losses[0]:
        return Finding(
            False,
            "The loss does not fall: what may explain it is a rate that is too high (a factor of 3 "
            "lower, try again) or images and labels that do not belong together.",
            **texts,
        )
    return Finding(True, f"The loss falls over {count} epochs.", **texts)


def _looks_at_after(results: Results) -> Finding:
    """The trained model, which is judged again."""
    _looks_at_crops(results)
    test, trained = _crops(results, "test"), wanted(results, "trained", "what `convert_qat` gave")
    if not isinstance(trained, QuantizedModel):
        raise Unfit(
            f"results['trained'] is of type {type(trained).__name__}: store what `convert_qat` "
            "gave, integers and rulers."
        )
    yours = _mask(results, "after")
    if found := _wrong_bits(trained):
        return Finding(False, found)
    model: Any = load("classifier")
    again = evaluate_classifier(trained, model.preprocessing, test).correct
    texts = {"yours": _percent(yours), "again": _percent(again)}
    if _differ(yours, again) <= _room(again):
        return Finding(True, f"Trained it is {_percent(again)} of the test crops.", **texts)
    floats = evaluate_classifier(model, model.preprocessing, test).correct
    causes = {
        "it is FP32's mask": floats,
        "it is the mask before training": _mask(results, "before"),
        "it is the mask of the bias correction": _mask(results, "cheap"),
    }
    near = {cause: _differ(yours, mask) for cause, mask in causes.items()}
    cause = min(near, key=lambda key: near[key])
    if near[cause] > _room(again):
        cause = "another model was judged, one in training mode, or crops in another order"
    return Finding(False, f"What may explain the difference is that {cause}.", **texts)


def _wrong_bits(trained: QuantizedModel) -> str:
    """What is not as the brief has it; "" where all is."""
    if trained.recipe.training is None:
        return "This model was never trained: its recipe has no training, so begin at prepare_qat."
    weights = {weight.qparams.dtype for weight in trained.weights.values()}
    rulers = {ruler.dtype for ruler in trained.activations.values()}
    for what, found, meant in (
        ("weights", weights, WEIGHTS),
        ("activations", rulers, ACTIVATIONS),
    ):
        if found != {meant}:
            return f"Its {what} are {', '.join(sorted(found)) or 'float'} where {meant} was meant."
    return ""


def _looks_at_gains(results: Results) -> Finding:
    findings = {}
    for key, (before, after) in GAINS.items():
        given = wanted(results, key, "(gain, low, high), in points,")
        where = f"results[{key!r}]"
        yours = numbers_of(given, where, 3, "three numbers, (gain, low, high) in points")
        findings[key] = gain_finding(yours, _mask(results, before), _mask(results, after))
    for key, found in findings.items():
        if not found.good:
            return Finding(False, f"{key}: {found.said}", found.yours, found.again)
    over = findings["gain over cheap"]
    return Finding(True, f"Both hold; over the cheap way: {over.said}", over.yours, over.again)


def _percent(mask: np.ndarray) -> str:
    return f"{100 * mask.mean():.1f} %"


def _differ(one: np.ndarray, other: np.ndarray) -> int:
    return int((one != other).sum())


def _room(mask: np.ndarray) -> int:
    """Crops that another order of float sums may turn: with 3 bits, a value near a tie is a step.

    What is told apart by it, another model or another number of bits, turns a multiple of that.
    """
    return max(3, len(mask) // 50)


review = reviewer(
    {
        "crops": _looks_at_crops,
        "before": _looks_at_before,
        "losses": _looks_at_losses,
        "after": _looks_at_after,
        "gains": _looks_at_gains,
        "decision": lambda results: decision_finding(results.get("decision")),
    }
)
