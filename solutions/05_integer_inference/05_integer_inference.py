# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% facts
import numpy as np

from quantlab.lessons.catalogue import find, of_lesson, terms_of_lesson
from quantlab.lessons.lesson_05.exercises import by_hand
from quantlab.lessons.lesson_05.material.saturating import kept_cost
from quantlab.numerics import QParams
from quantlab.numerics.ops import requantize
from quantlab.teach.glossary import glossary_table
from quantlab.teach.plans.trial import SIMULATED_CROPS

reading_minutes = 13
looking_minutes = 4  # the explorer and the quiz
practice_minutes = sum(e.minutes for e in of_lesson(5))
minutes = reading_minutes + looking_minutes + practice_minutes
tasks = len(of_lesson(5))
points = f"{sum(e.points for e in of_lesson(5)):g}"


def whole(value):
    """An integer for prose, with separators and a true minus sign."""
    return f"{value:,}".replace("-", "−")


# By hand: three taps.
hand_x, hand_w = (10, 14), (3, -2)
hand_zero, hand_bias = 12, 5
hand_stored = sum(x * w for x, w in zip(hand_x, hand_w, strict=True))
hand_part = -hand_zero * sum(hand_w)
hand_acc = hand_stored + hand_part + hand_bias
hand_multiplier = 0.5
hand_steps = hand_acc * hand_multiplier
hand_tick = round(hand_steps) + 3
assert (hand_stored, hand_part, hand_acc, hand_steps, hand_tick) == (2, -12, -5, -2.5, 1)

# What the exercises print.
task_x = ", ".join(str(x) for x in by_hand.X_Q)
task_w = ", ".join(whole(w) for w in by_hand.W_Q)
choice = "\n".join(f'- `"{k}"` {o.text}' for k, o in find("5.7").options.items())

# One tie in two contracts: 5 half steps on a ruler with an odd zero_point.
half, one = QParams(0.5, 0, "uint8"), QParams(1.0, 0, "int8")
unit = QParams(1.0, 7, "uint8")
tie_onnx = int(requantize([5], half, one, unit)[0])
tie_tflite = int(requantize([5], half, one, unit, contract="tflite")[0])

worst_product = 255 * 127
worst_pair = 2 * worst_product
top = np.iinfo(np.int16).max
kept = kept_cost()
lost_points = f"{kept['mAP']['exact'] - kept['mAP']['saturating']:.1f}"

# %% [markdown] spine="promise"
# # Lesson 05 · Integer inference
#
# So far the integers were a way to store numbers, and the arithmetic was done on floats. A runtime
# does something else: it computes a layer on the integers themselves. This lesson opens that
# layer, and you write one.
#
# **After this lesson you can**
#
# - compute an output of a convolution from its stored integers, with paper or with numpy;
# - say what a zero_point adds to a sum, and when it is taken out;
# - turn an int32 sum into an 8-bit output, with the same integers as ONNX Runtime;
# - follow one output through every number between its products and its tick;
# - tell apart the two reasons why runtimes disagree: contracts, by 1, and saturation, by a lot.
#
# **Time:** about {{minutes}} minutes: {{reading_minutes}} to read, {{looking_minutes}} for the
# explorer and the quiz, {{practice_minutes}} for {{tasks}} exercises worth {{points}} points.
# **Needs:** lesson 01 (scale, zero_point, ties) and lesson 03 (a scale for each output
# channel, and plans).
# No GPU, no download.

# %%
import numpy as np

import quantlab as ql
from quantlab.learn import check, hint, predict, quiz, reveal, solution

# %% demo
from quantlab.lessons.lesson_05 import (
    compare_contracts,
    compare_layers,
    compare_sessions,
    convolutions,
    cost_table,
    explore_accumulator,
    numpy_layer,
    one_scene,
    quantized_classifier,
    quantized_detector,
    seen_in_openvino,
    worst_layers,
)

# %% [markdown] spine="measure"
# ## Measure the problem first
#
# Here is the classifier that comes with the course, quantized to INT8, and 32 pictures. ONNX
# Runtime runs it and hands out the integers behind each of its convolutions. Beside it stands
# `ops.conv` of `quantlab`, which is numpy and knows no runtime.
#
# Say what you expect before you measure it: a click keeps it. Then run the cell that measures. It
# takes a few seconds, mostly to quantize.

