"""Whatever happened to the file: the released notebook runs, with the student's text in it."""

import copy
import json

import nbformat
import pytest

from autograder.intake.defined_names import ELSEWHERE
from autograder.intake.ingest import Refused, parse_notebook
from autograder.intake.transplant import transplant, with_note


def planted(c, notebook):
    text = notebook if isinstance(notebook, str) else json.dumps(notebook)
    return transplant(c.released(), parse_notebook(text.encode()))


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def as_handed_in(c):
    return sources(planted(c, c.right()).notebook)


def as_nbformat_3(c):
    cells = [
        {"cell_type": "code", "input": x.source, "language": "python", "outputs": [],
         "metadata": x.metadata, "collapsed": False}
        for x in c.right().cells
        if x.cell_type == "code"
    ]  # fmt: skip
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


def with_an_untouched_copy(c):
    notebook = c.right()
    gap = copy.deepcopy(c.cell(c.released(), "exercise-97-1"))
    gap.id = "copy"
    notebook.cells.insert(4, gap)
    return notebook


def with_an_untouched_copy_first(c):
    notebook = with_an_untouched_copy(c)
    notebook.cells[2:2] = [notebook.cells.pop(4)]
    return notebook


def without_metadata_and_ids(c):
    notebook = c.right()
    for n, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = {}, f"new-{n}"
    return notebook


def of_an_older_schema(c):
    notebook = c.right()
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"]["schema_version"] = 1
    return notebook


def without_metadata(c):
    notebook = c.right()
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def of_a_newer_schema(c):
    notebook = c.right()
    c.cell(notebook, "check-97-1").metadata["nbgrader"]["schema_version"] = 99
    return notebook


def with_broken_metadata(c):
    notebook = c.right()
    c.cell(notebook, "title").metadata["nbgrader"] = "text"
    c.cell(notebook, "end").metadata["nbgrader"] = {"grade_id": 7}
    return notebook


def without_checks(c):
    notebook = c.right()
    notebook.cells = [x for x in notebook.cells if not x.id.startswith("check")]
    return notebook


def for_another_kernel(c):
    notebook = c.right()
    notebook.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    return notebook


def with_answers_as_text(c):
    notebook = c.right()
    cell = c.cell(notebook, "exercise-97-1")
    cell.cell_type = "markdown"
    del cell["outputs"], cell["execution_count"]
    return notebook


def reordered(c):
    notebook = c.right()
    notebook.cells = notebook.cells[::-1]
    return notebook


@pytest.mark.parametrize(
    "damaged",
    [
        as_nbformat_3,
        with_an_untouched_copy,
        with_an_untouched_copy_first,
        without_metadata,
        without_metadata_and_ids,
        of_an_older_schema,
        of_a_newer_schema,
        with_broken_metadata,
        without_checks,
        for_another_kernel,
        with_answers_as_text,
        reordered,
    ],
)
def test_it_runs_as_if_nothing_had_happened(a_class, damaged):
    got = planted(a_class, damaged(a_class)).notebook
    assert sources(got) == as_handed_in(a_class)
    assert [x.metadata for x in got.cells] == [x.metadata for x in a_class.released().cells]
    assert got.metadata == a_class.released().metadata


def test_added_cells_stay_where_they_were_without_their_metadata(a_class):
    notebook = a_class.right()
    helper = copy.deepcopy(notebook.cells[1])
    helper.update(id="mine", source="half = 0.5", metadata={"tags": ["x"], "nbgrader": {}})
    notebook.cells.insert(2, helper)
    first = copy.deepcopy(helper)
    first.update(id="first", source="first = 1")
    notebook.cells.insert(0, first)
    got = planted(a_class, notebook).notebook
    assert [got.cells[i].source for i in (0, 3)] == ["first = 1", "half = 0.5"]
    assert [got.cells[i].metadata for i in (0, 3)] == [{}, {}]
    assert len({cell.id for cell in got.cells}) == len(got.cells)


