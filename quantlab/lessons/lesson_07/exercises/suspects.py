"""7.3: the layers that stand far below the others."""

from dataclasses import dataclass
from statistics import median

import numpy as np

from quantlab.lessons.lesson_01.exercises.common import FROM_SCRATCH
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import Within, exact


@dataclass(frozen=True)
class _Places(Within):
    """Places are whole numbers. Equally low layers may stand in either order."""

    alone: np.ndarray

    def __call__(self, got, want):
        return exact()(self._settled(got), self._settled(want))

    def _settled(self, places):
        """The same places, equally low ones in the order of computation."""
        try:
            seen = np.asarray(places)
        except ValueError:  # rows of different lengths
            return places
        inside = (seen >= 0) & (seen < self.alone.size) if seen.dtype.kind in "iu" else False
        if seen.ndim != 1 or not np.all(inside):
            return places
        runs = np.split(seen, 1 + np.flatnonzero(np.diff(self.alone[seen])))
        return np.concatenate([np.sort(run) for run in runs])


@exercise("7.3", "The suspects", points=3, difficulty=2, importance=5, minutes=8)
class Suspects:
    answer = "suspects"
    forbid = FROM_SCRATCH
    hints = (
        "What is an ordinary layer of this model? Which middle does one terrible layer not move?",
        "A layer is a suspect from `gap` dB below the median on. Sort those by their dB, the "
        "lowest first.",
        "limit = np.median(alone) - gap, then [i for i in np.argsort(alone) if alone[i] <= limit]",
    )
    insight = "No threshold in dB is needed: a model's own layers say what is ordinary in it."

    def within(alone, gap):
        return _Places(alone)

    def cases(rng):
        below = "Exactly the layers that are at least `gap` below the median."
        return [
            group(
                "one layer far below",
                1,
                below,
                [
                    (_db(46, 31.5, 31, 28.5, 11, 40, 33.5), 12.0),
                    (_db(30, 31, 9, 32, 33, 29, 34, 35), 10.0),
                    (_drawn(rng, 1), 12.0),
                ],
            ),
            group(
                "several, the worst first",
                1,
                "All of them, from the lowest to the highest.",
                [
                    (_db(46, 15.5, 31, 2, 30.5, 36, 9, 33, 32), 12.0),
                    (_db(30, -3, 31, 12, 29, 4, 30), 6.0),
                    # Two layers are equally low.
                    (_db(30, 12, 31, 7, 33, 12, 32, 34, 29), 10.0),
                    (_drawn(rng, 3), 10.0),
                ],
            ),
            group(
                "at the limit, and none",
                1,
                "A layer exactly `gap` below is one. Where no layer is, the list is empty.",
                [
                    (_db(30, 20, 34, 20.5, 31, 19, 30), 10.0),
                    (_db(30, 28, 33, 29, 31), 10.0),
                    (_db(float("inf"), 30, 31, 17, 33, 29), 12.0),
                    # The median is 31.5, between 31 and 32; the limit 19.25 parts 19 from 19.5.
                    (_db(34, 19.5, 31, 19, 35, 32, 33, 30), 12.25),
                ],
            ),
        ]

    def oracle(alone, gap):
        # statistics' median of Python's floats, not numpy's; all dB here are multiples of 1/4.
        limit = median(map(float, alone)) - gap
        found = [(float(db), place) for place, db in enumerate(alone) if db <= limit]
        return np.array([place for _, place in sorted(found)], dtype=int)

    @misconception("One terrible layer pulls that middle down with it. Which middle stays?")
    def below_the_mean(alone, gap):
        with np.errstate(invalid="ignore"):
            return _below(alone, np.mean(alone) - gap)

    @misconception("The best layer of a model may be very good. Is an ordinary one then a suspect?")
    def below_the_best(alone, gap):
        return _below(alone, np.max(alone) - gap)

    @misconception("`gap` is a distance. From which layer is it measured?")
    def below_gap_itself(alone, gap):
        return _below(alone, gap)

    @misconception("Exactly `gap` below: is that at least `gap`?")
    def leaves_the_limit_out(alone, gap):
        return [p for p in np.argsort(alone) if alone[p] < np.median(alone) - gap]

    @misconception("That is the order of the network. Which suspect does one look at first?")
    def in_the_order_of_the_network(alone, gap):
        return np.flatnonzero(alone <= np.median(alone) - gap)

    @misconception("The list ends with the worst layer. Which one is to stand first?")
    def the_best_first(alone, gap):
        return _below(alone, np.median(alone) - gap)[::-1]

    @misconception("More decibels are better. On which side of the middle do suspects stand?")
    def above_the_median(alone, gap):
        return [p for p in np.argsort(-alone) if alone[p] >= np.median(alone) + gap]

    @misconception("Could a model have two bad layers, or none?")
    def the_worst_one_only(alone, gap):
        return np.argsort(alone)[:1]

    @misconception("Those are their decibels. At which places do these layers stand?")
    def their_decibels(alone, gap):
        return np.sort(alone[alone <= np.median(alone) - gap])

    @misconception("Those count the suspects alone. At which places do they stand in the model?")
    def places_among_the_suspects(alone, gap):
        return np.argsort(alone[alone <= np.median(alone) - gap])

    @misconception("A layer far above the median is better than the others. Is it a suspect?")
    def far_on_either_side(alone, gap):
        return [p for p in np.argsort(alone) if abs(alone[p] - np.median(alone)) >= gap]

    @misconception("Of an even number, two layers stand in the middle. Which value halves them?")
    def upper_one_of_the_middle_two(alone, gap):
        return _below(alone, np.sort(alone)[len(alone) // 2] - gap)

    @misconception("Two layers may be equally low. Which one do you find when you look up a value?")
    def looks_up_by_value(alone, gap):
        values = alone.tolist()
        return [values.index(v) for v in sorted(values) if v <= np.median(alone) - gap]

    @misconception("Is a layer near the middle a suspect, or one far below it?")
    def all_below_the_median(alone, gap):
        return [p for p in np.argsort(alone) if alone[p] < np.median(alone)]


def _below(alone, limit):
    return np.array([p for p in np.argsort(alone) if alone[p] <= limit], dtype=int)


def _db(*values):
    return np.array(values, dtype=np.float64)


def _drawn(rng, count):
    """Twelve ordinary layers in quarters of a dB, and `count` far below them, mixed."""
    ordinary = rng.choice(np.arange(112, 152), 12, replace=False) / 4
    bad = rng.choice(np.arange(0, 40), count, replace=False) / 4
    return rng.permutation(np.concatenate([ordinary, bad]))
