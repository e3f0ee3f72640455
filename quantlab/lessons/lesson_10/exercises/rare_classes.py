"""10.4: a guardrail: which classes refuse a plan?"""

import math

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact

BEFORE = (68.5, 25.25, 74.0, 69.5, 41.0)
AFTER = (68.0, 18.25, 75.5, 61.5, 39.5)
OBJECTS = (2160, 51, 207, 185, 1079)


@exercise("10.4", "Classes that refuse a plan", points=4, difficulty=3, importance=5, minutes=8)
class ClassesThatRefuse:
    answer = "classes_that_refuse"
    hints = (
        "A class refuses when it lost more than it may. Which of them has too few objects to say "
        "anything?",
        "lost = before - after. Keep the places where objects >= fewest and lost > most_lost.",
        "places = np.flatnonzero((objects >= fewest) & (lost > most_lost)); then sort them by "
        "-lost[places].",
    )
    insight = (
        "A mean over classes hides the rare one. This guardrail does not, and it says when a class "
        "has too few objects to say anything."
    )
    within = exact()

    def cases(rng):
        lost = (rng.permutation(7) + 1) / 2.0
        many = rng.integers(30, 90, 7)
        flat = np.full(7, 50.0)
        return [
            group(
                "classes of all kinds",
                2,
                "The numbers of the classes that lost more than they may, the worst first.",
                [
                    (*_arrays(BEFORE, AFTER, OBJECTS), 1.0, 30),
                    (*_arrays(BEFORE, AFTER, OBJECTS), 5.0, 30),
                    (*_arrays(AFTER, BEFORE, OBJECTS), 0.25, 30),
                    (flat, flat - lost, many, 1.25, 20),
                ],
            ),
            group(
                "too few objects",
                1,
                "A class with fewer than `fewest` objects says nothing, whatever it lost.",
                [
                    (*_arrays(BEFORE, AFTER, OBJECTS), 1.0, 100),
                    (*_arrays(BEFORE, AFTER, OBJECTS), 1.0, 51),
                    (*_arrays(BEFORE, AFTER, OBJECTS), 1.0, 52),
                    (*_arrays((9.5, math.nan), (4.5, math.nan), (20, 0)), 1.0, 5),
                ],
            ),
            group(
                "at the limit",
                1,
                "What lost exactly `most_lost` may have lost it.",
                [
                    (*_arrays((9.5, 9.5), (8.5, 8.0), (50, 50)), 1.0, 5),
                    (*_arrays((9.5, 9.5, 9.5), (9.5, 12.0, 9.0), (50, 50, 50)), 0.0, 5),
                ],
            ),
        ]

    def oracle(before, after, objects, most_lost, fewest):
        # From the worst on, one at a time.
        pairs = zip(before.tolist(), after.tolist(), objects.tolist(), strict=True)
        left = {k: b - a for k, (b, a, n) in enumerate(pairs) if n >= fewest}
        found = []
        while left:
            worst = max(left, key=lambda k: -math.inf if math.isnan(left[k]) else left[k])
            if not left.pop(worst) > most_lost:
                break
            found.append(worst)
        return found

    @misconception("Which of your classes has too few objects to say anything?")
    def counts_no_objects(before, after, objects, most_lost, fewest):
        return _refusing(before, after, objects, most_lost, 0)

    @misconception("A class with exactly `fewest` objects: are those enough?")
    def needs_more_than_fewest(before, after, objects, most_lost, fewest):
        return _refusing(before, after, objects, most_lost, fewest + 1)

    @misconception("Does a class that gained refuse the plan?")
    def any_change(before, after, objects, most_lost, fewest):
        kept = np.flatnonzero((objects >= fewest) & (np.abs(before - after) > most_lost))
        return _sorted(kept, before - after)

    @misconception("These classes have gained. Which did you subtract from which?")
    def those_that_gained(before, after, objects, most_lost, fewest):
        return _refusing(after, before, objects, most_lost, fewest)

    @misconception("The worst one first: where is it in your list?")
    def best_first(before, after, objects, most_lost, fewest):
        return _refusing(before, after, objects, most_lost, fewest)[::-1]

    @misconception("That is the order of the classes. Which of them lost most?")
    def in_their_own_order(before, after, objects, most_lost, fewest):
        return sorted(_refusing(before, after, objects, most_lost, fewest))

    @misconception("A tenth of 20 points and a tenth of 70: which one is more points?")
    def relative_to_the_class(before, after, objects, most_lost, fewest):
        share = 100 * (before - after) / before
        return _sorted(np.flatnonzero((objects >= fewest) & (share > most_lost)), share)

    @misconception("May a class lose exactly `most_lost`?")
    def at_the_limit_refuses(before, after, objects, most_lost, fewest):
        kept = np.flatnonzero((objects >= fewest) & (before - after >= most_lost))
        return _sorted(kept, before - after)

    @misconception("One class refuses. Which others do, too?")
    def the_worst_alone(before, after, objects, most_lost, fewest):
        return _refusing(before, after, objects, most_lost, fewest)[:1]

    @misconception("Those are points. Which classes lost them?")
    def gives_points(before, after, objects, most_lost, fewest):
        lost = before - after
        return [float(lost[k]) for k in _refusing(before, after, objects, most_lost, fewest)]


def _refusing(before, after, objects, most_lost, fewest):
    lost = before - after
    return _sorted(np.flatnonzero((objects >= fewest) & (lost > most_lost)), lost)


def _sorted(places, lost):
    return [int(k) for k in sorted(places, key=lambda k: -lost[k])]


def _arrays(before, after, objects):
    return np.array(before), np.array(after), np.array(objects)
