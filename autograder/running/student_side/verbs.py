"""`quantlab.learn` where answers are graded: every verb says one line, and nothing is judged here.

This file stands in a sandbox as `quantlab/learn/__init__.py`.
"""

from typing import Any

SAID = "Judged by the course, outside of this notebook."


class Said:
    """What a verb gives: one line, whatever is asked of it."""

    def __repr__(self) -> str:
        return SAID

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None

    def __float__(self) -> float:
        return 0.0


def check(*args: Any, **kwargs: Any) -> Said:
    """One line: the course judges."""
    return Said()


hint = i_can = predict = quiz = reveal = solution = check
