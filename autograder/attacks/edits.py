"""Changes of a notebook by name: what people, tools and cheats do to it."""

from __future__ import annotations

import copy
from collections.abc import Callable

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

Edit = Callable[[NotebookNode], None]
TAGS = ["skip-execution", "otter_ignore", "raises-exception"]


def _checks(notebook: NotebookNode) -> list[NotebookNode]:
    return [c for c in notebook.cells if is_grade(c) and not is_solution(c)]


def _at(notebook: NotebookNode, id: str) -> int:
    return next(n for n, cell in enumerate(notebook.cells) if cell.get("id") == id)


def tag_everything(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell.metadata["tags"] = list(TAGS)


def edit_checks(notebook: NotebookNode) -> None:
    for cell in _checks(notebook):
        cell.source = "1.0"
        cell.metadata.nbgrader.update(points=50, checksum="0" * 32, locked=False)


def ungrade_checks(notebook: NotebookNode) -> None:
    for cell in _checks(notebook):
        cell.metadata.nbgrader.update(grade=False, solution=True)


def invent_grade(notebook: NotebookNode) -> None:
    cell = nbformat.v4.new_code_cell("50.0")
    cell.metadata["nbgrader"] = dict(_checks(notebook)[0].metadata.nbgrader) | {
        "grade_id": "check-1-99",
        "points": 50,
    }
    notebook.cells.append(cell)


def delete_checks(notebook: NotebookNode) -> None:
    gone = {cell.id for cell in _checks(notebook)}
    notebook.cells = [cell for cell in notebook.cells if cell.id not in gone]


def copy_graded(notebook: NotebookNode) -> None:
    copies = [copy.deepcopy(c) for c in notebook.cells if is_grade(c) or is_solution(c)]
    for n, cell in enumerate(copies):
        cell.id = f"copy-{n}"
    notebook.cells += copies


def reverse(notebook: NotebookNode) -> None:
    notebook.cells = notebook.cells[:1] + notebook.cells[:0:-1]


def schema_one(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["schema_version"] = 1


def schema_future(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["schema_version"] = 99


def strip_metadata(notebook: NotebookNode) -> None:
    notebook.metadata = nbformat.from_dict({})
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})


def strip_ids(notebook: NotebookNode) -> None:
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        cell.pop("id", None)


def foreign_kernel(notebook: NotebookNode) -> None:
    spec = {"name": "julia-1.10", "display_name": "Julia", "language": "julia"}
    notebook.metadata["kernelspec"] = spec


def no_kernel(notebook: NotebookNode) -> None:
    notebook.metadata.pop("kernelspec", None)


def drop_answers(notebook: NotebookNode) -> None:
    notebook.cells = [c for c in notebook.cells if not is_solution(c) or is_grade(c)]


def repeat_last(notebook: NotebookNode) -> None:
    last = notebook.cells[-1]
    notebook.cells += [nbformat.v4.new_code_cell(last.source) for _ in range(29)]


def debug_magic(notebook: NotebookNode) -> None:
    notebook.cells.append(nbformat.v4.new_code_cell("1 / 0"))
    notebook.cells.append(nbformat.v4.new_code_cell("%debug"))


def three_thousand_cells(notebook: NotebookNode) -> None:
    notebook.cells += [nbformat.v4.new_markdown_cell("x") for _ in range(3000)]


def long_line(notebook: NotebookNode) -> None:
    notebook.cells.append(nbformat.v4.new_code_cell("x = '" + "y" * 1_000_000 + "'"))


def many_magics(notebook: NotebookNode) -> None:
    """More than IPython rewrites in a cell, which gives up then."""
    notebook.cells.append(nbformat.v4.new_code_cell("\n".join(["%time 1"] * 520)))


def many_texts(notebook: NotebookNode) -> None:
    names = ",".join(f"'onnx.n{n}'" for n in range(20_000))
    notebook.cells.append(nbformat.v4.new_code_cell(f"x = [{names}]"))


def deep_code(notebook: NotebookNode) -> None:
    deep = 5_000
    texts = ("-" * deep + "1", "+".join("1" * deep), "x" + ".a" * deep, "(" * deep)
    notebook.cells += [nbformat.v4.new_code_cell(text) for text in texts]


def null_bytes(notebook: NotebookNode) -> None:
    notebook.cells.append(nbformat.v4.new_code_cell("x = 1\x00\ny = 2"))
    notebook.cells.append(nbformat.v4.new_markdown_cell("a\x00b"))


def half_characters(notebook: NotebookNode) -> None:
    notebook.cells[_at(notebook, "exercise-1-7")].source = 'scheme_choice = "c"  # \ud83d'
    notebook.cells.append(nbformat.v4.new_markdown_cell("half \ud83d"))
    notebook.cells.append(nbformat.v4.new_code_cell('print("\\ud83d")'))


def nan_metadata(notebook: NotebookNode) -> None:
    notebook.metadata["mine"] = [float("nan"), float("inf")]
    notebook.cells[0].metadata["mine"] = float("nan")


def merge_with_checks(notebook: NotebookNode) -> None:
    """Every second answer is gone, and its text stands in the check below it."""
    for n, check in enumerate(_checks(notebook)):
        answer = notebook.cells[notebook.cells.index(check) - 1]
        if is_solution(answer) and answer.cell_type == "code":
            check.source = f"{answer.source}\n{check.source}"
            answer.source = "# see below"
            if n % 2:
                notebook.cells.remove(answer)


def rename_graded(notebook: NotebookNode) -> None:
    """As of lesson 3; the empty text under a written question is the same in both."""
    for n, cell in enumerate(notebook.cells):
        cell.id = f"other-{n}"
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["grade_id"] = cell.metadata.nbgrader["grade_id"].replace(
                "1-", "3-"
            )


def merge_two(notebook: NotebookNode) -> None:
    first, last = _at(notebook, "exercise-1-3"), _at(notebook, "exercise-1-4")
    code = [c.source for c in notebook.cells[first : last + 1] if c.cell_type == "code"]
    notebook.cells[first].source = "\n\n".join(code)
    del notebook.cells[first + 1 : last + 1]


def vs_code(notebook: NotebookNode) -> None:
    notebook.metadata["vscode"] = {"interpreter": {"hash": "31f2aee4e71d21fbe5cf8b01ff0e069b"}}
    for cell in notebook.cells:
        cell.metadata["vscode"] = {"languageId": "python"}


def colab(notebook: NotebookNode) -> None:
    notebook.metadata["colab"] = {"provenance": [], "toc_visible": True}
    notebook.metadata["accelerator"] = "GPU"
    for n, cell in enumerate(notebook.cells):
        cell.metadata.update(
            colab={"base_uri": "https://localhost:8080/"}, id=f"x{n}", outputId="y"
        )
        cell.pop("id", None)
    notebook.nbformat, notebook.nbformat_minor = 4, 0


def kaggle(notebook: NotebookNode) -> None:
    """What several platforms leave, all at once."""
    notebook.metadata.update(
        kaggle={"accelerator": "none", "dataSources": [], "isInternetEnabled": True},
        papermill={"version": "2.6.0", "parameters": {}, "duration": 1.5, "exception": None},
        deepnote_notebook_id="8f1c",
        jupytext={"text_representation": {"extension": ".py", "format_name": "percent"}},
        kernelspec={"name": "my-env", "display_name": "Python 3.13 (my env)"},
        language_info={"name": "python", "version": "3.13.0", "codemirror_mode": 7},
    )
    for n, cell in enumerate(notebook.cells):
        cell.metadata.update(
            papermill={"duration": 0.01, "status": "completed"},
            execution={"iopub.status.busy": "2026-01-01T00:00:00Z"},
            cell_id=f"{n:08x}",
            deepnote_cell_type="code",
            collapsed=True,
            scrolled="auto",
            trusted=False,
        )


def oldest_format(notebook: NotebookNode) -> None:
    """nbformat 4.0: no ids, and fields that later versions gave up."""
    notebook.nbformat_minor = 0
    for n, cell in enumerate(notebook.cells):
        cell.pop("id", None)
        if cell.cell_type == "code":
            cell["prompt_number"] = cell["execution_count"] = n
            output = {"output_type": "execute_result", "execution_count": n, "data": {}}
            cell.outputs = [nbformat.from_dict({**output, "metadata": {}})]
        else:
            cell["attachments"] = nbformat.from_dict({"a.png": {"image/png": "eA=="}})


def older_format(notebook: NotebookNode) -> None:
    strip_ids(notebook)


def saved_outputs(notebook: NotebookNode) -> None:
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text="z" * 100_000)]
            cell.execution_count = 7


def answers_on_top(notebook: NotebookNode) -> None:
    setup = next(n for n, c in enumerate(notebook.cells) if c.cell_type == "code")
    answers = [c for c in notebook.cells if is_solution(c) and not is_grade(c)]
    text = "\n\n".join(cell.source for cell in answers)
    notebook.cells = [c for c in notebook.cells if c not in answers]
    notebook.cells.insert(setup + 1, nbformat.v4.new_code_cell(text))


EDITS: dict[str, Edit] = {
    edit.__name__: edit
    for edit in (
        tag_everything,
        edit_checks,
        ungrade_checks,
        invent_grade,
        delete_checks,
        copy_graded,
        reverse,
        schema_one,
        schema_future,
        strip_metadata,
        strip_ids,
        foreign_kernel,
        no_kernel,
        drop_answers,
        repeat_last,
        debug_magic,
        three_thousand_cells,
        long_line,
        many_magics,
        many_texts,
        deep_code,
        null_bytes,
        half_characters,
        nan_metadata,
        merge_with_checks,
        rename_graded,
        merge_two,
        vs_code,
        colab,
        kaggle,
        oldest_format,
        older_format,
        saved_outputs,
        answers_on_top,
    )
}