def test_of_two_different_answers_both_run_in_their_order(a_class):
    notebook = a_class.right()
    again = copy.deepcopy(a_class.cell(notebook, "exercise-97-1"))
    again.update(id="again", source="def double(x):\n    return 0")
    notebook.cells.insert(3, again)
    got = planted(a_class, notebook)
    assert got.notebook.cells[3].source == again.source
    assert "nbgrader" not in got.notebook.cells[3].metadata
    assert got.notes == ("The cell exercise 97.1 stands in the notebook more than once.",)


def test_an_edited_check_and_an_invented_one_change_nothing(a_class):
    notebook = a_class.right()
    check = a_class.cell(notebook, "check-97-1")
    check.source = "3.0"
    invented = copy.deepcopy(check)
    invented.id = "invented"
    invented.metadata["nbgrader"] = {**check.metadata["nbgrader"], "grade_id": "mine", "points": 50}
    notebook.cells.append(invented)
    got = planted(a_class, notebook).notebook
    added = [n for n, cell in enumerate(got.cells) if cell.metadata == {} and cell.source == "3.0"]
    assert len(added) == 2
    assert [text for n, text in enumerate(sources(got)) if n not in added] == as_handed_in(a_class)


def test_an_answer_that_was_written_into_its_check_is_run_before_it(a_class):
    """Merged with its check, or typed into it where an editor shows no lock."""
    for merged in (True, False):
        notebook = a_class.right()
        answer, check = (a_class.cell(notebook, f"{kind}-97-1") for kind in ("exercise", "check"))
        check.source = f"{answer.source}\n{check.source}"
        if merged:
            notebook.cells.remove(answer)
        else:
            answer.source = "# see below"
        got = planted(a_class, notebook).notebook
        names = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in got.cells]
        at = names.index("check-97-1")
        assert got.cells[at - 1].source == check.source
        assert got.cells[at].source == 'check("97.1")'


@pytest.mark.parametrize("where", ["below", "above", "instead", "stripped"])
def test_a_written_answer_beside_its_cell_is_read_by_a_person(a_class, where):
    """Left where it stands, the gap would be empty, and worth 0 by machine."""
    notebook, said = a_class.right(), "Because of the two ends."
    cell = a_class.cell(notebook, "written-97-3")
    cell.source = a_class.cell(a_class.released(), "written-97-3").source
    at, new = notebook.cells.index(cell), nbformat.v4.new_markdown_cell(said)
    if where in ("below", "above"):
        notebook.cells.insert(at + (where == "below"), new)
    else:
        notebook.cells[at] = new
    if where == "stripped":
        for each in notebook.cells:
            each.metadata = nbformat.from_dict({})
            each.pop("id", None)
    got = planted(a_class, notebook)
    assert a_class.cell(got.notebook, "written-97-3").source == f'why = """\n{said}\n"""'
    assert said not in sources(got.notebook)
    assert "The cell written 97.3: its text stood beside it." in got.notes


def test_a_text_beside_a_gap_between_quotes_stands_between_them(a_class):
    release = nbformat.from_dict(a_class.released())
    gap = a_class.cell(release, "written-97-3")
    gap.update(cell_type="code", source='why = """\n"""', outputs=[], execution_count=None)
    said = 'It says "both\\ends",\nand """more""".'
    notebook = nbformat.from_dict(release)
    notebook.cells.append(nbformat.v4.new_markdown_cell("A note at the end."))
    at = [c.get("id") for c in notebook.cells].index(gap.id)
    notebook.cells.insert(at + 1, nbformat.v4.new_markdown_cell(said))
    names: dict[str, str] = {}
    got = transplant(release, notebook).notebook
    exec(a_class.cell(got, "written-97-3").source, names)
    assert names["why"].strip() == said


