"""What each lesson measures decides its prediction, so that no reveal is stale or undecided."""

import ast
from pathlib import Path

import pytest

from autograder.authoring.instructor import lesson_sources
from autograder.intake.defined_names import names_of
from quantlab.lessons.catalogue import lesson_of
from quantlab.teach.source import read_lesson

ROOT = Path(__file__).parents[2]
ASKED = [
    (path, prediction)
    for path in lesson_sources(ROOT)
    for prediction in lesson_of(path.stem).predictions
]


def needed(above, below):
    """Those cells above that define what the cells below, or one another, read."""
    read, found = set().union(*map(names_read, below)), []
    for source in reversed(above):
        if names_of(source) & read:
            found.append(source)
            read |= names_read(source)
    return found[::-1]


def names_read(source):
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


@pytest.mark.parametrize(("path", "prediction"), ASKED, ids=[p.id for _, p in ASKED])
def test_the_lesson_s_own_measurement_lies_in_an_option(path, prediction, tmp_path, monkeypatch):
    """Runs the imports, what stands between predict and reveal, and what that needs from above."""
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
    for source in [*sources[:2], *needed(sources[2:first], [*between, sources[last]]), *between]:
        exec(compile(source, path.name, "exec"), names)
    card = eval(compile(ast.parse(sources[last].strip(), mode="eval"), path.name, "eval"), names)
    assert card.heading.startswith("Measured: "), card
    assert "none of the answers" not in card.heading
    assert dict(card.lines)["Why"] == prediction.why
