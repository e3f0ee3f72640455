# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% facts
from quantlab.lessons.catalogue import find, of_lesson, terms_of_lesson
from quantlab.lessons.lesson_03.exercises.by_hand import LOUD, QUIET, WEIGHT
from quantlab.numerics import QParams, dequantize, quantize
from quantlab.teach.glossary import glossary_table

reading_minutes = 10
looking_minutes = 8  # the explorer, the quiz and the tables
practice_minutes = sum(e.minutes for e in of_lesson(3))
minutes = reading_minutes + looking_minutes + practice_minutes
tasks = len(of_lesson(3))
points = f"{sum(e.points for e in of_lesson(3)):g}"
options = "\n".join(f'- `"{key}"` {o.text}' for key, o in find("3.5").options.items())


def listed(values):
    """Numbers for prose, with true minus signs."""
    return ", ".join(f"{v:g}".replace("-", "−") for v in values)


# Three bits by hand, on one ruler and on two: a symmetric ruler has 3 steps on each side.
hand = {"A": (6.0, -2.1, 4.0), "B": (0.6, -0.2, 0.45)}
steps = 2 ** (3 - 1) - 1
one = max(abs(v) for row in hand.values() for v in row) / steps
own = max(abs(v) for v in hand["B"]) / steps
b_on_one = [round(v / one) for v in hand["B"]]
b_on_own = [round(v / own) for v in hand["B"]]
b_back = [q * own for q in b_on_own]

# %% [markdown] spine="promise"
# # Lesson 03 · Per-channel
#
# Lesson 01 gave a whole tensor one ruler. For a picture's activations that is fine. For the weights
# of a convolution it can ruin a model, with 8 bits and without a single value off the ruler. This
# lesson shows how, on a detector that ships with the course, and what mends it.
#
# **After this lesson you can**
#
# - say what *per-tensor* and *per-channel* mean, and give every output channel its own scale;
# - find the layer and the channels that one ruler destroys;
# - say along which axis the scales lie, and what you see when it is the wrong one;
# - name the default rulers of weights and of activations, and the reason for each.
#
# **Time:** about {{minutes}} minutes: {{reading_minutes}} to read, {{looking_minutes}} for the
# explorer, the quiz and the tables, {{practice_minutes}} for {{tasks}} exercises worth {{points}}
# points.
# **Needs:** lesson 01 (scale, symmetric, fake quantization). No GPU, no download.

# %%
import numpy as np
import torch

import quantlab as ql
from quantlab.learn import check, hint, predict, quiz, reveal, solution
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan
from quantlab.zoo import load

np.set_printoptions(precision=4, suppress=True)

# %% demo
from quantlab.lessons.lesson_03 import (
    channel_lines,
    channel_spread,
    explore_channels,
    folded,
    lost_points,
    weights_of,
)

# %% [markdown] spine="measure"
# ## Measure the problem first
#
# The detector finds cars, people and signs in a street. Its score is the **mAP**, the mean average
# precision: 100 would be every object, exactly framed. We round its weights to 8 bits in two ways
# and leave everything else in FP32. *Per-tensor* gives each weight tensor one ruler. *Per-channel*
# gives each output channel of it a ruler of its own.
#
# Say what you expect before you measure it. A click keeps it.

# %% demo
predict("3.a")

# %% demo
one_ruler = Rule("int8", "symmetric", "per-tensor")
own_rulers = Rule("int8", "symmetric", "per-channel")
lost = lost_points("detector", {"INT8, per-tensor": one_ruler, "INT8, per-channel": own_rulers})
lost

# %% demo
reveal("3.a", lost.lost("INT8, per-tensor") - lost.lost("INT8, per-channel"))

# %% [markdown]
# The same model, the same test scenes, the same 8 bits. One way costs about ten points, the other
# one nothing that these scenes can show. (A loss slightly below 0 is chance: rounding moves a few
# boxes, and some of them move the right way.) No value saturated. So what was lost?

# %% [markdown] spine="idea"
# ## The idea: who decides how long a step is?
#
# A symmetric ruler must reach to the weight that is farthest from 0. With 8 bits, 127 steps lead
# there. So **the largest weight decides how long a step is, for everybody on the same ruler**.
#
# Here is one layer of the detector. It is *depthwise*: each of its 128 output channels is one 3×3
# filter for one input channel. Ten of the channels, first all on one ruler:

