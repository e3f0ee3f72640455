# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% facts
from quantlab.lessons.catalogue import find, of_lesson, terms_of_lesson
from quantlab.lessons.lesson_08.exercises import by_hand
from quantlab.lessons.lesson_08.material.methods import kept_methods
from quantlab.teach.glossary import glossary_table

reading_minutes = 10
looking_minutes = 22  # the loop, the explorer, the tables and the quiz
practice_minutes = sum(e.minutes for e in of_lesson(8))
minutes = reading_minutes + looking_minutes + practice_minutes
tasks = len(of_lesson(8))
points = f"{sum(e.points for e in of_lesson(8)):g}"
options = "\n".join(f'- `"{key}"` {o.text}' for key, o in find("8.5").options.items())

# By hand: one weight on a ruler of whole numbers.
hand_w, hand_target, hand_rate = 0.7, 0.25, 0.2
hand_y = round(hand_w)
hand_slope = 2 * (hand_y - hand_target)
hand_next = hand_w - hand_rate * hand_slope
hand_next_y = round(hand_next)

kept = kept_methods()
crops = kept["crops"]

# %% [markdown] spine="promise"
# # Lesson 08 · Quantization-aware training
#
# So far nobody taught the network that its numbers would be rounded. It was trained in FP32, and
# everything since then came after training: **PTQ**, post-training quantization. This lesson
# rounds *while* the network trains. You build that by hand, watch it work, and find out when it is
# worth the trouble. Often it is not.
#
# **After this lesson you can**
#
# - say why rounding has no useful gradient, and what training takes instead;
# - write the gradient of fake quantization, for values and for the scale;
# - train a network with the rounding in the loop, and turn it into integers;
# - decide from numbers whether training is worth it, and say what to try first.
#
# **Time:** about {{minutes}} minutes: {{reading_minutes}} to read, {{looking_minutes}} for the
# training, the explorer, the tables and the quiz, {{practice_minutes}} for {{tasks}} exercises
# worth {{points}} points.
# **Needs:** lessons 01 and 03 (rulers, fake quantization), and what a gradient step is. No GPU, no
# download.

# %%
import numpy as np
import torch
import torch.nn.functional as F

import quantlab as ql
from quantlab.learn import check, hint, predict, quiz, reveal, solution
from quantlab.methods import Recipe, Rule, Training, convert_qat, prepare_qat
from quantlab.scenes import Calibration
from quantlab.teach.plans.plan import Plan
from quantlab.zoo import load

np.set_printoptions(precision=4, suppress=True)

# %% demo
from quantlab.lessons.lesson_08 import (
    LiveCurve,
    calibration_batches,
    compare_gradients,
    compare_models,
    explore_straight_through,
    measure_cheap,
    methods_table,
    tiny_recipe,
    training_batches,
    watched,
    with_gradient,
)

# %% [markdown] spine="measure"
# ## Measure the problem first
#
# Two chips, two problems, one network: the classifier that comes with the course. The first chip
# stores **weights of 3 bits**, with one ruler for each weight tensor. The second one computes with
# 8 bits, but its camera hands over **pictures of 2 bits**: the input, the network's first
# activation, has four ticks.
#
# Five ways lead there. *Rounding to nearest* is what every lesson did. *Bias correction* measures
# on a few pictures by how much rounding has moved the mean of each channel, and takes that out of
# the biases. *AdaRound* learns for each weight whether to round up or down, one layer after the
# other. None of these three sees a label. The other two train the whole network with labels.
#
# Here is the first chip. Before you look: what is training worth there?

# %% demo
predict("8.a")

# %% demo
first_chip = methods_table("weights of 3 bits")
first_chip

# %% demo
reveal("8.a", first_chip.gain)

# %% [markdown]
# Rounding to nearest loses a lot, and nearly all of it comes back without a label. Training is no
# better than the best of the cheap ways. Now the second chip:

# %% demo
predict("8.b")

# %% demo
second_chip = methods_table("pictures of 2 bits")
second_chip

# %% demo
reveal("8.b", second_chip.gain)

