"""An answer from scratch has nothing beside it: what an earlier cell started stands still, and goes
on afterwards."""

import pytest

from autograder.running.sandbox import sandbox
from autograder.running.session import Ended
from autograder.running.settings import Settings
from autograder.running.student import Student
from quantlab.teach.judging.verdict import Verdict

BESIDE = """
import os, subprocess, sys, threading, time
steps, asked = [], []
def go():
    while True:
        steps.append(time.monotonic())
        time.sleep(0.002)
threading.Thread(target=go, daemon=True).start()
code = "while True: open('ticks', 'a').write('x'); __import__('time').sleep(0.002)"
program = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
while not os.path.exists("ticks"):
    time.sleep(0.01)
def still(seconds):
    asked.append(seconds)
    before = len(steps), os.path.getsize("ticks")
    time.sleep(seconds)
    return [len(steps) - before[0], os.path.getsize("ticks") - before[1], len(asked)]
def dies(x):
    os._exit(1)
"""
#: As the exercises say that an answer is to be written from scratch.
WATCH = ["quantlab"]


@pytest.fixture(scope="module")
def student():
    with Student(sandbox("bubblewrap"), Settings()) as student:
        student.run_cell(BESIDE)
        yield student


def call(student, name, watch, *args):
    request = {"do": "call", "name": name, "watch": watch}
    return student.ask(request, 10, {"args": args})


def test_nothing_moves_while_it_answers_and_everything_goes_on_after_it(student):
    for _ in range(2):  # the list that it wrote into was a copy's, and is as it was
        assert call(student, "still", WATCH, 0.1)["values"]["value"] == [0, 0, 1]
    assert "answers with another thread beside it" in student.events
    moved = call(student, "still", [], 0.3)["values"]["value"]
    assert moved[0] > 0
    assert moved[1] > 0


def test_what_ends_the_copy_ends_the_process(student):
    with pytest.raises(Ended) as ended:
        call(student, "dies", WATCH, 1)
    assert ended.value.verdict is Verdict.KERNEL_DIED
    assert "ended by itself" in ended.value.sentence


def test_what_a_given_cell_imports_is_nobodys_event():
    with Student(sandbox("bubblewrap"), Settings()) as student:
        student.run_cell("import colorsys", given=True)
        student.run_cell("import wave")
        assert "import wave" in student.events
        assert "import colorsys" not in student.events
