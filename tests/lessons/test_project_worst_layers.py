"""Project worst layers: its fold-out passes its own review, and wrong results get their cause."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quantlab.analysis import with_float_layers, with_weight_rules
from quantlab.deploy import build_onnx
from quantlab.lessons.project_worst_layers import review
from quantlab.lessons.project_worst_layers.look import _errors
from quantlab.methods import QuantizedModel, Rule
from quantlab.scenes import Validation
from quantlab.zoo import evaluate_segmenter, load
from tests.support.fold_out import run_fold_out

DELIVERABLES = ("model", "alone", "accumulated", "miou", "decision")


@pytest.fixture(scope="module")
def results():
    return run_fold_out("project_worst_layers", {"SCENES": 3})["results"]


def said(results, deliverable):
    found = review(results, deliverable).findings[deliverable]
    assert not found.good
    return found.said


def with_miou(results, name, score):
    return results | {"miou": results["miou"] | {name: score}}


def test_the_fold_out_passes_the_review(results):
    done = review(results)
    assert tuple(done.findings) == DELIVERABLES
    assert done.good, str(done)
    for measured in ("alone", "accumulated"):
        assert done.findings[measured].yours == done.findings[measured].again
    assert done.findings["miou"].yours == done.findings["miou"].again


def test_the_project_has_a_surprise(results):
    assert results["best"] not in results["alone"]
    scores = results["miou"]
    assert scores["FP32"] - scores["as it is"] > 20
    both = with_float_layers(results["model"], results["alone"])
    pixels = load("segmenter").preprocessing
    won = 100 * evaluate_segmenter(build_onnx(both), pixels, results["test"]).mean
    assert scores[results["best"]] > won


def test_nothing_yet_is_a_sentence_about_what_to_store():
    done = review({})
    assert not any(found.good for found in done.findings.values())
    assert "results['model'] is not there yet" in done.findings["model"].said


def test_per_channel_where_per_tensor_was_meant_is_named(results):
    other = with_weight_rules(results["model"], Rule("int4"))
    for deliverable in ("model", "alone", "miou"):
        assert "one ruler a channel where one a layer" in said(
            results | {"model": other}, deliverable
        )


def test_eight_bits_where_four_were_meant_are_named(results):
    other = with_weight_rules(results["model"], Rule("int8", granularity="per-tensor"))
    assert "int8 where int4 was meant" in said(results | {"model": other}, "model")


def test_a_model_with_a_layer_in_float_is_no_beginning(results):
    other = with_float_layers(results["model"], ["enter.0"])
    assert "enter.0 is in float already" in said(results | {"model": other}, "model")


def test_the_wrong_column_is_named(results):
    swapped = results | {"alone": results["accumulated"], "accumulated": results["alone"]}
    assert "the worst accumulated, not alone" in said(swapped, "alone")


def test_the_best_in_place_of_the_worst_are_named(results):
    layers = _errors(results["model"]).worst("isolated", 1000)
    assert "more dB are better" in said(
        results | {"alone": [layer.name for layer in layers[-2:]]}, "alone"
    )


def test_names_of_another_origin_get_the_pixels(results):
    layers = _errors(results["model"]).worst("isolated", 1000)
    middle = [layer.name for layer in layers[20:22]]
    assert "not prepared as in training" in said(results | {"alone": middle}, "alone")


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["enter.0", "no such layer"], "no layer 'no such layer'"),
        (["enter.0"], "a list of 2 names"),
        ("enter.0", "a list of 2 names"),
        ([3, 4], "a list of 2 names"),
    ],
)
def test_names_that_are_none_are_named(results, names, says):
    assert says in said(results | {"alone": names}, "alone")


def test_one_layer_twice_is_named(results):
    worst = results["alone"][0]
    assert "named twice" in said(results | {"alone": [worst, worst]}, "alone")


def test_validation_scenes_that_judge_are_named(results):
    wrong = results | {"test": Validation(3, width=320, height=320)}
    assert "validation pictures where test ones" in said(wrong, "miou")


def test_shares_are_named(results):
    shares = {name: score / 100 for name, score in results["miou"].items()}
    assert "they are shares" in said(results | {"miou": shares}, "miou")


def test_a_layer_that_was_not_left_out_is_named(results):
    worst = results["alone"][0]
    wrong = with_miou(results, worst, results["miou"]["as it is"])
    assert "was not left out" in said(wrong, "miou")


def test_exchanged_entries_are_named(results):
    one, other = results["alone"][0], results["best"]
    scores = results["miou"]
    wrong = results | {"miou": scores | {one: scores[other], other: scores[one]}}
    assert "two entries are exchanged" in said(wrong, "miou")


def test_a_score_from_nowhere_has_other_causes(results):
    assert "other scenes" in said(with_miou(results, results["alone"][0], 12.0), "miou")


def test_a_third_layer_is_asked_for_and_the_best_one_named(results):
    two = {k: results["miou"][k] for k in ("FP32", "as it is", *results["alone"])}
    assert "Leave out a third layer" in said(results | {"miou": two}, "miou")
    assert "wins most" in said(results | {"best": results["alone"][0]}, "miou")


NONSENSE = {"none": None, "number": 3, "text": "text", "array": np.ones(3), "list": [None, None]}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_answered_with_a_sentence(results, kind):
    assert not review(NONSENSE[kind]).good
    reads = {
        "model": ("model", "alone", "miou"),
        "alone": ("alone", "miou"),
        "accumulated": ("accumulated",),
        "test": ("miou",),
        "miou": ("miou",),
        "decision": ("decision",),
    }
    for key, deliverables in reads.items():
        for deliverable in deliverables:
            (note,) = review(results | {key: NONSENSE[kind]}, deliverable).notes
            assert note.endswith("."), note


def test_a_model_is_a_quantized_one(results):
    assert isinstance(results["model"], QuantizedModel)
    changed = replace(results["model"].recipe, keep_float=("head",))
    assert "of type Recipe" in said(results | {"model": changed}, "model")
