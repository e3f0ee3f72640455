"""A plan is carried out on the shipped classifier, and judged by what it gave."""

import re
from dataclasses import replace

import pytest

from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.judging.ask import LocalAsk
from quantlab.teach.judging.exercise import Faster, SameOnEveryCpu, Target, exercise, flaw
from quantlab.teach.judging.judge import judge
from quantlab.teach.judging.verdict import Verdict
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.speed import Ratio, Speed
from quantlab.teach.plans.trial import INTEGERS, SIMULATED, Trial

GOOD = Plan(Recipe(), Calibration(40))


def per_channel(plan):
    return Plan(replace(plan.recipe, weights=Rule("int3", "symmetric")), plan.calibration)


@exercise("97.4", "Three bits", points=3, difficulty=2, importance=3, minutes=5)
class ThreeBits:
    """3-bit weights lose 16 points per-tensor and 3 per-channel on 1,000 crops."""

    answer = "my_plan"
    hints = ("a", "b", "c")
    trial = Trial("classifier", 200)
    targets = (Target("all", 9.0, 2), Target("dog", 60.0, 1))

    @flaw(
        "One ruler for all output channels: which channels does the largest one starve?",
        sign=lambda plan: plan.recipe.weights.granularity == "per-tensor",
        mend=per_channel,
    )
    def one_ruler():
        return Plan(Recipe(weights=Rule("int3", "symmetric", "per-tensor")), Calibration(40))

    @flaw(
        "Is a handful of scenes enough?",
        sign=lambda plan: plan.calibration.count <= 40,
        mend=lambda plan: Plan(plan.recipe, Calibration(80)),
    )
    def few_scenes():
        return Plan(Recipe(weights=Rule("int3", "symmetric", "per-tensor")), Calibration(10))


def judged(plan):
    return judge(ThreeBits, LocalAsk({"my_plan": plan}))


def test_a_plan_that_meets_its_targets_is_right_and_its_picture_says_so():
    said = judged(GOOD)
    assert said.verdict is Verdict.CORRECT
    assert (said.points, said.max_points) == (3.0, 3.0)
    assert INTEGERS in said.observed
    assert "all: FP32" in said.picture_text


def test_the_flaw_that_explains_the_loss_is_named_and_no_other():
    """Both signs are there; only per-channel weights bring the loss below the target."""
    said = judged(ThreeBits.misconceptions[0].wrong())
    assert said.verdict is Verdict.INCORRECT
    assert said.misconception == "one_ruler"
    assert said.groups[0].earned == 0
    assert SIMULATED in said.observed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Recipe(), "is a Recipe, but a plan says the calibration scenes too"),
        (8, "expected is a Plan"),
        (object(), "The answer is a object"),
        (Plan(Recipe(keep_float=("no_such",)), Calibration(10)), "no such layer"),
        (Plan(Recipe(), Calibration(10, only=("night",))), "crops, which lie in none"),
    ],
)
def test_what_cannot_be_carried_out_gets_one_sentence(answer, said):
    judgement = judged(answer)
    assert judgement.verdict is Verdict.ERROR
    assert said in judgement.observed
    assert "\n" not in judgement.observed


def test_an_empty_gap_is_not_attempted():
    assert judged(...).verdict is Verdict.NOT_ATTEMPTED


class Timed:
    """A trial whose accuracy is fine and whose speed was written down; it counts the looks."""

    metric = "top-1"

    def __init__(self, *looks, good=None):
        self.looks, self.good, self.asked = list(looks), good or Ratio(2.5, 2.4, 2.6), []

    def run(self, plan, slices, *, progress):
        return REAL.run(plan, slices)

    def speed(self, plan, seconds, *, progress):
        self.asked.append(seconds)
        ratio = self.looks[min(len(self.asked), len(self.looks)) - 1]
        return Speed(ratio, self.good, (10.0, 5.0, 4.0), 20)


REAL = Trial("classifier", 200)
FAST, SLOW, OPEN = Ratio(2.3, 2.2, 2.4), Ratio(0.8, 0.7, 0.9), Ratio(2.0, 1.8, 2.2)


def timed(trial):
    asked = replace(
        ThreeBits, trial=trial, points=4, targets=(Target("all", 9.0, 2), Faster(2.0, 2))
    )
    return judge(asked, LocalAsk({"my_plan": GOOD}))


def test_a_plan_that_is_fast_enough_gets_those_points_too():
    said = timed(Timed(FAST))
    assert said.verdict is Verdict.CORRECT
    assert said.points == 4.0
    assert "2.30× as fast as FP32 (2.20 to 2.40; at least 2× asked: met)" in said.observed


def test_a_plan_that_is_surely_slow_loses_those_points_alone():
    said = timed(Timed(SLOW))
    assert said.verdict is Verdict.INCORRECT
    assert [(g.name, g.earned) for g in said.groups] == [("over all", 2.0), ("speed", 0.0)]


def test_a_speed_that_is_not_sure_is_looked_at_again_and_longer():
    trial = Timed(OPEN, FAST)
    assert timed(trial).verdict is Verdict.CORRECT
    assert trial.asked == [3.0, 6.0]


def everywhere(weights):
    asked = replace(
        ThreeBits, trial=REAL, points=4, targets=(Target("all", 9.0, 1), SameOnEveryCpu(3))
    )
    return judge(asked, LocalAsk({"my_plan": Plan(Recipe(weights=weights), Calibration(100))}))


def test_a_plan_is_asked_for_integers_that_every_cpu_gives():
    said = everywhere(Rule("uint8"))
    assert said.verdict is Verdict.CORRECT
    assert "100% of the multiplications in integers, 0 pairs beyond INT16 (" in said.observed


@pytest.mark.parametrize(
    ("weights", "seen"),
    [
        (Rule("int8"), r"100% of the multiplications in integers, \d{2,3},\d{3} pairs beyond"),
        (Rule("int16"), "0% of the multiplications in integers, 0 pairs beyond"),
    ],
    ids=["pairs that stop", "no integers"],
)
def test_what_differs_between_cpus_loses_those_points_alone(weights, seen):
    said = everywhere(weights)
    assert said.verdict is Verdict.INCORRECT
    assert [(g.name, g.earned) for g in said.groups] == [("over all", 1.0), ("integers", 0.0)]
    assert re.search(seen, said.observed)


def test_a_busy_machine_is_no_fault_of_the_plan():
    trial = Timed(OPEN)
    said = timed(trial)
    assert said.verdict is Verdict.INCONCLUSIVE
    assert said.points == 4.0
    assert len(trial.asked) == 3


def test_where_the_good_plan_is_slow_a_share_of_it_is_asked_for():
    good = Ratio(1.3, 1.2, 1.4)
    said = timed(Timed(Ratio(1.25, 1.2, 1.3), good=good))
    assert said.verdict is Verdict.CORRECT
    assert "at least 1.2× asked, for the good plan reaches 1.30× on this machine" in said.observed
    assert timed(Timed(SLOW, good=good)).verdict is Verdict.INCORRECT
