"""How pytest-xdist shares the tests out: a file goes to one worker, and so do all browser tests.

What a file builds once is built once then, and one JupyterLab and one browser serve every lesson.
What takes longest begins first, so that the workers end together.
"""

from xdist.scheduler import LoadScopeScheduling

BROWSER = "tests/browser"
#: Few tests and much work, measured: what comes last would keep one worker busy while the others
#: wait. The number of tests says enough of all other files.
LONGEST = (
    BROWSER,
    "tests/autograder/attacks/test_suite.py",
    "tests/lessons/test_lesson_07.py",
    "tests/test_course.py",
    "tests/lessons/test_lesson_10.py",
    "tests/lessons/test_lesson_06.py",
    "tests/autograder/commands/test_release.py",
)


def unit_of(nodeid: str) -> str:
    """What goes to one worker as a whole: a file, or the browser's folder."""
    file = nodeid.partition("::")[0]
    return BROWSER if file.startswith(f"{BROWSER}/") else file


def longest_first(units: dict[str, dict[str, bool]]) -> list[str]:
    """The units in the order of their beginning, each with its tests: `LONGEST`, then by number."""
    place = {unit: number for number, unit in enumerate(LONGEST)}
    return sorted(units, key=lambda unit: (place.get(unit, len(place)), -len(units[unit])))


class WholeFiles(LoadScopeScheduling):
    """Units to the worker that is free, the longest first."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _assign_work_unit(self, node) -> None:
        first = longest_first(self.workqueue)[0]
        self.workqueue.move_to_end(first, last=False)
        super()._assign_work_unit(node)
