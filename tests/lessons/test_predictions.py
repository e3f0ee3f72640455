"""What each lesson measures decides its prediction, so that no reveal is stale or undecided."""

import ast
from pathlib import Path

import pytest

from autograder.instructor import lesson_sources
from quantlab.lessons.catalogue import lesson_of
from quantlab.teach.source import read_lesson

ROOT = Path(__file__).parents[2]
ASKED = [
    (path, prediction)
    for path in lesson_sources(ROOT)
    for prediction in lesson_of(path.stem).predictions
]


def _used(sources):
    """The names that cells read."""
    trees = [ast.walk(ast.parse(source)) for source in sources]
    return {n.id for tree in trees for n in tree if isinstance(n, ast.Name)}


def _that_define(wanted, earlier):
    """The earlier cells that assign one of these names, or one that such a cell reads."""
    found = []
    for source in reversed(earlier):
        statements = ast.parse(source).body
        set_here = {
            name.id
            for statement in statements
            if isinstance(statement, ast.Assign | ast.AugAssign)
            for target in getattr(statement, "targets", None) or [statement.target]
            for name in ast.walk(target)
            if isinstance(name, ast.Name)
        }
        if set_here & wanted:
            found.insert(0, source)
            wanted = wanted | _used([source])
    return found


@pytest.mark.parametrize(("path", "prediction"), ASKED, ids=[p.id for _, p in ASKED])
def test_the_lesson_s_own_measurement_lies_in_an_option(path, prediction, tmp_path, monkeypatch):
    """Runs the two import cells, what stands between predict and reveal, then the reveal; and first
    the earlier cells that define what these use."""
    monkeypatch.setenv("QUANTLAB_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    shown = [c for c in read_lesson(path) if not c.tag or c.tag.kind != "facts"]
    sources = [cell.source for cell in shown if cell.cell_type == "code"]
    first, last = (
        next(n for n, source in enumerate(sources) if f'{verb}("{prediction.id}"' in source)
        for verb in ("predict", "reveal")
    )
    names: dict[str, object] = {}
    between = sources[first + 1 : last]
    for source in [*sources[:2], *_that_define(_used(between), sources[2:first]), *between]:
        exec(compile(source, path.name, "exec"), names)
    card = eval(compile(ast.parse(sources[last].strip(), mode="eval"), path.name, "eval"), names)
    assert card.heading.startswith("Measured: "), card
    assert "none of the answers" not in card.heading
    assert dict(card.lines)["Why"] == prediction.why
