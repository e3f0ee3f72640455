"""Run a learner's notebook in a fresh kernel and collect what its checks said.

Cells run in order with a time limit each; an error does not stop the rest. The judgements are read
from the outputs that `check` leaves as `application/vnd.quantlab.judgement+json`. The notebook file
is never written. Ctrl-C stops the run and the kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat.validator import normalize

from quantlab.teach.judging.card import JUDGEMENT_MIME
from quantlab.teach.judging.verdict import Verdict

CELL_SECONDS = 120
TIMED_OUT = "CellTimedOut"

# What the kernel itself prints (not the cells: their output goes into the notebook) is not shown.
KERNEL_OUTPUT: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


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
    notebook    the notebook with its outputs, as it lay in memory at the end
    """

    path: Path
    judgements: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    check_cells: Mapping[str, int] = field(default_factory=dict)
    errors: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    stopped_at: int | None = None
    why_stopped: Verdict | None = None
    notebook: Any = None


class _Unresponsive(Exception):
    """A cell ran out of time before it began: the kernel does not react to an interrupt."""


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
        notebook=notebook,
    )


def read_notebook(path: Path) -> Any:
    """The notebook with its old outputs removed. Raises NotebookError with one sentence."""
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
            f"{path} is not a notebook that Jupyter can run ({reason[:90]}): open it in "
            "JupyterLab, or start again from the course's copy."
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

    def failed(self, cell: Any, cell_index: int, said: Mapping[str, Any]) -> None:
        """Note the error. Raises _Unresponsive for a cell that never began: an earlier one still
        runs and ignores the interrupt."""
        began = "iopub.execute_input" in cell.metadata.get("execution", {})
        if said.get("ename") == TIMED_OUT and not began:
            self.position = max(self.errors, default=cell_index)
            raise _Unresponsive
        self.errors[cell_index] = (str(said.get("ename")), str(said.get("evalue")))


def _client(notebook: Any, path: Path, cell_seconds: int, watch: _Watch) -> NotebookClient:
    quiet = logging.getLogger("quantlab.nbclient")
    quiet.setLevel(logging.CRITICAL + 1)  # the table says what happened, once

    async def failed(cell: Any, cell_index: int, execute_reply: Mapping[str, Any]) -> None:
        try:
            watch.failed(cell, cell_index, execute_reply["content"])
        except _Unresponsive:
            await _kill(client)  # it would not hear a polite request either
            raise

    client = NotebookClient(
        notebook,
        log=quiet,
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
        on_cell_error=failed,
    )
    return client


def _run_in_thread(client: NotebookClient) -> Verdict | None:
    """Run to the end; the verdict of an early end, or None.

    The loop runs in a thread because nbclient takes Ctrl-C over when it is in the main one, and
    would go on as if the kernel had died. Here the main thread keeps Ctrl-C and kills the kernel,
    which ends the run.
    """
    ended: list[Verdict | BaseException | None] = []
    done = threading.Event()
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []

    async def whole() -> Verdict | None:
        task = asyncio.create_task(client.async_execute(**KERNEL_OUTPUT))
        running.append((asyncio.get_running_loop(), task))
        return await _early_end(task)

    async def stop(task: asyncio.Task[Any]) -> None:
        if not await _kill(client):  # else nbclient sees the kernel gone and tidies up as always
            task.cancel()

    def work() -> None:
        try:
            ended.append(asyncio.run(whole()))
        except BaseException as error:  # handed to the main thread, raised there
            ended.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=work, name="notebook-run")
    thread.start()
    try:
        # Not thread.join: Python 3.11 takes a join that Ctrl-C interrupts for the thread's end.
        while not done.wait(0.2):
            pass
    except KeyboardInterrupt:
        for loop, task in running:
            with contextlib.suppress(RuntimeError):  # the loop has just ended by itself
                asyncio.run_coroutine_threadsafe(stop(task), loop)
        done.wait()
        raise
    thread.join()
    (end,) = ended
    if isinstance(end, BaseException):
        raise end
    return end


async def _kill(client: NotebookClient) -> bool:
    """Kill the kernel; False when there is none yet."""
    if client.km is None or not client.km.has_kernel or client.km.provisioner is None:
        return False
    await client.km.provisioner.kill()
    return True


async def _early_end(task: asyncio.Task[Any]) -> Verdict | None:
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