# %% demo
graph = folded(load("detector"))
weights = weights_of(graph)
tower = weights["towers.5.0.0"]
farthest = np.abs(tower.reshape(len(tower), -1)).max(axis=1)
ten = np.sort(np.argsort(-farthest)[::14][:10])
channel_lines(tower, ten)

# %% [markdown]
# One line is one channel, and one dot is one value that is left after rounding. The grey tick is 0.
# Channel 55 uses the whole ruler. The others crowd around 0 or *at* 0: their weights are not on
# the ruler's scale at all. A filter whose nine weights are all 0 no longer looks at its picture.
#
# Now the same ten channels, each on a ruler of its own:

# %% demo
channel_lines(tower, ten, own=True)

# %% [markdown]
# Every line is now as long as its channel, and every channel has its 127 steps to each side. That
# is **per-channel** quantization:
#
# > **`w[c] ≈ scale[c] × q[c]`**, one scale for each output channel `c`
#
# `zero_point` is 0 on all of these rulers, as on every symmetric one.
#
# ### Why does a network have such channels?
#
# Behind the convolution stands a BatchNorm. It divides each channel by its spread and multiplies it
# by a number that was learned. For a faster network both are *folded* into the weights: lesson 06
# does that, and `folded` has done it here. Look at the layer before and after.

# %% demo
before = dict(load("detector").named_modules())["towers.5.0.0"].weight.detach().numpy()
for when, w in (("before", before), ("after", tower)):
    channels = np.abs(w.reshape(len(w), -1)).max(axis=1)
    ratio = channels.max() / np.median(channels)
    print(f"{when:6} folding: the largest channel is {ratio:5.1f} times the median")

# %% [markdown]
# The filters themselves were alike. The BatchNorm made one of them loud. FP32 has ticks of every
# size and does not mind. One ruler does.
#
# Our detector learned from drawn streets for hours, and that makes only mild cases.
# So loud channels were added on purpose when it was trained, one to each convolution before a
# ReLU6, like those that a MobileNetV2 has after weeks with photographs (Nagel et al. 2019,
# *Data-Free Quantization*, figure 2). Nothing was added to the classifier and to the segmenter,
# which you meet below.

# %% [markdown] spine="by-hand"
# ## By hand, small enough for paper
#
# Three bits, symmetric: ticks −{{steps}} to {{steps}}. Channel A has the weights
# {{listed(hand["A"])}}, channel B has {{listed(hand["B"])}}.
#
# 1. **One ruler.** The farthest weight is {{f"{max(hand['A']):g}"}}, so a step is
#    {{f"{max(hand['A']):g}"}} / {{steps}} = {{f"{one:g}"}}. Channel B lands on the ticks
#    {{listed(b_on_one)}}: it is gone.
# 2. **Its own ruler.** Channel B's farthest weight is {{f"{max(hand['B']):g}"}}, so its step is
#    {{f"{own:g}"}}. Now it lands on {{listed(b_on_own)}} and reads back as {{listed(b_back)}}.
#
# Nothing changed for channel A, which had set the step before.

# %% box 3.1 [markdown]
# Now 8 bits, symmetric, ticks −127 to 127. The loud channel has the weights
# **{{listed(LOUD)}}**, the quiet one **{{listed(QUIET)}}**. What is the scale of one ruler for both
# (`one_scale`), and on which tick does the weight {{listed([WEIGHT])}} land (`one_q`)? And with a
# ruler for the quiet channel alone (`own_scale`, `own_q`)? Replace each `...` by a number.

# %% exercise 3.1
### BEGIN SOLUTION
one_scale = 12.7 / 127
one_q = round(-0.0312 / one_scale)
own_scale = 0.254 / 127
own_q = round(-0.0312 / own_scale)
### END SOLUTION

# %% check 3.1 points=2
check("3.1")