# %% demo
predict("5.a")

# %% demo
model, pictures = quantized_classifier()
layers = convolutions(model, pictures)
beside_numpy = compare_layers(layers, numpy_layer)
beside_numpy

# %% demo
reveal("5.a", 1000 * beside_numpy.differ / beside_numpy.values)

# %% [markdown]
# Not one of millions. A float network cannot say that of itself: two libraries that sum floats in
# another order differ in the last digits, everywhere. Integers have no last digits to lose.
#
# So a quantized layer is no approximation of something that the runtime keeps to itself. It is a
# piece of arithmetic that you can write down, and it takes ten lines. You will write them, and this
# table will come back with your function in it.
#
# (The session was opened with `exact=True`. What that means, and what happens without it, is the
# second half of this lesson.)

# %% [markdown] spine="idea"
# ## The idea: one sum, one multiplication
#
# A convolution multiplies and adds. Each activation is `x_scale × (x_q − zx)` and each weight is
# `w_scale × w_q`: weights are symmetric, so they have no zero_point to take out. Put both into one
# output and draw the scales to the front:
#
# ```text
# real output  =  x_scale · w_scale · accumulator
# accumulator  =  Σ (x_q − zx) · w_q  +  bias_q
# ```
#
# The second line holds integers alone. Its sum is the **accumulator**, and a runtime keeps it in
# 32 bits. The output wants to be an integer too, on the ruler of `y`. So divide by `y_scale`,
# round, and add `zy`:
#
# > **`y_q = clamp( round( accumulator × multiplier ) + zy )`**, with
# > **`multiplier = x_scale × w_scale / y_scale`**
#
# That is **integer inference**: a sum of integers, then one multiplication by one real number. The
# second step is called **requantization**.
#
# Here it is for one output of the first layer: filter 22, row 10, column 12 of the first picture.
# `trace_conv` prints every number between the products and the tick.

# %% demo
first = layers[0]
own = {"strides": first.stride, "pads": first.pad}
ql.trace_conv(
    first.x_q, first.x, first.w_q, first.w, first.y, first.bias_q, at=(0, 22, 10, 12), **own
)

# %% [markdown]
# Read it from top to bottom. The products as they are stored; what the zero_point of `x` added to
# them, taken out again; the bias; the accumulator and how many of its 32 bits were needed; the
# multiplier; and the tick. When a layer of yours is wrong, this is where to look: the first line
# that surprises you is the bug.

# %% [markdown] spine="by-hand"
# ## By hand, small enough for paper
#
# Two products. x is 10, 14 with zero_point {{hand_zero}}. w is 3, −2. The bias is {{hand_bias}},
# the multiplier {{f"{hand_multiplier:g}"}}, and y has zero_point 3.
#
# 1. As stored: 10 × 3 + 14 × (−2) = {{hand_stored}}.
# 2. Each x carries {{hand_zero}} too much, so the sum carries {{hand_zero}} × (3 − 2). Take it out:
#    {{whole(hand_part)}}.
# 3. The bias: {{hand_stored}} − {{-hand_part}} + {{hand_bias}} = **{{whole(hand_acc)}}**.
# 4. Steps of y: {{whole(hand_acc)}} × {{f"{hand_multiplier:g}"}} =
#    {{whole(hand_steps)}}. A tie; the even neighbour is −2.
# 5. The tick: −2 + 3 = **{{hand_tick}}**.

# %% box 5.1 [markdown]
# Now you. Three taps: x is **{{task_x}}** with zero_point **{{by_hand.X_ZERO_POINT}}**, w is
# **{{task_w}}**, the bias is **{{by_hand.BIAS_Q}}**. x_scale is {{by_hand.X_SCALE}}, w_scale
# {{by_hand.W_SCALE}}, y_scale {{by_hand.Y_SCALE}}, and y has zero_point
# **{{by_hand.Y_ZERO_POINT}}**. Give the sum of the stored products, the accumulator, and the tick.

