"""How the exercises and quizzes went for those who learn alone, from the records that they gave.

No number stands for one to four learners, nor can it be reckoned: it says little, and may say
something of one of them (see `small_cells`). Discrimination is the correlation of a right first
try, or of an option chosen, with the share that the same learner has right at first of everything
else: see `correlation`.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autograder.publishing.correlation import FEWEST, interval, of_a_choice
from autograder.publishing.learners import Learner
from autograder.publishing.rows import in_order
from autograder.publishing.small_cells import coded, parts, people, share
from quantlab.lessons.catalogue import load_quiz
from quantlab.teach.quiz.engine import score


@dataclass(frozen=True)
class LearnerItem:
    """One exercise.

    learners        who have a finished attempt; None where they, or those who have none, are fewer
                    than FEWEST. All else is None or empty with fewer than FEWEST.
    first_try       share whose first finished attempt was right; passed: who came to pass at all,
                    None where fewer than FEWEST passed later.
    tries, hints    median of the attempts up to the pass, and mean of the hints, of those who
                    passed. Hints have no time: one taken after the pass counts too.
    solution        share who opened the solution.
    discrimination  of a right first try; interval: 95 %, from 30 learners on.
    misconceptions  (name, learners) that FEWEST or more had, the most frequent first.
    """

    id: str
    learners: int | None
    first_try: float | None = None
    passed: float | None = None
    tries: float | None = None
    hints: float | None = None
    solution: float | None = None
    discrimination: float | None = None
    interval: tuple[float, float] | None = None
    misconceptions: tuple[tuple[str, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"misconceptions": dict(self.misconceptions)}


@dataclass(frozen=True)
class QuizOption:
    """One option of a quiz's question, by its letter; `share` and the rest as in LearnerItem."""

    quiz: str
    question: str
    option: str
    right: bool
    learners: int | None
    share: float | None
    discrimination: float | None
    interval: tuple[float, float] | None


def learner_items(learners: Sequence[Learner]) -> tuple[LearnerItem, ...]:
    """Every exercise that somebody finished, in the course's order."""
    ids = {id for learner in learners for id in learner.exercises}
    return tuple(_item(id, learners) for id in sorted(ids, key=in_order))


def _item(id: str, learners: Sequence[Learner]) -> LearnerItem:
    those = [learner for learner in learners if id in learner.exercises]
    tried = [learner.exercises[id] for learner in those]
    told_of = people(len(tried), len(learners))
    if len(tried) < FEWEST:
        return LearnerItem(id, told_of)
    passed = [one for one in tried if one.passed]
    at_first = sum(one.right[0] for one in tried)
    hinted = people(sum(one.hints > 0 for one in passed)) is not None
    enough = len(passed) >= FEWEST
    pairs = [
        (one.right[0], rest)
        for one, learner in zip(tried, those, strict=True)
        if (rest := _first_tries(learner, but=id)) is not None
    ]
    told = of_a_choice([mine for mine, _ in pairs], [rest for _, rest in pairs])
    named = Counter(name for one in tried for name in one.misconceptions)
    return LearnerItem(
        id,
        told_of,
        share(at_first, len(tried)),
        None if _few_between(at_first, len(passed), len(tried)) else share(len(passed), len(tried)),
        statistics.median(one.right.index(True) + 1 for one in passed) if enough else None,
        statistics.fmean(one.hints for one in passed) if enough and hinted else None,
        share(sum(one.solution_opened for one in tried), len(tried)),
        told,
        interval(told, len(pairs)),
        tuple(
            (name, int(count))
            for name, n in sorted(named.items(), key=lambda pair: (-pair[1], pair[0]))
            if n >= FEWEST and (count := coded(n, len(tried))) is not None
        ),
    )


def _few_between(first: int, later: int, of: int) -> bool:
    """Whether two counts, as they are shown, differ by so few people."""
    shown = coded(first, of), coded(later, of)
    return None not in shown and people(int(shown[1] - shown[0])) is None  # type: ignore[operator]


def _first_tries(learner: Learner, but: str) -> float | None:
    """The share of the other exercises that this learner had right at first."""
    others = [one.right[0] for id, one in learner.exercises.items() if id != but]
    return statistics.fmean(others) if others else None


def quiz_options(learners: Sequence[Learner]) -> tuple[QuizOption, ...]:
    """Every option of every quiz that somebody took, in the quiz's order."""
    ids = sorted({id for learner in learners for id in learner.quizzes})
    return tuple(option for id in ids for option in _options(id, learners))


def _options(id: str, learners: Sequence[Learner]) -> list[QuizOption]:
    quiz = load_quiz(id)
    taken = [learner.quizzes[id] for learner in learners if id in learner.quizzes]
    results = [score(quiz, answers) for answers in taken]
    found = []
    for question in quiz.questions:
        others = [
            sum(one.points for one in result.questions if one.question.id != question.id)
            for result in results
        ]
        picked = [
            [_has(answers.get(question.id), n) for answers in taken]
            for n, _ in enumerate(question.options)
        ]
        shares = _shares(list(map(sum, picked)), len(taken), one=question.kind == "single")
        for n, option in enumerate(question.options):
            told = of_a_choice(picked[n], others)
            found.append(
                QuizOption(
                    *(id, question.id, chr(ord("a") + n), bool(option.right)),
                    *(people(len(taken), len(learners)), shares[n], told),
                    interval(told, len(taken)),
                )
            )
    return found


def _shares(chose: list[int], of: int, *, one: bool) -> list[float | None]:
    """The share of each option; of a question with `one` answer they add up to all."""
    told = parts([*chose, of - sum(chose)]) if one else [people(n, of) for n in chose]
    left_out = [n if count is None else None for n, count in zip(chose, told, strict=False)]
    most = of - FEWEST  # what nearly all chose is told as this
    return [
        share(n, of) if hidden is None or n > most >= FEWEST else None
        for n, hidden in zip(chose, left_out, strict=True)
    ]


def _has(answer: Any, n: int) -> bool:
    return n in answer if isinstance(answer, list) else answer == n
