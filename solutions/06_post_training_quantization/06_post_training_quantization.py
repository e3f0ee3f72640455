# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% facts
from quantlab.lessons.catalogue import find, of_lesson, terms_of_lesson
from quantlab.lessons.lesson_06.exercises.by_hand import MEANS, WEIGHTS
from quantlab.lessons.lesson_06.exercises.three_bit_plan import MOST_STEPS
from quantlab.lessons.lesson_06.explorer import GOAL
from quantlab.lessons.lesson_06.material.grid import kept_grid
from quantlab.teach.glossary import glossary_table

reading_minutes = 10
looking_minutes = 10  # the explorer, the quiz and the cells that take seconds
practice_minutes = sum(e.minutes for e in of_lesson(6))
minutes = reading_minutes + looking_minutes + practice_minutes
tasks = len(of_lesson(6))
points = f"{sum(e.points for e in of_lesson(6)):g}"
grid = kept_grid()
percent = {
    (c.bits, c.granularity, c.method): f"{100 * c.top1:.1f}"
    for c in grid.cells
    if c.top1 is not None
}
plan = find("6.8")
goal = f"{100 * GOAL:.0f}"
# By hand: one channel, y = w·x, then BatchNorm.
factor = 3.0 / 1.5
hand_factor, hand_weight = f"{factor:g}", f"{0.5 * factor:g}"
hand_bias = f"{(0.0 - 1.0) * factor + 0.25:g}".replace("-", "−")
tools = "\n".join(f'- `"{k}"` {o.text}' for k, o in find("6.7").options.items())
most_lost = f"{plan.targets[0].lost:g}"
most_in_class = f"{plan.targets[1].lost:g}"

# %% [markdown] spine="promise"
# # Lesson 06 · Post-training quantization
#
# **After this lesson** you can
#
# - fold BatchNorm into a convolution by hand, and quantize a whole network after training,
# - say what equalization, bias correction and AdaRound each put right, and do the first two
#   yourself,
# - read a symptom and choose the tool for it, and say when a tool hurts,
# - write a plan that saves a network of 3-bit weights, without a single label.
#
# **Time:** about {{minutes}} minutes: {{reading_minutes}} to read, {{looking_minutes}} for the
# explorer, the quiz and the slower cells, {{practice_minutes}} for {{tasks}} exercises worth
# {{points}} points.
# **Needs:** lesson 03 (per-channel rulers and plans) and lesson 05 (accumulator and bias). No GPU,
# no download, and nothing is trained.

# %%
import itertools

import numpy as np

from quantlab.learn import check, hint, predict, quiz, reveal, solution
from quantlab.methods import LearnedRounding, Recipe, Rule
from quantlab.scenes import Calibration, Validation
from quantlab.teach.plans.plan import Plan

np.set_printoptions(precision=4, suppress=True)

# %% demo
from quantlab.lessons.lesson_06 import (
    channel_means_figure,
    explore_methods,
    folded_stem,
    make_grid,
    open_lab,
    ranges_figure,
    show,
    stem_parts,
    top1_table,
)

# %% [markdown] spine="measure"
# ## 1 · Measure the problem first
#
# A small chip has room for **3 bits a weight** and keeps **one scale a layer**. Our network is the
# classifier of this course: crops of 32×32 pixels, ten classes, the shape of CIFAR-10. The cell
# opens a lab: the FP32 model, 500 validation crops that judge, 100 other crops for calibration.
# Activations have 8 bits throughout.
#
# The integers of a 3-bit weight are −3 to 3. That is all there is between “strongly no” and
# “strongly yes”. Say what you expect before you measure it.

# %% demo
predict("6.a")

# %% demo
lab = open_lab(Validation)
three = Rule("int3", granularity="per-tensor")
nearest = lab.quantize(Recipe(weights=three))
top1_table(lab, {"3 bits, rounded to nearest": nearest})

# %% demo
reveal("6.a", 100 * lab.top1(nearest))

# %% [markdown]
# Many crops are gone. You could ask for 4 bits, or train again. Before that, one more argument:
# `bias_correction="empirical"`. It changes no weight. It moves the bias of each channel by one
# number, which the 100 calibration crops tell.

# %% demo
predict("6.b")

