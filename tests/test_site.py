"""What the reading site is made of: lessons run once, and only what a page can say is kept."""

import os
import re
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from docs import draw_house
from docs.site import formulas, lesson_runs
from docs.site.__main__ import MISSING, NEEDED, main
from docs.site.glossary import forms, terms
from docs.site.house_picture import rows_of, with_pictures
from docs.site.lesson_runs import LessonFault, Run, run_missing
from docs.site.reading_copy import reading_copy
from quantlab.learn.asking import ask
from quantlab.learn.asking.course_text import course_text
from quantlab.learn.asking.one_click import ONCE_MORE
from quantlab.lessons.catalogue import lessons
from quantlab.teach.static_twin import WIDGET_VIEW

FIGURE = {"text/html": '<img alt="A ruler" src="data:,">', "text/plain": "A ruler"}


def shown(source, *data, **note):
    """The outputs that a page keeps of one cell."""
    outputs = [new_output("display_data", one) for one in data]
    whole = new_notebook(
        cells=[new_markdown_cell("# Title\n\nText"), new_code_cell(source, outputs=outputs)]
    )
    page = reading_copy(whole, "97_x", **{"ran": True, "lite": False, **note})
    assert page.cells[1].source == source
    return [dict(output.data) for output in page.cells[1].outputs]


def test_a_figure_stays_and_what_only_programs_read_goes():
    assert shown("draw()", FIGURE) == [FIGURE]
    assert shown("draw()", FIGURE | {"application/vnd.quantlab.judgement+json": {}}) == [FIGURE]


@pytest.mark.parametrize(
    "dead",
    [
        {WIDGET_VIEW: {"model_id": "1"}, "text/plain": ""},
        {"text/html": '<pre style="x"></pre>\n', "text/plain": ""},
    ],
)
def test_the_twin_stays_without_its_widget_and_an_empty_box_goes(dead):
    assert shown("explore()", FIGURE, dead) == [FIGURE]


def test_a_section_that_ask_names_is_a_place_on_a_page_of_the_site():
    (passage,) = [p for p in course_text().passages if p.heading == "Requantization"]
    page = "05_integer_inference.html#requantization"
    assert shown("ask('?')", {"text/html": f'<a href="{passage.link}">'}) == [
        {"text/html": f'<a href="{page}">'}
    ]


def test_an_answer_of_ask_leads_on_without_what_jupyterlab_needs():
    answer = ask("Why is the zero_point not clamped?")._repr_html_()
    assert ONCE_MORE in answer
    ((said,),) = (one.values() for one in shown("ask('?')", {"text/html": answer}))
    assert "<li" in said
    assert ONCE_MORE not in said
    assert ".jp-NotebookPanel" not in said


@pytest.mark.parametrize("call", ['check("1.1")', 'x = hint("1.1")', 'run_command(["doctor"])'])
def test_what_answers_one_learner_is_no_part_of_a_page(call):
    assert shown(call, FIGURE) == []


def test_the_note_stands_below_the_title_and_links_lie_in_one_folder():
    first = "# Title\n\nSee [that](../05_x/05_x.ipynb), not [this](../../a.md)."
    whole = new_notebook(cells=[new_markdown_cell(first)])
    page = reading_copy(whole, "97_y", ran=False, lite=True).cells[0].source
    assert page.startswith("# Title\n\n```{note}\nThe cells of this page have not been run.")
    assert "`quantlab start 97_y`" in page
    assert 'href="../lite/lab/index.html?path=97_y/97_y.ipynb"' in page
    assert "[that](05_x.ipynb), not [this](../../a.md)" in page
    assert whole.cells[0].source == first
    ran = reading_copy(whole, "97_y", ran=True, lite=False).cells[0].source
    assert "ran once, without an answer" in ran
    assert "lite/" not in ran


def test_every_word_of_every_lesson_is_in_the_glossary():
    said = {(t.term, t.means) for lesson in lessons() for t in lesson.glossary}
    assert {(term, entry.means) for term, found in terms().items() for entry in found} == said
    assert list(terms()) == sorted(terms(), key=str.casefold)


def test_a_word_is_linked_from_the_lesson_on_that_defines_it():
    assert forms("00_start_here") == {}
    assert forms("01_scale_and_zero_point")["step"] == "tick, step"
    assert "roofline" not in forms("01_scale_and_zero_point")
    assert "roofline" in forms("02_size_and_latency")
    assert set(forms("quick_test").values()) == set(terms())


def test_a_formula_becomes_mathml_that_no_script_has_to_draw():
    class Page:
        body: list[str] = []  # noqa: RUF012

    for node in (nodes.math("", "x \\approx s (q - z)"), nodes.math_block("", "\\frac{a}{b}")):
        with pytest.raises(nodes.SkipNode):
            getattr(formulas, "_inline" if isinstance(node, nodes.math) else "_block")(Page, node)
    inline, block = Page.body
    assert inline.startswith("<math")
    assert "≈" in inline
    assert "<mfrac>" in block
    assert 'display="block"' in block


