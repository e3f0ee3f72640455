"""A lesson to be read: a student copy with its outputs, without what only a live kernel answers."""

from __future__ import annotations

import copy
import re
from typing import Any

from docutils.nodes import make_id
from nbformat import NotebookNode

from quantlab.learn.asking.course_text import course_text
from quantlab.learn.asking.one_click import IN_LAB
from quantlab.teach.static_twin import WIDGET_VIEW

#: Calls that answer one learner, of an answer, a progress or a machine: a page has none of these.
PERSONAL = re.compile(r"\b(?:check|hint|solution|run_command)\(")
#: A progress bar that has gone leaves an empty box.
EMPTY = re.compile(r"\s*<pre[^>]*>\s*</pre>\s*")
OURS = "application/vnd.quantlab."
#: Between lessons; the pages of all of them lie in one folder.
BETWEEN = re.compile(r"\]\(\.\./([\w-]+)/\1\.ipynb")
#: The same in what `ask` shows, with the cell of a section.
TO_A_SECTION = re.compile(r'href="\.\./([\w-]+)/\1\.ipynb#cell-id=([^"]*)"')
RAN = """\
The cells ran once, without an answer, while this page was made: numbers of speed and size are of
that machine. In JupyterLab you write the answers: `quantlab start {name}`."""
NOT_RUN = """\
The cells of this page have not been run. In JupyterLab you run them: `quantlab start {name}`."""
IN_A_BROWSER = """
<a class="ql-run" href="../lite/lab/index.html?path={name}/{name}.ipynb">Run this lesson in your
browser</a>, with nothing to install."""


def reading_copy(notebook: NotebookNode, name: str, *, ran: bool, lite: bool) -> NotebookNode:
    """The notebook as the site shows it; `notebook` stays as it is."""
    page = copy.deepcopy(notebook)
    page.metadata.pop("widgets", None)
    for cell in page.cells:
        cell.source = BETWEEN.sub(r"](\1.ipynb", cell.source)
        if cell.cell_type == "code":
            personal = PERSONAL.search(cell.source)
            cell.outputs = [o for o in cell.outputs if not personal and _keep_still(o)]
    title, _, rest = page.cells[0].source.partition("\n")
    page.cells[0].source = "\n".join([title, "", *_note(name, ran, lite), rest])
    return page


def _note(name: str, ran: bool, lite: bool) -> list[str]:
    said = (RAN if ran else NOT_RUN) + (IN_A_BROWSER if lite else "")
    return ["```{note}", said.format(name=name), "```", ""]


def _keep_still(output: NotebookNode) -> bool:
    """Drop what only our own programs read; whether something to look at is left."""
    data: dict[str, Any] | None = output.get("data")
    if data is None:
        return True
    if WIDGET_VIEW in data or EMPTY.fullmatch(data.get("text/html", "")):
        return False
    output.data = {kind: said for kind, said in data.items() if not kind.startswith(OURS)}
    if "text/html" in output.data:
        html = output.data["text/html"].replace(IN_LAB, "")  # a page opens where its link leads
        output.data["text/html"] = TO_A_SECTION.sub(_to_a_section, html)
    return bool(output.data)


def _to_a_section(found: re.Match[str]) -> str:
    place = found[1], found[2]
    heading = next(p.heading for p in course_text().passages if (p.notebook, p.cell) == place)
    return f'href="{found[1]}.html#{make_id(heading)}"'