# %% demo
corrected = lab.quantize(Recipe(weights=three, bias_correction="empirical"), progress=True)
top1_table(lab, {"nearest": nearest, "nearest, biases corrected": corrected})

# %% demo
reveal("6.b", 100 * (lab.top1(corrected) - lab.top1(nearest)))

# %% [markdown]
# The weights are the same integers as before. Then a third way: let a short search decide for each
# weight whether it goes up or down. It takes some seconds; the bar shows how far it is, and
# *Interrupt* stops it.

# %% demo
learning = LearnedRounding(steps=50, batch_size=8)
rounded = lab.quantize(Recipe(weights=three, learned_rounding=learning), progress=True)
top1_table(lab, {"nearest": nearest, "biases corrected": corrected, "AdaRound": rounded})

# %% [markdown]
# No label was used, no weight was trained, and each weight moved by less than one step. So what was
# wrong with rounding to nearest? At the end of this lesson you can say it in three sentences.

# %% [markdown] spine="idea"
# ## 2 · The idea: three kinds of damage
#
# Rounding changes a weight W into W + ΔW. A layer then gives
#
# > `(W + ΔW)·x = W·x + ΔW·x`
#
# All damage is in `ΔW·x`, and it comes in three kinds:
#
# | what you see | where it comes from | what helps |
# |---|---|---|
# | whole channels become 0 | one wide channel, one ruler for all | **equalization** |
# | the mean of a channel moves | errors do not cancel: `ΔW·E[x]` is not 0 | **bias correction** |
# | noise around the right mean | each weight was rounded for itself | **AdaRound** |
#
# The middle one is easy to see. Each mark below is one output channel of one layer: its mean in
# FP32, and its mean with 3-bit weights. On the dashed line nothing has moved.

# %% demo
models = {"nearest": nearest, "biases corrected": corrected}
figure, alt = channel_means_figure(lab, models, "stages.4.second.0")
show(figure, alt=alt)

# %% [markdown]
# A mean that has moved is a *constant* error. A bias is a constant. That is the whole trick.
#
# All of this is **post-training quantization** (PTQ): the network is finished, and a few hundred
# pictures without labels are all we have. It goes in this order: *fold* BatchNorm, *equalize* if it
# helps, *calibrate* the activations, *round* the weights, *correct* the biases.

# %% [markdown] spine="by-hand"
# ## 3 · By hand, small enough for paper
#
# ### Fold BatchNorm first
#
# While a network runs, BatchNorm is nothing but a scale and a shift for each channel:
#
# > `BatchNorm(y) = gamma · (y − mean) / sqrt(var + eps) + beta`
#
# A convolution scales and shifts too, so the two are one. Take one channel: `y = 0.5·x`, with
# gamma = 3, mean = 1, sqrt(var + eps) = 1.5 and beta = 0.25. The factor is 3 / 1.5 =
# {{hand_factor}}. The new weight is 0.5 · {{hand_factor}} = **{{hand_weight}}**, the new bias
# (0 − 1) · {{hand_factor}} + 0.25 = **{{hand_bias}}**.
# Fold *before* you lay rulers: the folded weight is what becomes integers.

# %% box 6.1 [markdown]
# Write `fold(weight, bias, gamma, beta, mean, var, eps)`: the weight and the bias of one layer that
# does what the layer and the BatchNorm after it do. Axis 0 of the weight is the output channel; the
# weight may belong to a convolution, a depthwise convolution or a linear layer.


# %% exercise 6.1
def fold(weight, bias, gamma, beta, mean, var, eps):
    """Weight and bias of a layer with the BatchNorm after it folded in.

    weight                      : float array (M, C, kh, kw) or (M, C)
    bias, gamma, beta, mean, var : float arrays (M,), one entry an output channel; var above 0
    eps                         : float above 0
    returns                     : (weight, bias) of the shapes above

    >>> one = np.array([1.0])
    >>> w, b = fold(np.array([[0.5]]), 0 * one, 3 * one, 0.25 * one, one, 2.24 * one, 0.01)
    >>> float(w[0, 0].round(4)), float(b[0].round(4))
    (1.0, -1.75)
    """
    assert weight.shape[0] == len(bias), f"{len(bias)} biases; expected are {weight.shape[0]}"
    assert (var > 0).all(), f"var is {var}; expected are numbers above 0"
    ### BEGIN SOLUTION
    factor = gamma / np.sqrt(var + eps)
    folded = weight * factor.reshape(-1, *[1] * (weight.ndim - 1))
    return folded, (bias - mean) * factor + beta
    ### END SOLUTION


