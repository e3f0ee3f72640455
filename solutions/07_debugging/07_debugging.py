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
from quantlab.lessons.lesson_07.exercises.decibels import BACK, FP32
from quantlab.lessons.lesson_07.material.check_up import GAP
from quantlab.teach.glossary import glossary_table

reading_minutes = 10
looking_minutes = 15  # the explorer, the quiz and the tables
practice_minutes = sum(e.minutes for e in of_lesson(7))
minutes = reading_minutes + looking_minutes + practice_minutes
tasks = len(of_lesson(7))
points = f"{sum(e.points for e in of_lesson(7)):g}"
choice = "\n".join(f'- `"{key}"` {o.text}' for key, o in find("7.8").options.items())


def listed(values):
    """Numbers for prose, with true minus signs."""
    return ", ".join(f"{v:g}".replace("-", "−") for v in values)


# By hand: three values.
hand, hand_back = (3.0, -4.0, 0.0), (3.0, -4.0, 0.5)
hand_signal = sum(v * v for v in hand)
hand_noise = sum((b - v) ** 2 for v, b in zip(hand, hand_back, strict=True))
hand_db = find("7.2").oracle(np.array(hand), np.array(hand_back))

# %% [markdown] spine="promise"
# # Lesson 07 · Debugging
#
# A quantized model is bad, or it looks fine and is not. The number at the end tells you neither
# where nor why. This lesson opens the model layer by layer and finds three faults, one after the
# other. Each of them has happened to most teams that ship INT8.
#
# **After this lesson you can**
#
# - compare every layer of an INT8 model with FP32, alone and accumulated;
# - tell a layer that loses something from one that only hands on what it got;
# - prove that calibration and inference see the same pixels, and that per-channel is really on;
# - decide by measurement which layer stays at more bits;
# - take home four self-checks that you have written yourself.
#
# **Time:** about {{minutes}} minutes: {{reading_minutes}} to read, {{looking_minutes}} for the
# explorer, the quiz and the tables, {{practice_minutes}} for {{tasks}} exercises worth
# {{points}} points.
# **Needs:** lessons 01 (ticks, zero_point) and 03 (per-channel). No GPU, no download.

# %%
import numpy as np

import quantlab as ql
from quantlab.learn import check, hint, predict, quiz, reveal, solution
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan

np.set_printoptions(precision=4, suppress=True)

# %% demo
from quantlab.lessons.lesson_07 import (
    a_riddle,
    calibrated_again,
    check_up,
    errors_of,
    explore_layers,
    first_or_last,
    handed_over,
    images,
    layer_picture,
    miou_table,
    quantized,
    recipe,
    runtime_tensor,
    two_segmenters,
    worst_table,
    wrong_pixels,
)

# %% [markdown] spine="measure"
# ## Measure the problem first
#
# The segmenter of the course gives every pixel of a street a class. Its score is the **mIoU**: how
# much of each class and its prediction overlap, the mean over classes, 100 at best. Here are two
# INT8 models of it, A and B, made by two people from one recipe. One of them was built wrongly.

# %% demo
predict("7.a")

# %% demo
pair = two_segmenters()
scores = miou_table(pair)
apart = abs(scores.rows[1]["score"] - scores.rows[2]["score"])
scores

# %% demo
reveal("7.a", apart)

# %% [markdown]
# Both are as good as FP32. Whoever tests the mIoU ships B. Now look at the layers. Each dot below
# is one of fifty tensors, from the picture on the left to the classes on the right. High is good.

# %% demo
layer_picture(errors_of(pair["B"]))

# %% [markdown]
# One layer stands at 11 dB, and every other one near 30 or above. The picture of A has no such
# layer:

# %% demo
worst_table(errors_of(pair["A"]), 3)

# %% demo
worst_table(errors_of(pair["B"]), 3)

# %% [markdown]
# The layer is depthwise, and lesson 03 has taught you to suspect those: in B per-channel was
# silently off. Nothing failed, nobody was warned, and 8 bits were enough to hide it.

