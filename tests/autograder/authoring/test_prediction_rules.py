"""The rules on predictions: each is seen to find its defect."""

import pytest

from autograder.authoring.predictions import prediction_problems
from quantlab.teach.source import SourceCell, Tag

NAME = "01_scale_and_zero_point"  # its room declares 1.a
DEMO = Tag("demo")


def code(source, tag=DEMO):
    return SourceCell("code", source, tag, None, None)


def text(source):
    return SourceCell("markdown", source, None, None, None)


PREDICT, REVEAL = code('predict("1.a")'), code('reveal("1.a", lost)')
MEASURE = code("lost = 0.5")


def problems(*cells, name=NAME):
    return list(prediction_problems(name, cells))


def test_predict_then_measure_then_reveal_is_fine():
    assert problems(text("Say it."), PREDICT, MEASURE, REVEAL) == []


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ((PREDICT, REVEAL), "1.a is not followed by a measurement and then its reveal."),
        ((REVEAL, MEASURE, PREDICT), "1.a is not followed by a measurement"),
        ((MEASURE, PREDICT, code("x = 1"), REVEAL), "the reveal of 1.a shows lost"),
        ((PREDICT, text("lost = 0.5"), REVEAL), "1.a is not followed by a measurement"),
        ((MEASURE, REVEAL), "1.a is asked 0 and revealed 1 times"),
        ((PREDICT, PREDICT, MEASURE, REVEAL), "1.a is asked 2 and revealed 1 times"),
        ((code('predict("1.a")', None), MEASURE, REVEAL), "a cell of prediction 1.a is no demo"),
        ((PREDICT, MEASURE, REVEAL, code('predict("1.q")')), "1.q is not in its predictions.yaml"),
    ],
)
def test_what_is_out_of_order_is_found(cells, said):
    assert any(said in problem for problem in problems(*cells))


FOLDED = "<details><summary>Half a step</summary>Yes.</details>\n"


@pytest.mark.parametrize("source", [f"**Predict first.** How much?\n\n{FOLDED}", FOLDED * 3])
def test_answers_that_fold_out_are_no_prediction(source):
    (said,) = problems(PREDICT, MEASURE, REVEAL, text(source))
    assert "folds answers out" in said


def test_one_fold_out_of_another_kind_may_stay():
    assert problems(PREDICT, MEASURE, REVEAL, text(f"The proof, if you like.\n\n{FOLDED}")) == []


def test_a_lesson_from_01_on_has_a_prediction():
    (said,) = problems(MEASURE, name="88_without_a_room")
    assert "asks for no prediction" in said
    for other in ("00_start_here", "quick_test"):
        assert problems(MEASURE, name=other) == []