# %% check 6.1 points=3
check("6.1")

# %% [markdown]
# Now your function meets the first layer of the real network. Convolution and BatchNorm, one after
# the other, against your one convolution:

# %% demo
parts = stem_parts(lab)
try:
    folded_weight, folded_bias = fold(*parts)
    print(folded_stem(lab, folded_weight, folded_bias))
except NotImplementedError:
    print("Solve 6.1 first, then run this cell again.")

# %% [markdown]
# Folding has a price. The factor differs from channel to channel, so the folded rows differ more
# than the old ones did, and one ruler for all of them is coarser. That is one more reason for the
# per-channel rulers of lesson 03.

# %% demo
conv_weight = parts[0]
try:
    ranges = {
        "folded": np.abs(fold(*parts)[0]).max(axis=(1, 2, 3)),
        "before folding": np.abs(conv_weight).max(axis=(1, 2, 3)),
    }
    figure, alt = ranges_figure(ranges)
    show(figure, alt=alt)
except NotImplementedError:
    print("Solve 6.1 first, then run this cell again.")

# %% [markdown]
# ### The whole network: one ruler a layer, or one a channel
#
# `lab.quantize(recipe)` folds every BatchNorm, lays the rulers and rounds. First INT8, then 4 bits,
# each with both kinds of weight rulers.

# %% demo
both = {}
for dtype in ("int8", "int4"):
    for rulers in ("per-tensor", "per-channel"):
        recipe = Recipe(weights=Rule(dtype, granularity=rulers))
        both[f"{dtype} {rulers}"] = lab.quantize(recipe)
top1_table(lab, both)

# %% [markdown]
# With 8 bits this small network does not care. With 4 it begins to, and per-channel is the better
# default. With 3 bits the grid below says {{percent[3, "per-tensor", "nearest"]}} % per-tensor and
# {{percent[3, "per-channel", "nearest"]}} % per-channel.

# %% [markdown]
# ## 4 · Equalize: make the rows alike
#
# What if the chip has no scale a channel? Then make the channels alike. Between two layers with a
# ReLU, divide row i of the first weight (and its bias) by a factor s, and multiply column i of the
# second weight by the same s. ReLU lets a positive factor through: `relu(z / s) · s = relu(z)`. The
# network computes the same, and you may choose s. This is **cross-layer equalization** (Nagel and
# others, 2019). It is *data-free*: no picture is needed.

# %% box 6.2 [markdown]
# Write `equalizing_factors(first, second)`: the factor of each channel between two convolutions.
# Divided by it, row i of `first` reaches exactly as far from 0 as column i of `second` multiplied
# by it.


# %% exercise 6.2
def equalizing_factors(first, second):
    """The factor s of each channel between two layers: row i / s[i] and column i * s[i] are alike.

    first   : float array (M, C, kh, kw), writes the M channels; no row is all zeros
    second  : float array (K, M, kh, kw), reads them; no column is all zeros
    returns : float array (M,), above 0

    >>> first = np.array([8.0, -2.0]).reshape(2, 1, 1, 1)
    >>> second = np.array([2.0, 2.0]).reshape(1, 2, 1, 1)
    >>> equalizing_factors(first, second).tolist()
    [2.0, 1.0]
    """
    assert first.shape[0] == second.shape[1], (
        f"{first.shape[0]} channels are written and {second.shape[1]} read; expected are as many"
    )
    ### BEGIN SOLUTION
    before = np.abs(first).max(axis=(1, 2, 3))
    behind = np.abs(second).max(axis=(0, 2, 3))
    return np.sqrt(before / behind)
    ### END SOLUTION


# %% check 6.2 points=3
check("6.2")

# %% [markdown]
# Try it on a pair of layers whose channels are as unequal as a depthwise layer's can be: every row
# has its own width. One ruler for the whole first weight, 4 bits, before and after.

