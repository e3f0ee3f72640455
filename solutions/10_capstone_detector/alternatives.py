"""Right answers to the exercises of lesson 10, written differently; the judge must accept each."""

import math

import numpy as np
import torch

from autograder.authoring.alternatives import accepts
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.inference import Inference
from quantlab.teach.plans.plan import Plan

MINMAX = Rule(observer="minmax")
PIXELS = Inference(pixels=True)


@accepts("10.2")
def verdict_case_by_case(low, high, limit, at_most):
    if at_most:
        return "met" if high <= limit else "missed" if low > limit else "inconclusive"
    return "met" if low >= limit else "missed" if high < limit else "inconclusive"


@accepts("10.2")
def verdict_by_counting(low, high, limit, at_most):
    fine = [end <= limit if at_most else end >= limit for end in (low, high)]
    return ("missed", "inconclusive", "met")[sum(fine)]


@accepts("10.2")
def verdict_by_sign(low, high, limit, at_most):
    sign = 1 if at_most else -1
    ends = sorted(sign * (end - limit) for end in (low, high))
    if ends[1] <= 0:
        return "met"
    return "missed" if ends[0] > 0 else "inconclusive"


@accepts("10.2")
def verdict_in_numpy(low, high, limit, at_most):
    room = np.array([limit - low, limit - high]) * (1 if at_most else -1)
    if (room >= 0).all():
        return "met"
    return "inconclusive" if (room >= 0).any() else "missed"


@accepts("10.3")
def seen_by_bytes(calibrating, judging):
    known = {(picture.shape, picture.tobytes()) for picture in calibrating}
    return [k for k, p in enumerate(judging) if (p.shape, p.tobytes()) in known]


@accepts("10.3")
def seen_in_a_loop(calibrating, judging):
    places = []
    for place in range(len(judging)):
        for other in calibrating:
            if other.shape == judging[place].shape and (other == judging[place]).all():
                places.append(place)
                break
    return places


@accepts("10.3")
def seen_as_lists(calibrating, judging):
    known = [picture.tolist() for picture in calibrating]
    return np.array([k for k, p in enumerate(judging) if p.tolist() in known], dtype=int)


@accepts("10.3")
def seen_in_torch(calibrating, judging):
    known = [torch.from_numpy(picture) for picture in calibrating]
    return [
        k
        for k, picture in enumerate(judging)
        if any(torch.equal(torch.from_numpy(picture), other) for other in known)
    ]


@accepts("10.4")
def refuse_in_a_loop(before, after, objects, most_lost, fewest):
    found = []
    for kind, (b, a, n) in enumerate(zip(before, after, objects, strict=True)):
        if n >= fewest and b - a > most_lost:
            found.append((a - b, kind))
    return [kind for _, kind in sorted(found)]


@accepts("10.4")
def refuse_with_a_mask(before, after, objects, most_lost, fewest):
    lost = np.where(objects < fewest, -np.inf, before - after)
    order = np.argsort(-lost, kind="stable")
    return order[lost[order] > most_lost]


@accepts("10.4")
def refuse_sorted_first(before, after, objects, most_lost, fewest):
    lost = (before - after).tolist()
    order = sorted(range(len(lost)), key=lambda k: math.inf if math.isnan(lost[k]) else -lost[k])
    return [k for k in order if lost[k] > most_lost and objects[k] >= fewest]


@accepts("10.4")
def refuse_in_torch(before, after, objects, most_lost, fewest):
    lost = torch.from_numpy(before - after)
    kept = (lost > most_lost) & (torch.from_numpy(objects) >= fewest)
    places = torch.nonzero(kept).flatten()
    return places[torch.argsort(lost[places], descending=True)].tolist()


@accepts("10.5")
def tuned_in_a_loop(scores, right, objects):
    best, at = -1.0, None
    for threshold in sorted(scores, reverse=True):
        shown = scores >= threshold
        f1 = 2 * right[shown].sum() / (shown.sum() + objects)
        if f1 > best:
            best, at = f1, threshold
    return at


@accepts("10.5")
def tuned_by_precision_and_recall(scores, right, objects):
    def f1(threshold):
        shown = scores >= threshold
        hits = int((right & shown).sum())
        if hits == 0:
            return 0.0
        precision, recall = hits / int(shown.sum()), hits / objects
        return round(2 * precision * recall / (precision + recall), 12)

    return max(sorted(scores.tolist(), reverse=True), key=f1)


@accepts("10.5")
def tuned_by_pairs(scores, right, objects):
    hits = shown = 0
    best = (-1.0, 0.0)
    for score, found in sorted(zip(scores.tolist(), right.tolist(), strict=True), reverse=True):
        hits, shown = hits + found, shown + 1
        value = 2 * hits / (shown + objects)
        if value > best[0]:
            best = (value, score)
    return best[1]


@accepts("10.5")
def tuned_in_torch(scores, right, objects):
    ordered, order = torch.sort(torch.from_numpy(scores), descending=True)
    hits = torch.from_numpy(right)[order].cumsum(0)
    f1 = 2 * hits.double() / (torch.arange(1, len(ordered) + 1) + objects)
    return float(ordered[(f1 == f1.max()).nonzero()[0, 0]])


@accepts("10.9")
def what_a_recipe_fills_in():
    return Plan(Recipe(), Calibration(16), PIXELS)


@accepts("10.9")
def prepared_floats():
    return Plan(Recipe(activations=MINMAX), Calibration(16))


@accepts("10.9")
def fog_with_pixels():
    return Plan(Recipe(activations=MINMAX), Calibration(16, only=("fog",)), PIXELS)


@accepts("10.9")
def analytic_correction():
    return Plan(Recipe(activations=MINMAX, bias_correction="analytic"), Calibration(16), PIXELS)