# %% [markdown]
# The same network, the same five ways, and now only training helps. (Both tables were measured
# before and are kept with the lesson, because all of it takes minutes. `measure_methods()` in
# `quantlab.lessons.lesson_08` measures them anew.) Why is one chip so different from the other?
#
# Rounding the *weights* is a mistake that can be looked at: it is the same for every picture. So
# it can be measured, and another way to round, or another bias, takes most of it out. Rounding an
# *activation* is a new mistake with each picture, and no bias knows it in advance. The network
# itself has to change, until four ticks are enough for it to see by.
#
# The first two rows of the first table take seconds. Measure them here, beside FP32:

# %% demo
measure_cheap("weights of 3 bits")

# %% [markdown] spine="idea"
# ## The idea: round on the way forward, pretend on the way back
#
# **Quantization-aware training**, QAT, puts a fake quantization behind each weight and each
# activation. The network computes with ticks, the loss sees what the ticks do, and the weights
# move so that the loss falls.
#
# There is one obstacle. Push a weight a little: its tick stays where it is, and so does the loss.
# Rounding is a staircase, and its derivative is 0 nearly everywhere. A gradient of 0 teaches
# nothing.
#
# So training pretends. On the way forward it rounds. On the way back it acts as if rounding had
# been a straight line through the stairs, whose slope is 1:
#
# > **on the ruler: `dy/dx = 1`. Beyond its ends: `dy/dx = 0`.**
#
# A value is on the ruler when it rounds to one of its ticks: where the last tick is 3, the value
# 3.4 is on the ruler, and 3.6 is not.
#
# This is the **straight-through estimator**. It is not the derivative of anything that the network
# computes. But it points the right way: to raise the tick, raise the weight. Beyond the ends the 0
# is honest, because a saturated value stays at the last tick whichever way you push.
#
# So each weight lives twice. The **float weight** takes the small steps of training, the network
# computes with its tick. When training is over, the ticks are kept and the floats thrown away.

# %% [markdown] spine="by-hand"
# ## By hand, small enough for paper
#
# A ruler of whole numbers, a float weight w = {{f"{hand_w:g}"}}, and a loss that wants
# {{f"{hand_target:g}"}}: (y − {{f"{hand_target:g}"}})².
#
# 1. Forward: {{f"{hand_w:g}"}} goes to the tick {{hand_y}}, so y = {{hand_y}}.
# 2. The slope of the loss at y is 2 × ({{hand_y}} − {{f"{hand_target:g}"}}) =
#    {{f"{hand_slope:g}"}}.
# 3. Back: the tick is on the ruler, so the float weight gets {{f"{hand_slope:g}"}} as it is.
# 4. A step at rate {{f"{hand_rate:g}"}}: {{f"{hand_w:g}"}} − {{f"{hand_rate:g}"}} ×
#    {{f"{hand_slope:g}"}} = {{f"{hand_next:g}"}}. Its tick is {{hand_next_y}}: it has jumped.

# %% box 8.1 [markdown]
# Now you. The scale is **{{by_hand.SCALE}}** and the ruler has the steps
# **−{{-by_hand.LO}} to {{by_hand.HI}}**. The float weight is **{{by_hand.W}}**, the loss is
# (y + {{-by_hand.TARGET}})², the rate is **{{by_hand.RATE}}**. Give y, the slope of the loss at y,
# the gradient that the float weight gets, the float weight after one step, and its new y. Last, a
# weight of **{{by_hand.FAR}}** with the same loss: which gradient does it get?

# %% exercise 8.1
### BEGIN SOLUTION
my_y = round(0.3 / 0.5) * 0.5
my_slope = 2 * (my_y + 0.7)
my_gradient = my_slope
my_next = 0.3 - 0.25 * my_gradient
my_next_y = round(my_next / 0.5) * 0.5
my_far_gradient = 0
### END SOLUTION

# %% check 8.1 points=3
check("8.1")

