"""How the review looks at results of the project: one ruler a layer, or one a channel?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from quantlab.deploy import build_onnx, open_session
from quantlab.methods import Recipe, Rule, quantize_model
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

BITS = (8, 4, 3)
RULERS = ("per-tensor", "per-channel")
#: What is measured again: the model whose rulers matter, and which the runtime holds.
AGAIN = (4, "per-tensor")
#: Fewer test crops tell no point from none; the review measures with the learner's own.
FEWEST = 100

Results = Mapping[Any, Any]
Masks = Mapping[tuple[int, str], np.ndarray]


def _crops(results: Results) -> tuple[Crops, Crops]:
    """Calibration and test crops."""
    parts = []
    for key, role in (("calibration", "calibration"), ("test", "test")):
        found = wanted(results, key, f"the {role} crops")
        parts.append(role_of(found, f"results[{key!r}]", role))
    return parts[0], parts[1]


def _looks_at_crops(results: Results) -> Finding:
    calibration, test = _crops(results)
    if len(test) < FEWEST:
        raise Unfit(
            f"There are {len(test)} test crops, and one of them is {100 / len(test):.1f} points: "
            f"take {FEWEST} or more."
        )
    return Finding(True, f"{len(calibration)} crops calibrate and {len(test)} others judge.")


def _masks(results: Results, count: int) -> Masks:
    given = wanted(results, "right", "a dict from (bits, rulers) to a mask")
    masks = {}
    for bits in BITS:
        for rulers in RULERS:
            where = f"results['right'][{bits}, {rulers!r}]"
            if not isinstance(given, Mapping) or (bits, rulers) not in given:
                raise Unfit(f"{where} is not there yet: store which test crops that model names.")
            masks[bits, rulers] = right_of(given[bits, rulers], where, count)
    return masks


def _looks_at_ran(results: Results) -> None:
    ran = wanted(results, "ran", "'runtime' or 'simulated' for each number of bits")
    for bits in BITS:
        said = ran.get(bits) if isinstance(ran, Mapping) else None
        if said not in ("runtime", "simulated"):
            raise Unfit(f"results['ran'][{bits}] is {said!r}: say 'runtime' or 'simulated'.")
    if ran[3] == "runtime":
        raise Unfit(
            "results['ran'][3] is 'runtime', but ONNX Runtime holds weights of 4, 8 and 16 bits: "
            "the 3-bit models ran in the simulator."
        )


def _measured(rulers: str, calibration: Crops, test: Crops, how: str = "runtime") -> np.ndarray:
    """Which test crops a 4-bit model names right, bool (n,)."""
    model: Any = load("classifier")
    recipe = Recipe(weights=Rule(f"int{AGAIN[0]}", granularity=rulers))
    quantized: Any = quantize_model(model, calibration.batches(model.preprocessing), recipe)
    run = open_session(build_onnx(quantized), exact=True) if how == "runtime" else quantized
    return evaluate_classifier(run, model.preprocessing, test).correct


def _looks_at_right(results: Results) -> Finding:
    calibration, test = _crops(results)
    _looks_at_crops(results)
    masks = _masks(results, len(test))
    _looks_at_ran(results)
    yours, again = masks[AGAIN], _measured(AGAIN[1], calibration, test)
    texts = {"yours": f"{100 * yours.mean():.1f} %", "again": f"{100 * again.mean():.1f} %"}
    name = f"{AGAIN[0]} bits, {AGAIN[1]}"
    differ = int((yours != again).sum())
    # Another order of float sums, or a CPU that saturates, turns single crops.
    room = max(3, len(test) // 100)
    if differ <= room:
        return _plausible(masks, f"{name}: {differ} of {len(test)} crops differ.", texts)
    other = _measured("per-channel", calibration, test)
    causes = {
        "the model has one ruler a channel where one a layer was meant": other,
        "it is the 8-bit model's mask": masks[8, AGAIN[1]],
        "it is the 3-bit model's mask": masks[3, AGAIN[1]],
    }
    near = {cause: int((yours != mask).sum()) for cause, mask in causes.items()}
    cause = min(near, key=lambda key: near[key])
    if near[cause] <= room:
        return Finding(False, f"{name}: what may explain the difference is that {cause}.", **texts)
    return Finding(
        False,
        f"{name}: {differ} of {len(test)} crops differ, and what may explain it is another "
        "recipe, other pixels than the model's own preprocessing, or crops in another order.",
        **texts,
    )


def _plausible(masks: Masks, said: str, texts: Mapping[str, str]) -> Finding:
    """The other masks, which are not measured again, must at least fit together."""
    for bits in BITS:
        if bits < 8 and (masks[bits, "per-tensor"] == masks[bits, "per-channel"]).all():
            return Finding(
                False, f"The two {bits}-bit masks are the same: was one model run twice?", **texts
            )
    for rulers in RULERS:
        if masks[3, rulers].mean() > masks[8, rulers].mean():
            return Finding(
                False,
                f"Weights of 3 bits are better than those of 8, {rulers}: are masks exchanged?",
                **texts,
            )
    return Finding(True, said, **texts)


def _looks_at_gain(results: Results) -> Finding:
    _, test = _crops(results)
    masks = _masks(results, len(test))
    given = wanted(results, "gain", "a dict from bits to (gain, low, high), in points")
    findings = {}
    for bits in BITS:
        where = f"results['gain'][{bits}]"
        if not isinstance(given, Mapping) or bits not in given:
            raise Unfit(f"{where} is not there yet: store (gain, low, high), in points.")
        yours = numbers_of(given[bits], where, 3, "three numbers, (gain, low, high) in points")
        pair = masks[bits, "per-tensor"], masks[bits, "per-channel"]
        findings[bits] = gain_finding(yours, *pair)
    for bits, found in findings.items():
        if not found.good:
            return Finding(False, f"{bits} bits: {found.said}", found.yours, found.again)
    return Finding(
        True,
        f"All three hold; at {AGAIN[0]} bits it says: {findings[AGAIN[0]].said}",
        findings[AGAIN[0]].yours,
        findings[AGAIN[0]].again,
    )


review = reviewer(
    {
        "crops": _looks_at_crops,
        "right": _looks_at_right,
        "gain": _looks_at_gain,
        "decision": lambda results: decision_finding(results.get("decision")),
    }
)
