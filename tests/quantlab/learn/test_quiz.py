"""The quiz as data: loading and its refusals, scoring, the keyless copy, the answers file."""

import copy
import html
import json
import os

import numpy as np
import pytest
import yaml

from quantlab.learn.quiz import (
    QUIZZES,
    judge_quiz,
    load_quiz,
    look_again,
    parse_quiz,
    quiz_ids,
    score,
    without_key,
)
from quantlab.learn.quiz_answers import (
    LARGEST_FILE,
    clean_answers,
    read_answers,
    set_aside,
    typed_answer,
    typed_number,
    write_answers,
)
from quantlab.learn.quiz_text import call_without_widgets, result_text, twin_html, twin_text
from quantlab.learn.verdict import Verdict
from quantlab.numerics import choose_qparams, dequantize, quantize, size_of_parameters

KEY_WORDS = {"right", "answer", "tolerance", "feedback", "wrong", "otherwise", "value"}


def small_quiz() -> dict:
    """One question of each kind, as an author writes them."""
    return {
        "id": "small",
        "title": "Small",
        "pass_mark": 0.7,
        "questions": [
            {
                "id": "q1",
                "kind": "single",
                "text": "Which?",
                "lesson": "lesson 01",
                "options": [
                    {"text": "left", "feedback": "Is it?"},
                    {"text": "right `x < 1`", "right": True, "feedback": "It is."},
                ],
            },
            {
                "id": "q2",
                "kind": "multiple",
                "text": "Which ones?",
                "options": [
                    {"text": "one", "right": True, "feedback": "One holds."},
                    {"text": "two", "feedback": "Does two?"},
                    {"text": "three", "right": True, "feedback": "Three holds."},
                ],
            },
            {
                "id": "q3",
                "kind": "numeric",
                "text": "How much?",
                "unit": "MB",
                "answer": 4,
                "tolerance": 0.5,
                "feedback": "Four.",
                "otherwise": "How far off is it?",
                "wrong": [{"value": 8, "tolerance": 0.25, "feedback": "Twice too much?"}],
            },
        ],
    }


@pytest.fixture
def quiz():
    return parse_quiz(small_quiz())


def right_answers(quiz) -> dict:
    def of(question):
        right = [n for n, option in enumerate(question.options) if option.right]
        return {"single": right[:1] and right[0], "multiple": right}.get(
            question.kind, question.answer
        )

    return {question.id: of(question) for question in quiz.questions}


# --- shipped quizzes ---------------------------------------------------------------------------


@pytest.mark.parametrize("quiz_id", quiz_ids())
def test_a_shipped_quiz_loads_and_its_own_key_scores_full(quiz_id):
    quiz = load_quiz(quiz_id)
    result = score(quiz, right_answers(quiz))
    assert result.points == quiz.max_points == len(quiz.questions)
    assert result.passed
    assert look_again(result) == ""


@pytest.mark.parametrize("quiz_id", quiz_ids())
def test_no_single_wrong_answer_earns_its_point(quiz_id):
    quiz = load_quiz(quiz_id)
    for question in quiz.questions:
        wrong = [n for n, option in enumerate(question.options) if not option.right]
        if question.kind == "numeric":
            tried = [near.value for near in question.likely_wrong] + [1e9]
        elif question.kind == "multiple":
            right = right_answers(quiz)[question.id]
            tried = [[n] for n in wrong] + [[*right, n] for n in wrong] + [right[:-1]]
        else:
            tried = wrong
        for answer in tried:
            one = score(quiz, {question.id: answer}).questions[question.number - 1]
            assert one.answered
            assert one.points == 0
            assert any(said.endswith("?") for said in one.feedback), (question.id, answer)


@pytest.mark.parametrize("quiz_id", quiz_ids())
def test_every_likely_wrong_number_has_its_own_sentence(quiz_id):
    quiz = load_quiz(quiz_id)
    for question in quiz.questions:
        for near in question.likely_wrong:
            one = score(quiz, {question.id: near.value}).questions[question.number - 1]
            assert one.feedback == (near.feedback,)


def test_seven_of_nine_pass_the_quick_test_and_six_do_not():
    quiz = load_quiz("quick_test")
    assert (quiz.max_points, quiz.points_to_pass) == (9, 7)
    answers = right_answers(quiz)
    for dropped, passed in ((2, True), (3, False)):
        some = dict(list(answers.items())[dropped:])
        result = score(quiz, some)
        assert result.points == 9 - dropped
        assert result.passed is passed
        assert result.unanswered == tuple(range(1, dropped + 1))


def test_pass_mark_of_a_tenth_is_not_lost_to_rounding():
    data = small_quiz()
    data["questions"] = [{**data["questions"][0], "id": f"q{n}"} for n in range(10)]
    # 0.7 * 10 is 7.000000000000001 for some factors; the mark stays 7 of 10.
    assert parse_quiz(data).points_to_pass == 7
    assert parse_quiz({**data, "pass_mark": 1}).points_to_pass == 10


