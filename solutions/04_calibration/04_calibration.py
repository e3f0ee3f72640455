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
from quantlab.teach.glossary import glossary_table

reading_minutes, looking_minutes = 11, 14  # to read; the runs, the explorer and the quiz
practice_minutes = sum(e.minutes for e in of_lesson(4))
minutes = reading_minutes + looking_minutes + practice_minutes
tasks = len(of_lesson(4))
points = f"{sum(e.points for e in of_lesson(4)):g}"

# By hand: twenty values on four ticks, over the whole range and over the part up to 3.
hand = np.array([1.0] * 10 + [2.0] * 6 + [3.0] * 3 + [4.5])
hand_wide = float(np.square(np.rint(hand / 1.5) * 1.5 - hand).mean())
hand_clip = float(np.square(np.minimum(hand, 3.0) - hand).mean())
targets = {t.slice: t.lost for t in find("4.8").targets}
step_ratio = 255 / 15
wrong_share = 100 / 201  # one picture of 201, in percent
scenes = find("4.8").trial.scenes
first_options = "\n".join(f'- `"{k}"` {o.text}' for k, o in find("4.6").options.items())

# %% [markdown] spine="promise"
# # Lesson 04 · Calibration
#
# Weights lie in the file: their range can be read off. Activations exist only while a picture
# runs through the network. So somebody has to show it pictures and watch. That is
# **calibration**, and this lesson is about *which* pictures, and *how* to watch.
#
# **After this lesson you can**
#
# - write the code that watches: min-max, percentile and mean squared error;
# - say what clipping costs and what it saves, and on which model it helps;
# - find too little data, too easy data and wrongly scaled data, with checks that need no label;
# - write a calibration plan, have it carried out, and judge it slice by slice.
#
# **Time:** about {{minutes}} minutes: {{reading_minutes}} to read, {{looking_minutes}} for the
# runs, the explorer and the quiz, {{practice_minutes}} for {{tasks}} exercises worth {{points}}
# points.
# **Needs:** lessons 01 to 03: scale and zero_point, saturation, one ruler per output channel. No
# GPU, no download.

# %%
import numpy as np

import quantlab as ql
from quantlab.learn import check, hint, predict, quiz, reveal, solution
from quantlab.methods import Recipe, Rule
from quantlab.scenes import Calibration, Validation
from quantlab.teach.plans.plan import Plan

np.set_printoptions(precision=4, suppress=True)

# %% demo
from quantlab.lessons.lesson_04 import (
    DetectorTrials,
    activations_of,
    classifier_trials,
    explore_clipping,
    histogram_figure,
    inputs_of,
    kept_classifier,
    kept_detector,
    losses_table,
    observers_named,
    show,
)

# %% [markdown] spine="measure"
# ## Measure the problem first
#
# Our detector goes to a camera on a street. Somebody had pictures of a foggy morning at hand, and
# calibrated with 16 of them. Weights are per-channel, as in lesson 03; activations get 8 bits and
# cover everything that was seen.
#
# Say what you expect before you measure it. A click keeps it.

# %% demo
predict("4.a")

# %% [markdown]
# The next cell draws test scenes. It judges FP32, then INT8 after 16 foggy scenes, then INT8 after
# 16 **mixed** scenes, which come as the street is: day and night, dry and wet. It takes some
# seconds and shows how far it is; *Interrupt* stops it.

# %% demo
trials, minmax = DetectorTrials(), Rule(observer="minmax")
fog = trials.lost(minmax, Calibration(16, only=("fog",)))
mixed = trials.lost(minmax, Calibration(16))
losses_table(trials, fog, mixed)

# %% demo
reveal("4.a", fog.points["night"])

# %% [markdown]
# Read the fog row from right to left. In fog, which is what was tried, nothing is wrong. Over all
# scenes a few points are gone: a bad day, one might say. **At night the detector is half blind.**
# One number over everything hid that. And the second row has the same number of pictures, the
# same observer, the same bits. Only *which* pictures is different.
#
# A named part of the data that is judged on its own, such as the night, is called a **slice**.

