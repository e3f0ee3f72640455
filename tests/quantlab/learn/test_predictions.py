"""Predictions: a click commits, the measured number decides, and the reveal seals."""

import pytest

from quantlab.learn import predictions, reveal
from quantlab.learn.choice_widgets import PredictionButtons, ShownPrediction, predict
from quantlab.learn.progress import open_progress
from quantlab.lessons import catalogue
from quantlab.teach.access import LIVE
from quantlab.teach.quiz.engine import read_predictions
from tests.support.small_predictions import DECIDED, MARKED

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def at_home(tmp_path, monkeypatch):
    """Progress in a folder of this test alone, and the small predictions as those of lesson 3."""
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    path = tmp_path / "predictions.yaml"
    path.write_text(DECIDED + MARKED)
    small = {p.id: p for p in read_predictions(path)}
    real = catalogue.find_prediction
    monkeypatch.setattr(catalogue, "find_prediction", lambda id: small.get(id) or real(id))


@pytest.fixture
def shown():
    return PredictionButtons(predict("3.x"))


def press(shown, n):
    """Run what a press of the button runs. `Button.click` itself would swallow an exception."""
    (callback,) = shown.buttons[n]._click_handlers.callbacks
    callback(shown.buttons[n])


def kept(id="3.x"):
    choice = open_progress().choices.of(id)
    return choice and (choice.chosen, choice.sealed)


def test_a_click_commits_and_says_nothing_of_right_or_wrong(shown):
    assert [b.description for b in shown.buttons] == ["a) few", "b) some", "c) many x"]
    press(shown, 1)
    assert kept() == ([1], False)
    assert shown.buttons[1].description == "✓ b) some"
    assert shown.status.value.startswith(LIVE)
    assert "You predict b) some" in shown.status.value
    for word in ("right", "wrong", "Not", "because", "Is it"):
        assert word not in shown.status.value


def test_another_click_changes_it_until_the_reveal(shown):
    press(shown, 1)
    press(shown, 2)
    assert kept() == ([2], False)
    assert [b.description[0] for b in shown.buttons] == ["a", "b", "✓"]
    reveal("3.x", 12)
    assert all(button.disabled for button in shown.buttons)
    press(shown, 0)
    assert kept() == ([2], True)
    assert "It stands" in shown.status.value
    assert all(button.disabled for button in shown.buttons)
    assert "It stands" in repr(predict("3.x", "a"))
    assert kept() == ([2], True)


def test_the_next_session_shows_what_was_chosen(shown):
    press(shown, 0)
    again = PredictionButtons(predict("3.x"))
    assert "You predict a) few" in again.status.value
    assert again.buttons[0].description.startswith("✓")
    assert not again.buttons[1].disabled


@pytest.mark.parametrize(
    ("measured", "heading", "said"),
    [
        (9.999, "As you predicted", "10 MB: that is b) some"),
        (10, "Not as you predicted", "10 MB: that is c) many `x`"),
        (-2.5, "Not as you predicted", "−2.5 MB: that is a) few"),
        (1e6, "Not as you predicted", "1e+06 MB: none of the answers"),
    ],
)
def test_the_measured_number_decides(measured, heading, said):
    predict("3.x", "b")
    card = reveal("3.x", measured)
    assert card.heading == heading
    assert dict(card.lines)["You predicted"] == "b) some"
    assert dict(card.lines)["Measured"] == said
    assert dict(card.lines)["Why"] == "It grows."
    asks = dict(card.lines).get("Ask yourself")
    assert asks == (None if heading == "As you predicted" else "Is it some?")


def test_a_number_of_numpy_and_of_torch_will_do():
    import numpy as np
    import torch

    for number in (np.float32(5), np.array(5), torch.tensor(5.0)):
        assert "that is b)" in repr(reveal("3.x", number))


def test_without_a_prediction_the_reveal_goes_on_and_seals_nothing(shown):
    card = reveal("3.x", 5.0)
    assert card.heading == "Measured: 5 MB: that is b) some"
    assert "You made no prediction." in repr(card)
    assert "Why: It grows." in repr(card)
    assert kept() is None
    press(shown, 0)
    assert kept() == ([0], False)


def test_showing_the_cell_commits_to_nothing(shown):
    predict("3.x")._ipython_display_()
    reveal("3.x", 5.0)
    assert kept() is None


def test_a_marked_option_holds_where_nothing_is_a_number():
    predict("3.y", "a")
    card = reveal("3.y")
    assert card.heading == "Not as you predicted"
    assert dict(card.lines)["Measured"] == "b) yes"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: reveal("3.x"), 'decided by a finite number: `reveal("3.x", measured)`'),
        (lambda: reveal("3.x", float("nan")), "finite number"),
        (lambda: reveal("3.x", "five"), "`measured` is a str; expected is a number."),
        (lambda: reveal("3.x", [1, 2]), "`measured` is a list"),
        (lambda: reveal("3.y", 1), 'not decided by a number: `reveal("3.y")`'),
        (lambda: reveal("3.q", 1), 'There is no prediction "3.q". Lesson 3 has 3.a, 3.b.'),
        (lambda: predict("98.a"), 'There is no prediction "98.a".'),
        (lambda: predict(3.1), 'There is no prediction "3.1"'),
        (lambda: predict("3.x", "z"), "is no option; its options are a to c"),
    ],
)
def test_what_cannot_be_shown_is_a_sentence(call, said):
    assert said in repr(call())
    assert kept() is None


def test_a_grader_s_run_keeps_and_reads_nothing(monkeypatch, shown):
    press(shown, 1)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert "You made no prediction" in repr(reveal("3.x", 5))
    predict("3.x", "a")
    monkeypatch.delenv("NBGRADER_EXECUTION")
    assert kept() == ([1], False)


def test_no_standing_and_no_quiz_knows_of_it(shown):
    press(shown, 1)
    reveal("3.x", 5)
    progress = open_progress()
    assert progress.standings() == {}
    assert progress.quiz_ids() == ()


def test_it_is_exported_and_forgotten_by_its_id(shown):
    press(shown, 1)
    progress = open_progress()
    assert progress.export()["choices"]["3.x"]["chosen"] == [1]
    assert progress.reset("3.x") == 1
    assert kept() is None


def test_an_option_that_is_gone_is_no_prediction():
    open_progress().choices.choose("3.x", [7])
    assert "You made no prediction" in repr(reveal("3.x", 5))


def test_the_twin_has_the_question_the_letters_and_the_call(capsys):
    desk = predict("3.x")
    assert isinstance(desk, ShownPrediction)
    text = repr(desk)
    assert "How many?" in text
    assert "b) some" in text
    assert 'predict("3.x", "a")' in text
    for secret in ("It grows", "Is it", "10"):
        assert secret not in text


def test_its_twin_is_an_output_of_its_own_before_the_widget(monkeypatch):
    outputs = []
    monkeypatch.setattr("quantlab.teach.static_twin.display", lambda b, raw: outputs.append(b))
    predict("3.x")._ipython_display_()
    twin, live = outputs
    assert "<li>b) some</li>" in twin["text/html"]
    assert "It grows" not in twin["text/html"]
    assert WIDGET in live


def test_text_of_an_author_cannot_become_markup():
    assert "many <code>x</code>" in predictions.reveal("3.x", 50).to_html()
