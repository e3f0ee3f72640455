# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% facts
from quantlab.lessons.catalogue import find, of_lesson, terms_of_lesson
from quantlab.numerics import LayerShape, choose_qparams, size_of_layers, size_of_parameters
from quantlab.teach.glossary import glossary_table

PARAMETERS = 45_000_000
reading_minutes = 12
looking_minutes = 6  # the measurements, the explorer and the quiz
practice_minutes = sum(e.minutes for e in of_lesson(2))
minutes = reading_minutes + looking_minutes + practice_minutes
tasks = len(of_lesson(2))
points = f"{sum(e.points for e in of_lesson(2)):g}"
# Per-channel: two filters, and the weight farthest from 0 in each.
near, far = 0.25, 2.0
shared_step, own_step = (
    float(choose_qparams(-w, w, dtype="int4", scheme="symmetric", narrow=True).scale)
    for w in (far, near)
)
mb = {dtype: size_of_parameters(PARAMETERS, dtype) / 1e6 for dtype in ("float32", "int8", "int4")}
times_smaller = mb["float32"] / mb["int8"]
# By hand: two filters of 3×3 over one channel.
tiny = LayerShape("tiny", "conv", (2, 1, 3, 3))
tiny_weights = tiny.weights
tiny_fp32 = size_of_layers([tiny], "float32").total
tiny_tensor = size_of_layers([tiny], "int8", per_channel=False)
tiny_channel = size_of_layers([tiny], "int8", per_channel=True)
# A linear layer for one image: every weight is used once.
linear_ops, linear_weights = 2 * 4096 * 1000, 4096 * 1000
linear_intensity = linear_ops / (4 * (linear_weights + 4096 + 1000))
linear_ratio = (4 * (linear_weights + 4096 + 1000)) / (linear_weights + 4096 + 1000)
# A 1×1 convolution, 256 to 256 channels at 40×40.
point_ops = 2 * 256 * 256 * 40 * 40
point_bytes = 4 * (256 * 256 + 2 * 256 * 40 * 40)
gains_options = "\n".join(f"- **{k}** · {o.text}" for k, o in find("2.8").options.items())
half_gain = 1 / (0.5 + 0.5 / 4)
half_gain_with = 1 / (0.5 + 0.5 / 4 + 0.125)

# %% [markdown] spine="promise"
# # Lesson 02 · Size and latency
#
# **After this lesson** you can
#
# - say how many bytes a model takes before and after quantization, and check it against a file on
#   disk,
# - keep the memory of parameters and the memory of activations apart,
# - say whether a layer waits for its arithmetic or for its bytes, and how long it takes at least,
# - say when INT8 will *not* make a model faster, and show it by a measurement beside FP32.
#
# **Time:** about {{minutes}} minutes: {{reading_minutes}} to read, {{looking_minutes}} for the
# measurements, the explorer and the quiz, {{practice_minutes}} for {{tasks}} exercises worth
# {{points}} points.
# **Needs:** lesson 01, scale and zero_point. Nothing is downloaded. In a browser tab the arithmetic
# runs, and every exercise with it; the measurements need the installed course, and their cells say
# so.

# %%
import os
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np

from quantlab.learn import check, hint, predict, quiz, reveal, solution

# %% demo
from quantlab.lessons.lesson_02 import (
    byte_bars,
    explore_size,
    layer_arrays,
    missed_budget,
    quantize_net,
    rulers,
    show,
    small_net,
)
from quantlab.numerics import (
    LayerShape,
    choose_qparams,
    pack_int4,
    quantize,
    size_of_file,
    size_of_layers,
    size_of_parameters,
)

folder = Path(tempfile.mkdtemp(prefix="lesson02-"))  # the files of this lesson go here

# %% demo
from quantlab.lessons.lesson_02 import (  # what measures: with ONNX Runtime
    computed_times,
    hard_swish_pair,
    measure,
    measure_layer,
    measure_layers,
    measure_roofline,
    roofline_figure,
    side_by_side,
    speed_table,
)

# %% [markdown] spine="measure"
# ## 1 · Measure the problem first
#
# A camera gives a frame, and somebody promised to answer before the next one comes. That promise
# is the latency SLA of our detector. Here is a small convolutional network in its place: four
# layers, one 640×640 image. Its bytes are computed, it is written to disk, and it is timed.
# Everything below is compared with these two cells.
#
# How long is the promise? Cameras give 25, 50, 100 or 200 frames a second. We take the slowest one
# that this network cannot follow on *this* machine. So the budget below is missed, on every
# machine, and twice the speed would meet it. Is INT8 fast enough?

