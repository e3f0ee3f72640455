# %% [markdown] spine="promise"
# # Project · A tiny loop of quantization-aware training
#
# **Goal:** fake-quantize weights and activations, train two epochs with the rounding in the loop,
# and say with an interval what that wins, against the start and against the best cheap way.
# **Accepted when** `review(results)` says that all six deliverables hold, and the decision weighs
# the gain against labels and time.
#
# **Time:** about 60 minutes. Training takes about half a minute on two quiet cores. There are no
# points and no `check`: nobody else has your numbers.
# **Needs:** lesson 08 (quantization-aware training). No GPU, no download.

# %%
import numpy as np
import torch
import torch.nn.functional as F

import quantlab as ql
from quantlab import Calibration, Recipe, Rule, Test, Train, Training
from quantlab.scenes import crops
from quantlab.zoo import evaluate_classifier, load

results = {}

# %% demo
from quantlab.lessons.project_tiny_qat import review

# %% [markdown]
# ## The brief
#
# A chip stores weights of 4 bits and computes with activations of **3 bits**: eight ticks. The
# classifier of the course gets many crops wrong there. Somebody offers you 600
# labelled crops and asks whether training is worth it.
#
# ### Step 1 · Pictures
#
# Draw 10 crops a class to calibrate with, 60 a class to train with, 50 a class to judge by:
# `results["calibration"]`, `results["train"]`, `results["test"]`.

# %%
# model = load("classifier"), and the crops of three splits

# %% demo
review(results, "crops")

# %% [markdown]
# ### Step 2 · Before: two ways without a label
#
# Quantize with `Rule("int4")` for weights and `Rule("uint3")` for activations. Then the same with
# `bias_correction="empirical"`, the cheap way. Store which test crops they name right:
# `results["before"]` and `results["cheap"]`, each the `correct` of `evaluate_classifier`. No
# runtime of the course holds 3 bits, so judge the models themselves, in the simulator.

# %%
# results["before"] = evaluate_classifier(ql.quantize_model(...), ...).correct, and "cheap"

# %% demo
review(results, "before")

# %% [markdown]
# ### Step 3 · The loop
#
# `ql.prepare_qat(model, calibration, recipe)` puts a fake quantization behind every weight and
# every activation; its recipe has a `Training`. Make batches of 50 images with their labels. Then
# write the loop yourself, as in lesson 08, or call `ql.train_qat`. A rate that works is 0.02,
# falling to 0; try a factor of 3 less and see. Store the mean loss of each epoch as
# `results["losses"]`.

# %%
# qat = ql.prepare_qat(...), batches of (images, labels), and two epochs

# %% demo
review(results, "losses")

# %% [markdown]
# ### Step 4 · After
#
# `ql.convert_qat` throws the float weights away. Store what it gives as `results["trained"]`, and
# its mask over the test crops as `results["after"]`.

# %%
# results["trained"] = ql.convert_qat(...), results["after"] = evaluate_classifier(...).correct

# %% demo
review(results, "after")

# %% [markdown]
# ### Step 5 · Two gains, with their intervals
#
# Store `results["gain"] = (gain, low, high)`, from `before` to `after`, and
# `results["gain over cheap"]`, from `cheap` to `after`. In points of 100, above 0 where training
# is better. `ql.paired_bootstrap` gives a drop, as a share.

# %%
# two calls of ql.paired_bootstrap

# %% demo
review(results, "gains")

# %% [markdown]
# ### Step 6 · Decide
#
# Three sentences. Replace the dots.
#
# > Training wins ... points over rounding to nearest and ... over the bias correction, with an
# > interval from ... to .... It costs ... labels and ... seconds. So I ..., and would change my
# > mind if ....

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
# TO_TRAIN = 60
# TO_JUDGE = 50
# model = load("classifier")
# results["calibration"] = crops(Calibration, 10)
# results["train"] = crops(Train, TO_TRAIN)
# results["test"] = crops(Test, TO_JUDGE)
#
# calibration = results["calibration"].batches(model.preprocessing)
# weights, activations = Rule("int4"), Rule("uint3")
#
#
# def right(judged):
#     scores = evaluate_classifier(judged, model.preprocessing, results["test"])
#     print(scores.summary)
#     return scores.correct
#
#
# nearest = Recipe(weights=weights, activations=activations)
# cheap = Recipe(weights=weights, activations=activations, bias_correction="empirical")
# results["before"] = right(ql.quantize_model(model, calibration, nearest))
# results["cheap"] = right(ql.quantize_model(model, calibration, cheap))
#
# labels = torch.as_tensor(results["train"].labels)
# images = [torch.as_tensor(x) for x in results["train"].batches(model.preprocessing, 50)]
# batches = list(zip(images, labels.split(50), strict=True))
#
# training = Training(epochs=2, learning_rate=0.02, decay=True)
# recipe = Recipe(weights=weights, activations=activations, training=training)
# qat = ql.prepare_qat(model, calibration, recipe)
# steps = training.epochs * len(batches)
# optimizer = torch.optim.SGD(qat.parameters(), lr=training.learning_rate, momentum=0.9)
# falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
#
# results["losses"] = []
# for _ in range(training.epochs):
#     qat.train()
#     losses = []
#     for x, y in batches:
#         loss = F.cross_entropy(qat(x), y)
#         optimizer.zero_grad()
#         loss.backward()
#         optimizer.step()
#         falling.step()
#         losses.append(loss.item())
#     qat.end_epoch()
#     results["losses"].append(sum(losses) / len(losses))
# print("losses", results["losses"])
#
# results["trained"] = ql.convert_qat(qat.eval())
# results["after"] = right(results["trained"])
#
#
# def gain(before, after):
#     drop = ql.paired_bootstrap(before, after, method="percentile")
#     return tuple(np.array([-drop.drop, -drop.high, -drop.low]) * 100)
#
#
# results["gain"] = gain(results["before"], results["after"])
# results["gain over cheap"] = gain(results["cheap"], results["after"])
#
# points, low, high = results["gain over cheap"]
# use = "train" if low > 0 else "take the bias correction"
# results["decision"] = f"""
# Training wins {results["gain"][0]:.1f} points over rounding to nearest and {points:.1f} over the
# bias correction, with an interval from {low:.1f} to {high:.1f}. It costs {len(labels)} labels and
# about a minute. So I {use}, and would change my mind if the product may lose what is left.
# """
# ```
#
# </details>

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You have a loop of your own, and you have held it against the best way that needs no label. A gain
# over rounding to nearest alone would have said little. You have *not* made anything faster: no
# runtime of this course computes with 3 bits. And one run is one seed; another one ends some crops
# away.

# %% [markdown] spine="next"
# ## Next
#
# Go on to [lesson 09](../09_deployment/09_deployment.ipynb): do the integers that you have also run
# as integers?
