"""8.4: LSQ, the gradient of the scale."""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("8.4", "The scale learns too", points=4, difficulty=4, importance=4, minutes=12)
class ScaleGradient:
    answer = "scale_gradient"
    hints = (
        "Write y = scale × q and let the scale grow a little. On the ruler and off it, what "
        "happens to q?",
        "Off the ruler q is stuck at lo or hi, so the slope is lo or hi. On the ruler "
        "x / scale shrinks while scale grows: the slope is q − x / scale.",
        "steps = x / scale; q = np.clip(np.rint(steps), lo, hi); slope = np.where(on the ruler, "
        "q - steps, …); the sum of above * slope",
    )
    insight = (
        "Values that saturate ask for a longer step, values between two ticks for a shorter one: "
        "the scale settles where the loss balances both."
    )
    # Scales are powers of 2, x and above have few digits: each product and each sum is exact.
    within = exact()

    def cases(rng):
        return [
            group(
                "on the ruler",
                1,
                "A value on the ruler adds what rounding added to it, in steps.",
                [
                    (np.float32([0.125, 0.375, -0.875]), 0.5, -8, 7, np.float32([1, 2, 4])),
                    (np.float32([0.125, 2.125]), 0.5, -8, 7, np.float32([4100, 1])),
                    _case(rng, (3, 4), 0.25, -8, 7, spread=0.8),
                ],
            ),
            group(
                "off the ruler",
                2,
                "A value beyond the ruler adds the last tick of its side.",
                [
                    (np.float32([9.0, -9.0]), 0.5, -4, 3, np.float32([1, 2])),
                    (np.float32([9.0, 0.125]), 0.5, -4, 3, np.float32([1001, 1])),
                    (np.float32([9.0, 5.0, 0.5]), 0.5, -4, 3, np.float32([1, -2, 0.5])),
                    _case(np.random.default_rng(1), (2, 5), 0.25, -4, 3, spread=2.5),
                    _case(rng, (4, 3), 2.0, 0, 15, spread=2.0),
                ],
            ),
            group(
                "at the ends",
                1,
                "What rounds to the first or last tick is on the ruler.",
                [
                    (np.float32([1.6875]), 0.5, -4, 3, np.float32([4])),
                    (np.float32([-2.125, 1.8125]), 0.5, -4, 3, np.float32([2, 1])),
                    (np.float32([[-0.125, 0.0, 1.6875]]), 0.5, 0, 3, np.float32([[2, 8, 1]])),
                ],
            ),
        ]

    def oracle(x, scale, lo, hi, above):
        total = 0.0
        for value, weight in zip(x.ravel(), above.ravel(), strict=True):
            steps = float(value) / scale
            tick = round(steps)
            slope = lo if tick < lo else hi if tick > hi else tick - steps
            total += float(weight) * slope
        return total

    @misconception("y = scale × q, but q moves too when the scale does. Which way?")
    def holds_the_tick(x, scale, lo, hi, above):
        return float((above * np.clip(np.rint(x / scale), lo, hi)).sum())

    @misconception(
        "A longer step shrinks x / scale. Is what rounding adds q − x/scale or x/scale − q?"
    )
    def turns_the_residual_over(x, scale, lo, hi, above):
        q = np.rint(x / scale)
        slope = np.where(_on(q, lo, hi), x / scale - q, np.clip(q, lo, hi))
        return float((above * slope).sum())

    @misconception("9.0 saturates, and the ruler's end moves with the scale. Is there no slope?")
    def is_zero_off_the_ruler(x, scale, lo, hi, above):
        q = np.rint(x / scale)
        return float((above * np.where(_on(q, lo, hi), q - x / scale, 0)).sum())

    @misconception("Off the ruler y = scale × hi. Where does x still stand in it?")
    def takes_the_whole_error_off_the_ruler(x, scale, lo, hi, above):
        return float((above * (np.clip(np.rint(x / scale), lo, hi) - x / scale)).sum())

    @misconception("One scale serves all values. Are their pulls averaged, or added?")
    def averages(x, scale, lo, hi, above):
        return float((above * _slope(x, scale, lo, hi)).mean())

    @misconception("What comes from above differs from value to value. Where is it in your sum?")
    def forgets_what_came_from_above(x, scale, lo, hi, above):
        return float(_slope(x, scale, lo, hi).sum())

    @misconception("q and x / scale are numbers of steps. Did you multiply by the scale once more?")
    def is_in_real_units(x, scale, lo, hi, above):
        return float((above * _slope(x, scale, lo, hi)).sum() * scale)

    @misconception("On the ruler, is what rounding added counted in steps or in real units?")
    def residual_in_real_units(x, scale, lo, hi, above):
        q = np.rint(x / scale)
        slope = np.where(_on(q, lo, hi), q * scale - x, np.clip(q, lo, hi))
        return float((above * slope).sum())

    @misconception("Off the ruler y = scale × hi. Let the scale grow by 1: how far does y move?")
    def ends_in_real_units(x, scale, lo, hi, above):
        q = np.rint(x / scale)
        slope = np.where(_on(q, lo, hi), q - x / scale, np.clip(q, lo, hi) * scale)
        return float((above * slope).sum())

    @misconception("The paper divides the sum. Which sum was asked for here?")
    def divides_as_the_paper_does(x, scale, lo, hi, above):
        return float((above * _slope(x, scale, lo, hi)).sum() / np.sqrt(x.size * hi))

    @misconception("A ruler has two ends. Which one did −9.0 fall off?")
    def takes_the_upper_end_for_both(x, scale, lo, hi, above):
        q = np.rint(x / scale)
        return float((above * np.where(_on(q, lo, hi), q - x / scale, hi)).sum())

    @misconception(
        "A saturated value moves with its last tick. How many steps away from 0 is that?"
    )
    def takes_one_for_each_end(x, scale, lo, hi, above):
        q = np.rint(x / scale)
        return float((above * np.where(_on(q, lo, hi), q - x / scale, np.sign(q))).sum())

    @misconception("3.4 steps land on tick 3. Do you judge before rounding, or after it?")
    def judges_before_rounding(x, scale, lo, hi, above):
        steps = x / scale
        q = np.clip(np.rint(steps), lo, hi)
        return float((above * np.where((lo <= steps) & (steps <= hi), q - steps, q)).sum())

    @misconception("One scale has one gradient. What becomes of the pulls of all its values?")
    def gives_one_for_each_value(x, scale, lo, hi, above):
        return above * _slope(x, scale, lo, hi)


def _on(q, lo, hi):
    return (lo <= q) & (q <= hi)


def _slope(x, scale, lo, hi):
    q = np.rint(x / scale)
    return np.where(_on(q, lo, hi), q - x / scale, np.clip(q, lo, hi))


def _case(rng, shape, scale, lo, hi, spread):
    """Values 1/8 or 3/8 of a step beside a tick, `spread` times as far as the ruler goes."""
    reach = np.arange(round(lo * spread), round(hi * spread) + 1)
    # Clear of the ends: what decides there is a fixed case.
    steps = rng.choice(reach[(abs(reach - lo) > 1) & (abs(reach - hi) > 1)], shape)
    beside = rng.choice([-0.375, -0.125, 0.125, 0.375], shape)
    above = rng.integers(1, 9, shape) / 4
    return np.asarray((steps + beside) * scale, np.float32), scale, lo, hi, np.float32(above)
