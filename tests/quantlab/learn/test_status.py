"""What is next, for a learner at the start, in the middle and at the end."""

from quantlab.learn.standing import Standing, standing_of
from quantlab.learn.status import Row, next_step
from quantlab.teach.judging.verdict import Verdict

PASSED = Standing(points=3.0, attempts=1, passed=True, last=Verdict.CORRECT)


NEW = Standing()


def row(id_, standing=NEW):
    return Row(id_, "Title", int(id_.split(".")[0]), 3.0, standing)


def test_the_next_step():
    assert next_step([]) == "This copy of the course has no exercises."
    rows = [row("0.1"), row("1.1")]
    assert next_step(rows) == "Start with 0.1 · Title: quantlab start 00"
    rows = [row("0.1", PASSED), row("1.1", Standing(last=Verdict.ERROR)), row("1.2")]
    assert next_step(rows) == "Go on with 1.1 · Title: quantlab start 01"
    rows = [row("0.1", PASSED), row("1.1", Standing(self_assessed=True))]
    assert next_step(rows).startswith("Every exercise is done")


def test_an_undecided_attempt_gives_no_points_and_is_not_finished():
    # Written answers: the points of an attempt could be a self-assessment that was revised since.
    attempts = [(Verdict.INCONCLUSIVE, 2.0), (Verdict.ERROR, 0.0)]
    assert standing_of(attempts, (1, None), 1.0) == Standing(
        points=1.0, hints=1, self_assessed=True, last=Verdict.ERROR
    )
    assert not standing_of(attempts, (0, None), None).done
    assert standing_of([(Verdict.CORRECT, 3.0)], (0, "2026"), None).solution_opened
