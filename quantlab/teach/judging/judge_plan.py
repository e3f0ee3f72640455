"""Judges a plan: it is carried out, and each target is held against what it gave, with an interval.

A flaw of the plan is named when mending it, and nothing else, meets the targets that were missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quantlab.teach.judging.ask import Ask
from quantlab.teach.judging.exercise import Exercise, Flaw, Target
from quantlab.teach.judging.saying import AGAIN, not_attempted, say
from quantlab.teach.judging.verdict import GroupResult, Judgement, Verdict
from quantlab.teach.judging.within import show
from quantlab.teach.pictures.slice_bars import slice_bars
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.trial import Outcome


@dataclass(frozen=True)
class Held:
    """One target after the trial: points lost, their interval, and met, missed or inconclusive."""

    target: Target
    lost: float
    low: float
    high: float
    verdict: str

    def __str__(self) -> str:
        where = "over all" if self.target.slice == "all" else f"in {self.target.slice}"
        return (
            f"{where} {self.lost:.1f} points lost ({self.low:.1f} to {self.high:.1f}; at most "
            f"{self.target.lost:g} asked: {self.verdict})"
        )


def judge_plan(exercise: Exercise, ask: Ask) -> Judgement:
    """Carry the learner's plan out and hold its outcome against the exercise's targets."""
    reply = ask.value(exercise.answer)
    if reply.kind in ("missing", "unfilled"):
        return not_attempted(exercise, ask, reply)
    try:
        plan = _plan(exercise, reply.value if reply.kind == "value" else None, reply.message)
        outcome = exercise.trial.run(plan, _slices(exercise.targets), progress=True)
    except ValueError as said:
        return say(
            exercise,
            Verdict.ERROR,
            opening="The plan could not be carried out",
            observed=str(said),
            next_step=AGAIN,
        )
    held = _held(exercise.targets, outcome)
    missed = [h for h in held if h.verdict == "missed"]
    flaws = _explaining(exercise, plan, missed) if missed else ()
    drawing = slice_bars(*_bars(exercise, outcome))
    verdict = Verdict.INCORRECT if missed else _unless_sure(held)
    return say(
        exercise,
        verdict,
        tuple(GroupResult(_named(h), h.target.points, _earned(h)) for h in held),
        observed=f"{exercise.trial.metric}: {'; '.join(map(str, held))}. Run by {outcome.ran}.",
        expected="Every target is met." if missed else "",
        cause=" Or: ".join(flaw.question for flaw in flaws),
        next_step=_next(exercise, verdict, bool(flaws)),
        misconception=flaws[0].name if len(flaws) == 1 else None,
        insight=exercise.insight if verdict is Verdict.CORRECT else "",
        picture=drawing.svg,
        picture_text=drawing.text,
    )


def _plan(exercise: Exercise, data: Any, refused: str) -> Plan:
    if isinstance(data, Mapping) and "weights" in data:
        raise ValueError(
            f"`{exercise.answer}` is a Recipe, but a plan says the calibration scenes too: write "
            "Plan(recipe, Calibration(64))."
        )
    if not isinstance(data, Mapping):
        raise ValueError(
            refused
            or f"`{exercise.answer}` is {show(data)}, but expected is a Plan: write "
            "Plan(recipe, Calibration(64))."
        )
    return Plan.from_dict(data)


def _slices(targets: Sequence[Target]) -> tuple[str, ...]:
    return tuple(target.slice for target in targets if target.slice != "all")


def _held(targets: Sequence[Target], outcome: Outcome) -> list[Held]:
    held = []
    for target in targets:
        drop = outcome.drop(target.slice)
        lost, low, high = (100 * value for value in (drop.drop, drop.low, drop.high))
        held.append(Held(target, lost, low, high, drop.against(target.lost / 100)))
    return held


def _explaining(exercise: Exercise, plan: Plan, missed: Sequence[Held]) -> tuple[Flaw, ...]:
    """The flaws of this plan without which the targets that it missed are met."""
    found = []
    for flaw in exercise.misconceptions:
        if not isinstance(flaw, Flaw) or not flaw.sign(plan):
            continue
        outcome = exercise.trial.run(flaw.mend(plan), _slices(exercise.targets), progress=True)
        mended = _held([h.target for h in missed], outcome)
        if all(h.lost <= h.target.lost for h in mended):
            found.append(flaw)
    return tuple(found)


def _unless_sure(held: Sequence[Held]) -> Verdict:
    unsure = any(h.verdict == "inconclusive" for h in held)
    return Verdict.INCONCLUSIVE if unsure else Verdict.CORRECT


def _earned(held: Held) -> float:
    """Points go by what was measured; that an interval is wide is no fault of the plan."""
    return held.target.points if held.lost <= held.target.lost else 0.0


def _named(held: Held) -> str:
    return "over all" if held.target.slice == "all" else held.target.slice


def _next(exercise: Exercise, verdict: Verdict, explained: bool) -> str:
    if verdict is Verdict.CORRECT:
        return ""
    if verdict is Verdict.INCONCLUSIVE:
        return "Too close to call on these scenes. A plan with more room to the target is surer."
    if explained:
        return AGAIN
    return f'Change one thing at a time. `hint("{exercise.id}")` says where to look.'


def _bars(
    exercise: Exercise, outcome: Outcome
) -> tuple[dict[str, tuple[float, float]], str, dict[str, float]]:
    scores = {name: (100 * before, 100 * after) for name, (before, after) in outcome.scores.items()}
    return scores, exercise.trial.metric, {t.slice: t.lost for t in exercise.targets}