# %% [markdown] spine="idea"
# ## The idea: two numbers for each layer
#
# Compare a layer's INT8 output with the tensor that FP32 has in the same place. How large is what
# FP32 has, how large is the difference? The ratio is the **SQNR**, the signal to quantization noise
# ratio, in decibels (dB):
#
# > **`SQNR = 10 · log₁₀( Σ fp32² / Σ (int8 − fp32)² )`**
#
# More is better. 20 dB mean an error of 10 %, 40 dB one of 1 %. One bit more is worth about 6 dB.
#
# There are two ways to feed the layer, and they answer two questions:
#
# - **Alone:** the layer reads FP32's own tensors. What does it lose *by itself*?
# - **Accumulated:** the layer reads what the INT8 model in front of it wrote. What has come
#   together *until here*?
#
# A layer that is low alone needs another ruler, or more bits. A layer that is fine alone and low
# accumulated is innocent: it hands on what it inherited. `ql.layer_errors` measures both, and its
# integers are those of ONNX Runtime on your machine, not of a simulation.

# %% [markdown] spine="by-hand"
# ## By hand, small enough for paper
#
# FP32 has {{listed(hand)}}. From the integers {{listed(hand_back)}} came back.
#
# 1. The signal: 3² + 4² + 0² = {{f"{hand_signal:g}"}}.
# 2. The noise: 0² + 0² + 0.5² = {{f"{hand_noise:g}"}}.
# 3. The ratio is {{f"{hand_signal / hand_noise:g}"}}, its logarithm 2. So the SQNR is
#    {{f"{hand_db:g}"}} dB.
# 4. In sizes, not squares: √{{f"{hand_noise:g}"}} / √{{f"{hand_signal:g}"}} =
#    {{f"{(hand_noise / hand_signal) ** 0.5:g}"}}, an error of 10 %.

# %% box 7.1 [markdown]
# Now you. FP32 has **{{listed(FP32)}}**, and **{{listed(BACK)}}** came back. Give the SQNR
# (`my_db`, two decimals) and the error in percent of the signal's size (`my_percent`).

# %% exercise 7.1
### BEGIN SOLUTION
my_db = 10 * np.log10((6**2 + 8**2) / 2**2)
my_percent = 100 * 2 / np.hypot(6, 8)
### END SOLUTION

# %% check 7.1 points=2
check("7.1")

# %% box 7.2 [markdown]
# Write `sqnr_db(reference, back)` for arrays of any shape. Without noise the answer is infinity.


# %% exercise 7.2
def sqnr_db(reference, back):
    """Signal to quantization noise in decibels.

    reference  float32 array of any shape, what FP32 has, not all zeros
    back       float32 array of the same shape, what came back from the integers
    returns    float, in dB; infinity where the two are equal, value by value

    >>> round(float(sqnr_db(np.array([3.0, -4.0]), np.array([3.5, -4.0]))), 3)
    20.0
    """
    assert reference.shape == back.shape, f"{reference.shape} and {back.shape}: expected is one"
    ### BEGIN SOLUTION
    signal = np.square(reference).sum()
    noise = np.square(back - reference).sum()
    return float("inf") if noise == 0 else 10 * np.log10(signal / noise)
    ### END SOLUTION


# %% check 7.2 points=3
check("7.2")

# %% [markdown]
# Now on a real tensor. `runtime_tensor` gives the integers that ONNX Runtime wrote for one layer of
# B, their ruler, and what FP32 has there. Your function and `ql.layer_errors` must agree.

# %% demo
x = images()
seen = runtime_tensor(pair["B"], "down.3.1.depthwise.0", x)
print(seen.q.dtype, seen.q.shape, "accumulated by ql.layer_errors:", end=" ")
print(f"{errors_of(pair['B'])['down.3.1.depthwise.0'].accumulated.sqnr_db:.2f} dB")
try:
    print(f"by you: {sqnr_db(seen.fp32, ql.dequantize(seen.q, seen.ruler)):.2f} dB")
