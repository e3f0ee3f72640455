"""Matching against a plain reading of the paper."""

import numpy as np
import pytest

from quantlab.zoo import Targets, anchors, match
from quantlab.zoo.boxes import corners, decode, overlaps


def naive(boxes, side):
    """Box of each anchor, by the paper's two steps in plain loops."""
    table = overlaps(corners(anchors(side).astype(float)), boxes)
    box_of = [-1] * len(table)
    for anchor, row in enumerate(table):
        for box, overlap in enumerate(row):
            if overlap > 0.35 and (box_of[anchor] < 0 or overlap > row[box_of[anchor]]):
                box_of[anchor] = box
    left = table.copy()
    for _ in range(len(boxes)):
        anchor, box = np.unravel_index(left.argmax(), left.shape)
        box_of[anchor] = int(box)
        left[anchor], left[:, box] = -1, -1
    return box_of


def crowd(rng, count):
    low = rng.uniform(0, 250, (count, 2))
    return np.concatenate([low, low + rng.uniform(4, 70, (count, 2))], 1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("side", [320, 192])
def test_equals_the_naive_reading(side, seed):
    boxes = crowd(np.random.default_rng(seed), 12) * side / 320
    targets = match(boxes, np.arange(12), side)
    assert [c - 1 for c in targets.classes] == naive(boxes, side)


def test_offsets_lead_to_the_box():
    boxes = crowd(np.random.default_rng(9), 20)
    targets = match(boxes, np.arange(20))
    found = np.flatnonzero(targets.classes)
    led = decode(targets.offsets[found].astype(float), anchors()[found].astype(float))
    # Offsets are float32, below 64 in size: off by 2e-6, a fifth of which is an exponent, times
    # sides below 300 pixels.
    np.testing.assert_allclose(led, boxes[targets.classes[found] - 1], atol=1e-3)


def test_twins_get_an_anchor_each():
    """Two objects at one place both want the same anchor."""
    targets = match(np.array([[0.0, 0, 8, 8], [0.0, 0, 8, 8]]), np.array([0, 1]))
    assert set(targets.classes[targets.classes > 0]) == {1, 2}


def test_an_empty_image_is_background():
    targets = match(np.zeros((0, 4)), np.zeros(0, int))
    assert isinstance(targets, Targets)
    assert not targets.classes.any()
    assert not targets.offsets.any()


@pytest.mark.parametrize(
    ("boxes", "classes", "words"),
    [
        ([[0, 0, 5, 5]], [0, 1], r"shape \(1, 4\) and classes \(2,\)"),
        ([[5, 5, 3, 9]], [0], "box 0 is .* x0 < x1"),
        ([[0, 0, 9, 9], [0, 0, np.nan, 9]], [0, 0], "box 1 is"),
        ([[0, 0, 9, 9]], [-1], "least -1"),
        ([[0, 0, 9, 9]], [1.0], "dtype float64"),
    ],
)
def test_ill_formed_objects_get_one_sentence(boxes, classes, words):
    with pytest.raises(ValueError, match=words):
        match(np.array(boxes, float), np.array(classes))
