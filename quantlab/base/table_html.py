"""Tables as HTML for a notebook: no colour of their own, so that they read on any theme.

Text takes the colour of what is around it. Lines are JupyterLab's where there is a JupyterLab, and
the text's colour elsewhere. Where a reader strips the style sheet (a notebook that is not trusted
yet, a page of a code host), the plain table is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from quantlab.base.scrolling import reachable
from quantlab.base.table import Column, Row, Table

#: Words up to so many characters stay on one line, as numbers do.
SHORT = 20

#: Alignment stands in each cell: JupyterLab's own rules for tables weigh more than these.
STYLE = """<style>
.quantlab-report {max-width: 800px; overflow-x: auto; color: inherit}
.quantlab-report table {border-collapse: collapse; margin: 0 0 .6em; min-width: 28em; \
font-variant-numeric: tabular-nums}
.quantlab-report table caption {caption-side: top; text-align: left; color: inherit; \
padding: .2em .45em .4em; font-weight: 600}
.quantlab-report table th, .quantlab-report table td {padding: .25em .45em; \
vertical-align: top; overflow-wrap: break-word}
.quantlab-report table thead th {vertical-align: bottom; font-weight: 600; \
border-bottom: 1px solid var(--jp-border-color1, currentColor)}
.quantlab-report table tbody th {font-weight: 400}
.quantlab-report table .whole {white-space: nowrap}
.quantlab-report table .strong > * {font-weight: 600}
.quantlab-report p {margin: .2em .45em; font-size: var(--jp-ui-font-size1, inherit)}
.quantlab-report:focus-visible {outline: 2px solid currentColor; outline-offset: -2px}
</style>"""


def html_of(summary: str, tables: Sequence[Table], notes: Sequence[str]) -> str:
    """The tables with the line as the first one's caption, and the notes below."""
    shown = [table for table in tables if table.rows]
    parts = [_table(table, table.caption if i else summary) for i, table in enumerate(shown)]
    if not shown:
        parts = [_paragraph(summary)]
    box = "\n".join(['<div class="quantlab-report">', *parts, *map(_paragraph, notes), "</div>"])
    return STYLE + (reachable(box, "Table") if shown else box)


def _table(table: Table, caption: str) -> str:
    head = "".join(
        f'<th scope="col"{_place(column)}>{_broken(column.header)}</th>' for column in table.shown
    )
    rows = "\n".join(_row(table, i, row) for i, row in enumerate(table.rows))
    above = f"<caption>{_broken(caption)}</caption>" if caption else ""
    return f"<table>{above}\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _row(table: Table, number: int, row: Row) -> str:
    first, *others = table.shown
    cells = [f'<th scope="row"{_place(first)}>{_broken(first.text(row))}</th>']
    for column in others:
        text = column.text(row)
        whole = ' class="whole"' if column.numeric or len(text) <= SHORT else ""
        cells.append(f"<td{whole}{_place(column)}>{_broken(text)}</td>")
    strong = ' class="strong"' if number in table.strong else ""
    return f"<tr{strong}>{''.join(cells)}</tr>"


def _place(column: Column) -> str:
    return f' style="text-align:{"right" if column.numeric else "left"}"'


def _broken(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _paragraph(text: str) -> str:
    return f"<p>{_broken(text)}</p>"
