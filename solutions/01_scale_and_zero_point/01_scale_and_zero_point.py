# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% facts
import numpy as np

from quantlab.lessons.catalogue import of_lesson, terms_of_lesson
from quantlab.lessons.lesson_01 import first_layer
from quantlab.numerics import QParams, choose_qparams, dequantize, quantize
from quantlab.teach.glossary import glossary_table

reading_minutes = 13
looking_minutes = 4  # the explorer and the quiz
practice_minutes = sum(e.minutes for e in of_lesson(1))
minutes = reading_minutes + looking_minutes + practice_minutes
tasks = len(of_lesson(1))
points = f"{sum(e.points for e in of_lesson(1)):g}"


def signed(value, digits=4):
    """A number for prose: `digits` significant digits and a true minus sign."""
    return f"{value:.{digits}g}".replace("-", "−")


# Two bits by hand: four ticks over [-2, 4].
hand_lo, hand_hi, hand_values = -2, 4, (-2.0, 0.0, 0.9, 4.0)
hand_scale = (hand_hi - hand_lo) / (2**2 - 1)
hand_zero = round(-hand_lo / hand_scale)
hand_ticks = [round(v / hand_scale) + hand_zero for v in hand_values]
hand_back = [hand_scale * (q - hand_zero) for q in hand_ticks]
hand_error = max(abs(v - b) for v, b in zip(hand_values, hand_back, strict=True))

# Ties, on a ruler whose step is one.
tie_ruler = QParams(1.0, 7, "uint8")
tie_onnx = int(quantize(2.5, tie_ruler))
tie_legacy = int(quantize(2.5, tie_ruler, "torch_legacy"))

# The ruler of the first picture does not stand where it was asked to: zero_point is whole.
first = choose_qparams(-0.9, 5.0, dtype="uint4")
first_lo, first_hi = (float(dequantize(q, first)) for q in (0, 15))
first_slid = float(first.scale) * int(first.zero_point) - 0.9

# Symmetric and asymmetric on the layer's two tensors.
layer = first_layer()
w_lo, w_hi = float(layer.kernels.min()), float(layer.kernels.max())
relu_hi = float(layer.relu.max())
w_sym = float(choose_qparams(w_lo, w_hi, dtype="int8", scheme="symmetric").scale)
w_asym = float(choose_qparams(w_lo, w_hi, dtype="int8").scale)
relu_sym = float(choose_qparams(0.0, relu_hi, dtype="int8", scheme="symmetric").scale)
relu_asym = float(choose_qparams(0.0, relu_hi, dtype="uint8").scale)

# Saturation and wrapping on the ruler of [-0.9, 5.0].
worked = choose_qparams(-0.9, 5.0)
beyond = round(6.5 / float(worked.scale)) + int(worked.zero_point)
wrapped = beyond % 256
wrapped_back = float(dequantize(wrapped, worked))
last_back = float(dequantize(255, worked))

# %% [markdown] spine="promise"
# # Lesson 01 · Scale and zero-point
#
# A neural network computes with FP32 numbers: 32 bits each. Quantization says the same numbers
# with 8 bits, sometimes 4 or 16. This lesson shows how, in plain arithmetic, and you write all of
# it.
#
# **After this lesson you can**
#
# - say what `scale` and `zero_point` are, and compute both from a range;
# - quantize a tensor to UINT8 and read it back, with the same integers as ONNX Runtime;
# - say how large the error gets on the ruler, and what happens off its ends;
# - choose a symmetric or an asymmetric ruler for a tensor, and give the reason.
#
# **Time:** about {{minutes}} minutes: {{reading_minutes}} to read, {{looking_minutes}} for the
# explorer and the quiz, {{practice_minutes}} for {{tasks}} exercises worth {{points}} points.
# **Needs:** Python, numpy and matplotlib. No GPU, no download.
#
# **Who this is for.** You ship computer-vision models: to a phone, to a camera, to a server with a
# tight latency, or to a GPU that limits your batch. Three wishes bring people here. A detector
# must answer in under 10 ms a frame, and that is a hard limit. The device has little memory. Or
# the cloud bill is too high. Smaller numbers help with all three, and each help has a price: some
# accuracy. Before you can judge the price, you have to know what happens to one number. That is
# today.

