"""The unit of work: one submission in, one record out, whoever asks and however often.

`grade_one` reads no file of the course and writes none. It can run in any process on any machine
that has this package and a sandbox, and running it twice gives the same points.
"""

from __future__ import annotations

import copy
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import nbformat
from nbformat import NotebookNode
from nbgrader.utils import compute_checksum

from autograder.intake.ingest import Refused, Submission, parse_notebook
from autograder.intake.transplant import transplant, with_note
from autograder.judging.cells import Graded, defined_below, graded_of, max_score_of, to_run
from autograder.judging.environment import environment_sha256, versions
from autograder.judging.flags import flags_of
from autograder.judging.flaky import (
    AGAIN,
    AGAIN_SHARE,
    depends_on_chance,
    flags_of_flaky,
    is_cheap,
    settled,
)
from autograder.judging.one_exercise import (
    Judged,
    Stopped,
    is_exercise,
    judge_answers_file,
    judge_exercise,
)
from autograder.judging.outputs import outputs_of
from autograder.recording.record import ExerciseResult, Record
from autograder.running.sandbox import NoSandbox, sandbox
from autograder.running.settings import Settings
from autograder.running.student import CellResult, Student
from quantlab.teach.judging.card import judgement_card
from quantlab.teach.judging.verdict import Verdict

#: Bytes of output of a whole submission that its page is given.
MOST_SHOWN = 5_000_000
#: What an answer is that a cell further down may still make whole.
UNSETTLED = (Verdict.NOT_ATTEMPTED, Verdict.ERROR, Verdict.INCORRECT)
#: Of several reasons, the one a submission is listed under.
GRAVEST = (
    Verdict.GRADER_ERROR,
    Verdict.KERNEL_DIED,
    Verdict.OUT_OF_MEMORY,
    Verdict.TIMEOUT,
    Verdict.OUTPUT_LIMIT,
)


def grade_one(submission: bytes, release_hash: str, *, release: bytes, settings: Settings) -> str:
    """Grade one submission.

    submission    `Submission.to_bytes()`.
    release_hash  sha256 of `release`, the file of the lesson's released notebook.
    settings      seed, budgets, isolation.

    Returns JSON: {"record": Record.to_dict(), "notebook": nbformat 4}. The notebook is the released
    one with the student's text, capped outputs of their cells, and a card under each check. Raises
    NoSandbox where this machine has no such isolation; never for what a submission is or does.
    """
    started, clock = _now(), time.perf_counter()
    given = Submission.from_bytes(submission)
    if hashlib.sha256(release).hexdigest() != release_hash:
        raise ValueError("The released notebook is not the one that was asked for.")
    lesson = nbformat.reads(release.decode("utf-8"), as_version=4)
    blank = Record(
        given.student,
        given.lesson,
        "graded",
        max_score=max_score_of(lesson),
        notes=given.notes,
        submission_sha256=given.sha256,
        release_sha256=release_hash,
        environment_sha256=environment_sha256(),
        seed=settings.seed,
        handed_in=given.handed_in,
        started_at=started,
        versions=versions(),
    )
    try:
        record, notebook = _graded(given, lesson, blank, settings)
    except Refused as refused:
        record = replace(blank, verdict=str(refused.verdict), reason=refused.sentence)
        notebook = with_note(lesson, record.reason)
    except NoSandbox:
        raise
    except Exception as fault:  # a fault of ours: said so, never a zero
        record = replace(blank, verdict=str(Verdict.GRADER_ERROR), reason=_our_fault(fault))
        notebook = with_note(lesson, record.reason)
    seconds = round(time.perf_counter() - clock, 3)
    record = replace(record, seconds=seconds, graded_at=_now())
    return json.dumps({"record": record.to_dict(), "notebook": notebook}, sort_keys=True)


def parse_graded(text: str) -> tuple[Record, NotebookNode]:
    """The record and the notebook in what `grade_one` returned."""
    whole = json.loads(text)
    return Record.from_dict(whole["record"]), nbformat.from_dict(whole["notebook"])


def seed_of(settings_seed: int, submission_sha256: str) -> int:
    """The seed of one submission's cases: nobody can know it, the same file has the same one."""
    digest = hashlib.sha256(f"{settings_seed}:{submission_sha256}".encode()).digest()
    return int.from_bytes(digest[:7], "big")


def _graded(
    given: Submission, lesson: NotebookNode, blank: Record, settings: Settings
) -> tuple[Record, NotebookNode]:
    planted = transplant(lesson, parse_notebook(given.notebook))
    seed, clock = seed_of(settings.seed, given.sha256), time.monotonic()
    with Student(sandbox(settings.isolation), settings) as student:
        run = _Run(planted.notebook, lesson, student, seed, dict(given.answers))
        run.ask()
        if depends_on_chance(planted.notebook, lesson):
            took = time.monotonic() - clock
            run.judged = settled(run.judged, list(_asked_again(run, settings, took)))
        run.show()
        used = student.used
        events = tuple(student.events)
    results = tuple(judged.result for judged in run.judged.values())
    verdict, reason = _verdict(results)
    score = None
    if verdict != Verdict.GRADER_ERROR or any(r.points is not None for r in results):
        score = float(sum(r.points or 0.0 for r in results))
    return (
        replace(
            blank,
            verdict=verdict,
            reason=reason,
            score=score,
            exercises=results,
            notes=blank.notes + planted.notes,
            flags=flags_of_flaky(run.judged) + flags_of(planted.notebook, lesson, events),
            isolation=settings.isolation,
            caps=sandbox(settings.isolation).caps,
            cpu_seconds=round(used.cpu_seconds, 2),
            peak_mib=round(used.mib, 1),
        ),
        planted.notebook,
    )


