"""Right answers to the exercises of lesson 09, written differently; the judge must accept each."""

from itertools import groupby
from statistics import median

import numpy as np
import torch

from autograder.authoring.alternatives import accepts
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan

MINMAX = Rule(observer="minmax")


@accepts("9.1")
def stayed_in_a_loop(nodes):
    integer, everything, left = 0, 0, []
    for place, (precision, macs) in enumerate(nodes):
        everything += macs
        if precision == "INT8":
            integer += macs
        elif precision == "FP32" and macs:
            left.append((macs, place))
    percent = integer / everything * 100 if everything else 0
    return percent, [place for _, place in sorted(left, reverse=True)]


@accepts("9.1")
def stayed_in_numpy(nodes):
    kinds = np.array([kind for kind, _ in nodes])
    macs = np.array([count for _, count in nodes])
    order = np.argsort(-macs, kind="stable")
    rows = [int(i) for i in order if kinds[i] == "FP32" and macs[i] > 0]
    total = macs.sum()
    return (100.0 * macs[kinds == "INT8"].sum() / total if total > 0 else 0.0), rows


@accepts("9.1")
def stayed_by_class(nodes):
    sums = {"INT8": 0, "FP32": 0, "layout": 0}
    for kind, macs in nodes:
        sums[kind] += macs
    rows = sorted(range(len(nodes)), key=lambda i: nodes[i][1], reverse=True)
    rows = [i for i in rows if nodes[i][0] == "FP32" and nodes[i][1]]
    return 100 * sums["INT8"] / max(sum(sums.values()), 1), np.array(rows, dtype=int)


@accepts("9.1")
def stayed_in_torch(nodes):
    macs = torch.tensor([count for _, count in nodes], dtype=torch.float64)
    integer = torch.tensor([kind == "INT8" for kind, _ in nodes])
    left = torch.tensor([kind == "FP32" for kind, _ in nodes]) & (macs > 0)
    order = torch.argsort(macs, descending=True)
    percent = 100 * macs[integer].sum() / macs.sum() if macs.sum() else torch.zeros(())
    return float(percent), order[left[order]].tolist()


@accepts("9.4")
def interval_in_a_loop(fp32, int8, picks):
    ratios = []
    for row in picks:
        ratios.append(np.median(fp32[row]) / np.median(int8[row]))
    return np.percentile(ratios, 2.5), np.percentile(ratios, 97.5)


@accepts("9.4")
def interval_in_python(fp32, int8, picks):
    def at(level):
        place = level * (len(ratios) - 1)
        below = int(place)
        above = min(below + 1, len(ratios) - 1)
        return ratios[below] + (place - below) * (ratios[above] - ratios[below])

    ratios = sorted(median(fp32[row]) / median(int8[row]) for row in picks)
    return at(0.025), at(0.975)


@accepts("9.4")
def interval_of_stacked_rounds(fp32, int8, picks):
    above, below = np.median(np.stack([fp32, int8])[:, picks], axis=2)
    return np.quantile(above / below, [0.025, 0.975])


@accepts("9.4")
def interval_in_torch(fp32, int8, picks):
    rows = torch.from_numpy(picks)
    above, below = (torch.from_numpy(t)[rows].quantile(0.5, dim=1) for t in (fp32, int8))
    ends = torch.quantile(above / below, torch.tensor([0.025, 0.975], dtype=torch.float64))
    return ends.tolist()


@accepts("9.5")
def decided_by_two_verdicts(lost, speed_up, most_lost, least_speed_up):
    def verdict(best, worst, limit):
        return "met" if worst <= limit else "missed" if best > limit else "open"

    said = {verdict(*lost, most_lost), verdict(-speed_up[1], -speed_up[0], -least_speed_up)}
    return "reject" if "missed" in said else "ship" if said == {"met"} else "measure more"


@accepts("9.5")
def decided_by_what_is_possible(lost, speed_up, most_lost, least_speed_up):
    possible = min(lost) <= most_lost and max(speed_up) >= least_speed_up
    sure = max(lost) <= most_lost and min(speed_up) >= least_speed_up
    return {(True, True): "ship", (True, False): "measure more"}.get((possible, sure), "reject")


@accepts("9.5")
def decided_step_by_step(lost, speed_up, most_lost, least_speed_up):
    if not lost[0] <= most_lost:
        return "reject"
    if not speed_up[1] >= least_speed_up:
        return "reject"
    if lost[1] > most_lost or speed_up[0] < least_speed_up:
        return "measure more"
    return "ship"


@accepts("9.5")
def decided_in_numpy(lost, speed_up, most_lost, least_speed_up):
    over = np.array([lost, [-s for s in reversed(speed_up)]]) > np.array(
        [[most_lost], [-least_speed_up]]
    )
    return "reject" if over[:, 0].any() else "measure more" if over.any() else "ship"


@accepts("9.6")
def ends_in_a_loop(q):
    shares = []
    for picture in q:
        values = picture.ravel().tolist()
        shares.append(sum(v in (0, 255) for v in values) / len(values))
    return np.array(shares)


@accepts("9.6")
def ends_over_axes(q):
    return np.isin(q, (0, 255)).mean(axis=(1, 2, 3))


@accepts("9.6")
def ends_from_inside(q):
    inside = (q > 0) & (q < 255)
    return 1 - np.count_nonzero(inside, axis=(1, 2, 3)) / q[0].size


@accepts("9.6")
def ends_in_torch(q):
    values = torch.from_numpy(q).flatten(1)
    return ((values == 0) | (values == 255)).double().mean(dim=1)


@accepts("9.7")
def fired_looking_back(shares, limit, patience):
    for end in range(patience, len(shares) + 1):
        if all(share > limit for share in shares[end - patience : end]):
            return end - 1
    return -1


@accepts("9.7")
def fired_by_groups(shares, limit, patience):
    place = 0
    for loud, group in groupby(shares, key=lambda share: share > limit):
        length = len(list(group))
        if loud and length >= patience:
            return place + patience - 1
        place += length
    return -1


@accepts("9.7")
def fired_in_text(shares, limit, patience):
    found = "".join("x" if share > limit else "." for share in shares).find("x" * patience)
    return -1 if found < 0 else found + patience - 1


@accepts("9.7")
def fired_in_numpy(shares, limit, patience):
    loud = np.array(shares, dtype=float) > limit
    if len(loud) < patience:
        return -1
    windows = np.lib.stride_tricks.sliding_window_view(loud, patience).all(axis=1)
    return int(windows.argmax()) + patience - 1 if windows.any() else -1


@accepts("9.8")
def what_a_recipe_fills_in():
    return Plan(Recipe(), Calibration(32))


@accepts("9.8")
def fewer_mixed_scenes():
    return Plan(Recipe(activations=MINMAX), Calibration(8))


@accepts("9.8")
def night_alone():
    return Plan(Recipe(activations=MINMAX), Calibration(16, only=("night",)))


@accepts("9.8")
def half_of_the_weathers():
    return Plan(Recipe(activations=MINMAX), Calibration(16, without=("glare", "rain")))
