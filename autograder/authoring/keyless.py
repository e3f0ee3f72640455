"""A lesson's exercises as a graded class receives them: asked, and not answered."""

from __future__ import annotations

from collections.abc import Sequence

from quantlab.teach.judging.exercise import Exercise

HEADER = '''"""What this lesson asks. Its answers are judged where they are handed in."""

from quantlab.teach.judging.exercise import Exercise, Option

'''
#: An oracle, cases, comparators, wrong answers, rubrics and trials are left behind.
KEPT = (
    "id",
    "title",
    "kind",
    "points",
    "difficulty",
    "importance",
    "minutes",
    "answer",
    "hints",
    "forbid",
    "seconds",
)


def keyless_module(exercises: Sequence[Exercise]) -> str:
    """The text of a module that defines these exercises without what answers them."""
    return HEADER + "\n".join(map(_written, exercises))


def _written(exercise: Exercise) -> str:
    rows = [f"    {name}={getattr(exercise, name)!r}," for name in KEPT]
    rows.append(f"    values={dict(exercise.values)!r},")
    options = ", ".join(
        f"{key!r}: Option({option.text!r}, '')" for key, option in exercise.options.items()
    )
    rows.append(f"    options={{{options}}},")
    rows.append("    keyless=True,")
    name = f"EXERCISE_{exercise.id.replace('.', '_')}"
    return "\n".join([f"{name} = Exercise(", *rows, ")", ""])