# %% demo
rng = np.random.default_rng(6)
first = rng.normal(size=(16, 8, 3, 3)) * np.geomspace(1, 100, 16).reshape(-1, 1, 1, 1)
second = rng.normal(size=(8, 16, 3, 3))
try:
    factors = equalizing_factors(first, second).reshape(-1, 1, 1, 1)
    for name, weight in {"before": first, "equalized": first / factors}.items():
        q = np.rint(weight / (np.abs(weight).max() / 7))
        zero = int((q == 0).all(axis=(1, 2, 3)).sum())
        print(f"{name:10} {zero:2} of 16 channels are all zero in INT4 per-tensor")
except NotImplementedError:
    print("Solve 6.2 first, then run this cell again.")

# %% [markdown]
# ## 5 · Correct the bias
#
# First on paper. A neuron has the weights {{WEIGHTS[0]}}, {{WEIGHTS[1]}} and
# {{WEIGHTS[2].replace("-", "−")}}, its ruler has a step of 1, and the means of its three inputs are
# {{MEANS[0]}}, {{MEANS[1]}} and {{MEANS[2]}}.

# %% box 6.3 [markdown]
# What is the mean output of this neuron, in float (`mean_before`) and with every weight on its
# nearest tick (`mean_after`)? What must be added to the bias (`bias_change`) so that the mean is
# the old one again?

# %% exercise 6.3
### BEGIN SOLUTION
mean_before = 0.4 * 3 + 0.4 * 2 - 1.3 * 1
mean_after = 0 * 3 + 0 * 2 - 1 * 1
bias_change = mean_before - mean_after
### END SOLUTION

# %% check 6.3 points=3
check("6.3")

# %% box 6.4 [markdown]
# Write `mean_shift(weight, rounded, mean_input)`: by how much rounding moves the mean of each
# output channel of a convolution, when `mean_input` is the mean of each input channel. Leave
# padding aside.


# %% exercise 6.4
def mean_shift(weight, rounded, mean_input):
    """Mean output with the rounded weights, minus mean output with the float weights.

    weight     : float array (M, C, kh, kw)
    rounded    : float array of the same shape, what the integers say
    mean_input : float array (C,), of either sign
    returns    : float array (M,)

    >>> weight = np.array([0.4, 0.4]).reshape(1, 2, 1, 1)
    >>> mean_shift(weight, 0 * weight, np.array([3.0, 2.0])).round(6).tolist()
    [-2.0]
    """
    assert weight.shape == rounded.shape, f"{rounded.shape} is not the shape {weight.shape}"
    assert weight.shape[1] == len(mean_input), f"{len(mean_input)} means; expected one a channel"
    ### BEGIN SOLUTION
    error = rounded - weight
    return (error * mean_input.reshape(1, -1, 1, 1)).sum(axis=(1, 2, 3))
    ### END SOLUTION


# %% check 6.4 points=3
check("6.4")

# %% [markdown]
# Take that out of the bias and you have **analytic** bias correction. It needs no data, because
# BatchNorm has kept the means. But these are the means of the FP32 network; a layer behind other
# 3-bit layers reads something else. **Empirical** correction looks: run both layers on calibration
# pictures, and compare.

# %% box 6.5 [markdown]
# Write `corrected_bias(bias, floating, quantized)`: the bias with which every channel of the
# quantized layer has the mean that it has in the float layer. It is one line.


# %% exercise 6.5
def corrected_bias(bias, floating, quantized):
    """The bias that gives each channel of the quantized layer its float mean.

    bias      : float array (M,), what the quantized layer adds now
    floating  : float array (N, M, H, W), outputs of the float layer
    quantized : float array (N, M, H, W), outputs of the quantized layer, same pictures
    returns   : float array (M,)

    >>> floating = np.full((1, 1, 2, 3), 5.0)
    >>> corrected_bias(np.array([1.0]), floating, floating - 2).tolist()
    [3.0]
    """
    assert floating.shape == quantized.shape, (
        f"the outputs are {floating.shape} and {quantized.shape}; expected is one shape"
    )
    ### BEGIN SOLUTION
    return bias + floating.mean(axis=(0, 2, 3)) - quantized.mean(axis=(0, 2, 3))
    ### END SOLUTION


# %% check 6.5 points=3
check("6.5")

