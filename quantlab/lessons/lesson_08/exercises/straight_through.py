"""8.2: the gradient of fake quantization, by the straight-through estimator."""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("8.2", "Straight through", points=4, difficulty=3, importance=5, minutes=10)
class StraightThrough:
    answer = "gradient_through"
    hints = (
        "A value that lands on a tick passes its gradient on. Which values land on none?",
        "Count the steps: q = rint(x / scale). Between lo and hi, both included, the gradient is "
        "`above`; beyond them it is 0.",
        "q = np.rint(x / scale); return above * ((lo <= q) & (q <= …))",
    )
    insight = (
        "torch's own fake quantization has exactly this gradient. In the next cells yours stands "
        "in for it, and a network learns through it."
    )
    # The gradient is one of two float32 numbers: what came from above, or 0.
    within = exact()

    def cases(rng):
        on = "A value that lands on a tick hands on what came from above, as it came."
        off = "A value beyond the last tick hands on 0, on either side."
        return [
            group(
                "on the ruler",
                1,
                on,
                [
                    (
                        np.float32([0.1, -0.7, 1.2, 0.0, 3.5]),
                        0.5,
                        -8,
                        7,
                        np.float32([1, 2, 3, 4, 5]),
                    ),
                    _case(rng, (3, 4), 0.25, -8, 7, spread=0.8),
                ],
            ),
            group(
                "off the ruler",
                1,
                off,
                [
                    (np.float32([9, -9, 0.5, -3.9]), 0.5, -4, 3, np.float32([1.5, -2, 0.25, 3])),
                    _case(np.random.default_rng(1), (2, 5), 0.25, -4, 3, spread=2.5),
                    _case(rng, (4, 3), 2.0, -8, 7, spread=2.0),
                ],
            ),
            group(
                "at the ends",
                1,
                "What rounds to the first or last tick is on the ruler; ties go to the even one.",
                [
                    # 7.4 and 7.6 steps, −8.4 and −8.6; at a tie 7.5 goes to 8, off the ruler, and
                    # 6.5 and −8.5 go to 6 and −8, on it.
                    (np.float32([3.7, 3.8, -4.2, -4.3]), 0.5, -8, 7, np.float32([1, 2, 3, 4])),
                    (np.float32([3.75, 3.25, -4.25, -4.75]), 0.5, -8, 7, np.float32([1, 2, 3, 4])),
                    (np.float32([3.25, -3.25, 3.3, -3.3]), 0.5, -6, 6, np.float32([1, 2, 3, 4])),
                ],
            ),
            group(
                "one-sided, and a scale for each channel",
                1,
                "The steps are counted with the ruler that each value has.",
                [
                    (np.float32([-0.2, -0.3, 1.6, 1.9]), 0.5, 0, 3, np.float32([1, 2, 3, 4])),
                    _channels(np.random.default_rng(2)),
                    _channels(rng),
                ],
            ),
        ]

    def oracle(x, scale, lo, hi, above):
        # One number after the other, in Python's floats, where round() goes to even too.
        scales = np.broadcast_to(np.asarray(scale, np.float32), x.shape)
        out = np.zeros(x.shape, np.float32)
        for at in np.ndindex(*x.shape):
            if lo <= round(float(x[at]) / float(scales[at])) <= hi:
                out[at] = above[at]
        return out

    @misconception("Rounding's own derivative is 0 nearly everywhere. Can anything learn from 0?")
    def is_zero_everywhere(x, scale, lo, hi, above):
        return np.zeros_like(above)

    @misconception(
        "Off the ruler, does y follow x when x moves a little? What should be handed on?"
    )
    def passes_everywhere(x, scale, lo, hi, above):
        return above

    @misconception("7.4 steps land on tick 7. Do you judge before rounding, or after it?")
    def judges_before_rounding(x, scale, lo, hi, above):
        steps = x / scale
        return above * ((lo <= steps) & (steps <= hi))

    @misconception("The first and the last tick are ticks. Are they on your ruler?")
    def leaves_the_ends_out(x, scale, lo, hi, above):
        q = np.rint(x / scale)
        return above * ((lo < q) & (q < hi))

    @misconception("A ruler has two ends. What lies beyond the other one?")
    def cuts_above_only(x, scale, lo, hi, above):
        return above * (np.rint(x / scale) <= hi)

    @misconception("How many ticks lie below 0, and how many above?")
    def takes_the_ruler_as_symmetric(x, scale, lo, hi, above):
        return above * (np.abs(np.rint(x / scale)) <= hi)

    @misconception("Each channel has its own scale. With which one did you count the steps?")
    def takes_one_scale_for_all_channels(x, scale, lo, hi, above):
        return above * _inside(x, np.float32(np.max(scale)), lo, hi)

    @misconception("The gradient has no ruler. What has to lie between `lo` and `hi`?")
    def clips_the_gradient(x, scale, lo, hi, above):
        return np.clip(above, lo, hi)

    @misconception("Is `lo` a real value or a number of steps? And x?")
    def compares_reals_with_steps(x, scale, lo, hi, above):
        return above * ((lo <= x) & (x <= hi))

    @misconception("Which values saturate: those between lo and hi, or the others?")
    def the_other_way_round(x, scale, lo, hi, above):
        q = np.rint(x / scale)
        return above * ((q < lo) | (q > hi))

    @misconception("You hand on 0 and 1. What came from above, and where does it go?")
    def forgets_what_came_from_above(x, scale, lo, hi, above):
        q = np.rint(x / scale)
        return ((lo <= q) & (q <= hi)).astype(np.float32)

    @misconception("y is about x, whatever the scale is. What is then the slope of y?")
    def multiplies_by_the_scale(x, scale, lo, hi, above):
        return above * scale * _inside(x, scale, lo, hi)

    @misconception("x / scale has a slope, and scale × q has one. What is left of both together?")
    def divides_by_the_scale(x, scale, lo, hi, above):
        return above / scale * _inside(x, scale, lo, hi)

    @misconception("6.5 steps are a tie. Does it go to 6 or to 7, and which of them is a tick?")
    def rounds_half_up(x, scale, lo, hi, above):
        q = np.floor(x / scale + 0.5)
        return above * ((lo <= q) & (q <= hi))

    @misconception("7.6 steps round to 8. Did you round, or only cut the decimals?")
    def truncates(x, scale, lo, hi, above):
        q = np.trunc(x / scale)
        return above * ((lo <= q) & (q <= hi))

    @misconception("That is where the value goes. How does it answer a small push?")
    def multiplies_by_the_value(x, scale, lo, hi, above):
        return above * np.clip(np.rint(x / scale), lo, hi) * scale


