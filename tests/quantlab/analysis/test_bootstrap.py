"""The interval of a drop, against exact bootstrap distributions and a published example."""

from fractions import Fraction
from itertools import product
from math import comb, log, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from quantlab.analysis import Drop, paired_bootstrap
from quantlab.analysis.bootstrap import DISTINCT, mean

RESAMPLES = 20_000
# Dvoretzky, Kiefer, Wolfowitz: the share of resamples below any x is within EPS of its chance,
# for all x at once, but for one seed in a billion.
EPS = sqrt(log(2e9) / (2 * RESAMPLES))


def median(records, index):
    return float(np.median(records[index]))


def variance(records, index):
    return float(np.var(records[index]))


def exact_distribution(before, after, statistic):
    """Value -> chance, over all n^n draws with replacement."""
    n, chances = len(before), {}
    for draw in product(range(n), repeat=n):
        index = np.array(draw)
        value = round(statistic(before, index) - statistic(after, index), 9)
        chances[value] = chances.get(value, 0) + Fraction(1, n**n)
    return chances


def at_level(chances, end, level):
    """Is `end` a quantile of the distribution at a level within EPS of `level`?"""
    below = float(sum(p for value, p in chances.items() if value < end - 1e-9))
    up_to = float(sum(p for value, p in chances.items() if value <= end + 1e-9))
    # Between two values of a discrete distribution np.quantile may interpolate: both bounds hold.
    return below <= level + EPS and up_to >= level - EPS


BEFORE = np.array([0.9, 0.35, 0.8, 0.5, 0.75])
AFTER = np.array([0.7, 0.4, 0.55, 0.5, 0.1])


@pytest.mark.parametrize("statistic", [mean, median])
def test_percentiles_are_those_of_all_n_to_the_n_draws(statistic):
    chances = exact_distribution(BEFORE, AFTER, statistic)
    drop = paired_bootstrap(
        BEFORE, AFTER, statistic, resamples=RESAMPLES, confidence=0.8, method="percentile"
    )
    assert at_level(chances, drop.low, 0.1)
    assert at_level(chances, drop.high, 0.9)
    everyone = np.arange(5)
    assert drop.drop == statistic(BEFORE, everyone) - statistic(AFTER, everyone)


def test_bca_levels_are_those_of_all_n_to_the_n_draws():
    chances = exact_distribution(BEFORE, AFTER, mean)
    difference = BEFORE - AFTER
    theta = difference.mean()
    at = float(sum(p for value, p in chances.items() if abs(value - theta) < 1e-9))
    below = float(sum(p for value, p in chances.items() if value < theta - 1e-9)) + at / 2
    normal = NormalDist()
    z0 = normal.inv_cdf(below)
    # The jackknife of a mean leaves the deviations from it, over n - 1: the scale cancels in a.
    away = difference - theta
    a = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    drop = paired_bootstrap(BEFORE, AFTER, resamples=RESAMPLES, confidence=0.8)
    for end, level in ((drop.low, 0.1), (drop.high, 0.9)):
        z = z0 + normal.inv_cdf(level)
        assert at_level(chances, end, normal.cdf(z0 + z / (1 - a * z)))


def test_right_and_wrong_follow_the_binomial():
    """With losses only, n times the resampled drop is binomial(n, losses / n)."""
    n, lost = 60, 9
    after = np.ones(n)
    after[:lost] = 0
    p = Fraction(lost, n)
    chances = {k / n: comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)}
    drop = paired_bootstrap(np.ones(n), after, resamples=RESAMPLES, method="percentile")
    assert at_level(chances, drop.low, 0.025)
    assert at_level(chances, drop.high, 0.975)
    assert (drop.changed, drop.verdict) == (lost, "lost")


def test_drawing_by_counts_and_image_by_image_agree():
    """A hair of noise makes every drop distinct, and so takes the other path."""
    rng = np.random.default_rng(4)
    before, after = rng.random(200) < 0.8, rng.random(200) < 0.7
    noise = np.linspace(0, 1e-6, 200)
    assert len(np.unique(before - (after + noise))) > DISTINCT
    by_counts = paired_bootstrap(before, after, resamples=RESAMPLES)
    by_images = paired_bootstrap(before, after + noise, resamples=RESAMPLES)
    # Near the ends the drop's density is about 0.1 / sd, so EPS of level is 2 * EPS * 10 * sd of
    # drop for two independent runs; sd is that of the per-image difference over sqrt(n).
    sd = np.std(before.astype(float) - after) / sqrt(200)
    for end in ("low", "high"):
        assert abs(getattr(by_counts, end) - getattr(by_images, end)) < 2 * EPS * 10 * sd + 1 / 200


def test_the_spatial_data_of_efron_and_tibshirani():
    """An Introduction to the Bootstrap (1993), chapter 14: the variance of 26 scores, 90 %.

    Printed there, from 2,000 resamples: percentiles (100.8, 233.9), BCa (115.8, 259.6). An end's
    own standard error is sqrt(p (1 - p) / 2000) over the density there, about 0.0025 at the low
    end and 0.0010 at the high BCa end (level 0.98): 2 and 4 in the book; three of them allowed.
    """
    scores = "48 36 20 29 42 42 20 42 22 41 45 14 6 0 33 28 34 4 32 24 47 41 24 26 30 41"
    a = np.array(scores.split(), float)
    found = {
        method: paired_bootstrap(a, 0 * a, variance, confidence=0.9, resamples=4000, method=method)
        for method in ("percentile", "bca")
    }
    assert found["bca"].drop == pytest.approx(171.5, abs=0.05)
    assert found["percentile"].low == pytest.approx(100.8, abs=6)
    assert found["percentile"].high == pytest.approx(233.9, abs=6)
    assert found["bca"].low == pytest.approx(115.8, abs=6)
    assert found["bca"].high == pytest.approx(259.6, abs=12)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """400 studies of 80 images; 95 % coverage is within 3.1 standard errors (one in 500)."""
    rng = np.random.default_rng(0)
    # Lost 10 %, won 4 % of images, independently: the true drop is 0.06.
    difference = rng.choice([1.0, -1.0, 0.0], p=[0.10, 0.04, 0.86], size=(400, 80))
    drops = [paired_bootstrap(d, 0 * d, resamples=1000, seed=i) for i, d in enumerate(difference)]
    inside = np.mean([d.low <= 0.06 <= d.high for d in drops])
    assert abs(inside - 0.95) < 3.1 * sqrt(0.95 * 0.05 / 400)


