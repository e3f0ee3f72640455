"""The classroom: `from quantlab.learn import check, hint, solution, quiz`.

Names load when they are first used, so that a command line needs no widgets and a check no quiz.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

_HOME = {
    "check": "classroom",
    "hint": "classroom",
    "solution": "classroom",
    "quiz": "quiz.widget",
    "explore_ruler": "explorers.ruler",
    "explore_size": "explorers.size",
    "show": "figure",
    "Exercise": "exercise",
    "Misconception": "exercise",
    "exercise": "exercise",
    "group": "exercise",
    "misconception": "exercise",
    "Option": "exercise",
    "Band": "exercise",
    "find": "exercise",
    "all_exercises": "exercise",
    "judge": "judge",
    "LocalAsk": "ask",
    "Reply": "ask",
    "Verdict": "verdict",
    "Judgement": "verdict",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"quantlab.learn has no {name!r}; it has {', '.join(__all__)}.")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


class _Classroom(ModuleType):
    """Keeps `quiz`, `judge` and `exercise` the public names, though modules are called so too.

    Python sets a loaded submodule as an attribute of its package. That would hide the function of
    the same name from `__getattr__`, and `from quantlab.learn import quiz` would give the module.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Classroom