# %% [markdown] spine="idea"
# ## The idea: a ruler fits what its observer saw
#
# An **observer** watches one tensor while pictures go by, and remembers a little: two numbers, or
# a histogram. At the end it answers with a range, and lesson 01 turns the range into a ruler.
#
# > **pictures → FP32 model → observer → range → ruler**
#
# What no picture showed lies off the ruler, and off the ruler a value saturates. The very first
# tensor that gets a ruler is the model's input. Here is that input for pictures of both kinds. The
# marks are the ends of the ruler that the foggy pictures gave.

# %% demo
foggy = np.concatenate(inputs_of("detector", Calibration(16, only=("fog",))))
dark = np.concatenate(inputs_of("detector", Calibration(8, only=("night",))))
lo, hi = float(foggy.min()), float(foggy.max())
figure, alt = histogram_figure(
    {"fog": foggy.ravel(), "night": dark.ravel()}, lo, hi, "the ruler from fog"
)
show(figure, alt=alt)

# %% [markdown]
# **Fog is never black.** Grey light lies over everything, so the ruler from fog begins at dark
# grey. At night much of the picture is darker than that. All of it becomes one integer: the dog,
# the road and the sky are the same dark grey. The network never gets to see them.
#
# Is that really the cause? Change one thing. Keep every ruler from fog, and give the *input* alone
# the ruler from the mixed scenes:

# %% demo
one_ruler = trials.lost_with_input(Calibration(16, only=("fog",)), Calibration(16))
losses_table(trials, fog, one_ruler, mixed)

# %% [markdown]
# One ruler of all brings nearly the whole night back. In another model it may be a layer deep
# inside; lesson 07 shows how to find it. What stays is the rule: **a ruler fits what its observer
# saw.**

# %% [markdown] spine="by-hand"
# ## By hand: what clipping costs, and what it saves
#
# An observer need not cover everything. It may end the ruler early on purpose: that is
# **clipping**. Take twenty values: ten times 1, six times 2, three times 3, and once 4.5. Two bits
# give four ticks.
#
# 1. **Cover all**, 0 to 4.5: the ticks are 0, 1.5, 3, 4.5. Each 1 and each 2 goes to 1.5 and is
#    0.5 off. Squared 0.25, sixteen times, over twenty values: {{f"{hand_wide:g}"}}.
# 2. **Clip at 3**: the ticks are 0, 1, 2, 3. Nineteen values are exact. The last one comes back as
#    3 and is 1.5 off. Squared 2.25, over twenty: {{f"{hand_clip:g}"}}.
#
# So clipping wins here: one value pays, sixteen are spared. The square makes a large error count
# for much more than many small ones, much as it is in a sum of products.

# %% box 4.1 [markdown]
# Now the far value is **9** and no longer 4.5. The other nineteen stay. Compute the mean squared
# error of four ticks from 0 to 9, `minmax_error`, and of four ticks from 0 to 3, `clipped_error`.
# Which one wins now?

# %% exercise 4.1
### BEGIN SOLUTION
minmax_error = (10 + 6) / 20
clipped_error = (9 - 3) ** 2 / 20
### END SOLUTION

# %% check 4.1 points=2
check("4.1")

# %% [markdown]
# ## Observer one: min-max
#
# The simplest observer remembers two numbers, and they only ever move outwards. It runs batch by
# batch: all pictures at once would not fit into memory.

# %% box 4.2 [markdown]
# Write `update_range(seen, batch)`: the range after one more batch. `seen` is `None` before the
# first batch, then what your function returned the last time.