# %% exercise 5.1
### BEGIN SOLUTION
my_products = 120 * 3 + 131 * (-2) + 128 * 5
my_accumulator = my_products - 128 * (3 - 2 + 5) + 12
my_tick = round(my_accumulator * 0.5 * 0.25 / 0.5) + 7
### END SOLUTION

# %% check 5.1 points=3
check("5.1")

# %% [markdown]
# ## The accumulator
#
# Why 32 bits? One product of a UINT8 and an INT8 may be {{whole(worst_product)}}. That still fits
# into 16 bits, which end at {{whole(top)}}. Two of them don't. Sums of hundreds of products need
# the room of an INT32, and so does the bias, which goes into the same sum.
#
# numpy computes in the type that it is given. Try what 8 bits make of a difference:

# %% demo
print("3 − 90 in uint8:", np.array([3], np.uint8) - np.uint8(90))
print("255 × 127, twice, in int16:", (np.array([[255, 255]], np.uint8) @ np.int8([[127], [127]])))

# %% box 5.2 [markdown]
# Write `accumulate(x_q, x_zero_point, w_q, w_zero_point)`: the sums of a linear layer, with both
# zero_points taken out. (Weights of other frameworks do have one.)


# %% exercise 5.2
def accumulate(x_q, x_zero_point, w_q, w_zero_point):
    """Sums of (x_q - x_zero_point) * (w_q - w_zero_point) over k.

    x_q           uint8 array (n, k)
    x_zero_point  int from 0 to 255
    w_q           int8 array (k, m)
    w_zero_point  int from -128 to 127
    returns       int32 array (n, m), exact

    >>> accumulate(np.array([[10, 14]], np.uint8), 12, np.array([[3], [-2]], np.int8), 0)
    array([[-10]], dtype=int32)
    """
    assert x_q.dtype == np.uint8, f"x_q has dtype {x_q.dtype}; expected is uint8"
    assert x_q.shape[1] == w_q.shape[0], f"{x_q.shape} @ {w_q.shape}: k must be the same"
    ### BEGIN SOLUTION
    x = x_q.astype(np.int32) - x_zero_point
    w = w_q.astype(np.int32) - w_zero_point
    return x @ w
    ### END SOLUTION


# %% check 5.2 points=3
check("5.2")

# %% [markdown]
# ## What a zero_point costs
#
# Subtracting `zx` from every activation is work for every product of every picture. Multiply it
# out instead:
#
# ```text
# Σ (x_q − zx) · w_q   =   Σ x_q · w_q   −   zx · Σ w_q
# ```
#
# The last term has no picture in it. It is one number for each filter, and it can be put into the
# bias before the first picture arrives. A weight with a zero_point would leave a term
# `zw · Σ x_q`, which has to be summed anew for every output. This is why weights are symmetric.

# %% box 5.3 [markdown]
# Write `folded_bias(bias_q, w_q, x_zero_point)`: the bias with which `Σ x_q · w_q` gives the same
# sums, so that the zero_point is never subtracted again.


# %% exercise 5.3
def folded_bias(bias_q, w_q, x_zero_point):
    """The bias of a convolution with the zero_point of x folded in.

    bias_q        int32 array (m,)
    w_q           int8 array (m, c, kh, kw), zero_point 0
    x_zero_point  int from 0 to 255
    returns       int32 array (m,)

    >>> folded_bias(np.array([100], np.int32), np.array([[[[1, 2]]]], np.int8), 10)
    array([70], dtype=int32)
    """
    assert w_q.ndim == 4, f"w_q has {w_q.ndim} axes; expected is (m, c, kh, kw)"
    assert bias_q.shape == w_q.shape[:1], f"{bias_q.shape} biases for {w_q.shape[0]} filters"
    ### BEGIN SOLUTION
    sums = w_q.sum(axis=(1, 2, 3), dtype=np.int32)
    return bias_q - x_zero_point * sums
    ### END SOLUTION


# %% check 5.3 points=2
check("5.3")

# %% [markdown]
# ## The bias
#
# A network's bias is a float. To be added to the accumulator it has to be counted in the steps of
# the accumulator. One step of a product is one step of x times one step of w, so the ruler of the
# bias is `x_scale × w_scale`, a scale for each output channel, with zero_point 0. Nobody chooses
# it and nobody stores it.