def test_length_and_position_do_not_give_the_right_option_away():
    singles = [q for q in load_quiz("quick_test").questions if q.kind == "single"]
    right = [[o.right for o in q.options].index(True) for q in singles]
    longest = [max(range(len(q.options)), key=lambda n: len(q.options[n].text)) for q in singles]
    assert len(set(right)) >= 3
    # By chance, one in four would agree; more than half would be a pattern to learn by heart.
    assert sum(r == n for r, n in zip(right, longest, strict=True)) <= len(singles) / 2


@pytest.mark.parametrize("quiz_id", quiz_ids())
def test_the_example_call_answers_no_question_right(quiz_id):
    quiz = load_quiz(quiz_id)
    example = call_without_widgets(quiz)
    if quiz_id == "quick_test":
        assert example == 'quiz("quick_test").answer(q1="a", q3=0.5, q4=["a", "b"])'
    form = {"single": "a", "multiple": ["a", "b"], "numeric": 0.5}
    seen = {q.kind: q for q in reversed(quiz.questions)}
    answers = {q.id: typed_answer(q, form[kind]) for kind, q in seen.items()}
    assert score(quiz, answers).points == 0


# --- the numbers in the quizzes come out of the library ------------------------------------------


def test_the_numbers_of_the_quick_test_are_the_librarys():
    questions = {q.id: q for q in load_quiz("quick_test").questions}
    ruler = choose_qparams(-0.9, 5.0)
    # The file gives seven decimals: half a unit of the last is 5e-8, and float32 adds 2**-24
    # relative, 1.4e-9 here.
    assert abs(questions["q5"].answer - float(ruler.scale)) < 5e-8 + 1.4e-9
    # An answer rounded as asked counts; the 256-level slip, rounded likewise, does not.
    quiz = load_quiz("quick_test")
    assert score(quiz, {"q5": round(float(ruler.scale), 4)}).points == 1
    assert score(quiz, {"q5": round(5.9 / 256, 4)}).points == 0
    by_slip = {w.value for w in questions["q5"].likely_wrong}
    # Seven decimals again for values below 1, four for 43.2203.
    for slip, half_unit in ((5.9 / 256, 5e-8), (5 / 255, 5e-8), (5 / 127, 5e-8), (255 / 5.9, 5e-5)):
        assert min(abs(slip - value) for value in by_slip) <= half_unit

    size = size_of_parameters(45_000_000, "int8")
    # Whole bytes, and 45 is exact in binary.
    assert size / 1e6 == questions["q3"].answer
    assert 45_000_000 * 4 / 1e6 in {w.value for w in questions["q3"].likely_wrong}

    right = next(option.text for option in questions["q1"].options if option.right)
    qparams = type(ruler)(scale=0.5, zero_point=10, dtype="uint8")
    # 0.5 and the integers are exact in float32, so the text must say exactly this.
    real = float(dequantize(np.array([4], np.uint8), qparams)[0])
    assert float(right.replace("−", "-")) == real


def test_the_numbers_of_lesson_1_are_the_librarys():
    questions = {q.id: q for q in load_quiz("01_scale_and_zero_point").questions}
    ruler = choose_qparams(-0.9, 5.0)
    # Integers: nothing to tolerate.
    assert questions["q2"].answer == int(ruler.zero_point)
    assert questions["q3"].answer == int(quantize(np.float32(0.3), ruler))
    saturating = [option.right for option in questions["q4"].options]
    values = [float(o.text.replace("−", "-")) for o in questions["q4"].options]
    back = dequantize(quantize(np.array(values, np.float32), ruler), ruler)
    # On the ruler the error is at most half a step (1e-6: float32 rounding of values near 5).
    beyond = np.abs(back - np.array(values)) > float(ruler.scale) / 2 + 1e-6
    assert saturating == list(beyond)


def test_the_numbers_of_lesson_2_are_the_librarys():
    questions = {q.id: q for q in load_quiz("02_size_and_latency").questions}
    # Whole bytes again: 5,000,000 of them, and 5.0 is exact.
    assert questions["q1"].answer == size_of_parameters(10_000_000, "int4") / 1e6
    # Amdahl's law in binary fractions up to the last division; one float64 rounding, 2e-16.
    assert abs(questions["q3"].answer - 1 / (0.5 / 4 + 0.5)) < 1e-15


# --- scoring -----------------------------------------------------------------------------------


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


# --- the file of an author ---------------------------------------------------------------------


def broken(path, value=None, *, drop=False):
    """The small quiz with the entry at `path` replaced or dropped."""
    data = small_quiz()
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


def test_loading_says_what_is_wrong_with_the_file(tmp_path):
    with pytest.raises(KeyError, match="there are: none"):
        load_quiz("nope", tmp_path)
    with pytest.raises(KeyError, match="quick_test"):
        load_quiz("../quick_test")
    (tmp_path / "torn.yaml").write_text("questions: [")
    with pytest.raises(ValueError, match=r"torn\.yaml: the file is no YAML"):
        load_quiz("torn", tmp_path)
    (tmp_path / "renamed.yaml").write_text(yaml.safe_dump(small_quiz()))
    with pytest.raises(ValueError, match="its id is 'small'"):
        load_quiz("renamed", tmp_path)


