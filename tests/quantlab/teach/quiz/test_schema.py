"""What an author may write in a quiz file, and the copy without its key."""

import copy

import pytest
import yaml

from quantlab.lessons.catalogue import lessons, quiz_ids
from quantlab.teach.quiz import parse_quiz, read_quiz, score, without_key
from quantlab.teach.quiz.text import twin_text
from tests.support.small_quiz import SMALL

KEY_WORDS = {"right", "answer", "tolerance", "feedback", "wrong", "otherwise", "value"}


def broken(path, value=None, *, drop=False):
    """The small quiz with the entry at `path` replaced or dropped."""
    data = copy.deepcopy(SMALL)
    *way, last = path
    entry = data
    for step in way:
        entry = entry[step]
    if drop:
        del entry[last]
    else:
        entry[last] = value
    return data


Q = "questions"
OPTION = {"text": "left", "right": True, "feedback": "Yes."}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "found NoneType"),
        (broken(["passmark"], 1), "passmark is not known"),
        (broken(["id"], "A b"), "lower-case"),
        (broken(["title"], drop=True), "title is None"),
        (broken(["pass_mark"], 70), "share above 0"),
        (broken(["pass_mark"], True), "expected is a number"),
        (broken(["pass_mark"], float("nan")), "expected is a number"),
        (broken(["keyless"], "yes"), "true or false"),
        (broken([Q], []), "at least one question"),
        (broken([Q, 1], "text"), "question 2: found str"),
        (broken([Q, 1, "id"], "q1"), "the id 'q1' stands twice"),
        (broken([Q, 1, "id"], "1"), "starts with a letter"),
        (broken([Q, 0, "lesson"], ""), "lesson is ''"),
        (broken([Q, 0, "kind"], "radio"), "kind is 'radio'"),
        (broken([Q, 0, "hint"], "x"), "hint is not known"),
        (broken([Q, 0, "answer"], 1), "answer is not known"),
        (broken([Q, 2, "options"], []), "options is not known"),
        (broken([Q, 0, "options"], [OPTION]), "2 to 26"),
        (broken([Q, 0, "options", 1, "right"], drop=True), "no option is right"),
        (broken([Q, 0, "options", 0], OPTION), "2 options are right"),
        (broken([Q, 1, "options", 1], OPTION), "every option is right"),
        (broken([Q, 0, "options", 0, "feedback"], drop=True), "feedback is None"),
        (broken([Q, 0, "options", 1, "feedback"], " "), "feedback is ' '"),
        (broken([Q, 0, "options", 0, "feedback"], "No."), "met with a question"),
        (broken([Q, 0, "options", 0, "right"], "no"), "right is 'no'"),
        (broken([Q, 0, "options", 0, "text"], "right `x < 1`"), "stands twice"),
        (broken([Q, 2, "answer"], drop=True), "answer is None"),
        (broken([Q, 2, "tolerance"], -1), "0 or more"),
        (broken([Q, 2, "otherwise"], drop=True), "otherwise is None"),
        (broken([Q, 2, "wrong"], []), "likely wrong values"),
        (broken([Q, 2, "wrong", 0, "value"], 4.5), "counts as right"),
        (broken([Q, 2, "wrong", 0, "tolerance"], "x"), "expected is a number"),
        (broken([Q, 2, "wrong", 0, "feedback"], "No."), "met with a question"),
        (broken([Q, 2, "unit"], 3), "unit is 3"),
    ],
)
def test_a_file_that_is_no_quiz_is_refused_in_one_sentence(data, said):
    with pytest.raises(ValueError, match=said) as refused:
        parse_quiz(data, "small.yaml")
    assert str(refused.value).startswith("small.yaml")
    assert "\n" not in str(refused.value)


def words_of(data):
    if isinstance(data, dict):
        return set(data) | set().union(*map(words_of, data.values()))
    return set().union(*map(words_of, data)) if isinstance(data, list) else set()


def quiz_file(quiz_id):
    return next(room.folder / "quiz.yaml" for room in lessons() if room.quiz_id == quiz_id)


@pytest.mark.parametrize("quiz_id", quiz_ids())
def test_nothing_of_the_key_is_left_in_a_graded_release(quiz_id):
    data = yaml.safe_load(quiz_file(quiz_id).read_text(encoding="utf-8"))
    before = copy.deepcopy(data)
    released = without_key(data)
    assert data == before
    assert not words_of(released) & KEY_WORDS
    # Flipping which option is right, or the number asked for, must not show in the release.
    text = yaml.safe_dump(released, allow_unicode=True)
    for question in data["questions"]:
        for option in question.get("options", ()):
            assert " ".join(option["feedback"].split())[:40] not in text
        if question["kind"] == "numeric":
            question["answer"] += 1000
        elif question["kind"] == "single":
            flags = [option.get("right", False) for option in question["options"]]
            for option, flag in zip(question["options"], flags[1:] + flags[:1], strict=True):
                option["right"], option["feedback"] = flag, "Why?"
    assert without_key(data) == released


def test_a_keyless_quiz_keeps_questions_and_order_and_refuses_to_score(tmp_path):
    path = quiz_file("quick_test")
    released = without_key(yaml.safe_load(path.read_text(encoding="utf-8")))
    (tmp_path / "quiz.yaml").write_text(yaml.safe_dump(released))
    bare, full = read_quiz(tmp_path / "quiz.yaml"), read_quiz(path)
    for mine, theirs in zip(bare.questions, full.questions, strict=True):
        assert (mine.id, mine.text, mine.kind, mine.unit) == (
            (theirs.id, theirs.text, theirs.kind, theirs.unit)
        )
        assert [o.text for o in mine.options] == [o.text for o in theirs.options]
        assert {o.right for o in mine.options} <= {None}
    with pytest.raises(ValueError, match="graded by your instructor"):
        score(bare, {})
    assert "graded by your instructor" in twin_text(bare)


def test_a_keyless_file_with_a_part_of_the_key_is_refused():
    for path in ([Q, 0, "options", 0, "right"], [Q, 2, "answer"]):
        data = without_key(copy.deepcopy(SMALL))
        entry = data
        for step in path[:-1]:
            entry = entry[step]
        entry[path[-1]] = True
        with pytest.raises(ValueError, match="not known here"):
            parse_quiz(data)
