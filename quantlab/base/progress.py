"""A progress bar on stderr, where it is wanted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

#: Columns of a bar in a notebook: it fits a page of 800 pixels.
IN_A_NOTEBOOK = 64


class Count(Protocol):
    """To be called after each piece of work, with a few words to show behind the bar."""

    def __call__(self, note: str = "") -> None: ...


@contextmanager
def counting(what: str, total: int | None, shown: bool, *, start: int = 0) -> Iterator[Count]:
    """A function to call after each of `total` pieces of work.

    Parameters
    ----------
    what : str
        Shown before the bar.
    total : int, optional
        None where nobody knows.
    shown : bool
        False: nothing is written.
    start : int
        Pieces that were done before.
    """
    if not shown:
        yield lambda note="": None
        return
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
        TextColumn("{task.description}"),
    )
    console = Console(stderr=True)
    if console.is_jupyter:
        console = Console(stderr=True, width=IN_A_NOTEBOOK)
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=total, completed=start)
        try:
            yield lambda note="": bar.update(task, advance=1, description=note)
        finally:
            bar.refresh()  # in a notebook rich leaves the last state undrawn
