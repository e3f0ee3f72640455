"""Project per-channel: its fold-out passes its own review, and wrong results get their cause."""

from __future__ import annotations

import numpy as np
import pytest

from quantlab.lessons.project_per_channel import review
from quantlab.scenes import Calibration, Validation, crops
from tests.support.fold_out import run_fold_out

DELIVERABLES = ("crops", "right", "gain", "decision")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("project"))
        return run_fold_out("project_per_channel", {"PER_CLASS": 10})["results"]


def said(results, deliverable):
    found = review(results, deliverable).findings[deliverable]
    assert not found.good
    return found.said


def with_mask(results, key, mask):
    return results | {"right": results["right"] | {key: mask}}


def test_the_fold_out_passes_the_review(results):
    done = review(results)
    assert tuple(done.findings) == DELIVERABLES
    assert done.good, str(done)
    assert done.findings["right"].yours == done.findings["right"].again
    assert done.findings["gain"].again
    assert "<table" in done._repr_html_()


def test_nothing_yet_is_four_sentences_about_what_to_store():
    done = review({})
    assert not any(found.good for found in done.findings.values())
    assert "results['calibration'] is not there yet" in done.findings["crops"].said


def test_test_crops_that_calibrate_are_named(results):
    wrong = results | {"calibration": results["test"]}
    assert "holds test pictures where calibration ones are meant" in said(wrong, "crops")


def test_validation_crops_that_judge_are_named(results):
    assert "holds validation pictures" in said(results | {"test": crops(Validation, 1)}, "crops")


def test_too_few_test_crops_are_named(results):
    few = type(results["test"])(
        results["test"].images[:50], results["test"].labels[:50], results["test"].split
    )
    assert "one of them is 2.0 points" in said(results | {"test": few}, "crops")


def test_per_channel_where_per_tensor_was_meant_is_named(results):
    wrong = with_mask(results, (4, "per-tensor"), results["right"][4, "per-channel"])
    assert "one ruler a channel where one a layer was meant" in said(wrong, "right")


def test_another_model_s_mask_is_named(results):
    wrong = with_mask(results, (4, "per-tensor"), results["right"][3, "per-tensor"])
    assert "it is the 3-bit model's mask" in said(wrong, "right")


def test_masks_from_nowhere_are_no_cause_of_ours(results):
    wrong = with_mask(results, (4, "per-tensor"), ~results["right"][4, "per-tensor"])
    assert "crops in another order" in said(wrong, "right")


def test_one_model_run_twice_is_named(results):
    wrong = with_mask(results, (3, "per-channel"), results["right"][3, "per-tensor"])
    assert "was one model run twice" in said(wrong, "right")


def test_the_runtime_holds_no_three_bits(results):
    wrong = results | {"ran": {8: "runtime", 4: "runtime", 3: "runtime"}}
    assert "ONNX Runtime holds weights of 4, 8 and 16 bits" in said(wrong, "right")


def test_scores_in_place_of_masks_are_named(results):
    wrong = with_mask(results, (8, "per-channel"), 97.4)
    assert "store the `correct` of the scores" in said(wrong, "right")


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda g: tuple(v / 100 for v in g), "a share where points are asked for"),
        (lambda g: (-g[0], -g[2], -g[1]), "the sign: above 0 means"),
        (lambda g: (-g[0] / 100, -g[2] / 100, -g[1] / 100), "the sign and a share"),
        (lambda g: (g[0] + 20, g[1] + 20, g[2] + 20), "not that of your own two masks"),
        (lambda g: (g[0], g[0], g[0]), "not those of a paired 95 % interval"),
    ],
)
def test_a_wrong_gain_gets_its_cause(results, change, cause):
    wrong = results | {"gain": results["gain"] | {3: change(results["gain"][3])}}
    assert cause in said(wrong, "gain")


def test_a_gain_that_is_a_word_is_named(results):
    assert "three numbers" in said(results | {"gain": results["gain"] | {8: "large"}}, "gain")


class Wild:
    """Raises whatever is done with it."""

    def __array__(self, *_, **__):
        raise RuntimeError("no")

    def __str__(self):
        raise RuntimeError("no")

    __contains__ = __getitem__ = __len__ = __array__


NONSENSE = {
    "none": None,
    "number": 3,
    "text": "text",
    "list": [],
    "array": np.ones(3),
    "wild": Wild(),
    "wild inside": {"right": Wild(), (4, "per-tensor"): Wild(), 8: Wild()},
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_answered_with_a_sentence(results, kind):
    assert not review(NONSENSE[kind]).good
    for key in ("calibration", "test", "right", "ran", "gain", "decision"):
        for deliverable in DELIVERABLES:
            if deliverable == "right" and key in ("gain", "decision"):
                continue  # it does not read these, and measures for seconds
            (note,) = review(results | {key: NONSENSE[kind]}, deliverable).notes
            assert note.endswith("."), note
    assert not review(results, NONSENSE[kind]).good or NONSENSE[kind] is None


def test_a_deliverable_that_does_not_exist_is_named():
    assert "name one of crops, right, gain, decision" in review({}, "speed").notes[0]


def test_crops_calibrate_that_are_calibration_crops(results):
    assert results["calibration"].role == Calibration.role