except NotImplementedError:
    print("Solve 7.2 first, then run this cell again.")

# %% [markdown] spine="explore"
# ## Explore: who did it?
#
# A dot is a layer alone, a triangle what has accumulated. Model *riddle* is worse than FP32 by some
# points of mIoU, and one layer is to blame. **Your goal: find it.** The lowest triangle is not it.
# Walk with the slider, and read the two numbers below. Then look at its errors in the histogram:
# how many ticks off are they, alone and accumulated?
#
# Tab moves from control to control, the arrow keys move the slider.

# %% demo
riddle = a_riddle()
explore_layers({**{name: errors_of(m) for name, m in pair.items()}, "riddle": errors_of(riddle)})

# %% [markdown]
# From the bad layer on every triangle is low, although the dots behind it are high: they inherit.
# The table of the lowest triangles would have sent you to the wrong layer:

# %% demo
worst_table(errors_of(riddle), 3, "accumulated")

# %% [markdown]
# ### How low is low?
#
# 30 dB are fine in one network and bad in another. But the layers of one model are good judges of
# each other. Take the **median** of them all: half of the layers are above it, half below, and one
# terrible layer does not move it. A layer far below the median is a *suspect*.

# %% box 7.3 [markdown]
# Write `suspects(alone, gap)`: the places of the layers whose SQNR alone is at least `gap` dB below
# the median of all, the lowest first.


# %% exercise 7.3
def suspects(alone, gap):
    """The layers far below the middle of a model's layers.

    alone    float array (n,), SQNR of each layer alone in dB, in the order of computation
    gap      float above 0, in dB
    returns  their places, 0 to n - 1, from the lowest SQNR to the highest: an int array, or a list;
             equally low ones in either order

    >>> [int(p) for p in suspects(np.array([31.0, 12.0, 30.0, 33.0, 3.0]), 10.0)]
    [4, 1]
    """
    assert alone.ndim == 1, f"alone has shape {alone.shape}; expected is one axis"
    assert gap > 0, f"gap is {gap}; expected is a number above 0"
    ### BEGIN SOLUTION
    limit = np.median(alone) - gap
    return np.array([place for place in np.argsort(alone) if alone[place] <= limit], dtype=int)
    ### END SOLUTION


# %% check 7.3 points=3
check("7.3")

# %% [markdown]
# ## A model in trouble
#
# This one was handed over with the words “INT8 does not work for our segmenter”. It holds three
# faults. You will find them in the order in which a signal meets them: pixels, then layers.

# %% demo
broken = handed_over()
miou_table({"handed over": broken})

# %% demo
worst_table(errors_of(broken))

# %% [markdown]
# The worst tensor is no layer at all. It is the *input*: the picture itself, as integers, before
# any weight has touched it. When the input is wrong, look nowhere else first.

# %% box 7.4 [markdown]
# The cell below calibrates the model again, with the pixels of inference. (You will prove in a
# minute that these were the fault.) Two faults are left, in two layers. Run it, read the table, and
# give the names of the layer that loses most by itself (`my_worst`) and of the second
# (`my_second`), as texts.

# %% demo
mended = calibrated_again()
worst_table(errors_of(mended))

# %% exercise 7.4
### BEGIN SOLUTION
my_worst = "enter.0"
my_second = "down.3.1.depthwise.0"
### END SOLUTION

# %% check 7.4 points=2
check("7.4")

# %% [markdown]
# ## Self-check: the same pixels?
#
# A network is trained with prepared pixels: divided by 255, a mean subtracted, divided by a spread.
# Calibration and inference have to do exactly the same. There are two programs in most teams, and
# so it goes wrong. Here are two validation scenes, prepared by both programs of our case:

# %% demo
a, b = images(), images(wrong_pixels())
for name, pixels in (("inference", a), ("calibration", b)):
    print(f"{name:11} from {pixels.min():+.2f} to {pixels.max():+.2f}, mean {pixels.mean():+.2f}")

