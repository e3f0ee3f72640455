"""The gap that a student sees."""

import nbformat
import pytest

from autograder.authoring.stubs import FittingStubs

FUNCTION = '''def f(x):
    """Doc."""
    ### BEGIN SOLUTION
    return x + 1
    ### END SOLUTION'''

VALUES = """### BEGIN SOLUTION
scale = 5.9 / 255
low, high = 0, 255
### END SOLUTION"""

WRITTEN = '''### BEGIN SOLUTION
why = """
Because.
"""
### END SOLUTION'''


RAISES = "# YOUR CODE HERE\nraise NotImplementedError()"
FUNCTION_GAP = '''def f(x):
    """Doc."""
    # YOUR CODE HERE
    raise NotImplementedError()'''


@pytest.mark.parametrize(
    ("solved", "gap"),
    [
        (FUNCTION, FUNCTION_GAP),
        (VALUES, "# YOUR CODE HERE\nscale = ...\nlow = ...\nhigh = ..."),
        (WRITTEN, '# YOUR ANSWER HERE, between the quotes\nwhy = """\n\n"""'),
        ("### BEGIN SOLUTION\nprint(1)\n### END SOLUTION", RAISES),
    ],
)
def test_each_kind_of_gap(solved, gap):
    cell = nbformat.v4.new_code_cell(solved)
    cell.metadata["nbgrader"] = {"solution": True, "grade": False, "grade_id": "x"}
    cleared, _ = FittingStubs().preprocess_cell(cell, {"language": "python"}, 0)
    assert cleared.source == gap


def test_a_region_outside_an_exercise_is_refused():
    cell = nbformat.v4.new_code_cell(VALUES)
    with pytest.raises(RuntimeError, match="non-solution cell"):
        FittingStubs().preprocess_cell(cell, {"language": "python"}, 0)
