"""The one nbgrader configuration of a course: where it is harder than nbgrader's defaults.

`harden` is used by every command of this package and by the `nbgrader_config.py` that stands in a
course folder, so that nbgrader's own commands started there behave the same way. Each line that
differs from nbgrader's default says what would go wrong without it.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from traitlets.config import Config, PyFileConfigLoader

from autograder.course_folder import default_db_url
from autograder.running.settings import CELL_SECONDS

MARKER = "# Written by `autograder`. Delete this line to keep your own changes."


def course_config(
    course: Path,
    db_url: str | None = None,
    *,
    submitted: Path | None = None,
) -> Config:
    """The hardened configuration for one course folder.

    What an instructor set in the course's nbgrader_config.py holds, such as a plug-in for late
    penalties; where both say something, this package's word stands.

    course     holds source/, release/, autograded/, feedback/.
    db_url     the gradebook; by default sqlite in the course folder.
    submitted  where submissions are read from, by default course/submitted.
    """
    config = _instructors(course / "nbgrader_config.py")
    config.CourseDirectory.root = str(course.resolve())
    config.CourseDirectory.db_url = db_url or default_db_url(course)
    if "course_id" not in config.CourseDirectory:
        # nbgrader's own default names no course, and PostgreSQL refuses a row that points nowhere.
        config.CourseDirectory.course_id = "default_course"
    if submitted is not None:
        config.CourseDirectory.submitted_directory = str(submitted.resolve())
    harden(config)
    return config


def _instructors(path: Path) -> Config:
    if not path.is_file():
        return Config()
    return PyFileConfigLoader(path.name, path=str(path.parent)).load_config()


def harden(config: Config) -> None:
    """Set what differs from nbgrader's defaults, on `config` in place."""
    from autograder.authoring.stubs import FittingStubs
    from autograder.nbgrader.sound_grades import SoundGrades
    from autograder.nbgrader.tidy_checks import TidyChecks
    from autograder.publishing.sanitize import clean_fragment

    # Students see a gap that fits: a function raises, a value is `name = ...`.
    config.GenerateAssignment.preprocessors = [
        "nbgrader.preprocessors.LockCells",
        FittingStubs,
        "nbgrader.preprocessors.ClearOutput",
        "nbgrader.preprocessors.CheckCellMetadata",
        "nbgrader.preprocessors.ComputeChecksums",
        "nbgrader.preprocessors.SaveCells",
        "nbgrader.preprocessors.ComputeChecksums",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    # For `nbgrader autograde` itself: a score that is no number between 0 and the maximum goes to a
    # person (nbgrader: full marks for nan).
    config.Autograde.autograde_preprocessors = [
        "nbgrader.preprocessors.Execute",
        "nbgrader.preprocessors.LimitOutput",
        SoundGrades,
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    # A cell tagged `skip-execution` is not run, gives no output, and would count as full marks.
    config.Execute.skip_cells_with_tag = secrets.token_hex(16)
    config.Execute.timeout = CELL_SECONDS
    # After an interrupt the kernel gets this long; nbgrader then gives the whole submission up.
    config.Execute.iopub_timeout = 5
    config.Execute.store_widget_state = False
    # A deleted check would simply not be graded.
    config.OverwriteCells.add_missing_cells = True
    # nbgrader's page shows a submission's HTML raw, also in the instructor's own browser.
    config.HTMLExporter.sanitize_html = True
    # The stock filter escapes <p> and never sees markdown cells. Every text that a template turns
    # into HTML passes one of these two filters.
    config.HTMLExporter.filters = {
        "clean_html": clean_fragment,
        "strip_files_prefix": clean_fragment,
    }
    config.GenerateFeedback.preprocessors = [
        "nbgrader.preprocessors.GetGrades",
        TidyChecks,
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
    config.LimitOutput.max_lines = 200
    config.LimitOutput.max_traceback = 40


def write_config_file(
    course: Path, db_url: str | None = None, submitted: Path | None = None
) -> Path:
    """Write course/nbgrader_config.py, unless the instructor has made it their own."""
    path = course / "nbgrader_config.py"
    if path.exists() and MARKER not in path.read_text(encoding="utf-8", errors="replace"):
        return path
    lines = [
        MARKER,
        "from autograder.nbgrader.config import harden",
        "",
        "c = get_config()  # noqa: F821",
        "harden(c)",
    ]
    if db_url is not None and db_url != default_db_url(course):
        lines.append(f"c.CourseDirectory.db_url = {db_url!r}")
    if submitted is not None and submitted.resolve() != (course / "submitted").resolve():
        lines.append(f"c.CourseDirectory.submitted_directory = {str(submitted.resolve())!r}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return path
