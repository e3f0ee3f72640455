"""The examples in a learner's own docstring, run: what a check can show without the truth."""

from __future__ import annotations

import doctest
from typing import Any

from quantlab.base.time_limit import TimeIsUp, time_limit


def examples_line(function: Any, seconds: float) -> tuple[tuple[str, str], ...]:
    """A line for a card: how many examples come out as they stand there, or the first that does
    not. Nothing where the docstring shows none."""
    try:
        with time_limit(seconds):
            return _run(function)
    except TimeIsUp:
        return (("Examples", f"They took longer than {seconds:g} s."),)


def _run(function: Any) -> tuple[tuple[str, str], ...]:
    text = getattr(function, "__doc__", None) or ""
    names = dict(getattr(function, "__globals__", {}))
    name = getattr(function, "__name__", "it")
    try:
        test = doctest.DocTestParser().get_doctest(text, names, name, None, 0)
    except ValueError as said:
        return (("Examples", f"The docstring cannot be read: {said}."),)
    if not test.examples:
        return ()
    told: list[str] = []
    done = doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    shown = sum(1 for example in test.examples if example.want)
    if not done.failed:
        return (("Examples", f"All {shown} in the docstring come out as they stand there."),)
    rows = [row.strip() for row in told[0].splitlines() if row.strip()]
    failing = rows[rows.index("Failed example:") + 1]
    return (("Examples", f"`{failing}` does not come out as its docstring says."),)
