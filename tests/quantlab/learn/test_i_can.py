"""Boxes to tick: labelled, kept at once, there again the next time, and worth nothing."""

import pytest

from quantlab.learn.choice_widgets import Boxes, i_can
from quantlab.learn.progress import open_progress
from quantlab.learn.status import status
from quantlab.learn.way_back import way_back
from quantlab.lessons.catalogue import find_statements, of_lesson
from quantlab.teach.access import LIVE
from quantlab.teach.judging.verdict import Judgement, Verdict

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    """Progress in a folder of this test alone."""
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


def kept():
    choice = open_progress().choices.of("quick_test")
    return choice and choice.chosen


def test_a_tick_is_kept_at_once_and_there_the_next_time():
    boxes = Boxes(i_can("quick_test"))
    assert "0 of 4 ticked." in boxes.status.value
    boxes.boxes[2].value = True
    boxes.boxes[0].value = True
    assert kept() == [0, 2]
    assert "2 of 4 ticked." in boxes.status.value
    boxes.boxes[2].value = False
    again = Boxes(i_can("quick_test"))
    assert [box.value for box in again.boxes] == [True, False, False, False]
    assert open_progress().standings() == {}


def test_each_box_has_its_sentence_as_its_label():
    boxes = Boxes(i_can("quick_test"))
    labels = [box.description for box in boxes.boxes]
    assert all("I can " in label for label in labels)
    assert len(set(labels)) == 4
    assert boxes.status.value.startswith(LIVE)


def test_letters_tick_where_no_boxes_run():
    card = i_can("quick_test", ["a", "d"])
    assert card.heading == "2 of 4 ticked"
    assert kept() == [0, 3]
    assert "Lesson 02, for c): nothing done yet, start with 2.1." in repr(card)


def test_what_is_not_ticked_names_its_lesson_and_where_that_one_stands():
    boxes = Boxes(i_can("quick_test"))
    for n in (1, 2, 3):
        boxes.boxes[n].value = True
    first, *others = of_lesson(1)
    assert f"Lesson 01, for a): nothing done yet, start with {first.id}." in boxes.status.value
    right = Judgement(first.id, first.title, Verdict.CORRECT, first.points, first.points)
    open_progress().record(right)
    boxes = Boxes(i_can("quick_test"))
    assert "Lesson 01, for a): 1 of" in boxes.status.value
    assert f"go on with {others[0].id}." in boxes.status.value
    boxes.boxes[0].value = True
    assert "Lesson 01" not in boxes.status.value
    assert "<code>quantlab start quick_test</code>" in boxes.status.value


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: i_can("nowhere"), "There is no list to tick in 'nowhere'."),
        (lambda: i_can("quick_test", ["z"]), "'z' is no option"),
    ],
)
def test_what_cannot_be_ticked_is_a_sentence(call, said):
    assert said in repr(call())
    assert kept() is None


def test_a_grader_s_run_keeps_nothing(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    i_can("quick_test", ["a"])
    monkeypatch.delenv("NBGRADER_EXECUTION")
    assert kept() is None


def test_the_twin_has_every_sentence_before_the_widget(monkeypatch):
    outputs = []
    monkeypatch.setattr("quantlab.teach.static_twin.display", lambda b, raw: outputs.append(b))
    i_can("quick_test")._ipython_display_()
    twin, live = outputs
    assert twin["text/html"].count(") I can ") == 4
    assert 'i_can("quick_test"' in twin["text/plain"]
    assert WIDGET in live


def test_a_lesson_that_this_copy_lacks_is_in_the_installed_course():
    """A browser tab has the first lessons alone."""
    said = way_back(find_statements("quick_test"), (), status(open_progress(), of_lesson(1)).rows)
    assert said[0].startswith("Lesson 01, for a)")
    assert said[-1].endswith("in the installed course.")
