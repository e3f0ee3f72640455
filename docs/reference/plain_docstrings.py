r"""Our docstrings are written to be read by help(); this makes reStructuredText of them for Sphinx.

Three habits need it. Names in a column, what they mean beside them:

    lo, hi   floats, the ends of the range,
             lo <= hi

become a definition list. Fields of a class without a headline ("scores : float32 (n,)") get the
headline "Attributes", for numpydoc. A star or a bar that opens no markup, as in (n, *spatial) and
|gamma|, is escaped. Examples stay as they are.
"""

from __future__ import annotations

import re

FIELD = re.compile(r"^\w+(?:, \w+)* : \S")
ROW = re.compile(r"^(?P<indent> *)(?P<name>[A-Za-z_]\w*(?:, \w+)*)(?P<gap> {2,})(?P<text>\S.*)$")
LONE_STAR = re.compile(r"(?<![*\w`])\*(?=\w)(?![^*\n]*\w\*(?!\w))")
BAR = re.compile(r"\|(?=\w+\|)")


def as_restructured_text(lines: list[str]) -> list[str]:
    """The lines of one docstring, changed where reStructuredText would read them otherwise."""
    out: list[str] = []
    column: tuple[int, int] | None = None  # of a definition: its indent, where its text begins
    example = False
    for line in _with_headline(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        row, depth = ROW.match(line), len(line) - len(line.lstrip())
        if row and not example:
            indent = row["indent"]
            if column is None and out and out[-1].strip():
                out.append("")
            out += [f"{indent}{row['name']}", f"{indent}    {_escaped(row['text'])}"]
            column = len(indent), row.start("text")
        elif column and line.strip() and depth == column[1]:
            out.append(f"{' ' * (column[0] + 4)}{_escaped(line.strip())}")
        else:
            if column and line.strip():
                out.append("")
            column = None
            out.append(line if example else _escaped(line))
    return out


def _with_headline(lines: list[str]) -> list[str]:
    """Numpydoc's headline above the fields of a docstring that has no headline at all."""
    if any(line and not line.strip("-") for line in lines):
        return lines
    first = next((n for n, line in enumerate(lines) if FIELD.match(line)), None)
    if first is None:
        return lines
    return [*lines[:first], "Attributes", "----------", *lines[first:]]


def _escaped(line: str) -> str:
    return BAR.sub(r"\\|", LONE_STAR.sub(r"\\*", line))
