"""Draws the house from its code into docs/architecture.md: python -m docs.draw_house [--check]

Two pictures: the rooms of the whole house, and those of the grader. The arrows are the imports of
every file, the rooms say what they are in their own first line. A picture is a Mermaid block, which
GitHub and JupyterLab draw without a tool. With --check nothing is written; the command says whether
a picture is stale.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.test_floors import FLOORS, ROOT, imported_modules, room_of

PAGE = ROOT / "docs" / "architecture.md"
#: What a picture is called on the page -> how its rooms are recognized.
PICTURES = {"house": "quantlab.", "grader": "autograder."}
BEGIN, END = "<!-- the {}, drawn by docs/draw_house.py -->", "<!-- end of the drawing -->"
STALE = "The house has changed: run `python -m docs.draw_house` and commit docs/architecture.md."

#: Room to the rooms that a file of it imports from, the lowest floor first.
Used = dict[str, set[str]]


def rooms(picture: str) -> tuple[str, ...]:
    """The rooms that are built, the lowest floor first; for the house the grader is one room."""
    built = [room for room in FLOORS if room.startswith(PICTURES[picture]) and files_of(room)]
    return (*built, "autograder") if picture == "house" else tuple(built)


def files_of(room: str) -> list[Path]:
    """A room is a folder, or one file beside the others."""
    place = place_of(room)
    return [place] if place.is_file() else sorted(place.rglob("*.py"))


def place_of(room: str) -> Path:
    folder = ROOT.joinpath(*room.split("."))
    alone = folder.with_suffix(".py")
    return alone if alone.is_file() else folder


def imports(picture: str) -> Used:
    """Room to the rooms of this picture that a file of it imports from."""
    drawn = rooms(picture)
    used: Used = {}
    for room in drawn:
        found = [name for file in files_of(room) for _, name in imported_modules(file, ROOT)]
        used[room] = {name for name in map(room_of, found) if name in drawn} - {room}
    return used


def arrows(used: Used) -> list[tuple[str, str]]:
    """The imports without those that a longer way over other rooms shows already."""

    def below(room: str) -> set[str]:
        return used[room] | {further for other in used[room] for further in below(other)}

    return [
        (room, other)
        for room in reversed(used)
        for other in sorted(used[room])
        if not any(other in below(between) for between in used[room] - {other})
    ]


def wings(room: str) -> list[str]:
    """The packages inside a room; lessons are counted, for they are all alike."""
    inside = place_of(room).glob("*/__init__.py")
    return ["lesson_NN"] if room == "quantlab.lessons" else sorted(p.parent.name for p in inside)


def first_sentence(room: str) -> str:
    """The first sentence that the room says of itself."""
    place = place_of(room)
    file = place / "__init__.py" if place.is_dir() else place
    said = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    sentence, _, _ = " ".join(said.split()).partition(". ")
    return sentence.removesuffix(".") + "."


def drawing(picture: str) -> Iterator[str]:
    used = imports(picture)
    yield "```mermaid"
    yield "flowchart TD"
    for room in reversed(used):
        label = f"<b>{_short(room)}</b>"
        label += "<br/>" + " · ".join(wings(room)) if wings(room) else ""
        yield f'    {_short(room)}["{label}"]'
    yield from (f"    {_short(upper)} --> {_short(lower)}" for upper, lower in arrows(used))
    yield "```"
    yield ""
    yield "| room | what it says of itself | imports from |"
    yield "|---|---|---|"
    for room in reversed(used):
        below = ", ".join(sorted(map(_short, used[room]))) or "nothing of ours"
        yield f"| `{_path(room)}` | {first_sentence(room)} | {below} |"


def _short(room: str) -> str:
    return room.removeprefix("quantlab.").removeprefix("autograder.")


def _path(room: str) -> str:
    place = place_of(room)
    return place.relative_to(ROOT).as_posix() + ("/" if place.is_dir() else "")


def drawn_into(page: str) -> str:
    """The page with a fresh drawing between its marks. ValueError where they are missing."""
    for picture in PICTURES:
        begins = BEGIN.format(picture)
        before, begin, rest = page.partition(begins)
        _, end, after = rest.partition(END)
        if not begin or not end:
            raise ValueError(f"{PAGE.name} lacks {begins} or {END}: put them where it belongs.")
        page = before + "\n".join([begin, "", *drawing(picture), "", END]) + after
    return page


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
