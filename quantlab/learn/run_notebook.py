"""Run a learner's notebook in a fresh kernel and collect what its checks said.

Cells run in order with a time limit each; an error does not stop the rest. The judgements are read
from the outputs that `check` leaves as `application/vnd.quantlab.judgement+json`. The notebook file
is never written. Ctrl-C stops the run and the kernel.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantlab.learn.card import JUDGEMENT_MIME
from quantlab.learn.verdict import Verdict

if TYPE_CHECKING:
    from nbclient import NotebookClient

    from quantlab.learn.exercise import Exercise

CELL_SECONDS = 120
TIMED_OUT = "CellTimedOut"


class NotebookError(ValueError):
    """The file is no notebook that can be run; the message is one sentence for the learner."""


@dataclass(frozen=True)
class NotebookRun:
    """What one run left behind.

    judgements  exercise id -> the last judgement that a check of this run displayed
    check_cells exercise id -> position of the last cell that calls its check
    errors      position of a cell -> (error name, message) it ended with
    stopped_at  position of the first cell that did not finish, None when all ran
    why_stopped KERNEL_DIED or TIMEOUT when the run ended early, None otherwise
    """

    path: Path
    judgements: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    check_cells: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    stopped_at: int | None = None
    why_stopped: Verdict | None = None


@dataclass(frozen=True)
class Result:
    """One line of the table: how one exercise stands after the run."""

    exercise: str
    title: str
    verdict: Verdict
    points: float
    max_points: float
    next_step: str
    written: bool = False

    @property
    def fine(self) -> bool:
        """Correct, or a written answer that is there for a person to judge."""
        there = self.written and self.verdict is Verdict.INCONCLUSIVE
        return there or self.verdict is Verdict.CORRECT

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the verdict as its string."""
        return asdict(self) | {"verdict": str(self.verdict), "fine": self.fine}


class _Unresponsive(Exception):
    """Two cells in a row ran out of time: the kernel does not react to an interrupt."""


def run_notebook(
    path: Path,
    *,
    cell_seconds: int = CELL_SECONDS,
    on_cell: Callable[[int, int], None] = lambda position, total: None,
) -> NotebookRun:
    """Run the notebook at `path`; `on_cell(position, total)` is called before each cell.

    Raises NotebookError when the file cannot be read as a notebook, and KeyboardInterrupt, with the
    kernel stopped, on Ctrl-C.
    """
    notebook = read_notebook(path)
    watch = _Watch(len(notebook.cells), on_cell)
    client = _client(notebook, path, cell_seconds, watch)
    why = _run_in_thread(client)
    return NotebookRun(
        path=path,
        judgements=_judgements(notebook.cells),
        check_cells=_check_cells(notebook.cells),
        errors=watch.errors,
        stopped_at=watch.position if why else None,
        why_stopped=why,
    )


def results(run: NotebookRun, exercises: Sequence[Exercise]) -> tuple[Result, ...]:
    """One line per exercise of the lesson, then one per other check (a quiz) in the notebook."""
    lines = [_result(run, e.id, e.title, e.points, e.kind == "written") for e in exercises]
    known = {e.id for e in exercises}
    lines += [
        _result(run, id_, str(said.get("title", id_)), float(said.get("max_points", 0)), False)
        for id_, said in run.judgements.items()
        if id_ not in known
    ]
    return tuple(lines)