# %% box 5.4 [markdown]
# Write `quantize_bias(bias, x_scale, w_scale)`, rounded half to even as everywhere in ONNX.
# In float32 and in float64 it comes to the same here.


# %% exercise 5.4
def quantize_bias(bias, x_scale, w_scale):
    """Float biases as integers on the ruler of the accumulator.

    bias     float32 array (m,)
    x_scale  float above 0
    w_scale  float32 array (m,), above 0, one for each output channel
    returns  int32 array (m,); no result leaves int32

    >>> quantize_bias(np.array([1.0, -1.0], np.float32), 0.5, np.array([0.25, 0.5], np.float32))
    array([ 8, -4], dtype=int32)
    """
    assert bias.shape == w_scale.shape, f"{bias.shape} biases and {w_scale.shape} scales"
    assert x_scale > 0, f"x_scale is {x_scale}; expected is a number above 0"
    ### BEGIN SOLUTION
    steps = bias / (x_scale * w_scale)
    return np.rint(steps).astype(np.int32)
    ### END SOLUTION


# %% check 5.4 points=3
check("5.4")

# %% [markdown]
# ## Requantization
#
# The sum is there. What is left is one multiplication for each output, and four small steps that
# you know from lesson 01: round half to even, add zero_point, clamp, cast. The order is the same,
# and the traps are the same.

# %% box 5.5 [markdown]
# Write `requantize(acc, x_scale, w_scale, y_scale, y_zero_point)` to UINT8. Row i of `acc` belongs
# to output channel i, and to `w_scale[i]`. Here too float32 and float64 come to the same.


# %% exercise 5.5
def requantize(acc, x_scale, w_scale, y_scale, y_zero_point):
    """From int32 sums to the integers of the output.

    acc           int32 array (m, p): m output channels, p places
    x_scale       float above 0
    w_scale       float32 array (m,), above 0
    y_scale       float above 0
    y_zero_point  int from 0 to 255
    returns       uint8 array (m, p)

    >>> requantize(np.array([[0, 8, -4]], np.int32), 0.5, np.array([0.5], np.float32), 1.0, 10)
    array([[10, 12,  9]], dtype=uint8)
    """
    assert acc.dtype == np.int32, f"acc has dtype {acc.dtype}; expected is int32"
    assert w_scale.shape == acc.shape[:1], f"{acc.shape[0]} rows and {w_scale.shape} scales"
    ### BEGIN SOLUTION
    multiplier = (x_scale * w_scale / y_scale)[:, None]
    steps = np.rint(acc * multiplier)
    return np.clip(steps + y_zero_point, 0, 255).astype(np.uint8)
    ### END SOLUTION


# %% check 5.5 points=4
check("5.5")

# %% [markdown]
# ## A layer of your own
#
# You have all the parts. Two things are new in a convolution. It slides: every output sees a
# window of the picture, and `stride` says how far the window moves on. And it has a border: `pad`
# rows and columns around the picture that stand for 0.0.
#
# Which integer stands for 0.0? Say it before you look.

# %% demo
predict("5.b")

# %% demo
candidates = np.array([0, 124, 128], np.uint8)
reals = ql.dequantize(candidates, ql.QParams(0.02, 124, "uint8"))
for q, real in zip(candidates, reals, strict=True):
    print(f"{q:3} stands for {real:+.2f}")

# %% demo
reveal("5.b", candidates[reals == 0.0].item())

# %% [markdown]
# Two tools help. `np.pad` makes borders. `np.lib.stride_tricks.sliding_window_view(x, (kh, kw),
# axis=(2, 3))` gives the windows of every place, as an array (n, c, rows, columns, kh, kw);
# `[:, :, ::stride, ::stride]` keeps those that a stride leaves. A last tip: numpy has fast
# matrix products for floats only. In float64 every sum of this lesson is exact, because whole
# numbers below 2⁵³ have no digits to lose. So you may sum in float64 and be quick.

# %% box 5.6 [markdown]
# Write `integer_conv(...)`, a convolution from integers to integers. `multiplier` has one number
# for each filter.