# %% [markdown]
# Ranges on a few images already tell. Better: every step of a preparation is a multiplication or an
# addition, so between two pipelines lies one straight line, `b = gain × a + offset`. Its two
# numbers name the fault. A gain of 255 is a forgotten division, −1 is black for white.

# %% box 7.5 [markdown]
# Write `gain_and_offset(a, b)`. All pixels of `b` are `gain × a + offset`.


# %% exercise 7.5
def gain_and_offset(a, b):
    """The line that leads from one pipeline's pixels to another's.

    a, b     float32 arrays of one shape (n, 3, h, w): the same pictures, not all pixels equal
    returns  (gain, offset), two floats; the gain is above or below 0, never 0

    >>> a = np.array([0.0, 1.0, 2.0, 4.0], np.float32).reshape(1, 1, 2, 2)
    >>> gain, offset = gain_and_offset(a, 2 * a + 1)
    >>> round(float(gain), 3), round(float(offset), 3)
    (2.0, 1.0)
    """
    assert a.shape == b.shape, f"{a.shape} and {b.shape}: expected is one shape"
    assert a.min() < a.max(), "all pixels of a are equal; expected are different ones"
    ### BEGIN SOLUTION
    low, high = a.argmin(), a.argmax()
    gain = (b.flat[high] - b.flat[low]) / (a.flat[high] - a.flat[low])
    return gain, b.flat[low] - gain * a.flat[low]
    ### END SOLUTION


# %% check 7.5 points=4
check("7.5")

# %% demo
try:
    print("yours: gain {:.3f}, offset {:.3f}".format(*gain_and_offset(a, b)))
except NotImplementedError:
    print("Solve 7.5 first, then run this cell again.")
ql.compare_preprocessing(a, b, mean=[0.5] * 3, std=[0.25] * 3, names=("inference", "calibration"))

# %% [markdown]
# `ql.compare_preprocessing` knows more faults: swapped channels, another size, a step done twice.
# Its last line names this one.
#
# ## Self-check: the end of the ruler
#
# You may not have both programs. Then ask the model: the ruler of its input stands in the file, and
# it was measured in calibration. Which share of the pixels that inference brings lies beyond it? A
# value counts as *clipped* when no tick says it within half a step.
#
# The integers alone would not tell. With zero_point 0 a clipped value below 0 becomes tick 0, and
# so does an honest 0.0 behind a ReLU.

# %% box 7.6 [markdown]
# Write `clipped_share(x, scale, zero_point)` for a UINT8 ruler, ticks 0 to 255.


# %% exercise 7.6
def clipped_share(x, scale, zero_point):
    """The share of values that lie more than half a step beyond an end of a UINT8 ruler.

    That of lesson 04 got two ends, and forgave nothing beyond them.

    x           float32 array of any shape, at least one value
    scale       float above 0
    zero_point  int from 0 to 255
    returns     float from 0 to 1

    >>> float(clipped_share(np.array([-1.0, 0.0, 20.0, 200.0], np.float32), 0.5, 0))
    0.5
    """
    assert scale > 0, f"scale is {scale}; expected is a number above 0"
    assert 0 <= zero_point <= 255, f"zero_point is {zero_point}; expected is 0 to 255"
    ### BEGIN SOLUTION
    place = x / scale + zero_point
    return ((place < -0.5) | (place > 255.5)).mean()
    ### END SOLUTION


# %% check 7.6 points=3
check("7.6")

# %% demo
try:
    for name, model in (("handed over", broken), ("calibrated again", mended)):
        ruler = runtime_tensor(model, "input", x).ruler
        share = clipped_share(x, float(ruler.scale), int(ruler.zero_point))
        print(f"{name:16} ruler {ruler.lo:+.2f} to {ruler.hi:+.2f}: {share:.1%} beyond it")
except NotImplementedError:
    print("Solve 7.6 first, then run this cell again.")

