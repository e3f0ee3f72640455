"""check, hint and solution as a learner calls them, with progress on a real disk."""

import json

import pytest

from autograder.authoring.instructor import exercise_ids, lesson_sources
from autograder.authoring.quality import reference_namespace
from quantlab.learn.classroom import _judge, check, hint, solution
from quantlab.learn.course import course_root
from quantlab.learn.progress import open_progress
from quantlab.lessons.catalogue import find
from quantlab.teach.judging.card import Card
from quantlab.teach.judging.verdict import Verdict
from quantlab.teach.source import read_lesson

ROOT = course_root()
LESSON = next(p for p in lesson_sources(ROOT) if p.stem.startswith("01_"))
CELLS = read_lesson(LESSON)
SOLVED = reference_namespace(CELLS)
FUNCTION = next(e for e in map(find, exercise_ids(CELLS)) if e.kind == "function")
WRITTEN = next(e for e in map(find, exercise_ids(CELLS)) if e.kind == "written")


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.chdir(tmp_path)


def in_a_notebook(names, call):
    """Run one call where the learner's names are the caller's, as in a cell."""
    space = {**names, "check": check, "hint": hint, "solution": solution}
    return eval(call, space)


def test_a_right_answer_is_a_green_card_and_a_row_of_progress():
    card = in_a_notebook(SOLVED, f'check("{FUNCTION.id}")')
    assert isinstance(card, Card)
    assert card.judgement.verdict is Verdict.CORRECT
    assert open_progress().passed(FUNCTION.id)


def test_an_exercise_that_was_not_tried_says_so():
    card = in_a_notebook({}, f'check("{FUNCTION.id}")')
    assert card.heading.startswith("Not tried yet")
    assert open_progress().finished_attempts(FUNCTION.id) == 0


@pytest.mark.parametrize("verb", ["check", "hint", "solution"])
def test_an_unknown_id_is_one_sentence(verb):
    card = in_a_notebook({}, f'{verb}("1.99")')
    assert 'There is no exercise "1.99"' in repr(card)


@pytest.mark.parametrize("verb", ["check", "hint", "solution"])
def test_each_verbs_card_says_once_what_became_of_the_progress_file(verb, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path / "file"))
    first, second = (in_a_notebook(SOLVED, f'{verb}("{FUNCTION.id}")') for _ in range(2))
    (said,) = [text for label, text in first.lines if label == "Progress"]
    assert "cannot write the progress file" in said
    assert said in first.__repr__()
    assert "Progress" not in dict(second.lines)


def test_hints_come_one_at_a_time_and_the_last_one_stays():
    said = [in_a_notebook({}, f'hint("{FUNCTION.id}")') for _ in range(4)]
    texts = [card.lines[0][1] for card in said]
    assert texts == [*FUNCTION.hints, FUNCTION.hints[-1]]
    assert "anyway=True" in repr(said[-1])
    assert open_progress().hints(FUNCTION.id) == 4


def test_a_solution_opens_after_three_finished_attempts_and_an_error_is_none():
    def stops(*args):
        raise RuntimeError("oops")

    wrong = FUNCTION.misconceptions[0].wrong
    assert "3 more finished attempts" in repr(in_a_notebook({}, f'solution("{FUNCTION.id}")'))
    in_a_notebook({FUNCTION.answer: stops}, f'check("{FUNCTION.id}")')
    for left in (2, 1):
        in_a_notebook({FUNCTION.answer: wrong}, f'check("{FUNCTION.id}")')
        assert f"{left} more finished" in repr(in_a_notebook({}, f'solution("{FUNCTION.id}")'))
    in_a_notebook({FUNCTION.answer: wrong}, f'check("{FUNCTION.id}")')
    opened = in_a_notebook({}, f'solution("{FUNCTION.id}")')
    assert f"def {FUNCTION.answer}" in opened.code
    assert "SOLUTION" not in opened.code
    assert open_progress().solution_opened(FUNCTION.id)


def test_a_solution_opens_at_once_with_anyway_and_after_a_pass():
    assert in_a_notebook({}, f'solution("{FUNCTION.id}", anyway=True)').code
    in_a_notebook(SOLVED, f'check("{FUNCTION.id}")')
    assert in_a_notebook({}, f'solution("{FUNCTION.id}")').code


