"""Rules of `autograder lint` on predictions: a click, then the measurement, then the reveal."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from quantlab.lessons.catalogue import lesson_of
from quantlab.teach.source import SourceCell

FOLD_OUT = re.compile(r"<details\b", re.I)
PREDICTS = re.compile(r"\bpredict", re.I)


def prediction_problems(name: str, cells: tuple[SourceCell, ...]) -> Iterator[str]:
    """A lesson with a number from 01 on asks what it is about to measure, and reveals it after."""
    yield from _fold_outs(cells)
    room = lesson_of(name)
    try:
        declared = [p.id for p in room.predictions] if room else []
        _ = room and room.statements
    except ValueError as said:
        yield f"{said}"
        return
    predicted, revealed = _calls(cells, "predict"), _calls(cells, "reveal")
    for id in sorted({*predicted, *revealed} - set(declared)):
        yield f"prediction {id} is not in its predictions.yaml."
    for id in declared:
        yield from _order(id, cells, predicted.get(id, []), revealed.get(id, []))
    if name[:2].isdigit() and name[:2] != "00" and not declared:
        yield "it asks for no prediction; declare one in predictions.yaml, and measure it."


def _fold_outs(cells: tuple[SourceCell, ...]) -> Iterator[str]:
    for cell in cells:
        many = len(FOLD_OUT.findall(cell.source))
        if cell.cell_type == "markdown" and (many > 1 or (many and PREDICTS.search(cell.source))):
            opening = FOLD_OUT.split(cell.source)[0].strip().splitlines()[-1:]
            yield (
                f'it folds answers out after "{"".join(opening)[:60]}"; '
                "write a prediction: predict, then measure, then reveal."
            )


def _order(
    id: str, cells: tuple[SourceCell, ...], predicted: list[int], revealed: list[int]
) -> Iterator[str]:
    """One predict, then a cell that measures what is revealed, then one reveal."""
    if len(predicted) != 1 or len(revealed) != 1:
        yield (
            f"prediction {id} is asked {len(predicted)} and revealed {len(revealed)} times; "
            "expected is once each, in a cell of its own."
        )
        return
    before, after = predicted[0], revealed[0]
    for place in (before, after):
        tag = cells[place].tag
        if tag is None or tag.kind != "demo":
            yield f"a cell of prediction {id} is no demo; a grader would run it."
    between = [c.source for c in cells[before + 1 : after] if _is_code(c)]
    if before > after or not between:
        yield f"prediction {id} is not followed by a measurement and then its reveal."
        return
    shown = _names(cells[after].source, ast.Load) - {"reveal"}
    measured = {name for source in between for name in _names(source, ast.Store)}
    if shown and not shown & measured:
        yield (
            f"the reveal of {id} shows {', '.join(sorted(shown))}, which no cell after its predict "
            "measures."
        )


def _calls(cells: tuple[SourceCell, ...], verb: str) -> dict[str, list[int]]:
    """The places of the code cells that are one call of `verb`, by the id that it names."""
    found: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        for node in ast.walk(ast.parse(cell.source)) if _is_code(cell) else ():
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            id = node.args[0] if node.args else None
            if node.func.id == verb and isinstance(id, ast.Constant):
                found.setdefault(str(id.value), []).append(place)
    return found


def _names(source: str, use: type[ast.expr_context]) -> set[str]:
    return {
        node.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, use)
    }


def _is_code(cell: SourceCell) -> bool:
    return cell.cell_type == "code" and not (cell.tag and cell.tag.kind == "facts")