def read_notebook(path: Path) -> Any:
    """The notebook with its old outputs removed. Raises NotebookError with one sentence."""
    import nbformat
    from nbformat.validator import normalize

    try:
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        _, notebook = normalize(notebook)
        nbformat.validate(notebook)
    except OSError as error:
        raise NotebookError(f"Cannot read {path} ({error.strerror or error}).") from None
    except (nbformat.ValidationError, ValueError, KeyError, AttributeError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NotebookError(
            f"{path} is not a notebook that Jupyter can run ({reason[:90]}): open it in JupyterLab, "
            "or start again from the course's copy."
        ) from None
    return notebook


class _Watch:
    """Follows one run: which cell is on, which cells ended with an error."""

    def __init__(self, total: int, on_cell: Callable[[int, int], None]) -> None:
        self.total, self.on_cell = total, on_cell
        self.position = 0
        self.errors: dict[int, tuple[str, str]] = {}

    def started(self, cell: Any, cell_index: int) -> None:
        self.position = cell_index
        self.on_cell(cell_index, self.total)

    def failed(self, cell: Any, cell_index: int, execute_reply: Mapping[str, Any]) -> None:
        said = execute_reply["content"]
        before = self.errors.get(max(self.errors, default=-1), ("", ""))[0]
        self.errors[cell_index] = (str(said.get("ename")), str(said.get("evalue")))
        if before == said.get("ename") == TIMED_OUT:
            raise _Unresponsive


def _client(notebook: Any, path: Path, cell_seconds: int, watch: _Watch) -> NotebookClient:
    from nbclient import NotebookClient

    return NotebookClient(
        notebook,
        timeout=cell_seconds,
        kernel_name="python3",  # this Python, whatever name the file carries
        allow_errors=True,
        interrupt_on_timeout=True,
        error_on_timeout={
            "ename": TIMED_OUT,
            "evalue": f"The cell ran longer than {cell_seconds} s.",
            "traceback": [],
        },
        resources={"metadata": {"path": str(path.resolve().parent)}},
        on_cell_start=watch.started,
        on_cell_error=watch.failed,
        log_level=60,  # the table says what happened; nbclient's own log lines would repeat it
    )


def _run_in_thread(client: NotebookClient) -> Verdict | None:
    """Run to the end; the verdict of an early end, or None.

    The loop runs in a thread because nbclient takes Ctrl-C over when it is in the main one, and
    would go on as if the kernel had died. Here the main thread keeps Ctrl-C, cancels the run, and
    nbclient's own clean-up shuts the kernel down.
    """
    ended: list[Verdict | None | BaseException] = []
    loop = asyncio.new_event_loop()
    task = loop.create_task(client.async_execute())

    def work() -> None:
        asyncio.set_event_loop(loop)
        try:
            ended.append(loop.run_until_complete(_early_end(task)))
        except BaseException as error:  # handed to the main thread, raised there
            ended.append(error)
        finally:
            loop.close()

    thread = threading.Thread(target=work, name="notebook-run")
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.2)
    except KeyboardInterrupt:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        raise
    (end,) = ended
    if isinstance(end, BaseException):
        raise end
    return end


async def _early_end(task: asyncio.Task[Any]) -> Verdict | None:
    from nbclient.exceptions import DeadKernelError

    try:
        await task
    except DeadKernelError:
        return Verdict.KERNEL_DIED
    except _Unresponsive:
        return Verdict.TIMEOUT
    return None


def _judgements(cells: Sequence[Any]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for cell in cells:
        for output in cell.get("outputs", ()):
            said = output.get("data", {}).get(JUDGEMENT_MIME)
            if isinstance(said, Mapping) and "exercise" in said:
                found[str(said["exercise"])] = said
    return found


def _check_cells(cells: Sequence[Any]) -> dict[str, int]:
    return {
        id_: position
        for position, cell in enumerate(cells)
        if cell.cell_type == "code"
        for id_ in re.findall(r"""\bcheck\(\s*["']([\w.]+)["']""", cell.source)
    }


def _result(run: NotebookRun, id_: str, title: str, points: float, written: bool) -> Result:
    said = run.judgements.get(id_)
    if said is None:
        verdict, step = _why_no_judgement(run, id_)
        return Result(id_, title, verdict, 0.0, points, step, written)
    word = str(said.get("verdict"))
    verdict = Verdict(word) if word in set(Verdict) else Verdict.INCONCLUSIVE
    steps = (said.get("cause"), said.get("next_step")) if verdict is Verdict.INCORRECT else ()
    step = next((str(s) for s in (*steps, said.get("next_step")) if s), "")
    return Result(id_, title, verdict, float(said.get("points", 0)), points, step, written)


def _why_no_judgement(run: NotebookRun, id_: str) -> tuple[Verdict, str]:
    """The verdict and next step for an exercise whose check displayed nothing in this run."""
    position = run.check_cells.get(id_)
    if position is None:
        return Verdict.MISSING, f'Add a cell with `check("{id_}")`: this notebook has none.'
    if run.stopped_at is not None and position >= run.stopped_at:
        assert run.why_stopped is not None
        said = "died" if run.why_stopped is Verdict.KERNEL_DIED else "stopped answering"
        return run.why_stopped, f"The kernel {said} in cell {run.stopped_at + 1}: look there first."
    name, message = run.errors.get(position, ("", ""))
    if name == TIMED_OUT:
        return Verdict.TIMEOUT, f"{message} Look for a loop that never ends."
    if name:
        return Verdict.ERROR, f"Its check stopped with {name}: {message}"[:160]
    return Verdict.MISSING, f'Let `check("{id_}")` be the last line of its cell.'