# %% [markdown]
# The same check finds calibration on **too few pictures**: a ruler that is too short for what comes
# later, in some tensor of the network. (Lesson 04 shows the other sign, a histogram of spikes.)
#
# ## Self-check: is per-channel on?
#
# The second fault you have met as model B. A recipe says what somebody asked for. The file says
# what was done. Two ways to be fooled: the scales lie along the wrong axis, or there are as many of
# them as channels and all are copies of one.

# %% box 7.7 [markdown]
# Write `per_channel_is_on(shape, scales)`: True when a weight has a scale for each output channel
# and they are not all the same. A weight with a single output channel needs one scale.


# %% exercise 7.7
def per_channel_is_on(shape, scales):
    """Do a weight's scales give every output channel a ruler of its own?

    shape    tuple (out, in, height, width) or (out, in)
    scales   float32 array with one axis, or without axes where it holds one value
    returns  True or False; copies of one scale are equal to the last bit

    >>> bool(per_channel_is_on((2, 8, 1, 1), np.array([0.25, 0.5], np.float32)))
    True
    """
    assert len(shape) in (2, 4), f"shape is {shape}; expected are 2 or 4 axes"
    ### BEGIN SOLUTION
    enough = scales.size == shape[0]
    return enough and (shape[0] == 1 or len(np.unique(scales)) > 1)
    ### END SOLUTION


# %% check 7.7 points=3
check("7.7")

# %% [markdown]
# ## Self-check: does anything run in float?
#
# A runtime that has no integer kernel for an operator computes it in float and says nothing. Then
# it is slow, and your error table has a hole. `ql.precision_report` asks ONNX Runtime what really
# ran. Lesson 09 makes it fall back on purpose.

# %% demo
from quantlab.deploy import build_onnx

print(ql.precision_report(build_onnx(pair["A"]), profile=False).summary)

# %% [markdown]
# ## First or last?
#
# The third fault sits in the first layer: its weights have 4 bits. Rules of thumb say “keep the
# first and the last layer at higher precision”. The first one sees the picture, the last one makes
# the answer. Before you believe a rule, measure it, on the model in which only this fault is left:
# it is the *riddle*.

# %% demo
predict("7.b")

# %% demo
excluded = first_or_last(riddle)
excluded

# %% demo
reveal("7.b")

# %% [markdown]
# One costs a few points and gives them all back. The other one wins nothing: alone it had more than
# 40 dB before. The error table had said both already.
#
# To be sure of more layers at once, ask `ql.layer_sensitivity`. It leaves one layer after the other
# in float, and scores the whole model each time:

# %% demo
tried = ["enter.0", "down.0.2.down.0", "down.3.1.depthwise.0", "up.3.0", "head"]
ql.layer_sensitivity(riddle, x, mode="float one", layers=tried, progress=True).first(3)

# %% box 7.8 [markdown]
# Another day, another model. Four of its layers:
#
# | layer | alone | accumulated |
# |---|---|---|
# | `enter.0` | 11 dB | 11 dB |
# | `down.1.0.down.0` | 31 dB | 8 dB |
# | `up.2.0` | 32 dB | 6 dB |
# | `head` | 42 dB | 9 dB |
#
# What do you mend? Set `mend_first` to one letter.
#
# {{choice}}

# %% exercise 7.8
### BEGIN SOLUTION
mend_first = "b"
### END SOLUTION

# %% check 7.8 points=1
check("7.8")

# %% [markdown]
# ## A plan that is carried out
#
# Now with 4 bits for *all* weights. The plan below loses between 4 and 8 points of mIoU on scenes
# that nobody calibrated with:
#
# ```python
# Plan(Recipe(weights=Rule("int4")), Calibration(8))
# ```

# %% box 7.9 [markdown]
# Keep 4 bits for the weights and the 8 scenes, and leave out what has to be left out: `my_plan` may
# lose at most **{{f"{find('7.9').targets[0].lost:g}"}} points** of mIoU. `layers={name: Rule(...)}`
# gives a layer its own rule, `keep_float=(name,)` leaves it in float. The check takes some seconds.

# %% exercise 7.9
### BEGIN SOLUTION
my_plan = Plan(Recipe(weights=Rule("int4"), layers={"enter.0": Rule("int8")}), Calibration(8))
### END SOLUTION

