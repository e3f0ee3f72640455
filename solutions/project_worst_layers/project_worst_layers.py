# %% [markdown] spine="promise"
# # Project · The worst two layers of a segmenter
#
# **Goal:** name the worst two layers of a 4-bit segmenter, alone and accumulated, and find the
# layer that is worth most when it is left out.
# **Accepted when** `review(results)` says that all five deliverables hold, and the decision says
# what you leave in float and what that wins.
#
# **Time:** about 50 minutes, of which the cells take one or two. There are no points and no
# `check`: nobody else has your numbers.
# **Needs:** lesson 07 (debugging). No GPU, no download.

# %%
import numpy as np

import quantlab as ql
from quantlab import Calibration, Recipe, Rule, Test, Validation
from quantlab.analysis import with_float_layers
from quantlab.deploy import build_onnx
from quantlab.zoo import evaluate_segmenter, load

results = {}

# %% demo
from quantlab.lessons.project_worst_layers import review

# %% [markdown]
# ## The brief
#
# The segmenter of the course gives every pixel of a street a class. Somebody has put its weights
# on 4 bits with one ruler a layer, and it lost more than twenty points. One layer may stay in
# float. Which one?
#
# ### Step 1 · The model
#
# Load the segmenter. Quantize it with `int4` weights, per-tensor, and activations with the
# `minmax` observer, from 8 calibration scenes of the size that its `preprocessing` says. Store it
# as `results["model"]`.

# %%
# net = load("segmenter"), scenes = Calibration(8, width=..., height=...), ql.quantize_model(...)

# %% demo
review(results, "model")

# %% [markdown]
# ### Step 2 · Alone
#
# Compare every layer with FP32 by `ql.layer_errors(model, x)`, on two *validation* scenes. Store
# the names of the worst two as `results["alone"]`, the worst first. Write down why it is these
# two: which operator, how many channels, how unequal?

# %%
# x = two prepared validation scenes, errors = ql.layer_errors(...), errors.worst("isolated", 2)

# %% demo
review(results, "alone")

# %% [markdown]
# ### Step 3 · Accumulated
#
# The same for what has come together until there: `results["accumulated"]`. Which of them is
# innocent?

# %%
# errors.worst("accumulated", 2)

# %% demo
review(results, "accumulated")

# %% [markdown]
# ### Step 4 · Leave one out, and measure
#
# SQNR is not the task. `with_float_layers(model, [name])` leaves one layer in float, and
# `evaluate_segmenter(build_onnx(variant), net.preprocessing, scenes).mean` is its mIoU as a share.
# Judge by 24 test scenes, `results["test"]`. Store points of 100 in `results["miou"]`, under the
# keys `"FP32"`, `"as it is"`, both layers of step 2, and at least one more that you suspect.
# `ql.layer_sensitivity(..., mode="float one", layers=[...])` helps to choose it. Which layer wins
# most? That is `results["best"]`.

# %%
# results["test"] = Test(24, ...), results["miou"] = {...}, results["best"] = "..."

# %% demo
review(results, "miou")

# %% [markdown]
# ### Step 5 · Decide
#
# Three sentences. Replace the dots.
#
# > I leave ... in float, because the mIoU goes from ... to ... points. The worst layer alone was
# > ..., and it wins only .... I would change my mind if ....

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
# SCENES = 24
# net = load("segmenter")
# pixels = net.preprocessing
# size = {"width": pixels.width, "height": pixels.height}
# recipe = Recipe(
#     weights=Rule("int4", granularity="per-tensor"), activations=Rule(observer="minmax")
# )
# model = ql.quantize_model(net, Calibration(8, **size).batches(pixels, 1), recipe)
# results["model"] = model
#
# x = np.concatenate(list(Validation(2, **size).batches(pixels, 1)))
# errors = ql.layer_errors(model, x)
# results["alone"] = [layer.name for layer in errors.worst("isolated", 2)]
# results["accumulated"] = [layer.name for layer in errors.worst("accumulated", 2)]
#
# # The five worst alone, each left in float: which one does the output miss most?
# suspects = [layer.name for layer in errors.worst("isolated", 5)]
# asked = ql.layer_sensitivity(model, x, mode="float one", layers=suspects)
# print(asked)
#
# results["test"] = Test(SCENES, **size)
#
#
# def miou(judged):
#     return 100 * evaluate_segmenter(judged, pixels, results["test"]).mean
#
#
# results["miou"] = {"FP32": miou(net), "as it is": miou(build_onnx(model))}
# for name in dict.fromkeys([*results["alone"], *suspects[2:]]):
#     results["miou"][name] = miou(build_onnx(with_float_layers(model, [name])))
#     print(f"{name:24} {results['miou'][name]:.1f}")
#
# single = {name: results["miou"][name] for name in suspects}
# best = max(single, key=single.get)
# results["best"] = best
#
# worst = results["alone"][0]
# start = results["miou"]["as it is"]
# results["decision"] = f"""
# I leave {best} in float, because the mIoU goes from {start:.1f} to {single[best]:.1f} points. The
# worst layer alone was {worst}, and it wins only {single[worst] - start:.1f}. I would change my
# mind if the chip had a ruler for each channel: then the depthwise layers are no longer the worst.
# """
# ```
#
# </details>

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You have a table that says where the error is made, one that says where it has arrived, and a
# score that says what it costs. The three do not have to agree. You have *not* measured a speed: a
# layer in float may cost more than it wins. And leaving out the best layer first is a greedy way;
# two layers together may do something else.

# %% [markdown] spine="next"
# ## Next
#
# Take two ONNX files of a model of your own. `ql.layer_errors("net_int8.onnx", x, "net.onnx")`
# begins in the same way. Then go on to
# [lesson 08](../08_quantization_aware_training/08_quantization_aware_training.ipynb).
