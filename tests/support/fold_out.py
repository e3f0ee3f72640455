"""The code that a project's notebook folds out, run as a learner would run it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quantlab.teach.source import read_lesson

ROOT = Path(__file__).parents[2]
FOLDED = re.compile(r"<details>.*?```python\n(.*?)```.*?</details>", re.S)


def fold_out(name: str) -> tuple[str, str]:
    """The notebook's import cell, and the code of its fold-out."""
    cells = read_lesson(ROOT / "solutions" / name / f"{name}.py")
    first = next(cell.source for cell in cells if cell.cell_type == "code" and not cell.tag)
    (code,) = FOLDED.findall("\n".join(c.source for c in cells if c.cell_type == "markdown"))
    return first, code


def run_fold_out(name: str, settings: Mapping[str, int]) -> dict[str, Any]:
    """The names after the fold-out has run with other values of its constants."""
    first, code = fold_out(name)
    for constant, value in settings.items():
        code, found = re.subn(rf"^{constant} = .+$", f"{constant} = {value}", code, flags=re.M)
        assert found == 1, constant
    names: dict[str, Any] = {"__name__": "project"}
    exec(compile(f"{first}\n{code}", name, "exec"), names)
    return names