# %% exercise 4.2
def update_range(seen, batch):
    """The smallest and the largest value of all batches so far.

    seen     None, or (lo, hi): two floats, what was returned after the batch before
    batch    float32 array of any shape, not empty
    returns  (lo, hi): two floats, lo <= hi

    >>> seen = update_range(None, np.array([[0.5, 2.0]], dtype=np.float32))
    >>> lo, hi = update_range(seen, np.array([1.5, 0.25], dtype=np.float32))
    >>> float(lo), float(hi)
    (0.25, 2.0)
    """
    assert isinstance(batch, np.ndarray), f"batch is a {type(batch).__name__}; expected is an array"
    assert seen is None or len(seen) == 2, f"seen is {seen}; expected is None or (lo, hi)"
    ### BEGIN SOLUTION
    lo, hi = float(batch.min()), float(batch.max())
    if seen is None:
        return lo, hi
    return min(seen[0], lo), max(seen[1], hi)
    ### END SOLUTION


# %% check 4.2 points=3
check("4.2")

# %% [markdown]
# ### How many pictures?
#
# Min-max over more pictures can only grow wider. When it stops growing, you have seen enough *of
# that kind*. Watch your observer do it, on the detector's input, scene by scene.

# %% demo
for name, only in (("mixed", ()), ("fog", ("fog",))):
    seen, said = None, []
    for scene in inputs_of("detector", Calibration(12, only=only)):
        try:
            seen = update_range(seen, scene)
        except NotImplementedError:
            said = ["write update_range first"]
            break
        said.append(f"{seen[0]:.2f}")
    print(f"{name:6} lower end after each scene: {' '.join(said)}")

# %% [markdown]
# Both soon come to rest, on different ranges. So “the range no longer grows” is a check for
# *enough*, and says nothing about *the right ones*. For this detector 16 mixed scenes were enough
# in the table above; a single scene is not, as you may try in exercise 4.8. Published recipes take
# some hundreds, up to a few thousand, for the same reason: rare things have to occur in them.

# %% [markdown]
# ## Observer two: percentile
#
# Min-max follows every value, also one that occurs once in a million. A **percentile** observer
# counts values in a histogram and keeps the middle 99.9 %, say: of the other 0.1 %, one half is
# left out at each end.

# %% box 4.3 [markdown]
# Write `percentile_range(x, percentile)`: the range that holds the middle `percentile` percent of
# all values. Between two values interpolate as `np.percentile` does.


# %% exercise 4.3
def percentile_range(x, percentile):
    """The range of the middle `percentile` percent of the values.

    x           float32 array of any shape, at least two values
    percentile  float above 0, at most 100
    returns     (lo, hi): two floats; as many values lie below lo as above hi

    >>> lo, hi = percentile_range(np.arange(11, dtype=np.float32), 80.0)
    >>> float(lo), float(hi)
    (1.0, 9.0)
    """
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert 0 < percentile <= 100, f"percentile is {percentile}; expected is above 0, at most 100"
    ### BEGIN SOLUTION
    cut = (100 - percentile) / 2
    lo, hi = np.percentile(x, [cut, 100 - cut])
    return float(lo), float(hi)
    ### END SOLUTION


# %% check 4.3 points=3
check("4.3")

# %% [markdown]
# ## Observer three: mean squared error
#
# A percentage has to be chosen by somebody. The trade that you made by hand needs no such choice:
# try many ends, compute what each costs, keep the cheapest. First the cost. The tensor comes from
# a ReLU, so the ruler starts at 0 and `zero_point` is 0.

# %% box 4.4 [markdown]
# Write `squared_error(x, hi, bits)`: the mean squared error of x after the round trip over
# `2**bits` ticks from 0 to `hi`.


# %% exercise 4.4
def squared_error(x, hi, bits):
    """The mean squared round-trip error on a ruler from 0 to hi.

    x        float32 array of any shape, values of 0 or more; some may lie beyond hi
    hi       float above 0, where the last tick stands
    bits     int from 2 to 8; tick 0 stands at 0.0
    returns  float, 0 or more, in the unit of x squared

    >>> round(float(squared_error(np.array([1.0, 3.0, 5.0], dtype=np.float32), 3.0, 2)), 4)
    1.3333
    """
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert x.min() >= 0, f"the smallest value is {x.min()}; expected is 0 or more"
    assert hi > 0, f"hi is {hi}; expected is a number above 0"
    ### BEGIN SOLUTION
    scale = hi / (2**bits - 1)
    q = np.minimum(np.rint(x / scale), 2**bits - 1)
    return float(np.mean((q * scale - x.astype(np.float64)) ** 2))
    ### END SOLUTION


