"""1.8: the ruler of a range for any number of bits, signed or not."""

from quantlab.lessons.lesson_01.exercises.common import (
    FROM_SCRATCH,
    as_numbers,
    distance_to_tie,
    number,
)
from quantlab.numerics import choose_qparams
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import each, exact, ulps


@exercise("1.8", "More ticks, fewer ticks", points=3, difficulty=3, importance=4, minutes=5)
class AnyNumberOfTicks:
    answer = "ruler"
    forbid = FROM_SCRATCH
    hints = (
        "Put 8 bits, unsigned, in first: your answer must agree with 1.2. Then look at tick qmin.",
        "There are 2**bits ticks. The lowest one is qmin: 0 when unsigned, −2**(bits−1) when "
        "signed. It stands at lo.",
        "steps = 2**bits - 1; qmin = -(2**(bits - 1)) if signed else 0; zero_point = "
        "round(qmin - lo / scale).",
    )
    insight = "Half the bits leave a sixteenth of the ticks. Lesson 06 works with 4, 3 and 2 bits."
    # As in 1.2. zero_point: 4 roundings of 2^-24 on at most 65535 steps are 0.016 ticks; the cases
    # stay 0.1 ticks away from ties.
    within = each(scale=ulps(4), zero_point=exact())

    def cases(rng):
        return [
            group(
                "4 bits",
                1,
                "The lowest of the 16 ticks stands at lo, the highest at hi (to half a step).",
                # Zero lies 4.3 and 4.9 steps above the lower end.
                [
                    (-1.2, 3.0, 4, False),
                    (-1.2, 3.0, 4, True),
                    (-1.1, 2.3, 4, False),
                    (-1.1, 2.3, 4, True),
                    (*_range(rng, 4), 4, True),
                ],
            ),
            group(
                "8 bits",
                1,
                "Unsigned as in 1.2; signed, the lowest tick is −128, and it stands at lo.",
                # Here 38.9 and 44.3.
                [
                    (-0.9, 5.0, 8, False),
                    (-0.9, 5.0, 8, True),
                    (-0.4, 1.9, 8, False),
                    (-0.4, 1.9, 8, True),
                    (*_range(rng, 8), 8, True),
                ],
            ),
            group(
                "16 bits",
                1,
                "The lowest of the 65536 ticks stands at lo, the highest at hi (to half a step).",
                # Here 42280.6, 49151.25 and 6779.5: beyond and below what an int16 can hold.
                [
                    (-2.0, 1.1, 16, False),
                    (-3.0, 1.0, 16, False),
                    (-3.0, 1.0, 16, True),
                    (-0.3, 2.5, 16, True),
                    (*_range(rng, 16), 16, False),
                    (*_range(rng, 16), 16, True),
                ],
            ),
        ]

    def oracle(lo, hi, bits, signed):
        qp = choose_qparams(lo, hi, dtype=f"{'' if signed else 'u'}int{bits}")
        return float(qp.scale), int(qp.zero_point)

    def observe(args, got):
        lo, hi, bits, signed = args
        if (seen := as_numbers(got, 2)) is None:
            return ""
        scale, zero_point = seen
        qmin, qmax = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        return (
            f"For [{number(lo)}, {number(hi)}] in {'' if signed else 'U'}INT{bits} your scale is "
            f"{number(scale)} and your zero_point {_whole(zero_point)}: tick {_whole(qmin)} stands "
            f"at {number(scale * (qmin - zero_point))} and tick {_whole(qmax)} at "
            f"{number(scale * (qmax - zero_point))}."
        )

    @misconception("255 steps belong to 8 bits. How many lie between the ticks of 4 bits?")
    def always_255_steps(lo, hi, bits, signed):
        scale = (hi - lo) / 255
        return scale, round(_qmin(bits, signed) - lo / scale)

    @misconception("That is the number of ticks. How many steps lie between them?")
    def counts_levels(lo, hi, bits, signed):
        scale = (hi - lo) / 2**bits
        return scale, round(_qmin(bits, signed) - lo / scale)

    @misconception("Which is the lowest tick of a signed type? Where must it stand?")
    def forgets_qmin(lo, hi, bits, signed):
        scale = (hi - lo) / (2**bits - 1)
        return scale, round(-lo / scale)

    @misconception("Which of signed and unsigned can say −1? Did the two change places?")
    def swaps_signed_and_unsigned(lo, hi, bits, signed):
        scale = (hi - lo) / (2**bits - 1)
        return scale, round(_qmin(bits, not signed) - lo / scale)

    @misconception("Put q = qmin into scale × (q − zero_point). Does lo come out?")
    def zero_point_has_wrong_sign(lo, hi, bits, signed):
        scale = (hi - lo) / (2**bits - 1)
        return scale, round(_qmin(bits, signed) + lo / scale)

    @misconception("Half of the ticks are below 0. Does [lo, hi] use only the other half?")
    def half_the_steps_when_signed(lo, hi, bits, signed):
        scale = (hi - lo) / (2 ** (bits - 1) - 1 if signed else 2**bits - 1)
        return scale, round(_qmin(bits, signed) - lo / scale)

    @misconception("zero_point reaches 65535 here. Which type holds less than that?")
    def zero_point_in_int16(lo, hi, bits, signed):
        scale = (hi - lo) / (2**bits - 1)
        zero_point = round(_qmin(bits, signed) - lo / scale)
        return scale, (zero_point + 2**15) % 2**16 - 2**15

    @misconception("Which tick is nearest to 38.9 steps? Did you round, or cut the decimals?")
    def truncates_zero_point(lo, hi, bits, signed):
        scale = (hi - lo) / (2**bits - 1)
        return scale, int(-lo / scale) + _qmin(bits, signed)

    @misconception("Can 0.0 stand on a tick when the zero_point is no integer?")
    def leaves_zero_point_unrounded(lo, hi, bits, signed):
        scale = (hi - lo) / (2**bits - 1)
        return scale, _qmin(bits, signed) - lo / scale

    @misconception("A symmetric ruler has its zero_point at 0. Does this range lie evenly on it?")
    def symmetric_when_signed(lo, hi, bits, signed):
        if signed:
            return max(-lo, hi) / (2 ** (bits - 1) - 1), 0
        scale = (hi - lo) / (2**bits - 1)
        return scale, round(-lo / scale)

    @misconception("−128 is the lowest tick of 8 bits. Which is it for 4, and for 16?")
    def always_minus_128(lo, hi, bits, signed):
        scale = (hi - lo) / (2**bits - 1)
        return scale, round((-128 if signed else 0) - lo / scale)

    @misconception("How many ticks do 3 bits have? Is that 3 × 3, or 2 × 2 × 2?")
    def squares_the_bits(lo, hi, bits, signed):
        scale = (hi - lo) / (bits**2 - 1)
        return scale, round((-(bits**2) // 2 if signed else 0) - lo / scale)

    @misconception("In Python `2 ^ 8` is 10. Which operator takes a power?")
    def uses_xor_for_power(lo, hi, bits, signed):
        scale = (hi - lo) / ((2 ^ bits) - 1)
        return scale, round((-(2 ^ (bits - 1)) if signed else 0) - lo / scale)


def _whole(value):
    """A tick, with all its digits."""
    return f"{value:.7g}".replace("-", "−")


def _qmin(bits, signed):
    return -(2 ** (bits - 1)) if signed else 0


def _range(rng, bits):
    """A range with both signs, clear of zero_point ties for this number of bits."""
    while True:
        lo = -round(float(rng.uniform(0.3, 4.0)), 2)
        hi = round(float(rng.uniform(0.3, 4.0)), 2)
        if hi != -lo and distance_to_tie(-lo * (2**bits - 1) / (hi - lo)) > 0.1:
            return lo, hi
