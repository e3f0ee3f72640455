"""The instructor's page: formgrader on the graded demo, the grade read off it."""

import subprocess
import sys
from pathlib import Path

from tests.support.axe import violations

from .conftest import TOKEN, jupyter

STUDENTS = ("ada_right", "ben_half", "cy_broken")


def test_formgrader_shows_the_grades_of_the_demo(page, tmp_path):
    course, home = tmp_path / "course", tmp_path / "home"
    home.mkdir()
    autograder = Path(sys.executable).with_name("autograder")
    played = subprocess.run(
        [autograder, "demo", "--out", course], capture_output=True, text=True, check=False
    )
    assert played.returncode == 0, played.stdout + played.stderr

    feedback(page, course)
    with jupyter(course, home) as address:
        page.goto(f"{address}/formgrader/manage_students?token={TOKEN}")
        row = page.locator("tr", has_text="ada_right")
        row.wait_for()
        assert "23 / 25" in " ".join(row.inner_text().split())
        assert "11 / 25" in " ".join(page.locator("tr", has_text="ben_half").inner_text().split())

        page.goto(f"{address}/formgrader/gradebook/01_scale_and_zero_point?token={TOKEN}")
        page.get_by_text("01_scale_and_zero_point").first.wait_for()


def feedback(page, course):
    """What each student reads breaks no rule of WCAG in a light and in a dark theme."""
    for student in STUDENTS:
        (path,) = (course / "feedback" / student).rglob("*.html")
        page.goto(path.as_uri())
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == [], (student, scheme)
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (ground == "rgb(255, 255, 255)") == (scheme == "light"), ground