# %% check 4.4 points=3
check("4.4")

# %% box 4.5 [markdown]
# Write `best_clip(x, bits, candidates)`: the candidate end with the smallest squared error. Where
# several cost exactly the same, take the largest: it also has room for values still to come.


# %% exercise 4.5
def best_clip(x, bits, candidates):
    """The end of the ruler that costs least.

    x           float32 array of any shape, values of 0 or more
    bits        int from 2 to 8
    candidates  list of floats above 0, in any order
    returns     one of the candidates

    >>> best_clip(np.array([1.0, 2.0, 3.0], dtype=np.float32), 2, [2.0, 3.0, 6.0])
    3.0
    """
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert len(candidates) > 0, "candidates is empty; expected is at least one end"
    ### BEGIN SOLUTION
    return min(candidates, key=lambda hi: (squared_error(x, hi, bits), -hi))
    ### END SOLUTION


# %% check 4.5 points=3
check("4.5")

# %% [markdown]
# ### And entropy
#
# A fourth observer is widely used, after NVIDIA's TensorRT: **entropy**. It asks for which range
# the histogram of the quantized values is most like the original one, by the Kullback–Leibler
# divergence. It compares *how often*, not *how far off*. Here are all four on one activation of
# the classifier: where does each end its ruler, and what does that cost?

# %% demo
classifier = classifier_trials()
x = activations_of("classifier", [classifier.batches[0][:20]], "stages.1.relu")
kinds = {"minmax": {}, "percentile": {"percentile": 99.9}, "mse": {}, "entropy": {}}
print("bits  observer     ruler ends at   mean squared error")
for bits in (4, 8):
    for name, settings in kinds.items():
        observer = Rule(f"uint{bits}", "asymmetric", "per-tensor", name, settings).make_observer()
        ruler = observer.partial_fit(x).qparams()
        error = np.square(ql.fake_quantize(x, ruler).astype(np.float64) - x).mean()
        print(f"{bits:4}  {name:11}  {ruler.scale * (2**bits - 1):13.2f}   {error:18.5f}")

# %% [markdown]
# With 8 bits the steps are short, so rounding costs little, and whoever clips much pays more than
# min-max does. With 4 bits the steps are {{f"{step_ratio:g}"}} times as long, rounding costs more,
# and ending early pays. That is the rule behind it: **the fewer bits, the more clipping pays.**
#
# Does a smaller error in a tensor mean a better network? Ask the classifier. Its activations get 3
# bits, once with min-max, and once with the percentile that clips one value in a thousand.

# %% demo
two = observers_named("minmax", "percentile 99.9")
classifier.compare(("uint3",), classifier.batches, two)

# %% [markdown]
# Here are all observers, with 8, 4 and 3 bits. To try them takes minutes, so this table is
# **kept**: it lies in a file beside the lesson. `from quantlab.lessons.lesson_04 import measure`
# and `measure()` makes it again, on the same pictures.

# %% demo
kept_classifier()

# %% [markdown]
# With 8 bits any observer will do. With 3 bits min-max loses far more than the best observers do.
# So is clipping simply better? Ask the detector, in 8 bits, on the same 16 mixed scenes:

# %% demo
(clips_most,) = observers_named("percentile 99")
losses_table(trials, mixed, trials.lost(clips_most, Calibration(16)))

# %% [markdown]
# And again all observers, kept, on more scenes:

# %% demo
kept_detector()

