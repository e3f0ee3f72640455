"""Every student copy runs to its end in a fresh JupyterLab, and fits a narrow page."""

import shutil

import pytest

from quantlab.lessons.catalogue import lesson_of

from .conftest import ROOT, end_kernels, errors, open_notebook, run_all, too_wide, widen

LESSONS = sorted(path.name for path in (ROOT / "notebooks").iterdir() if path.is_dir())

#: For all cells of a copy: the capstone's measure for a minute or two where nothing else runs.
SECONDS = 900


@pytest.mark.parametrize("name", LESSONS)
def test_the_student_copy_runs_to_its_end_without_an_answer(page, classroom, name):
    folder, address = classroom
    shutil.copy(
        ROOT / "notebooks" / name / f"{name}.ipynb", folder / "notebooks" / name / "fresh.ipynb"
    )
    open_notebook(page, address, name, "fresh")
    run_all(page, SECONDS)
    assert errors(page) == []
    revealed(page, name)
    for width in (1280, 800):
        with widen(page, width):
            assert too_wide(page) == []
    end_kernels(address)


def revealed(page, name):
    """What this machine has just measured decides each prediction of the lesson."""
    cards = page.locator(".jp-OutputArea-output").all_inner_texts()
    for prediction in lesson_of(name).predictions:
        (card,) = [text for text in cards if prediction.why.replace("`", "") in text]
        assert "Measured" in card
        assert "none of the answers" not in card
