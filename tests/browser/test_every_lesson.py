"""Every student copy runs to its end in a fresh JupyterLab, and fits a narrow page."""

import shutil

import pytest

from .conftest import ROOT, errors, open_notebook, run_all, too_wide, widen

LESSONS = sorted(path.name for path in (ROOT / "notebooks").iterdir() if path.is_dir())


@pytest.mark.parametrize("name", LESSONS)
def test_the_student_copy_runs_to_its_end_without_an_answer(page, classroom, name):
    folder, address = classroom
    shutil.copy(
        ROOT / "notebooks" / name / f"{name}.ipynb", folder / "notebooks" / name / "fresh.ipynb"
    )
    open_notebook(page, address, name, "fresh")
    run_all(page)
    assert errors(page) == []
    for width in (1280, 800):
        with widen(page, width):
            assert too_wide(page) == []
