# %% [markdown] spine="promise"
# # Quick test
#
# **{{questions}} questions over the whole course · about 15 minutes ·
# {{to_pass}} right answers pass ({{percent}} %)**
#
# The questions run from one number on a ruler to a plan for a detector. Some of them belong to
# lessons that you may not have done yet. Take the test early if you like: it shows you which
# lessons to spend your time on. You can take it as often as you want.
#
# You need a scrap of paper, or a code cell of your own. A calculator is no cheating.

# %% facts
from quantlab.lessons.catalogue import load_quiz

quick_test = load_quiz("quick_test")
questions = quick_test.max_points
to_pass = quick_test.points_to_pass
percent = f"{quick_test.pass_mark:.0%}".rstrip("%")
kinds = [question.kind for question in quick_test.questions]
single, multiple, numeric = (kinds.count(kind) for kind in ("single", "multiple", "numeric"))
multiple_numbers = " and ".join(str(q.number) for q in quick_test.questions if q.kind == "multiple")

# %% demo
from quantlab.learn import check, i_can, quiz

# %% [markdown]
# ## What you can do now
#
# Begin with yourself. Read each line aloud and finish it with "because" or "for example". Tick
# those that you can finish. For the others you read which lesson to go back to, and how far you are
# in it. Come back to this list after the test: do the ticks still stand?

# %% demo
i_can("quick_test")

# %% [markdown]
# ## How to answer
#
# - Run the next cell. {{single}} questions ask for **one** option. {{multiple}} (questions
#   {{multiple_numbers}}) ask for **all** options that hold: such a question gives its point when
#   you have found them all and no other. {{numeric}} ask for a **number**.
# - With the keyboard alone: `Tab` moves on, `Shift+Tab` moves back, `Space` chooses. On the
#   button, `Space` or `Enter` verifies.
# - Under each question you then read why your choice holds, or a question that leads further.
#   Change what you like and verify again.
# - Your choices are kept at once in `quick_test.answers.json` beside this notebook. In a class,
#   hand in that file together with the notebook. If your copy came without the key, it gives no
#   feedback: your instructor grades it.
#
# No buttons to be seen? Then `print(quiz("quick_test"))` gives the questions as text, and
# `quiz("quick_test").answer(q1="a")` takes an answer.

# %% demo spine="quiz"
quiz("quick_test")

# %% [markdown]
# ## Check it
#
# The next cell reads your kept answers and says whether they pass. Run it when you have verified.

# %% check quick_test points=9
check("quick_test")

# %% [markdown] spine="have"
# ## What you have, and what it is not
#
# You know where you stand. A passed test is not a quantized model: nothing here was measured. The
# lessons measure, on your machine.

# %% [markdown] spine="next"
# ## Where to go next
#
# Not passed yet? The check above names the questions and their lessons. Passed? Take a model of
# your own, write down its size, its latency and its accuracy in FP32, and quantize it. Then
# compare.
