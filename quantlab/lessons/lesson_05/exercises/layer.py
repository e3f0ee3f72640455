"""5.6: a whole convolution in integers."""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import exact


@exercise("5.6", "A layer of your own", points=4, difficulty=4, importance=5, minutes=15)
class OwnLayer:
    answer = "integer_conv"
    hints = (
        "Pad, cut windows, sum, requantize. Which integer stands for 0.0 at the border?",
        "Take x_zero_point out first: then the border is 0. np.lib.stride_tricks."
        "sliding_window_view gives the windows, [:, :, ::stride, ::stride] skips some.",
        "windows (N, C, H, W, kh, kw) and w_q (M, C, kh, kw): np.einsum('nchwij,mcij->nmhw', ...), "
        "then + bias_q[:, None, None], × multiplier[:, None, None], rint, zero_point, clamp.",
    )
    insight = (
        "These lines are a convolution of ONNX Runtime, integer by integer: run the next cell."
    )
    # Whole numbers; multipliers are powers of two, so every product is exact in float32 too.
    within = exact("uint8")

    def cases(rng):
        return [
            group(
                "no border",
                1,
                "Each output is the sum over its window, on the ruler of y.",
                [
                    LARGE,
                    _case(rng, (1, 1, 3, 5), (1, 2, 2), 9, 1, 0),
                    _case(rng, (2, 2, 4, 5), (3, 3, 2), 40, 1, 0),
                ],
            ),
            group(
                "a border",
                2,
                "The border stands for 0.0, and 0.0 in x is the integer x_zero_point.",
                [
                    _case(rng, (1, 2, 3, 4), (2, 3, 3), 100, 1, 1),
                    _case(rng, (2, 1, 4, 3), (3, 3, 3), 128, 1, 1),
                ],
            ),
            group(
                "every second window",
                1,
                "`stride` says by how many pixels the window moves on, down and to the right.",
                [
                    _case(rng, (1, 2, 5, 8), (2, 3, 3), 60, 2, 1),
                    _case(rng, (1, 3, 4, 7), (4, 1, 1), 30, 3, 0),
                ],
            ),
        ]

    def oracle(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
        # One product after the other, in Python's integers.
        (n, c, h, w), (m, _, kh, kw) = x_q.shape, w_q.shape
        out = np.zeros((n, m, (h + 2 * pad - kh) // stride + 1, (w + 2 * pad - kw) // stride + 1))
        for image, filter_, row, column in np.ndindex(*out.shape):
            total = int(bias_q[filter_])
            for channel, i, j in np.ndindex(c, kh, kw):
                at, to = row * stride + i - pad, column * stride + j - pad
                if 0 <= at < h and 0 <= to < w:
                    x = int(x_q[image, channel, at, to]) - x_zero_point
                    total += x * int(w_q[filter_, channel, i, j])
            tick = round(total * float(multiplier[filter_])) + y_zero_point
            out[image, filter_, row, column] = min(max(tick, 0), 255)
        return out.astype(np.uint8)

    @misconception("Which integer of x stands for 0.0? What does a border of 0 stand for?")
    def pads_with_the_integer_0(
        x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad
    ):
        x = _padded(x_q, pad, 0) - x_zero_point
        return _write(_sums(x, w_q, stride), bias_q, multiplier, y_zero_point)

    @misconception("A product with the integer x_zero_point must add 0. Does it in your sum?")
    def forgets_the_zero_point_of_x(
        x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad
    ):
        x = _padded(x_q, pad, 0)
        return _write(_sums(x, w_q, stride), bias_q, multiplier, y_zero_point)

    @misconception("The bias is in steps of the sum. Is it added before the multiplier or after?")
    def adds_the_bias_last(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
        x = _padded(x_q, pad, x_zero_point) - x_zero_point
        steps = np.rint(_sums(x, w_q, stride) * _column(multiplier)) + _column(bias_q)
        return _clamped(steps + y_zero_point)

    @misconception("Which argument is added to every sum of its filter, and does not stand in it?")
    def forgets_the_bias(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
        x = _padded(x_q, pad, x_zero_point) - x_zero_point
        return _write(_sums(x, w_q, stride), 0 * bias_q, multiplier, y_zero_point)

    @misconception("A convolution in a network slides the kernel as it is. Did you turn it over?")
    def turns_the_kernel_over(
        x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad
    ):
        x = _padded(x_q, pad, x_zero_point) - x_zero_point
        turned = w_q[:, :, ::-1, ::-1]
        return _write(_sums(x, turned, stride), bias_q, multiplier, y_zero_point)

    @misconception("By how many pixels does the window move on? Which argument says it?")
    def forgets_the_stride(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
        x = _padded(x_q, pad, x_zero_point) - x_zero_point
        return _write(_sums(x, w_q, 1), bias_q, multiplier, y_zero_point)

    @misconception("How wide is the border, and which argument says it?")
    def forgets_the_border(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
        x = x_q.astype(np.int64) - x_zero_point
        return _write(_sums(x, w_q, stride), bias_q, multiplier, y_zero_point)

    @misconception("Each filter has a multiplier of its own. Which one do all of yours use?")
    def one_multiplier_for_all(
        x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad
    ):
        x = _padded(x_q, pad, x_zero_point) - x_zero_point
        same = np.full_like(multiplier, multiplier[0])
        return _write(_sums(x, w_q, stride), bias_q, same, y_zero_point)

    @misconception("Where must a sum of 0 land in y? Where does your formula put it?")
    def forgets_the_zero_point_of_y(
        x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad
    ):
        x = _padded(x_q, pad, x_zero_point) - x_zero_point
        return _write(_sums(x, w_q, stride), bias_q, multiplier, 0)

    @misconception("200 − 100 fits into 8 bits. Does 20 − 100?")
    def subtracts_in_8_bits(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
        x = _padded(x_q, pad, x_zero_point).astype(np.uint8) - np.uint8(x_zero_point)
        return _write(_sums(x.astype(np.int64), w_q, stride), bias_q, multiplier, y_zero_point)

    @misconception("Nine products of 255 × 127: how many bits does their sum need?")
    def sums_in_16_bits(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
        sums = _sums(_padded(x_q, pad, x_zero_point) - x_zero_point, w_q, stride)
        return _write(sums.astype(np.int16), bias_q, multiplier, y_zero_point)

    @misconception("Your window moves on downwards. By how far does it move to the right?")
    def strides_downwards_alone(
        x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad
    ):
        sums = _sums(_padded(x_q, pad, x_zero_point) - x_zero_point, w_q, 1)
        return _write(sums[:, :, ::stride], bias_q, multiplier, y_zero_point)

    @misconception(
        "All of the border lies below and to the right. On how many sides does it belong?"
    )
    def pads_on_two_sides(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
        x = np.pad(
            x_q.astype(np.int64) - x_zero_point, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad))
        )
        return _write(_sums(x, w_q, stride), bias_q, multiplier, y_zero_point)

    @misconception("On a tie you go away from 0. Which neighbour does np.rint(2.5) choose?")
    def rounds_half_away_from_zero(
        x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad
    ):
        sums = _sums(_padded(x_q, pad, x_zero_point) - x_zero_point, w_q, stride)
        steps = (sums + _column(bias_q)) * _column(multiplier)
        return _clamped(np.copysign(np.floor(np.abs(steps) + 0.5), steps) + y_zero_point)

    @misconception("Half-way between two ticks, which number of steps is even, before zero_point?")
    def adds_zero_point_before_rounding(
        x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad
    ):
        x = _padded(x_q, pad, x_zero_point) - x_zero_point
        acc = _sums(x, w_q, stride) + _column(bias_q)
        return _clamped(np.rint(acc * _column(multiplier) + y_zero_point))


#: Sums of 291,465, far beyond 16 bits.
LARGE = (
    np.full((1, 1, 3, 4), 255, np.uint8),
    0,
    np.full((1, 1, 3, 3), 127, np.int8),
    np.array([-80_000], np.int32),
    np.array([2.0**-11], np.float32),
    101,
    1,
    0,
)


def _padded(x_q, pad, value):
    wide = x_q.astype(np.int64)
    return np.pad(wide, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=value)


def _sums(x, w_q, stride):
    """Sums of windows: one shifted picture for each place in the kernel."""
    kh, kw = w_q.shape[2:]
    rows, columns = x.shape[2] - kh + 1, x.shape[3] - kw + 1
    total = 0
    for i, j in np.ndindex(kh, kw):
        seen = x[:, :, i : i + rows : stride, j : j + columns : stride]
        total = total + np.einsum("nchw,mc->nmhw", seen, w_q[:, :, i, j].astype(np.int64))
    return total


def _column(values):
    return values.astype(np.float64)[:, None, None]


def _write(sums, bias_q, multiplier, y_zero_point):
    steps = (sums + _column(bias_q)) * _column(multiplier)
    return _clamped(np.rint(steps) + y_zero_point)


def _clamped(ticks):
    return np.clip(ticks, 0, 255).astype(np.uint8)


def _case(rng, x_shape, filters, x_zero_point, stride, pad):
    """A layer whose sums lie on its ruler, with ties among them: y has an odd zero_point."""
    m, kh, kw = filters
    x_q = rng.integers(0, 256, x_shape).astype(np.uint8)
    w_q = rng.integers(-6, 7, (m, x_shape[1], kh, kw)).astype(np.int8)
    x_q[0, 0, -1, -1], x_q[0, 0, -1, -2], w_q[0, 0, 0, 0] = 0, 255, 5
    # The first window of the last picture holds zeros: its outputs are the biases alone.
    x_q[-1, :, : kh - pad, : kw - pad] = x_zero_point
    x_q[0, 0, 1, 2:4] = 255
    # Every second sum of the first filter is a half: an even sum over 4, its bias 2 away from it.
    w_q[0] += w_q[0] % 2
    bias_q = rng.integers(-40, 41, m).astype(np.int32) * 2 + 64
    bias_q[0] = 66  # 16.5 steps there, a tie
    multiplier = np.array([0.25, 0.125, 0.0625, 0.125], np.float32)[:m]
    if m > 1:
        # The last filter leaves the ruler at both ends: on zeros, and on the bright pixels.
        w_q[-1], bias_q[-1] = 0, -3000
        w_q[-1, 0, 0, 0] = 127
    if m > 3:
        bias_q[0], multiplier[0] = 2177, 2.0**-8  # 8.504 steps, and a tie in a type of few digits
    return x_q, x_zero_point, w_q, bias_q, multiplier, 101, stride, pad