# %% exercise 5.6
def integer_conv(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
    """A convolution as a runtime computes it.

    x_q           uint8 array (n, c, h, w)
    x_zero_point  int from 0 to 255
    w_q           int8 array (m, c, kh, kw), zero_point 0
    bias_q        int32 array (m,)
    multiplier    float32 array (m,), x_scale * w_scale / y_scale
    y_zero_point  int from 0 to 255
    stride, pad   ints, the same in both directions; stride 1 or more, pad 0 or more
    returns       uint8 array (n, m, h', w'), an output for each of h' × w' windows

    >>> x, w = np.array([[[[12, 14]]]], np.uint8), np.array([[[[3]]]], np.int8)
    >>> integer_conv(x, 12, w, np.array([2], np.int32), np.array([0.5], np.float32), 7, 1, 0)
    array([[[[ 8, 11]]]], dtype=uint8)
    """
    assert x_q.ndim == w_q.ndim == 4, f"{x_q.shape} and {w_q.shape}; expected are four axes each"
    assert x_q.shape[1] == w_q.shape[1], f"{x_q.shape[1]} channels, filters of {w_q.shape[1]}"
    ### BEGIN SOLUTION
    border = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    x = np.pad(x_q.astype(np.float64) - x_zero_point, border)
    windows = np.lib.stride_tricks.sliding_window_view(x, w_q.shape[2:], axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    acc = np.tensordot(windows, w_q.astype(np.float64), axes=([1, 4, 5], [1, 2, 3])) + bias_q
    steps = np.rint(acc.astype(np.float32) * multiplier)
    return np.clip(steps + y_zero_point, 0, 255).astype(np.uint8).transpose(0, 3, 1, 2)
    ### END SOLUTION


# %% check 5.6 points=4
check("5.6")

# %% [markdown]
# Now the table of the beginning, with your function in it. Every layer of the network, all 32
# pictures. If numbers stand in the third column, `trace_conv` tells you where to look.

# %% demo
try:
    print(compare_layers(layers, integer_conv))
except NotImplementedError:
    print("Solve 5.6 first, then run this cell again.")

# %% [markdown]
# ## Contracts: off by one
#
# “Multiply by a real number and round” can be written down in more than one way. ONNX Runtime
# multiplies in float32. A microcontroller may have no floats. There, gemmlowp and TensorFlow Lite
# multiply by a 31-bit integer and shift the product to the right, and round after each of the two.
# Here are the sums of the first layer, the same for all, finished by each contract:

# %% demo
compare_contracts(layers[0])

# %% [markdown]
# About one integer in a thousand, and never by more than 1. Where does it come from? After its
# first rounding the number has only as many bits behind the point as the shift is long. So it can
# fall *exactly* on a half that the true number only came near to, and the second rounding sends
# that half away from zero. Rounding twice is not rounding once.
#
# Real pictures hardly ever contain a tie of their own. Plant one, and the contracts part at once:
# 2.5 steps on a ruler with zero_point 7 become {{tie_onnx}} in ONNX and {{tie_tflite}} in
# TensorFlow Lite. Neither is wrong. But whoever trains against the one and ships the other should
# know it, and whoever compares two runtimes should not look for a bug here.

# %% box 5.7 [markdown]
# You compare two runtimes on one model. In each layer a few integers of a thousand differ, all of
# them by exactly 1. What is the likely cause? Set `off_by_one` to one letter.
#
# {{choice}}

# %% exercise 5.7
### BEGIN SOLUTION
off_by_one = "c"
### END SOLUTION

# %% check 5.7 points=1
check("5.7")

# %% [markdown]
# ## Saturation: off by a lot
#
# At the beginning the session was opened with `exact=True`. Here is what the same model gives in
# a session as everybody opens it, on the CPU that you sit at. First a probe with the largest
# numbers there are, then the whole classifier, a default session beside an exact one.

# %% demo
from quantlab.deploy import probe_saturation

probe_saturation()

# %% demo
compare_sessions(model, pictures)

# %% [markdown]
# What you see depends on your processor, and both are normal.
#
# - **All rows 0, and the probe says “exact”:** your CPU has *VNNI* instructions, or it is no x86.
#   Products go into 32 bits straight away.
# - **Many rows differ, by tens of ticks, and the probe says “saturates”:** your CPU is an x86
#   without VNNI. It multiplies UINT8 by INT8 and adds each **two** neighbouring products into 16
#   bits, in one instruction. A pair beyond the end stops there: {{whole(worst_pair)}} becomes
#   {{whole(top)}}. Only then does it go on in 32 bits. Nobody warns you.
#
# There are many computers of the second kind. You have to know what they make of your model,
# whichever kind is yours.

# %% box 5.8 [markdown]
# Write `sum_of_pairs(x_q, w_q)`, the sum of products on such a CPU. Products 0 and 1 are a pair, 2
# and 3 the next one. If the number of products is odd, the last one is alone.


# %% exercise 5.8
def sum_of_pairs(x_q, w_q):
    """The sum of x_q * w_q, neighbouring products added in 16 bits that saturate.

    x_q      uint8 array (k,)
    w_q      int8 array (k,)
    returns  int: the sum of all pairs, each of them clamped to INT16

    >>> int(sum_of_pairs(np.array([255, 255, 2], np.uint8), np.array([127, 127, 5], np.int8)))
    32777
    """
    assert x_q.dtype == np.uint8, f"x_q has dtype {x_q.dtype}; expected is uint8"
    assert x_q.shape == w_q.shape, f"{x_q.shape} and {w_q.shape}; expected is one length"
    ### BEGIN SOLUTION
    products = x_q.astype(np.int32) * w_q.astype(np.int32)
    products = np.pad(products, (0, len(products) % 2))
    pairs = products.reshape(-1, 2).sum(axis=1)
    return int(np.clip(pairs, -32768, 32767).sum())
    ### END SOLUTION


# %% check 5.8 points=3
check("5.8")

# %% box 5.9 [markdown]
# How much room is there? Give the largest sum of a pair with weights up to 127 (`worst_pair`); the
# largest w for which no pair leaves INT16 with weights from −w to w (`safe_weight`); and how many
# products of 255 × 127 an INT32 holds (`safe_products`). Write expressions, and let Python compute.

# %% exercise 5.9
### BEGIN SOLUTION
worst_pair = 2 * 255 * 127
safe_weight = (2**15 - 1) // (2 * 255)
safe_products = (2**31 - 1) // (255 * 127)
### END SOLUTION

# %% check 5.9 points=3
check("5.9")

# %% [markdown]
# ### Predicted: the detector
#
# The rule is simple enough to be simulated on any machine. `saturation_report` runs a model twice,
# once in 32 bits and once in pairs, and counts. Here is the detector of the course on one scene; on
# two cores this takes several seconds.

# %% demo
detector = quantized_detector()
predicted = ql.saturation_report(detector, one_scene())
worst_layers(predicted)

# %% [markdown]
# Very few pairs leave INT16, far less than one in a hundred. But look at the columns to the right:
# each of them changes an output, the next layer reads it, and after some layers a large part of
# all integers has changed. Depthwise layers have no pairs, and inherit the changes all the same.
#
# Does the detector find less? Eighty scenes take minutes to simulate, so this one result is kept in
# the course; `measure_cost()` in `quantlab.lessons.lesson_05.material.saturating` makes it again.

# %% demo
cost_table()

# %% [markdown]
# It loses {{lost_points}} points of mAP on these scenes, and every one of them was lost after
# training, calibration and export were done. The classifier of the beginning answers the same
# class nearly always, although a part of its integers differ. Which of the two your model is like,
# only a measurement says.
#
# ### Seen: the same instruction in another runtime
#
# A prediction wants to be seen. OpenVINO can be told to behave as if the CPU knew nothing newer
# than AVX2, so a machine with VNNI shows what one without does. The model is one layer with the
# worst case planted in every pair. (OpenVINO is optional. Where it is not installed, the cell says
# so.)

# %% demo
print(seen_in_openvino())

# %% [markdown]
# ### What to do about it
#
# - Open the session with `exact=True`. The runtime then takes other kernels, slower ones.
# - Keep weights within your `safe_weight`, as 7 bits do with −64 to 63. Then no pair can leave
#   INT16, on any CPU, at half the resolution.
# - Keep the layers that suffer most in float. The report names them.
# - Make the weights UINT8. Products of UINT8 and UINT8 go into 32 bits on every CPU, by other
#   instructions: measure what they cost on yours.
# - Or ship to CPUs that have VNNI, and *say so* beside the accuracy that you promise.

# %%
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan

# %% box 5.10 [markdown]
# A factory runs the classifier on old computers and on new ones, and compares their answers. So
# its integers have to be the same on every CPU. Plan it with `Plan(recipe, Calibration(n))`, where
# `Recipe(weights=Rule(dtype, scheme, granularity))` says how the weights are stored. The check
# carries your plan out. It asks for three things: at most
# **{{f"{find('5.10').targets[0].lost:g}"}}** points of top-1 lost on {{find('5.10').trial.scenes}}
# test crops, every multiplication in integers, and not one pair beyond INT16 on
# {{SIMULATED_CROPS}} of the crops. Speed is not asked for.

# %% exercise 5.10
### BEGIN SOLUTION
my_plan = Plan(Recipe(weights=Rule("uint8", "asymmetric", "per-channel")), Calibration(100))
### END SOLUTION

# %% check 5.10 points=4
check("5.10")

# %% [markdown] spine="break"
# ## Break it
#
# Give your own `integer_conv` the wrong border on purpose: a picture of one number, its zero_point
# 124, and a filter of ones. With the right border all outputs of an empty picture are equal. Change
# `picture` and `pad`, and predict the corners before you run it.

# %% demo
picture = np.full((1, 1, 3, 4), 124, np.uint8)
ones, scale = np.ones((1, 1, 3, 3), np.int8), np.array([0.0625], np.float32)
wrong = np.pad(picture, ((0, 0), (0, 0), (1, 1), (1, 1)))  # a border of the integer 0
try:
    for border, x, pad in (("0.0", picture, 1), ("the integer 0", wrong, 0)):
        y = integer_conv(x, 124, ones, np.array([0], np.int32), scale, 100, 1, pad)
        print(f"a border of {border}", y[0, 0], sep="\n")
except NotImplementedError:
    print("Solve 5.6 first, then run this cell again.")

# %% [markdown] spine="explore"
# ## Explore
#
# Eight products, four pairs, one tick. Blue is the first product of a pair, light blue the second.
# **Your goal:** make two pairs stop at the end of INT16, one on each side. How large do x and w
# have to be? Then find the largest w with which no pair stops, even at x = 255, and compare it with
# your `safe_weight`.

# %% demo
explore_accumulator()

# %% [markdown] spine="quiz"
# ## Check yourself
#
# Six questions. A wrong answer is answered with a question.

# %% demo
quiz("05_integer_inference")

# %% [markdown] spine="explain"
# ## Say it yourself
#
# What you can explain, you have understood.

# %% box 5.11 [markdown]
# A colleague writes: “My INT8 model gives other integers on the customer's machine than on mine.
# Is the export broken?” Name the two causes of this lesson, how large each of them is, and how you
# would find out which one it is. Three or four sentences.
#
# The check shows you a rubric once you have written something. Place your answer in a band:
# `check("5.11", band=2)`.

# %% written 5.11 points=2
### BEGIN SOLUTION
explanation = """
A difference of one tick in about one place of a thousand is another contract: the same int32 sum,
rounded at another place. Differences of tens of ticks are saturation: a CPU without VNNI adds pairs
of products in 16 bits, and they stop there. I would compare tensor by tensor and look at the
largest difference, then open the model once more with exact=True: if it is gone, it was
saturation.
"""
### END SOLUTION

# %% check 5.11
check("5.11")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You have a convolution in integers, equal to ONNX Runtime's in every number. You know what each
# zero_point does in it, where the one real multiplication stands, and the two ways in which
# another machine may differ.
#
# You have *not* made a network better. The integers of a layer are exact, but they are the
# integers that weights, ranges and calibration left you with. And numpy shows what is computed, not
# how fast: the speed comes from the very instructions that saturate.
#
# ### Words of this lesson
#
# {{glossary_table(terms_of_lesson(5))}}

# %% [markdown] spine="next"
# ## Next
#
# **Lesson 06 · Post-training quantization.** The arithmetic is settled. Now the choice of integers:
# three bits for a weight, and how much of the accuracy one line can bring back.
