"""Runs a submission's cells; what one cell breaks stays its own loss.

nbgrader's own `Execute` gives a whole submission up when the kernel dies, and gives full marks to a
check that did not run. Here a cell that stopped says so: the check that belongs to it gets a
judgement with the verdict timeout, kernel_died or output_limit, and zero points of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
from time import monotonic
from typing import Any

import nbformat
from jupyter_core.utils import ensure_async
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute
from nbgrader.utils import is_grade, is_solution
from traitlets import Integer

from autograder.nbgrader.own_kernel import OwnKernelManager
from quantlab.lessons.catalogue import find
from quantlab.teach.judging.card import judgement_card
from quantlab.teach.judging.verdict import Judgement, Verdict

CHECKED = re.compile(r"""\bcheck\(\s*["']([^"']+)["']""")
COUNTED = frozenset({"stream", "display_data", "update_display_data", "execute_result", "error"})

SAID = {
    Verdict.TIMEOUT: "The cell ran longer than {seconds} s and was stopped.",
    Verdict.KERNEL_DIED: "The kernel died in a cell before this check, so the check could not run.",
    Verdict.OUTPUT_LIMIT: "The cell printed more than {megabytes} MB and was stopped.",
}
NEXT = {
    Verdict.TIMEOUT: "Is there a loop that never ends? Run the cell at home and look.",
    Verdict.KERNEL_DIED: "Restart the kernel, run the cells from the top: which one ends it?",
    Verdict.OUTPUT_LIMIT: "Take the print out of the loop.",
}


class GuardedExecute(Execute):
    """nbgrader's Execute with a budget for the whole submission and for each cell's output."""

    submission_seconds = Integer(300, help="Seconds that a whole submission may run.").tag(
        config=True
    )
    kept_bytes = Integer(200_000, help="Output of one cell that is kept, in bytes.").tag(
        config=True
    )
    stop_bytes = Integer(10_000_000, help="Output of one cell that stops it, in bytes.").tag(
        config=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["kernel_manager_class"] = OwnKernelManager
        super().__init__(*args, **kwargs)

    def preprocess(
        self, nb: NotebookNode, resources: Any = None, km: Any = None
    ) -> tuple[NotebookNode, Any]:
        self._deadline = monotonic() + self.submission_seconds
        self._cell_seconds = self.timeout or self.submission_seconds
        self._gone: Verdict | None = None  # why no further cell can run
        self._since_check: Verdict | None = None  # why a cell since the last check was stopped
        done: tuple[NotebookNode, Any] = super().preprocess(nb, resources, km)
        return done

    @property
    def iopub_timeout(self) -> int:
        """Seconds for reading what a finished cell printed; nbclient asks once the cell is done.

        A stopped flood of output may take longer to read than the 4 s that nbclient allows.
        """
        return max(1, int(self._deadline - monotonic()))

    def preprocess_cell(
        self, cell: NotebookNode, resources: Any, index: int
    ) -> tuple[NotebookNode, Any]:
        self._why: Verdict | None = None
        self._printed = 0
        left = self._deadline - monotonic()
        if self._gone is None and left <= 0:
            self._gone = Verdict.TIMEOUT
        if self._gone is None and cell.cell_type == "code":
            # A whole number of seconds, at least one: 0 would mean "no limit".
            self.timeout: int = max(1, min(self._cell_seconds, int(left)))
            self._run(cell, resources, index)
        self._settle(cell, index)
        return cell, resources

    def _run(self, cell: NotebookNode, resources: Any, index: int) -> None:
        try:
            super().preprocess_cell(cell, resources, index)
        except DeadKernelError:
            self._why = self._gone = Verdict.KERNEL_DIED
        except CellTimeoutError:  # it did not even answer the interrupt
            self._why = self._why or Verdict.TIMEOUT
            self._gone = self._why
            self._end_kernel()

    def _end_kernel(self) -> None:
        """An unresponsive kernel would hold the shutdown up; it is killed at once."""
        self.shutdown_kernel = "immediate"

    def _settle(self, cell: NotebookNode, index: int) -> None:
        """Write down why a cell has no honest output, and carry the reason on to its check."""
        if cell.cell_type != "code":
            return
        why = self._why or self._gone
        if is_grade(cell) and not is_solution(cell):
            if why is not None:
                cell.outputs = _judged(cell, why, self._sentence(why), index)
            elif self._since_check is not None and _judgement_is_empty(cell):
                reason = self._since_check
                cell.outputs = _judged(cell, reason, self._sentence(reason), index)
            self._since_check = None
        elif why is not None:
            self._since_check = why
            cell.outputs = [o for o in cell.outputs if o.output_type != "error"]
            cell.outputs.append(
                nbformat.v4.new_output("stream", name="stderr", text=self._sentence(why) + "\n")
            )

    def _sentence(self, why: Verdict) -> str:
        return SAID[why].format(
            seconds=self._cell_seconds, megabytes=f"{self.stop_bytes / 1_000_000:g}"
        )

    def on_cell_executed(self, **kwargs: Any) -> None:
        super().on_cell_executed(**kwargs)
        said = kwargs["execute_reply"]["content"].get("ename")
        if said == self.error_on_timeout.get("ename") and self._why is None:
            self._why = Verdict.TIMEOUT

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        """Count before anything is kept: one message may be larger than all that is kept."""
        if msg["msg_type"] in COUNTED:
            before, self._printed = self._printed, self._printed + _size(msg["content"])
            if self._printed > self.stop_bytes and before <= self.stop_bytes:
                self._why = Verdict.OUTPUT_LIMIT
                asyncio.ensure_future(self._interrupt())  # noqa: RUF006 - ends with the cell
            if self._printed > self.kept_bytes:
                if before <= self.kept_bytes:
                    cell.outputs.append(_cut(self.kept_bytes))
                return None
        return super().process_message(msg, cell, cell_index)

    async def _interrupt(self) -> None:
        if self.km is not None:
            await ensure_async(self.km.interrupt_kernel())


def _size(content: dict[str, Any]) -> int:
    text = content.get("text")
    return len(text) if isinstance(text, str) else len(json.dumps(content, default=str))


def _cut(kept: int) -> NotebookNode:
    said = f"\n... the output was cut after {kept // 1000} kB ...\n"
    return nbformat.v4.new_output("stream", name="stderr", text=said)


def _judgement_is_empty(cell: NotebookNode) -> bool:
    """True when the check found nothing to judge: the stopped cell is the reason."""
    from autograder.nbgrader.sound_grades import judgements_of

    found = [j.get("verdict") for j in judgements_of(cell)]
    return found in ([Verdict.NOT_ATTEMPTED], [Verdict.ERROR])


def _judged(cell: NotebookNode, why: Verdict, observed: str, index: int) -> list[NotebookNode]:
    """The outputs of a check that could not do its work: a card, and the judgement as data."""
    named = CHECKED.search(cell.source)
    id = named.group(1) if named else f"cell {index}"
    judgement = Judgement(
        exercise=id,
        title=_title(id),
        verdict=why,
        points=0.0,
        max_points=float(cell.metadata.nbgrader["points"]),
        observed=observed,
        next_step=NEXT[why],
    )
    data = judgement_card(judgement)._repr_mimebundle_()
    return [nbformat.v4.new_output("display_data", data=data)]


def _title(id: str) -> str:
    try:
        return find(id).title
    except KeyError:
        return ""