# %% [markdown] spine="explore"
# ## Explore: a weight that cannot decide
#
# One float weight again, over 60 steps of training. It begins at −0.6, and the target lies at 0.85,
# between two ticks. Start with rounding's own gradient: nothing moves. Then take straight-through.
#
# **Your goal: the tick ends next to the target, and jumps no more in the last twenty steps.** Leave
# the target between two ticks. You need two of the controls.

# %% demo
explore_straight_through()

# %% [markdown]
# At a constant rate the weight never rests. Its tick is above the target, so it is pushed down
# until the tick jumps, and then it is pushed up again. A small rate makes the jumps rarer. A
# **small rate that falls to 0** ends them. A network has thousands of such weights, so the rate of
# QAT is small, and falls.
#
# ## The gradient for any tensor

# %% box 8.2 [markdown]
# Write `gradient_through(x, scale, lo, hi, above)`: what straight-through hands back to `x`. `lo`
# and `hi` are the first and last tick, in steps from 0.0. `above` is the gradient that arrives at
# the output.


# %% exercise 8.2
def gradient_through(x, scale, lo, hi, above):
    """The gradient of fake quantization for x, by the straight-through estimator.

    A tie rounds to the even tick: 3.5 to 4, off a ruler that ends at 3; -4.5 to -4, on it.

    x        float32 array of any shape
    scale    float above 0, or an array of scales that broadcasts with x
    lo, hi   ints, lo <= 0 < hi: the ticks, in steps from 0.0
    above    float32 array of x's shape: the gradient of the loss for the output
    returns  float array of x's shape

    >>> x = np.array([0.4, 1.2, 3.4, 3.6, -9.0], dtype=np.float32)
    >>> gradient_through(x, 1.0, -4, 3, np.full(5, 2.0, dtype=np.float32)).tolist()
    [2.0, 2.0, 2.0, 0.0, 0.0]
    """
    assert x.shape == above.shape, f"x has shape {x.shape} and above {above.shape}"
    assert lo <= 0 < hi, f"the ticks are {lo} to {hi}; expected is a ruler that holds 0"
    ### BEGIN SOLUTION
    q = np.rint(x / scale)
    return above * ((lo <= q) & (q <= hi))
    ### END SOLUTION


# %% check 8.2 points=4
check("8.2")

# %% [markdown]
# torch has a fake quantization of its own, with a gradient. Is yours the same? Hundreds of
# thousands of values, three rulers:

# %% demo
try:
    print(compare_gradients(gradient_through))
except NotImplementedError:
    print("Solve 8.2 first, then run this cell again.")

# %% [markdown]
# ## One step of training
#
# The forward pass uses the ticks. The step moves the floats. Mix the two up, and the network either
# learns for numbers that it will not have, or forgets every step that was too small for a tick.

# %% box 8.3 [markdown]
# Write `train_step(x, w, target, scale, lo, hi, rate)`: one step of gradient descent for a linear
# layer with one output. The layer computes `y = x @ fq(w)` with the fake-quantized weights, and
# the loss is the mean of `(y − target)²` over the pictures. Give back the new **float** weights.


# %% exercise 8.3
def train_step(x, w, target, scale, lo, hi, rate):
    """One step of quantization-aware training. A weight off the ruler gets the gradient 0.

    x        float32 array (n, k): n pictures, k inputs
    w        float32 array (k,): the float weights
    target   float32 array (n,)
    scale    float above 0; lo, hi  ints, the ticks in steps from 0.0
    rate     float above 0
    returns  float array (k,): the float weights after the step

    >>> x, t = np.array([[1.0, 1.0]], dtype=np.float32), np.array([2.5], dtype=np.float32)
    >>> train_step(x, np.array([0.375, 9.0], dtype=np.float32), t, 0.5, -4, 3, 0.125).tolist()
    [0.5, 9.0]
    """
    assert x.shape == (len(target), len(w)), f"x has shape {x.shape}: {len(target)}, {len(w)}?"
    assert scale > 0, f"scale is {scale}; expected is a number above 0"
    ### BEGIN SOLUTION
    q = np.rint(w / scale)
    seen = np.clip(q, lo, hi) * scale
    slope = 2 / len(x) * x.T @ (x @ seen - target)
    return w - rate * slope * ((lo <= q) & (q <= hi))
    ### END SOLUTION


