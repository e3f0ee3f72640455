"""One batch of everything that can be wrong: each submission gets its verdict, none stops it.

The batch runs once for the module; every test looks at one student of it. A right answer is worth
3 + 2 points, the text of 2 points is left empty unless said.
"""

import copy
import json
import os

import pytest

from autograder.recording.gradebook import standing

BAD = {}  # student -> (function of the class that gives the submission)


def bad(student):
    return lambda make: BAD.setdefault(student, make)


@bad("aa_right")
def right(c):
    return c.right()


@bad("bb_cut")
def cut(c):
    return json.dumps(c.right())[:2000]


@bad("bb_empty")
def empty(c):
    return b""


@bad("bb_json")
def json_but_no_notebook(c):
    return '{"answer": 42}'


@bad("bb_latin")
def not_utf8(c):
    return json.dumps(c.right(), ensure_ascii=False).replace("Tiny", "Zwölf").encode("latin-1")


@bad("bb_deep")
def deeply_nested(c):
    return "[" * 100_000 + "]" * 100_000


@bad("bb_other")
def another_notebook(c):
    notebook = c.right()
    notebook.cells = notebook.cells[:1]
    return notebook


@bad("cc_copied")
def copied_cells(c):
    notebook = c.right()
    both = [copy.deepcopy(c.cell(notebook, id)) for id in ("check-97-1", "exercise-97-1")]
    for n, one in enumerate(both):
        one.id = f"copy-{n}"
    both[1].source = "def double(x):\n    return x + x"
    notebook.cells[2:2] = both
    return notebook


@bad("cc_edited_check")
def edited_check(c):
    notebook = c.answered(a1="def double(x):\n    return 0")
    c.cell(notebook, "check-97-1").source = "3.0"
    c.cell(notebook, "check-97-2").metadata["nbgrader"]["points"] = 500
    return notebook


@bad("cc_tagged")
def tagged_checks(c):
    notebook = c.released()
    for one in notebook.cells:
        one.metadata["tags"] = ["skip-execution", "raises-exception"]
    return notebook


@bad("dd_dies")
def kernel_dies(c):
    return c.answered(
        a1=c.answers["97.1"], a2="import os\ndef negate(x):\n    return -x\nos._exit(1)"
    )


@bad("dd_endless_cell")
def endless_cell(c):
    return c.answered(a1="while True:\n    pass", a2=c.answers["97.2"])


@bad("dd_endless_call")
def endless_call(c):
    return c.answered(a1="def double(x):\n    while True:\n        pass", a2=c.answers["97.2"])


@bad("dd_deaf")
def ignores_the_interrupt(c):
    loop = "while True:\n    try:\n        while True: pass\n    except KeyboardInterrupt: pass"
    return c.answered(a1=c.answers["97.1"], a2=loop)


@bad("ee_20_mb")
def prints_20_mb(c):
    return c.answered(a1=c.answers["97.1"] + "\nprint('x' * 20_000_000)", a2=c.answers["97.2"])


@bad("ee_floods")
def prints_for_ever(c):
    return c.answered(a1="while True:\n    print('x' * 100_000)", a2=c.answers["97.2"])


@bad("ee_stderr")
def warns_on_stderr(c):
    noisy = "import sys, warnings\ndef double(x):\n    warnings.warn('old')\n    "
    return c.answered(
        a1=noisy + "print('hm', file=sys.stderr)\n    return 2 * x", a2=c.answers["97.2"]
    )


@bad("ff_nan")
def check_replaced(c):
    fake = "\ncheck = lambda id: float('nan')"
    return c.answered(a1=c.answers["97.1"] + fake, a2=c.answers["97.2"])


@bad("ff_judge")
def judge_replaced(c):
    sabotage = "\nimport quantlab.learn.classroom as k\ndef fault(*a): raise RuntimeError('oh')"
    return c.answered(a1=c.answers["97.1"], a2=c.answers["97.2"] + sabotage + "\nk.judge = fault")


@pytest.fixture(scope="module")
def batch(module_class):
    """Grade them all, with the files that are no files added by hand."""
    c = module_class
    for student, make in BAD.items():
        c.submit(student, make(c))
    secret = c.folder / "secret.txt"
    secret.write_text("the instructor's file")
    for student, target in (("hh_link", secret), ("hh_device", "/dev/zero")):
        path = c.submit(student, b"")
        path.unlink()
        path.symlink_to(target)
    os.mkfifo(c.submit("hh_pipe", b"").with_suffix(".tmp"))
    os.replace(c.path("hh_pipe").with_suffix(".tmp"), c.path("hh_pipe"))
    (c.folder / "submitted" / "hh_linked_student").symlink_to(c.path("aa_right").parent.parent)
    beside = c.submit("hh_extras", c.right()).parent
    (beside / "data.txt").symlink_to(secret)
    (beside / "ipykernel_launcher.py").write_text("raise SystemExit")
    renamed = c.submit("ünï cödé", c.right())
    renamed.rename(renamed.with_name(f"{c.lesson} (1).ipynb"))
    c.submit("ii_missing", b"").unlink()
    two = c.submit("ii_two", c.right())
    two.rename(two.with_name("a.ipynb"))
    two.with_name("b.ipynb").write_text("{}")
    c.submit("x{bad}*", c.right())
    unknown = c.submit("kk_unknown", c.right())
    unknown.parent.rename(unknown.parent.with_name("98_nothing"))
    # Four seconds for the cells that never end; what ends has all the time of a busy machine.
    endless = c.grade(lambda name: name.startswith("dd_"), cell_seconds=4)
    return c, endless | c.grade(lambda name: not name.startswith("dd_"))


