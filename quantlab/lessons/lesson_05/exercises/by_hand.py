"""5.1: one output of a layer worked on paper."""

from fractions import Fraction

from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import exact

#: What the lesson prints: three taps, x in UINT8, w in INT8 with zero_point 0, an int32 bias.
X_Q, X_ZERO_POINT, W_Q, BIAS_Q = (120, 131, 128), 128, (3, -2, 5), 12
X_SCALE, W_SCALE, Y_SCALE, Y_ZERO_POINT = 0.5, 0.25, 0.5, 7
POINTS = {"my_products": 1.0, "my_accumulator": 1.0, "my_tick": 1.0}


@exercise("5.1", "One output on paper", points=3, difficulty=2, importance=5, minutes=7)
class OneOutputByHand:
    values = POINTS
    asks = {
        "my_products": "The sum of the stored integers' products, nothing taken out.",
        "my_accumulator": "The int32 sum once zero_point is taken out and the bias is in.",
        "my_tick": "The whole number from 0 to 255 that the layer writes.",
    }
    insight = (
        "One multiplication by a real number, at the very end: everything before it was integers."
    )
    hints = (
        "Write the three products under one another, once as stored and once with 128 taken out "
        "of each x.",
        "accumulator = products − 128 × (sum of the weights) + bias. Steps of y = accumulator × "
        "x_scale × w_scale / y_scale.",
        "The steps end in one half. Round to the even number of steps, and only then add the "
        "zero_point of y, 7.",
    )

    def oracle(name):
        products = sum(x * w for x, w in zip(X_Q, W_Q, strict=True))
        centred = sum((x - X_ZERO_POINT) * w for x, w in zip(X_Q, W_Q, strict=True))
        return _from(products, centred + BIAS_Q)[name]

    within = exact()  # three whole numbers

    @misconception("Which stored integer stands for 0.0 in x, and what does it add to the sum?")
    def forgets_the_zero_point_of_x(name):
        return _from(738, 738 + BIAS_Q)[name]

    @misconception("Each x loses 128. Does that make this sum larger or smaller?")
    def adds_the_zero_point_of_x(name):
        return _from(738, 738 + X_ZERO_POINT * sum(W_Q) + BIAS_Q)[name]

    @misconception("128 is taken out of every x. By which number is it multiplied each time?")
    def takes_the_zero_point_out_once(name):
        return _from(738, 738 - X_ZERO_POINT + BIAS_Q)[name]

    @misconception("A fourth number belongs into the sum. Which one has no x beside it?")
    def forgets_the_bias(name):
        return _from(738, 738 - X_ZERO_POINT * sum(W_Q))[name]

    @misconception("Your products already have 128 taken out. What are they as stored?")
    def takes_zero_points_out_of_the_products(name):
        return _from(-30, -18)[name]

    @misconception("Those are steps from 0.0. On which tick does 0.0 stand in y?")
    def forgets_the_zero_point_of_y(name):
        return {**_from(738, -18), "my_tick": -4}[name]

    @misconception("Two whole numbers are equally near. Which of them is even, before 7 is added?")
    def rounds_the_tie_the_other_way(name):
        return {**_from(738, -18), "my_tick": 2}[name]

    @misconception("Can a UINT8 hold a half?")
    def never_rounds(name):
        return {**_from(738, -18), "my_tick": 2.5}[name]

    @misconception("That turns the sum into a real number. How many steps of y is it?")
    def forgets_the_scale_of_y(name):
        return {**_from(738, -18), "my_tick": round(-18 * X_SCALE * W_SCALE) + 7}[name]

    @misconception("Which number has no x beside it, and on which tick does a UINT8 begin?")
    def forgets_the_bias_and_the_clamp(name):
        return {**_from(738, -30), "my_tick": -1}[name]

    @misconception(
        "The bias of 12 counts steps of the sum already. Why divide it by a scale again?"
    )
    def quantizes_the_bias_again(name):
        return _from(738, -30 + round(BIAS_Q / (X_SCALE * W_SCALE)))[name]

    @misconception("A clamp before zero_point gives 0, and so does a multiplier that is turned "
                   "over. Which of them is yours?")  # fmt: skip
    def ends_at_0(name):
        return {**_from(738, -18), "my_tick": 0}[name]


def _from(products, accumulator):
    """The three values that follow from these two."""
    multiplier = Fraction(X_SCALE) * Fraction(W_SCALE) / Fraction(Y_SCALE)
    tick = round(accumulator * multiplier) + Y_ZERO_POINT  # Python rounds a half to even
    return {
        "my_products": products,
        "my_accumulator": accumulator,
        "my_tick": min(max(tick, 0), 255),
    }