# %%
import matplotlib.pyplot as plt
import numpy as np

import quantlab as ql
from quantlab.learn import check, hint, i_can, predict, quiz, reveal, solution

# %% demo
from quantlab.lessons.lesson_01 import (
    Grid,
    error_curve,
    explore_ruler,
    first_layer,
    number_line,
    rulers,
    show,
)

# %% [markdown]
# Three verbs work in every cell of this course. `check("1.2")` judges your answer.
# `hint("1.2")` gives the next of three hints. `solution("1.2")` opens after a pass or three
# finished attempts, and `solution("1.2", anyway=True)` opens at once.
#
# ## Two minutes to warm up
#
# Answer these six in your head. Then run the cell below, and compare.
#
# 1. **Tensors.** An activation has the shape (1, 8, 64, 64) in FP32. How many bytes is that?
# 2. **Convolution.** A 3×3 kernel, stride 1, padding 1, on 64×64 pixels. How large is the output?
# 3. **ReLU.** What does it make of −1.5, 0 and 2?
# 4. **BatchNorm.** Mean 1, variance 4, weight 1, bias 0. What does it make of 3?
# 5. **Min, max, rounding.** What is the range of −1.5, 0 and 2? And what is `np.rint(2.5)`?
# 6. **Serving.** Which program runs your model in production? Name one.

