"""The calm card a learner sees: HTML, the same words as plain text, and the judgement as data.

Colour never speaks alone: the heading says the same in words. The palette is Okabe and Ito's, which
reads with every kind of colour blindness.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quantlab.base.palette import BLUE, GREY, ORANGE
from quantlab.base.scrolling import reachable
from quantlab.teach.access import ANNOUNCED
from quantlab.teach.judging.exercise import Exercise
from quantlab.teach.judging.verdict import Judgement, Verdict

JUDGEMENT_MIME = "application/vnd.quantlab.judgement+json"

_COLOUR = {Verdict.CORRECT: BLUE, Verdict.INCORRECT: ORANGE, Verdict.ERROR: ORANGE}
_OPENING = {
    Verdict.NOT_ATTEMPTED: "Not tried yet",
    Verdict.ERROR: "The code stopped",
    Verdict.INCORRECT: "Not yet",
    Verdict.CORRECT: "Correct",
    Verdict.INCONCLUSIVE: "Not judged here",
    Verdict.MALFORMED: "This could not be read",
    Verdict.GRADER_ERROR: "The check failed, not you",
}
_WITHOUT_POINTS = {
    Verdict.NOT_ATTEMPTED,
    Verdict.INCONCLUSIVE,
    Verdict.MALFORMED,
    Verdict.GRADER_ERROR,
}


@dataclass(frozen=True)
class Card:
    """What a cell shows: a heading, labelled lines, perhaps code and a picture.

    `lines` are (label, text) pairs; a text may use `code` and **bold**. `picture` is an inline
    SVG and `picture_text` says the same in words.
    """

    heading: str
    lines: tuple[tuple[str, str], ...] = ()
    colour: str = GREY
    code: str = ""
    picture: str = ""
    picture_text: str = ""
    judgement: Judgement | None = None

    def __repr__(self) -> str:
        rows = [self.heading]
        rows += [f"  {label}: {text}" if label else f"  {text}" for label, text in self.lines]
        rows += [f"  Picture: {self.picture_text}"] if self.picture_text else []
        rows += ["", *("    " + row for row in self.code.splitlines())] if self.code else []
        return "\n".join(rows)

    def to_html(self) -> str:
        """The card for a page."""
        return self._html("")

    def _html(self, end: str) -> str:
        rows = "".join(
            f'<p style="margin:.3em 0">{f"<em>{inline(label)}:</em> " if label else ""}'
            f"{inline(text)}</p>"
            for label, text in self.lines
        )
        block = '<pre style="white-space:pre;overflow-x:auto"><code>'
        code = f"{block}{html.escape(self.code)}</code></pre>" if self.code else ""
        if code and end:  # a page of feedback breaks long lines of code instead
            code = reachable(code, "Code")
        return (
            f'<section role="status" style="border-left:4px solid {self.colour};'
            f'padding:.5em 1em;margin:.5em 0;max-width:46em">'
            f'<p style="margin:.2em 0;font-size:1.05em"><strong>{inline(self.heading)}</strong>'
            f"</p>"
            f"{rows}{self.picture}{code}{end}</section>"
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/html": self._html(ANNOUNCED), "text/plain": repr(self)}
        if self.judgement is not None:
            bundle[JUDGEMENT_MIME] = self.judgement.to_dict()
        return bundle


def judgement_card(judgement: Judgement, extra: Sequence[tuple[str, str]] = ()) -> Card:
    """The card of one judgement; `extra` lines are added before the next step."""
    lines: list[tuple[str, str]] = []
    if judgement.observed:
        lines.append(("", judgement.observed))
    if judgement.expected:
        lines.append(("Expected", judgement.expected))
    if judgement.cause:
        wrong = judgement.verdict is not Verdict.CORRECT
        lines.append(("Likely cause" if wrong else "Why", judgement.cause))
    if judgement.insight:
        lines.append(("Take along", judgement.insight))
    if len(judgement.groups) > 1 and not judgement.passed:
        lines.append(("Parts", " · ".join(_part(g) for g in judgement.groups)))
    lines += extra
    if judgement.next_step:
        lines.append(("Next", judgement.next_step))
    return Card(
        _heading(judgement),
        tuple(lines),
        colour=_COLOUR.get(judgement.verdict, GREY),
        picture=judgement.picture,
        picture_text=judgement.picture_text,
        judgement=judgement,
    )


def rubric_lines(exercise: Exercise) -> tuple[tuple[str, str], ...]:
    """The bands of a written answer, best first, each with its model answer."""
    return tuple(
        (
            f"Band {n} · {_number(band.points)} points",
            f"{band.takes} For example: “{band.model_answer}”",
        )
        for n, band in enumerate(exercise.rubric, start=1)
    )


def _heading(judgement: Judgement) -> str:
    word = str(judgement.verdict).replace("_", " ").capitalize()
    opening = judgement.opening or _OPENING.get(judgement.verdict, word)
    name = f"{judgement.exercise} · {judgement.title}"
    unjudged = judgement.opening and not judgement.groups
    if judgement.verdict in _WITHOUT_POINTS or unjudged:
        return f"{opening} — {name}"
    of = f"{_number(judgement.points)} of {_number(judgement.max_points)}"
    return f"{opening} — {of} point{'s' if judgement.max_points != 1 else ''} — {name}"


def _part(group: Any) -> str:
    mark = "✓" if group.earned == group.points else "○"
    return f"{mark} {group.name} {_number(group.earned)}/{_number(group.points)}"


def _number(points: float) -> str:
    return f"{points:g}"


def inline(text: str) -> str:
    """Escape, then allow `code` and **bold**."""
    safe = html.escape(text)
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", safe)
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", safe)