# %% [markdown]
# ## A scale for each output channel
#
# A convolution's weight has the shape (out, in, height, width); a linear layer's has (out, in).
# Axis 0 counts the output channels in both. So a channel is everything that shares an index on
# axis 0, and there are as many scales as that axis is long.
#
# One case needs care. A channel may be all zeros: training can switch a filter off. Its farthest
# weight is 0, and so would be its scale, and the next line of the program divides by it. Any scale
# says 0 exactly, so `quantlab` takes 1, as ONNX Runtime's tool does.

# %% box 3.2 [markdown]
# Write `channel_scales(w)`: the symmetric INT8 scale of every output channel, for ticks −127 to
# 127. A channel of zeros gets scale 1.


# %% exercise 3.2
def channel_scales(w):
    """One symmetric INT8 scale for each output channel.

    w        float32 array (out, in, height, width) or (out, in)
    returns  float array (out,), every scale above 0, in the unit of w

    >>> w = np.array([[-63.5, 12.0], [0.0, 1.27]], dtype=np.float32)
    >>> [round(float(s), 4) for s in channel_scales(w)]
    [0.5, 0.01]
    """
    assert isinstance(w, np.ndarray), f"w is a {type(w).__name__}; expected is a numpy array"
    assert w.ndim in (2, 4), f"w has shape {w.shape}; expected are 2 or 4 axes"
    ### BEGIN SOLUTION
    farthest = np.abs(w.reshape(len(w), -1)).max(axis=1)
    return np.where(farthest > 0, farthest / 127, 1.0)
    ### END SOLUTION


# %% check 3.2 points=4
check("3.2")

# %% [markdown]
# ## Onto the rulers
#
# The division is that of lesson 01, but now `scales` is an array, and numpy has to be told which
# axis it belongs to. numpy lines up shapes **from the right**: a plain `w / scales` puts the scales
# along the *width* of the kernel. Mostly that is an error, and you are lucky. If the kernel is as
# wide as there are channels, nothing stops, and every integer is wrong.

# %% box 3.3 [markdown]
# Write `quantize_channels(w, scales)`: each weight goes to the nearest tick of its own channel's
# ruler. Ties go to the even tick, the ticks are −127 to 127, the result is INT8.


# %% exercise 3.3
def quantize_channels(w, scales):
    """The ticks of a convolution's weights, a ruler for each output channel.

    w        float32 array (out, in, height, width)
    scales   float32 array (out,), above 0
    returns  int8 array of w's shape, -127 to 127

    >>> w = np.array([1.0, -4.0, 0.25, 0.6], dtype=np.float32).reshape(2, 1, 1, 2)
    >>> quantize_channels(w, np.array([0.5, 0.125], dtype=np.float32)).ravel()
    array([ 2, -8,  2,  5], dtype=int8)
    """
    assert w.ndim == 4, f"w has shape {w.shape}; expected are 4 axes"
    assert scales.shape == (len(w),), f"scales has shape {scales.shape}; expected is ({len(w)},)"
    ### BEGIN SOLUTION
    steps = np.rint(w / scales.reshape(-1, 1, 1, 1))
    return np.clip(steps, -127, 127).astype(np.int8)
    ### END SOLUTION


# %% check 3.3 points=4
check("3.3")

# %% [markdown]
# ### Why output channels, and not input channels?
#
# One output of a convolution is a sum over the input channels. Write the rulers into it:
#
# ```text
# y[c] = Σ w[c,i] · x[i]  ≈  scale[c] · scale_x · Σ q[c,i] · (qx[i] − zx)
# ```
#
# All terms of the sum share `scale[c]`, so it waits outside until the sum is done, and the sum
# itself is made of integers. A scale for each *input* channel `i` would differ from term to term.
# It could not leave the sum, and the integers would be integers no more. For the same reason
# activations stay **per-tensor**: their channels are the input channels of the next layer.

# %% [markdown] spine="break"
# ## Break it: the wrong axis on purpose
#
# A weight of shape (out, in, height, width) has an axis 1 as well. What if the scales lie along
# that one? The shapes are fine and nothing stops.

# %% demo
predict("3.b")

# %% demo
wrong = lost_points("detector", {"INT8, wrong axis": own_rulers}, axis=1)
wrong

# %% demo
reveal("3.b", wrong.lost("INT8, wrong axis"))

