"""The quick test's notebook and its quiz say the same."""

from pathlib import Path

import quantlab
from quantlab.lessons.catalogue import load_quiz
from quantlab.teach.source import read_lesson

SOURCE = Path(quantlab.__file__).parents[1] / "solutions" / "quick_test" / "quick_test.py"


def test_the_check_is_worth_the_points_of_the_quiz():
    checks = [cell for cell in read_lesson(SOURCE) if cell.tag and cell.tag.kind == "check"]
    assert [(cell.tag.id, cell.points) for cell in checks] == [
        ("quick_test", load_quiz("quick_test").max_points)
    ]


def test_every_lesson_that_a_question_names_is_one_of_the_course():
    lessons = {q.lesson.split(",")[0] for q in load_quiz("quick_test").questions}
    assert lessons <= {f"lesson {number:02d}" for number in range(1, 11)}
    assert len(lessons) >= 5, "the test runs over the whole material"
