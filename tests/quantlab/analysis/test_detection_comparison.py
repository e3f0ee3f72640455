"""Drops of mAP against resamples matched anew by pycocotools, and the pictures."""

import numpy as np
import pytest

from quantlab.analysis.detection import (
    compare_boxes,
    evaluate_detections,
    map_drop,
    map_drops,
    most_changed,
)
from quantlab.base.figure_style import alt_text
from quantlab.base.palette import BLUE, ORANGE
from tests.quantlab.analysis.detection_cases import NAMES, detector, street


@pytest.fixture(scope="module")
def pair():
    """A detector and a worse one: boxes slip further in every third image."""
    truth = street(36, seed=3)
    good = detector(truth, 4, noise=0.03)
    rng = np.random.default_rng(5)
    worse = [
        (b + rng.normal(size=b.shape) * 4 * (i % 3 == 0), s, c) for i, (b, s, c) in enumerate(good)
    ]
    ordered = [(np.sort(b.reshape(-1, 2, 2), 1).reshape(-1, 4), s, c) for b, s, c in worse]
    return truth, good, ordered


def judged(truth, found):
    return evaluate_detections(truth, found, NAMES)


def test_the_interval_is_that_of_resamples_matched_anew(pair):
    """The same draws, each evaluated as a data set of its own with copies."""
    truth, good, worse = pair
    drop = map_drop(judged(truth, good), judged(truth, worse), resamples=12, seed=7)
    drops = []
    for drawn in np.random.default_rng(7).integers(0, 36, (12, 36)):
        both = [judged([truth[i] for i in drawn], [f[i] for i in drawn]) for f in (good, worse)]
        drops.append(both[0].numbers["AP"] - both[1].numbers["AP"])
    # Sums of a few thousand numbers below 1, in another order.
    np.testing.assert_allclose(
        (drop.low, drop.high), np.quantile(drops, [0.025, 0.975]), rtol=0, atol=1e-12
    )
    assert drop.drop == pytest.approx(drop.before - drop.after)
    assert drop.verdict == "lost"


def test_each_slice_has_its_drop(pair):
    truth, good, worse = pair
    third = np.arange(36) % 3 == 0
    table = map_drops(
        judged(truth, good), judged(truth, worse), {"hit": third, "spared": ~third}, resamples=50
    )
    assert table["hit"].drop.drop > 0.05
    assert table["spared"].drop.drop == 0
    assert table["hit"].images == 12


def test_the_same_detector_has_lost_nothing(pair):
    truth, good, _ = pair
    drop = map_drop(judged(truth, good), judged(truth, good), resamples=20)
    assert (drop.drop, drop.low, drop.high) == (0, 0, 0)


def test_most_changed_names_the_images_that_lost_objects(pair):
    truth, good, _ = pair
    nothing = (np.zeros((0, 4)), np.zeros(0), np.zeros(0, int))
    blind = [nothing if image in (11, 20) else each for image, each in enumerate(good)]
    before, after = judged(truth, good), judged(truth, blind)
    assert set(most_changed(before, after, 2)) == {11, 20}
    assert set(most_changed(after, before, 36)[-2:]) == {11, 20}
    with pytest.raises(ValueError, match="count is 0"):
        most_changed(before, after, 0)


def test_other_images_are_refused(pair):
    truth, good, _ = pair
    before = judged(truth, good)
    with pytest.raises(ValueError, match="on 36 images and after on 35"):
        map_drop(before, judged(truth[:35], good[:35]))
    with pytest.raises(ValueError, match="objects or classes differ"):
        map_drops(before, judged(truth[::-1], good), {})


def picture_of(pair, images):
    truth, good, worse = ([part[i] for i in images] for part in pair)
    pictures = [np.full((300, 300, 3), 90 + i, np.uint8) for i in images]
    return compare_boxes(pictures, truth, good, worse, NAMES, score=0.2)


def test_the_figure_shows_what_both_and_what_one_found(pair):
    figure = picture_of(pair, [0, 1])
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["FP32", "INT8"]
    colours = {patch.get_edgecolor() for axes in figure.axes for patch in axes.patches}
    from matplotlib.colors import to_rgba

    assert {to_rgba(BLUE), to_rgba(ORANGE)} <= colours
    dashed = {
        patch.get_linestyle()
        for axes in figure.axes
        for patch in axes.patches
        if patch.get_edgecolor() == to_rgba(ORANGE)
    }
    assert dashed == {"--"}  # colour does not speak alone
    spared = figure.axes[2:]
    assert all(p.get_edgecolor() != to_rgba(ORANGE) for axes in spared for p in axes.patches)
    assert "on 2 images, FP32 beside INT8" in alt_text(figure)


def test_the_figure_counts_in_words():
    """One box found by both, one moved away, one new."""
    box = np.array([[10.0, 10, 50, 50], [100, 100, 150, 150]])
    truth = [(box, np.array([0, 1]))]
    before = [(box, np.array([0.9, 0.8]), np.array([0, 1]))]
    after = [(box + np.array([[2], [60]]), np.array([0.9, 0.4]), np.array([0, 1]))]
    pictures = [np.zeros((200, 200, 3), np.uint8)]
    words = alt_text(compare_boxes(pictures, truth, before, after, NAMES))
    assert "1 found by both, 1 by FP32 only, 1 by INT8 only" in words
    words = alt_text(compare_boxes(pictures, truth, before, after, NAMES, score=0.5))
    assert "1 found by both, 1 by FP32 only, 0 by INT8 only" in words


def test_one_box_is_the_same_find_as_one_other():
    """Two boxes on one object, of which the other detector has one."""
    box = np.array([[10.0, 10, 50, 50]])
    twice = (np.repeat(box, 2, 0) + np.array([[0], [3]]), np.array([0.9, 0.8]), np.array([0, 0]))
    once = (box, np.array([0.9]), np.array([0]))
    pictures, truth = [np.zeros((90, 90, 3), np.uint8)], [(box, np.array([0]))]
    words = alt_text(compare_boxes(pictures, truth, [twice], [once], NAMES))
    assert "1 found by both, 1 by FP32 only, 0 by INT8 only" in words


def test_the_figure_refuses_what_it_cannot_draw(pair):
    truth, good, worse = ([part[0]] for part in pair)
    with pytest.raises(ValueError, match="picture 0 has dtype float64"):
        compare_boxes([np.zeros((9, 9, 3))], truth, good, worse, NAMES)
    with pytest.raises(ValueError, match="2 pictures and 1 images with truth"):
        compare_boxes([np.zeros((9, 9, 3), np.uint8)] * 2, truth, good, worse, NAMES)
