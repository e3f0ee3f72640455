"""An exercise is one value: what is asked, how it is judged, and which wrong answers have a name.

An author writes a class whose body reads like the specification; `@exercise` turns it into a
frozen `Exercise`. Its functions take the learner's arguments, never `self`:

    @exercise("1.2", "The ruler of a range", points=3, difficulty=2, importance=5, minutes=10)
    class RulerOfARange:
        answer = "scale_zero_point"            # the name the learner defines
        hints = ("Where to look.", "Which relation.", "Almost the line.")
        within = each(scale=ulps(4), zero_point=exact())

        def cases(rng):                        # groups of arguments, each worth points
            return [group("both signs", 1, "Zero is on a tick.", [(-1.0, 3.0)]), ...]

        def oracle(lo, hi): ...                # the truth, written independently of the solution

        @misconception("There are 255 steps between 256 levels. Which does a scale measure?")
        def counts_levels(lo, hi): ...         # a wrong answer that runs

Right answers are never in here: they stand in `solutions/`, which a class does not receive.
Shape after Kaggle's learntools (`core/problem.py`): the wrong answers stand beside the checker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Kind = Literal["function", "value", "choice", "written", "plan"]
KINDS: tuple[Kind, ...] = ("function", "value", "choice", "written", "plan")


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that runs: `name`, the question it is answered with, and the code itself."""

    name: str
    question: str
    wrong: Callable[..., Any]


@dataclass(frozen=True)
class CaseGroup:
    """Arguments that test one property, worth `points` together.

    `cases` holds one tuple of positional arguments (plain data or numpy arrays) per call.
    `expected` is the property in one sentence; it never contains an answer.
    """

    name: str
    points: float
    expected: str
    cases: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Flaw(Misconception):
    """What is wrong with a plan: `wrong()` is a plan that has it.

    sign   plan -> whether it has the flaw.
    mend   plan -> the same plan without the flaw. A flaw is named when the mended plan meets the
           targets that the learner's missed: it is tried, not guessed.
    """

    sign: Callable[[Any], bool]
    mend: Callable[[Any], Any]


@dataclass(frozen=True)
class Target:
    """What a plan may lose in a slice ("all": over everything), in points of 100."""

    slice: str
    lost: float
    points: float


@dataclass(frozen=True)
class Faster:
    """How many times as fast as FP32 a plan's model has to be.

    Where the shipped good plan does not reach `ratio` on a machine, `share` of what it reaches
    there is asked. The points are lost only where the whole interval is below.
    """

    ratio: float
    points: float
    share: float = 0.9


@dataclass(frozen=True)
class SameOnEveryCpu:
    """A plan's model has to run in integers alone, with no pair of products beyond INT16."""

    points: float


@dataclass(frozen=True)
class Option:
    """One option of a choice: its text, and the question or reason it is answered with."""

    text: str
    feedback: str
    right: bool = False


@dataclass(frozen=True)
class Band:
    """One band of a written answer's rubric: points, what it takes, and a model answer."""

    points: float
    takes: str
    model_answer: str


