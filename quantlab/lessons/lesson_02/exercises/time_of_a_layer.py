"""Exercises 2.6 to 2.8: how long a layer must take, and what INT8 changes for a model."""

from quantlab.teach.judging.exercise import Option, exercise, group, misconception
from quantlab.teach.judging.within import each, exact, ulps


@exercise("2.6", "The slower of the two", points=3, difficulty=2, importance=5, minutes=8)
class SlowerOfTheTwo:
    answer = "roofline_time"
    hints = (
        "Work out two times: one for the operations alone, one for the bytes alone.",
        "While the units compute, the next bytes are already on their way. Then the slower of the "
        "two decides.",
        "compute = operations / ops_per_second, memory = bytes_moved / bytes_per_second; take the "
        "larger one × 1000 and say which it was.",
    )
    insight = "A bound, not a promise: you measure next how far a real kernel stays below it."
    # Even in float32, by the longest way: bytes and bandwidth are rounded, then the intensity, the
    # rate, the time and its 1000-fold (the rounding of `operations` cancels). 6 roundings of at
    # most 2^-24 of the value each; a spacing is at least as much, so 6 of them.
    within = each(milliseconds=ulps(6), bound=exact())

    def cases(rng):
        ops, bandwidth = float(rng.uniform(5e10, 5e11)), float(rng.uniform(5e9, 5e10))
        ridge = ops / bandwidth  # operations a byte at which both take equally long
        moved = [float(int(b)) for b in rng.uniform(1e5, 1e8, 4)]
        # At 1.5 to 20 times the ridge, or below it by as much, no rounding changes the bound.
        above, far = (float(r) for r in rng.uniform([1.5, 5.0], [3.0, 20.0]))
        return [
            group(
                "round numbers",
                1,
                "A time in milliseconds that you can check on paper.",
                [(3e9, 1e6, 1e11, 1e10), (2e6, 6e7, 1e11, 8e9)],
            ),
            group(
                "many operations a byte",
                1,
                'The time is never shorter than the operations need; the bound is "compute".',
                [
                    # The ridge is at a tenth of an operation a byte: fewer operations than bytes.
                    (2e6, 4e6, 1e9, 1e10),
                    (3e8, 1e6, 1e11, 1e9),
                    (ridge * above * moved[0], moved[0], ops, bandwidth),
                    (ridge * far * moved[1], moved[1], ops, bandwidth),
                ],
            ),
            group(
                "few operations a byte",
                1,
                'The time is never shorter than the bytes need; the bound is "memory".',
                [
                    # The ridge is at 12.5 operations a byte: more operations than bytes.
                    (6e7, 2e7, 1e11, 8e9),
                    (9e6, 1e6, 1e11, 8e9),
                    (ridge / above * moved[2], moved[2], ops, bandwidth),
                    (ridge / far * moved[3], moved[3], ops, bandwidth),
                ],
            ),
        ]

    def oracle(operations, bytes_moved, ops_per_second, bytes_per_second):
        # The roof itself, as in the paper: the rate that intensity × bandwidth or the peak allows.
        reachable = min(ops_per_second, operations / bytes_moved * bytes_per_second)
        bound = "compute" if reachable == ops_per_second else "memory"
        return operations / reachable * 1000, bound

    @misconception("Must the units wait until all bytes have arrived, or can both go on together?")
    def adds_the_times(*case):
        compute, memory = _times(*case)
        return compute + memory, _bound(compute, memory)

    @misconception("More operations than bytes, or fewer: does that alone say what takes longer?")
    def compares_work(*case):
        compute, memory = _times(*case)
        return max(compute, memory), _bound(case[0], case[1])

    @misconception("That is how many fit into a second. How long does one take?")
    def upside_down(*case):
        compute, memory = _times(*case)
        return 1000 / max(compute, memory), _bound(compute, memory)

    @misconception("You took the shorter time. Which one does the layer have to wait for?")
    def faster_of_the_two(*case):
        compute, memory = _times(*case)
        return min(compute, memory), _bound(memory, compute)

    @misconception("Your time never depends on the operations. What if there are very many?")
    def bytes_alone(*case):
        return _times(*case)[1], "memory"

    @misconception("Your time never depends on the bytes. What if there are very many?")
    def operations_alone(*case):
        return _times(*case)[0], "compute"

    @misconception("The rates are for each second. How many milliseconds does a second have?")
    def seconds(*case):
        compute, memory = _times(*case)
        return max(compute, memory) / 1000, _bound(compute, memory)

    @misconception("A layer that waits for its bytes is memory-bound. Which label did you give it?")
    def labels_swapped(*case):
        compute, memory = _times(*case)
        return max(compute, memory), _bound(memory, compute)

    @misconception("Does an hour's drive plus an hour's call, at once, take the average of both?")
    def average_of_the_two(*case):
        compute, memory = _times(*case)
        return (compute + memory) / 2, _bound(compute, memory)


def _times(operations, bytes_moved, ops_per_second, bytes_per_second):
    """Milliseconds for the operations alone and for the bytes alone."""
    return operations / ops_per_second * 1000, bytes_moved / bytes_per_second * 1000


def _bound(compute, memory):
    return "compute" if compute > memory else "memory"


