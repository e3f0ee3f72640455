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
from quantlab.learn.reference import ATTEMPTS_BEFORE_SOLUTION
from quantlab.lessons.catalogue import find, load_quiz, of_lesson

words = {2: "two", 3: "three", 4: "four", 5: "five"}
attempts = words[ATTEMPTS_BEFORE_SOLUTION]
hints = words[len(find("0.1").hints)]
questions = len(load_quiz("00_start_here").questions)
pass_mark = f"{load_quiz('00_start_here').pass_mark:.0%}".replace("%", " %")
budget_ms = 10
frames = 1000 // budget_ms
reading_minutes = 5
looking_minutes = 4  # the doctor, breaking it, the quiz
practice_minutes = sum(e.minutes for e in of_lesson(0))
minutes = reading_minutes + looking_minutes + practice_minutes
points = f"{sum(e.points for e in of_lesson(0)):g}"
minutes_01 = sum(e.minutes for e in of_lesson(1))
minutes_02 = sum(e.minutes for e in of_lesson(2))

# %% [markdown] spine="promise"
# # Lesson 00 · Start here
#
# **After this lesson** you know that everything on this machine works, and you have used the
# three verbs of the course once: `check`, `hint`, `solution`.
#
# **Time:** about {{minutes}} minutes: {{reading_minutes}} to read, {{looking_minutes}} for the
# doctor and the quiz, {{practice_minutes}} for one exercise worth {{points}} point.
# **Needs:** this notebook and nothing else; no part of it uses the network.
#
# **How to read it.** Click on a cell and press <kbd>Shift</kbd> + <kbd>Enter</kbd>: the cell
# runs, and the next one is chosen. Go from top to bottom.
#
# ### Who this course is for
#
# You build models that look at pictures, and they have to run somewhere: on a phone, on a camera,
# on a server that is paid for by the hour. There a model has a budget. A detector that must
# answer within {{budget_ms}} ms can look at {{frames}} frames a second; one that takes longer
# drops frames, and no accuracy brings them back. Memory is limited as well, and so is the batch
# that fits into a GPU.
#
# Quantization stores and computes with small integers in place of 32-bit floats. It makes a model
# smaller, often faster, sometimes neither, and a little less exact. This course shows you how it
# works, how to measure what it gave you, and how to find out what it broke.

# %% [markdown] spine="measure"
# ## 1 · Is everything working?
#
# The doctor looks at Python, the packages, the kernel, the processor and the disk. Each line says
# *ok*, *warning* or *problem*, and what to do about it. A warning never stops you.

# %%
from quantlab.learn import ask, check, hint, quiz, solution
from quantlab.learn.cli import main as run_command

exit_code = run_command(["doctor"])

# %% [markdown]
# In a terminal the same command is `quantlab doctor`.

# %% [markdown] spine="idea"
# ## 2 · Three verbs
#
# | you write | you get |
# |---|---|
# | `check("0.1")` | what was seen, what is expected, a likely cause as a question |
# | `hint("0.1")` | the next of {{hints}} hints: where to look, which relation, almost the line |
# | `solution("0.1")` | the reference, after a pass or {{attempts}} finished attempts |
#
# A check never shows the answer and never shows a wall of red. You may check as often as you
# like; nothing is taken off. `solution("0.1", anyway=True)` opens at once, because you are the
# one who decides how to learn.
#
# Each exercise has a box: how difficult it is (●○○○○ to ●●●●●), how important for what comes
# later, about how many minutes it takes, and what it is worth.
#
# ### Questions
#
# A question about the material goes to `ask`, in English and in your own words. It shows the
# passages of the course that answer, each with a link, and says so where there is none. Nothing is
# sent anywhere, and no solution is in what it searches. In a terminal: `quantlab ask "…"`.

# %% demo
ask("Why is the zero_point not clamped?")

# %% [markdown] spine="by-hand"
# ## 3 · One small exercise
#
# First on paper. Two bits can say four different integers: 0, 1, 2, 3. Write them in a row and
# count the gaps between neighbours:
#
# ```
#   0 ─── 1 ─── 2 ─── 3
#      1     2     3
# ```
#
# Four **levels**, three **steps**. Lesson 01 builds a ruler on this, and mixing the two up is the
# most common mistake in it.

