"""The quiz on screen: real widgets are driven by their traits and their registered callbacks."""

import json
from pathlib import Path

import pytest

from quantlab.learn.progress import open_progress
from quantlab.learn.quiz_session import QuizSession
from quantlab.learn.quiz_widget import QuizWidget, quiz
from quantlab.lessons.catalogue import load_quiz
from quantlab.teach.quiz import parse_quiz, without_key
from tests.support.small_quiz import SMALL

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    """Progress and answers in a folder of this test alone."""
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    (tmp_path / "lesson").mkdir()
    monkeypatch.chdir(tmp_path / "lesson")


@pytest.fixture
def widget():
    return QuizWidget(QuizSession(parse_quiz(SMALL)))


def press(widget):
    """Run what a press of the button runs. `Button.click` itself would swallow an exception."""
    callbacks = widget.button._click_handlers.callbacks
    assert callbacks
    for callback in callbacks:
        callback(widget.button)


def choose(widget, *, q1=None, q2=(), q3=""):
    """What a learner does: a radio button, some checkboxes, a typed text."""
    radio, boxes, field = (row.controls for row in widget.rows)
    if q1 is not None:
        radio[0].index = q1
    for n in q2:
        boxes[n].value = True
    if q3:
        field[0].value = q3


def kept():
    return json.loads(Path("small.answers.json").read_text())["answers"]


def test_a_right_run_is_scored_shown_recorded_and_kept(widget):
    choose(widget, q1=1, q2=[0, 2], q3="4.2 MB")
    press(widget)
    assert "Passed: 3 of 3 right" in widget.status.value
    assert "1 attempt so far, best 3 of 3." in widget.status.value
    assert [row.feedback.value.count("<strong>Right</strong>") for row in widget.rows] == [1, 1, 1]
    assert "a) One holds." in widget.rows[1].feedback.value
    assert kept() == {"q1": 1, "q2": [0, 2], "q3": 4.2}
    (attempt,) = open_progress().quiz_attempts("small")
    assert (attempt.points, attempt.max_points, attempt.answers) == (3, 3, kept())


def test_a_wrong_answer_is_met_with_its_question_and_open_ones_are_named(widget):
    choose(widget, q1=0)
    press(widget)
    assert "Not yet" in widget.rows[0].feedback.value
    assert "Is it?" in widget.rows[0].feedback.value
    assert "Not passed yet: 0 of 3 right" in widget.status.value
    assert "Not answered: 2, 3." in widget.status.value
    assert "Not answered" in widget.rows[2].feedback.value


def test_a_choice_is_kept_at_once_and_takes_old_feedback_away(widget):
    choose(widget, q1=0, q2=[1])
    press(widget)
    choose(widget, q1=1)
    assert kept() == {"q1": 1, "q2": [1]}
    assert widget.rows[0].feedback.value == ""
    assert "Does two?" in widget.rows[1].feedback.value
    widget.rows[1].controls[1].value = False
    assert kept() == {"q1": 1}
    assert len(open_progress().quiz_attempts("small")) == 1, "choosing is no attempt"


def test_a_text_that_is_no_number_gets_its_sentence_and_is_not_kept(widget):
    choose(widget, q3="4")
    choose(widget, q3="four")
    press(widget)
    assert "&#x27;four&#x27; is no number" in widget.rows[2].feedback.value
    assert "Not answered: 1, 2, 3." in widget.status.value
    assert kept() == {}
    choose(widget, q3="3.8")
    press(widget)
    assert "Right" in widget.rows[2].feedback.value


def test_nothing_answered_is_no_attempt(widget):
    press(widget)
    assert "Not answered: 1, 2, 3." in widget.status.value
    assert open_progress().quiz_attempts("small") == ()


def test_the_next_session_shows_the_saved_answers_and_attempts(widget):
    choose(widget, q1=0, q2=[0, 2], q3="0.1")
    press(widget)
    press(widget)
    again = QuizWidget(QuizSession(parse_quiz(SMALL)))
    assert [row.read() for row in again.rows] == [0, [0, 2], 0.1]
    assert again.rows[2].controls[0].value == "0.1"
    assert "2 attempts so far, best 1 of 3." in again.status.value


def test_a_damaged_answers_file_is_a_sentence_and_a_fresh_start():
    Path("small.answers.json").write_text('{"schema": 1, "quiz": "small", "answers": {"q1": 7}}')
    widget = QuizWidget(QuizSession(parse_quiz(SMALL)))
    assert "outside its 2 options" in widget.status.value
    assert "set aside as small.answers.damaged-1.json" in widget.status.value
    assert not Path("small.answers.json").exists()
    choose(widget, q1=1)
    assert kept() == {"q1": 1}


def test_a_folder_that_refuses_is_a_sentence_and_the_quiz_goes_on(tmp_path):
    session = QuizSession(parse_quiz(SMALL), tmp_path / "gone")
    widget = QuizWidget(session)
    choose(widget, q1=1)
    assert "could not be written to small.answers.json" in widget.status.value
    press(widget)
    assert "1 of 3 right" in widget.status.value