# %% check 8.3 points=4
check("8.3")

# %% [markdown]
# ## A tiny loop, live
#
# Now the whole classifier, for the second chip. `prepare_qat` puts a fake quantization behind each
# weight and each activation, with the rulers that calibration found. `with_gradient` puts **your**
# gradient into every one of them. The rest is the loop that you know from any training: forward,
# loss, backward, step.
#
# Drawing the training pictures takes some seconds, training them about half a minute on two quiet
# cores. Watch the curve: line and dots have scales of their own. The button with the square
# interrupts, and nothing is lost but the rest of the training.

# %% demo
batches, epochs = training_batches(), 2
qat = prepare_qat(load("classifier"), calibration_batches(), tiny_recipe())
qat = with_gradient(qat, gradient_through)

# %% demo
optimizer = torch.optim.SGD(qat.parameters(), lr=0.005, momentum=0.9)
falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(batches))

curve = LiveCurve(qat, watched)
for images, labels in curve.over(batches, epochs):
    loss = F.cross_entropy(qat(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    falling.step()
    curve.add(loss)

# %% [markdown]
# The first dot is rounding to nearest. Everything above it was learned through a gradient that you
# wrote. `convert_qat` now throws the float weights away and keeps integers and rulers. Here is the
# result on test pictures, which neither the training nor the curve has seen, beside FP32 and beside
# the best way without training:

# %% demo
compare_models("pictures of 2 bits", convert_qat(qat.eval()))

# %% [markdown] spine="break"
# ## Break it: a rate that is too high
#
# The same network, the same batches, the rate two hundred times as high. **Say before you run it**
# what the curve does. Six batches are enough to see it.

# %% demo
hot = prepare_qat(load("classifier"), calibration_batches(), tiny_recipe())
optimizer = torch.optim.SGD(hot.parameters(), lr=1.0, momentum=0.9)
broken = LiveCurve(hot, watched)
for images, labels in broken.over(batches[:6], epochs=1):
    loss = F.cross_entropy(hot(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    broken.add(loss)

# %% [markdown]
# A step that carries weights over several ticks at once is no small step any more. The network
# forgets what it knew, and the loss does not come back. Good rates for QAT are well below those
# that trained the network: try a few, a factor of 3 apart, and watch the first batches.
#
# ## The scale learns too: LSQ
#
# In the loop above the rulers stayed where calibration had put them. But y also depends on the
# scale, so the loss has a gradient for it: **LSQ**, learned step size quantization. Think of
# `y = scale × q`, and let the scale grow a little.
#
# - **Off the ruler** q is stuck at `lo` or `hi`, so y moves by `lo` or by `hi`.
# - **On the ruler** two things happen. `scale` in front grows, which moves y by q. But `x / scale`
#   shrinks, and straight-through says that q follows it, which takes `x / scale` away again. What
#   is left is `q − x / scale`: what rounding added, in steps.
#
# All values on a ruler share its scale, so the gradient of the scale is the sum over all of them,
# each times what comes from above. (With so many terms it is large. The paper, Esser et al. 2020,
# divides it by the square root of values × ticks, and so does `quantlab`.)

# %% box 8.4 [markdown]
# Write `scale_gradient(x, scale, lo, hi, above)`: the gradient of the loss for the scale, the plain
# sum.


# %% exercise 8.4
def scale_gradient(x, scale, lo, hi, above):
    """The gradient of fake quantization for its scale, as LSQ has it.

    As in 8.2, a value is on the ruler when it rounds to a tick. (The paper asks before it rounds.)

    x        float32 array of any shape
    scale    float above 0, for all of x
    lo, hi   ints, lo <= 0 < hi: the ticks, in steps from 0.0
    above    float32 array of x's shape: the gradient of the loss for the output
    returns  float: the sum over all values

    >>> x, above = np.array([0.75, 9.0], dtype=np.float32), np.ones(2, dtype=np.float32)
    >>> float(scale_gradient(x, 1.0, -4, 3, above))
    3.25
    """
    assert x.shape == above.shape, f"x has shape {x.shape} and above {above.shape}"
    assert scale > 0, f"scale is {scale}; expected is a number above 0"
    ### BEGIN SOLUTION
    steps = x / scale
    q = np.rint(steps)
    slope = np.where((lo <= q) & (q <= hi), q - steps, np.clip(q, lo, hi))
    return np.sum(above * slope)
    ### END SOLUTION


# %% check 8.4 points=4
check("8.4")

# %% [markdown]
# ## When is it worth it?
#
# Both chips again, all ways, with what each of them needs. The seconds are those of one core.

# %% demo
first_chip

# %% demo
second_chip

# %% [markdown]
# Read them as a person who has to decide:
#
# 1. **Cheap ways first.** They take seconds, no labels, and no rate that somebody has to find.
# 2. **What do they leave over?** If that is less than the product may lose, you are done.
# 3. **Is it a mistake?** A wrong preprocessing or one bad layer is mended, not trained away.
# 4. **Then train**, and compare with the *best* cheap way on the same pictures. A gain whose
#    interval reaches down to 0 is no gain.

# %% box 8.5 [markdown]
# Four cases. Which one do you train? Set `train_it` to one letter.
#
# {{options}}

# %% exercise 8.5
### BEGIN SOLUTION
train_it = "c"
### END SOLUTION

# %% check 8.5 points=1
check("8.5")

# %% [markdown]
# ## A plan that is carried out
#
# A colleague has the first chip, and wants to spend the week on training, because this plan loses
# far too much:
#
# ```python
# Plan(Recipe(weights=Rule("int3", "symmetric", "per-tensor")), Calibration(100))
# ```

# %% box 8.6 [markdown]
# Save the week. The chip keeps its 3 bits and its one ruler for each weight. Find a plan **without
# training**: `my_plan` may lose at most **{{f"{find('8.6').targets[0].lost:g}"}} points** of top-1.
# The check takes a few seconds.

# %% exercise 8.6
### BEGIN SOLUTION
my_plan = Plan(
    Recipe(weights=Rule("int3", "symmetric", "per-tensor"), bias_correction="empirical"),
    Calibration(100),
)
### END SOLUTION

# %% check 8.6 points=3
check("8.6")

# %% [markdown] spine="quiz"
# ## Check yourself
#
# Six questions. A wrong answer is answered with a question.

# %% demo
quiz("08_quantization_aware_training")

# %% [markdown] spine="explain"
# ## Say it yourself

# %% box 8.7 [markdown]
# Your manager has read that quantization-aware training gives the best accuracy, and wants it for
# every model from now on. Answer in three or four sentences: when yes, when no, and how do you
# find out?
#
# The check shows you a rubric once you have written something. Place your answer in a band:
# `check("8.7", band=2)`.

# %% written 8.7 points=2
### BEGIN SOLUTION
explanation = """
Quantize after training first and correct the biases: that takes seconds and no labels. Where the
loss that is left is smaller than what the product may lose, stop there. Train where the cheap ways
leave too much, as with pictures of 2 bits, and where labels and time are there. Then compare
with the best cheap way on the same pictures, and count a gain only if its interval stays above 0.
"""
### END SOLUTION

# %% check 8.7
check("8.7")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You have written the gradient that trains through rounding, and a loop that uses it. You know one
# setting where only training helps, and one where it does not pay.
#
# You have *not* made anything faster: no runtime of this course computes with 2 or 3 bits, and the
# scores come from torch, in float with the integers' values. With 8 bits QAT is rarely needed. And
# {{crops}} test pictures tell a gain of some points from none, not one of a few tenths.
#
# ### Words of this lesson
#
# {{glossary_table(terms_of_lesson(8))}}

# %% [markdown] spine="next"
# ## Next
#
# **Lesson 09 · Deployment.** The integers are good. Do they also run as integers, on the runtime
# that you ship, and is that faster? Open `09_deployment`.
#
# **Optional project:** [a tiny loop of your own](../project_tiny_qat/project_tiny_qat.ipynb), with
# weights of 4 bits and activations of 3.
