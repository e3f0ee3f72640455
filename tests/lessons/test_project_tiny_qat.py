"""Project tiny QAT: its fold-out passes its own review, and wrong results get their cause."""

from __future__ import annotations

import numpy as np
import pytest

from quantlab.lessons.project_tiny_qat import review
from quantlab.methods import Recipe, Rule, Training, convert_qat, prepare_qat, quantize_model
from quantlab.scenes import Crops, Validation, crops
from quantlab.zoo import evaluate_classifier, load
from tests.support.fold_out import run_fold_out

DELIVERABLES = ("crops", "before", "losses", "after", "gains", "decision")


@pytest.fixture(scope="module")
def results():
    return run_fold_out("project_tiny_qat", {"TO_TRAIN": 25, "TO_JUDGE": 10})["results"]


def said(results, deliverable):
    found = review(results, deliverable).findings[deliverable]
    assert not found.good
    return found.said


def test_the_fold_out_passes_the_review(results):
    done = review(results)
    assert tuple(done.findings) == DELIVERABLES
    assert done.good, str(done)
    for measured in ("before", "after"):
        assert done.findings[measured].yours == done.findings[measured].again


def test_nothing_yet_is_a_sentence_about_what_to_store():
    done = review({})
    assert not any(found.good for found in done.findings.values())
    assert "results['calibration'] is not there yet" in done.findings["crops"].said


def test_training_crops_that_judge_are_named(results):
    assert "holds train pictures where test ones" in said(
        results | {"test": results["train"]}, "crops"
    )


def test_test_crops_that_train_are_named(results):
    assert "holds test pictures where train ones" in said(
        results | {"train": results["test"]}, "crops"
    )


def test_crops_of_no_split_are_named(results):
    bare = Crops(results["test"].images, results["test"].labels)
    assert "know their split" in said(results | {"test": bare}, "crops")


def test_corrected_biases_before_training_are_named(results):
    wrong = results | {"before": results["cheap"], "cheap": results["before"]}
    assert "the biases are corrected already" in said(wrong, "before")


def test_only_weights_quantized_is_named(results):
    model = load("classifier")
    calibration = results["calibration"].batches(model.preprocessing)
    loose = quantize_model(model, calibration, Recipe(weights=Rule("int4")))
    mask = evaluate_classifier(loose, model.preprocessing, results["test"]).correct
    assert "only the weights or only the activations" in said(results | {"before": mask}, "before")


def test_other_pixels_are_named(results):
    mask = np.zeros(len(results["test"]), bool)
    assert "other pixels" in said(results | {"before": mask}, "before")


def test_no_correction_is_named(results):
    wrong = results | {"cheap": results["before"]}
    assert "was the bias correction left out" in said(wrong, "before")


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        ([0.5, 0.9], "a rate that is too high"),
        ([0.5], "train two epochs or more"),
        ([0.5, float("nan")], "one finite number an epoch"),
        ([0.5, -0.1], "never below 0"),
        ("falling", "one finite number an epoch"),
        ([[0.5, 0.4]], "one finite number an epoch"),
    ],
)
def test_losses_that_do_not_fall_say_why(results, losses, says):
    assert says in said(results | {"losses": losses}, "losses")


def test_a_model_that_was_never_trained_is_named(results):
    model = load("classifier")
    recipe = Recipe(weights=Rule("int4"), activations=Rule("uint3"))
    untrained = quantize_model(model, results["calibration"].batches(model.preprocessing), recipe)
    assert "never trained" in said(results | {"trained": untrained}, "after")


def test_activations_left_at_eight_bits_are_named(results):
    model = load("classifier")
    recipe = Recipe(weights=Rule("int4"), training=Training())
    qat = prepare_qat(model, results["calibration"].batches(model.preprocessing), recipe)
    wrong = results | {"trained": convert_qat(qat)}
    assert "activations are uint8 where uint3 was meant" in said(wrong, "after")


def test_the_model_in_the_loop_is_no_result(results):
    assert "what `convert_qat` gave" in said(results | {"trained": load("classifier")}, "after")


def test_fp32_s_mask_is_named(results):
    model = load("classifier")
    mask = evaluate_classifier(model, model.preprocessing, results["test"]).correct
    assert "FP32's mask" in said(results | {"after": mask}, "after")


def test_the_mask_of_another_model_is_named(results):
    assert "before training" in said(results | {"after": results["before"]}, "after")
    turned = results | {"after": ~results["after"]}
    assert "crops in another order" in said(turned, "after")


def test_a_wrong_gain_gets_its_cause(results):
    gain, low, high = results["gain"]
    assert "the sign" in said(results | {"gain": (-gain, -high, -low)}, "gains")
    share = (gain / 100, low / 100, high / 100)
    assert "a share where points" in said(results | {"gain": share}, "gains")


def test_validation_crops_are_no_test_crops(results):
    wrong = results | {"test": crops(Validation, 1)}
    assert "holds validation pictures" in said(wrong, "after")


NONSENSE = {"none": None, "number": 3, "text": "text", "array": np.ones(3), "list": [None, None]}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_answered_with_a_sentence(results, kind):
    assert not review(NONSENSE[kind]).good
    reads = {
        "calibration": ("crops", "before"),
        "train": ("crops",),
        "test": ("crops", "before", "after", "gains"),
        "before": ("before", "gains"),
        "losses": ("losses",),
        "trained": ("after",),
        "after": ("after", "gains"),
        "gain": ("gains",),
        "decision": ("decision",),
    }
    for key, deliverables in reads.items():
        for deliverable in deliverables:
            (note,) = review(results | {key: NONSENSE[kind]}, deliverable).notes
            assert note.endswith((".", "?")), note
