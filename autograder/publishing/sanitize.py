"""Makes a stranger's HTML harmless and keeps it readable: cards, tables and pictures survive.

An allow list of tags, attributes and CSS properties; everything else is dropped. A drawing (inline
SVG) becomes an image with a data address: a browser runs no script and loads nothing inside it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

import bleach
from bleach.css_sanitizer import CSSSanitizer

from quantlab.teach.pictures.theme import TURNS

TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "code",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "s",
        "section",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
        "var",
    ]
)
ATTRIBUTES = frozenset(
    [
        "alt",
        "class",
        "colspan",
        "height",
        "href",
        "id",
        "role",
        "rowspan",
        "scope",
        "src",
        "start",
        "style",
        "title",
        "width",
    ]
)
# No position, z-index or url(): a submission can not paint over the score or load anything.
CSS = [
    "background-color",
    "border",
    "border-bottom",
    "border-collapse",
    "border-left",
    "border-radius",
    "border-right",
    "border-top",
    "color",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "line-height",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "vertical-align",
    "white-space",
    "width",
]
DATA_IMAGE = re.compile(r"data:image/(png|jpeg|gif|svg\+xml);base64,[A-Za-z0-9+/=\s]*\Z")
SVG = re.compile(r"<svg\b.*?</svg\s*>", re.S | re.I)
NAMED = re.compile(r'aria-label="([^"]*)"')
# Bleach keeps the text inside a tag that it drops; the text of these two is code.
CODE = re.compile(r"<(script|style)\b.*?(</\1\s*>|\Z)", re.S | re.I)


def clean_fragment(text: str | bytes) -> str:
    """`text` (HTML) with nothing left that runs, loads or escapes its place on the page."""
    html = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    html = SVG.sub(_as_image, html)
    return str(
        bleach.clean(
            CODE.sub("", html),
            tags=TAGS,
            attributes=_allowed,
            protocols={"http", "https", "mailto", "data"},
            css_sanitizer=CSSSanitizer(allowed_css_properties=CSS),
            strip=True,
        )
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if name == "src":
        return tag == "img" and DATA_IMAGE.match(value) is not None
    if name == "href":
        return tag == "a" and not value.lstrip().lower().startswith("data:")
    return name in ATTRIBUTES


def _as_image(drawing: re.Match[str]) -> str:
    svg = drawing.group(0)
    if "xmlns=" not in svg:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    named = NAMED.search(svg)
    data = base64.b64encode(svg.encode("utf-8", "replace")).decode("ascii")
    alt = named.group(1) if named else "Drawing"
    turns = f' class="{TURNS}"' if TURNS in svg else ""
    return f'<img alt="{alt}"{turns} src="data:image/svg+xml;base64,{data}">'


class Redactor:
    """Takes what a page must not tell out of its text: the seed, and this machine's folders.

    `secrets` maps a text to what stands in its place; longer texts are replaced first.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        known = {text: instead for text, instead in secrets.items() if len(text) > 3}
        self._instead = known
        longest_first = sorted(known, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def __call__(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._instead[found.group(0)], text)