# %% demo
net = small_net(folder)  # four layers, their weights drawn
estimate = net.parameters * 32 // 8
print(f"parameters       {net.parameters:>12,}")
print(f"estimated bytes  {estimate:>12,}   parameters × 32 / 8")

# %% demo
on_disk = os.path.getsize(net.write())  # an ONNX file
run_fp32 = net.runner()  # ONNX Runtime, 1 thread, one image
fp32 = measure(run_fp32, seconds=1.5)
budget_ms = missed_budget(fp32.fastest * 1000)  # not even the fastest run meets it
print(f"bytes on disk    {on_disk:>12,}   {on_disk - estimate:,} more: names, shapes, the graph")
print(f"median latency   {fp32.median * 1000:>12.1f} ms, FP32, 1 thread, {fp32.runs} runs")
print(f"half of the runs {fp32.low * 1000:>12.1f} to {fp32.high * 1000:.1f} ms")
print(f"budget           {budget_ms:>12.4g} ms, {1000 / budget_ms:g} frames a second: missed")

# %% [markdown]
# The size could be predicted to within a fraction of a per cent, without running anything. The
# latency could not. This lesson goes in that order: bytes, which are exact; then time, which has
# to be measured.

# %% [markdown] spine="idea"
# ## 2 · The idea: count the bytes
#
# > `bytes = count × bits / 8 + the rulers + the biases`
#
# A parameter in FP32 has 32 bits. In INT8 it has 8. So {{f"{PARAMETERS:,}"}} parameters shrink
# from **{{f"{mb['float32']:g}"}} MB** to **{{f"{mb['int8']:g}"}} MB**: {{f"{times_smaller:g}"}}
# times smaller. In INT4, two to a byte, they are {{f"{mb['int4']:g}"}} MB. MB means 1,000,000
# bytes here. Tools that divide by 1024 × 1024 and still write MB show smaller numbers for the
# same file.
#
# Integers alone are worth nothing: without its **ruler**, a scale and a zero_point, nobody can
# read them. An INT8 layer stores
#
# | part | type | how many |
# |---|---|---|
# | weights | int8, 1 byte | all of them |
# | scales | float32, 4 bytes | 1 per-tensor, or one for each output channel |
# | zero_points | int8, 1 byte | as many as scales |
# | biases | int32, 4 bytes | one for each output channel |
#
# **Per-tensor** is one ruler for the whole weight, as in lesson 01: the weight farthest from 0
# sets its scale. **Per-channel** is one ruler for each output channel, that is, for each filter:
# a filter of small weights then has short steps, whatever the others hold. Activations keep one
# ruler for the whole tensor: a sum runs over all input channels, and one scale can be taken out of
# it only when all of its terms share it.
#
# Why are biases 32 bits wide? They are added to a sum of many products of two 8-bit integers, and
# that sum needs the room. Lesson 05 looks inside.

# %% demo
byte_bars(
    {
        "FP32, 45 million weights": {"weights": size_of_parameters(45_000_000, "float32")},
        "INT8": {"weights": size_of_parameters(45_000_000, "int8")},
        "INT4": {"weights": size_of_parameters(45_000_000, "int4")},
    }
)

# %% [markdown]
# And what do the extra rulers buy? Two filters in four bits: the weights of one reach
# ±{{f"{far:g}"}}, those of the other ±{{f"{near:g}"}}. On the shared ruler a step is
# {{f"{shared_step:.3f}"}}, and the small filter has hardly a tick to stand on. Its own ruler has
# steps of {{f"{own_step:.3f}"}}.

# %% demo
rulers(
    {
        "shared by both": choose_qparams(-2, 2, dtype="int4", scheme="symmetric", narrow=True),
        "of the small filter": choose_qparams(
            -0.25, 0.25, dtype="int4", scheme="symmetric", narrow=True
        ),
    },
    [-0.2, 0.08, 0.25],
)

# %% [markdown] spine="explore"
# ### Explore: one goal
#
# A phone app may grow by **100 MB**, and your model has 150 million parameters. Set the sliders to
# them. Which type fits? Then keep a part in FP32, because it needs to be exact: how many per cent
# can stay before the limit breaks? With how many channels do the scales begin to show?

