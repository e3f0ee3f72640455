"""The record as one page of HTML that asks no other host for anything, light or dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from quantlab.base.table import Table
from quantlab.base.table_html import html_of

#: What two bars show: what, and (name, value, value in words) of each.
Figure = tuple[str, Sequence[tuple[str, float, str]]]
#: (heading, tables, notes)
Section = tuple[str, Sequence[Table], Sequence[str]]

#: Text on ground: 15:1 and 14:1; bars are told apart by their labels, not by colour alone.
STYLE = """
:root {color-scheme: light dark; --ink: #1B1F24; --paper: #FFFFFF; --soft: #4A515B;
--line: #C3C9D0; --fp32: #5F6670; --int8: #0072B2}
@media (prefers-color-scheme: dark) {:root {--ink: #E8EAED; --paper: #16191D; --soft: #B4BBC4;
--line: #434A54; --fp32: #9AA3AE; --int8: #56B4E9}}
body {background: var(--paper); color: var(--ink); margin: 0 auto; max-width: 800px;
padding: 1.2em; font: 16px/1.5 system-ui, sans-serif}
h1 {font-size: 1.5em; line-height: 1.25} h2 {font-size: 1.15em; margin-top: 1.8em}
.soft {color: var(--soft)} .figures {display: flex; flex-wrap: wrap; gap: 1.5em}
figure {margin: 0; flex: 1 1 20em} svg {width: 100%; height: auto} svg text {fill: var(--ink);
font: 13px system-ui, sans-serif} .fp32 {fill: var(--fp32)} .int8 {fill: var(--int8)}
.quantlab-report table {width: 100%} .quantlab-report p {margin: .3em 0}
pre {white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line);
padding: .8em; font-size: .85em}
"""
WIDTH, HEIGHT = 360, 84


def html_page(
    summary: str,
    where: str,
    figures: Iterable[Figure],
    sections: Iterable[Section],
    recipe: str | None,
) -> str:
    """The page: what came out in figures, then each question with its table, then the recipe."""
    title = escape(summary)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE}</style></head><body><main>",
        f"<h1>{title}</h1>",
        f'<p class="soft">{escape(where)}</p>',
        '<div class="figures">',
        *(_bars(*figure) for figure in figures),
        "</div>",
    ]
    for heading, tables, notes in sections:
        parts += [f"<h2>{escape(heading)}</h2>", html_of("", tables, notes)]
    if recipe is not None:
        parts += ["<h2>Recipe</h2>", f"<pre>{escape(recipe)}</pre>"]
    return "\n".join([*parts, "</main></body></html>", ""])


def _bars(what: str, values: Sequence[tuple[str, float, str]]) -> str:
    """Two bars to one scale, and the same in words for those who do not see them."""
    longest = max(value for _, value, _ in values) or 1.0
    said = "; ".join(f"{name} {text}" for name, _, text in values)
    rows = []
    for number, (name, value, text) in enumerate(values):
        y, length = 8 + 40 * number, 180 * value / longest
        rows.append(
            f'<text x="0" y="{y + 19}">{escape(name)}</text>'
            f'<rect class="{escape(name.lower())}" x="50" y="{y}" width="{length:.1f}" '
            f'height="28"/><text x="{56 + length:.1f}" y="{y + 19}">{escape(text)}</text>'
        )
    return (
        f'<figure><figcaption>{escape(what)}</figcaption><svg role="img" '
        f'aria-label="{escape(f"{what}: {said}")}" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f"{''.join(rows)}</svg></figure>"
    )
