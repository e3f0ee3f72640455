"""Every student copy runs to its end in JupyterLab, fits a narrow page, and can be read by all."""

import base64
import shutil

import pytest

from quantlab.lessons.catalogue import lesson_of
from tests.support.contrast import faint

from .conftest import (
    ROOT,
    THEMES,
    broken_rules,
    choose_theme,
    end_kernels,
    errors,
    open_notebook,
    run_all,
    too_wide,
    widen,
)

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
    for theme in reversed(THEMES):
        choose_theme(page, theme)
        assert broken_rules(page) == [], theme
    assert [said for svg in drawings(page) for said in faint(svg)] == []
    end_kernels(address)


def revealed(page, name):
    """What this machine has just measured decides each prediction of the lesson."""
    cards = page.locator(".jp-OutputArea-output").all_inner_texts()
    for prediction in lesson_of(name).predictions:
        (card,) = [text for text in cards if prediction.why.replace("`", "") in text]
        assert "Measured" in card
        assert "none of the answers" not in card


def drawings(page) -> list[str]:
    """Each drawing's SVG, whether it stands in the page or in an image."""
    inline = page.locator("svg.quantlab-picture").evaluate_all("all => all.map(e => e.outerHTML)")
    data = "data:image/svg+xml;base64,"
    sources = page.locator(f'img.quantlab-picture[src^="{data}"]').evaluate_all(
        "all => all.map(e => e.getAttribute('src'))"
    )
    return inline + [base64.b64decode(s.removeprefix(data)).decode() for s in sources]
