"""In a browser tab, a cell that needs the installed course says so in a sentence, not in red.

So does a cell that uses what such a cell would have made. Every other error stays as it is.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from quantlab.base.browser import IN_BROWSER, is_absent
from quantlab.learn.cell_runs import RUNS, CellRuns

HEADING = "Needs the installed course"


def start() -> None:
    """Say it from now on in this kernel; does nothing outside a browser."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython and IN_BROWSER else None
    if shell is not None:
        explain_in(shell, RUNS)


def explain_in(shell: Any, runs: CellRuns) -> None:
    """Show a card in place of the errors that come from what only the installed course has.

    shell  an IPython shell; `runs` follows its cells.
    """
    lost: set[str] = set()

    def explain(
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType,
        tb_offset: int | None = None,
    ) -> None:
        from IPython.display import display

        from quantlab.base.palette import BLUE
        from quantlab.teach.judging.card import Card

        name = getattr(error, "name", None) or ""
        if isinstance(error, ModuleNotFoundError) and is_absent(name):
            missing = name.rpartition(".")[2] if name.startswith("quantlab.") else name
            said = f"A browser tab has no `{missing}`: this cell runs in the installed course."
        elif isinstance(error, NameError) and name in lost:
            said = (
                f"`{name}` comes from a cell that runs in the installed course, as this one does."
            )
        else:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
            return
        lost.update(runs.defining)
        display(Card(HEADING, (("", said),), colour=BLUE))

    shell.set_custom_exc((ModuleNotFoundError, NameError), explain)
