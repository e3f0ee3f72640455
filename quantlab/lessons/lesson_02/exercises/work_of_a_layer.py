"""Exercise 2.5: what a layer does, and how many bytes it moves for that.

One multiply-accumulate counts as 2 operations, a multiplication and an addition, as in the roofline
model of Williams, Waterman and Patterson (2009).
"""

from math import prod

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import each, exact, ulps


@exercise("2.5", "The work of a convolution", points=3, difficulty=3, importance=4, minutes=10)
class WorkOfAConvolution:
    answer = "conv_work"
    hints = (
        "Take one output value. How many weights does it meet, and how many outputs are there?",
        "Every weight is used once for each output position. The bytes are three tensors: input, "
        "weight, output. Only the input needs `groups`.",
        "operations = 2 × all weights × height × width; input channels = weight_shape[1] × groups; "
        "intensity = operations / bytes_moved.",
    )
    insight = "Intensity tells what a layer waits for. Exercise 2.6 turns it into time."
    # Two counts are exact. The intensity is one division of exact integers; done in float32 it has
    # three roundings of half a spacing, and spacings may differ by 2: at most 3 of them.
    within = each(operations=exact(), bytes_moved=exact(), intensity=ulps(3))

    def cases(rng):
        out, into = int(rng.integers(6, 48)), int(rng.integers(3, 24))
        height, width = int(rng.integers(7, 40)), int(rng.integers(41, 60))
        return [
            group(
                "an ordinary convolution",
                1,
                "Every weight is used once for each output position, and three tensors move.",
                [
                    ((2, 1, 3, 3), 1, 4, 5, 1),
                    ((4, 3, 3, 5), 1, 6, 7, 2),
                    ((512, 512, 3, 3), 1, 56, 112, 4),  # operations beyond an int32
                    ((out, into, 3, 3), 1, height, width, 4),
                ],
            ),
            group(
                "a 1×1 convolution",
                1,
                "Input, weight and output all move, each value as bytes_per_value bytes.",
                [
                    ((6, 5, 1, 1), 1, 8, 3, 4),
                    *(((out, into, 1, 1), 1, height, width, b) for b in (4, 1)),
                ],
            ),
            group(
                "depthwise and grouped",
                1,
                "With `groups` groups the input has weight_shape[1] × groups channels.",
                [
                    ((8, 1, 5, 3), 8, 6, 7, 2),
                    ((12, 4, 3, 1), 3, 5, 9, 4),
                    *(((out, 1, 3, 3), out, height, width, b) for b in (4, 1)),
                ],
            ),
        ]

    def oracle(weight_shape, groups, height, width, bytes_per_value):
        # From the output's side: each output value is a dot product over one group's patch.
        out, into, tall, broad = weight_shape
        outputs = out * height * width
        inputs = into * groups * height * width
        operations = outputs * (into * tall * broad) * 2
        bytes_moved = (inputs + out * into * tall * broad + outputs) * bytes_per_value
        return operations, bytes_moved, operations / bytes_moved

    def observe(args, got):
        (out, into, tall, broad), groups, height, width, bytes_per_value = args
        said = WorkOfAConvolution.within(got, WorkOfAConvolution.oracle(*args))
        return (
            f"A {tall}×{broad} convolution, {into * groups} channels to {out} in {groups} "
            f"group{'s' * (groups > 1)}, at {height}×{width}, {bytes_per_value} "
            f"byte{'s' * (bytes_per_value > 1)} a value: {said[:1].lower() + said[1:]}"
        )

    @misconception("A multiply-accumulate is a multiplication and an addition. How many is that?")
    def macs_as_operations(*case):
        return _work(*case, per_mac=1)

    @misconception("Input and output move. What else must reach the arithmetic units?")
    def forgets_weight_bytes(*case):
        return _work(*case, moves=(1, 0, 1))

    @misconception("The layer's results have to be written somewhere. Did you count them?")
    def forgets_output_bytes(*case):
        return _work(*case, moves=(1, 1, 0))

    @misconception("Where do the values come from that the weights are multiplied with?")
    def forgets_input_bytes(*case):
        return _work(*case, moves=(0, 1, 1))

    @misconception("weight_shape[1] counts the channels of one group. How many groups are there?")
    def input_of_one_group(weight_shape, groups, *case):
        return _work(weight_shape, 1, *case, macs_shape=weight_shape)

    @misconception("Is every kernel as high as it is wide? Which number did you use twice?")
    def square_kernel(weight_shape, groups, *case):
        out, into, tall, _ = weight_shape
        return _work((out, into, tall, tall), groups, *case)

    @misconception("The integers overflow: which type holds 30 billion operations?")
    def operations_in_int32(*case):
        operations, bytes_moved, _ = _work(*case)
        kept = (operations + 2**31) % 2**32 - 2**31
        return kept, bytes_moved, kept / bytes_moved

    @misconception("Which tensor has the input's channels, and which one the output's?")
    def output_with_the_input_channels(weight_shape, groups, height, width, bytes_per_value):
        operations, _, _ = _work(weight_shape, groups, height, width, bytes_per_value)
        inputs = weight_shape[1] * groups * height * width
        bytes_moved = (2 * inputs + prod(weight_shape)) * bytes_per_value
        return operations, bytes_moved, operations / bytes_moved

    @misconception("Intensity counts operations for each **byte**. What did you divide by?")
    def operations_a_value(weight_shape, groups, height, width, bytes_per_value):
        operations, bytes_moved, intensity = _work(
            weight_shape, groups, height, width, bytes_per_value
        )
        return operations, bytes_moved, intensity * bytes_per_value

    @misconception("An output value of a 3×3 kernel looks at how many input positions?")
    def forgets_the_kernel(weight_shape, groups, *case):
        return _work(weight_shape, groups, *case, macs_shape=weight_shape[:2])

    @misconception("The kernel slides. How many positions does it stop at?")
    def one_position(weight_shape, groups, height, width, bytes_per_value):
        _, bytes_moved, _ = _work(weight_shape, groups, height, width, bytes_per_value)
        operations = 2 * prod(weight_shape)
        return operations, bytes_moved, operations / bytes_moved

    @misconception("Does every output channel see every input channel of a grouped convolution?")
    def every_channel_sees_all(weight_shape, groups, *case):
        return _work(weight_shape, groups, *case, macs_shape=(*weight_shape, groups))

    @misconception("You counted values. How many bytes does each of them take?")
    def counts_values(weight_shape, groups, height, width, bytes_per_value):
        return _work(weight_shape, groups, height, width, 1)

    @misconception("Intensity is operations for each byte. Which of the two goes on top?")
    def intensity_upside_down(*case):
        operations, bytes_moved, intensity = _work(*case)
        return operations, bytes_moved, 1 / intensity


def _work(
    weight_shape,
    groups,
    height,
    width,
    bytes_per_value,
    per_mac=2,
    moves=(1, 1, 1),
    macs_shape=None,
):
    """The work with one part changed; `moves` says which of input, weight, output are counted."""
    positions = height * width
    operations = per_mac * prod(macs_shape or weight_shape) * positions
    values = (weight_shape[1] * groups * positions, prod(weight_shape), weight_shape[0] * positions)
    bytes_moved = sum(m * v for m, v in zip(moves, values, strict=True)) * bytes_per_value
    return operations, bytes_moved, operations / bytes_moved
