"""6.4 and 6.5: the mean that rounding moved, from the weights alone and from data."""

import numpy as np

from quantlab.teach.judging.exercise import exercise, group, misconception
from quantlab.teach.judging.within import absolute

HALF_SPACING = 2.0**-24  # what one rounding to float32 may change, as a share of the value


def _of_the_sum(weight, rounded, mean_input):
    """Two sums of n products, and their difference: n + 2 roundings of the sum of all sizes."""
    sizes = (np.abs(rounded) + np.abs(weight)) * np.abs(mean_input).reshape(1, -1, 1, 1)
    terms = weight[0].size
    return absolute(float(sizes.sum(axis=(1, 2, 3)).max()) * (terms + 2) * HALF_SPACING)


@exercise("6.4", "What rounding adds", points=3, difficulty=3, importance=4, minutes=10)
class WhatRoundingAdds:
    answer = "mean_shift"
    hints = (
        "Take exercise 6.3: what did each of the three weights add to the mean, once rounded?",
        "Every weight adds its error times the mean of the input channel that it reads. One output "
        "channel is the sum over input channels and kernel places.",
        "Multiply (rounded - weight) by mean_input.reshape(1, -1, 1, 1), then sum over axes 1, 2 "
        "and 3.",
    )
    insight = (
        "This is analytic bias correction: no data, only what BatchNorm knew of the means. "
        "Take the shift out of the bias and the mean is back."
    )
    within = _of_the_sum
    forbid = ("quantlab",)

    def cases(rng):
        fixed = np.random.default_rng(64)
        return [
            group(
                "1×1 kernels",
                1,
                "The mean of each output channel with rounded weights, minus the one without.",
                [_rounded(fixed, (2, 3, 1, 1)), _rounded(rng, (4, 2, 1, 1))],
            ),
            group(
                "larger kernels",
                1,
                "Every place of the kernel reads a value, and its error counts.",
                [_rounded(fixed, (2, 3, 3, 1)), _rounded(fixed, (3, 3, 2, 3)),
                 _rounded(rng, (5, 4, 3, 2))],
            ),
            group(
                "inputs on both sides of 0",
                1,
                "A mean may be negative: errors add up or cancel, each with its sign.",
                [_rounded(fixed, (3, 4, 1, 2), sign=-1), _rounded(rng, (2, 5, 2, 1), sign=-1)],
            ),
        ]  # fmt: skip

    def oracle(weight, rounded, mean_input):
        # A convolution over a picture that is its mean everywhere, as the float layer sees it.
        kernel = weight.shape[2:]
        flat = np.broadcast_to(
            mean_input.astype(np.float64).reshape(1, -1, 1, 1), (1, len(mean_input), *kernel)
        )
        import torch  # late: `quantlab status` reads every exercise

        picture = torch.from_numpy(flat.copy())
        after, before = (
            torch.nn.functional.conv2d(picture, torch.from_numpy(w.astype(np.float64)))
            for w in (rounded, weight)
        )
        return (after - before).flatten().numpy()

    @misconception("After minus before, or before minus after: which way did the mean move?")
    def wrong_sign(weight, rounded, mean_input):
        return -_shift(weight, rounded, mean_input)

    @misconception("An error at an input of mean 10 moves the sum more than one at 0.1. Where is "
                   "the mean in your sum?")  # fmt: skip
    def forgets_the_inputs(weight, rounded, mean_input):
        return (rounded - weight).sum(axis=(1, 2, 3))

    @misconception("A layer adds its products. By what did you divide?")
    def mean_for_sum(weight, rounded, mean_input):
        return _shift(weight, rounded, mean_input) / weight[0].size

    @misconception("Do errors of +0.4 and −0.4 at equal inputs move the mean at all?")
    def adds_sizes(weight, rounded, mean_input):
        return _shift(0 * weight, np.abs(rounded - weight), mean_input)

    @misconception("Each input channel has a mean of its own. Did you use one for all?")
    def one_mean_for_all(weight, rounded, mean_input):
        return _shift(weight, rounded, np.full_like(mean_input, mean_input.mean()))

    @misconception("A kernel of 3×3 reads nine values of a channel. How many errors did you count?")
    def one_place_of_the_kernel(weight, rounded, mean_input):
        return _shift(weight[:, :, :1, :1], rounded[:, :, :1, :1], mean_input)

    @misconception("A convolution adds over its input channels. Over what did you take a mean?")
    def averages_the_input_channels(weight, rounded, mean_input):
        return _shift(weight, rounded, mean_input) / len(mean_input)

    @misconception("A convolution adds over the places of its kernel. Did you take their mean?")
    def averages_the_kernel(weight, rounded, mean_input):
        return _shift(weight, rounded, mean_input) / weight[0, 0].size

    @misconception(
        "You round the weights yourself. Which argument says what the integers stand for?"
    )
    def rounds_the_weights_itself(weight, rounded, mean_input):
        return _shift(weight, np.rint(weight), mean_input)

    @misconception("All output channels get the same number. Whose errors does each of them add?")
    def one_sum_for_all(weight, rounded, mean_input):
        return np.full(len(weight), _shift(weight, rounded, mean_input).sum())

    @misconception("An input below 0 has a mean below 0. Which way does its error move the sum?")
    def loses_the_sign_of_the_inputs(weight, rounded, mean_input):
        return _shift(weight, rounded, np.abs(mean_input))

    @misconception("The bias of a channel is one number. Is it the whole output, or what changed?")
    def whole_output(weight, rounded, mean_input):
        return _shift(0 * weight, rounded, mean_input)

    @misconception(
        "Which of the two weights runs on the device, and which one do you compare with?"
    )
    def error_of_the_float_layer(weight, rounded, mean_input):
        return _shift(weight, 0 * rounded, mean_input)


