"""4.2: the simplest observer, one batch at a time."""

import numpy as np

from quantlab.lessons.lesson_04.exercises.common import FROM_SCRATCH, number
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import each, exact


@exercise("4.2", "An observer that remembers two numbers", points=3, difficulty=1, importance=5,
          minutes=6)  # fmt: skip
class MinMax:
    answer = "update_range"
    forbid = FROM_SCRATCH
    hints = (
        "Two cases: nothing was seen before, or a pair (lo, hi) was. Start with the first.",
        "With a pair, the new lower end is the smaller one of two numbers, the new upper end the "
        "larger one of two.",
        "lo, hi = float(batch.min()), float(batch.max()); where seen is a pair: "
        "min(seen[0], lo), and the same with … for hi.",
    )
    insight = (
        "Two numbers in memory, however many pictures go by. What no picture showed, it cannot "
        "know: that is the fog."
    )
    # Ends are values of the data, not computed ones: there is nothing to round.
    within = each(lo=exact(), hi=exact())

    def cases(rng):
        def batch(shape, low, high):
            return rng.uniform(low, high, shape).astype(np.float32)

        first = np.array([[0.7391, 2.1234, 1.0517], [1.9876, 0.9123, 3.3217]], np.float32)
        below = np.array([-3.4567, -1.2345, -2.3456], np.float32)
        wide = np.array([[-2.7183, 0.5772], [3.1416, 1.6180], [0.6931, -1.4142]], np.float32)
        return [
            group(
                "the first batch",
                1,
                "With nothing seen before, the ends are the smallest and the largest value.",
                [(None, first), (None, below), (None, wide), (None, batch((2, 3, 4, 5), -1, 6))],
            ),
            group(
                "a batch that reaches farther",
                1,
                "The range holds every value of every batch so far.",
                [
                    ((-0.5, 1.25), wide),
                    ((0.5, 1.25), first),
                    ((-1.5, 4.25), below),
                    ((-1.5, 2.5), batch((3, 7), -4, 5)),
                ],
            ),
            group(
                "a batch within the range",
                1,
                "The range never shrinks: what was seen stays seen.",
                [
                    ((-8.5, 9.25), wide),
                    ((0.25, 9.25), first),
                    ((-6.5, -0.25), below),
                    ((0.0, 9.25), first),
                    ((-6.5, 0.0), below),
                    ((-7.5, 6.5), batch((4, 2, 3), -2, 2)),
                ],
            ),
        ]

    def oracle(seen, batch):
        import torch

        before = torch.tensor(seen or (), dtype=torch.float32)
        ends = torch.aminmax(torch.cat([before, torch.from_numpy(batch).reshape(-1)]))
        return ends.min.item(), ends.max.item()

    def observe(args, got):
        seen, batch = args
        try:
            lo, hi = (float(end) for end in got)
        except (TypeError, ValueError):
            return ""
        before = f"[{number(seen[0])}, {number(seen[1])}]" if seen else "nothing"
        return (
            f"Before: {before}. The batch has shape {batch.shape}. After it you remember "
            f"[{number(lo)}, {number(hi)}]."
        )

    @misconception("What do the batches before this one still count?")
    def forgets_what_was_seen(seen, batch):
        return float(batch.min()), float(batch.max())

    @misconception("After the first batch nothing changes any more. What if the second is wider?")
    def keeps_the_first_batch(seen, batch):
        return seen or (float(batch.min()), float(batch.max()))

    @misconception("That is the middle between old and new. Does it still hold every value seen?")
    def averages(seen, batch):
        lo, hi = float(batch.min()), float(batch.max())
        return ((seen[0] + lo) / 2, (seen[1] + hi) / 2) if seen else (lo, hi)

    @misconception("You start with the range [0, 0]. Was a 0 ever seen in a batch from 2 to 6?")
    def starts_at_zero(seen, batch):
        lo, hi = seen or (0.0, 0.0)
        return min(lo, float(batch.min())), max(hi, float(batch.max()))

    @misconception("Both ends lie equally far from 0 here. Do the values?")
    def takes_the_largest_magnitude(seen, batch):
        ends = [abs(end) for end in seen or ()]
        size = max([float(np.abs(batch).max()), *ends])
        return -size, size

    @misconception("Python takes 0.0 for False. What does `or` make of an end at 0.0?")
    def takes_zero_for_nothing(seen, batch):
        lo, hi = float(batch.min()), float(batch.max())
        return (min(seen[0] or lo, lo), max(seen[1] or hi, hi)) if seen else (lo, hi)

    @misconception("You look at the first picture of the batch. What do the others show?")
    def first_picture_only(seen, batch):
        first = batch if batch.ndim == 1 else batch[0]
        lo, hi = float(first.min()), float(first.max())
        return (min(seen[0], lo), max(seen[1], hi)) if seen else (lo, hi)

    @misconception("Each batch gives a range as long on both sides of 0. Do its values do that?")
    def takes_the_largest_magnitude_of_each_batch(seen, batch):
        size = float(np.abs(batch).max())
        return (min(seen[0], -size), max(seen[1], size)) if seen else (-size, size)

    @misconception("That is the range which all batches share. Where is a value that only one has?")
    def keeps_what_is_shared(seen, batch):
        lo, hi = float(batch.min()), float(batch.max())
        return (max(seen[0], lo), min(seen[1], hi)) if seen else (lo, hi)

    @misconception("One axis was left over. Over how many of the axes does one range go?")
    def one_range_a_column(seen, batch):
        lo, hi = batch.min(axis=0), batch.max(axis=0)
        return (np.minimum(seen[0], lo), np.maximum(seen[1], hi)) if seen else (lo, hi)

    @misconception("Which end comes first?")
    def upper_end_first(seen, batch):
        lo, hi = float(batch.min()), float(batch.max())
        return (max(seen[1], hi), min(seen[0], lo)) if seen else (hi, lo)

    @misconception("The upper end follows the data. And the lower one?")
    def follows_the_upper_end_alone(seen, batch):
        lo, hi = float(batch.min()), float(batch.max())
        return (seen[0], max(seen[1], hi)) if seen else (lo, hi)

    @misconception("The lower end follows the data. And the upper one?")
    def follows_the_lower_end_alone(seen, batch):
        lo, hi = float(batch.min()), float(batch.max())
        return (min(seen[0], lo), seen[1]) if seen else (lo, hi)
