"""Every lesson states its time in the same way, and the parts add up."""

import re
from pathlib import Path

import pytest

from autograder.authoring.instructor import instructor_notebook, lesson_sources
from quantlab.lessons.catalogue import of_lesson

ROOT = Path(__file__).parents[2]
NUMBERED = [path for path in lesson_sources(ROOT) if path.stem[:2].isdigit()]
#: The mean rate of adults for English non-fiction (Brysbaert 2019, 190 studies).
WORDS_A_MINUTE = 238
TIME = re.compile(
    r"\*\*Time:\*\* about (\d+) minutes: (\d+) to read, (\d+) for the .*?, (\d+) for "
)


@pytest.mark.parametrize("source", NUMBERED, ids=lambda path: path.stem)
def test_the_promised_minutes_are_the_sum_of_their_parts(source):
    cells = instructor_notebook(source).cells
    prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    found = TIME.search(" ".join(prose.split()))
    assert found is not None
    total, reading, looking, practice = map(int, found.groups())
    assert practice == sum(exercise.minutes for exercise in of_lesson(int(source.stem[:2])))
    assert total == reading + looking + practice
    words = len(re.findall(r"[\w’']+", prose))
    assert reading - 1 < words / WORDS_A_MINUTE <= reading, f"{words / WORDS_A_MINUTE:.1f} to read"