def _shift(weight, rounded, mean_input):
    return ((rounded - weight) * mean_input.reshape(1, -1, 1, 1)).sum(axis=(1, 2, 3))


def _rounded(rng, shape, sign=1):
    """A weight, the same on a coarse ruler, and input means; `sign` -1 mixes their signs."""
    weight = rng.normal(size=shape).astype(np.float32)
    rounded = (np.rint(weight / 0.5) * 0.5).astype(np.float32)
    means = rng.uniform(0.5, 4.0, shape[1])
    means[1::2] *= sign
    return weight, rounded, means.astype(np.float32)


def _of_the_means(bias, floating, quantized):
    """Two sums of n values, two divisions, a difference and a sum: n + 4 roundings of the sizes."""
    n = floating[:, 0].size
    sizes = np.abs(floating).mean(axis=(0, 2, 3)) + np.abs(quantized).mean(axis=(0, 2, 3))
    return absolute(float((sizes + np.abs(bias)).max()) * (n + 4) * HALF_SPACING)


@exercise("6.5", "One line of bias correction", points=3, difficulty=2, importance=5, minutes=8)
class OneLineOfBiasCorrection:
    answer = "corrected_bias"
    hints = (
        "You have the outputs of both layers for the same pictures. What should be equal?",
        "The mean of each channel over pictures and places should be that of the float layer. A "
        "bias adds the same number to every place of a channel.",
        "bias plus floating.mean over axes 0, 2 and 3, minus quantized.mean over the same axes.",
    )
    insight = "This line, layer after layer, is what lifted 3 bits in the first cell."
    within = _of_the_means
    forbid = ("quantlab",)

    def cases(rng):
        fixed = np.random.default_rng(65)
        return [
            group(
                "one picture",
                1,
                "With the new bias, each channel has the mean of the float layer's channel.",
                [_outputs(fixed, (1, 2, 1, 3)), _outputs(rng, (1, 3, 2, 5))],
            ),
            group(
                "several pictures",
                1,
                "The mean goes over all pictures and all places of a channel.",
                [_outputs(fixed, (3, 2, 2, 4)), _outputs(fixed, (3, 3, 3, 3)),
                 _outputs(rng, (4, 5, 3, 2))],
            ),
            group(
                "shifts of both signs",
                1,
                "A channel may have gained or lost; its bias moves the other way.",
                [_outputs(fixed, (2, 4, 3, 1), both=True), _outputs(rng, (3, 4, 1, 2), both=True)],
            ),
        ]  # fmt: skip

    def oracle(bias, floating, quantized):
        import torch

        gap = torch.from_numpy(floating).double() - torch.from_numpy(quantized).double()
        per_channel = gap.transpose(0, 1).flatten(1)
        return bias.astype(np.float64) + (per_channel.sum(1) / per_channel.shape[1]).numpy()

    @misconception("A channel came out too small. Does its bias have to grow or to shrink?")
    def wrong_sign(bias, floating, quantized):
        return bias - _gap(floating, quantized)

    @misconception("The layer had a bias already. Is yours added to it, or put in its place?")
    def forgets_the_bias(bias, floating, quantized):
        return _gap(floating, quantized)

    @misconception("Did every channel lose the same? Over which axes must a mean not go?")
    def one_shift_for_all(bias, floating, quantized):
        return bias + (floating - quantized).mean()

    @misconception("A channel that is too large and one that is too small: do both need a push up?")
    def adds_sizes(bias, floating, quantized):
        return bias + np.abs(floating - quantized).mean(axis=(0, 2, 3))

    @misconception("A bias is added at every place. Is the sum over places the shift of one?")
    def sum_for_mean(bias, floating, quantized):
        return bias + (floating - quantized).sum(axis=(0, 2, 3))

    @misconception("A mean over pictures, a sum over places. What is the shift of one place?")
    def sums_the_places(bias, floating, quantized):
        return bias + (floating - quantized).sum(axis=(2, 3)).mean(axis=0)

    @misconception("A bias is added, it multiplies nothing. What does a ratio of means mend?")
    def scales_the_bias(bias, floating, quantized):
        return bias * floating.mean(axis=(0, 2, 3)) / quantized.mean(axis=(0, 2, 3))

    @misconception("The outputs hold the bias already. Is it to be taken out of them?")
    def takes_the_bias_out(bias, floating, quantized):
        return _gap(floating, quantized) - bias

    @misconception("You looked at one picture. What do the others say?")
    def first_picture_only(bias, floating, quantized):
        return bias + _gap(floating[:1], quantized[:1])

    @misconception("Does half of the shift bring the mean all the way back?")
    def half_of_the_shift(bias, floating, quantized):
        return bias + _gap(floating, quantized) / 2

    @misconception("Which is the middle that a constant can move exactly, the mean or the median?")
    def median_for_mean(bias, floating, quantized):
        return bias + np.median(floating - quantized, axis=(0, 2, 3))

    @misconception("That moves the mean to 0. Which mean did the float layer have?")
    def removes_the_mean(bias, floating, quantized):
        return bias - quantized.mean(axis=(0, 2, 3))


def _gap(floating, quantized):
    return (floating - quantized).mean(axis=(0, 2, 3))


def _outputs(rng, shape, both=False):
    """A bias and the outputs of a float and a quantized layer, whose channels have moved."""
    bias = rng.uniform(0.5, 2.0, shape[1]).astype(np.float32)
    floating = rng.normal(1.0, 1.0, shape).astype(np.float32)
    moved = rng.uniform(0.5, 2.0, shape[1])
    if both:
        moved[::2] *= -1
    noise = rng.exponential(0.3, shape)  # lopsided, so that median and mean differ
    return bias, floating, (floating - moved.reshape(1, -1, 1, 1) + noise).astype(np.float32)
