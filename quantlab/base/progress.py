"""A progress bar on stderr, where it is wanted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def counting(what: str, total: int | None, shown: bool) -> Iterator[Callable[[], None]]:
    """A function to call after each of `total` pieces of work.

    Parameters
    ----------
    what : str
        Shown before the bar.
    total : int, optional
        None where nobody knows.
    shown : bool
        False: nothing is written.
    """
    if not shown:
        yield lambda: None
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
