"""1.1: one range worked on paper."""

from quantlab.numerics import choose_qparams, quantize
from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import absolute, exact

LO, HI, VALUE = -0.9, 5.0, 0.3
POINTS = {"my_scale": 1.0, "my_zero_point": 1.0, "my_q": 1.0}


@exercise("1.1", "One range on paper", points=3, difficulty=1, importance=5, minutes=5)
class RulerByHand:
    values = POINTS
    asks = {
        "my_scale": "255 steps of it reach from lo to hi; four decimals.",
        "my_zero_point": "The whole number of the tick at which 0.0 stands.",
        "my_q": "The whole number of the tick that is nearest to 0.3.",
    }
    insight = (
        "Two numbers, and every value of the tensor has its tick. Exercise 1.2 makes a function "
        "of it."
    )
    hints = (
        "Look at the picture with four ticks again. How many gaps lie between them?",
        "scale = width of the range / number of steps. zero_point is the number of steps from "
        "lo up to 0, rounded.",
        "my_scale = (5.0 − (−0.9)) / 255, my_zero_point = round(0.9 / my_scale), and my_q counts "
        "the steps from 0 to 0.3, rounded, on top of my_zero_point.",
    )

    def oracle(name):
        qp = choose_qparams(LO, HI)
        truth = {
            "my_scale": float(qp.scale),
            "my_zero_point": int(qp.zero_point),
            "my_q": int(quantize(VALUE, qp)),
        }
        return truth[name]

    def within(name):
        # The scale may be given to four decimals: half a unit of the fourth is 0.00005.
        # 5.9 / 256 is 0.00009 away, so this still tells 255 steps from 256 levels.
        return absolute(0.00005) if name == "my_scale" else exact()

    @misconception("256 levels have how many gaps between them? Which of the two does a step fill?")
    def counts_levels(name):
        scale = (HI - LO) / 256
        return _read_off(name, scale, round(-LO / scale))

    @misconception("On which side of lo does 0 lie, and can a UINT8 be negative?")
    def zero_point_has_wrong_sign(name):
        scale = (HI - LO) / 255
        return _read_off(name, scale, round(LO / scale))

    @misconception("Your ruler starts at 0. Where do the values below 0 go?")
    def range_starts_at_zero(name):
        return _read_off(name, HI / 255, 0)

    @misconception("A tick is chosen by the nearest one. Did you round, or only cut the decimals?")
    def truncates(name):
        scale = (HI - LO) / 255
        zero_point = int(-LO / scale)
        return {"my_scale": scale, "my_zero_point": zero_point}.get(
            name, int(VALUE / scale) + zero_point
        )

    @misconception("Can 0.0 stand on a tick, if its tick is no whole number?")
    def leaves_the_decimals(name):
        scale = (HI - LO) / 255
        zero_point = -LO / scale
        return {"my_scale": scale, "my_zero_point": zero_point}.get(
            name, VALUE / scale + zero_point
        )

    @misconception("That counts steps to one unit. How long is one of the steps?")
    def scale_upside_down(name):
        steps = 255 / (HI - LO)
        return {"my_scale": steps, "my_zero_point": round(-LO * steps)}.get(
            name, round(VALUE * steps) + round(-LO * steps)
        )

    @misconception("A symmetric ruler reaches as far down as up. Do these values?")
    def symmetric_ruler(name):
        return _read_off(name, HI / 127, 128)

    @misconception("The lowest INT8 is −128. Which is the lowest UINT8?")
    def counts_from_minus_128(name):
        scale = (HI - LO) / 255
        return _read_off(name, scale, round(-128 - LO / scale))

    @misconception("0 is zero_point steps from the lower end. On which side of 0 is 0.3?")
    def subtracts_zero_point(name):
        scale = (HI - LO) / 255
        return {"my_scale": scale, "my_zero_point": round(-LO / scale)}.get(
            name, round(VALUE / scale) - round(-LO / scale)
        )

    @misconception("That is the number of steps from 0 to 0.3. On which tick does 0 itself stand?")
    def forgets_zero_point(name):
        scale = (HI - LO) / 255
        return {"my_scale": scale, "my_zero_point": round(-LO / scale)}.get(
            name, round(VALUE / scale)
        )

    @misconception("How wide is a range that begins at −0.9 and ends at 5.0?")
    def subtracts_the_sizes(name):
        scale = (HI + LO) / 255
        return _read_off(name, scale, round(-LO / scale))


def _read_off(name, scale, zero_point):
    """The three values that follow from this scale and zero_point."""
    return {"my_scale": scale, "my_zero_point": zero_point}.get(
        name, round(VALUE / scale) + zero_point
    )
