"""solutions/README.md says where each fact is taught: the words stand under that heading."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split(" | "))
    for line in (ROOT / "solutions" / "README.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| M")
]


def sections(notebook: str) -> dict[str, str]:
    """The text of each section of a released notebook by its heading, code cells included."""
    path = ROOT / "notebooks" / notebook / f"{notebook}.ipynb"
    found, heading = {}, ""
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for line in "".join(cell["source"]).splitlines():
            if cell["cell_type"] == "markdown" and (begun := re.match(r"#+ (.+)", line)):
                heading = begun[1]
            found[heading] = f"{found.get(heading, '')} {line.removeprefix('> ')}"
    return found


@pytest.mark.parametrize(
    ("fact", "what", "notebook", "heading", "words"), ROWS, ids=[f"{r[0]} {r[1]}" for r in ROWS]
)
def test_the_words_stand_under_the_heading(fact, what, notebook, heading, words):
    text = sections(notebook.strip("`"))
    assert heading in text, f"{fact}: no such heading; there are {list(text)}"
    assert words in re.sub(r"\s+", " ", text[heading]), f"{fact}: not under {heading!r}"