def test_pairing_narrows_the_interval():
    """Both models fail on the same hard images: unpaired intervals could not see the change."""
    rng = np.random.default_rng(1)
    before = (rng.random(500) < 0.7).astype(float)
    after = np.where(rng.random(500) < 0.02, 0, before)
    paired = paired_bootstrap(before, after)
    shuffled = paired_bootstrap(before, rng.permutation(after))
    assert paired.verdict == "lost"
    assert shuffled.verdict == "inconclusive"
    assert paired.high - paired.low < (shuffled.high - shuffled.low) / 3


def test_a_statistic_over_records_that_is_no_mean():
    """F1 over all images: neither a mean of per-image values nor records that are numbers."""
    rng = np.random.default_rng(2)
    counts = rng.integers(0, 5, (120, 3))
    worse = counts + np.array([0, 1, 1])

    def f1(records, index):
        hits, false, missed = np.sum([records[i] for i in index], axis=0)
        return 2 * hits / (2 * hits + false + missed)

    drop = paired_bootstrap(counts.tolist(), worse.tolist(), f1, resamples=300)
    total, bad = counts.sum(axis=0), worse.sum(axis=0)
    expected = [2 * t[0] / (2 * t[0] + t[1] + t[2]) for t in (total, bad)]
    assert (drop.before, drop.after) == pytest.approx(expected)
    assert drop.low < drop.drop < drop.high
    assert drop.changed is None


@pytest.mark.parametrize("after", [np.ones((4, 2)), np.array([[1], None, "a", 2.0], object)])
def test_records_that_cannot_be_compared_leave_changed_open(after):
    drop = paired_bootstrap(
        np.ones((4, 3)), after, lambda records, index: float(len(index)), resamples=10
    )
    assert drop.changed is None


def test_records_of_several_numbers_are_compared_image_by_image():
    before = np.zeros((6, 2))
    after = before.copy()
    after[1, 0] = after[4] = 1
    drop = paired_bootstrap(before, after, lambda r, i: float(r[i].mean()), resamples=50)
    assert drop.changed == 2


def test_one_seed_gives_one_interval():
    rng = np.random.default_rng(5)
    before, after = rng.random(50), rng.random(50)
    first = paired_bootstrap(before, after, resamples=500, seed=7)
    assert first == paired_bootstrap(before, after, resamples=500, seed=7)
    assert first != paired_bootstrap(before, after, resamples=500, seed=8)


def test_verdict_and_limit():
    def drop(low, high):
        return Drop(0.9, 0.88, 0.02, low, high, 0.95, 100, 5, 1000, "bca")

    assert drop(0.01, 0.03).verdict == "lost"
    assert drop(-0.03, -0.01).verdict == "gained"
    assert drop(0.0, 0.03).verdict == "inconclusive"
    assert [drop(0.01, 0.03).against(x) for x in (0.03, 0.02, 0.005)] == [
        "met",
        "inconclusive",
        "missed",
    ]
    assert drop(0.01, 0.03).to_dict()["verdict"] == "lost"


def test_models_that_agree_everywhere_are_unchanged_and_say_what_that_is_worth():
    right = np.arange(300) % 3 > 0
    drop = paired_bootstrap(right, right)
    assert (drop.low, drop.high, drop.verdict) == (0, 0, "unchanged")
    # Rule of three: 1 - 0.05^(1/300) is a little under 3 / 300.
    assert str(drop).endswith("a change in up to 0.99% of images could still go unseen")


@pytest.mark.parametrize(
    ("before", "after", "settings", "sentence"),
    [
        ([1.0, 2.0], [1.0], {}, "before has 2 images and after 1"),
        ([], [], {}, "empty"),
        ([1.0], [1.0], {}, "hold 1 image, but an interval needs at least two"),
        ([1.0, np.nan], [1.0, 1.0], {}, "before holds nan at image 1"),
        ([1.0, 2.0], [[1.0], [2.0]], {}, "one number"),
        (["a", "b"], ["a", "b"], {}, "one number"),
        ([1.0, 2.0], [1.0, 1.0], {"confidence": 95}, "between 0 and 1"),
        ([1.0, 2.0], [1.0, 1.0], {"resamples": 0}, "at least one resample"),
        ([1.0, 2.0], [1.0, 1.0], {"method": "t"}, "method is 't'"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(before, after, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        paired_bootstrap(before, after, **settings)


def test_a_statistic_without_an_answer_is_refused():
    with pytest.raises(ValueError, match="the statistic is nan on 3 images"):
        paired_bootstrap([1, 2, 3], [1, 2, 3], lambda records, index: float("nan"))


def test_bca_without_resamples_on_both_sides_says_what_to_do():
    """No draw can exceed all distinct images, and the full set is one draw in thousands."""

    def distinct(records, index):
        return float(len(set(index.tolist())) * records[0])

    with pytest.raises(ValueError, match="use method='percentile'"):
        paired_bootstrap(np.ones(30), np.zeros(30), distinct, resamples=200)
