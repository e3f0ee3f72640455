"""Exercise 2.3: how many bytes a quantized layer takes on disk.

An INT8 layer stores its weights as int8, a float32 scale and an int8 zero_point for every ruler,
and its biases as int32.
"""

from math import prod

from quantlab.numerics.size import LayerShape, size_of_layers
from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("2.3", "Bytes of an INT8 layer", points=3, difficulty=3, importance=4, minutes=8)
class BytesOfALayer:
    answer = "quantized_layer_bytes"
    hints = (
        "List what a file must hold to use the layer again: four kinds of numbers.",
        "Rulers: one for the whole weight, or one for each output channel. Each ruler has a "
        "scale (4 bytes) and a zero_point (1 byte). Biases do not depend on the rulers.",
        "`rulers = weight_shape[0] if per_channel else 1`; then add up weights × 1, rulers × "
        "(4 + 1) and output channels × 4.",
    )
    insight = "Per-channel costs 5 bytes a channel. Lesson 03 shows what they buy."
    within = exact()  # a count of bytes
    forbid = ("quantlab",)

    def cases(rng):
        out, into = int(rng.integers(12, 96)), int(rng.integers(3, 11))
        return [
            group(
                "per-tensor",
                1,
                "One ruler for the whole weight; a bias for every output channel.",
                [((8, 4, 1, 1), False), ((256, 64, 3, 5), False), ((out, into, 3, 3), False)],
            ),
            group(
                "per-channel",
                1,
                "A ruler for every output channel; a bias for every output channel.",
                [
                    ((4, 2, 1, 1), True),
                    ((256, 64, 3, 5), True),
                    ((out, into, 3, 3), True),
                    ((2 * out, into, 1, 1), True),
                ],
            ),
            group(
                "depthwise and linear",
                1,
                "The first number of the shape counts the output channels, whatever follows it.",
                [
                    ((5, 1, 3, 3), True),
                    ((300, 500), True),
                    ((300, 500), False),
                    ((out, 7 * into), True),
                    ((out, 7 * into), False),
                ],
            ),
        ]

    def oracle(weight_shape, per_channel):
        kind = "conv" if len(weight_shape) == 4 else "linear"
        layer = LayerShape("layer", kind, weight_shape)
        return size_of_layers([layer], "int8", per_channel=per_channel).total

    @misconception("Per-channel means one ruler for each output channel. How many scales is that?")
    def one_scale_although_per_channel(weight_shape, per_channel):
        return prod(weight_shape) + 5 + 4 * weight_shape[0]

    @misconception("A layer of one ruler has many output channels. How many biases does it add?")
    def one_bias_a_ruler(weight_shape, per_channel):
        rulers = weight_shape[0] if per_channel else 1
        return prod(weight_shape) + 9 * rulers

    @misconception("Per-tensor means one ruler for the whole weight. How many scales is that?")
    def always_per_channel(weight_shape, per_channel):
        return _layer_bytes(weight_shape, True)

    @misconception("Which of the two counts has more rulers, one a tensor or one a channel?")
    def rulers_swapped(weight_shape, per_channel):
        return _layer_bytes(weight_shape, not per_channel)

    @misconception("A bias is added to what comes out of the layer. How many channels are that?")
    def a_bias_for_every_input_channel(weight_shape, per_channel):
        rulers = weight_shape[0] if per_channel else 1
        return prod(weight_shape) + 5 * rulers + 4 * weight_shape[1]

    @misconception("Rulers, biases: and the weights themselves?")
    def forgets_the_weights(weight_shape, per_channel):
        return _layer_bytes(weight_shape, per_channel) - prod(weight_shape)

    @misconception("These weights are INT8. How many bytes is each of them?")
    def weights_as_fp32(weight_shape, per_channel):
        return _layer_bytes(weight_shape, per_channel) + 3 * prod(weight_shape)

    @misconception("A real number has 4 bytes as FP32. Which tensor here holds real numbers?")
    def scale_as_float16(weight_shape, per_channel):
        return _layer_bytes(weight_shape, per_channel, scale=2)

    @misconception("Biases add to sums of products, which do not fit into 8 bits. Which type does?")
    def bias_as_int8(weight_shape, per_channel):
        return _layer_bytes(weight_shape, per_channel, bias=1)

    @misconception("What else does a convolution add to each output channel?")
    def forgets_bias(weight_shape, per_channel):
        return _layer_bytes(weight_shape, per_channel, bias=0)

    @misconception("With integers alone, how would you get back to real numbers?")
    def forgets_rulers(weight_shape, per_channel):
        return _layer_bytes(weight_shape, per_channel, scale=0, zero_point=0)

    @misconception("A ruler is a spacing and the place of 0. Which of the two did you store?")
    def forgets_zero_points(weight_shape, per_channel):
        return _layer_bytes(weight_shape, per_channel, zero_point=0)

    @misconception("A zero_point is a tick of the INT8 ruler. Which type holds every such tick?")
    def zero_point_as_int32(weight_shape, per_channel):
        return _layer_bytes(weight_shape, per_channel, zero_point=4)

    @misconception("A scale is a real number. Which type is it stored as?")
    def scale_as_int8(weight_shape, per_channel):
        return _layer_bytes(weight_shape, per_channel, scale=1)

    @misconception("Which axis of the weight counts the channels that come out of the layer?")
    def rulers_along_the_input(weight_shape, per_channel):
        rulers = weight_shape[1] if per_channel else 1
        return prod(weight_shape) + 5 * rulers + 4 * weight_shape[0]


def _layer_bytes(weight_shape, per_channel, scale=4, zero_point=1, bias=4):
    """The sum with other widths for its parts: one wrong width makes one wrong answer."""
    rulers = weight_shape[0] if per_channel else 1
    return prod(weight_shape) + rulers * (scale + zero_point) + weight_shape[0] * bias