@exercise("2.7", "A part of the model", points=3, difficulty=3, importance=5, minutes=8)
class PartOfTheModel:
    answer = "model_speedup"
    hints = (
        "Let the FP32 model take 1. How long does each part take afterwards?",
        "The new time has three parts: what stayed, what became faster, what was added. The "
        "speed-up is the old time over the new one.",
        "new = (1 - share) + share / faster + overhead; the old time was 1.",
    )
    insight = "Amdahl's law: what stays in FP32 decides. Lesson 09 looks for such layers."
    # In float32, with u = 2^-24 and s, f, o for the arguments, the new time t = (1 − s) + s/f + o
    # is off by at most u × (s and 1 − s for the rest, 3 s/f for the part, o, and 2 t for the two
    # sums), and 1/t adds one more: relative to t that is (1 + 3 s/f + o) / t + 3 roundings. With
    # s ≤ 0.9 and f ≤ 8, t is at least 0.21, so 1/t ≤ 4.8, (s/f) / t and o / t at most 1: below 12.
    # A spacing is at least u of its value, so 12 of them. Wrong answers are thousands away.
    within = ulps(12)

    def cases(rng):
        share, faster = float(rng.uniform(0.4, 0.9)), float(rng.uniform(1.5, 8.0))
        overhead = float(rng.uniform(0.03, 0.2))
        return [
            group(
                "nothing added",
                1,
                "The part that stays FP32 takes as long as before.",
                [(0.5, 4.0, 0.0), (0.8, 2.0, 0.0), (0.0, 4.0, 0.0), (share, faster, 0.0)],
            ),
            group(
                "with conversions",
                1,
                "What is added counts in full: overhead is a share of the FP32 time.",
                [(0.5, 4.0, 0.125), (0.0, 4.0, 0.1), (0.3, 6.0, 0.2), (share, faster, overhead)],
            ),
            group(
                "not faster at all",
                1,
                "The speed-up falls below 1 when the additions cost more than the INT8 part saves.",
                [(0.2, 2.0, 0.25), (share, 0.8, overhead), (0.3, 1.0, 0.1)],
            ),
        ]

    def oracle(share, faster, overhead):
        # By the clock: a model of 1000 ms, its INT8 part at `faster` times the pace.
        before = 1000.0
        after = before * (1.0 - share) + before * share / faster + before * overhead
        return before / after

    @misconception("Only a part became faster. How long does the rest take now?")
    def forgets_the_rest(share, faster, overhead):
        return 1 / (1 / faster + overhead)

    @misconception(
        "Try share = 0.5 and a part 1000 × faster: do speed-ups average, or do times add?"
    )
    def averages_speedups(share, faster, overhead):
        return 1 / (1 / ((1 - share) + share * faster) + overhead)

    @misconception("Half of the time and half of the speed-up: do speed-ups add up, or times?")
    def mean_of_speedups(share, faster, overhead):
        return (1 - share) + share * faster - overhead

    @misconception("Half of the time and half of the speed-up: do speed-ups add up, or times?")
    def mean_of_speedups_without_overhead(share, faster, overhead):
        return (1 - share) + share * faster

    @misconception("The overhead is a share of the whole FP32 time. Of what did you take it?")
    def overhead_of_the_part(share, faster, overhead):
        return 1 / ((1 - share) + share / faster + share * overhead)

    @misconception("Does INT8 also speed up the conversions around it?")
    def overhead_made_faster(share, faster, overhead):
        return 1 / ((1 - share) + (share + overhead) / faster)

    @misconception("Nothing became faster, but conversions were added. Do they take no time?")
    def no_overhead_without_a_part(share, faster, overhead):
        return 1 / ((1 - share) + share / faster + (overhead if share else 0))

    @misconception("The conversions take time too. Where did you add it?")
    def forgets_overhead(share, faster, overhead):
        return 1 / ((1 - share) + share / faster)

    @misconception("Faster is not free. How long does the INT8 part still take?")
    def part_takes_no_time(share, faster, overhead):
        return 1 / ((1 - share) + overhead)

    @misconception("That is the new time as a share of the old one. How many times faster is it?")
    def new_time_not_speedup(share, faster, overhead):
        return (1 - share) + share / faster + overhead

    @misconception("Do the conversions make the model faster or slower?")
    def overhead_saves_time(share, faster, overhead):
        return 1 / ((1 - share) + share / faster - overhead)

    @misconception("Which part becomes faster: the share, or the rest?")
    def share_and_rest_swapped(share, faster, overhead):
        return 1 / (share + (1 - share) / faster + overhead)


WHERE_TO_GAIN = {
    "a": Option(
        "A linear layer, 4096 to 1000, one image at a time.",
        "It uses each weight once, so it waits for bytes. How many bytes has an INT8 weight?",
    ),
    "b": Option(
        "A 3×3 convolution, 256 to 256 channels at 28×28.",
        "It does very many operations a byte. What do integer units that handle four times as "
        "many values at once change for it?",
    ),
    "c": Option(
        "A HardSwish that the runtime keeps in FP32, between two INT8 convolutions.",
        "It moves the same floats as before, and a DequantizeLinear before it and a "
        "QuantizeLinear after it come on top.",
        right=True,
    ),
    "d": Option(
        "A depthwise 3×3 convolution that has an INT8 kernel, 64 channels at 112×112.",
        "It does few operations a byte. If its kernel is good, what becomes of its bytes?",
    ),
}


@exercise("2.8", "Where INT8 has least to give", points=1, difficulty=2, importance=4, minutes=2)
class GainsLeast:
    answer = "gains_least"
    hints = (
        "For each layer ask two things: do fewer bytes move, and does the arithmetic change?",
        "A layer can gain from fewer bytes, from faster integer units, or from both. One of the "
        "four gains from neither.",
        "Look for the layer whose values are floats before and after: what stands around it?",
    )
    options = WHERE_TO_GAIN
    insight = "The next cell measures such a layer. Lesson 09 finds them in a whole model."