# %% [markdown]
# **No: on this detector clipping wins nothing, and hard clipping costs many points.** A few of its
# channels reach far beyond the others, and they carry where the boxes are. To a histogram over the
# whole tensor they are rare values, and rare values are what a percentile gives up. Entropy
# compares shapes, so it gives up the tail as well. With 8 bits there is little to win in return:
# the steps are short enough.
#
# The table has a **moving average** too. Its range begins as that of the first batch, here two
# scenes, and each further batch moves the ends by a hundredth of the way to its own. So it has
# hardly seen the other scenes, and the night pays for it. It is made for hundreds of batches.
#
# Many guides say “take 99.9 %”. Read it as “try 99.9 %, *and* min-max, and measure”. Would a
# percentile at least help the foggy calibration? No: it can only make those rulers shorter still.

# %% [markdown] spine="break"
# ## Break it: one picture of 201
#
# A picture goes through `pixel / 255` and a normalization before it meets the network. Suppose
# that the division was forgotten for one picture of 201: its pixels go on as 0 to 255. The other
# 200 are right, and so is every picture that the classifier is judged by. What is left of its
# accuracy, with 8 bits?

# %% demo
predict("4.b")

# %% demo
classifier = classifier_trials()
with_one_wrong = classifier.compare(("uint8",), [*classifier.batches, classifier.unscaled])
with_one_wrong

# %% demo
reveal("4.b", with_one_wrong.top1("minmax", "uint8"))

# %% [markdown]
# Min-max reached out to that one picture, in every layer, and all other pictures share the few
# ticks near 0. A mean squared error follows it too: the squares of one huge picture outweigh
# everything else. The moving average goes only a hundredth of the way, and even that is far.
#
# And the percentiles? The picture holds {{f"{wrong_share:.2g}"}} % of all values. Percentile 99
# gives up 0.5 % at the upper end, so that nearly the whole picture is off its ruler. Percentile
# 99.9 gives up 0.05 %: most of the picture stays.
#
# So here clipping saves the day. Should you clip, then? Look at the inputs first, one line a
# batch. This is the self-check for **mismatched scaling**: compare ranges on a few pictures.

# %% demo
for number, batch in enumerate([*classifier.batches, classifier.unscaled]):
    print(f"batch {number}: {len(batch):3} pictures, {batch.min():7.2f} to {batch.max():7.2f}")

# %% box 4.6 [markdown]
# You have seen both tables. What do you do first? Set `first_step` to one letter.
#
# {{first_options}}

# %% exercise 4.6
### BEGIN SOLUTION
first_step = "b"
### END SOLUTION

# %% check 4.6 points=1
check("4.6")

# %% [markdown]
# ## Self-checks with histograms
#
# Two more checks need no label, only a histogram. **Spiky:** a histogram of too few pictures has
# gaps and towers, because every picture leaves its own marks. Count the empty bins between its
# ends. **Clipped:** new pictures pile up beyond the ends.

# %% demo
for count in (1, 5, 50):
    x = activations_of("classifier", [classifier.batches[0][:count]], "stages.5.relu")
    bins, _ = np.histogram(x, bins=200)
    empty = 100 * np.mean(bins == 0)
    print(f"{count:2} crops: 0 to {x.max():5.2f}, {empty:4.1f} % of the bins are empty")

# %% box 4.7 [markdown]
# Write `clipped_share(lo, hi, fresh)`: the share of the values in `fresh` that a ruler from `lo` to
# `hi` cannot reach. A value exactly at an end is reached, where numpy compares in float32.


# %% exercise 4.7
def clipped_share(lo, hi, fresh):
    """The share of values that lie off the range.

    lo, hi   floats, lo < hi: what calibration gave
    fresh    float32 array of any shape: the same tensor on pictures that calibration never saw
    returns  float from 0 to 1

    >>> float(clipped_share(0.0, 2.0, np.array([0.0, 1.0, 2.0, 2.5], dtype=np.float32)))
    0.25
    """
    assert isinstance(fresh, np.ndarray), f"fresh is a {type(fresh).__name__}; expected is an array"
    assert lo < hi, f"the range is [{lo}, {hi}]; expected is lo < hi"
    ### BEGIN SOLUTION
    return float(np.mean((fresh < lo) | (fresh > hi)))
    ### END SOLUTION


# %% check 4.7 points=2
check("4.7")

