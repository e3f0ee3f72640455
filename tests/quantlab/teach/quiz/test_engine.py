"""A quiz: loading it, scoring plain answers, and judging an answers file."""

import copy
import json

import numpy as np
import pytest
import yaml

from quantlab.teach.judging.verdict import Verdict
from quantlab.teach.quiz import judge_quiz, parse_quiz, read_quiz, score, without_key
from quantlab.teach.quiz.answers import write_answers
from tests.support.small_quiz import SMALL


@pytest.fixture
def quiz():
    return parse_quiz(SMALL)


def test_multiple_choice_needs_all_right_options_and_no_wrong_one(quiz):
    for chosen, points in (([0, 2], 1), ([2, 0], 1), ([0], 0), ([0, 1, 2], 0), ([1], 0)):
        assert score(quiz, {"q2": chosen}).points == points
    half = score(quiz, {"q2": [0]}).questions[1]
    assert half.feedback[0] == "a) One holds."
    assert half.feedback[-1].endswith("?")


def test_a_number_counts_up_to_its_tolerance_and_not_beyond(quiz):
    # 4 ± 0.5 are exact in binary, so the edge itself is in and the next float is out.
    for value, points in ((4, 1), (3.5, 1), (4.5, 1), (np.nextafter(4.5, 5), 0)):
        assert score(quiz, {"q3": float(value)}).points == points
    assert score(quiz, {"q3": 8.25}).questions[2].feedback == ("Twice too much?",)
    assert score(quiz, {"q3": 9}).questions[2].feedback == ("How far off is it?",)


def test_nothing_answered_scores_nothing(quiz):
    result = score(quiz, {"q2": []})
    assert (result.points, result.unanswered, result.passed) == (0, (1, 2, 3), False)


def test_a_pass_mark_is_not_lost_to_rounding():
    question = SMALL["questions"][0]
    data = {**SMALL, "questions": [{**question, "id": f"q{n}"} for n in range(25)]}
    # 0.56 * 25 is 14.000000000000002 in floats; fourteen right answers pass all the same.
    for mark, points in ((0.56, 14), (0.57, 15), (0.7, 18), (1, 25)):
        assert parse_quiz({**data, "pass_mark": mark}).points_to_pass == points


def test_loading_says_what_is_wrong_with_the_file(tmp_path):
    (tmp_path / "torn.yaml").write_text("questions: [")
    with pytest.raises(ValueError, match=r"torn\.yaml: the file is no YAML"):
        read_quiz(tmp_path / "torn.yaml")
    (tmp_path / "bare.yaml").write_text("title: no questions")
    with pytest.raises(ValueError, match=r"bare\.yaml: id is None"):
        read_quiz(tmp_path / "bare.yaml")


@pytest.fixture
def shelf(tmp_path):
    """The small quiz as read from a file, and where its answers would lie."""
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(copy.deepcopy(SMALL)))
    return read_quiz(tmp_path / "small.yaml"), tmp_path / "small.answers.json"


def test_a_judgement_follows_the_pass_mark_and_never_tells_the_right_option(shelf):
    quiz, path = shelf
    judged = judge_quiz(quiz, path)
    assert (judged.verdict, judged.points, judged.max_points) == (Verdict.NOT_ATTEMPTED, 0, 3)

    write_answers(path, quiz, {})
    assert judge_quiz(quiz, path).verdict is Verdict.NOT_ATTEMPTED

    write_answers(path, quiz, {"q1": 0, "q3": 4})
    judged = judge_quiz(quiz, path)
    assert (judged.verdict, judged.points) == (Verdict.INCORRECT, 1)
    assert judged.observed == "1 of 3 right; the pass mark is 3."
    assert judged.next_step == "Look again at question 1 (lesson 01), question 2."
    assert [(g.name, g.points, g.earned) for g in judged.groups] == [
        ("question 1", 1, 0),
        ("question 2", 1, 0),
        ("question 3", 1, 1),
    ]

    write_answers(path, quiz, {"q1": 1, "q2": [0, 2], "q3": 4})
    judged = judge_quiz(quiz, path)
    assert (judged.verdict, judged.points) == (Verdict.CORRECT, 3)
    assert judged.next_step == ""
    json.dumps(judged.to_dict())


def test_a_damaged_file_is_malformed_and_a_keyless_quiz_inconclusive(shelf):
    quiz, path = shelf
    path.write_text("{")
    judged = judge_quiz(quiz, path)
    assert (judged.verdict, judged.points, judged.max_points) == (Verdict.MALFORMED, 0, 3)
    assert "no plain JSON" in judged.observed
    assert path.read_text() == "{", "a grader leaves a submission as it is"

    quiz = parse_quiz(without_key(copy.deepcopy(SMALL)))
    write_answers(path, quiz, {"q1": 1})
    judged = judge_quiz(quiz, path)
    assert (judged.verdict, judged.points) == (Verdict.INCONCLUSIVE, 0)
    assert judged.observed == "1 of 3 questions answered. This quiz is graded by your instructor."
