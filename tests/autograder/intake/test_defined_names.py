"""Which names a cell defines, read without running it."""

import pytest

from autograder.intake import defined_names
from autograder.intake.defined_names import ELSEWHERE, names_of, without_names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x):\n    y = 1\n    return y", {"f"}),
        ("a, (b, *c) = 1, (2, 3)\nd: int = 4\ne += 1", {"a", "b", "c", "d", "e"}),
        ("if x:\n    a = 1\nelse:\n    def b(): pass", {"a", "b"}),
        (
            "try:\n    import numpy as np\nexcept OSError:\n    from x import y",
            {"np", "y"},
        ),
        ("for i in range(3):\n    with open(p) as file:\n        n = i", {"i", "file", "n"}),
        ("%matplotlib inline\n!ls\nq = 3", {"q"}),
        ("f = lambda z: (w := z)\nprint(f)", {"f"}),
        ("n = sum(q for q in [k for k in range(3)])", {"n"}),
        ("class A:\n    b = 1", {"A"}),
        ("import os.path", {"os"}),
        ("not python at all", set()),
        ("x = (", set()),
    ],
)
def test_the_names_at_the_top_level(source, names):
    assert names_of(source) == names


def test_a_stub_loses_what_is_defined_elsewhere_and_keeps_the_rest():
    stub = "# YOUR CODE HERE\none = ...\ntwo = ..."
    assert without_names(stub, {"one"}) == f"{ELSEWHERE}\ntwo = ..."
    assert without_names(stub, {"one", "two"}) == ELSEWHERE
    assert without_names(stub, {"three"}) == stub


def test_a_cell_of_many_magics_is_read_without_them_and_in_bounded_time(monkeypatch):
    """IPython's own rewriting stops with a RuntimeError after 500 lines, and reads the whole cell
    again for each: as often as is counted here."""
    read = []
    once = defined_names.TransformerManager.do_one_token_transform
    monkeypatch.setattr(
        defined_names.TransformerManager,
        "do_one_token_transform",
        lambda self, lines: read.append(1) or once(self, lines),
    )
    text = "\n".join(["%time 1", "x = !ls", "y = 2"] * 600)
    assert defined_names.names_of(text) == {"y"}
    assert defined_names.names_of("%time a = 1\nb = 2") >= {"b"}
    hidden = "if True:\n" + "\n".join("  f(1); x = %time 2" for _ in range(100)) + "\nz = 1" * 9_000
    defined_names.names_of(hidden)
    assert len(read) <= 20
