# %% facts
from quantlab.lessons.catalogue import lessons
from quantlab.lessons.learning_path import (
    compare_blocks,
    compare_eight_bits,
    compare_smoothing,
    widest_weight,
)
from quantlab.lessons.learning_path.material.blocks import BLOCK, MX_SCALE_BITS, SCALE_BITS
from quantlab.lessons.learning_path.material.smoothing import LOUD, TIMES

block_bits = f"{4 + SCALE_BITS / BLOCK:g}"
mx_bits = f"{4 + MX_SCALE_BITS / BLOCK:g}"
channel_db, block_db, mx_db = (
    f"{r['sqnr']:.1f}" for r in compare_blocks(widest_weight()).table.rows
)
plain, long, longest = compare_eight_bits().table.rows
plain_int8, plain_fp8 = f"{plain['int8']:.0f}", f"{plain['e4m3']:.0f}"
longest_int8, longest_fp8 = f"{longest['int8']:.0f}", f"{longest['e4m3']:.0f}"
loud, times = len(LOUD), f"{TIMES:.0f}"
as_it_is, smoothed = (f"{r['sqnr']:.0f}" for r in compare_smoothing().table.rows)

names = [room.quiz_id for room in lessons() if room.number and room.quiz_id]
link = {int(name[:2]): f"[{name[:2]}](../{name}/{name}.ipynb)" for name in names}
STEPS = (
    ("basics", "compute a ruler, a size and a speed-up", (1, 2)),
    ("backend-specific deployment", "prove what runs in INT8 on your runtime", (5, 9)),
    ("mixed precision and calibration", "choose scenes, observers, layers of more bits", (3, 4, 7)),
    ("QAT for recovery", "win back what PTQ leaves, and say when it is worth it", (6, 8)),
    ("profiling, monitoring, rollback", "measure in service, and go back by a rule", (9,)),
)
path = "| step | what you can do then | lessons |\n|---|---|---|\n" + "\n".join(
    f"| {n} · {name} | {can} | {', '.join(link[lesson] for lesson in there)} |"
    for n, (name, can, there) in enumerate(STEPS, start=1)
)
PROJECTS = (
    ("project_per_channel", "per-tensor against per-channel on the small classifier", 6),
    ("project_worst_layers", "the worst two layers of a segmenter", 7),
    ("project_tiny_qat", "a tiny loop of quantization-aware training", 8),
)
projects = "\n".join(
    f"- [{what}](../{name}/{name}.ipynb), after lesson {link[lesson]}"
    for name, what, lesson in PROJECTS
)

# %% [markdown] spine="promise"
# # The learning path, and what lies beyond INT8
#
# This is the last page. It has no exercises. It says where you stand on the way to production,
# what to do next with a model of your own, and what other number formats are for.
#
# **Time:** about 20 minutes. Every cell takes seconds, and nothing is downloaded.

# %% demo
import numpy as np

from quantlab import choose_qparams, quantize
from quantlab.learn import i_can
from quantlab.lessons.learning_path import (
    compare_blocks,
    compare_eight_bits,
    compare_smoothing,
    dynamic_integers,
    widest_weight,
)

# %% [markdown]
# ## The path
#
# {{path}}
#
# Tick what you can do. For the rest you read which lesson to go back to, and how far you are in
# it.

# %% demo
i_can("learning_path")

# %% [markdown]
# ## Now a model of your own
#
# Take the model that you work with. One command quantizes it, compares it with FP32, and leaves a
# record: accuracy, latency with its interval, sizes, machine and date.
#
# ```
# quantlab record my_models:detector pictures/
# ```
#
# `quantlab record --help` says what it takes: a torch model or an .onnx file, and a folder of
# pictures, with COCO's labels where you have some. Keep the record. It is the baseline that your
# next change is compared with.

# %% [markdown]
# ## Projects, with nobody's numbers but yours
#
# Each takes 45 to 60 minutes. There are no points: a review looks at what you found, and measures
# one of your numbers again.
#
# {{projects}}