def test_no_solution_opens_in_a_submission_that_is_graded(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    card = in_a_notebook({}, f'solution("{FUNCTION.id}", anyway=True)')
    assert card.code == ""
    assert "stay shut" in repr(card)


def test_a_copy_without_solutions_says_who_has_them(monkeypatch, tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "course.py").touch()
    card = in_a_notebook({}, f'solution("{FUNCTION.id}", anyway=True)')
    assert "your class keeps them" in repr(card)


def test_a_written_answer_shows_the_rubric_and_takes_the_learners_own_band():
    names = {
        WRITTEN.answer: "Because the weights are centred on zero and the outputs of a ReLU are not."
    }
    card = in_a_notebook(names, f'check("{WRITTEN.id}")')
    assert card.judgement.verdict is Verdict.INCONCLUSIVE
    assert WRITTEN.rubric[0].model_answer in repr(card)
    banded = in_a_notebook(names, f'check("{WRITTEN.id}", band=1)')
    assert banded.judgement.points == WRITTEN.rubric[0].points
    odd = in_a_notebook(names, f'check("{WRITTEN.id}", band=9)')
    assert "Band 9 is not in the rubric" in repr(odd)


def test_a_right_answer_says_what_it_is_good_for_and_what_comes_next():
    card = in_a_notebook(SOLVED, f'check("{FUNCTION.id}")')
    lines = dict(card.lines)
    assert lines["Take along"] == FUNCTION.insight
    assert f'solution("{FUNCTION.id}")' in lines["Compare"]
    following = find(f"1.{int(FUNCTION.id.split('.')[1]) + 1}")
    assert lines["Next"] == f"{following.id} · {following.title}"


@pytest.mark.parametrize("verb", ["check", "hint", "solution"])
def test_an_id_that_is_a_number_is_told_that_ids_are_texts(verb):
    said = repr(in_a_notebook(SOLVED, f"{verb}(1.10)"))
    assert f"`{verb}(1.1)` got a number, and as a number 1.10 is 1.1." in said


def test_a_text_of_a_few_words_does_not_open_the_rubric():
    card = in_a_notebook({WRITTEN.answer: "Scale is a step."}, f'check("{WRITTEN.id}")')
    assert card.heading.startswith("Too short to compare")
    assert WRITTEN.rubric[0].model_answer not in repr(card)


def test_the_solution_of_a_written_answer_says_what_opens_it():
    shut = repr(in_a_notebook({}, f'solution("{WRITTEN.id}")'))
    assert f'check("{WRITTEN.id}", band=1)' in shut
    names = {WRITTEN.answer: WRITTEN.rubric[-1].model_answer}
    in_a_notebook(names, f'check("{WRITTEN.id}", band=2)')
    assert in_a_notebook({}, f'solution("{WRITTEN.id}")').code


def test_an_answer_that_never_ends_is_stopped_with_a_card_of_its_own():
    def endless(*args):
        while True:
            pass

    said = in_a_notebook(
        {"_judge": _judge, FUNCTION.answer: endless, "e": FUNCTION}, "_judge(e, 0.2)"
    )
    assert (said.verdict, said.opening) == (Verdict.TIMEOUT, "Took too long")
    assert said.observed == "The answer took longer than 0.2 s, and the check stopped it."
    assert not said.finished


def test_under_nbgrader_the_same_call_yields_points_and_no_progress(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert in_a_notebook(SOLVED, f'check("{FUNCTION.id}")') == FUNCTION.points
    assert in_a_notebook({}, f'check("{FUNCTION.id}")') == 0.0
    assert "Correct" in capsys.readouterr().out
    monkeypatch.delenv("NBGRADER_EXECUTION")
    assert open_progress().attempts(FUNCTION.id) == ()


def test_the_graders_seed_draws_other_cases(monkeypatch):
    assert FUNCTION.groups(0) != FUNCTION.groups(12345)
    monkeypatch.setenv("QUANTLAB_SEED", "12345")
    assert in_a_notebook(SOLVED, f'check("{FUNCTION.id}")').judgement.passed


def test_ctrl_c_in_a_check_is_a_calm_card():
    def interrupted(*args):
        raise KeyboardInterrupt

    card = in_a_notebook({FUNCTION.answer: interrupted}, f'check("{FUNCTION.id}")')
    assert "You stopped the check." in repr(card)


def test_a_fault_of_the_check_is_never_the_learners(monkeypatch):
    monkeypatch.setenv("QUANTLAB_SEED", "not a number")
    card = in_a_notebook(SOLVED, f'check("{FUNCTION.id}")')
    assert card.judgement.verdict is Verdict.GRADER_ERROR
    assert f"The check of {FUNCTION.id} stopped with ValueError" in repr(card)
    assert open_progress().attempts(FUNCTION.id) == ()


def test_a_quiz_that_does_not_exist_is_one_sentence():
    assert "quick_test" in repr(in_a_notebook({}, 'check("quick_tset")'))


def test_a_quiz_is_checked_by_the_same_verb(tmp_path):
    card = in_a_notebook({}, 'check("quick_test")')
    assert card.judgement.verdict is Verdict.NOT_ATTEMPTED
    assert json.loads(json.dumps(card.judgement.to_dict()))["exercise"] == "quick_test"


def test_progress_that_cannot_be_kept_is_said_and_never_blocks(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path / "file"))
    card = in_a_notebook(SOLVED, f'check("{FUNCTION.id}")')
    assert card.judgement.passed
    assert "cannot write the progress file" in dict(card.lines)["Progress"]
