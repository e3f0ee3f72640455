"""A check's points are a number from 0 to the maximum that two outputs agree on, or open."""

import nbformat
import pytest

from autograder.nbgrader.sound_grades import outcome_of
from quantlab.teach.judging.card import JUDGEMENT_MIME
from quantlab.teach.judging.verdict import Judgement, Verdict

new_output = nbformat.v4.new_output


def check(*outputs):
    return nbformat.v4.new_code_cell('check("9.1")', outputs=list(outputs))


def card(points=2.0, verdict=Verdict.CORRECT, **more):
    judged = Judgement("9.1", "Title", verdict, points, 3.0, **more).to_dict()
    return new_output("display_data", data={JUDGEMENT_MIME: judged})


def number(text):
    return new_output("execute_result", data={"text/plain": text})


STDERR = new_output("stream", name="stderr", text="a warning")
ERROR = new_output("error", ename="NameError", evalue="name 'check' is not defined", traceback=[])


def test_a_judgement_and_its_number_give_the_points():
    wrong = card(1.0, Verdict.INCORRECT, misconception="squares")
    got = outcome_of(check(STDERR, wrong, number("1.0")), 3.0)
    assert (got.verdict, got.points, got.misconception) == ("incorrect", 1.0, "squares")
    assert got.exercise == "9.1"


@pytest.mark.parametrize(
    "outputs",
    [
        (),
        (STDERR,),
        (number("3.0"),),
        (ERROR,),
        (card(),),
        (card(), number("nan")),
        (card(), number("3.0")),
        (card(), number("np.float64(2.0)")),
        (card(), number("2.0"), number("2.0")),
        (card(), card(), number("2.0")),
        (card(float("nan")), number("nan")),
        (card(float("inf")), number("inf")),
        (card(-1.0), number("-1.0")),
        (card(4.0), number("4.0")),
        (card(10**400), number("2.0")),
        (card("2"), number("2.0")),
        (card(True), number("1.0")),
        (card(None), number("0.0")),
        (card(2.0, "brilliant"), number("2.0")),
        (new_output("display_data", data={JUDGEMENT_MIME: "text"}), number("2.0")),
    ],
)
def test_everything_else_is_left_to_a_person(outputs):
    got = outcome_of(check(*outputs), 3.0)
    assert (got.verdict, got.points) == ("grader_error", None)
    assert got.reason.endswith(".") or "NameError" in got.reason


def test_a_fault_of_the_check_is_open_and_says_what_it_said():
    fault = card(0.0, Verdict.GRADER_ERROR, observed="The check stopped.")
    assert outcome_of(check(fault, number("0.0")), 3.0).reason == "The check stopped."


@pytest.mark.parametrize("verdict", ["timeout", "kernel_died", "output_limit", "out_of_memory"])
def test_a_stopped_check_is_zero_points_of_its_own(verdict):
    got = outcome_of(check(card(0.0, verdict, observed="It ran too long.")), 3.0)
    assert (got.verdict, got.points, got.reason) == (verdict, 0.0, "It ran too long.")
