"""A trial's drops: those of the analysis room, with FP32's resamples counted once for all plans."""

from dataclasses import replace

import numpy as np
import pytest

from quantlab.analysis import detection
from quantlab.analysis.detection import map_drops
from quantlab.analysis.slices import by_group
from quantlab.teach.plans import trial as trying
from quantlab.teach.plans.trial import Trial
from quantlab.zoo.evaluation.segmentation import mean_iou

SCENES, RESAMPLES = 8, 40
HALF = {"first half": np.arange(SCENES) < SCENES // 2}


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    """What is the same on each resample is the same on few."""
    monkeypatch.setattr(trying, "RESAMPLES", RESAMPLES)


@pytest.fixture(scope="module")
def boxes():
    """FP32's scores of a few scenes, and what is left where only the surest box of each counts."""
    before, _ = trying._float_scores("detector", SCENES)
    by_area = {
        area: tuple(each.first(1) for each in classes)
        for area, classes in before.matches.by_area.items()
    }
    return before, replace(before, matches=replace(before.matches, by_area=by_area))


def test_drops_of_a_detector_are_those_of_map_drops(boxes):
    before, after = boxes
    found = trying._drops(Trial("detector", SCENES), after, HALF)
    assert found == map_drops(before, after, HALF, resamples=RESAMPLES)
    assert found.overall.drop > 0


def test_drops_of_a_segmenter_are_those_of_its_confusions():
    before, _ = trying._float_scores("segmenter", SCENES)
    confusions = before.confusions.copy()
    confusions[:3] = confusions[:3].transpose(0, 2, 1)[:, :, ::-1]
    found = trying._drops(Trial("segmenter", SCENES), replace(before, confusions=confusions), HALF)
    assert found == by_group(
        before.confusions,
        confusions,
        HALF,
        lambda records, index: mean_iou(records[index]),
        resamples=RESAMPLES,
        method="percentile",
    )
    assert found.overall.drop > 0


def test_fp32_is_counted_once_for_all_plans(boxes, monkeypatch):
    before, after = boxes
    counted, count = [], detection.mean_average_precision

    def counting(matches, index):
        counted.append("FP32" if matches is before.matches else "plan")
        return count(matches, index)

    monkeypatch.setattr(detection, "mean_average_precision", counting)
    trying._float_numbers.cache_clear()
    trial = Trial("detector", SCENES)
    first = trying._drops(trial, after, HALF)
    once = counted.count("FP32")
    assert once > RESAMPLES  # over all and in the half; a draw that comes twice is counted once
    assert counted.count("plan") == 2 * (1 + RESAMPLES)
    assert trying._drops(trial, after, HALF) == first
    assert counted.count("FP32") == once
    assert counted.count("plan") == 4 * (1 + RESAMPLES)
    trying._float_numbers.cache_clear()
