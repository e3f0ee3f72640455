"""A review of results: the paired gain, the decision, and what never crashes."""

from __future__ import annotations

import numpy as np
import pytest

from quantlab.teach.review import (
    Finding,
    Review,
    Unfit,
    decision_finding,
    gain_finding,
    reviewer,
    right_of,
)

RNG = np.random.default_rng(7)
BEFORE = RNG.random(2000) < 0.8
#: Half of what was wrong is right now, and one in 20 of what was right is wrong.
AFTER = np.where(BEFORE, RNG.random(2000) > 0.05, RNG.random(2000) < 0.5)


def paired_ends():
    """Gain and ends in points by the normal approximation, without the bootstrap."""
    gains = 100 * (AFTER.astype(float) - BEFORE)
    half = 1.96 * gains.std() / np.sqrt(len(gains))
    return gains.mean(), gains.mean() - half, gains.mean() + half


def test_the_normal_approximation_s_interval_holds():
    found = gain_finding(paired_ends(), BEFORE, AFTER)
    assert found.good
    assert "above 0" in found.said


def test_an_interval_of_two_separate_samples_is_named():
    # On pictures that both models find hard the pair is far narrower than two samples.
    gains = 100 * float(AFTER.mean() - BEFORE.mean())
    half = 196 * np.sqrt((BEFORE.var() + AFTER.var()) / len(BEFORE))
    found = gain_finding((gains, gains - half, gains + half), BEFORE, AFTER)
    assert not found.good
    assert "the pair was torn" in found.said


def test_no_change_is_a_gain_of_nothing():
    assert gain_finding((0.0, 0.0, 0.0), BEFORE, BEFORE).good


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "holds no text yet"),
        ("   ", "holds no text yet"),
        ("With ... bits it works. It gains 3 points. I stop.", "A gap of the template"),
        ("I do it. It gains 3 points.", "has 2 sentences"),
        ("I do it. It gains much. I stop if it does not.", "names no number"),
    ],
)
def test_a_decision_that_is_not_written_says_why(text, says):
    with pytest.raises(Unfit, match=says):
        decision_finding(text)


def test_a_written_decision_holds():
    assert decision_finding("I do it. It gains 2.5 points. I stop if the rest is slow.").good


@pytest.mark.parametrize("values", [[1, 0, 1], np.ones((3, 1), bool), "right", None])
def test_a_mask_is_true_or_false_a_picture(values):
    with pytest.raises(Unfit, match="True or False for each picture"):
        right_of(values, "it", 3)


def test_a_mask_of_another_length_is_named():
    with pytest.raises(Unfit, match="2 entries for 3 test pictures"):
        right_of([True, False], "it", 3)


def test_an_unexpected_fault_becomes_a_sentence():
    def breaks(_):
        raise ZeroDivisionError("by you")

    (note,) = reviewer({"it": breaks})({}).notes
    assert note.startswith("It cannot be read (ZeroDivisionError: by you)")


def test_a_review_is_good_when_all_of_it_is():
    good, bad = Finding(True, "fine."), Finding(False, "not yet.", "1", "2")
    assert Review({"a": good}).good
    both = Review({"a": good, "b": bad})
    assert not both.good
    assert both.summary == "Review: 1 of 2 hold"
    assert both.notes == ("a: fine.", "b: not yet.")
    assert "measured again" in str(both)
    assert "measured again" not in str(Review({"a": good}))