# %% box 0.1 [markdown]
# Write `steps_between_levels(bits)`: how many steps lie between the lowest and the highest
# integer that `bits` bits can say?
#
# Do it in this order, to see what a check can tell you:
#
# 1. Run the two cells below as they are. The check says that the gap is still empty.
# 2. Replace `raise NotImplementedError()` by `return 2**bits`. Run both cells. That answer is
#    wrong, and the check knows why.
# 3. Take a hint: run the cell with `hint("0.1")`, more than once if you like.
# 4. Mend the line, run both cells, and see the check pass.


# %% exercise 0.1
def steps_between_levels(bits):
    """Number of steps between the levels of an integer with this many bits.

    bits : int, 1 to 16

    >>> steps_between_levels(2)
    3
    """
    assert isinstance(bits, int), f"bits is {bits!r}; expected is a whole number such as 8"
    assert 1 <= bits <= 16, f"bits is {bits}; expected is 1 to 16"
    ### BEGIN SOLUTION
    levels = 2**bits
    return levels - 1
    ### END SOLUTION


# %% check 0.1 points=1
check("0.1")

# %% demo
hint("0.1")

# %% [markdown]
# The solution stays shut until you pass or have tried {{attempts}} times. Then it is a second
# opinion. In a class your instructor keeps the solutions, and the card says so.

# %% demo
solution("0.1")

# %% [markdown]
# The functions of an exercise say what they expect in their docstring, with an example that
# really runs. The `assert` lines above the gap are there for you: they stop with a sentence when
# something of the wrong kind comes in.

# %% [markdown] spine="break"
# ## 4 · Break it
#
# Nothing can be damaged here. Call your function with `8.0`, with `0`, with `"8"`. Which sentence
# do you get? Change the line below and run it again.

# %% demo
try:
    print(steps_between_levels(8.0))
except (AssertionError, NotImplementedError) as stopped:
    print(f"It stopped: {stopped or 'the gap is still empty'}")

# %% [markdown] spine="explore"
# ## 5 · Where your progress is
#
# Every check is written down on this machine, in a file of your own. It survives a restart of the
# kernel and of the computer, and two notebooks may be open at once. Nothing is sent anywhere.

# %% demo
exit_code = run_command(["status"])

# %% [markdown]
# In a terminal:
#
# | command | what it does |
# |---|---|
# | `quantlab status` | what is done, what is next |
# | `quantlab check 01` | runs your whole lesson 01 in a fresh kernel and prints a table |
# | `quantlab progress export progress.json` | your progress as a file |
# | `quantlab reset 0.1` | forgets one exercise, so that you can do it again |
#
# If something hangs: menu *Kernel*, then *Restart Kernel*. Run the lesson's first code cell again
# and go on where you were. Your answers are in the notebook, your progress is in its file.

# %% [markdown] spine="quiz"
# ## 6 · A quiz, and what the course takes for granted
#
# The course takes for granted that you have met tensors, convolutions, ReLU, BatchNorm, minimum,
# maximum and rounding, and one runtime that serves models. These {{questions}} questions take two
# minutes. Below {{pass_mark}}, read up on what you missed; the feedback says what it was.
#
# With the keyboard: <kbd>Tab</kbd> goes to the next option or question, <kbd>Space</kbd> chooses,
# <kbd>Enter</kbd> on the button verifies. Your answers stay in a small file beside the notebook,
# and you may try again.

# %% demo
quiz("00_start_here")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You have a machine that works, three verbs, and a place where your progress is kept. You have
# not quantized anything yet.

# %% [markdown] spine="next"
# ## Next
#
# **Lesson 01 · Scale and zero-point** builds the ruler: exercises of about {{minutes_01}}
# minutes. **Lesson 02 · Size and latency** says what it buys you, in bytes and in milliseconds:
# about {{minutes_02}} minutes. Open `01_scale_and_zero_point` in the file browser on the left, or
# run `quantlab start 01` in a terminal.