# %% [markdown]
# Now ask it of the foggy ruler, by kind of weather. Compare with the first table: the check finds
# the night without a single label.

# %% demo
for name in ("fog", "rain", "glare", "day", "dusk", "night"):
    fresh = np.concatenate(inputs_of("detector", Validation(6, only=(name,))))
    try:
        print(f"{name:6} {100 * clipped_share(lo, hi, fresh):5.1f} % of the input is clipped")
    except NotImplementedError:
        print("write clipped_share first")
        break

# %% [markdown] spine="explore"
# ## Explore
#
# The activation of the table above, and the end of its ruler in your hand. The upper picture shows
# which values are clipped; the lower one shows what every end would cost. **Goal: make the error
# smaller than min-max's with 4 bits.** How far can you get? Then set 8 bits: how much is there to
# win? And with 2?

# %% demo
explore_clipping()

# %% [markdown]
# ## A calibration plan, carried out
#
# Now decide. A `Plan` says how to quantize (a `Recipe`) and what to calibrate on. `check` carries
# it out: it quantizes the detector, runs it in ONNX Runtime on {{scenes}} test scenes that nobody
# calibrated with, and compares with FP32, slice by slice. It takes some seconds.
#
# Scenes are chosen by number and slice: `Calibration(16)`, `Calibration(16, only=("day",))`,
# `Calibration(16, without=("rain",))`. Slices are day, dusk, night, rain, fog, glare, small,
# crowded and rare class.

# %% box 4.8 [markdown]
# Set `my_plan` so that at most **{{f"{targets['all']:g}"}} points** of mAP are lost over all scenes
# and at most **{{f"{targets['night']:g}"}} points** at night. Up to 32 scenes are enough.

# %% exercise 4.8
### BEGIN SOLUTION
my_plan = Plan(Recipe(activations=Rule(observer="minmax")), Calibration(16))
### END SOLUTION

# %% check 4.8 points=4
check("4.8")

# %% [markdown]
# The plan was judged on *test* scenes. Whoever tries plan after plan against them starts to choose
# by them. In a project, choose on validation scenes and look at the test scenes once.

# %% [markdown] spine="quiz"
# ## Check yourself

# %% demo
quiz("04_calibration")

# %% [markdown] spine="explain"
# ## Say it yourself

# %% box 4.9 [markdown]
# Somebody else will collect the calibration pictures for your street detector. Write the plan for
# them in a few sentences: how many, from which scenarios, why these, and how you will find out
# whether it was enough. Then compare with the rubric: `check("4.9", band=1)` is its best band.

# %% written 4.9 points=3
### BEGIN SOLUTION
plan_in_words = """
I take 200 pictures from the camera's own pipeline: day, dusk, night, rain, fog and glare as often
as they occur, and at least 20 of each, because a range that no picture showed is clipped. None of
them is used to judge. On other pictures I compare the input ranges, count the clipped share in
each slice, and report mAP beside FP32 over all, at night and for the rare classes.
"""
### END SOLUTION

# %% check 4.9
check("4.9")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You have three observers, two checks that need no label, and a plan that was carried out. You
# know that a ruler fits what its observer saw, and that whether clipping helps is measured and
# not known beforehand.
#
# You have *not* changed a weight, nor made anything faster. Every range here is still one for a
# whole tensor of activations. And a plan that holds on our drawn streets says nothing about yours:
# the checks do.
#
# ### Common mistakes, each with its check
#
# | mistake | check |
# |---|---|
# | too few pictures | does the range still grow? are bins empty? |
# | too easy pictures | clipped share by slice, on pictures that were not used |
# | another scaling | input range, picture by picture |
# | the same observer for every model | mAP or top-1 beside FP32, by slice |
#
# ### Words of this lesson
#
# {{glossary_table(terms_of_lesson(4))}}

# %% [markdown] spine="next"
# ## Next
#
# **Lesson 05 · Integer inference.** You have rulers for weights and for activations. What does the
# processor do with the integers? Ten lines of numpy will give the same ones as ONNX Runtime, to
# the last bit. Open `05_integer_inference`.
