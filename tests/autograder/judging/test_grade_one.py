"""The unit of work: pure, idempotent, and never a zero for a fault of its own."""

import hashlib
import json
import sys
from types import SimpleNamespace

import nbformat
import pytest

from autograder.intake.ingest import Submission
from autograder.judging import one_exercise
from autograder.judging.grade_one import grade_one, parse_graded, seed_of
from autograder.running.sandbox import NoSandbox, sandbox
from autograder.running.settings import Settings
from autograder.running.student import CellResult
from quantlab.teach.judging.card import JUDGEMENT_MIME

SETTINGS = Settings(seed=7_777_777, submission_seconds=120)


class Desk:
    """Grades notebooks of the tiny lesson."""

    def __init__(self, c):
        self.release = c.course.release_path(c.lesson).read_bytes()
        self.hash = hashlib.sha256(self.release).hexdigest()
        self.lesson = c.lesson

    def submission(self, notebook):
        data = nbformat.writes(notebook).encode()
        return Submission("ada", self.lesson, data, (), hashlib.sha256(data).hexdigest())

    def text(self, notebook, settings=SETTINGS):
        given = self.submission(notebook).to_bytes()
        return grade_one(given, self.hash, release=self.release, settings=settings)

    def grade(self, notebook, settings=SETTINGS):
        return parse_graded(self.text(notebook, settings))


@pytest.fixture
def desk(a_class):
    return Desk(a_class)


def points(record):
    return [(e.verdict, e.points) for e in record.exercises]


def test_the_same_submission_gives_the_same_points_and_the_same_notebook(a_class, desk):
    (one, first), (two, second) = (desk.grade(a_class.right()) for _ in range(2))
    assert (one.score, one.exercises[0].seed) == (5.0, seed_of(7_777_777, one.submission_sha256))
    assert [e.points for e in one.exercises] == [e.points for e in two.exercises]
    assert [c.source for c in first.cells] == [c.source for c in second.cells]
    assert (one.isolation, one.release_sha256) == ("bubblewrap", desk.hash)
    assert one.caps == one.public()["caps"] == sandbox("bubblewrap").caps != ""
    assert one.cpu_seconds > 0
    assert one.peak_mib > 10


def test_the_notebook_is_the_released_one_with_a_card_under_each_check(a_class, desk):
    _, notebook = desk.grade(a_class.right())
    nbformat.validate(notebook)
    cards = [c.outputs[0].data[JUDGEMENT_MIME] for c in notebook.cells if c.id.startswith("check")]
    assert [(card["verdict"], card["points"]) for card in cards] == [
        ("correct", 3.0),
        ("correct", 2.0),
    ]


def test_another_release_than_the_one_asked_for_is_refused(a_class, desk):
    given = desk.submission(a_class.right()).to_bytes()
    with pytest.raises(ValueError, match="released notebook"):
        grade_one(given, "0" * 64, release=desk.release, settings=SETTINGS)


def test_a_fault_of_the_check_is_never_a_zero(a_class, desk, monkeypatch):
    judge = one_exercise.judge

    def faulty(exercise, ask, seed):
        if exercise.id == "97.2":
            raise RuntimeError("oh")
        return judge(exercise, ask, seed)

    monkeypatch.setattr(one_exercise, "judge", faulty)
    record, _ = desk.grade(a_class.right())
    assert record.verdict == "grader_error"
    assert points(record)[:2] == [("correct", 3.0), ("grader_error", None)]
    assert record.score == 3.0


def test_a_written_answer_is_a_persons_and_an_empty_one_nobodys(a_class, desk):
    words = "Because the sign of a number says on which side of zero it lies, or so I think."
    text = f'why = """\n{words}\n"""'
    record, _ = desk.grade(a_class.answered(a3=text))
    assert points(record)[2] == ("inconclusive", None)
    empty, _ = desk.grade(a_class.released())
    assert points(empty) == [("not_attempted", 0.0)] * 3


def test_an_answer_below_its_check_counts(a_class, desk):
    notebook = a_class.answered(a2=a_class.answers["97.2"])
    notebook.cells.append(nbformat.v4.new_code_cell(a_class.answers["97.1"]))
    record, _ = desk.grade(notebook)
    assert points(record)[:2] == [("correct", 3.0), ("correct", 2.0)]


def test_what_an_answer_needs_may_stand_below_its_check(a_class, desk):
    """A helper at the end of the notebook; an answer that was mended further down."""
    cases = {
        "def double(x):\n    return helper(x)": "def helper(x):\n    return 2 * x",
        "def double(x):\n    return x": "def double(x):\n    return x + x",
    }
    for above, below in cases.items():
        notebook = a_class.answered(a1=above, a2=a_class.answers["97.2"])
        notebook.cells.append(nbformat.v4.new_code_cell(below))
        record, _ = desk.grade(notebook)
        assert points(record)[:2] == [("correct", 3.0), ("correct", 2.0)]


def test_a_cell_below_that_spoils_an_answer_takes_nothing(a_class, desk):
    notebook = a_class.right()
    notebook.cells.append(nbformat.v4.new_code_cell("double = None"))
    record, _ = desk.grade(notebook)
    assert points(record)[0] == ("correct", 3.0)


def test_no_isolation_of_that_name_is_said_and_is_no_grade(a_class, desk):
    with pytest.raises(NoSandbox, match="no isolation 'wishes'"):
        desk.grade(a_class.right(), Settings(isolation="wishes"))


def test_without_isolation_the_record_says_so(a_class, desk):
    record, _ = desk.grade(a_class.right(), Settings(isolation="none"))
    assert (record.score, record.isolation, record.caps) == (5.0, "none", "watchdog")


def test_a_submission_that_cannot_be_read_has_no_score(a_class, desk):
    given = Submission("ada", desk.lesson, b"{", (), "ab").to_bytes()
    text = grade_one(given, desk.hash, release=desk.release, settings=SETTINGS)
    record, notebook = parse_graded(text)
    assert (record.verdict, record.score, record.max_score) == ("malformed", None, 7.0)
    assert "could not be graded" in notebook.cells[0].source
    json.loads(text)


def test_a_judge_without_end_is_a_fault_of_ours_and_costs_no_other_question(
    a_class, desk, monkeypatch
):
    judge = one_exercise.judge

    def endless(exercise, ask, seed):
        judged = judge(exercise, ask, seed)
        while exercise.id == "97.1":
            ask.value("nothing")
        return judged

    monkeypatch.setattr(one_exercise, "judge", endless)
    monkeypatch.setattr(one_exercise, "JUDGE_SECONDS", 0.0)
    record, _ = desk.grade(a_class.right(), Settings(cell_seconds=0.5, submission_seconds=120))
    assert points(record)[0][1] in (None, 0.0)
    assert points(record)[1] == ("correct", 2.0)


def test_what_all_cells_show_together_is_bounded():
    """Each cell stays below its own limit; a notebook of 2,000 of them would hold 400 MB."""
    module = sys.modules["autograder.judging.grade_one"]
    run = module._Run(None, None, SimpleNamespace(settings=Settings()), 0, {})
    each = CellResult(None, printed="x" * 190_000)
    sizes = [sum(len(o.text) for o in run._kept(each)) for _ in range(100)]
    assert sizes[0] == 190_000
    assert sizes[-1] == 0
    assert sum(sizes) <= module.MOST_SHOWN