# %% demo
explore_size()

# %% [markdown] spine="by-hand"
# ### By hand, small enough for paper
#
# Two filters of 3×3 over one channel: the weight has shape (2, 1, 3, 3). That is {{tiny_weights}}
# weights and 2 biases.
#
# - FP32: ({{tiny_weights}} + 2) × 4 = **{{tiny_fp32}} bytes**.
# - INT8 per-tensor: {{tiny_weights}} weights + 4 for the scale + 1 for the zero_point + 2 × 4 for
#   the biases = **{{tiny_tensor.total}} bytes**.
# - INT8 per-channel: {{tiny_weights}} + 2 × (4 + 1) + 2 × 4 = **{{tiny_channel.total}} bytes**.
#
# That is {{f"{tiny_fp32 / tiny_channel.total:.1f}"}} times smaller, not 4 times. Small layers pay
# for their rulers.
#
# And 4 bits? Say it before you measure it.

# %% demo
predict("2.a")

# %% demo
seven = np.array([-8, -3, 0, 1, 2, 5, 7], dtype=np.int8)
packed = pack_int4(seven)
print(f"{seven.size} weights of 4 bits, packed: {packed.nbytes} bytes")

# %% demo
reveal("2.a", packed.nbytes)

# %% box 2.1 [markdown]
# A model has 45 million parameters. How large are they in FP32 and in INT8, in MB of 1,000,000
# bytes? How many times smaller is INT8? Leave rulers and biases aside. Let Python do the
# arithmetic: write the expressions.

# %% exercise 2.1
### BEGIN SOLUTION
fp32_mb = 45_000_000 * 32 / 8 / 1_000_000
int8_mb = 45_000_000 * 8 / 8 / 1_000_000
times_smaller = fp32_mb / int8_mb
### END SOLUTION

# %% check 2.1 points=3
check("2.1")

# %% box 2.2 [markdown]
# Write `tensor_bytes(count, bits)`: how many bytes a file needs for `count` values of 4, 8, 16 or
# 32 bits. Two 4-bit values share a byte.


# %% exercise 2.2
def tensor_bytes(count, bits):
    """Whole bytes that `count` values of `bits` bits take, packed without gaps.

    count : int, 0 or more
    bits  : 4, 8, 16 or 32

    >>> tensor_bytes(6, 4)
    3
    >>> tensor_bytes(6, 32)
    24
    """
    assert isinstance(count, int), f"count is {count!r}; expected is a whole number"
    assert bits in (4, 8, 16, 32), f"bits is {bits!r}; expected is 4, 8, 16 or 32"
    ### BEGIN SOLUTION
    return (count * bits + 7) // 8
    ### END SOLUTION


# %% check 2.2 points=2
check("2.2")

# %% box 2.3 [markdown]
# Write `quantized_layer_bytes(weight_shape, per_channel)`: all bytes of an INT8 layer with a
# bias, as in the table above. Axis 0 of the weight counts the output channels.


# %% exercise 2.3
def quantized_layer_bytes(weight_shape, per_channel):
    """Bytes of an INT8 layer: int8 weights, float32 scales, int8 zero_points, int32 biases.

    weight_shape : tuple of int, (out, in, height, width) or (out, in)
    per_channel  : bool, True for one ruler for each output channel, False for one in all

    >>> quantized_layer_bytes((2, 1, 3, 3), False)
    31
    """
    assert isinstance(weight_shape, tuple), f"weight_shape is {weight_shape!r}; expected is a tuple"
    assert isinstance(per_channel, bool), (
        f"per_channel is {per_channel!r}; expected is True or False"
    )
    ### BEGIN SOLUTION
    weights = 1
    for side in weight_shape:
        weights *= side
    rulers = weight_shape[0] if per_channel else 1
    return weights + rulers * (4 + 1) + weight_shape[0] * 4
    ### END SOLUTION


# %% check 2.3 points=3
check("2.3")

# %% [markdown]
# ### Against a real file
#
# A formula is a claim. So quantize the weights of the small network, with the functions of lesson
# 01, and write exactly the four kinds of numbers to disk. `size_of_file` splits the file into
# numbers and container; the parts sum to what `os.path.getsize` says.