@pytest.mark.parametrize("picture", draw_house.PICTURES)
def test_in_a_picture_every_arrow_leads_down_and_passes_each_row_between(picture):
    used = draw_house.imports(picture)
    arrows = draw_house.arrows(used)
    rows = rows_of(list(used), arrows)
    floor = {room: n for n, row in enumerate(rows) for room in row if isinstance(room, str)}
    assert floor.keys() == used.keys()
    for upper, lower in arrows:
        passes = [n for n, row in enumerate(rows) if (upper, lower) in row]
        assert passes == list(range(floor[upper] + 1, floor[lower])), (upper, lower)


def test_a_page_shows_its_pictures_with_every_room_in_words():
    page = draw_house.PAGE.read_text("utf-8")
    drawn = with_pictures(page)
    pictures = re.findall(r'<div>(<svg class="ql-house" role="img".*?</svg>)</div>', drawn)
    assert len(pictures) == page.count("```mermaid") == len(draw_house.PICTURES)
    assert "mermaid" not in drawn
    house, _ = pictures
    named = re.search(r'aria-label="Rooms from the top floor down: (.*?)\.">', house)[1]
    assert named.startswith("autograder; learn; lessons; teach; zoo; ")
    assert named.endswith("; numerics; base")
    assert house.count("<rect") == len(draw_house.rooms("house"))
    assert house.count("ql-arrow") == len(draw_house.arrows(draw_house.imports("house")))


def a_run(folder, *cells):
    copy = folder / "97_x.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), copy)
    return Run(copy, folder / "97_x-new.ipynb")


def test_a_lesson_runs_once_by_itself_and_what_was_kept_before_goes(tmp_path):
    run = a_run(tmp_path, "import os\nprint(sorted(os.listdir()), os.environ['QUANTLAB_HOME'])")
    old = tmp_path / "97_x-old.ipynb"
    old.write_text("{}")
    run_missing([run])
    (said,) = nbformat.read(run.kept, as_version=4).cells[0].outputs
    assert said.text.startswith("['97_x.ipynb'] ")
    assert os.environ.get("QUANTLAB_HOME", "nowhere") not in said.text
    assert not old.exists()
    before = run.kept.stat().st_mtime_ns
    run_missing([run])
    assert run.kept.stat().st_mtime_ns == before


def test_a_lesson_that_fails_is_named_and_nothing_is_kept(tmp_path):
    run = a_run(tmp_path, "1", "nothing")
    with pytest.raises(LessonFault) as fault:
        run_missing([run])
    assert str(fault.value) == (
        "97_x does not run to its end: cell 1 ended with NameError: name 'nothing' is not defined. "
        "Mend the lesson."
    )
    assert not run.kept.exists()


BY_ITSELF = """
import sys
from pathlib import Path
from docs.site.lesson_runs import Run, run_missing
run_missing([Run(Path(sys.argv[1]), Path(sys.argv[2]))])
"""


def test_ctrl_c_ends_a_lesson_and_its_kernel(tmp_path):
    begun = tmp_path / "begun"
    run = a_run(tmp_path, f"open({str(begun)!r}, 'w').close()\nimport time\ntime.sleep(600)")
    command = [sys.executable, "-c", BY_ITSELF, str(run.copy), str(run.kept)]
    parent = subprocess.Popen(command, cwd=lesson_runs.ROOT, stderr=subprocess.DEVNULL)
    while not begun.exists():
        assert parent.poll() is None
        time.sleep(0.05)
    inside = psutil.Process(parent.pid).children(recursive=True)
    assert len(inside) >= 2  # the run and its kernel
    parent.send_signal(signal.SIGINT)
    parent.wait(timeout=60)
    assert not psutil.wait_procs(inside, timeout=60)[1]
    assert not run.kept.exists()


def test_what_a_run_was_made_of_is_in_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(lesson_runs, "ROOT", tmp_path)
    (tmp_path / "notebooks" / "97_x").mkdir(parents=True)
    (tmp_path / "quantlab").mkdir()
    files = [tmp_path / "notebooks/97_x/97_x.ipynb", tmp_path / "quantlab/a.py"]
    files.append(tmp_path / "pyproject.toml")
    for file in files:
        file.write_text("one")
    names = set()
    for file in (None, *files):
        if file:
            file.write_text("two")
        lesson_runs._library.cache_clear()
        names.add(lesson_runs.lesson_runs(["97_x"], tmp_path / "runs")[0].kept.name)
    lesson_runs._library.cache_clear()
    assert len(names) == 4


@pytest.mark.parametrize("lacking", NEEDED)
def test_a_missing_package_is_named_with_its_cure(lacking, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, lacking, None)
    assert main(["--run"]) == MISSING
    assert capsys.readouterr().err == (
        f"The site needs {lacking}: run `python course.py site`, or `pip install -e .[docs]`.\n"
    )


def test_a_lesson_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit) as refused:
        main(["--run", "97_x"])
    assert refused.value.code == 2
    assert "01_scale_and_zero_point" in capsys.readouterr().err
