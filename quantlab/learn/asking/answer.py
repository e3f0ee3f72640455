"""What `ask` answers: passages with their links, in HTML, in words and as data."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from quantlab.base.palette import BLUE, GREY
from quantlab.learn.asking.index import Found
from quantlab.learn.asking.one_click import IN_LAB
from quantlab.teach.access import ANNOUNCED
from quantlab.teach.judging.card import inline

#: A paragraph is shown up to so many characters.
EXCERPT = 300
NOTHING = "Nothing in the course fits this question. What it does cover:"


@dataclass(frozen=True)
class Answer:
    """The answer to one question; where nothing fits, `covers` names the course's pages.

    `note` is one sentence where there was nothing to ask.
    """

    question: str
    found: Found | None = None
    covers: tuple[str, ...] = ()
    note: str = ""

    @property
    def fits(self) -> bool:
        """Whether the course answers it."""
        return self.found is not None and self.found.fits

    def to_dict(self) -> dict[str, Any]:
        """Plain data; a link starts at a notebook of the course."""
        entry = self.found.entry if self.found and self.fits else None
        return {
            "question": self.question,
            "fits": self.fits,
            "note": self.note,
            "entry": entry and {k: getattr(entry, k) for k in ("term", "means", "notebook")},
            "passages": [
                {
                    "notebook": hit.passage.notebook,
                    "title": hit.passage.title,
                    "heading": hit.passage.heading,
                    "link": hit.passage.link,
                    "excerpt": _cut(hit.paragraph),
                    "score": round(hit.score, 2),
                }
                for hit in (self.found.hits if self.found and self.fits else ())
            ],
            "covers": list(self.covers),
        }

    def __repr__(self) -> str:
        if self.note:
            return self.note
        data = self.to_dict()
        if not self.fits:
            return "\n".join([NOTHING, *(f"  {title}" for title in self.covers)])
        rows = [_plain(f"{e['term']}: {e['means']}") + "\n"] if (e := data["entry"]) else []
        for n, one in enumerate(data["passages"], start=1):
            rows += [f"{n}. {_place(one)}", f"   {_plain(one['excerpt'])}"]
        return "\n".join(rows)

    def _repr_html_(self) -> str:
        data = self.to_dict()
        body = self._passages(data) if self.fits else self._without(data)
        colour = BLUE if self.fits else GREY
        heading = f"<strong>{html.escape(self.question)}</strong>" if self.question else ""
        return (
            f'<section role="status" data-said="{html.escape(self._said(data))}" '
            f'style="border-left:4px solid {colour};'
            f'padding:.5em 1em;margin:.5em 0;max-width:46em">'
            f'<p style="margin:.2em 0;font-size:1.05em">{heading}</p>{body}{ANNOUNCED}</section>'
        )

    def _said(self, data: dict[str, Any]) -> str:
        """What a screen reader announces: what came out, in one sentence."""
        if not self.fits:
            return self.note or NOTHING
        term = f"{data['entry']['term']} is in the glossary. " if data["entry"] else ""
        places = "; ".join(map(_place, data["passages"]))
        return f"{term}Passages: {len(data['passages'])}. {places}"

    def _passages(self, data: dict[str, Any]) -> str:
        entry = data["entry"]
        said = f"<p><em>{inline(entry['term'])}:</em> {inline(entry['means'])}</p>" if entry else ""
        items = "".join(
            f'<li style="margin:.4em 0"><a href="{html.escape(one["link"])}">'
            f"{html.escape(_place(one))}</a><br>{inline(one['excerpt'])}</li>"
            for one in data["passages"]
        )
        return f'{said}<ol style="margin:.3em 0;padding-left:1.6em">{items}</ol>{IN_LAB}'

    def _without(self, data: dict[str, Any]) -> str:
        items = "".join(f"<li>{html.escape(title)}</li>" for title in data["covers"])
        listed = f'<ul style="margin:.3em 0">{items}</ul>' if items else ""
        return f"<p>{html.escape(self.note or NOTHING)}</p>{listed}"


def _place(one: dict[str, Any]) -> str:
    same = one["title"] == one["heading"]
    return str(one["title"]) if same else f"{one['title']} → {one['heading']}"


def _cut(text: str) -> str:
    if len(text) <= EXCERPT:
        return text
    short = text[:EXCERPT].rsplit(" ", 1)[0]
    # A mark that is cut in two would show as stars or ticks.
    short += "**" * (short.count("**") % 2)
    return short + "`" * (short.count("`") % 2) + " …"


def _plain(text: str) -> str:
    return text.replace("**", "").replace("`", "")