# %% demo
arrays = {}
for name, weight in net.weights.items():
    rows = weight.reshape(len(weight), -1)  # one row for each output channel
    lo, hi = rows.min(axis=1), rows.max(axis=1)
    per_channel = choose_qparams(lo, hi, dtype="int8", scheme="symmetric", axis=0)
    arrays |= layer_arrays(name, quantize(weight, per_channel), per_channel)
np.savez(folder / "small_net_int8.npz", **arrays)

# %% demo
computed = size_of_layers(net.layers, "int8", per_channel=True)
found = size_of_file(folder / "small_net_int8.npz")
int8_on_disk = os.path.getsize(folder / "small_net_int8.npz")
print(computed, end="\n\n")
print(found, end="\n\n")
print(f"computed {computed.total:,} bytes, the file holds {found.payload:,}:", end=" ")
print("equal" if computed.total == found.payload else "not equal")
print(f"with its container the file has {int8_on_disk:,} bytes")

# %% demo
print(f"FP32 file / INT8 file: {on_disk / int8_on_disk:.2f}")

# %% [markdown]
# The two totals agree to the byte. The ratio stays a little below 4: rulers, biases and the
# container do not shrink. On a large model they hardly show; on a small layer they decide.

# %% [markdown]
# ## 3 · Parameters against activations
#
# The file holds **parameters**. While the model runs, memory also holds **activations**: the
# tensors between the layers. A layer reads one and writes the next, so these two must be there
# together. What came before may go.
#
# Parameters are there once. Activations come for every image of a batch. Weight-only quantization
# shrinks the first and leaves the second as it was.

# %% demo
values = [int(np.prod(shape)) for shape in net.tensors]
print(f"{'layer':<6}{'parameters':>14}{'input + output':>18}   FP32, MB, one image")
for layer, (before, after) in zip(net.layers, pairwise(values), strict=True):
    own = 4 * (layer.weights + layer.biases)
    print(f"{layer.name:<6}{own / 1e6:>14.3f}{4 * (before + after) / 1e6:>18.3f}")

# %% [markdown]
# The last layer is heavy in parameters, the first ones in activations. Convolutional networks
# look like this: large pictures and few channels at the start, the other way round at the end.

# %% box 2.4 [markdown]
# Write `peak_activation_bytes(shapes, bytes_per_value)`. `shapes` lists the tensors of a chain of
# layers: the image, then the output of each layer. While a layer runs, its input and its output
# are in memory and nothing else of the list. What is the largest number of bytes that are in
# memory at once?


# %% exercise 2.4
def peak_activation_bytes(shapes, bytes_per_value):
    """Largest number of activation bytes in memory while a chain of layers runs.

    shapes          : list of (channels, height, width), the image first; 2 or more
    bytes_per_value : 4 for FP32, 1 for INT8

    >>> peak_activation_bytes([(1, 2, 2), (3, 2, 2)], 4)
    64
    """
    assert len(shapes) >= 2, f"shapes has {len(shapes)} entries; a layer has an input and an output"
    assert all(len(s) == 3 for s in shapes), "expected is (channels, height, width) for each tensor"
    ### BEGIN SOLUTION
    n = [c * h * w for c, h, w in shapes]
    return max(n[i] + n[i + 1] for i in range(len(n) - 1)) * bytes_per_value
    ### END SOLUTION


# %% check 2.4 points=3
check("2.4")

# %% [markdown]
# ## 4 · Bytes and operations: the slower of the two decides
#
# A layer does two things at once: it **moves bytes** between memory and the arithmetic units, and
# it **computes**. The machine has a speed for each. Whichever takes longer decides:
#
# > `time ≥ max(operations / ops_per_second, bytes / bytes_per_second)`
#
# This is the **roofline**, after Williams, Waterman and Patterson (2009). What tells the two
# cases apart is the layer's **intensity**, its operations for each byte. A layer of low intensity
# is *memory-bound*: it waits for bytes. One of high intensity is *compute-bound*.
#
# Two examples, computed by hand. One multiply-accumulate counts as **2 operations**.
#
# - A linear layer, 4096 to 1000, for one image: every weight is read once and used once.
#   {{f"{linear_ops:,}"}} operations, {{f"{4 * (linear_weights + 5096):,}"}} bytes in FP32:
#   **{{f"{linear_intensity:.2f}"}} operations a byte**.
# - A 1×1 convolution, 256 to 256 channels at 40×40: every weight is used {{f"{40 * 40:,}"}}
#   times. {{f"{point_ops:,}"}} operations, {{f"{point_bytes:,}"}} bytes:
#   **{{f"{point_ops / point_bytes:.0f}"}} operations a byte**.
#
# With INT8 weights and activations the linear layer moves {{f"{linear_ratio:g}"}} times fewer
# bytes. If bytes are all it waits for, it can be up to {{f"{linear_ratio:g}"}} times faster: that
# is the most that fewer bytes can give. The convolution gains only where the processor multiplies
# 8-bit integers faster than floats.