def test_a_damaged_file_that_cannot_be_renamed_is_a_sentence():
    # 242 letters and ".answers.json" are the 255 bytes that a name may have; a longer one fails.
    data = {**SMALL, "id": "x" * 242}
    Path(f"{data['id']}.answers.json").write_text("{")
    (notice,) = QuizSession(parse_quiz(data)).take_notices()
    assert "could not be renamed" in notice
    assert notice.endswith("remove it by hand.")


def test_trouble_with_the_progress_file_is_told_and_blocks_nothing(widget, tmp_path):
    (tmp_path / "home").mkdir(exist_ok=True)
    database = tmp_path / "home" / "progress.db"
    for file in (tmp_path / "home").glob("progress.db*"):
        file.unlink()
    database.write_bytes(b"no database" * 100)
    choose(widget, q1=1)
    press(widget)
    assert "1 of 3 right" in widget.status.value
    assert "progress" in widget.status.value.lower()


def test_a_quiz_without_its_key_takes_answers_and_scores_nothing():
    bare = parse_quiz(without_key(SMALL))
    widget = QuizWidget(QuizSession(bare))
    choose(widget, q1=0, q3="many")
    press(widget)
    assert "graded by your instructor" in widget.status.value
    assert "1 of 3 questions answered" in widget.status.value
    assert "Question 3: &#x27;many&#x27; is no number" in widget.status.value
    assert widget.button.description == "Keep answers"
    assert kept() == {"q1": 0}
    assert open_progress().quiz_attempts("small") == ()
    assert all("Not yet" not in row.feedback.value for row in widget.rows)


def test_a_grader_s_run_records_no_attempt(widget, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    choose(widget, q1=1)
    press(widget)
    monkeypatch.delenv("NBGRADER_EXECUTION")
    assert open_progress().quiz_attempts("small") == ()


def test_every_control_is_a_native_one_with_a_whole_label(widget):
    radio, boxes, field = (row.controls for row in widget.rows)
    assert radio[0].options == ("a) left", "b) right x < 1")
    assert [box.description for box in boxes] == ["a) one", "b) two", "c) three"]
    assert field[0].description == "Answer 3 (MB)"
    assert "white-space: normal" in widget.children[0].value


def test_text_of_an_author_cannot_become_markup():
    data = {**SMALL, "questions": [{**SMALL["questions"][0], "text": "<script>x</script> `a<b`"}]}
    widget = QuizWidget(QuizSession(parse_quiz(data)))
    prompt = widget.rows[0].children[0].value
    assert "&lt;script&gt;" in prompt
    assert "<code>a&lt;b</code>" in prompt


# --- the object that `quiz(...)` gives ---------------------------------------------------------


def test_the_quiz_shows_a_widget_and_reads_as_text_where_there_is_none():
    desk = quiz("quick_test")
    twin, live = desk.twin().bundles()
    assert WIDGET in live
    assert twin["text/plain"].startswith("Quick test · 9 questions, 7 right answers pass")
    assert repr(desk) in twin["text/plain"]
    assert "<ol" in twin["text/html"]


def test_a_quiz_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(KeyError, match="quick_test"):
        quiz("quick_tset")


def test_answers_given_as_code_are_kept_and_answered(capsys):
    desk = QuizSession(parse_quiz(SMALL))
    desk.answer(q1="b", q2=["a"])
    said = capsys.readouterr().out
    assert "q1  Right. It is." in said
    assert "q2  Not yet. a) One holds." in said
    assert "Not answered: 3." in said
    desk.answer(q3=4)
    assert kept() == {"q1": 1, "q2": [0], "q3": 4.0}
    assert "Not passed yet: 2 of 3 right" in capsys.readouterr().out
    assert len(open_progress().quiz_attempts("small")) == 2


def test_answers_that_are_none_print_one_sentence_and_change_nothing(capsys):
    desk = QuizSession(parse_quiz(SMALL))
    desk.answer(q9="a")
    desk.answer(q1="a", q3="four")
    desk.answer()
    assert capsys.readouterr().out.splitlines() == [
        "There is no question q9; there are q1, q2, q3.",
        "'four' is no number; write it like 0.25 or 1200.",
        "0 of 3 questions answered, kept in small.answers.json.",
    ]
    assert open_progress().quiz_attempts("small") == ()


def test_a_keyless_quiz_takes_answers_given_as_code(capsys):
    QuizSession(parse_quiz(without_key(SMALL))).answer(q1="a")
    assert "graded by your instructor" in capsys.readouterr().out
    assert kept() == {"q1": 0}


def test_the_widget_of_the_quick_test_has_a_row_for_each_question():
    widget = QuizWidget(QuizSession(load_quiz("quick_test")))
    assert [row.question.id for row in widget.rows] == [f"q{n}" for n in range(1, 10)]