@dataclass(frozen=True)
class Exercise:
    """One exercise; see the module's example. Difficulty and importance run from 1 to 5.

    kind        what the learner defines under `answer`: a function that is called with `cases`,
                values (one name per key of `values`), a choice (the key of one of `options`), a
                written text judged by a person against `rubric`, or a `Plan`, which `trial` carries
                out and `targets` judge.
    oracle      called with a case's arguments, or with a value's name; raising ValueError means
                that the learner's answer must raise ValueError there too.
    within      a comparator of `teach.judging.within`, or a function of the case's arguments that
                returns one.
    forbid      dotted module names that a from-scratch answer must not use.
    observe     optional: (args, got) -> one sentence on what was seen, or "".
    picture     optional: (args, got) -> a `Drawing` of the failing case.
    asks        for values: the property of each of them in one sentence, without an answer.
    insight     one sentence for a right answer: what it means, or what builds on it.
    seconds     how long judging one answer may take.
    keyless     True in the copy of a class that is graded: what answers it is kept elsewhere.
    """

    id: str
    title: str
    kind: Kind
    points: float
    difficulty: int
    importance: int
    minutes: int
    answer: str
    hints: tuple[str, str, str]
    cases: Callable[[np.random.Generator], Sequence[CaseGroup]] | None = None
    oracle: Callable[..., Any] | None = None
    within: Any = None
    misconceptions: tuple[Misconception, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    options: Mapping[str, Option] = field(default_factory=dict)
    rubric: tuple[Band, ...] = ()
    forbid: tuple[str, ...] = ()
    observe: Callable[..., str] | None = None
    picture: Callable[..., Any] | None = None
    asks: Mapping[str, str] = field(default_factory=dict)
    trial: Any = None
    targets: tuple[Target | Faster | SameOnEveryCpu, ...] = ()
    insight: str = ""
    seconds: float = 10.0
    keyless: bool = False

    @property
    def lesson(self) -> int:
        return int(self.id.split(".")[0])

    @property
    def answers(self) -> tuple[str, ...]:
        """Every name the learner defines."""
        return tuple(self.values) or (self.answer,)

    def comparator(self, args: tuple[Any, ...]) -> Any:
        """The comparator for one case: `within` itself, or what it returns for these arguments."""
        from quantlab.teach.judging.within import Within

        return self.within if isinstance(self.within, Within) else self.within(*args)

    def groups(self, seed: int) -> tuple[CaseGroup, ...]:
        """The case groups for a seed: the same seed gives the same cases, on every machine."""
        if self.kind == "value":
            return tuple(
                CaseGroup(name, points, self.asks.get(name, ""), ((name,),))
                for name, points in self.values.items()
            )
        if self.cases is None:
            return ()
        digits = [int(part) for part in self.id.split(".")]
        return tuple(self.cases(np.random.default_rng([seed, *digits])))


def group(name: str, points: float, expected: str, cases: Sequence[tuple[Any, ...]]) -> CaseGroup:
    """One case group; `cases` is a list of argument tuples."""
    return CaseGroup(name, points, expected, tuple(tuple(case) for case in cases))


def misconception(question: str) -> Callable[[Callable[..., Any]], Misconception]:
    """Mark a wrong answer inside an exercise class. The function's name is the misconception's."""
    return lambda wrong: Misconception(wrong.__name__, question, wrong)


def flaw(
    question: str, *, sign: Callable[[Any], bool], mend: Callable[[Any], Any]
) -> Callable[[Callable[[], Any]], Flaw]:
    """Mark a function that returns a plan with this flaw inside an exercise class."""
    return lambda wrong: Flaw(wrong.__name__, question, wrong, sign, mend)


def exercise(
    id: str, title: str, *, points: float, difficulty: int, importance: int, minutes: int
) -> Callable[[type], Exercise]:
    """Turn a specification class into an `Exercise`. Unknown names in the class are refused."""

    def build(spec: type) -> Exercise:
        body = {k: v for k, v in vars(spec).items() if not k.startswith("__")}
        wrong = tuple(v for v in body.values() if isinstance(v, Misconception))
        fields = {k: v for k, v in body.items() if not isinstance(v, Misconception)}
        unknown = fields.keys() - Exercise.__dataclass_fields__.keys()
        if unknown:
            raise TypeError(
                f"exercise {id}: {sorted(unknown)} is no part of an exercise; expected names are "
                f"{sorted(Exercise.__dataclass_fields__)}. Move helpers to module level."
            )
        fields.setdefault("answer", next(iter(fields.get("values", {})), ""))
        fields.setdefault("kind", _kind_of(fields))
        return Exercise(
            id=id,
            title=title,
            points=points,
            difficulty=difficulty,
            importance=importance,
            minutes=minutes,
            misconceptions=wrong,
            **fields,
        )

    return build


def _kind_of(fields: Mapping[str, Any]) -> Kind:
    if "trial" in fields:
        return "plan"
    if "rubric" in fields:
        return "written"
    if "options" in fields:
        return "choice"
    return "value" if "values" in fields else "function"