# %% box 2.5 [markdown]
# Write `conv_work(weight_shape, groups, height, width, bytes_per_value)` for a convolution with
# stride 1 whose output has the same height and width as its input. Return three numbers:
# `operations` (2 for each multiply-accumulate), `bytes_moved` (input, weight and output once
# each; no bias, no rulers) and `intensity`.
#
# A depthwise convolution has weight_shape (channels, 1, k, k) and groups = channels.


# %% exercise 2.5
def conv_work(weight_shape, groups, height, width, bytes_per_value):
    """Operations, bytes moved and operations a byte of one convolution, for one image.

    weight_shape    : (out_channels, in_channels / groups, kernel_height, kernel_width)
    groups          : int; the input has weight_shape[1] * groups channels
    height, width   : of the output, and as large for the input
    bytes_per_value : 4 for FP32, 1 for INT8

    >>> conv_work((2, 1, 1, 1), 1, 1, 5, 1)
    (20, 17, 1.1764705882352942)
    """
    assert len(weight_shape) == 4, f"weight_shape is {weight_shape}; expected are 4 numbers"
    assert weight_shape[0] % groups == 0, f"{weight_shape[0]} channels do not split into {groups}"
    ### BEGIN SOLUTION
    out, per_group, kh, kw = weight_shape
    weight_count, positions = out * per_group * kh * kw, height * width
    operations = 2 * weight_count * positions
    moved = weight_count + (per_group * groups + out) * positions
    return operations, moved * bytes_per_value, operations / (moved * bytes_per_value)
    ### END SOLUTION


# %% check 2.5 points=3
check("2.5")

# %% box 2.6 [markdown]
# Write `roofline_time(operations, bytes_moved, ops_per_second, bytes_per_second)`. Return the
# shortest possible time in **milliseconds**, and the bound: `"compute"` or `"memory"`.


# %% exercise 2.6
def roofline_time(operations, bytes_moved, ops_per_second, bytes_per_second):
    """Shortest time of a layer in milliseconds, and what it waits for: "compute" or "memory".

    operations, bytes_moved          : what the layer does, above 0
    ops_per_second, bytes_per_second : what the machine can do, above 0

    >>> roofline_time(8e6, 16e6, 1e11, 1e10)
    (1.6, 'memory')
    """
    assert min(operations, bytes_moved) > 0, "a layer does something and moves something"
    assert min(ops_per_second, bytes_per_second) > 0, "a machine has two speeds above 0"
    ### BEGIN SOLUTION
    compute = operations / ops_per_second * 1000
    memory = bytes_moved / bytes_per_second * 1000
    return max(compute, memory), "compute" if compute > memory else "memory"
    ### END SOLUTION


# %% check 2.6 points=3
check("2.6")

# %% [markdown]
# ### The two speeds of this machine
#
# The specification sheet of a processor states both speeds. Measured ones are lower and more
# honest. The bytes: two long arrays, far larger than any cache, are added. The operations: a large
# matrix product in ONNX Runtime, in FP32 and in INT8.

# %% demo
roofline = measure_roofline(threads=1, seconds=2.0)
print()
print(roofline)
print(f"both take equally long at {roofline.ridge():.1f} operations a byte in FP32", end=", ")
print(f"{roofline.ridge('int8'):.1f} in INT8")

# %% [markdown]
# That point is the **ridge**. A layer below it waits for bytes, a layer above it for arithmetic.
# Now your two functions meet your machine. The times are **computed, not measured**: nothing runs.

# %% demo
try:
    print(computed_times(roofline, conv_work, roofline_time))
except NotImplementedError:
    print("Solve 2.5 and 2.6 first, then run this cell again.")

