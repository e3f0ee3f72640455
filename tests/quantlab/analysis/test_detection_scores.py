"""AP counted by hand, and every input that is refused."""

import json

import numpy as np
import pytest

from quantlab.analysis.detection import Objects, evaluate_detections
from tests.quantlab.analysis.detection_cases import NAMES, detector, street

BOX = np.array([0.0, 0, 10, 10])


def scores_of(objects, hits):
    """One image. The detections, surest first: True finds the next object, False nothing."""
    places = [BOX + 20 * i for i in range(objects)]
    left = iter(places)
    boxes = [next(left) if hit else BOX + 500 + 20 * i for i, hit in enumerate(hits)]
    found = (np.array(boxes), np.linspace(0.9, 0.1, len(hits)), np.zeros(len(hits), int))
    return evaluate_detections([(places, np.zeros(objects, int))], [found], ["car"])


def test_half_of_the_objects_found_first():
    """Recall 0.5 at precision 1: 51 of the 101 recalls, 0.00 to 0.50, read 1; the others 0."""
    scores = scores_of(2, [True, False])
    assert scores.numbers["AP"] == pytest.approx(51 / 101, abs=1e-12)
    assert (scores.numbers["AR_1"], scores.numbers["AR_100"]) == (0.5, 0.5)


def test_a_false_alarm_above_both():
    """Precision 1/2, then 2/3 at recall 1: from the right, 2/3 is read everywhere."""
    scores = scores_of(2, [False, True, True])
    assert scores.numbers["AP"] == pytest.approx(2 / 3, abs=1e-12)
    assert (scores.numbers["AR_1"], scores.numbers["AR_10"]) == (0, 1)


def test_a_false_alarm_between_both():
    """Recalls up to 0.50 read precision 1, the other 50 read 2/3."""
    scores = scores_of(2, [True, False, True])
    assert scores.numbers["AP"] == pytest.approx((51 + 50 * 2 / 3) / 101, abs=1e-12)


def test_overlap_decides_at_which_thresholds():
    """A box of 10 × 8 on one of 10 × 10 overlaps by 0.8: a hit at 0.5 to 0.75, and at 0.8."""
    truth = [(BOX[None], np.array([0]))]
    found = [(np.array([[0.0, 0, 10, 8]]), np.array([0.5]), np.array([0]))]
    numbers = evaluate_detections(truth, found, ["car"]).numbers
    assert numbers["AP"] == pytest.approx(0.7, abs=1e-12)
    assert (numbers["AP50"], numbers["AP75"]) == (pytest.approx(1), pytest.approx(1))
    assert numbers["AP_small"] == numbers["AP"]
    assert np.isnan(numbers["AP_large"])


def test_a_crowd_counts_neither_way():
    truth = [Objects(np.array([BOX, BOX + 50]), np.array([0, 0]), np.array([False, True]))]
    found = [(np.array([BOX + 50, BOX]), np.array([0.9, 0.8]), np.array([0, 0]))]
    scores = evaluate_detections(truth, found, ["car"])
    assert scores.numbers["AP"] == pytest.approx(1, abs=1e-12)
    assert scores.objects == {"car": 1}


def test_plain_data_and_table():
    truth = street()
    scores = evaluate_detections(truth, detector(truth), NAMES)
    plain = json.loads(json.dumps(scores.to_dict(), allow_nan=False))
    assert plain["numbers"]["AP"] == scores.numbers["AP"]
    assert plain["classes"]["never seen"] is None
    lines = str(scores).splitlines()
    assert lines[2].split() == ["AP", f"{100 * scores.numbers['AP']:.2f}"]
    assert any(line.split()[:1] == ["dog"] for line in lines)
    assert "–" in lines[-2]


NOTHING = (np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
GOOD = (BOX[None], np.array([0]))


@pytest.mark.parametrize(
    ("truth", "found", "words"),
    [
        ([], [], "there are no images"),
        ([(np.zeros((0, 4)), [])], [NOTHING], "hold no object that counts"),
        ([Objects(BOX[None], np.array([0]), np.array([True]))], [NOTHING], "hold no object that"),
        ([GOOD], [], "1 images with truth and 0 with detections"),
        ([(BOX, np.array([0]))], [NOTHING], r"the truth of image 0 has boxes of shape \(4,\)"),
        ([([[0, 0, np.nan, 1]], np.array([0]))], [NOTHING], "finite corners"),
        ([GOOD, ([[5, 5, 4, 9]], np.array([0]))], [NOTHING] * 2, "truth of image 1 has the box"),
        ([(BOX[None], np.array([1]))], [NOTHING], "classes from 1 to 1, but 1 names"),
        ([(BOX[None], np.array([0.0]))], [NOTHING], "dtype float64: give one integer a box"),
        ([Objects(BOX[None], np.array([0]), np.array([1]))], [NOTHING], "one area and one bool"),
        ([GOOD], [(BOX[None], np.array([np.nan]), np.array([0]))], "one finite score a box"),
        ([GOOD], [(BOX[None], np.array([0.5]), np.array([-1]))], "classes from -1 to -1"),
        ([GOOD], [([[9, 9, 1, 1]], np.array([0.5]), np.array([0]))], "x1 or y1 is below"),
        ([GOOD], [GOOD], "is a tuple, but three arrays are needed"),
    ],
)
def test_ill_formed_input_gets_one_sentence(truth, found, words):
    with pytest.raises(ValueError, match=words):
        evaluate_detections(truth, found, ["car"])


def test_names_and_slices_are_checked():
    with pytest.raises(ValueError, match="each class needs one of its own"):
        evaluate_detections([GOOD], [NOTHING], ["car", "car"])
    with pytest.raises(ValueError, match=r"the slice 'night' has dtype int64 and shape \(1,\)"):
        evaluate_detections([GOOD], [NOTHING], ["car"]).slices({"night": [1]})