# %% [markdown]
# ## 6 · Learn which way to round
#
# The nearest tick is best for each weight *alone*. But a neuron adds. Weights 0.4 and 0.4 at equal
# inputs round to 0 and 0, and 0.8 is lost; 1 and 0 is off by 0.2 only. So one of them should go
# *up*, although down is nearer.

# %% box 6.6 [markdown]
# Write `best_rounding(weights, inputs)`. The step of the ruler is 1. Each weight goes to the tick
# below it or to the tick above. Try all combinations, and return the one whose outputs
# `inputs @ q` are closest to `inputs @ weights`, in the mean of squares over the samples. No two
# are equally close here.


# %% exercise 6.6
def best_rounding(weights, inputs):
    """The integers, each the floor of its weight or one more, whose outputs are closest.

    weights : float array (n,), in steps; n at most 6, and none on a tick
    inputs  : float array (samples, n)
    returns : int array (n,)

    >>> best_rounding(np.array([0.4, 0.3]), np.array([[1.0, 1.0], [2.0, 2.1]])).tolist()
    [1, 0]
    """
    assert weights.ndim == 1, f"weights has {weights.ndim} axes; expected is one neuron"
    assert inputs.shape[1] == len(weights), (
        f"inputs is {inputs.shape}; expected (…, {len(weights)})"
    )
    ### BEGIN SOLUTION
    floor = np.floor(weights).astype(int)
    best, smallest = floor, np.inf
    for up in itertools.product((0, 1), repeat=len(weights)):
        q = floor + np.array(up)
        error = ((inputs @ (q - weights)) ** 2).mean()
        if error < smallest:
            best, smallest = q, error
    return best
    ### END SOLUTION


# %% check 6.6 points=3
check("6.6")

# %% [markdown]
# n weights have 2ⁿ combinations. A layer of this network has up to 82,944 weights, so nobody tries
# all. **AdaRound** (Nagel and others, 2020) gives each weight a number h from 0 (down) to 1 (up)
# and moves all h by gradients until the output of the layer is close, while a second term pushes
# every h to 0 or 1. It learns layer by layer, from pictures without labels. How many weights of
# the first cell did not go to their nearest tick?

# %% demo
other = sum(int((w.q != nearest.weights[n].q).sum()) for n, w in rounded.weights.items())
count = sum(w.q.size for w in rounded.weights.values())
print(f"{other:,} of {count:,} weights ({100 * other / count:.1f} %) went the other way")

# %% [markdown] spine="break"
# ## 7 · Break it: a tool that hurts
#
# Equalization lets a factor go through the ReLU. Many networks, our detector among them, have
# **ReLU6** instead: it clips at 6, at the same 6 for each channel. Change `z` and `s`. For which of
# them are the two outputs alike, and when do they part?

# %% demo
z, s = np.array([-2.0, 1.0, 5.0, 9.0, 20.0]), 4.0
for name, clip in (("ReLU", np.inf), ("ReLU6", 6.0)):
    plain = np.clip(z, 0, clip)
    equalized = np.clip(z / s, 0, clip) * s
    print(f"{name:6} {plain} and {equalized}, alike: {np.allclose(plain, equalized)}")

# %% [markdown]
# `equalize` leaves such pairs of layers out and says so. You may put ReLU in place of ReLU6
# (`replace_relu6`), but that is another network than the one that was trained.
#
# And where it is allowed, a tool may find nothing to do. With 3 bits and *per-channel* rulers, the
# classifier has {{percent[3, "per-channel", "nearest"]}} % rounded to nearest and
# {{percent[3, "per-channel", "equalize"]}} % equalized: every channel had a ruler of its own
# already, so there was nothing to even out, and a few crops are lost on the way. A tool for a
# symptom that you do not have can only cost.

# %% [markdown] spine="explore"
# ## 8 · Explore: the fewest bits above {{goal}} %
#
# {{len(grid.cells)}} recipes, judged by {{grid.crops}} validation crops. **Your goal: the fewest
# bits that stay above {{goal}} %**, first with one ruler a channel, then with one a layer. Which
# row is the cheapest that reaches it at 3 bits? Tab moves between the controls, the arrow keys
# change them.

# %% demo
explore_methods()

