"""The pages: cards readable, nothing runs, no seed and no folder of this machine in them."""

import json
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.cli import main
from autograder.commands.feedback import write_pages
from autograder.nbgrader.sound_grades import judgements_of
from autograder.nbgrader.tidy_checks import name_exercises
from autograder.publishing.cards import student_card
from quantlab.teach.judging.verdict import Judgement, Verdict

SPY = """
import os, sys
print("seen", os.getcwd(), sys.prefix, sys.executable, sorted(os.environ))
from IPython.display import HTML, display, Markdown
display(HTML("<script>alert('html')</script><b onclick=alert(2)>bold</b>"))
display(Markdown("<script>alert('markdown')</script>\\n\\n*slanted*"))
display({"application/javascript": "alert('js')", "text/plain": "plain"}, raw=True)
def negate(x):
    return x
raise ValueError("<script>alert('error')</script>")
"""


#: What nbgrader's exchange leaves beside a submission, and finds its student again by.
ADDRESS = {
    "timestamp.txt": "2026-01-02 03:04:05.000000 UTC",
    "submission_secret.txt": "ab" * 64,
}


@pytest.fixture(scope="module")
def pages(module_class):
    c = module_class
    notebook = c.answered(a1="def double(x):\n    return x * x", a2=SPY)
    mine = dict(c.cell(notebook, "end"), id="mine", source="<script>alert('cell')</script>Mine.")
    notebook.cells = [cell for cell in notebook.cells if cell.id != "written-97-3"]
    notebook.cells.append(mine)
    folder = c.submit("ada", notebook).parent
    for name, text in ADDRESS.items():
        (folder / name).write_text(text)
    c.submit("ben", b"{")
    c.submit("cy <b>", c.right())
    c.grade()
    written = {page.student: page for page in write_pages(c.course)}
    return c, written, {s: page.path.read_text() for s, page in written.items()}


def test_every_record_has_its_page(pages):
    c, written, _ = pages
    assert set(written) == {"ada", "ben"}
    assert written["ada"].path == c.course.feedback_path("ada", c.lesson)


def test_what_the_exchange_sends_it_back_by_stands_beside_it_and_not_in_it(pages):
    _, written, texts = pages
    beside = written["ada"].path.parent
    assert {p.name: p.read_text() for p in beside.glob("*.txt")} == ADDRESS
    assert not list(written["ben"].path.parent.glob("*.txt"))
    assert ADDRESS["submission_secret.txt"] not in texts["ada"]
    assert "Not used" not in texts["ada"]


def test_the_card_reads_well(pages):
    ada = pages[2]["ada"]
    assert "<strong>Not yet — 1 of 3 points — 97.1 · Double</strong>" in ada
    assert "Is the square of three twice three?" in ada
    assert "Which sign has minus four?" in ada
    assert '<a href="#check-97-1">Exercise 97.1</a>' in ada
    assert "Out[" not in ada


def test_what_was_odd_stands_above_the_list_of_exercises(pages):
    ada = pages[2]["ada"]
    note = ada.index("The cell written 97.3 is missing.")
    assert note < ada.index('<div id="toc">')


def test_nothing_of_the_submission_runs(pages):
    ada = pages[2]["ada"]
    own = ada.split('id="notebook"', 1)[1]
    assert "<script" not in own
    assert "<b onclick" not in own
    for words in ("<b>bold</b>", "<em>slanted</em>", "plain", "Mine.", "ValueError"):
        assert words in own


def test_neither_the_seed_nor_this_machine_is_told(pages):
    c, _, text = pages
    for secret in (
        str(c.options.settings.seed),
        str(c.folder),
        sys.prefix,
        os.getcwd(),
        str(Path.home()),
    ):
        assert secret not in text["ada"]
    assert "seen /home/student …" in text["ada"]


def test_no_hidden_case_is_told(pages):
    c, _, text = pages
    kept = nbformat.read(c.course.autograded_path("ada", c.lesson), as_version=4)
    (judged,) = judgements_of(c.cell(kept, "check-97-1"))
    (number,) = re.findall(r"`double\((\d+)\)`", judged["observed"])
    assert number not in text["ada"]
    assert "double(" not in text["ada"].split("check-97-1", 2)[2].split("negate")[0]


def test_the_rubric_stands_where_a_person_grades_and_not_on_the_page(pages):
    c, _, text = pages
    kept = c.course.autograded_path("ada", c.lesson).read_text()
    for words in ("How 97.3 is graded", "Says why.", "Because."):
        assert words in kept
        assert words not in text["ada"]
    assert "against the rubric" not in text["ada"]


def test_a_page_loads_nothing(pages):
    for page in pages[2].values():
        assert "mathjax" not in page.lower()
        assert "<script" not in page
        assert not re.search(r"""(src|href)=["'](https?:)?//""", page)
    assert "Content-Security-Policy" in pages[2]["ada"]


@pytest.mark.parametrize(
    ("verdict", "observed", "shown"),
    [
        ("error", "`double(6)`: The code stopped with KeyError: 6 in line 2.", "with KeyError."),
        ("error", "`double(6)`: The code reached the gap.", ""),
        ("incorrect", "`double(6)` gives 36. It is 24 too much.", ""),
        ("timeout", "The cell ran longer than 30 s.", "The cell ran longer than 30 s."),
    ],
)
def test_of_a_function_only_what_shows_no_case_is_said(room, verdict, observed, shown):
    judged = Judgement("97.1", "Double", Verdict(verdict), 0.0, 3.0, observed=observed)
    card = repr(student_card(judged.to_dict()))
    assert shown in card
    assert "6" not in card


def test_an_unread_submission_gets_a_sentence(pages):
    ben = pages[2]["ben"]
    assert "This submission could not be graded" in ben
    assert "Please hand it in again, saved by JupyterLab." in ben


def test_one_page_that_fails_does_not_stop_the_rest(pages, capsys):
    c, written, _ = pages
    c.course.autograded_path("ada", c.lesson).unlink()
    assert main(["feedback", str(c.folder / "submitted"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)["pages"]
    assert {page["student"] for page in told if not page["path"] and page["problem"]} == {"ada"}
    assert all(Path(page["path"]).is_file() for page in told if not page["problem"])
    assert main(["feedback", str(c.folder / "submitted")]) == 1
    out = capsys.readouterr().out
    assert "ada / 97_tiny: " in out
    assert str(written["ben"].path) in out


def test_without_a_graded_submission_it_says_what_to_do(a_class, capsys):
    assert main(["feedback", "--course", str(a_class.folder)]) == 1
    assert "Run `autograder grade` first." in capsys.readouterr().out
    assert main(["feedback"]) == 2


def test_only_the_list_of_contents_is_renamed():
    text = '<a href="#written-1-10">Coding free-response</a> Test cell'
    assert name_exercises(text) == '<a href="#written-1-10">Exercise 1.10</a> Test cell'