# %% check 7.9 points=3
check("7.9")

# %% [markdown]
# ## All checks, all models
#
# Your functions, on the whole story: as it was handed over, then one fault less in every row. A
# layer is a suspect here from {{f"{GAP:g}"}} dB below the median on.

# %% demo
story = {
    "handed over": broken,
    "right pixels": mended,
    "per-channel on": riddle,
    "sound": pair["A"],
}
try:
    print(check_up(story, suspects, clipped_share, per_channel_is_on))
except NotImplementedError:
    print("Solve 7.3, 7.6 and 7.7 first, then run this cell again.")

# %% demo
miou_table(story)

# %% [markdown]
# Every mend clears a column. And look at the second row: per-channel off cost nothing in model B.
# Beside a layer of 4 bits the same fault costs more than ten points. A fault that costs nothing
# today waits for a second one.

# %% [markdown] spine="break"
# ## Break it: wrong in both places
#
# Calibration left the mean and the spread out. Now let inference leave them out as well. Then the
# two agree. **Predict** what your self-checks say, and what the mIoU is. FP32 gets the same pixels.

# %% demo
both_wrong = quantized(recipe(), wrong_pixels())
miou_table({"INT8, wrong in both": both_wrong}, wrong_pixels())

# %% [markdown]
# INT8 loses next to nothing against FP32, and both are useless. Comparing INT8 with FP32 cannot
# find a fault that both have. So the first line of every table is FP32 with the pixels that it was
# trained with.

# %% [markdown] spine="quiz"
# ## Check yourself
#
# Six questions. A wrong answer is answered with a question.

# %% demo
quiz("07_debugging")

# %% [markdown] spine="explain"
# ## Say it yourself

# %% box 7.10 [markdown]
# Choose one of the three faults and write the bug report: what you measured, where it stood out,
# what the cause was, and how you know that it is mended. Three to five sentences.
#
# The check shows you a rubric once you have written something. Place your answer in a band:
# `check("7.10", band=2)`.

# %% written 7.10 points=2
### BEGIN SOLUTION
bug_report = """
I compared every tensor of the INT8 segmenter with FP32 on two validation scenes. The input stood
out with about 1 dB, and two thirds of its values lay beyond the ruler. The ruler went from 0 to 1,
because calibration had left out the mean and the spread that inference uses. Calibrated with the
right pixels the input has more than 40 dB, nothing is clipped, and the mIoU comes back.
"""
### END SOLUTION

# %% check 7.10
check("7.10")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You have four self-checks in plain numpy: `sqnr_db` with `suspects`, `gain_and_offset`,
# `clipped_share` and `per_channel_is_on`. Copy them into your own project. They read arrays and ask
# for no library.
#
# You have *not* made anything faster: a layer that stays in float may cost time, and lesson 09
# measures it. SQNR is not the task, either. A layer may be low and not matter, and that is why
# every mend was followed by the mIoU.
#
# ### The worst layers need not be those that matter
#
# Here is the segmenter with 4 bits on one ruler a weight, and the worst two layers alone left in
# float.

# %% demo
from quantlab.analysis import with_float_layers

coarse = quantized(recipe("int4", granularity="per-tensor"))
names = [layer.name for layer in errors_of(coarse).worst("isolated", 2)]
miou_table({"INT4": coarse, " and ".join(names): with_float_layers(coarse, names)})

# %% [markdown]
# They win a part of it, and one other layer wins more than both together. The project below asks
# which.
#
# ### Words of this lesson
#
# {{glossary_table(terms_of_lesson(7))}}

# %% [markdown] spine="next"
# ## Next
#
# **Lesson 08 · Quantization-aware training.** Every fault is mended, and it is still not good
# enough: too few bits. Then the network has to learn to live with its ticks. Open
# `08_quantization_aware_training`.
#
# **Optional project:** [the worst two layers of a
# segmenter](../project_worst_layers/project_worst_layers.ipynb).