# %% [markdown]
# A depthwise weight has *one* input channel, so the wrong axis gives it one scale: per-tensor
# again, under the name of per-channel. The other layers get several scales, but not along the axis
# on which their channels differ. No message tells you. Two looks do: **count the scales** (as many
# as output channels?) and **read one channel back** (is its largest weight still there?).

# %% demo
for axis in (0, 1):
    observer = Recipe().weights.make_observer(axis=axis).partial_fit(tower)
    print(f"axis {axis}: weight {tower.shape}, {observer.qparams().scale.size} scales")

# %% [markdown] spine="explore"
# ## Explore: walk through a layer
#
# The columns are the channels of one layer. Below them stands the channel that you choose,
# enlarged, with the ticks of its ruler. **Your goal: find a channel that becomes all zero.** Then
# give each channel a ruler of its own and see it come back. How many of its weights become 0 with
# 4 bits, with 3, with 2?
#
# Tab moves from control to control, the arrow keys move the slider.

# %% demo
names = ("towers.5.0.0", "stage_8.1.depthwise.0", "to_32.depthwise.0", "extras.2.1.0")
explore_channels({name: weights[name] for name in names}, channel=55)

# %% [markdown]
# A channel is lost when even its farthest weight lies at most half a step from 0: at exactly half
# a step it is a tie, and 0 is even. One step is what the *loudest* channel of the layer makes it.
# So a channel can be perfectly healthy and still vanish.

# %% box 3.4 [markdown]
# Write `vanishing_channels(w, bits)`: which output channels become all zero on **one** symmetric
# ruler for the whole weight? A channel that was all zero before has nothing to lose: leave it out.


# %% exercise 3.4
def vanishing_channels(w, bits):
    """The output channels of which one symmetric ruler leaves nothing.

    w        float32 array (out, in, height, width), not all zeros
    bits     int, 2 to 8; the ticks are -(2**(bits - 1) - 1) to 2**(bits - 1) - 1
    returns  the channels' numbers from small to large: an int array, or a list

    >>> w = np.array([127.0, 0.4, -30.0, 0.3], dtype=np.float32).reshape(4, 1, 1, 1)
    >>> [int(c) for c in vanishing_channels(w, 8)]
    [1, 3]
    """
    assert w.ndim == 4, f"w has shape {w.shape}; expected are 4 axes"
    assert 2 <= bits <= 8, f"bits is {bits}; expected is 2 to 8"
    ### BEGIN SOLUTION
    farthest = np.abs(w.reshape(len(w), -1)).max(axis=1)
    step = farthest.max() / (2 ** (bits - 1) - 1)
    return np.flatnonzero((np.rint(farthest / step) == 0) & (farthest > 0))
    ### END SOLUTION


# %% check 3.4 points=4
check("3.4")

# %% [markdown]
# ## Where the ten points went
#
# The whole detector, layer by layer. “Largest channel / median” compares the loudest channel of a
# layer with its middle one.

# %% demo
channel_spread(weights)

# %% [markdown]
# In the worst layer the largest channel is 610 times the median. The step of 8 bits is 1/127 of
# the largest weight, so a median channel does not reach half a step. In the whole detector
# **97 channels** become all zero, 92 of them in this one layer, and many more keep two or three
# values. All of that happens in depthwise layers: each channel has only its own nine weights, and
# no other channel makes up for a lost one.
#
# With 4 bits a step is 1/7 of the largest weight:

# %% demo
channel_spread(weights, bits=4)

# %% [markdown]
# Most channels of the detector are gone. What do the three models of the course make of 4 bits?

# %% demo
for model in ("classifier", "segmenter", "detector"):
    four = {
        f"INT4, {kind}": Rule("int4", "symmetric", kind) for kind in ("per-tensor", "per-channel")
    }
    print(lost_points(model, four), end="\n\n")

# %% [markdown]
# The classifier has no depthwise layers. Its channels are alike, and one ruler costs it a few
# points. The segmenter has one bad layer, and the detector has many. Per-channel rulers help all
# three, and at 4 bits they are not enough for the detector. Lesson 06 has more tools.
#
# **So when is per-tensor enough?** When the channels are alike. You can look: that is one line,
# `channel_spread(...)`. When you cannot look, take per-channel. It costs a scale for each channel:

# %% demo
values = sum(w.size for w in weights.values())
channels = sum(len(w) for w in weights.values())
print(f"INT8 weights     {values:>10,} bytes")
print(f"a scale a tensor {4 * len(weights):>10,} bytes")
print(f"a scale a channel{4 * channels:>10,} bytes, {400 * channels / values:.1f} % of the weights")
print(f"in FP32          {4 * values:>10,} bytes   (all computed, not measured)")

# %% [markdown]
# ## The defaults, and why
#
# Two questions decide about a tensor's rulers. Does it lie on both sides of 0, or on one? And are
# its channels added to each other?
#
# | | weights | activations |
# |---|---|---|
# | lie | on both sides of 0 | often on one side, after a ReLU |
# | output channels | are never added to each other | are added in the next layer |
# | **default** | **symmetric, per-channel, INT8** | **asymmetric, per-tensor, UINT8** |
#
# These are the defaults of `quantlab`, and most serving backends want exactly them.

# %% demo
print("weights    ", Recipe().weights)
print("activations", Recipe().activations)

# %% box 3.5 [markdown]
# A backend lets you choose all of it. Which default do you set for a convolution behind a ReLU?
# Set `default_choice` to one letter.
#
# {{options}}

# %% exercise 3.5
### BEGIN SOLUTION
default_choice = "c"
### END SOLUTION

# %% check 3.5 points=1
check("3.5")

# %% [markdown]
# ## A plan that is carried out
#
# A **plan** says how a model is quantized (a `Recipe`) and on how many pictures its activations are
# watched (a `Calibration`; lesson 04 is about it). `check` carries a plan out on a shipped model
# and judges it on pictures that nobody calibrated with. A colleague has sent this one for the
# classifier, with weights of 3 bits:
#
# ```python
# Plan(Recipe(weights=Rule("int3", "symmetric", "per-tensor")), Calibration(100))
# ```

# %% box 3.6 [markdown]
# The colleague's plan loses far too much. Keep the 3 bits of the weights and the 100 pictures, and
# change the rest as you like: `my_plan` may lose at most **{{f"{find('3.6').targets[0].lost:g}"}}
# points** of top-1 over all classes. One word is enough. The check takes a few seconds.

# %% exercise 3.6
### BEGIN SOLUTION
my_plan = Plan(Recipe(weights=Rule("int3", "symmetric", "per-channel")), Calibration(100))
### END SOLUTION

# %% check 3.6 points=3
check("3.6")

# %% [markdown] spine="quiz"
# ## Check yourself
#
# Six questions. A wrong answer is answered with a question.

# %% demo
quiz("03_per_channel")

# %% [markdown] spine="explain"
# ## Say it yourself

# %% box 3.7 [markdown]
# A colleague writes: “I quantized our detector to INT8 and lost ten points. So 8 bits are too few.”
# Answer in three or four sentences: what happened, what do you change, and what does that cost?
#
# The check shows you a rubric once you have written something. Place your answer in a band:
# `check("3.7", band=2)`.

# %% written 3.7 points=2
### BEGIN SOLUTION
explanation = """
Eight bits are enough, but one ruler for a whole weight is not. It must reach to the largest
channel, so its step is coarse, and quiet channels fall within half a step of 0 and become zero.
Switch the weights to per-channel: every output channel then has a step of its own. That costs one
scale a channel, and the sums stay integer sums, because all terms of an output share its scale.
"""
### END SOLUTION

# %% check 3.7
check("3.7")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You can give every output channel its ruler, and you can find the channels that one ruler loses.
# You know the default of weights and of activations, with the reason for each.
#
# You have *not* quantized a whole model: the weights here were rounded and read back, and the
# activations stayed in FP32, except in the plan. You have not made anything faster. And per-channel
# is no cure for too few bits: at 4 bits the detector still loses.
#
# ### Words of this lesson
#
# {{glossary_table(terms_of_lesson(3))}}

# %% [markdown] spine="next"
# ## Next
#
# **Lesson 04 · Calibration.** A weight is there to be measured. An activation comes with every new
# picture, and its ruler has to be chosen before. From which pictures? Open `04_calibration`.