# %% [markdown]
# ## Beyond INT8
#
# INT8 with one ruler a channel is where this course stops. Five other ideas turn up in papers and
# data sheets. For each: what it is for, and one measurement.
#
# ### Blocks: INT4 with one scale for 32 weights, and MX
#
# **For:** models whose *weights* decide the time, above all language models that produce one word
# after the other. The weights travel from memory in 4 bits and are multiplied in float (Lin et
# al., "AWQ", 2023).
#
# With 4 bits one ruler a channel is coarse: the largest weight of a channel decides the step of
# all others. A **block** of {{BLOCK}} weights with a scale of its own has fewer others. The scales
# cost memory: {{SCALE_BITS}} bits for {{BLOCK}} weights make {{block_bits}} bits a weight.
#
# The **MX** formats (OCP Microscaling Formats specification 1.0, 2023) take a power of two as
# scale, in {{MX_SCALE_BITS}} bits, and small floats inside. MXFP4 is the one with 4 bits:
# {{mx_bits}} bits a weight.

# %% demo
compare_blocks(widest_weight())

# %% [markdown]
# On this weight the blocks win: {{block_db}} dB against {{channel_db}} dB. MXFP4 stands between
# the two, at {{mx_db}} dB, with cheaper scales. 6 dB are one bit.
#
# `quantize_model` has no blocks: a convolution in integers takes its scale out of the whole sum
# (lesson 05), and a block is a part of it. The cell above lays the rulers with `choose_qparams`,
# one row a block.
#
# ### FP8: eight bits with an exponent
#
# **For:** training, and inference where activations have long tails, on hardware that multiplies
# FP8. E4M3 spends 4 bits on the exponent and 3 on the fraction, E5M2 5 and 2 (Micikevicius et al.,
# 2022).
#
# A ruler has the same step everywhere. A float's step grows with the number, so small numbers keep
# their digits when one large number stretches the range.

# %% demo
compare_eight_bits()

# %% [markdown]
# Without a tail INT8 is better, {{plain_int8}} dB against {{plain_fp8}}. With a very long one it
# is the other way round, {{longest_int8}} against {{longest_fp8}}. FP8 hardly notices the tail.
# Lesson 04 has another answer to a tail: clip it.
#
# ### SmoothQuant: outliers change sides
#
# **For:** linear layers of transformers. There a few *channels* of the activations are far louder
# than the rest, in language models (Xiao et al., "SmoothQuant", 2023) and in vision transformers
# (Lin et al., "FQ-ViT", 2022). Activations have one ruler, so the loud channels decide its step.
#
# Divide each input channel by a factor, and multiply the weights of that channel by the same
# factor. In float nothing changes. In INT8 the activations become even, and the weights, which
# have a ruler a row, carry what was loud. The next cell draws such a layer:
# {{loud}} channels are {{times}} times as loud.

# %% demo
compare_smoothing()

# %% [markdown]
# From {{as_it_is}} dB to {{smoothed}} dB, without a single bit more. The layer is drawn, not taken
# from a model: the course ships no transformer. Lesson 06 does the same between two convolutions
# and calls it *equalization*.
#
# ### Dynamic quantization: the ruler is laid at run time
#
# **For:** activations whose range changes from input to input. ONNX Runtime's documentation
# recommends it for recurrent nets and transformers, and calibration, as in this course, for
# convolutional nets. Weights are quantized beforehand. For an activation the runtime looks for
# minimum and maximum of the numbers that are there, each time, and lays the ruler then. It needs
# no calibration data. The ruler itself is the one of lesson 01:

# %% demo
x = np.random.default_rng(0).normal(1.5, 2.0, 500).astype(np.float32)
theirs, scale, zero_point = dynamic_integers(x)
ours = choose_qparams(x.min(), x.max())
print(f"ONNX Runtime: scale {scale:.6f}, zero_point {zero_point}")
print(f"lesson 01:    scale {ours.scale:.6f}, zero_point {ours.zero_point}")
print(f"{(theirs != quantize(x, ours)).sum()} of {x.size} integers differ")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You know five ideas by one measurement each. That is enough to read a data sheet and to ask the
# next question. It is not a ranking: each cell shows one tensor, no model lost or won accuracy
# here, and nothing was timed. What a format gains on your model and your hardware is for you to
# measure, beside FP32, as in every lesson.

# %% [markdown] spine="next"
# ## The end
#
# Take the [quick test](../quick_test/quick_test.ipynb), if you have not. Then quantize a model of
# your own, and keep the record.
