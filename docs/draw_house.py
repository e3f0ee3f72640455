"""Draws the house from its code into docs/architecture.md: python -m docs.draw_house [--check]

The arrows are the imports of every file, the rooms say what they are in their own first line. The
picture is a Mermaid block, which GitHub and JupyterLab draw without a tool. With --check nothing is
written; the command says whether the picture is stale.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.test_floors import FLOORS, ROOT, imported_modules, room_of

PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn by docs/draw_house.py -->", "<!-- end of the drawing -->"
STALE = "The house has changed: run `python -m docs.draw_house` and commit docs/architecture.md."


def rooms() -> tuple[str, ...]:
    """The rooms that are built, the lowest floor first: a room stands above all that it may use."""
    built = [room for room in FLOORS if room != "quantlab" and folder_of(room).is_dir()]
    return tuple(sorted(built, key=lambda room: (len(FLOORS[room] - {"quantlab"}), room)))


def folder_of(room: str) -> Path:
    return ROOT.joinpath(*room.split("."))


def imports() -> dict[str, set[str]]:
    """Room to the rooms that a file of it imports from."""
    used: dict[str, set[str]] = {}
    for room in rooms():
        files = folder_of(room).rglob("*.py")
        names = {room_of(name) for file in files for _, name in imported_modules(file, ROOT)}
        used[room] = {name for name in names if name in rooms()} - {room}
    return used


def arrows(used: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The imports without those that a longer way over other rooms shows already."""

    def below(room: str) -> set[str]:
        return used[room] | {further for other in used[room] for further in below(other)}

    return [
        (room, other)
        for room in reversed(rooms())
        for other in sorted(used[room])
        if not any(other in below(between) for between in used[room] - {other})
    ]


def wings(room: str) -> list[str]:
    """The packages inside a room; lessons are counted, for they are all alike."""
    inside = sorted(path.parent.name for path in folder_of(room).glob("*/__init__.py"))
    return ["lesson_NN"] if room == "quantlab.lessons" else inside


def first_sentence(room: str) -> str:
    """The first sentence that the room says of itself."""
    text = (folder_of(room) / "__init__.py").read_text("utf-8")
    said = ast.get_docstring(ast.parse(text)) or ""
    sentence, _, _ = " ".join(said.split()).partition(". ")
    return sentence.removesuffix(".") + "."


def drawing() -> Iterator[str]:
    used = imports()
    yield "```mermaid"
    yield "flowchart TD"
    for room in reversed(rooms()):
        label = f"<b>{_short(room)}</b>"
        label += "<br/>" + " · ".join(wings(room)) if wings(room) else ""
        yield f'    {_short(room)}["{label}"]'
    yield from (f"    {_short(upper)} --> {_short(lower)}" for upper, lower in arrows(used))
    yield "```"
    yield ""
    yield "| room | what it says of itself | imports from |"
    yield "|---|---|---|"
    for room in reversed(rooms()):
        below = ", ".join(sorted(map(_short, used[room]))) or "nothing of ours"
        yield f"| `{room.replace('.', '/')}/` | {first_sentence(room)} | {below} |"


def _short(room: str) -> str:
    return room.removeprefix("quantlab.")


def drawn_into(page: str) -> str:
    """The page with a fresh drawing between its two marks. ValueError where they are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks {BEGIN} or {END}: put them where the picture belongs.")
    return before + "\n".join([BEGIN, "", *drawing(), "", END]) + after


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    check = parser.parse_args(argv).check
    page = PAGE.read_text("utf-8")
    fresh = drawn_into(page)
    if check and page != fresh:
        print(STALE)
        return 1
    if not check:
        PAGE.write_text(fresh, encoding="utf-8", newline="\n")
    print("docs/architecture.md shows the house as it is.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
