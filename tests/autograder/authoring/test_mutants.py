"""Mutants: what is changed, what is left alone, and that a kind checker is found out."""

import json
from dataclasses import replace

import pytest

from autograder.authoring import mutation_score
from autograder.authoring.mutants import mutants_of
from autograder.authoring.mutation_score import Score, score
from autograder.cli import main
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import absolute, exact

SOURCE = '''
def area(height, width):
    """A rectangle's.

    >>> area(2, 3)
    6
    """
    assert height < 1000, "height is too large"
    height = max(height, 0)
    width = max(width, 0)
    return height * width
'''


@exercise("9.1", "Area", points=2, difficulty=1, importance=1, minutes=1)
class Area:
    answer = "area"
    hints = ("a", "b", "c")
    within = exact()

    def cases(rng):
        return [group("fixed", 2, "It is whole.", [(2, 3), (5, 1), (-4, 2), (2, -4)])]

    def oracle(height, width):
        return max(height, 0) * max(width, 0)

    @misconception("How many sides count?")
    def adds(height, width):
        return max(height, 0) + max(width, 0)


def changes(source=SOURCE, answer="area", case=(2, 3), names=None):
    return {m.change for m in mutants_of(source, answer, names or {}, case)}


def test_a_mutant_is_one_change_of_the_learners_lines():
    found = changes()
    assert {
        "return height / width",
        "return height + width",
        "return width * width",
        "return height * height",
        "height = min(height, 0)",
        "height = max(height, 1)",
        "width = width",
        "without: width = max(width, 0)",
        "the result in int16",
    } <= found
    assert not any("assert" in change or ">>>" in change for change in found)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("return np.rint(x)", {"return np.floor(x)", "return np.ceil(x)", "return x"}),
        ("return x.astype(np.uint8)", {"return x.astype(np.int8)", "return x"}),
        ("return x.sum(axis=0)", {"return x.sum(axis=1)"}),
        ("return 1 if x < 2 else 3", {"return 1 if x <= 2 else 3", "return 1", "return 3"}),
        ("return -x", {"return x"}),
        ("return x // 8", {"return x / 8", "return x * 8", "return x // 9", "return x // 7"}),
        ("return (x, 'memory')", {"return (x, 'compute')", "return ('memory', x)"}),
    ],
)
def test_every_mutator_is_seen_once(line, expected):
    found = changes(f"def f(x):\n    {line}\n", "f", (1,))
    assert expected <= found, found


def test_names_of_one_kind_are_taken_for_each_other_and_a_list_is_never_a_number():
    source = "def f(shapes, count, bits):\n    return shapes * count + bits\n"
    found = changes(source, "f", ([1], 2, 8))
    assert "return shapes * bits + bits" in found
    assert not any("count * count" in change or "bits * " in change for change in found)


def test_a_value_of_before_does_not_stand_in_for_one_that_was_left_out():
    made = {m.change: m for m in mutants_of("a = 3\nb = 4\n", "", {"a": 3, "b": 4})}
    assert "a" not in made["without: a = 3"].make()


def test_a_strict_checker_rejects_all_and_a_kind_one_is_found_out():
    small = "an area of these cases fits into it"
    equal = {"the result in int16": small, "the result in int32": small}
    strict = score(Area, SOURCE, {}, equal)
    assert strict.fit
    assert strict.survived == ()
    kind = score(replace(Area, within=absolute(2.0)), SOURCE, {}, {})
    assert not kind.fit
    assert "height = max(height, 1)" in kind.survived


def test_points_that_depend_on_the_seed_are_found_out():
    def cases(rng):
        return [group("drawn", 2, "It is whole.", [(int(rng.integers(0, 3)), 2)])]

    drawn = score(replace(Area, cases=cases), SOURCE, {}, {})
    assert not drawn.fit
    assert "return height + width" in drawn.by_chance


def test_a_change_listed_as_equal_that_is_rejected_is_stale():
    listed = score(Area, SOURCE, {}, {"return height / width": "no", "unheard of": "no"})
    assert set(listed.stale) == {"return height / width", "unheard of"}
    assert not listed.fit


def test_an_endless_loop_is_rejected(monkeypatch):
    monkeypatch.setattr(mutation_score, "SECONDS", 0.1)
    monkeypatch.setattr(mutation_score, "SEEDS", range(1))
    source = (
        "def area(height, width):\n    n = 0\n    while n < max(height, 0):\n        n = n + 1\n"
        "    return n * max(width, 0)\n"
    )
    found = score(Area, source, {}, {})
    assert "n = n - 1" not in found.survived
    assert found.rejected > 10


def test_the_report_says_what_survives_and_its_exit_code_follows(monkeypatch, capsys):
    good = Score("1.2", 99, (), (), {}, ())
    monkeypatch.setattr(mutation_score, "scores_of", lambda root: iter([good]))
    assert main(["lint", "--mutants"]) == 0
    assert "99 of 99 wrong answers rejected on all 20 seeds (100.0 %)." in capsys.readouterr().out
    bad = Score("1.3", 10, ("return 1",), ("return 2",), {}, ())
    monkeypatch.setattr(mutation_score, "scores_of", lambda root: iter([good, bad]))
    assert main(["lint", "--mutants"]) == 1
    said = capsys.readouterr().out
    assert "survives: return 1" in said
    assert "judged by chance: return 2" in said
    assert main(["lint", "--mutants", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["ok"] is False
    assert found["exercises"][1]["by_chance"] == ["return 2"]


@pytest.mark.parametrize("share", [(98, 2, True), (97, 3, False)])
def test_98_of_100_are_enough(share):
    rejected, survived, fit = share
    assert Score("1.2", rejected, ("x",) * survived, (), {}, ()).fit is fit