# %% [markdown]
# Nothing here is computed while you watch: `make_grid(again=True)` measures all of it again, with a
# progress bar, in some minutes. At 2 bits a weight is −1, 0 or 1, and rounding to nearest guesses
# like a blindfolded person. An **MSE ruler** may cut off the largest weights, so that the step
# becomes finer for all others: look at what it does together with a second tool, and alone.

# %% box 6.7 [markdown]
# A layer is quantized to INT8 with **one ruler**, because the runtime knows nothing else. Its
# largest channel is 600 times as wide as the median one, and 97 channels have become all zero. A
# ReLU follows, then a convolution. Which tool do you take first? Set `first_tool` to `"a"`, `"b"`,
# `"c"` or `"d"`.
#
# {{tools}}

# %% exercise 6.7
### BEGIN SOLUTION
first_tool = "b"
### END SOLUTION

# %% check 6.7 points=1
check("6.7")

# %% [markdown]
# ### Which tool for which symptom
#
# | symptom | first | not when |
# |---|---|---|
# | channels all zero, rows of unequal width | per-channel rulers; else equalize | ReLU6 between |
# | means of channels have moved | bias correction, empirical | the channel is all zero |
# | the same, but no pictures at all | bias correction, analytic | coarse layers lie before |
# | noise is left, 4 bits or fewer | AdaRound | the ruler itself is wrong |
# | a few far weights, a coarse step | MSE ruler | the far weights matter most |
#
# ### A plan that is carried out
#
# A plan is a recipe and the calibration crops, as in lesson 03. `check` carries it out.

# %% box 6.8 [markdown]
# The chip of the first cell: **int3 weights, one ruler a layer**, activations of 8 bits at most, no
# layer in float. Write `three_bit_plan`, a `Plan(recipe, Calibration(n))`. It is judged on
# {{plan.trial.scenes}} *test* crops that you have not seen. It may lose at most {{most_lost}}
# points over all, and at most {{most_in_class}} on motorcycles, the class that rounding to nearest
# hurts most. AdaRound may take up to {{MOST_STEPS}} steps, and the check then takes a while.

# %% exercise 6.8
### BEGIN SOLUTION
three_bit_plan = Plan(
    Recipe(
        weights=Rule("int3", granularity="per-tensor", observer="mse"),
        bias_correction="empirical",
    ),
    Calibration(100),
)
### END SOLUTION

# %% check 6.8 points=3
check("6.8")

# %% [markdown] spine="quiz"
# ## 9 · Check yourself

# %% demo
quiz("06_post_training_quantization")

# %% [markdown] spine="explain"
# ## 10 · Explain it in your own words

# %% box 6.9 [markdown]
# A colleague has turned on every option and got a worse network. Write three sentences: for which
# symptom does each of *equalization*, *bias correction* and *AdaRound* help, and why? Name one case
# in which one of them does not help.
#
# The check shows you a rubric once you have written something. Place your answer in a band:
# `check("6.9", band=2)`.

# %% written 6.9 points=2
### BEGIN SOLUTION
diagnosis = """
When one channel is far wider than the others and all share one ruler, equalize: the function stays
the same and the rows become alike. When the mean of a channel has moved, correct the bias, because
a constant error needs only a constant. When noise of rounding is left, AdaRound helps, because the
errors of many weights can cancel in one sum. Equalizing does nothing where the rows are alike
already, and it does not go through a ReLU6.
"""
### END SOLUTION

# %% check 6.9
check("6.9")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You can fold, equalize, correct and round, and you know the symptom for each. Rounding to nearest
# was never wrong for a weight; it was wrong for the *sum*: its errors moved the mean, and nobody
# let them cancel. You have *not* made anything faster: 3-bit weights are simulated here in float,
# because the runtime holds no such integers. And you have not trained: where even AdaRound is not
# enough, lesson 08 does. The figures hold for this classifier. On another network, measure.
#
# ### Words of this lesson
#
# {{glossary_table(terms_of_lesson(6))}}

# %% [markdown] spine="next"
# ## Next
#
# **Lesson 07 · Debugging** starts from the other end: a network is bad, and nobody knows which of
# its layers is to blame.
#
# **Optional project:** [per-tensor against
# per-channel](../project_per_channel/project_per_channel.ipynb), with an interval.
