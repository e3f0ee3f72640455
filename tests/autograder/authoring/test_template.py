"""The rules that every lesson shares: each is seen to find its defect."""

import pytest

from autograder.authoring.template import (
    code_lines,
    length_problems,
    minutes_problems,
    verb_problems,
)
from quantlab.teach.source import SourceCell, Tag

IMPORTS = "from quantlab.learn import check, hint, i_can, predict, quiz, reveal, solution"


def cell(source, tag=None, spine=None, cell_type="code"):
    return SourceCell(cell_type, source, tag, None, spine)


def text(source, spine=None):
    return cell(source, spine=spine, cell_type="markdown")


@pytest.mark.parametrize(
    "verb", ["check", "hint", "i_can", "predict", "quiz", "reveal", "solution"]
)
def test_a_verb_that_a_text_or_a_cell_calls_is_imported_first(verb):
    others = IMPORTS.replace(f"{verb}, ", "").replace(f", {verb}", "")
    for call in (text(f'Run `{verb}("1.2")`.'), cell(f'{verb}("1.2")')):
        assert list(verb_problems((cell(IMPORTS), call))) == []
        assert f"does not import {verb}," in next(verb_problems((cell(others), call)))
        assert f"does not import {verb}," in next(
            verb_problems((cell(others), call, cell(IMPORTS)))
        )


def test_a_lesson_with_an_exercise_has_the_verbs_of_its_cards():
    gap = cell("x = ...", Tag("exercise", "1.1"))
    (said,) = verb_problems((cell("from quantlab.learn import check"), gap))
    assert "hint, solution" in said
    assert (
        list(verb_problems((cell("from quantlab.learn import check, hint, solution"), gap))) == []
    )


def test_what_only_looks_like_a_verb_needs_no_import():
    for said in ("A check (of bytes) and a hint.", "self.check(1)", "recheck(1)"):
        assert list(verb_problems((cell("import numpy"), text(said)))) == []
    assert list(verb_problems((cell("check(1)", Tag("facts")),))) == []


def test_a_demonstration_has_twelve_lines_at_most():
    rows = "\n".join(f"x{i} = {i}" for i in range(12))
    free = "import os\nfrom math import (\n    pi,\n)\n\n# a comment\n"
    assert code_lines(free + rows) == 12
    assert list(length_problems((cell(free + rows, Tag("demo")),))) == []
    (said,) = length_problems((cell(rows + "\ny = 1", Tag("demo")),))
    assert 'begins with "x0 = 0" has 13 lines' in said
    assert list(length_problems((cell(rows + "\ny = 1"), cell(rows, Tag("exercise", "1.1"))))) == []


def test_the_minutes_of_a_lesson_are_computed():
    for said in ("**Time:** about {{minutes}} minutes: 1", "About\n{{a + b}} minutes."):
        assert list(minutes_problems("03_x", (text(said, "promise"),))) == []
    for said in ("About 10 minutes.", "The exercises take {{minutes}} minutes."):
        assert "does not say" in next(minutes_problems("03_x", (text(said, "promise"),)))
    assert "does not say" in next(minutes_problems("03_x", (text("about {{m}} minutes"),)))
    assert list(minutes_problems("quick_test", ())) == []