def test_a_note_beside_a_written_answer_stays_where_it_is(a_class):
    notebook = a_class.right()
    cell = a_class.cell(notebook, "written-97-3")
    cell.source = "My answer."
    notebook.cells.insert(notebook.cells.index(cell), nbformat.v4.new_markdown_cell("A note."))
    got = planted(a_class, notebook)
    assert a_class.cell(got.notebook, "written-97-3").source == "My answer."
    assert "A note." in sources(got.notebook)


def test_another_lessons_notebook_is_refused_though_its_empty_text_is_the_same(a_class):
    notebook = a_class.right()
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id = cell.metadata.nbgrader.grade_id.replace("97", "3")
    with pytest.raises(Refused, match="it is another notebook"):
        planted(a_class, notebook)


def test_half_a_surrogate_does_not_run_and_earns_nothing(a_class):
    """Python cannot run such a cell; what could run in its place would not be the answer."""
    text = json.dumps(a_class.answered(a1="odd = 'HALF'")).replace("HALF", "\\ud800")
    got = planted(a_class, text).notebook
    assert a_class.cell(got, "exercise-97-1").source.startswith("raise ValueError(")
    prose = a_class.right()
    a_class.cell(prose, "title").source = "HALF a title"
    got = planted(a_class, json.dumps(prose).replace("HALF", "\\ud800")).notebook
    assert a_class.cell(got, "title").source == "? a title"


def test_a_missing_answer_is_the_empty_gap_and_is_noted(a_class):
    notebook = a_class.right()
    notebook.cells = [x for x in notebook.cells if x.id != "exercise-97-1"]
    got = planted(a_class, notebook)
    assert "NotImplementedError" in a_class.cell(got.notebook, "exercise-97-1").source
    assert got.notes == ("The cell exercise 97.1 is missing.",)


def without(c, *ids):
    """A right notebook without these cells, and the text of each."""
    notebook = c.right()
    texts = [c.cell(notebook, id).source for id in ids]
    notebook.cells = [cell for cell in notebook.cells if cell.id not in ids]
    return notebook, texts


def test_an_answer_moved_to_a_cell_of_its_own_is_not_undone_by_the_gap(a_class):
    notebook, (text,) = without(a_class, "exercise-97-2")
    notebook.cells.insert(2, nbformat.v4.new_code_cell(f"%matplotlib inline\n{text}"))
    got = planted(a_class, notebook)
    assert a_class.cell(got.notebook, "exercise-97-2").source == ELSEWHERE
    assert got.notes == (
        "The cell exercise 97.2 is missing; its answer stands in another cell.",
    )  # fmt: skip


def test_two_answers_merged_into_one_cell_are_both_kept(a_class):
    notebook, (second,) = without(a_class, "exercise-97-2")
    a_class.cell(notebook, "exercise-97-1").source += f"\n\n{second}"
    got = planted(a_class, notebook).notebook
    assert a_class.cell(got, "exercise-97-2").source == ELSEWHERE
    assert second in a_class.cell(got, "exercise-97-1").source


def test_an_empty_gap_below_the_answer_does_not_stand_over_it(a_class):
    notebook = a_class.answered(a2=a_class.answers["97.2"])
    notebook.cells.insert(2, nbformat.v4.new_code_cell(a_class.answers["97.1"]))
    got = planted(a_class, notebook)
    assert a_class.cell(got.notebook, "exercise-97-1").source == ELSEWHERE
    assert got.notes == ()


def test_another_notebook_is_refused(a_class):
    notebook = a_class.right()
    notebook.cells = notebook.cells[:2]
    with pytest.raises(Refused, match="Not one answer cell") as refused:
        planted(a_class, notebook)
    assert refused.value.verdict == "malformed"


def test_a_note_stands_on_top_of_the_released_notebook(a_class):
    got = with_note(a_class.released(), "It is empty.")
    assert got.cells[0].source.endswith("It is empty.")
    assert sources(got)[1:] == sources(a_class.released())
