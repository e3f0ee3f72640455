"""Lesson 10: every flaw of a plan is rejected and named, every right plan accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.authoring.alternatives import alternatives_of
from autograder.authoring.quality import as_answer
from quantlab.base.machine import is_x86
from quantlab.lessons.catalogue import find
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Verdict
from quantlab.teach.plans.inference import Inference
from quantlab.teach.plans.plan import Plan

FOLDER = Path(__file__).parents[2] / "solutions/10_capstone_detector"
PLAN = find("10.9")
#: On ARM the kernels take both signs, so that this one is no flaw there.
FLAWS = [m for m in PLAN.misconceptions if m.name != "the_other_sign" or is_x86()]


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name)
def test_the_flaw_is_named(flaw) -> None:
    said = judge(PLAN, LocalAsk(as_answer(PLAN, flaw.wrong)))
    assert said.verdict is Verdict.INCORRECT
    assert said.misconception == flaw.name
    assert said.points < PLAN.points


@pytest.mark.parametrize("answer", alternatives_of(FOLDER)["10.9"], ids=lambda a: a.__name__)
def test_another_right_plan_is_accepted(answer) -> None:
    said = judge(PLAN, LocalAsk({PLAN.answer: answer()}))
    # A machine on which other programs run may leave the speed open, and that costs nothing.
    assert said.verdict in (Verdict.CORRECT, Verdict.INCONCLUSIVE)
    assert said.points == PLAN.points


def test_the_plan_that_somebody_left_misses_both_kinds_of_target() -> None:
    weights = Rule("int4", granularity="per-tensor")
    recipe = Recipe(weights=weights, activations=Rule(observer="minmax"))
    left = Plan(recipe, Calibration(4), Inference(signed=True))
    said = judge(PLAN, LocalAsk({PLAN.answer: left}))
    assert said.verdict is Verdict.INCORRECT
    assert said.points == 0
    assert said.misconception is None  # no single mend would do
