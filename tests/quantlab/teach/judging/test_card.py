"""The card: the same words in HTML and in text, never colour alone, and nothing unescaped."""

import pytest

from quantlab.teach.access import ANNOUNCED
from quantlab.teach.judging.card import JUDGEMENT_MIME, Card, judgement_card
from quantlab.teach.judging.verdict import GroupResult, Judgement, Verdict


def judgement(verdict, points=1.0, **sentences):
    groups = (GroupResult("one", 1, points >= 1), GroupResult("two", 2, 2 if points == 3 else 0))
    return Judgement("1.2", "The ruler", verdict, points, 3.0, groups, **sentences)


@pytest.mark.parametrize(
    ("verdict", "points", "heading"),
    [
        (Verdict.CORRECT, 3.0, "Correct — 3 of 3 points — 1.2 · The ruler"),
        (Verdict.INCORRECT, 1.0, "Not yet — 1 of 3 points — 1.2 · The ruler"),
        (Verdict.ERROR, 0.0, "The code stopped — 0 of 3 points — 1.2 · The ruler"),
        (Verdict.MALFORMED, 0.0, "This could not be read — 1.2 · The ruler"),
        (Verdict.NOT_ATTEMPTED, 0.0, "Not tried yet — 1.2 · The ruler"),
        (Verdict.GRADER_ERROR, 0.0, "The check failed, not you — 1.2 · The ruler"),
        (Verdict.TIMEOUT, 0.0, "Timeout — 0 of 3 points — 1.2 · The ruler"),
    ],
)
def test_the_heading_says_the_verdict_in_words(verdict, points, heading):
    assert judgement_card(judgement(verdict, points)).heading == heading


def test_text_and_html_say_the_same():
    card = judgement_card(
        judgement(
            Verdict.INCORRECT,
            observed="`f(1)` gives 2.",
            expected="Zero is on a tick.",
            cause="Which sign?",
            next_step="Again.",
        ),
        extra=(("Note", "**bold**"),),
    )
    assert repr(card).splitlines() == [
        "Not yet — 1 of 3 points — 1.2 · The ruler",
        "  `f(1)` gives 2.",
        "  Expected: Zero is on a tick.",
        "  Likely cause: Which sign?",
        "  Parts: ✓ one 1/1 · ○ two 0/2",
        "  Note: **bold**",
        "  Next: Again.",
    ]
    page = card.to_html()
    for words in ("<code>f(1)</code> gives 2.", "Likely cause:", "<strong>bold</strong>"):
        assert words in page
    assert 'role="status"' in page
    assert "<script" not in page
    assert ANNOUNCED in card._repr_mimebundle_()["text/html"]


def test_what_a_learner_wrote_cannot_become_html():
    page = judgement_card(judgement(Verdict.ERROR, observed="`<script>x</script>`")).to_html()
    assert "<script>" not in page
    assert "<code>&lt;script&gt;x&lt;/script&gt;</code>" in page


def test_a_picture_has_its_words_in_the_text():
    said = judgement(Verdict.INCORRECT, picture="<svg></svg>", picture_text="Two dots.")
    assert "  Picture: Two dots." in repr(judgement_card(said)).splitlines()
    assert "<svg></svg>" in judgement_card(said).to_html()


def test_the_notebook_carries_the_judgement_as_data():
    said = judgement(Verdict.INCORRECT, misconception="wrong_sign")
    bundle = judgement_card(said)._repr_mimebundle_()
    assert bundle[JUDGEMENT_MIME]["misconception"] == "wrong_sign"
    assert bundle["text/plain"] == repr(judgement_card(said))
    assert JUDGEMENT_MIME not in Card("Hint")._repr_mimebundle_()


def test_code_is_shown_as_code():
    card = Card("Solution", code="a < b")
    assert repr(card) == "Solution\n\n    a < b"
    assert "<code>a &lt; b</code></pre>" in card.to_html()
