"""What a learner calls: `from quantlab.learn import ask, check, hint, predict, quiz, solution`.

Names load when they are first used, so that a command line needs no widgets and a check no quiz.
In a notebook's kernel the import also begins to follow which cells ran.
"""

from quantlab.base.lazy import lazy_names
from quantlab.learn import in_browser
from quantlab.learn.cell_runs import watch

_HOMES = {
    **dict.fromkeys(("check", "hint", "solution"), ".classroom"),
    **dict.fromkeys(("i_can", "predict"), ".choice_widgets"),
    "ask": ".asking",
    "quiz": ".quiz_widget",
    "reveal": ".predictions",
}
__all__ = sorted(_HOMES)
__getattr__, __dir__ = lazy_names(__name__, _HOMES)

watch()
in_browser.start()
