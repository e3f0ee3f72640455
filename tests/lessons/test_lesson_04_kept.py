"""Lesson 04's kept tables: made again in part, and what the prose says of them."""

from __future__ import annotations

from importlib.resources import files

import pytest

from quantlab.lessons.catalogue import find_prediction
from quantlab.lessons.lesson_04.material import kept as module
from quantlab.lessons.lesson_04.material.classifier_trials import ClassifierTrials
from quantlab.lessons.lesson_04.material.detector_trials import AT_ONCE
from quantlab.lessons.lesson_04.material.kept import kept, kept_classifier, kept_detector
from quantlab.lessons.lesson_04.material.observers import OBSERVERS, named, observers_named
from quantlab.numerics import MovingAverageObserver

NAMES = [named(rule) for rule in OBSERVERS]


def test_the_tables_hold_every_observer_at_what_the_module_measures() -> None:
    found = kept()
    assert list(found["classifier"]["top-1"]) == list(found["detector"]["lost"]) == NAMES
    assert found["classifier"]["crops"] == 10 * module.CROPS_OF_A_CLASS
    assert found["detector"]["scenes"] == module.SCENES
    assert found["detector"]["calibrated on"] == f"{module.CALIBRATION_SCENES} mixed scenes"
    assert all(tuple(row) == module.DTYPES for row in found["classifier"]["top-1"].values())
    assert "300 test crops" in str(kept_classifier())
    assert "100 test scenes" in str(kept_detector())
    assert files("quantlab.lessons.lesson_04").joinpath("kept.yaml").read_text().startswith("#")


def test_a_kept_number_of_the_classifier_is_measured_again() -> None:
    trials = ClassifierTrials(module.CROPS_OF_A_CLASS)
    two = observers_named("minmax", "percentile 99.9")
    now = trials.compare(("uint3",), trials.batches, two)
    for name in ("minmax", "percentile 99.9"):
        # Another CPU sums floats in another order: a value at half a step may take the other
        # tick. Six crops of 300 have room for that, and 15 points lie between the two rows.
        assert now.top1(name, "uint3") == pytest.approx(
            kept_classifier().top1(name, "uint3"), abs=2
        )


def test_the_detector_is_measured_as_it_is_kept(monkeypatch) -> None:
    """All its numbers take minutes; a few scenes and one observer show that the call works."""
    monkeypatch.setattr(module, "SCENES", 4)
    monkeypatch.setattr(module, "OBSERVERS", observers_named("minmax"))
    found = module.measure_detector()
    assert {**found, "scenes": module.SCENES}.keys() == kept()["detector"].keys()
    assert found["lost"].keys() == {"minmax"}
    # The night and the fog are the same scenes in both: only float sums may differ, and a box
    # that comes or goes moves the mAP of 24 scenes by less than a point.
    for name in ("night", "fog"):
        assert found["FP32"][name] == pytest.approx(kept()["detector"]["FP32"][name], abs=1)


def test_what_the_prose_says_of_the_classifier() -> None:
    table = kept_classifier()
    at8 = [table.top1(name, "uint8") for name in NAMES]
    at3 = {name: table.top1(name, "uint3") for name in NAMES}
    assert max(abs(value - 100 * table.before) for value in at8) < 1  # "any observer will do"
    assert max(at3.values()) - at3["minmax"] > 10  # "min-max loses far more"
    assert min(at3, key=at3.__getitem__) == "minmax"


def test_what_the_prose_says_of_the_detector() -> None:
    lost = {row.observer: row.points["all"] for row in kept_detector().lost}
    assert lost["minmax"] < 1
    assert lost["percentile 99"] > 5  # "hard clipping costs many points"
    nights = {row.observer: row.points["night"] for row in kept_detector().lost}
    assert max(nights, key=nights.__getitem__) == "moving_average"  # "the night pays for it"
    assert MovingAverageObserver().averaging_constant == 0.01  # "a hundredth of the way"
    assert AT_ONCE == 2  # "the first batch, here two scenes"
    assert lost["entropy"] > 4  # "it gives up the tail as well"
    # "Clipping wins nothing": a loss below 0 is chance, and none is a point below min-max's.
    assert min(lost.values()) > lost["minmax"] - 1


def test_an_observer_that_is_not_there_is_no_observer() -> None:
    with pytest.raises(KeyError, match="percentile 98"):
        observers_named("percentile 98")


@pytest.mark.parametrize(("id", "measured", "at"), [("4.a", 22.8, 2), ("4.b", 9.0, 2)])
def test_one_option_of_a_prediction_holds_whatever_is_measured(id, measured, at) -> None:
    prediction = find_prediction(id)
    assert all(prediction.outcome(float(number)) is not None for number in range(-2, 101))
    assert prediction.outcome(measured) == at  # what this lesson's text goes on to explain
