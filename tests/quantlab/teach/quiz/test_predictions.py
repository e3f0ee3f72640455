"""The shape of predictions.yaml and i_can.yaml: each fault of an author is one sentence."""

import copy
import re

import pytest
import yaml

from quantlab.teach.quiz import read_predictions, read_statements
from quantlab.teach.quiz.schema import check_predictions, check_statements
from tests.support.small_predictions import DECIDED, MARKED


def changed(text, change):
    data = copy.deepcopy(yaml.safe_load(text))
    change(data[0])
    return data


def test_an_open_end_reaches_to_infinity(tmp_path):
    path = tmp_path / "predictions.yaml"
    path.write_text(DECIDED + MARKED)
    decided, marked = read_predictions(path)
    assert [decided.outcome(x) for x in (-1e300, 0.99, 1, 9.99, 10, 99, 100)] == [
        0, 0, 1, 1, 2, 2, None,
    ]  # fmt: skip
    assert (marked.spans, marked.outcome()) == ((), 1)
    assert (decided.unit, decided.why, decided.question.kind) == ("MB", "It grows.", "single")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p.update(id="q1"), "id is 'q1', but it is a lesson and a letter, such as 3.a."),
        (lambda p: p.update(points=2), "points is not known here"),
        (lambda p: p.pop("why"), "why is None, but expected is a text"),
        (lambda p: p.update(options=[]), "options is no list of 2 to 4 entries"),
        (lambda p: p.update(options=p["options"] * 2), "options is no list of 2 to 4 entries"),
        (lambda p: p["options"][1].update(text="few"), "the option text 'few' stands twice"),
        (lambda p: p["options"][0].pop("feedback"), "option 1: feedback is None"),
        (lambda p: p["options"][0].update(feedback="No."), "met with a question"),
        (lambda p: p["options"][0].pop("below"), "option 1: from and below are missing"),
        (lambda p: p["options"][0].update(below="one"), "below is 'one', but expected is a number"),
        (lambda p: p["options"][1].update({"from": 10}), "option 2: from is not less than below"),
        (lambda p: p["options"][1].update({"from": 0.5}), "two options hold 0.5"),
        (lambda p: p["options"][0].update(right=True), "but the measured number decides"),
        (lambda p: p.update(unit=3), "unit is 3, but expected is a text"),
    ],
)
def test_a_fault_is_one_sentence(change, said):
    whole = rf"^predictions\.yaml, prediction 1.*{re.escape(said)}"
    with pytest.raises(ValueError, match=whole):
        check_predictions(changed(DECIDED, change), "predictions.yaml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: p["options"][1].update(right=False, feedback="Is it?"), "no option is right"),
        (lambda p: p["options"][0].update(right=True), "every option|2 options are right"),
        (lambda p: p.update(unit="MB"), "no option has a number"),
    ],
)
def test_where_no_number_decides_one_option_is_right(change, said):
    with pytest.raises(ValueError, match=said):
        check_predictions(changed(MARKED, change), "predictions.yaml")


@pytest.mark.parametrize("data", [None, [], {"id": "3.a"}, "3.a"])
def test_no_list_is_no_predictions(data):
    with pytest.raises(ValueError, match="expected is a list of predictions"):
        check_predictions(data, "predictions.yaml")


def test_an_id_stands_once():
    data = yaml.safe_load(DECIDED + DECIDED)
    with pytest.raises(ValueError, match=r"the id '3\.x' stands twice"):
        check_predictions(data, "predictions.yaml")


def test_sentences_to_tick_are_one_question(tmp_path):
    path = tmp_path / "i_can.yaml"
    path.write_text(
        "- text: I can say\n    why.\n  lessons: [1]\n- text: I can measure.\n  lessons: [2, 3]\n"
    )
    asked = read_statements(path)
    assert [option.lessons for option in asked.options] == [(1,), (2, 3)]
    assert [option.text for option in asked.options] == ["I can say why.", "I can measure."]
    assert asked.kind == "multiple"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "a list of 1 to 26 sentences"),
        ([], "a list of 1 to 26 sentences"),
        ([1], "found int"),
        ([{"text": 1, "lessons": [1]}], "text is 1"),
        ([{"text": "a", "lessons": []}], r"lessons is \[\]; expected is a list such as"),
        ([{"text": "a", "lessons": [True]}], r"lessons is \[True\]"),
        ([{"text": "a", "lessons": [1]}, {"text": "a", "lessons": [2]}], "the sentence 'a' stands"),
    ],
)
def test_what_is_no_list_of_sentences_is_one_sentence(data, said):
    with pytest.raises(ValueError, match=said):
        check_statements(data, "i_can.yaml")