# --- the copy for a class ----------------------------------------------------------------------


def words_of(data):
    if isinstance(data, dict):
        return set(data) | set().union(*map(words_of, data.values()))
    return set().union(*map(words_of, data)) if isinstance(data, list) else set()


@pytest.mark.parametrize("quiz_id", quiz_ids())
def test_nothing_of_the_key_is_left_in_a_graded_release(quiz_id):
    data = yaml.safe_load((QUIZZES / f"{quiz_id}.yaml").read_text(encoding="utf-8"))
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
    data = yaml.safe_load((QUIZZES / "quick_test.yaml").read_text(encoding="utf-8"))
    (tmp_path / "quick_test.yaml").write_text(yaml.safe_dump(without_key(data)))
    bare, full = load_quiz("quick_test", tmp_path), load_quiz("quick_test")
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
        data = without_key(small_quiz())
        entry = data
        for step in path[:-1]:
            entry = entry[step]
        entry[path[-1]] = True
        with pytest.raises(ValueError, match="not known here"):
            parse_quiz(data)


# --- the answers file --------------------------------------------------------------------------


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


# --- typed answers -----------------------------------------------------------------------------


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


# --- words -------------------------------------------------------------------------------------


def test_the_twin_holds_every_word_and_nothing_of_the_key(quiz):
    for quiz_id in quiz_ids():
        full = load_quiz(quiz_id)
        text, page = twin_text(full), twin_html(full)
        flat = " ".join(text.split())
        assert max(map(len, text.splitlines())) <= 88
        for question in full.questions:
            assert question.text in flat
            assert html.escape(question.text) in page
            for letter, option in zip(question.letters, question.options, strict=True):
                assert f"{letter}) {option.text}" in flat
                assert option.feedback not in flat
                assert option.feedback not in page
    assert "<code>x &lt; 1</code>" in twin_html(quiz)


def test_the_feedback_names_each_answered_question_and_the_open_ones(quiz):
    text = result_text(score(quiz, {"q1": 0, "q3": 4}))
    assert text.splitlines() == [
        "q1  Not yet. Is it?",
        "q3  Right. Four.",
        "Not passed yet: 1 of 3 right; the pass mark is 3.",
        "Not answered: 2.",
    ]
    passed = result_text(score(quiz, {"q1": 1, "q2": [0, 2], "q3": 4}))
    assert passed.splitlines()[-1] == "Passed: 3 of 3 right; the pass mark is 3."


# --- the judgement -----------------------------------------------------------------------------


@pytest.fixture
def shelf(tmp_path):
    """A folder with the small quiz, and where its answers would lie."""
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(small_quiz()))
    return tmp_path, tmp_path / "small.answers.json"


def test_a_judgement_follows_the_pass_mark_and_never_tells_the_right_option(shelf):
    folder, path = shelf
    quiz = load_quiz("small", folder)
    judged = judge_quiz("small", path, folder)
    assert (judged.verdict, judged.points, judged.max_points) == (Verdict.NOT_ATTEMPTED, 0, 3)

    write_answers(path, quiz, {})
    assert judge_quiz("small", path, folder).verdict is Verdict.NOT_ATTEMPTED

    write_answers(path, quiz, {"q1": 0, "q3": 4})
    judged = judge_quiz("small", path, folder)
    assert (judged.verdict, judged.points) == (Verdict.INCORRECT, 1)
    assert judged.observed == "1 of 3 right; the pass mark is 3."
    assert judged.next_step == "Look again at question 1 (lesson 01), question 2."
    assert [(g.name, g.points, g.earned) for g in judged.groups] == [
        ("question 1", 1, 0),
        ("question 2", 1, 0),
        ("question 3", 1, 1),
    ]

    write_answers(path, quiz, {"q1": 1, "q2": [0, 2], "q3": 4})
    judged = judge_quiz("small", path, folder)
    assert (judged.verdict, judged.points) == (Verdict.CORRECT, 3)
    assert judged.next_step == ""
    json.dumps(judged.to_dict())


def test_a_damaged_file_is_malformed_and_a_keyless_quiz_inconclusive(shelf):
    folder, path = shelf
    path.write_text("{")
    judged = judge_quiz("small", path, folder)
    assert (judged.verdict, judged.points, judged.max_points) == (Verdict.MALFORMED, 0, 3)
    assert "no plain JSON" in judged.observed
    assert path.read_text() == "{", "a grader leaves a submission as it is"

    (folder / "small.yaml").write_text(yaml.safe_dump(without_key(small_quiz())))
    write_answers(path, load_quiz("small", folder), {"q1": 1})
    judged = judge_quiz("small", path, folder)
    assert (judged.verdict, judged.points) == (Verdict.INCONCLUSIVE, 0)
    assert judged.observed == "1 of 3 questions answered. This quiz is graded by your instructor."


def test_the_public_verb_and_the_module_of_the_same_name_do_not_hide_each_other():
    from quantlab.learn import quiz as verb
    from quantlab.learn.quiz import load_quiz as loader

    assert callable(verb)
    assert verb.__name__ == "quiz"
    assert loader is load_quiz