def _inside(x, scale, lo, hi):
    q = np.rint(x / scale)
    return (lo <= q) & (q <= hi)


def _case(rng, shape, scale, lo, hi, spread):
    """Values 0.1 to 0.4 of a step beside a tick, `spread` times as far as the ruler goes."""
    reach = np.arange(round(lo * spread), round(hi * spread) + 1)
    # Clear of the ends: what decides there is a fixed case.
    steps = rng.choice(reach[(abs(reach - lo) > 1) & (abs(reach - hi) > 1)], shape)
    beside = rng.uniform(0.1, 0.4, shape) * rng.choice([-1.0, 1.0], shape)
    x = np.asarray((steps + beside) * scale, np.float32)
    return x, scale, lo, hi, np.asarray(rng.uniform(0.5, 2.0, shape), np.float32)


def _channels(rng):
    """Weights (3, 2, 1, 2) with a scale for each output channel, some of them off their ruler."""
    scales = np.float32([0.5, 0.0625, 0.25]).reshape(3, 1, 1, 1)
    steps = rng.choice([-8, -7, -2, -1, 0, 1, 6, 7], (3, 2, 1, 2)) + rng.uniform(
        0.1, 0.4, (3, 2, 1, 2)
    )
    steps[:, 0, 0] = [1.2, -6.3]
    above = np.asarray(rng.uniform(0.5, 2.0, steps.shape), np.float32)
    return np.asarray(steps * scales, np.float32), scales, -4, 3, above
