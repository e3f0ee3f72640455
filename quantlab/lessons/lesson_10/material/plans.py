"""Plans carried out: what each loses, how fast it is, and what that is against two targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import onnx

from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.deploy import precision_report
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.inference import Inference
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.speed import float_content
from quantlab.teach.plans.trial import Trial

MOST_LOST, LEAST_SPEED_UP, BUDGET_MS = 0.7, 2.0, 10.0
#: Where the good plan does not reach the speed-up, this share of what it reaches is asked for.
SHARE = 0.9
#: As exercise 10.9 tries plans: what was carried out here need not be there.
TRIAL, SLICES = Trial("detector", 300), ("night",)
#: From the smallest to the largest value: clipping costs this detector, as lesson 04 measured.
GOOD = Plan(Recipe(activations=Rule(observer="minmax")), Calibration(16), Inference(pixels=True))

#: (low, high, limit, at_most) to a word: the learner's function.
Verdict = Callable[[float, float, float, bool], str]


def reached_here(seconds: float = 4.0) -> tuple[float, Listing]:
    """The speed-up that is asked for on this machine, and what the good plan reaches on it."""
    speed = TRIAL.speed(GOOD, seconds, progress=True)
    reached = speed.plan.high >= LEAST_SPEED_UP
    asked = LEAST_SPEED_UP if reached else SHARE * speed.plan.value
    rows = (
        {"model": "FP32", "ms": speed.ms[0], "ratio": None, "low": None, "high": None},
        {
            "model": "the good plan",
            "ms": speed.ms[1],
            "ratio": speed.plan.value,
            "low": speed.plan.low,
            "high": speed.plan.high,
        },
    )
    columns = (
        Column("model", "model"),
        Column("ms a run, median", "ms", ".1f"),
        Column("times as fast", "ratio", ".2f"),
        Column("95 %", ("low", "high"), ".2f"),
    )
    said = (
        f"so {asked:.2f}× is asked for here" if reached else
        f"no plan reaches {LEAST_SPEED_UP:g}× here, so {asked:.2f}× is asked for: {SHARE:.0%} of "
        "what the good plan reaches"
    )  # fmt: skip
    return asked, Listing("This machine", Table(columns, rows), (said,))


def points_lost(plan: Plan) -> float:
    """Points of mAP that a plan loses on the test scenes."""
    return TRIAL.run(plan, SLICES, progress=True).lost("all")


def compare_plans(plans: Mapping[str, Plan], verdict: Verdict, asked: float) -> Listing:
    """Each plan carried out on test scenes, with the verdicts of your function.

    A plan that was carried out before is not carried out again; it is timed again.
    """
    verdict(0.0, 0.0, MOST_LOST, True)  # an empty gap is found before minutes are spent
    rows = []
    for name, plan in plans.items():
        drop = TRIAL.run(plan, SLICES, progress=True).drop("all")
        ratio = TRIAL.speed(plan, progress=True).plan
        low, high = 100 * drop.low, 100 * drop.high
        rows.append(
            {
                "plan": name,
                "lost": 100 * drop.drop,
                "lost_low": low,
                "lost_high": high,
                "accurate": verdict(low, high, MOST_LOST, True),
                "ratio": ratio.value,
                "low": ratio.low,
                "high": ratio.high,
                "fast": verdict(ratio.low, ratio.high, asked, False),
                "int8": 100 * precision_report(exported(plan), profile=False).macs_share("INT8"),
            }
        )
    columns = (
        Column("plan", "plan"),
        Column("mAP lost", "lost", ".2f"),
        Column("95 %", ("lost_low", "lost_high"), ".2f"),
        Column(f"≤ {MOST_LOST:g}", "accurate"),
        Column("times as fast", "ratio", ".2f"),
        Column("95 %", ("low", "high"), ".2f"),
        Column(f"≥ {asked:.2g}×", "fast"),
        Column("INT8 MACs (%)", "int8", ".0f"),
    )
    return Listing(f"Plans on {TRIAL.scenes} test scenes", Table(columns, tuple(rows)))


def exported(plan: Plan | None = None) -> onnx.ModelProto:
    """The file that a plan makes; FP32's without one."""
    content = float_content("detector") if plan is None else TRIAL.file(plan, progress=True)
    return onnx.ModelProto.FromString(content)
