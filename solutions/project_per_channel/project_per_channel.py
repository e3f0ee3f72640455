# %% [markdown] spine="promise"
# # Project · Per-tensor against per-channel
#
# **Goal:** say, with an interval, what one ruler a channel is worth on a small classifier at 8, 4
# and 3 bits.
# **Accepted when** `review(results)` says that all four deliverables hold, and the decision names
# your own numbers.
#
# **Time:** about 45 minutes, of which the cells take one or two. There are no points and no
# `check`: nobody else has your numbers.
# **Needs:** lessons 03 (per-channel) and 06 (post-training quantization). No GPU, no download.

# %%
import numpy as np

import quantlab as ql
from quantlab import Calibration, Recipe, Rule, Test
from quantlab.scenes import crops
from quantlab.zoo import evaluate_classifier, load

results = {}

# %% demo
from quantlab.lessons.project_per_channel import review

# %% [markdown]
# ## The brief
#
# The classifier of the course reads crops of 32×32 pixels in ten classes, the shape of CIFAR-10.
# Somebody wants to know whether per-channel rulers may be switched off, because a chip would be
# cheaper without them. Six models answer: 8, 4 and 3 bits, each with both kinds of rulers.
# Activations have 8 bits throughout.
#
# ### Step 1 · Pictures
#
# Load the classifier. Draw 10 crops a class to calibrate with and 50 a class to judge by, and
# store them as `results["calibration"]` and `results["test"]`. Each split has one job.

# %%
# model = load("classifier"), and the crops of two splits: crops(Calibration, ...), crops(Test, ...)

# %% demo
review(results, "crops")

# %% [markdown]
# ### Step 2 · Six models
#
# Quantize the model six times with `ql.quantize_model`. Hand over
# `results["calibration"].batches(model.preprocessing)`, and `Rule("int4", granularity=...)` as
# `weights` of the recipe. Keep the models in a dict with the keys `(8, "per-tensor")`,
# `(8, "per-channel")` and so on.

# %%
# models = {}, and two loops: over the bits, over the two granularities

# %% [markdown]
# ### Step 3 · Run them where they would run
#
# ONNX Runtime holds weights of 8 and of 4 bits: write those models with `ql.export_onnx`, and judge
# the *file*. It has no 3-bit weights, so the 3-bit models run in the simulator: judge the model
# itself. Say which is which in `results["ran"] = {8: "runtime", ...}`, or `"simulated"`.
#
# Store which test crops each model names right: `results["right"][bits, granularity]` is
# `evaluate_classifier(...).correct`, a mask over the test crops. Judge FP32 too, for yourself.

# %%
# results["right"] = {}, results["ran"] = {...}, and a loop over the models

# %% demo
review(results, "right")

# %% [markdown]
# ### Step 4 · The gain, with its interval
#
# For each number of bits: how many points is per-channel ahead? Both models have seen the same
# crops, so take `ql.paired_bootstrap`. It speaks of a *drop*, from its first mask to its second,
# as a share of 1. Store `results["gain"][bits] = (gain, low, high)` in points of 100, above 0
# where per-channel is better.

# %%
# results["gain"] = {}, and for each bits the three numbers

# %% demo
review(results, "gain")

# %% [markdown]
# ### Step 5 · Decide
#
# Three sentences for the person who asked. Replace the dots.
#
# > With ... bits, per-channel rulers ... be switched off. The gain there is ... points, and its
# > interval goes from ... to .... I would change my mind if ....

# %%
# results["decision"] = """..."""

# %% demo
review(results)

# %% [markdown]
# ## One way to do it
#
# Try it yourself first. This is one way, complete, and it needs nothing but public names.
#
# <details><summary>Show the code</summary>
#
# ```python
# PER_CLASS = 50
# model = load("classifier")
# results["calibration"], results["test"] = crops(Calibration, 10), crops(Test, PER_CLASS)
#
# calibration = results["calibration"].batches(model.preprocessing)
# models = {}
# for bits in (8, 4, 3):
#     for rulers in ("per-tensor", "per-channel"):
#         recipe = Recipe(weights=Rule(f"int{bits}", granularity=rulers))
#         models[bits, rulers] = ql.quantize_model(model, calibration, recipe)
#
# results["ran"] = {8: "runtime", 4: "runtime", 3: "simulated"}
# results["right"] = {}
# for (bits, rulers), quantized in models.items():
#     judged = quantized
#     if results["ran"][bits] == "runtime":
#         judged = ql.export_onnx(quantized, f"classifier_int{bits}_{rulers}.onnx")
#     scores = evaluate_classifier(judged, model.preprocessing, results["test"])
#     results["right"][bits, rulers] = scores.correct
#     print(bits, rulers, scores.summary)
# print("FP32", evaluate_classifier(model, model.preprocessing, results["test"]).summary)
#
# results["gain"] = {}
# for bits in (8, 4, 3):
#     tensor, channel = (results["right"][bits, r] for r in ("per-tensor", "per-channel"))
#     drop = ql.paired_bootstrap(tensor, channel, method="percentile")
#     gain = np.array([-drop.drop, -drop.high, -drop.low]) * 100
#     results["gain"][bits] = tuple(gain)
#     print(bits, "bits: per-channel is ahead by", gain.round(2))
#
# gain, low, high = results["gain"][4]
# results["decision"] = f"""
# With 4 bits or fewer, per-channel rulers must not be switched off. The gain at 4 bits is
# {gain:.1f} points, and its interval goes from {low:.1f} to {high:.1f}. I would change my mind if
# the chip kept 8 bits, where these crops show no loss that I can tell from none.
# """
# ```
#
# </details>

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You have six models, three intervals and a decision that rests on them. An interval that holds 0
# does not say that the two are equal; it says that these crops cannot tell them apart. You have
# *not* measured a speed, and the answer is this classifier's. Another network has other channels.

# %% [markdown] spine="next"
# ## Next
#
# Back to [lesson 06](../06_post_training_quantization/06_post_training_quantization.ipynb), whose
# tools win points back where per-channel rulers are not to be had, or on to
# [lesson 07](../07_debugging/07_debugging.ipynb).