# %% [markdown]
# ## 5 · Why INT8 may not be faster
#
# The roofline is what *could* be. Four layers, each in FP32 and in INT8, run in turn in the same
# runtime on one thread: an addition, a 1×1 convolution, a depthwise one, and a tiny one.

# %% demo
predict("2.b")

# %% demo
measured = measure_layers(threads=1, seconds=0.5)
print()
print(speed_table(measured))

# %% demo
reveal("2.b", sum(row.times.low > 1 for row in measured))

# %% [markdown]
# The interval says how sure the speed-up is: if it contains 1, the answer is *inconclusive*. Read
# your own table with these four reasons beside it. How much each of them weighs depends on the
# processor.
#
# - **The addition** does almost nothing with a lot of bytes. It is memory-bound and moves 4 times
#   fewer bytes, so it can become up to 4 times faster.
# - **The 1×1 convolution** is compute-bound. It gains what the processor's integer instructions
#   are ahead of its float instructions: a lot with dot-product instructions, little without.
# - **The depthwise convolution** has few operations for each byte, and each filter meets one
#   channel only. Wide integer instructions find little to do there. Often INT8 gives nothing.
# - **The tiny layer** stands alone among floats: quantize, compute, dequantize. Two conversions
#   and the fixed cost of each call are more than the layer itself.

# %% demo
figure, alt = roofline_figure(roofline, measured)
show(figure, alt=alt)

# %% [markdown]
# Read it like this. A point far below its roof is a kernel that leaves much of the machine unused.
# A point above the **slope** got its bytes from a cache: all layers except the addition fit into a
# large one, and a repeated run finds them there. A point above the **flat** part beats the matrix
# product that the roof was measured with; if other programs were busy meanwhile, close them and
# measure again. Which kernels ran? The runtime tells, if you ask it to save what it made of the
# model:

# %% demo
for row in measured:
    print(f"{row.name:<50}", " → ".join(row.kernels))

# %% [markdown]
# `QLinear…` is an integer kernel. A *Transpose* only moves bytes: the integer kernel wants another
# order of the axes than the float kernel does.

# %% [markdown]
# ### From a layer to the model
#
# Times add up; speed-ups do not. If half of the time is spent in layers that become 4 times
# faster, the other half takes as long as before, and the model is {{f"{half_gain:.1f}"}} times
# faster. If conversions add an eighth of the old time, {{f"{half_gain_with:.2f}"}} times is left.
# The rule has a name: Amdahl's law.

# %% box 2.7 [markdown]
# Write `model_speedup(share, faster, overhead)`: how many times faster the whole model becomes,
# when a `share` of its FP32 time is spent in layers that become `faster` times as fast, and
# conversions add `overhead`, also as a share of the FP32 time. Below 1 the model has become
# slower.


# %% exercise 2.7
def model_speedup(share, faster, overhead):
    """FP32 time of a model over its time with a part in INT8.

    share    : part of the FP32 time that INT8 speeds up, 0 to 1
    faster   : how many times faster that part becomes, above 0
    overhead : time that quantizing and dequantizing add, as a share of the FP32 time, 0 or more

    >>> model_speedup(0.5, 4.0, 0.0)
    1.6
    """
    assert 0 <= share <= 1, f"share is {share}; expected is 0 to 1"
    assert faster > 0, f"faster is {faster}; expected is above 0"
    assert overhead >= 0, f"overhead is {overhead}; expected is 0 or more"
    ### BEGIN SOLUTION
    after = (1 - share) + share / faster + overhead
    return 1 / after
    ### END SOLUTION


# %% check 2.7 points=3
check("2.7")

# %% box 2.8 [markdown]
# Which of these layers has least to gain from INT8? Set `gains_least` to `"a"`, `"b"`, `"c"` or
# `"d"`.
#
# {{gains_options}}

# %% exercise 2.8
### BEGIN SOLUTION
gains_least = "c"
### END SOLUTION

# %% check 2.8 points=1
check("2.8")

# %% [markdown]
# ### A layer that stays in FP32
#
# Here is that case, measured. The model says DequantizeLinear, HardSwish, QuantizeLinear, and you
# might hope for an integer HardSwish. See what the runtime made of it, and what that costs beside
# plain FP32.

# %% demo
hard_swish = measure_layer(hard_swish_pair(channels=64, side=80), seconds=0.5)
print("what ran:", " → ".join(hard_swish.kernels))
print(speed_table([hard_swish]))

