"""Judges a plan: it is carried out, and each target is held against what it gave, with an interval.

What it loses is a target; how fast it is, and whether every CPU gives its integers, can be one. A
flaw of the plan is named when mending
it, and nothing else, meets the targets that were missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quantlab.teach.judging.ask import Ask
from quantlab.teach.judging.exercise import Exercise, Faster, Flaw, SameOnEveryCpu, Target
from quantlab.teach.judging.saying import AGAIN, not_attempted, say
from quantlab.teach.judging.verdict import GroupResult, Judgement, Verdict
from quantlab.teach.judging.within import show
from quantlab.teach.pictures.slice_bars import slice_bars
from quantlab.teach.plans.every_cpu import EveryCpu
from quantlab.teach.plans.plan import Plan
from quantlab.teach.plans.speed import Speed
from quantlab.teach.plans.trial import Outcome

Asked = Target | Faster | SameOnEveryCpu
UNSURE = "inconclusive"
#: A plan is a stranger's, and so are the names in it.
LONGEST_SAID = 500
#: Seconds of the first look at a plan's speed, and of those after it while none was sure.
TIMED = (3.0, 6.0, 12.0)


@dataclass(frozen=True)
class Held:
    """One target after the trial: what was found, met, missed or inconclusive, and its points."""

    target: Asked
    named: str
    said: str
    verdict: str
    fine: bool

    def __str__(self) -> str:
        return f"{self.said}: {self.verdict})"

    @property
    def earned(self) -> float:
        """Points go by what was measured; that an interval is wide is no fault of the plan."""
        return self.target.points if self.fine else 0.0


def judge_plan(exercise: Exercise, ask: Ask) -> Judgement:
    """Carry the learner's plan out and hold its outcome against the exercise's targets."""
    reply = ask.value(exercise.answer)
    if reply.kind in ("missing", "unfilled"):
        return not_attempted(exercise, ask, reply)
    try:
        plan = _plan(exercise, reply.value if reply.kind == "value" else None, reply.message)
        outcome = exercise.trial.run(plan, _slices(exercise.targets), progress=True)
        held = _held(exercise, exercise.targets, plan, outcome)
    except ValueError as said:
        return say(
            exercise,
            Verdict.ERROR,
            opening="The plan could not be carried out",
            observed=str(said)[:LONGEST_SAID],
            next_step=AGAIN,
        )
    missed = [h for h in held if h.verdict == "missed"]
    flaws = _explaining(exercise, plan, missed) if missed else ()
    drawing = slice_bars(*_bars(exercise, outcome))
    verdict = Verdict.INCORRECT if missed else _unless_sure(held)
    return say(
        exercise,
        verdict,
        tuple(GroupResult(h.named, h.target.points, h.earned) for h in held),
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


def _slices(targets: Sequence[Asked]) -> tuple[str, ...]:
    return tuple(t.slice for t in targets if isinstance(t, Target) and t.slice != "all")


def _held(exercise: Exercise, targets: Sequence[Asked], plan: Plan, outcome: Outcome) -> list[Held]:
    return [_one(target, exercise.trial, plan, outcome) for target in targets]


def _one(target: Asked, trial: Any, plan: Plan, outcome: Outcome) -> Held:
    if isinstance(target, Target):
        return _lost(target, outcome)
    if isinstance(target, Faster):
        return _surely_fast(target, trial, plan)
    found: EveryCpu = trial.on_every_cpu(plan, progress=True)
    verdict = "met" if found.same else "missed"
    return Held(target, "integers", f"{found} (100% and 0 asked", verdict, found.same)


def _surely_fast(target: Faster, trial: Any, plan: Plan) -> Held:
    """Timed again, and longer, where a first look is not sure: other programs come and go."""
    for seconds in TIMED:
        held = _fast(target, trial.speed(plan, seconds, progress=True))
        if held.verdict != UNSURE:
            break
    return held


def _lost(target: Target, outcome: Outcome) -> Held:
    drop = outcome.drop(target.slice)
    lost, low, high = (100 * value for value in (drop.drop, drop.low, drop.high))
    named = "over all" if target.slice == "all" else target.slice
    where = "over all" if target.slice == "all" else f"in {target.slice}"
    said = f"{where} {lost:.1f} points lost ({low:.1f} to {high:.1f}; at most {target.lost:g} asked"
    return Held(target, named, said, drop.against(target.lost / 100), lost <= target.lost)


def _fast(target: Faster, speed: Speed) -> Held:
    reached = speed.good.high >= target.ratio
    limit = target.ratio if reached else target.share * speed.good.value
    asked = f"at least {limit:.2g}× asked"
    if not reached:
        asked += f", for the good plan reaches {speed.good.value:.2f}× on this machine"
    ratio = speed.plan
    verdict = "met" if ratio.low >= limit else "missed" if ratio.high < limit else UNSURE
    said = f"{ratio.value:.2f}× as fast as FP32 ({ratio.low:.2f} to {ratio.high:.2f}; {asked}"
    return Held(target, "speed", said, verdict, verdict != "missed")


def _explaining(exercise: Exercise, plan: Plan, missed: Sequence[Held]) -> tuple[Flaw, ...]:
    """The flaws of this plan without which the targets that it missed are met."""
    found = []
    targets = [h.target for h in missed]
    for flaw in exercise.misconceptions:
        if not isinstance(flaw, Flaw) or not flaw.sign(plan):
            continue
        mended = flaw.mend(plan)
        outcome = exercise.trial.run(mended, _slices(exercise.targets), progress=True)
        if all(h.fine for h in _held(exercise, targets, mended, outcome)):
            found.append(flaw)
    return tuple(found)


def _unless_sure(held: Sequence[Held]) -> Verdict:
    unsure = any(h.verdict == UNSURE for h in held)
    return Verdict.INCONCLUSIVE if unsure else Verdict.CORRECT


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
    limits = {t.slice: t.lost for t in exercise.targets if isinstance(t, Target)}
    return scores, exercise.trial.metric, limits
