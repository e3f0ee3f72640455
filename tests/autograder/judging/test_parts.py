"""Which cells run, what stands under them, what is flagged, and what counts as a reply."""

import nbformat
import pytest

from autograder.judging.cells import graded_of, max_score_of, to_run
from autograder.judging.flags import flags_of
from autograder.judging.outputs import clean, outputs_of
from autograder.judging.sandbox_ask import reply_of
from autograder.running.session import Ended
from autograder.running.student import CellResult
from quantlab.teach.judging.verdict import Verdict

new_code = nbformat.v4.new_code_cell


def notebook(*cells):
    made = nbformat.v4.new_notebook()
    for n, (source, tags) in enumerate(cells):
        made.cells.append(new_code(source, id=f"c{n}", metadata={"tags": tags} if tags else {}))
    return made


DEMOS = (
    ("import numpy as np", []),
    ("table = np.ones(3)", ["demo"]),
    ("other = 3", ["demo"]),
    ("def answer(x):\n    other = x\n    return other", []),
    ('check("1.10")', []),
)


def test_a_demonstration_runs_only_where_an_answer_reads_its_names():
    given = notebook(*DEMOS)
    assert to_run(given.cells, given.cells) == {0, 3}
    changed = notebook(*DEMOS)
    changed.cells[3].source = "def answer(x):\n    return table[0] * x"
    assert to_run(changed.cells, given.cells) == {0, 1, 3}
    changed.cells[2].source = "other = 4"
    assert to_run(changed.cells, given.cells) == {0, 1, 2, 3}


def test_a_graded_cell_says_its_exercise_and_its_points(a_class):
    release = a_class.released()
    graded = [g for c in release.cells if (g := graded_of(c))]
    assert [(g.id, g.cell, g.points, g.written) for g in graded] == [
        ("97.1", "check-97-1", 3.0, False),
        ("97.2", "check-97-2", 2.0, False),
        ("97.3", "written-97-3", 2.0, True),
    ]
    assert max_score_of(release) == 7.0


def test_outputs_are_of_known_kinds_and_no_larger_than_kept():
    given = (
        {"output_type": "display_data", "data": {"text/html": "<b>x</b>", "application/js": "y"}},
        {"output_type": "display_data", "data": {"image/png": "<svg onload=alert(1)>"}},
        {"output_type": "display_data", "data": {"text/plain": "z" * 5000}},
        {"output_type": "error", "ename": 3, "evalue": "\x1b[31mred", "traceback": ["a\x07b"]},
        {"output_type": "stream", "text": "forged"},
        "no output",
        None,
    )
    result = CellResult(Verdict.TIMEOUT, "It ran too long.", "printed\x1b[2J", given)
    outputs = outputs_of(result, 1000)
    assert [o.output_type for o in outputs] == ["stream", "display_data", "error", "stream"]
    assert outputs[0].text == "printed"
    assert outputs[1].data == {"text/html": "<b>x</b>"}
    assert (outputs[2].evalue, outputs[2].traceback) == ("red", ["ab"])
    assert outputs[3].text == "It ran too long.\n"
    nbformat.validate(nbformat.v4.new_notebook(cells=[new_code("x", outputs=outputs)]))


def test_a_carriage_return_starts_a_line_and_a_half_character_is_a_question_mark():
    assert clean("10%\r20%\r\nend\ud83d") == "10%\n20%\nend?"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import onnxruntime as o", "imports onnxruntime"),
        ("from torch.ao import quantization", "imports torch.ao.quantization"),
        ("q = getattr(t, 'torch.ao.quantization')", "names 'torch.ao.quantization' in a text"),
        ("import importlib as i\ni.import_module('x')", "imports by a name in a text"),
        ("x = __import__('os')", "imports by a name in a text"),
        ("exec('1')", "runs a text as code"),
        ("import sys\nsys._getframe()", "looks into the frames"),
        ("get_ipython().ast_transformers.append(1)", "changes how cells are run"),
        ("import subprocess", "starts a program"),
        ("f = fault.__traceback__.tb_frame", "looks into the frames"),
        ("from inspect import stack", "look into frames"),
        ("work.__closure__[0]", "looks through the memory"),
        ("from numpy import ctypeslib\nctypeslib.ctypes", "uses machine code"),
        ("import student_side.wire", "reaches for what runs it"),
        ("m = sys.modules['quantlab.teach.judging.ask']", "reaches for what runs it"),
        ("from quantlab.lessons.catalogue import find", "imports quantlab.lessons"),
    ],
)
def test_what_reaches_around_is_flagged(source, said):
    given = notebook(("x = 1", []))
    found = flags_of(notebook((source, [])), given, ())
    assert any(said in flag for flag in found), found


def test_what_the_course_gave_out_and_plain_answers_are_not_flagged():
    given = notebook(("import onnxruntime", []))
    assert flags_of(given, given, ("import numpy.linalg", "import json")) == ()
    assert flags_of(notebook(("def f(x):\n    return 'exec'", [])), given, ()) == ()
    set_out = notebook(("import   onnx # of the lesson", []), ("x = (\n    1\n)", []))
    lesson = notebook(("import onnx", []), ("x = 1", []))
    assert flags_of(set_out, lesson, ()) == ()
    assert flags_of(given, given, ("forks",)) == ("While it ran, the code forks.",)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"kind": "score"},
        {"kind": ["value"]},
        {"kind": "value", "changed": [5]},
        {"kind": "value", "changed": [-1]},
        {"kind": "value", "changed": [True]},
        {"kind": "value", "changed": "0"},
    ],
)
def test_what_is_no_reply_ends_the_question(message):
    with pytest.raises(Ended):
        reply_of(message, 1)


def test_the_texts_of_a_reply_are_short_plain_lines():
    said = {"kind": "raised", "error": "E" * 9999, "message": "a\x1b\nb\ud83d", "line": {"x": 1}}
    reply = reply_of(said, 1)
    assert len(reply.error) == 300
    assert reply.message == "a  b "
    assert reply.line == ""
