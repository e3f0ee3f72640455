"""Lesson 07: every flaw of a plan is rejected and named, every right plan accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.authoring.alternatives import alternatives_of
from autograder.authoring.quality import as_answer
from quantlab.lessons.catalogue import find
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Verdict

FOLDER = Path(__file__).parents[2] / "solutions/07_debugging"
PLAN = find("7.9")


@pytest.mark.parametrize("flaw", PLAN.misconceptions, ids=lambda flaw: flaw.name)
def test_the_flaw_is_named(flaw) -> None:
    said = judge(PLAN, LocalAsk(as_answer(PLAN, flaw.wrong)))
    assert said.verdict is Verdict.INCORRECT
    assert said.misconception == flaw.name
    assert said.points == 0


@pytest.mark.parametrize("answer", alternatives_of(FOLDER)["7.9"], ids=lambda a: a.__name__)
def test_another_right_plan_is_accepted(answer) -> None:
    said = judge(PLAN, LocalAsk({PLAN.answer: answer()}))
    assert said.verdict is Verdict.CORRECT
    assert said.points == PLAN.points