def record(batch, student):
    return batch[1][student].record


def test_nobody_is_left_out(batch):
    c, graded = batch
    assert len(graded) == len(list((c.folder / "submitted").iterdir()))


@pytest.mark.parametrize(
    ("student", "verdict", "said"),
    [
        ("bb_cut", "malformed", "cut off: the file ends after 2000 characters"),
        ("bb_empty", "malformed", "is empty"),
        ("bb_json", "malformed", "no notebook"),
        ("bb_latin", "malformed", "not UTF-8"),
        ("bb_deep", "malformed", ""),
        ("bb_other", "malformed", "Not one answer cell"),
        ("hh_link", "malformed", "is a link"),
        ("hh_device", "malformed", "is a link"),
        ("hh_pipe", "malformed", "no ordinary file"),
        ("hh_linked_student", "malformed", "links are never followed"),
        ("ii_missing", "missing", "no notebook"),
        ("ii_two", "missing", "a.ipynb, b.ipynb"),
        ("x{bad}*", "malformed", "is no id"),
        ("kk_unknown", "malformed", "There is no lesson '98_nothing'"),
    ],
)
def test_what_cannot_be_read_has_a_reason_and_no_score(batch, student, verdict, said):
    got = record(batch, student)
    assert (got.verdict, got.score) == (verdict, None)
    assert said in got.reason
    assert got.reason.endswith(".")


def test_an_unread_submission_waits_for_a_person_in_the_gradebook(batch):
    c, _ = batch
    for student in ("bb_cut", "hh_link", "ii_missing"):
        now = standing(c.course.db_url, student, c.lesson)
        assert now.needs_manual_grade
        assert set(now.points.values()) == {None}
        text = c.course.autograded_path(student, c.lesson).read_text()
        assert "could not be graded" in text
        assert "the instructor's file" not in text


@pytest.mark.parametrize(
    "student",
    [
        "aa_right",
        "cc_copied",
        "ee_stderr",
        "ff_nan",
        "ff_judge",
        "hh_extras",
        "ünï cödé",
    ],
)
def test_right_answers_count_whatever_happened_to_the_file(batch, student):
    got = record(batch, student)
    assert (got.verdict, got.score, got.max_score) == ("graded", 5.0, 7.0), got


def test_what_was_odd_is_noted(batch):
    notes = {s: " ".join(record(batch, s).notes) for s in batch[1]}
    assert "exercise 97.1 stands in the notebook more than once" in notes["cc_copied"]
    assert "was named 97_tiny (1).ipynb" in notes["ünï cödé"]
    assert "Not used: data.txt, ipykernel_launcher.py" in notes["hh_extras"]
    assert notes["aa_right"] == ""


def test_a_linked_file_is_not_copied(batch):
    folder = batch[0].course.autograded_path("hh_extras", batch[0].lesson).parent
    assert [path.name for path in folder.iterdir()] == [f"{batch[0].lesson}.ipynb"]


def test_an_edited_check_is_put_back(batch):
    assert [e.points for e in record(batch, "cc_edited_check").exercises] == [1.0, 0.0, 0.0]


def test_a_tag_on_a_check_earns_nothing(batch):
    assert record(batch, "cc_tagged").score == 0.0


@pytest.mark.parametrize(
    ("student", "verdict", "first", "second"),
    [
        ("dd_dies", "kernel_died", ("correct", 3.0), ("kernel_died", 0.0)),
        ("dd_endless_cell", "timeout", ("timeout", 0.0), ("correct", 2.0)),
        ("dd_endless_call", "timeout", ("timeout", 0.0), ("correct", 2.0)),
        ("dd_deaf", "timeout", ("correct", 3.0), ("timeout", 0.0)),
        ("ee_floods", "output_limit", ("output_limit", 0.0), ("correct", 2.0)),
    ],
)
def test_what_stops_a_cell_costs_that_cell(batch, student, verdict, first, second):
    got = record(batch, student)
    assert got.verdict == verdict
    assert [(e.verdict, e.points) for e in got.exercises[:2]] == [first, second]
    assert "97." in got.reason


def test_a_giant_print_is_cut_and_the_answers_count(batch):
    c, _ = batch
    assert record(batch, "ee_20_mb").score == 5.0
    # Kept are 200 kB of one cell; the rest of this notebook is far below 100 kB.
    assert c.course.autograded_path("ee_20_mb", c.lesson).stat().st_size < 300_000
    assert c.course.autograded_path("ee_floods", c.lesson).stat().st_size < 300_000


def test_records_are_written_and_hold_the_seed(batch):
    c, _ = batch
    written = json.loads((c.folder / "records" / "aa_right" / f"{c.lesson}.json").read_text())
    assert (written["verdict"], written["seed"], written["score"]) == (
        "graded",
        c.options.settings.seed,
        5.0,
    )
    assert not (c.folder / "records" / "x{bad}*").exists()
