"""Answers: plain data with checked types, the file that a submission carries, typed answers."""

import json
import os

import pytest

from quantlab.teach.quiz import parse_quiz
from quantlab.teach.quiz.answers import (
    LARGEST_FILE,
    clean_answers,
    read_answers,
    set_aside,
    typed_answer,
    typed_number,
    write_answers,
)
from tests.support.small_quiz import SMALL


@pytest.fixture
def quiz():
    return parse_quiz(SMALL)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([], "no mapping"),
        ({"q9": 1}, "'q9'"),
        ({"q1": 2}, "outside its 2 options"),
        ({"q1": -1}, "outside its 2 options"),
        ({"q1": True}, "no option"),
        ({"q1": 1.0}, "no option"),
        ({"q1": "b"}, "no option"),
        ({"q2": 1}, "no list"),
        ({"q2": [0, 0]}, "twice"),
        ({"q2": [0, "a"]}, "no option"),
        ({"q3": float("nan")}, "no finite number"),
        ({"q3": float("inf")}, "no finite number"),
        ({"q3": 10**400}, "no finite number"),
        ({"q3": "4"}, "no finite number"),
        ({"q3": False}, "no finite number"),
        ({"q3": None}, "no finite number"),
    ],
)
def test_answers_that_are_none_are_refused_in_a_sentence(quiz, answers, said):
    with pytest.raises(ValueError, match=said) as refused:
        clean_answers(quiz, answers)
    assert "\n" not in str(refused.value)


def test_answers_come_back_as_they_were_written(quiz, tmp_path):
    path = tmp_path / "small.answers.json"
    answers = {"q1": 1, "q2": [0, 2], "q3": 0.1}
    write_answers(path, quiz, answers)
    assert read_answers(path, quiz) == answers
    assert os.listdir(tmp_path) == ["small.answers.json"]
    assert json.loads(path.read_text()) == {"schema": 1, "quiz": "small", "answers": answers}
    with pytest.raises(ValueError, match="no option"):
        write_answers(path, quiz, {"q1": "b"})
    assert read_answers(path, quiz) == answers


def test_a_file_that_an_editor_on_windows_saved_is_read_as_before(quiz, tmp_path):
    path = tmp_path / "t.answers.json"
    write_answers(path, quiz, {})
    before = read_answers(path, quiz)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_answers(path, quiz) == before


def test_a_write_that_fails_leaves_the_old_answers_and_no_litter(quiz, tmp_path):
    path = tmp_path / "small.answers.json"
    path.mkdir()  # a folder cannot be replaced by a file
    with pytest.raises(OSError, match=r"small\.answers\.json"):
        write_answers(path, quiz, {"q1": 1})
    assert os.listdir(tmp_path) == ["small.answers.json"]


def stored(**changed):
    return json.dumps({"schema": 1, "quiz": "small", "answers": {"q1": 1}, **changed})


HOSTILE = [
    ("", "no plain JSON"),
    (b"\xff\xfe", "no plain JSON"),
    ("[" * 60_000, "no plain JSON"),
    ("[1, 2]", "exactly answers, quiz, schema"),
    (stored(more=1), "exactly answers, quiz, schema"),
    (stored(schema=2), "schema other than 1"),
    (stored(schema=True), "schema other than 1"),
    (stored(schema=[]), "schema other than 1"),
    (stored(quiz="other"), "another quiz"),
    (stored(quiz=["small"]), "another quiz"),
    (stored(answers=[1]), "no mapping"),
    (stored(answers={"q3": float("nan")}), "no plain JSON"),
    ('{"schema": 1, "quiz": "small", "answers": {"q3": 1e999}}', "no finite number"),
    ('{"schema": 1, "schema": 1, "quiz": "small", "answers": {}}', "no plain JSON"),
    ('{"schema": 1, "quiz": "small", "answers": {"q3": ' + "9" * 5000 + "}}", "no plain JSON"),
    (stored(answers={"q2": [0] * 9}), "twice"),
    (stored() + " " * LARGEST_FILE, "larger than 64 KiB"),
]


@pytest.mark.parametrize(("content", "said"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_strangers_file_is_refused_in_a_sentence_and_never_an_accident(
    quiz, tmp_path, content, said
):
    path = tmp_path / "small.answers.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=said) as refused:
        read_answers(path, quiz)
    assert str(tmp_path) not in str(refused.value)


def test_only_an_ordinary_file_is_opened(quiz, tmp_path):
    (tmp_path / "real.json").write_text(stored())
    (tmp_path / "folder").mkdir()
    if os.name == "posix":  # elsewhere links need a privilege and named pipes lie apart
        (tmp_path / "link").symlink_to(tmp_path / "real.json")
        os.mkfifo(tmp_path / "pipe")  # opening it would wait for ever
    for name in sorted({"folder", "link", "pipe"} & set(os.listdir(tmp_path))):
        with pytest.raises(ValueError, match="no ordinary file"):
            read_answers(tmp_path / name, quiz)
    with pytest.raises(ValueError, match="cannot be read"):
        read_answers(tmp_path / "real.json" / "deeper", quiz)


def test_damaged_files_are_set_aside_without_losing_an_earlier_one(tmp_path):
    names = set()
    for _ in range(2):
        path = tmp_path / "small.answers.json"
        path.write_text("x")
        names.add(set_aside(path).name)
    assert names == {"small.answers.damaged-1.json", "small.answers.damaged-2.json"}
    assert set(os.listdir(tmp_path)) == names


def test_what_a_learner_types_becomes_plain_data(quiz):
    single, multiple, numeric = quiz.questions
    assert [typed_answer(single, typed) for typed in ("b", "B", " b) ")] == [1, 1, 1]
    assert typed_answer(multiple, ["c", "a", "A"]) == [0, 2]
    assert typed_answer(multiple, "c") == [2]
    assert typed_answer(numeric, 4) == 4.0
    assert typed_answer(numeric, "−4.5 MB") == -4.5


@pytest.mark.parametrize(
    ("number", "typed", "said"),
    [
        (0, "c", "'c' is no option; its options are a to b"),
        (0, "", "no option"),
        (0, "ab", "no option"),
        (0, 1, "no option"),
        (0, ["a"], "no option"),
        (1, [], "at least one letter"),
        (1, ["a", "z"], "'z' is no option"),
        (2, "four", "'four' is no number"),
        (2, "0,5", "has a comma"),
        (2, "nan", "no number"),
        (2, None, "no finite number"),
    ],
)
def test_what_is_no_answer_gets_a_sentence(quiz, number, typed, said):
    with pytest.raises(ValueError, match=said):
        typed_answer(quiz.questions[number], typed)


def test_a_number_may_carry_its_unit_and_no_other():
    assert typed_number(" 1.5 ms ", "ms") == 1.5
    with pytest.raises(ValueError, match="no number"):
        typed_number("1.5 ms", "MB")