# %% [markdown]
# The runtime does not warn you. Operators that silently stay in FP32 are a common reason for an
# INT8 model that disappoints; lesson 07 shows how to find them in a whole model.

# %% [markdown]
# ### The whole network, and the promise
#
# Back to the network of section 1. ONNX Runtime's own tool quantizes it here; lesson 06 opens
# that box. Two questions are left: is the file as large as we compute, and is a frame done
# before the next one comes?

# %% demo
int8_file = quantize_net(net)
# The image and four outputs have a ruler each; this format stores rulers for the biases as well.
computed = size_of_layers(net.layers, "int8", per_channel=True, bias_scales=True, activations=5)
found = size_of_file(int8_file)
print(f"computed {computed.total:,} bytes, the file holds {found.payload:,}", end=" ")
print(f"and {found['container']:,} of container")
print(f"FP32 file / INT8 file: {on_disk / found.total:.2f}")

# %% demo
times = side_by_side(run_fp32, net.runner(int8_file), seconds=2.0)
print(f"INT8 is {times.ratio:.2f}× as fast, 95 % {times.low:.2f} to {times.high:.2f}", end=": ")
print(times.verdict)
for precision, timing in (("FP32", times.first), ("INT8", times.second)):
    met = "met" if timing.median * 1e3 <= budget_ms else "missed"
    print(f"{precision} {timing.median * 1e3:.1f} ms, budget {budget_ms:.4g} ms: {met}")

# %% [markdown]
# The file is the same size on every machine, to the byte. The time is what your
# processor makes of it. Was the budget missed once more? Twice the speed would meet it,
# and now you know why INT8 may give less. (If FP32 meets it *now*, another program was busy during
# the first measurement: close it and run the lesson again.) A promise is kept or broken on the
# machine it was given for, with the threads, the batch and the image size it was given for.

# %% [markdown] spine="break"
# ## 6 · Break it
#
# Can quantization make a layer **larger**? Can INT8 make a model **slower**? Here both happen. How
# many input channels does the layer need before it begins to shrink? How much overhead can the
# model bear before INT8 loses? Change the numbers until you know, then say in a sentence why.

# %% demo
layer = LayerShape("try", "conv", (8, 1, 1, 1))
share, faster, overhead = 0.2, 2.0, 0.25

before = size_of_layers([layer], "float32").total
after = size_of_layers([layer], "int8", per_channel=True).total
print(f"the layer: {before} bytes in FP32, {after} bytes in INT8 per-channel")
new_time = (1 - share) + share / faster + overhead
print(f"the model: takes {new_time:.3f} of its FP32 time, {1 / new_time:.2f} times as fast")

# %% [markdown] spine="quiz"
# ## 7 · Check yourself

# %% demo
quiz("02_size_and_latency")

# %% [markdown] spine="explain"
# ## 8 · Explain it in your own words

# %% box 2.9 [markdown]
# A colleague has a model with **75 million parameters** and asks you to plan its INT8 version.
# Answer in a few sentences: how large is the INT8 file? Which scheme and granularity do you take
# for the convolution weights, which for the activations? Give a reason of one or two sentences
# for each.
#
# The check shows you a rubric once you have written something. Place your answer in a band:
# `check("2.9", band=2)`.

# %% written 2.9 points=3
### BEGIN SOLUTION
plan_75m = """
75 million INT8 weights of one byte are 75 MB, a quarter of the 300 MB in FP32; rulers and biases
add less than one per cent. Convolution weights: symmetric and per-channel, because they lie around
0 and every output channel has its own range. Activations: asymmetric and per-tensor, because after
a ReLU nothing lies below 0, so a symmetric ruler would waste half of its ticks, and the integer
kernels use one ruler for the whole tensor.
"""
### END SOLUTION

# %% check 2.9
check("2.9")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You can say the size of a model to the byte, and the roofline says how fast a layer could be at
# best. A roofline is a bound and no promise: caches, kernels and conversions stand between it and
# the clock, so a speed is measured or marked *computed, not measured*. You have *not* looked at
# what INT8 does to accuracy; a small and fast model that sees nothing is of no use.
#
# ### Words of this lesson
#
# {{glossary_table(terms_of_lesson(2))}}

# %% [markdown] spine="next"
# ## Next
#
# **Lesson 03 · Per-channel** asks why one ruler for a whole weight is often too few, and what the
# extra scales buy.
