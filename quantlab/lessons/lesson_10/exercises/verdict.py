"""10.2: one target, one interval, one of three words."""

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact

MET, MISSED, UNSURE = "met", "missed", "inconclusive"


@exercise("10.2", "A verdict for one target", points=3, difficulty=2, importance=5, minutes=6)
class VerdictOfATarget:
    answer = "verdict"
    hints = (
        "Two questions: is the whole interval on the good side of the limit? Is it on the bad one?",
        "Which end is the worst case? For a loss it is `high`, for a speed-up it is `low`.",
        "With at_most: 'met' if high <= limit, 'missed' if low > limit. Without it, the other way "
        "round; and 'inconclusive' for all else.",
    )
    insight = (
        "Every target of this lesson goes through these lines: points lost, times as fast, "
        "milliseconds."
    )
    within = exact()

    def cases(rng):
        low = float(rng.integers(1, 5))
        return [
            group(
                "at most",
                1,
                "A loss meets its limit when its whole interval does.",
                [
                    (0.1, 0.5, 0.7, True),
                    (0.8, 1.4, 0.7, True),
                    (0.2, 1.1, 0.7, True),
                    (0.6, 0.6, 0.7, True),
                    (-0.3, 0.4, 0.7, True),
                    (low + 0.5, low + 2, low + 1, True),
                ],
            ),
            group(
                "at least",
                1,
                "A speed-up reaches its limit when its whole interval does.",
                [
                    (2.1, 2.4, 2.0, False),
                    (1.2, 1.6, 2.0, False),
                    (1.8, 2.5, 2.0, False),
                    (2.1, 2.1, 2.0, False),
                    (1.1, 2.2, 2.0, False),
                    (low + 0.5, low + 2, low + 1, False),
                ],
            ),
            group(
                "at the limit",
                1,
                "What is exactly at the limit is allowed, and is enough.",
                [
                    (0.1, 0.7, 0.7, True),
                    (0.7, 0.9, 0.7, True),
                    (0.7, 0.7, 0.7, True),
                    (2.0, 2.5, 2.0, False),
                    (1.5, 2.0, 2.0, False),
                    (2.0, 2.0, 2.0, False),
                ],
            ),
        ]

    def oracle(low, high, limit, at_most):
        # Every target as "smaller is better": a best and a worst case against 0.
        best, worst = (low - limit, high - limit) if at_most else (limit - high, limit - low)
        return MET if worst <= 0 else MISSED if best > 0 else UNSURE

    @misconception("A speed-up of 3 is better than one of 2. Which end is its worst case?")
    def always_at_most(low, high, limit, at_most):
        return _of(low, high, limit, True)

    @misconception("Losing less is better. Which end of a loss is its worst case?")
    def always_at_least(low, high, limit, at_most):
        return _of(low, high, limit, False)

    @misconception("The words are the right ones, for the other kind of target. What is at_most?")
    def directions_swapped(low, high, limit, at_most):
        return _of(low, high, limit, not at_most)

    @misconception("The middle may be fine while an end is not. What does the interval say?")
    def the_middle_decides(low, high, limit, at_most):
        middle = (low + high) / 2
        return MET if (middle <= limit if at_most else middle >= limit) else MISSED

    @misconception("The limit lies inside the interval. Is that a no, or not known yet?")
    def doubt_is_a_no(low, high, limit, at_most):
        return MET if _of(low, high, limit, at_most) == MET else MISSED

    @misconception(
        "A target is met when its worst case is. Which end did you look at, the best one?"
    )
    def doubt_is_a_yes(low, high, limit, at_most):
        return MISSED if _of(low, high, limit, at_most) == MISSED else MET

    @misconception("Exactly the limit: is that still allowed, and is it enough?")
    def at_the_limit_is_a_no(low, high, limit, at_most):
        if at_most:
            return MET if high < limit else MISSED if low >= limit else UNSURE
        return MET if low > limit else MISSED if high <= limit else UNSURE


def _of(low, high, limit, at_most):
    best, worst = (low, high) if at_most else (-high, -low)
    limit = limit if at_most else -limit
    return MET if worst <= limit else MISSED if best > limit else UNSURE
