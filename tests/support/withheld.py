"""What a learner opens on purpose and no search may hand out: hints, model answers, solutions."""

from pathlib import Path

from quantlab.lessons.catalogue import all_exercises
from quantlab.teach.source import REGION

SOLUTIONS = Path(__file__).parents[2] / "solutions"
#: A line such as `return x` says nothing; longer ones would be an answer.
SHORTEST = 24


def hints() -> list[str]:
    """Every hint of every exercise, and every model answer, on one line each."""
    texts = [hint for exercise in all_exercises() for hint in exercise.hints]
    texts += [band.model_answer for exercise in all_exercises() for band in exercise.rubric]
    return [" ".join(text.split()) for text in texts]


def solution_lines() -> list[str]:
    """The lines of the solutions that say something."""
    lines = [
        line.strip()
        for path in sorted(SOLUTIONS.glob("*/*.py"))
        for region in REGION.findall(path.read_text("utf-8"))
        for line in region.splitlines()
    ]
    assert len(lines) > 200
    return [line for line in lines if len(line) > SHORTEST]
