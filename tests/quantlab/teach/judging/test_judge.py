"""The judge on a small exercise of its own: every verdict, every sentence."""

from dataclasses import replace

import numpy as np
import pytest

from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.exercise import Band, Option, exercise, group, misconception
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Verdict
from quantlab.teach.judging.within import each, exact, ulps


@exercise("9.1", "Halve", points=3, difficulty=1, importance=1, minutes=1)
class Halve:
    answer = "halve"
    hints = ("one", "two", "three")
    forbid = ("fractions", "numpy.divide")

    def within(x):
        return ulps(1)

    def cases(rng):
        return [
            group("numbers", 2, "Twice the half is the whole.", [(3.0,), (rng.uniform(1, 9),)]),
            group("nothing to halve", 1, "A NaN is an error.", [(float("nan"),)]),
        ]

    def oracle(x):
        if np.isnan(x):
            raise ValueError("NaN has no half")
        return x / 2

    @misconception("Do you halve or double?")
    def doubles(x):
        return x * 2

    @misconception("What is left over when you cut?")
    def floors(x):
        return float(x // 2)

    @misconception("What happens to a NaN?")
    def keeps_nan(x):
        return x / 2

    @misconception("Is it a text?")
    def text(x):
        return {}["x"]


def halve(x):
    if x != x:
        raise ValueError("NaN")
    return x / 2


def of(answer, seed=0, of=Halve):
    return judge(of, LocalAsk({"halve": answer}), seed)


def test_a_right_answer_gets_every_point_and_no_sentence():
    said = of(halve)
    assert (said.verdict, said.points, said.observed) == (Verdict.CORRECT, 3, "")
    assert said.passed
    assert said.finished


def test_a_wrong_answer_is_named_and_keeps_the_points_of_the_groups_that_hold():
    said = of(lambda x: x / 2)
    assert (said.verdict, said.points, said.misconception) == (Verdict.INCORRECT, 2, "keeps_nan")
    assert said.observed == (
        "`halve(nan)` gives nan. An error (ValueError) is expected here, and an answer came back."
    )
    assert said.expected == "A NaN is an error."
    assert said.cause == "What happens to a NaN?"
    assert [(g.name, g.earned) for g in said.groups] == [("numbers", 2), ("nothing to halve", 0)]


def test_of_two_misconceptions_the_one_that_explains_every_failing_case_is_named():
    assert of(lambda x: x * 2).misconception == "doubles"
    assert of(lambda x: float(x // 2)).misconception == "floors"


def test_a_mistake_nobody_foresaw_gets_no_name_and_a_hint():
    said = of(lambda x: x + 1)
    assert said.misconception is None
    assert said.cause.startswith("No case is right.")
    assert said.next_step == 'Do it by hand. `hint("9.1")` says where to look.'
    assert said.observed == "`halve(3)` gives 4. That is not it."


def test_an_error_in_the_learners_code_is_an_error_and_never_a_traceback():
    said = of(lambda x: 1 / 0)
    assert said.verdict is Verdict.ERROR
    assert not said.finished
    assert said.observed.startswith(
        "`halve(3)`: The code stopped with ZeroDivisionError: division by zero in line"
    )


def test_a_wrong_answer_that_stops_is_recognised_by_its_error():
    said = of(lambda x: {}["x"])
    assert (said.verdict, said.misconception) == (Verdict.INCORRECT, "text")


def test_a_forgotten_return_is_asked_about():
    said = of(lambda x: None)
    assert said.observed == "`halve(3)`: Nothing came back."
    assert said.cause == "Does every path through your function end in `return`?"
    assert of(lambda x: x / 2 if x > 0 else None).cause == said.cause


def test_an_answer_that_is_no_plain_data_is_refused():
    said = of(lambda x: object())
    assert said.verdict is Verdict.ERROR
    assert "The answer is a object" in said.observed


def stub(x):
    """A docstring."""
    assert x is not None
    raise NotImplementedError()


def leftover(x):
    y = x / 2
    raise NotImplementedError()
    return y


def half_filled(x):
    if x == 3.0:
        return 1.5
    raise NotImplementedError()


def test_an_empty_gap_is_not_a_wrong_answer():
    assert of(stub).verdict is Verdict.NOT_ATTEMPTED
    assert "still empty" in of(stub).observed
    missing = judge(Halve, LocalAsk({}))
    assert (missing.verdict, missing.points) == (Verdict.NOT_ATTEMPTED, 0)
    assert missing.observed == "There is no `halve` yet."


def test_a_marker_that_was_left_behind_is_pointed_at():
    said = of(leftover)
    assert said.verdict is Verdict.NOT_ATTEMPTED
    assert said.next_step == "Delete that line, run the cell, and check again."
    partly = of(half_filled)
    assert partly.cause == "Is the line `raise NotImplementedError()` still there? Delete it."


def uses_fractions(x):
    from fractions import Fraction

    return float(Fraction(x) / 2)


def uses_attribute(x):
    import numpy

    return numpy.divide(x, 2)


@pytest.mark.parametrize(
    ("answer", "name"),
    [(uses_fractions, "fractions.Fraction"), (uses_attribute, "numpy.divide")],
)
def test_a_ready_made_function_is_named_and_not_guessed(answer, name):
    said = of(answer)
    assert (said.verdict, said.points) == (Verdict.INCORRECT, 0)
    assert said.observed == f"`halve` uses `{name}`."


def test_the_same_seed_gives_the_same_judgement_and_another_seed_other_cases():
    wrong = lambda x: x / 2 if x == 3.0 else x  # noqa: E731
    assert of(wrong, 5) == of(wrong, 5)
    assert of(wrong, 5).observed != of(wrong, 6).observed


def test_own_words_and_a_picture_for_the_failing_case():
    class Drawing:
        svg, text = "<svg></svg>", "two dots"

    own = replace(
        Halve, observe=lambda args, got: "You doubled.", picture=lambda args, got: Drawing
    )
    said = of(lambda x: x * 2, of=own)
    assert (said.observed, said.picture, said.picture_text) == (
        "You doubled.",
        "<svg></svg>",
        "two dots",
    )


@exercise("9.2", "Two values", points=3, difficulty=1, importance=1, minutes=1)
class Two:
    values = {"scale": 1, "zero_point": 2}
    hints = ("one", "two", "three")
    within = exact()

    def oracle(name):
        return {"scale": 0.5, "zero_point": 3}[name]

    @misconception("Which sign?")
    def negated(name):
        return {"scale": 0.5, "zero_point": -3}[name]


def test_values_are_judged_one_by_one():
    assert judge(Two, LocalAsk({"scale": 0.5, "zero_point": 3})).passed
    said = judge(Two, LocalAsk({"scale": 0.5, "zero_point": -3}))
    assert (said.points, said.misconception) == (1, "negated")
    assert said.observed == "Your `zero_point` is -3. That is not it."
    half = judge(Two, LocalAsk({"scale": 0.5, "zero_point": ...}))
    assert half.points == 1
    assert half.observed.startswith("`zero_point`: ")
    assert judge(Two, LocalAsk({})).observed == "There is no `scale` and `zero_point` yet."


def test_a_number_where_an_array_is_right_gets_a_card():
    arrays = replace(Two, oracle=lambda name: np.array([1, 2, 3]))
    said = judge(arrays, LocalAsk({"scale": 0.5, "zero_point": 3}))
    assert (said.verdict, said.points) == (Verdict.INCORRECT, 0)


@exercise("9.3", "Choose", points=1, difficulty=1, importance=1, minutes=1)
class Choose:
    answer = "scheme"
    hints = ("one", "two", "three")
    options = {
        "a": Option("symmetric", "Where do the weights centre?"),
        "b": Option("asymmetric", "Yes: one-sided.", right=True),
    }


def test_a_choice_answers_with_a_question_or_a_reason():
    wrong = judge(Choose, LocalAsk({"scheme": "a"}))
    assert (wrong.verdict, wrong.misconception) == (Verdict.INCORRECT, "option_a")
    assert wrong.cause == "Where do the weights centre?"
    right = judge(Choose, LocalAsk({"scheme": "b"}))
    assert (right.points, right.cause) == (1, "Yes: one-sided.")
    assert judge(Choose, LocalAsk({"scheme": ...})).verdict is Verdict.NOT_ATTEMPTED
    odd = judge(Choose, LocalAsk({"scheme": 7}))
    assert (odd.verdict, odd.expected) == (Verdict.ERROR, 'One of "a", "b".')
    assert judge(Choose, LocalAsk({"scheme": "z"})).observed == "`scheme` is 'z'."


@exercise("9.4", "Explain", points=2, difficulty=1, importance=1, minutes=1)
class Explain:
    answer = "why"
    hints = ("one", "two", "three")
    rubric = (Band(2, "Names both.", "Both."), Band(0, "Names none.", "None."))


def test_a_written_answer_is_never_scored_by_code():
    text = "Because it is so, and because it could not be any other way."
    said = judge(Explain, LocalAsk({"why": text}))
    assert (said.verdict, said.points) == (Verdict.INCONCLUSIVE, 0)
    assert said.observed == "Your answer has 13 words."
    short = judge(Explain, LocalAsk({"why": "Because it is so."}))
    assert (short.verdict, short.opening) == (Verdict.NOT_ATTEMPTED, "Too short to compare")
    assert short.observed == "Your answer has 4 words."
    assert judge(Explain, LocalAsk({"why": "  \n"})).verdict is Verdict.NOT_ATTEMPTED
    assert judge(Explain, LocalAsk({"why": 3})).verdict is Verdict.NOT_ATTEMPTED


def test_a_tuple_answer_names_the_part_that_is_off():
    pair = replace(Halve, within=each(whole=exact(), half=ulps(1)), forbid=(), misconceptions=())
    pair = replace(pair, oracle=lambda x: (x, x / 2))
    said = of(lambda x: (x, x), of=pair)
    assert "Your `half` is 3. That is not it." in said.observed


def test_a_judgement_is_json_ready():
    import json

    assert json.loads(json.dumps(of(halve).to_dict()))["verdict"] == "correct"
