"""The short tags of a lesson source."""

import pytest

from quantlab.teach.source import Tag, parse_tag, read_lesson, without_markers


def test_tags():
    assert parse_tag("") is None
    assert parse_tag("demo") == Tag("demo")
    assert parse_tag("exercise 1.2") == Tag("exercise", "1.2")


@pytest.mark.parametrize("title", ["exercise", "demo 1.2", "excercise 1.2", "check 1 2"])
def test_a_misspelt_tag_is_refused(title):
    with pytest.raises(ValueError, match="is no tag; expected is one of box, exercise"):
        parse_tag(title)


def test_a_lesson_is_read_cell_by_cell_and_a_fault_names_the_file(tmp_path):
    path = tmp_path / "01_x.py"
    path.write_text('# %% [markdown] spine="idea"\n# Text\n# %% check 1.2 points=3\ncheck("1.2")\n')
    text, check = read_lesson(path)
    assert (text.cell_type, text.source, text.spine, text.tag) == ("markdown", "Text", "idea", None)
    assert (check.tag, check.points) == (Tag("check", "1.2"), 3)
    path.write_text("# %% chekc 1.2\n1\n")
    with pytest.raises(ValueError, match=r"01_x.py: The cell title"):
        read_lesson(path)


def test_markers_go_and_the_solution_stays():
    source = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n"
    assert without_markers(source) == "def f():\n    return 1\n"
