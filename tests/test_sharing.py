"""How tests are shared out: whole files, the browser's as one, and what takes longest first."""

from pathlib import Path

import pytest

from tests.support.sharing import BROWSER, LONGEST, longest_first, unit_of

ROOT = Path(__file__).parents[1]


def test_a_file_stays_whole_and_so_do_the_browsers():
    assert unit_of("tests/a/test_b.py::test_c[d::e]") == "tests/a/test_b.py"
    browsers = {unit_of(f"{BROWSER}/test_{name}.py::test_it") for name in ("one", "two")}
    assert browsers == {BROWSER}


def test_what_takes_longest_begins_first_and_then_what_has_most_tests():
    sizes = {"few.py": 1, "many.py": 90, **dict.fromkeys(reversed(LONGEST), 3)}
    units = {unit: {f"{unit}::{n}": False for n in range(size)} for unit, size in sizes.items()}
    assert longest_first(units) == [*LONGEST, "many.py", "few.py"]


@pytest.mark.parametrize("unit", LONGEST)
def test_what_is_named_as_long_is_there(unit):
    assert (ROOT / unit).exists()
