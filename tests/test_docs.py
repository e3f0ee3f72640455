"""What docs/ and CONTRIBUTING.md say is so: the drawing, the paths, the names, the commands."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import course
from autograder.cli import COMMANDS
from docs import draw_house

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
#: A path of ours in backticks: it has a slash, or an ending that files have.
A_PATH = re.compile(r"`([\w.-]+(?:/[\w.*-]*)+|[\w-]+\.(?:py|md|toml|yml))`")
#: Names that stand for one of many, and what is generated.
EXAMPLE = re.compile(r"NN|NAME|lesson_97|97_|^build/")


def paths_in(text: str) -> list[str]:
    return [path for path in A_PATH.findall(text) if not EXAMPLE.search(path)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_is_there(page):
    named = paths_in(page.read_text("utf-8"))
    assert named
    for path in named:
        bare = "/" not in path.rstrip("/")  # such as exercises/, which each lesson has
        anywhere = (ROOT / "quantlab").rglob(path.rstrip("/")) if bare else ()
        assert [*ROOT.glob(path.rstrip("/")), *anywhere], path


def test_the_picture_of_the_house_is_fresh(capsys):
    assert draw_house.main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_picture_is_found(tmp_path, monkeypatch, capsys):
    page = tmp_path / "architecture.md"
    stale = draw_house.PAGE.read_text("utf-8").replace("    teach -->", "    zoo -->")
    page.write_text(stale, encoding="utf-8")
    monkeypatch.setattr(draw_house, "PAGE", page)
    assert draw_house.main(["--check"]) == 1
    assert draw_house.STALE in capsys.readouterr().out
    assert draw_house.main([]) == 0
    assert draw_house.main(["--check"]) == 0
    page.write_text("No picture.", encoding="utf-8")
    with pytest.raises(ValueError, match=r"architecture.md lacks <!-- the house, drawn by"):
        draw_house.main([])


@pytest.mark.parametrize("picture", draw_house.PICTURES)
def test_the_arrows_leave_out_what_a_longer_way_shows(picture):
    used = draw_house.imports(picture)
    shown = draw_house.arrows(used)
    reached = {room: {low for up, low in shown if up == room} for room in used}
    for room in used:  # the lowest first: those below are whole already
        reached[room] |= {further for low in reached[room] for further in reached[low]}
        assert used[room] <= reached[room], room
        assert reached[room] <= draw_house.FLOORS[room], room
    assert len(shown) < sum(map(len, used.values()))


def test_the_four_journeys_are_numbered_lists_of_files():
    text = (DOCS / "architecture.md").read_text("utf-8")
    journeys = re.split(r"^### ", text, flags=re.M)[1:]
    assert [journey.split("\n")[0] for journey in journeys] == [
        "An answer",
        "A submission",
        "A model",
        "A scene",
    ]
    for journey in journeys:
        steps = re.split(r"^\d\. ", journey, flags=re.M)[1:]
        assert len(steps) >= 6
        assert all(paths_in(step) for step in steps)


def rows_of_words() -> list[tuple[str, str]]:
    """(word, where it lives) of every row in words.md."""
    rows = re.findall(
        r"^\| (.+?) \| .+? \| (.+?) \|$", (DOCS / "words.md").read_text("utf-8"), re.M
    )
    return [row for row in rows if not row[0].startswith(("word", "---"))]


@pytest.mark.parametrize(("word", "where"), rows_of_words())
def test_each_word_lives_where_the_page_says(word, where):
    (place,) = re.findall(r"`([^`]+)`", where)
    if "/" in place:
        assert (ROOT / place).exists()
        return
    assert module_and_rest(place) is not None, f"there is no {place}"


def module_and_rest(dotted: str) -> object | None:
    """What a dotted name leads to; a field of a dataclass counts as a name of its class."""
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            fields = getattr(found, "__dataclass_fields__", {})
            found = fields[name] if name in fields else getattr(found, name, None)
        return found
    return None


def test_words_are_in_alphabetical_order_and_stand_once():
    words = [word.strip("`").casefold() for word, _ in rows_of_words()]
    assert len(words) > 30
    assert words == sorted(set(words))


def test_the_commands_of_contributing_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for command in re.findall(r"(?:^|`)autograder (\w+)", text, re.M):
        assert command in COMMANDS, command
    for module in re.findall(r"python -m ([\w.]+)", text):
        assert module == "pip" or module_and_rest(module) is not None, module
    for command in re.findall(r"python course.py (\w+)", text):
        assert course.parse([command]).command == command
    for test in re.findall(r"python -m pytest (\S+)", text):
        assert (ROOT / test).exists(), test


def test_every_check_of_ci_is_named_in_contributing():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for check in course.CHECKS:
        assert f"`{check}`" in text, check