# %% demo
values = np.array([-1.5, 0.0, 2.0])
print("1. bytes:      ", 1 * 8 * 64 * 64 * 4)
print("2. output side:", (64 + 2 * 1 - 3) // 1 + 1)
print("3. ReLU:       ", np.maximum(values, 0.0))
print("4. BatchNorm:  ", (3 - 1) / np.sqrt(4) * 1 + 0)
print("5. range, rint:", float(values.min()), float(values.max()), np.rint(2.5))
print("6. this course:  ONNX Runtime")

# %% [markdown]
# Five or six right: go on. If number 2, 3 or 4 was new to you, read up on it first, because later
# lessons build on it. If `np.rint(2.5)` surprised you, stay: it comes back in exercise 1.3.

# %% [markdown] spine="measure"
# ## Measure the problem first
#
# Here is a small picture, and the first layer of a network run over it: eight 3×3 kernels and a
# leaky ReLU, which keeps a tenth of what is below 0. The picture and the kernels are made up; the
# arithmetic is that of a real layer. Before we change a single number, write down what we have.

# %% demo
layer = first_layer()
activation = layer.leaky  # float32, 8 channels of 64 × 64

print(f"values             {activation.size:>9,}")
print(f"different values   {np.unique(activation).size:>9,}")
print(f"range              {activation.min():.3f} to {activation.max():.3f}")
print(f"bytes in FP32      {activation.nbytes:>9,}")
print(f"bytes at 8 bits    {activation.size:>9,}   (computed, not measured)")

# %% [markdown]
# Nearly every value is different from every other one. An 8-bit integer can be one of
# {{2**8}} things. So the question of this lesson is not how to store a number in 8 bits. It is
# **which {{2**8}} numbers are worth saying**, and what is lost when the other ones are dropped.

# %% [markdown] spine="idea"
# ## The idea: choosing a ruler
#
# Lay a ruler along the number line. Its ticks have integers on them, 0, 1, 2 and so on, all the
# same distance apart. To quantize a number is to read the nearest tick. Two facts describe the
# ruler:
#
# - **`scale`** is the distance between two ticks, in the unit of the real numbers;
# - **`zero_point`** is the tick that stands at 0.0.
#
# > **`real ≈ scale × (q − zero_point)`**
#
# That is the one formula of this lesson. Everything else follows from two demands on the ruler.
#
# **It must be straight.** A convolution multiplies and adds. If equal steps of `q` are equal steps
# of the real number, then sums of integers stand for sums of real numbers, and the layer can be
# computed with integers alone. Lesson 05 does that. A curved ruler could not.
#
# **It must have a tick exactly at 0.0.** Padding writes zeros around a picture, and a ReLU writes
# zeros inside it. If 0.0 had no tick, each of these zeros would become the same small error, and
# errors of one sign add up. The formula has this built in: at `q = zero_point` it gives 0.0
# exactly.
#
# Here is a ruler with 16 ticks for the range −0.9 to 5.0, and five values. One of them fell off
# the end.

# %% demo
number_line([-0.7, 0.3, 1.95, 4.2, 6.1], ql.choose_qparams(-0.9, 5.0, dtype="uint4"))

# %% [markdown]
# Look at its ends: {{signed(first_lo, 2)}} and {{signed(first_hi, 3)}}, not −0.9 and 5.0. 0.0 has
# to stand on a tick, and there is no tick {{signed(0.9 / float(first.scale), 3)}}: `zero_point` is
# rounded to {{int(first.zero_point)}}. That **slides the whole ruler**, here by
# {{signed(-first_slid, 2)}}, never by more than half a step. With 256 ticks you hardly see it.

# %% [markdown] spine="explore"
# ## Explore: one goal
#
# Here is the same range with 256 ticks. **Make 0.3 exact with 4 bits:** take `uint4`, leave `x` at
# 0.3, and drag `lo` and `hi` until its error is 0, or next to it. There is more than one way.
# Which values between −0.9 and 5.0 does your ruler no longer reach?
#
# On the way, watch three things: where 0.0 stands when the range is one-sided, how far `x` is from
# its tick at most, and what happens to `x` beyond the last tick.

# %% demo
explore_ruler()

# %% [markdown] spine="by-hand"
# ## By hand, small enough for paper
#
# Two bits give four ticks: 0, 1, 2, 3. The values are −2, 0, 0.9 and 4.
#
# 1. The range is {{hand_hi - hand_lo}} wide. Between 4 ticks there are **3 steps**, so
#    `scale` = {{hand_hi - hand_lo}} / 3 = {{f"{hand_scale:g}"}}.
# 2. 0.0 lies 2 above the lower end, that is one step. So `zero_point` = {{hand_zero}}.
# 3. Count steps from 0, round, add `zero_point`: −2 → {{hand_ticks[0]}}, 0 → {{hand_ticks[1]}},
#    0.9 → {{hand_ticks[2]}}, 4 → {{hand_ticks[3]}}.
# 4. Read back with the formula: {{", ".join(signed(b) for b in hand_back[:2])}},
#    **{{signed(hand_back[2])}}**, {{signed(hand_back[3])}}.
#
# The 0.9 is gone. It lost {{f"{hand_error:g}"}}, and no other value lost more.

# %% demo
number_line([-2.0, 0.0, 0.9, 4.0], Grid(scale=2.0, zero_point=1, qmin=0, qmax=3))

# %% [markdown]
# How large can this loss get? Say it before you measure it: a click keeps what you believe, and
# until the reveal you may change your mind.

# %% demo
predict("1.a")

# %% demo
values = np.linspace(-2.0, 4.0, 1201)  # from one end of the ruler to the other
ticks = np.array([-2.0, 0.0, 2.0, 4.0])
lost = np.abs(values[:, None] - ticks).min(axis=1)  # from each value to the nearest tick
print(f"lost on average {lost.mean():.2f}, at most {lost.max():.2f}; a step is 2 long")

# %% demo
reveal("1.a", lost.max() / 2.0)

# %% box 1.1 [markdown]
# Now eight bits, on paper or with a calculator. A tensor's values run from **−0.9 to 5.0**, and
# you want them in UINT8: ticks 0 to 255. What are `scale` (to four decimals), `zero_point`, and
# the tick of the value **0.3**? Replace each `...` by a number.

# %% exercise 1.1
### BEGIN SOLUTION
my_scale = 0.0231
my_zero_point = 39
my_q = 52
### END SOLUTION

# %% check 1.1 points=3
check("1.1")

# %% [markdown]
# ## From a range to a ruler
#
# You just did this with numbers. Now write it once for every range. Two demands fix the two
# unknowns: the lowest tick stands at `lo` and the highest at `hi`, which gives `scale`; and 0.0
# stands on a tick, which gives `zero_point`.
#
# The second demand has a trap. The output of a layer may lie between 2 and 6, with 0.0 nowhere
# near. Then no tick from 0 to 255 would stand at 0.0. There are two ways out. Clamp `zero_point`
# to 0..255: then the ruler slides along and no longer reaches 6. Or move an end of the *range*
# until it contains 0. Like ONNX Runtime, the course moves the range, and the `zero_point` is not
# clamped.

# %% box 1.2 [markdown]
# Write `scale_zero_point(lo, hi)` for UINT8. The ruler covers `lo`, `hi` and 0.0, and 0.0 stands
# exactly on a tick, also when the whole range lies on one side of it.


# %% exercise 1.2
def scale_zero_point(lo, hi):
    """The UINT8 ruler of a range.

    lo, hi   floats, lo <= hi, the ends of the range; not both 0
    returns  (scale, zero_point): a float above 0, and an int from 0 to 255

    >>> scale, zero_point = scale_zero_point(-1.0, 1.55)
    >>> round(scale, 6), zero_point
    (0.01, 100)
    """
    assert np.ndim(lo) == 0, f"lo has shape {np.shape(lo)}; expected is a single number"
    assert np.ndim(hi) == 0, f"hi has shape {np.shape(hi)}; expected is a single number"
    ### BEGIN SOLUTION
    lo, hi = min(lo, 0.0), max(hi, 0.0)
    scale = (hi - lo) / 255
    zero_point = round(-lo / scale)
    return scale, zero_point
    ### END SOLUTION


# %% check 1.2 points=3
check("1.2")

# %% [markdown]
# ## To the nearest tick: four steps, one order
#
# Turning a number into a tick takes four small steps, and their order is part of the contract:
#
# 1. **divide** by `scale`: how many steps is the number from 0.0?
# 2. **round** to a whole number of steps;
# 3. **add** `zero_point`: from steps to ticks;
# 4. **clamp** to 0 and 255, and only then **cast** to an 8-bit type.
#
# **Ties.** 2.5 steps are as far from 2 as from 3. Always going up, as one learns at school, makes
# everything a little larger on average. ONNX goes to the *even* neighbour, here 2, so that ties
# fall to both sides equally often. `np.rint` and Python's own `round` do the same.
#
# **Why the order matters.** Swap steps 2 and 3, and a tie goes to the even *tick*. With
# `zero_point` 7 the number 2.5 then lands on {{tie_legacy}} and no longer on {{tie_onnx}}. Both
# are half a step away, so neither is less exact. But two programs that disagree do not compute the
# same network. PyTorch's old quantized tensors did it this way, and its present fake quantization
# multiplies by 1/scale where ONNX divides. `quantlab` can do each of them, by name:

# %% demo
halves = np.arange(-3.5, 4.0, 1.0, dtype=np.float32)
print(ql.rounding_differences(halves, ql.QParams(1.0, 7, "uint8"), "onnx", "torch_legacy"))

# %% [markdown]
# **Why the cast comes last.** On the ruler of [−0.9, 5.0] the value 6.5 is tick {{beyond}}.
# Clamped it becomes 255 and reads back as {{signed(last_back)}}: too small, but large. Cast
# first, and eight bits keep the remainder: {{beyond}} − 256 = {{wrapped}}, which reads back as
# {{signed(wrapped_back, 3)}}. The brightest pixel of the picture has become a dark one. A
# value that the clamp stops is said to **saturate**.

# %% box 1.3 [markdown]
# Write `quantize(x, scale, zero_point)` to UINT8: divide, round half to even, add, clamp, cast.


# %% exercise 1.3
def quantize(x, scale, zero_point):
    """The nearest tick of each value.

    x           float32 array of any shape
    scale       float above 0, in the unit of x
    zero_point  int from 0 to 255
    returns     uint8 array of x's shape

    >>> quantize(np.array([-0.9, 0.0, 5.0], dtype=np.float32), 0.5, 7)
    array([ 5,  7, 17], dtype=uint8)
    """
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert scale > 0, f"scale is {scale}; expected is a number above 0"
    ### BEGIN SOLUTION
    ticks = np.rint(x / np.float32(scale)) + zero_point
    return np.clip(ticks, 0, 255).astype(np.uint8)
    ### END SOLUTION


# %% check 1.3 points=4
check("1.3")

# %% [markdown]
# ## And back
#
# The way back is the formula itself. One thing can go wrong, and it goes wrong silently: `q` is
# UINT8, and numpy subtracts in the type it is given. Try the next cell. What did you expect?

# %% demo
q = np.array([3, 7, 9], dtype=np.uint8)
print(q - np.uint8(7))

# %% box 1.4 [markdown]
# Write `dequantize(q, scale, zero_point)`: ticks to real numbers, below `zero_point` too.


# %% exercise 1.4
def dequantize(q, scale, zero_point):
    """The real number that each tick stands for: scale * (q - zero_point).

    q           uint8 array of any shape
    scale       float above 0
    zero_point  int from 0 to 255
    returns     float array of q's shape, in the unit of scale

    >>> back = dequantize(np.array([5, 7, 17], dtype=np.uint8), 0.5, 7)
    >>> [float(value) for value in back]
    [-1.0, 0.0, 5.0]
    """
    assert isinstance(q, np.ndarray), f"q is a {type(q).__name__}; expected is a numpy array"
    assert q.dtype == np.uint8, f"q has dtype {q.dtype}; expected is uint8"
    ### BEGIN SOLUTION
    return (q.astype(np.float32) - zero_point) * np.float32(scale)
    ### END SOLUTION


# %% check 1.4 points=2
check("1.4")

# %% [markdown]
# ## How much is lost
#
# There and back again: `dequantize(quantize(x))`. This round trip has a name, **fake
# quantization**, because the numbers are floats again and yet only those that the ruler can say.
# Draw its error against the value, for the ruler with 16 ticks:

# %% demo
error_curve(ql.choose_qparams(-0.9, 5.0, dtype="uint4"), [0.3, 1.95, 6.1])

# %% [markdown]
# On the ruler the error is a saw-tooth that never leaves the band of half a step: rounding takes
# the *nearest* tick, and between two ticks nothing is further than half a step from both. Off the
# ruler the error grows as far as the value goes. So every ruler trades one loss for the other. A
# wide one has coarse steps, a narrow one cuts off the ends. Lesson 04 makes that trade on purpose.

# %% box 1.5 [markdown]
# Write `largest_error(x, scale, zero_point)`: the largest distance between a value and what comes
# back. Use your own `quantize` and `dequantize`.


# %% exercise 1.5
def largest_error(x, scale, zero_point):
    """How far the worst value of x is from its round trip through UINT8.

    x           float32 array of any shape; some values may lie off the ruler
    scale       float above 0, in the unit of x
    zero_point  int from 0 to 255
    returns     float, 0 or more, in the unit of x

    >>> x = np.array([0.0, 0.25, 1.125], dtype=np.float32)
    >>> float(largest_error(x, 0.5, 7))
    0.25
    """
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert x.size > 0, "x is empty; expected is at least one value"
    ### BEGIN SOLUTION
    back = dequantize(quantize(x, scale, zero_point), scale, zero_point)
    return float(np.max(np.abs(back - x)))
    ### END SOLUTION


# %% check 1.5 points=2
check("1.5")

# %% [markdown]
# ## Symmetric and asymmetric
#
# The ruler so far is **asymmetric**: it reaches down to `lo` and up to `hi`, and `zero_point` is
# wherever 0.0 happens to be. A **symmetric** ruler reaches equally far to both sides, so 0.0 is
# always in the middle: in INT8 `zero_point` is 0, and the ticks −127 to 127 are used. (INT8 has a
# −128 as well. Without it both sides have 127 steps. In four bits the ticks are −7 to 7.)
#
# Here are two tensors of the layer above: its weights, and the sums after a plain ReLU.

# %% demo
kernels, relu = layer.kernels, layer.relu
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
left.hist(kernels.ravel(), bins=24, color="#0072B2")
left.set(title="weights: both sides of 0", xlabel="value", ylabel="how many")
right.hist(relu.ravel(), bins=60, color="#D55E00", log=True)
right.set(title="after a ReLU: one side of 0", xlabel="value", ylabel="how many (log)")
show(
    figure,
    alt=f"Two histograms. The weights spread to both sides of 0, from {kernels.min():.2f} to "
    f"{kernels.max():.2f}. The values after the ReLU begin at 0 and reach {relu.max():.2f}.",
)

# %% [markdown]
# And this is what each kind of ruler makes of this ReLU's output, which runs from 0 to
# {{f"{relu_hi:.2f}"}}:

# %% demo
rulers(
    {
        "INT4, symmetric": ql.choose_qparams(
            0.0, relu.max(), dtype="int4", scheme="symmetric", narrow=True
        ),
        "UINT4, asymmetric": ql.choose_qparams(0.0, relu.max(), dtype="uint4"),
    },
    [0.0, 0.1, 0.4, 0.7, relu.max()],
)

# %% [markdown]
# **One-sided values want an asymmetric ruler.** Everything left of 0 on the symmetric one is never
# used. In eight bits that makes the steps {{f"{relu_sym / relu_asym:.2f}"}} times as long: one
# whole bit is wasted.
#
# **Centred values lose next to nothing on a symmetric ruler.** For these weights, from
# {{signed(w_lo, 2)}} to {{signed(w_hi, 2)}}, its steps are only
# {{f"{100 * (w_sym / w_asym - 1):.0f}"}} % longer. And it buys something. A convolution sums `n`
# products of weights and activations. Write both rulers
# into one such sum, with `zw` and `zx` for the two zero-points:
#
# ```text
# Σ (qw − zw)·(qx − zx)  =  Σ qw·qx  −  zx·Σ qw  −  zw·Σ qx  +  n·zw·zx
# ```
#
# The second and the fourth term know no picture: they are computed once, before the first frame.
# The third term needs the sum of the *activations*, for every output pixel of every frame. With
# `zw` = 0 it is gone. That is why weights get a symmetric ruler, and why activations may keep a
# `zero_point`.

# %% box 1.6 [markdown]
# Write `symmetric_scale(w)` for INT8 weights: `zero_point` is 0, the ticks are −127 to 127, and
# the weight farthest from 0 lands on the last one, whichever side it is on.


# %% exercise 1.6
def symmetric_scale(w):
    """The scale of a symmetric INT8 ruler over a weight tensor.

    w        float32 array of any shape, not all zeros
    returns  float above 0, in the unit of w

    >>> float(symmetric_scale(np.array([-63.5, 12.0], dtype=np.float32)))
    0.5
    """
    assert isinstance(w, np.ndarray), f"w is a {type(w).__name__}; expected is a numpy array"
    assert np.any(w), "w is all zeros; expected is at least one other value"
    ### BEGIN SOLUTION
    return float(np.max(np.abs(w))) / 127
    ### END SOLUTION


# %% check 1.6 points=2
check("1.6")

# %% box 1.7 [markdown]
# The convolution of this lesson has weights from {{signed(w_lo, 2)}} to {{signed(w_hi, 2)}}, and
# the ReLU behind it gives values from 0 to {{f"{relu_hi:.2f}"}}. Which rulers do you choose? Set
# `scheme_choice` to one letter.
#
# - `"a"` symmetric for both
# - `"b"` asymmetric for both
# - `"c"` symmetric for the weights, asymmetric for the activations
# - `"d"` asymmetric for the weights, symmetric for the activations

# %% exercise 1.7
### BEGIN SOLUTION
scheme_choice = "c"
### END SOLUTION

# %% check 1.7 points=1
check("1.7")

# %% [markdown]
# ## More ticks, fewer ticks
#
# Eight bits are a choice. Four bits halve the memory again, sixteen double it. Here is the layer
# of the beginning on three rulers. The range is the same, only the number of ticks differs, and
# the error is measured on all its values:

# %% demo
lo, hi = float(activation.min()), float(activation.max())
print("dtype    ticks       scale   half a step   largest error     bytes")
for dtype in ("uint4", "uint8", "uint16"):
    grid = ql.choose_qparams(lo, hi, dtype=dtype)
    error = np.abs(ql.fake_quantize(activation, grid).astype(np.float64) - activation).max()
    size = activation.size * grid.bits // 8
    print(
        f"{dtype:6} {2**grid.bits:>7,}  {grid.scale:10.3e}  {grid.scale / 2:12.4e}"
        f"  {error:14.4e}  {size:>8,}"
    )
print(f"float32{activation.nbytes:>63,}")
print(f"float32 has ticks too: near {hi:.2f} they are {np.spacing(np.float32(hi)):.1e} apart")

# %% [markdown]
# Read the columns against each other. Each further bit halves the step, or very nearly. The
# largest error stays within half a step. In the last row it is a hair above, and that hair is not
# the ruler's: FP32 rounds too, and its own ticks are finer by less than you may have thought. The
# bytes are computed here; lesson 02 writes files and weighs them.
#
# A type may also be **signed**. INT8 counts from −128 to 127 and UINT8 from 0 to 255: the same 256
# ticks with other names. The lowest tick, `qmin`, still stands at `lo`. So `zero_point` moves
# along with `qmin`, and `scale` does not change at all.

# %% box 1.8 [markdown]
# Write `ruler(lo, hi, bits, signed)`, an asymmetric ruler for any number of bits. You may assume
# that the range contains 0.


# %% exercise 1.8
def ruler(lo, hi, bits, signed):
    """The asymmetric ruler of a range that contains 0.

    lo, hi   floats, lo <= 0 <= hi, not both 0
    bits     int: 4, 8 or 16
    signed   bool: ticks from -2**(bits - 1), or from 0
    returns  (scale, zero_point): a float above 0, and an int that the type can hold

    >>> scale, zero_point = ruler(-1.0, 1.55, 8, True)
    >>> round(scale, 6), zero_point
    (0.01, -28)
    """
    assert lo <= 0 <= hi, f"the range is [{lo}, {hi}]; expected is one that contains 0"
    assert bits in (4, 8, 16), f"bits is {bits}; expected is 4, 8 or 16"
    ### BEGIN SOLUTION
    qmin = -(2 ** (bits - 1)) if signed else 0
    scale = (hi - lo) / (2**bits - 1)
    zero_point = round(qmin - lo / scale)
    return scale, zero_point
    ### END SOLUTION


# %% check 1.8 points=3
check("1.8")

# %% box 1.9 [markdown]
# All of it once, on five activations after a leaky ReLU. Give them a UINT8 ruler that is
# asymmetric and covers exactly their range: `act_scale`, `act_zero_point`, and their five ticks
# `act_q`. Paper works, and so do the functions you have written.

# %% exercise 1.9
activations = np.array([-0.2, 0.0, 0.474, 1.116, 2.35], dtype=np.float32)

### BEGIN SOLUTION
act_scale, act_zero_point = scale_zero_point(float(activations.min()), float(activations.max()))
act_q = quantize(activations, act_scale, act_zero_point)
### END SOLUTION

# %% check 1.9 points=3
check("1.9")

# %% [markdown] spine="break"
# ## Break it
#
# A range comes from data, and data can be odd. A channel may be dead, so that everything in it is
# 0. A tensor may be constant. A bug may have left a NaN. Predict for each row below: is the right
# answer a ruler, or an error? Then run the cell.


# %% demo
def attempt(function, *arguments):
    try:
        return function(*arguments)
    except Exception as stopped:
        return f"{type(stopped).__name__}: {stopped}"


for lo, hi in [(0.0, 1e-12), (3.0, 3.0), (0.0, 0.0), (float("nan"), 1.0), (2.0, -1.0)]:
    print(f"[{lo:g}, {hi:g}]")
    print("   yours:   ", attempt(scale_zero_point, lo, hi))
    print("   quantlab:", attempt(ql.choose_qparams, lo, hi))

# %% [markdown]
# - **[0, 1e-12]** is a range like any other. Its steps are tiny, and the formula still holds.
# - **[3, 3]** has no width, but 0 belongs to the range as well: it becomes [0, 3], and 3 stands
#   on the last tick.
# - **[0, 0]** has no width at all. Any scale says 0 exactly, so `quantlab` answers with scale 1, as
#   ONNX Runtime's quantization tool does. A division by zero in a dead channel stops a whole run.
# - **NaN** must be an error. Nothing compares with a NaN, so `min` and `max` can pass it over
#   without a word, and the ruler that comes out is wrong for every other value too.
# - **[2, −1]** runs the wrong way. Did yours notice? ONNX Runtime's tool does not, and answers with
#   scale 1.
#
# Change the list, or your function, until you agree with what it says.

# %% [markdown] spine="quiz"
# ## Check yourself
#
# Four questions. A wrong answer is answered with a question.

# %% demo
quiz("01_scale_and_zero_point")

# %% [markdown] spine="explain"
# ## Say it yourself
#
# What you can explain, you have understood. No computer judges this one: compare with the
# rubric that opens after your text, or your instructor reads it.

# %% box 1.10 [markdown]
# A colleague asks: “What are scale and zero_point? And why do the weights get a symmetric ruler
# and the activations an asymmetric one?” Answer in three or four sentences.

# %% written 1.10 points=2
### BEGIN SOLUTION
explanation = """
scale is the distance between two ticks of the ruler, and zero_point is the tick at which 0.0
stands. Weights lie on both sides of 0, so a symmetric ruler wastes next to nothing, and its
zero_point of 0 removes a sum over the activations from every output of the convolution. What comes
out of a ReLU lies on one side of 0: a symmetric ruler would never use half of its ticks, an
asymmetric one uses them all.
"""
### END SOLUTION

# %% check 1.10
check("1.10")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You have a ruler for one tensor: `scale_zero_point`, `quantize` and `dequantize`, with the same
# integers as ONNX Runtime. You know its two errors, half a step on the ruler and saturation off
# it.
#
# You have *not* made anything faster or smaller. The values went there and back, and they are
# floats again. You have one ruler for a whole tensor, where a ruler for each channel may fit
# better. And the range came from the data itself: on new data it may not fit.
#
# ### Words of this lesson
#
# {{glossary_table(terms_of_lesson(1))}}
#
# Later lessons add:
#
# | word | what it means |
# |---|---|
# | **per-channel** | a ruler for each output channel (lessons 02 and 03) |
# | **observer** | code that watches a tensor and remembers its range (lesson 04) |
# | **calibration** | running sample data through a model to find the ranges (lesson 04) |
# | **PTQ** | post-training quantization: a trained model is quantized as it is (lesson 06) |
# | **QAT** | quantization-aware training: fake quantization takes part in it (lesson 08) |
#
# ### I can …
#
# Read each line aloud and go on with “because”. Tick what you can do. Where you cannot, you know
# where to look.

# %% demo
i_can("01_scale_and_zero_point")

# %% [markdown] spine="next"
# ## Next
#
# **Lesson 02 · Size and latency.** Your INT8 numbers take a quarter of the memory. Does the file
# get four times smaller? Does the model get four times faster? You will measure both, and one of
# the two answers is “not always”. Open `02_size_and_latency`.
