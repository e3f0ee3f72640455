"""Where the `quantlab` command shows its tables, and how it says that something takes a while."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from quantlab.base.browser import IN_BROWSER

if TYPE_CHECKING:
    from rich.console import Console


def console(*, stderr: bool = False) -> Console:
    """Rich's console for this place: a terminal, a pipe, or a notebook's output."""
    from rich.console import Console

    found = Console(stderr=stderr)
    if stderr or not found.is_jupyter:
        return found
    # A notebook does not tell its width, and cuts off what is wider. As a terminal's text its page
    # holds 76 columns at 800 pixels, and rich's own form for notebooks 64.
    return Console(force_jupyter=False, force_terminal=True, width=76)


def waiting(sentence: str) -> AbstractContextManager[Any]:
    """A sign on stderr while the block runs. A thread turns it, and a browser tab has none."""
    return nullcontext() if IN_BROWSER else console(stderr=True).status(sentence)