def _asked_again(first: _Run, settings: Settings, took: float) -> Iterator[dict[str, Judged]]:
    """The judgements of further runs in new processes, where all of them fit into the budget."""
    budget = settings.submission_seconds * AGAIN_SHARE
    if took > budget or any(j.judgement.verdict in GRAVEST for j in first.judged.values()):
        return
    limited = replace(settings, submission_seconds=budget)
    for _ in range(AGAIN):
        with Student(sandbox(settings.isolation), limited) as student:
            run = replace(first, notebook=copy.deepcopy(first.notebook), student=student, judged={})
            run.ask(is_cheap)
        yield run.judged


@dataclass
class _Run:
    """One submission, cell by cell: what is run, what is asked, what stands under it."""

    notebook: NotebookNode
    release: NotebookNode
    student: Student
    seed: int
    answers: dict[str, bytes]
    judged: dict[str, Judged] = field(default_factory=dict)
    shown_after_a_question: bool = False
    shown_bytes: int = 0

    def ask(self, asked: Callable[[Graded], bool] = lambda graded: True) -> None:
        """Run the cells and judge, each at its place, the graded ones that are to be `asked`."""
        cells: Sequence[NotebookNode] = self.notebook.cells
        runs = to_run(cells, self.release.cells)
        self.shown_bytes = 0
        given = {cell.source for cell in self.release.cells}
        stopped: Stopped | None = None
        for n, cell in enumerate(cells):
            graded = graded_of(cell)
            if n in runs:
                result = self.student.run_cell(cell.source, cell.source in given)
                cell.outputs = self._kept(result)
                self.shown_after_a_question |= bool(self.judged and cell.outputs)
                if result.stopped is not None:
                    stopped = Stopped(result.stopped, result.sentence)
            if graded is not None and asked(graded):
                self.judged[graded.cell] = self._judge(graded, cell, stopped)
                stopped = None
        self._ask_below()

    def show(self) -> None:
        """What people see: the outputs of a run that holds no hidden case, and the cards."""
        if self.shown_after_a_question:
            self._show(to_run(self.notebook.cells, self.release.cells))
        for cell in self.notebook.cells:
            found = graded_of(cell)
            if found is not None and not found.written:
                cell.outputs = _card(self.judged[found.cell])

    def _show(self, runs: frozenset[int]) -> None:
        """Take what the cells show from a run in which nothing was asked.

        A cell can keep what it is asked and print it further down: the hidden cases would stand on
        the student's page.
        """
        self.student.start_anew()
        self.shown_bytes = 0
        for n, cell in enumerate(self.notebook.cells):
            if n in runs:
                result = self.student.run_cell(cell.source)
                cell.outputs = self._kept(result)

    def _kept(self, result: CellResult) -> list[NotebookNode]:
        """The outputs of one cell; those of all cells together have a limit too."""
        left = max(0, MOST_SHOWN - self.shown_bytes)
        outputs = outputs_of(result, min(self.student.settings.kept_bytes, left))
        self.shown_bytes += sum(len(str(output)) for output in outputs)
        return outputs

    def _judge(self, graded: Graded, cell: NotebookNode, stopped: Stopped | None) -> Judged:
        if not is_exercise(graded.id):
            return judge_answers_file(graded, self.answers, self.notebook.cells)
        if not graded.written:
            return judge_exercise(graded, self.student, self.seed, stopped)
        if cell.metadata.nbgrader.get("checksum") == compute_checksum(cell):
            untouched = ExerciseResult(
                graded.id,
                str(Verdict.NOT_ATTEMPTED),
                0.0,
                graded.points,
                cell=graded.cell,
                kind="written",
            )
            return replace(judge_exercise(graded, self.student, self.seed), result=untouched)
        judged = judge_exercise(graded, self.student, self.seed)
        # Whatever was written, code gives it no points and takes none.
        return replace(judged, result=replace(judged.result, points=None))

    def _ask_below(self) -> None:
        """A question before its answer: the notebook defines it, or what it needs, further down."""
        runs = to_run(self.notebook.cells, self.release.cells)
        for n, cell in enumerate(self.notebook.cells):
            graded = graded_of(cell)
            if graded is None or graded.cell not in self.judged or graded.written:
                continue
            first = self.judged[graded.cell]
            if not is_exercise(graded.id) or first.judgement.verdict not in UNSETTLED:
                continue
            empty = first.judgement.verdict is Verdict.NOT_ATTEMPTED
            cells = self.notebook.cells, runs, self.release.cells
            if empty or (is_cheap(graded) and defined_below(n, *cells)):
                again = judge_exercise(graded, self.student, self.seed)
                if empty or (again.result.points or 0.0) > (first.result.points or 0.0):
                    self.judged[graded.cell] = again


def _card(judged: Judged) -> list[NotebookNode]:
    bundle = judgement_card(judged.judgement)._repr_mimebundle_()
    return [nbformat.v4.new_output("display_data", data=bundle)]


def _verdict(results: Sequence[ExerciseResult]) -> tuple[str, str]:
    reasons: dict[str, str] = {}
    for result in results:
        reasons.setdefault(result.verdict, f"{result.id}: {result.observed}")
    for why in GRAVEST:
        if why in reasons:
            return str(why), reasons[why]
    return "graded", ""


def _our_fault(fault: Exception) -> str:
    text = " ".join(str(fault).split())[:300]
    return (
        f"The grader stopped with {type(fault).__name__}: {text}. Run the command again; "
        "if it stays, grade this one by hand in formgrader."
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
