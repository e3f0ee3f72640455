"""Answers that depend on chance: seen by asking again, and left to a person."""

import hashlib

import nbformat
import pytest

from autograder.intake.ingest import Submission
from autograder.judging import flaky
from autograder.judging.cells import Graded
from autograder.judging.flaky import depends_on_chance, flags_of_flaky, settled
from autograder.judging.grade_one import grade_one, parse_graded
from autograder.judging.one_exercise import Judged
from autograder.recording.record import ExerciseResult
from autograder.running.settings import Settings
from quantlab.teach.judging.card import JUDGEMENT_MIME
from quantlab.teach.judging.verdict import Judgement, Verdict

RIGHT = "def double(x):\n    return 2 * x"
#: Right in its first process and wrong in all others. The count lies outside of the sandbox, which
#: only a submission without isolation can reach: chance that comes out the same in every test.
FIRST_ONLY = """
import time
from pathlib import Path
count = Path({path!r})
runs = int(count.read_text()) + 1
count.write_text(str(runs))
def double(x):
    return 2 * x if runs == 1 else x
"""


def graded(c, answer, isolation="bubblewrap"):
    release = c.course.release_path(c.lesson).read_bytes()
    data = nbformat.writes(c.answered(a1=answer, a2=c.answers["97.2"])).encode()
    given = Submission("ada", c.lesson, data, (), hashlib.sha256(data).hexdigest())
    settings = Settings(seed=7, submission_seconds=240, isolation=isolation)
    hash = hashlib.sha256(release).hexdigest()
    return parse_graded(grade_one(given.to_bytes(), hash, release=release, settings=settings))


def test_an_answer_that_differs_is_flagged_and_left_to_a_person(a_class, tmp_path):
    path = tmp_path / "count"
    path.write_text("0")
    name = a_class.answers["97.1"].split("(")[0].removeprefix("def ")
    source = FIRST_ONLY.format(path=str(path)).replace("double", name)
    record, notebook = graded(a_class, source, "none")
    first, second = record.exercises[:2]
    assert path.read_text() == str(1 + flaky.AGAIN)
    assert (first.verdict, first.points, first.flaky) == ("inconclusive", None, True)
    assert (second.verdict, second.points, second.flaky) == ("correct", 2.0, False)
    assert (record.verdict, record.score) == ("graded", 2.0)
    said = "Flaky: 97.1 came out otherwise when it was asked the same again."
    assert record.flags[0] == said
    assert not any(said in note for note in record.notes)
    (card,) = [c.outputs[0] for c in notebook.cells if c.id == "check-97-1"]
    assert card.data[JUDGEMENT_MIME]["verdict"] == "inconclusive"
    times = f"Asked the same {1 + flaky.AGAIN} times"
    assert f"{times}, it had 3 of 3 points in 1" in card.data["text/plain"]


def test_a_right_answer_that_draws_random_numbers_keeps_its_points(a_class, monkeypatch):
    """It is asked again, and comes out the same."""
    asked = []
    monkeypatch.setattr(
        "autograder.judging.grade_one.settled",
        lambda first, again: asked.append(len(again)) or settled(first, again),
    )
    answer = f"import random\nnoise = random.random()\n{a_class.answers['97.1']}"
    record, _ = graded(a_class, answer)
    assert asked == [flaky.AGAIN]
    assert [(e.verdict, e.points, e.flaky) for e in record.exercises[:2]] == [
        ("correct", 3.0, False),
        ("correct", 2.0, False),
    ]
    assert not any(flag.startswith("Flaky") for flag in record.flags)


def judged(verdict, points):
    judgement = Judgement("1.1", "t", Verdict(verdict), points, 3.0, insight="of the right answer")
    return {"c": Judged(judgement, ExerciseResult("1.1", verdict, points, 3.0))}


@pytest.mark.parametrize(
    ("runs", "verdict", "points", "is_flaky"),
    [
        ([("correct", 3.0), ("correct", 3.0)], "correct", 3.0, False),
        ([("incorrect", 0.0), ("correct", 3.0)], "inconclusive", None, True),
        ([("incorrect", 1.0), ("incorrect", 2.0)], "inconclusive", None, True),
        # Wrong in two ways has no points in either.
        ([("incorrect", 0.0), ("error", 0.0)], "incorrect", 0.0, True),
        # How a process fared on a busy machine says nothing about the answer.
        ([("correct", 3.0), ("timeout", 0.0)], "correct", 3.0, False),
        ([("correct", 3.0), ("out_of_memory", 0.0)], "correct", 3.0, False),
        ([("kernel_died", 0.0), ("correct", 3.0)], "kernel_died", 0.0, False),
        ([("grader_error", 0.0), ("correct", 3.0)], "grader_error", 0.0, False),
    ],
)
def test_only_what_an_answer_is_counts(runs, verdict, points, is_flaky):
    first, *again = [judged(*run) for run in runs]
    one = settled(first, again)["c"]
    assert (one.result.verdict, one.result.points, one.result.flaky) == (verdict, points, is_flaky)
    assert len(flags_of_flaky({"c": one})) == is_flaky
    if points is None:
        assert (one.judgement.verdict, one.judgement.insight) == (Verdict.INCONCLUSIVE, "")


def test_what_was_not_asked_again_stays():
    first = judged("correct", 3.0)
    assert settled(first, [{}, {}]) == first


@pytest.mark.parametrize(
    "source",
    [
        "import random",
        "from random import random as r",
        "from numpy.random import rand",
        "x = np.random.normal()",
        "rng = np.random.default_rng()",
        "x = torch.rand(3)",
        "x = np.empty(3)",
        "import time",
        "y = id(x) % 2",
        "y = __import__('random')",
        "import numpy as np\n%timeit 1\nx = np.random.rand(2)",
        "from concurrent.futures import ThreadPoolExecutor",
        "x = open('/dev/urandom', 'rb').read(1)",
        "x = os.stat('mine').st_ino % 3",
        "x = str(object())",
    ],
)
def test_a_source_of_chance_is_found(source):
    assert depends_on_chance(notebook(source), notebook("x = 1"))


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\ndef f(x, id=3):\n    return x.choice",
        "rng = np.random.default_rng(3)\nx = rng.normal(size=3)",
        "text = 'a random word'",
        "this is no Python",
    ],
)
def test_an_answer_without_one_is_not_run_again(source):
    assert not depends_on_chance(notebook(source), notebook("x = 1"))


def test_what_the_course_itself_wrote_is_no_reason():
    given = notebook("import random")
    assert not depends_on_chance(given, given)


def notebook(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])


def test_written_answers_quizzes_and_plans_are_not_asked_again():
    assert flaky.is_cheap(Graded("1.1", "check-1-1", 1.0, False))
    for one in [Graded("1.10", "written-1-10", 2.0, True), Graded("quiz_1", "quiz", 2.0, False)]:
        assert not flaky.is_cheap(one)
