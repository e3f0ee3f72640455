"""All numbers against pycocotools' own sums, on the same data and on copies of images."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest
from pycocotools.cocoeval import COCOeval

from quantlab.analysis.detection import evaluate_detections, mean_average_precision
from quantlab.analysis.detection.curve import RECALLS, _recalls_reached
from quantlab.analysis.detection.matches import coco_sets
from quantlab.analysis.detection.objects import checked_found, checked_objects
from tests.quantlab.analysis.detection_cases import NAMES, detector, street


def by_pycocotools(truth, found):
    """COCOeval after its own accumulate and summarize."""
    truth = checked_objects(truth, len(NAMES))
    with redirect_stdout(io.StringIO()):
        sets = coco_sets(truth, checked_found(found, len(truth), len(NAMES)), len(NAMES))
        coco = COCOeval(*sets, "bbox")
        coco.evaluate(), coco.accumulate(), coco.summarize()
    return coco


# Sums of up to 10 × 101 × 4 numbers of 0 to 1 in another order: each rounding is at most 1e-16 of
# the sum, so that the mean is off by less than 4040 × 1e-16.
CLOSE = {"rtol": 0, "atol": 1e-12}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ties", [False, True])
def test_all_twelve_numbers(seed, ties):
    truth = street(seed=seed)
    found = detector(truth, seed + 10, ties=ties)
    expected = by_pycocotools(truth, found).stats
    numbers = evaluate_detections(truth, found, NAMES).numbers
    assert list(numbers) == [
        "AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large",
        "AR_1", "AR_10", "AR_100", "AR_small", "AR_medium", "AR_large",
    ]  # fmt: skip
    np.testing.assert_allclose(np.nan_to_num([*numbers.values()], nan=-1), expected, **CLOSE)
    assert 0.1 < numbers["AP"] < 0.9
    assert len(set(numbers.values())) > 9


def test_each_class():
    truth = street(seed=5)
    found = detector(truth, 6)
    precision = by_pycocotools(truth, found).eval["precision"][:, :, :, 0, 2]
    scores = evaluate_detections(truth, found, NAMES)
    for kind, name in enumerate(NAMES[:3]):
        np.testing.assert_allclose(scores.classes[name], precision[:, :, kind].mean(), **CLOSE)
    assert np.isnan(scores.classes["never seen"])
    assert (precision[:, :, 3] == -1).all()
    counted = [sum(((t.classes == k) & ~t.crowd).sum() for t in truth) for k in range(4)]
    assert list(scores.objects.values()) == counted


def test_slices_are_evaluations_of_their_own():
    truth = street(40, seed=8)
    found = detector(truth, 9)
    night = np.arange(40) % 3 == 0
    scores = evaluate_detections(truth, found, NAMES)
    chosen = np.flatnonzero(night)
    alone = by_pycocotools([truth[i] for i in chosen], [found[i] for i in chosen]).stats[0]
    sliced = scores.slices({"night": night, "all": np.ones(40, bool)})
    np.testing.assert_allclose(sliced["night"], alone, **CLOSE)
    np.testing.assert_allclose(sliced["all"], scores.numbers["AP"], **CLOSE)


@pytest.mark.parametrize("seed", range(3))
def test_a_resample_is_a_data_set_with_copies(seed):
    """Scores all differ, so that copies are neighbours in COCO's order too."""
    truth = street(20, seed=seed)
    found = detector(truth, seed + 20)
    drawn = np.random.default_rng(seed).integers(0, 20, 20)
    copies = by_pycocotools([truth[i] for i in drawn], [found[i] for i in drawn]).stats[0]
    matches = evaluate_detections(truth, found, NAMES).matches
    np.testing.assert_allclose(mean_average_precision(matches, drawn), copies, **CLOSE)


def test_a_detector_that_finds_nothing():
    truth = street(seed=2)
    nothing = [(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int)) for _ in truth]
    numbers = evaluate_detections(truth, nothing, NAMES).numbers
    assert set(numbers.values()) == {0.0}
    np.testing.assert_array_equal(by_pycocotools(truth, nothing).stats, 0)


def test_recalls_reached_at_every_fraction():
    """Against a search, for every recall that up to 300 objects can give."""
    recall = np.array([hits / n for n in range(1, 301) for hits in range(n + 1)])
    np.testing.assert_array_equal(
        _recalls_reached(recall), np.searchsorted(RECALLS, recall, side="right")
    )
