"""A stranger's HTML: what runs or loads is gone, what a card needs is still there."""

import base64

import pytest

from autograder.publishing.sanitize import Redactor, clean_fragment
from quantlab.teach.judging.card import judgement_card
from quantlab.teach.judging.verdict import Judgement, Verdict


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<script>alert(1)</script>ok", "ok"),
        ("<script>alert(1)", ""),
        ("<style>body{display:none}</style>ok", "ok"),
        ("<img src=x onerror=alert(1)>", "<img>"),
        ("<img src='https://evil.example/pixel.png'>", "<img>"),
        ("<img src='data:text/html;base64,AAAA'>", "<img>"),
        ("<a href='javascript:alert(1)'>a</a>", "<a>a</a>"),
        ("<a href='data:text/html,x'>a</a>", "<a>a</a>"),
        ("<iframe src='https://evil.example'></iframe>ok", "ok"),
        ("<form action='/x'><input name=a></form>", ""),
        ("<p style='position:fixed;top:0;color:red'>a</p>", '<p style="color:red;">a</p>'),
        ("<p onclick='alert(1)'>a</p>", "<p>a</p>"),
        ("<!-- secret -->ok", "ok"),
        ("<base href='https://evil.example'>ok", "ok"),
        ("<math><mtext><script>alert(1)</script></mtext></math>", ""),
    ],
)
def test_what_runs_or_loads_is_gone(text, left):
    assert clean_fragment(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "<h2>Title</h2>",
        "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>",
        "<p>a &lt; b &amp; <code>x</code></p>",
        '<a href="https://example.org/x">x</a>',
        '<img alt="dot" src="data:image/png;base64,iVBORw0KGgo=">',
    ],
)
def test_what_a_page_needs_is_kept(text):
    assert clean_fragment(text) == text


def test_a_drawing_becomes_an_image_that_cannot_run():
    svg = '<svg aria-label="a ruler"><script>alert(1)</script><path d="M0 0"/></svg>'
    image = clean_fragment(f"<p>{svg}</p>")
    assert image.startswith('<p><img alt="a ruler" src="data:image/svg+xml;base64,')
    data = base64.b64decode(image.split("base64,")[1].split('"')[0]).decode()
    assert data.startswith('<svg xmlns="http://www.w3.org/2000/svg" aria-label="a ruler">')


def test_a_label_cannot_break_out_of_its_attribute():
    image = clean_fragment("""<svg aria-label="x" onload="alert(1)"></svg>""")
    assert "onload" not in image


def test_a_card_keeps_its_words_and_its_colour():
    judged = Judgement("9.1", "Title", Verdict.INCORRECT, 1, 3, observed="`f(3)` gives 9.")
    card = judgement_card(judged).to_html()
    cleaned = clean_fragment(card)
    assert "border-left:4px solid #D55E00" in cleaned
    assert '<section role="status"' in cleaned
    assert "<code>f(3)</code> gives 9." in cleaned
    assert cleaned.count("<p") == card.count("<p")


def test_a_redactor_takes_the_longest_text_first_and_leaves_short_ones():
    redact = Redactor({"/home/ann": "~", "/home/ann/course": "…", "12": "no", "": "no"})
    assert redact("/home/ann/course/x /home/ann/y 12") == "…/x ~/y 12"
    assert Redactor({})("as it is") == "as it is"
