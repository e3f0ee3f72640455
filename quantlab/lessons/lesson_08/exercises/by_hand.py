"""8.1: one weight, one step of training, on paper."""

from quantlab.teach.judging.exercise import exercise, misconception
from quantlab.teach.judging.within import absolute

SCALE, LO, HI = 0.5, -2, 1
W, FAR, TARGET, RATE = 0.3, 0.9, -0.7, 0.25
NAMES = ("my_y", "my_slope", "my_gradient", "my_next", "my_next_y", "my_far_gradient")


@exercise("8.1", "One weight, one step", points=3, difficulty=2, importance=5, minutes=7)
class OneStep:
    values = dict.fromkeys(NAMES, 0.5)
    asks = {
        "my_y": "The real value of the tick that 0.3 goes to.",
        "my_slope": "The loss is (y + 0.7)². Its derivative with respect to y, at your y.",
        "my_gradient": "What straight-through hands on to the float weight behind that y.",
        "my_next": "The float weight after one step of gradient descent at rate 0.25.",
        "my_next_y": "The real value of the tick that the new weight goes to.",
        "my_far_gradient": "The same gradient for a weight of 0.9, which lies off the ruler.",
    }
    hints = (
        "Begin with the tick of 0.3 on the ruler of the steps −2 to 1. What does it read back as?",
        "The derivative of (y + 0.7)² is 2·(y + 0.7). It is handed on where the tick is "
        "on the ruler, and 0 where it is not. A step: weight − rate × gradient.",
        "y = 0.5, so the slope is 2 × (0.5 + 0.7). The new weight is 0.3 − 0.25 × that slope. "
        "The tick of 0.9 would be 2: is there one?",
    )
    insight = (
        "The loss was computed with a tick, and the step moved a float. That is the whole trick; "
        "exercise 8.2 writes its gradient for any tensor."
    )

    def oracle(name):
        return float(_read_off(name))

    # Four float32 roundings of numbers below 4, each of half a spacing: 4 × 2**-23 = 4.8e-7.
    within = absolute(1e-6)

    @misconception("Rounding is flat, so its derivative is 0. What would the weight ever learn?")
    def takes_the_true_derivative(name):
        return _read_off(name, handed_on=lambda slope, tick: 0.0)

    @misconception("The loss sees what the network computes with. Is that the float or the tick?")
    def puts_the_float_into_the_loss(name):
        return _read_off(name, seen=lambda w, y: w)

    @misconception("Which ticks does this ruler have? Is your y one of them?")
    def never_rounds(name):
        return _read_off(name, lands=lambda w: w)

    @misconception("The loss holds a plus sign. For which y is it 0?")
    def turns_the_target_over(name):
        return _read_off(name, target=-TARGET)

    @misconception("Which of the two does the step move: the float weight, or its tick?")
    def moves_the_tick(name):
        return _read_off(name, moved=lambda w, y: y)

    @misconception("The loss shall fall. Do you go along the gradient, or against it?")
    def climbs(name):
        return _read_off(name, rate=-RATE)

    @misconception("A square has a derivative with a factor in front. Which one?")
    def forgets_the_two(name):
        return _read_off(name, factor=1.0)

    @misconception("0.9 is two steps from 0, and the ruler has one. What would a push do to y?")
    def passes_off_the_ruler(name):
        return _read_off(name, handed_on=lambda slope, tick: slope)

    @misconception("A tick has a number and a real value. Which of them does the network see?")
    def counts_steps(name):
        return _read_off(name, scale=1.0)

    @misconception("The derivative that straight-through takes is 1. Where does your scale go in?")
    def divides_by_the_scale(name):
        return _read_off(name, handed_on=lambda slope, tick: _passes(slope, tick) / SCALE)

    @misconception("That is the whole gradient at once. By how much of it does a step move?")
    def forgets_the_rate(name):
        return _read_off(name, rate=1.0)


def _passes(slope, tick):
    return slope if LO <= tick <= HI else 0.0


def _read_off(
    name,
    *,
    seen=lambda w, y: y,
    handed_on=_passes,
    moved=lambda w, y: w,
    rate=RATE,
    factor=2.0,
    scale=SCALE,
    target=TARGET,
    lands=None,
):
    """The value that follows, step by step; each keyword is one place to go wrong."""

    def tick(w):
        return round(w / SCALE)

    def y(w):
        return lands(w) if lands else max(LO, min(HI, tick(w))) * scale

    def gradient(w):
        return handed_on(factor * (seen(w, y(w)) - target), tick(w))

    if name == "my_slope":
        return factor * (seen(W, y(W)) - target)
    after = moved(W, y(W)) - rate * gradient(W)
    known = {"my_y": y(W), "my_gradient": gradient(W), "my_next": after, "my_next_y": y(after)}
    return known.get(name, gradient(FAR))
