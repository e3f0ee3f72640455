"""What a learner gets for a question: passages with links, or a plain "nothing fits"."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import snowballstemmer
import yaml

from quantlab.learn import ask, cli
from quantlab.learn.asking import query
from quantlab.learn.asking.course_text import FRAME, Entry, Passage, course_text
from quantlab.learn.asking.index import (
    FITS,
    SHOWN,
    STRENGTH,
    CourseIndex,
    Found,
    course_index,
)
from quantlab.learn.asking.query import SYNONYMS
from quantlab.learn.asking.words import forms
from quantlab.lessons.catalogue import glossary
from quantlab.teach.access import ANNOUNCED
from tests.support.withheld import hints, solution_lines

ROOT = Path(__file__).parents[4]


def everything():
    """All that is searched, on one line, its spaces alike."""
    text = course_text()
    said = [" ".join([p.heading, *p.paragraphs, *p.asked_as]) for p in text.passages]
    return " ".join(" ".join([*said, *(f"{e.term} {e.means}" for e in text.entries)]).split())


def test_a_question_is_answered_by_passages_that_are_there():
    answer = ask("Why is the zero_point not clamped?")
    data = answer.to_dict()
    assert answer.fits
    assert data["entry"]["term"] == "zero_point"
    assert len(data["passages"]) == SHOWN
    scores = [one["score"] for one in data["passages"]]
    assert scores == sorted(scores, reverse=True)
    for one in data["passages"]:
        path, cell_id = one["link"].split("#cell-id=")
        page = json.loads((ROOT / "notebooks" / path[3:]).read_text("utf-8"))
        (cell,) = [cell for cell in page["cells"] if cell["id"] == cell_id]
        assert re.search(rf"^#+ {re.escape(one['heading'])}$", "".join(cell["source"]), re.M)


def test_every_section_knows_its_cell():
    """Most headings begin their cell; where one does not, it stands in it all the same."""
    cells = {}
    for file in (ROOT / "notebooks").glob("*/*.ipynb"):
        for cell in json.loads(file.read_text("utf-8"))["cells"]:
            cells[file.stem, cell["id"]] = "".join(cell["source"]).replace("*", "").replace("`", "")
    for passage in course_text().passages:
        assert f"# {passage.heading}" in cells[passage.notebook, passage.cell], passage.place


def test_a_word_of_the_course_s_own_is_found_under_another_name():
    found = ask("overflow of a uint8").to_dict()["passages"]
    assert any("cast" in one["excerpt"] for one in found)
    assert found[0]["notebook"] == "01_scale_and_zero_point"


def test_where_nothing_fits_the_course_says_what_it_covers():
    answer = ask("How do I quantize an LLM with GPTQ?")
    assert not answer.fits
    assert answer.to_dict()["passages"] == []
    assert "Nothing in the course fits" in repr(answer)
    assert "Lesson 03 · Per-channel" in repr(answer)


@pytest.mark.parametrize("question", ["", "   ", "?", "what is it", 7, None])
def test_no_question_is_a_sentence_and_no_fault(question):
    answer = ask(question)
    assert not answer.fits
    assert repr(answer).startswith("Ask in words")
    assert "Ask in words" in answer._repr_html_()


def test_the_card_holds_links_and_nothing_that_was_typed_as_markup():
    page = ask("zero_point of <i>scale</i>")._repr_html_()
    assert "<i>" not in page
    assert 'href="../01_scale_and_zero_point/01_scale_and_zero_point.ipynb#' in page


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Why is the zero_point not clamped?", "zero_point is in the glossary. Passages: 3. Less"),
        ("How do I quantize an LLM with GPTQ?", "Nothing in the course fits this question."),
        ("?", "Ask in words"),
    ],
)
def test_a_screen_reader_hears_what_came_out(question, said):
    page = ask(question)._repr_html_()
    assert f'<section role="status" data-said="{said}' in page
    assert ANNOUNCED in page


def test_no_solution_hint_or_model_answer_is_searched():
    searched = everything()
    assert [text for text in hints() if text in searched] == []
    assert [line for line in solution_lines() if line in searched] == []
    assert "One way to do it" in searched, "the page of a project, without what it folds away"
    assert "quantize_model(model, calibration, recipe)" not in searched


def test_the_glossary_is_the_lessons_own():
    assert {e.term for e in course_text().entries} == {t.term for t in glossary()}


def test_every_synonym_leads_to_a_word_that_the_course_says():
    index = course_index()
    table = query.synonyms()
    entries = yaml.safe_load(SYNONYMS.read_text("utf-8"))
    lines = [x for x in SYNONYMS.read_text("utf-8").splitlines() if x and not x.startswith("#")]
    assert len(lines) == len(entries) == len(table), "a word stands twice"
    for said, course in table.items():
        assert course, said
        assert not [word for word in course if word not in index._own], said


def test_two_words_that_are_one_are_looked_for_as_one(monkeypatch):
    monkeypatch.setattr(query, "synonyms", lambda: {("batch", "norm"): ("batchnorm",)})
    assert query.groups("batch norm twice, batch norm") == [
        {"batch": 1.0, "norm": 1.0, "batchnorm": query.SYNONYM},
        {"twice": 1.0},
    ]


def test_a_name_of_a_program_is_looked_for_by_its_parts():
    known = {"observ", "min", "max", "batchnorm"}
    assert query.in_parts("MinMaxObserver or BatchNorm", known) == "Min Max Observer or BatchNorm"
    assert query.in_parts("IInt8EntropyCalibrator2", known) == "I Int8 Entropy Calibrator 2"
    assert query.in_parts("two GPUs on iOS", known) == "two GPUs on iOS"
    (first, *_) = ask("EntropyCalibrator").to_dict()["passages"]
    assert first["heading"] == "And entropy"


def test_a_slip_and_words_written_together_are_read_as_the_course_writes_them():
    index = course_index()

    def mended(question):
        return query.mended(question, index._own, index._pairs)

    assert mended("calibraton of actviations") == "calibration of activations"
    assert mended("a zeropoint, perchannel") == "a zero point, per channel"
    assert mended("quantization of the weights") == "quantization of the weights"
    assert mended("the Calibraton tool, password") == "the Calibraton tool, password"
    assert ask("calibraton of actviations").fits
    (first, *_) = ask("asymetric or symetric").to_dict()["passages"]
    assert first["heading"] == "Symmetric and asymmetric"


def test_a_slip_is_one_letter_and_never_the_first():
    near = set(query.slips("scale"))
    assert {"scael", "scle", "scalle", "scane", "scales", "scal"} <= near
    assert not near & {"cale", "tcale", "sacel"}


def test_a_question_asked_alike_finds_its_section_though_its_words_stand_elsewhere_too():
    """All of them in one question count for more than the same words in several."""
    passages = [
        Passage("01_a", "A", "Apart", ("Hay.",), asked_as=("zebra foal", "stripes", "night grass")),
        Passage("01_a", "A", "Alike", ("Hay.",), asked_as=("zebra stripes night", "foal", "grass")),
    ]
    found = CourseIndex(passages, ()).find("zebra stripes night")
    assert [hit.passage.heading for hit in found.hits] == ["Alike", "Apart"]


def test_a_name_that_the_course_never_says_speaks_against_every_passage():
    passages = [Passage("01_a", "A", "Stripes", ("A horse with stripes, and a horse with spots.",))]
    index = CourseIndex(passages, ())
    plain, named = index.find("stripes of a quagga"), index.find("stripes of a Quagga")
    assert (plain.unknown_name, named.unknown_name) == (False, True)
    assert plain.covered == named.covered
    # With just so much for it that the name decides.
    hit = replace(plain.hits[0], score=(FITS - 0.5) / STRENGTH)
    assert Found((hit,), None, 0.5).fits
    assert not Found((hit,), None, 0.5, unknown_name=True).fits
    assert not Found((), None, 0.0).fits


@pytest.mark.parametrize("word", ["layer", "tick", "picture", "int8", "What is a channel?"])
def test_one_common_word_is_no_foreign_question(word):
    assert ask(word).fits


def test_where_a_lesson_defines_a_word_it_is_found_first():
    passages = [
        Passage("01_a", "A", "Often", ("The zebra. A zebra, that zebra, one more zebra.",)),
        Passage(
            "01_a", "A", "Once", ("It has stripes: that is a **zebra**, and nothing else is.",)
        ),
    ]
    entries = [Entry("horse, zebra", "A horse with stripes.", "01_a", "A")]
    first = [CourseIndex(passages, e).find("What is a zebra?").hits[0] for e in ((), entries)]
    assert [hit.passage.heading for hit in first] == ["Often", "Once"]


def test_words_that_stand_side_by_side_in_the_question_do_so_in_the_passage():
    passages = [
        Passage("01_a", "A", "Apart", ("The bias has a note, and the step has a scale.",)),
        Passage("01_a", "A", "Beside", ("The step has a note, and the bias scale has none.",)),
    ]
    found = CourseIndex(passages, ()).find("bias scale")
    assert found.hits[0].passage.heading == "Beside"


def test_the_stems_of_the_course_are_the_stemmer_s_and_none_is_missing():
    stems = course_text().stems
    asked_as = " ".join(text for p in course_text().passages for text in p.asked_as)
    texts = (everything(), SYNONYMS.read_text("utf-8"), query.PART.sub(" ", asked_as))
    said = {form for text in texts for form in forms(text)}
    assert stems.keys() == said
    stemmer = snowballstemmer.stemmer("english")
    assert [form for form, stem in stems.items() if stemmer.stemWord(form) != stem] == []


def test_a_frame_that_all_lessons_have_says_nothing():
    assert Passage("01_a", "A", "The idea: choosing a ruler", ()).topic == "choosing a ruler"
    assert Passage("01_a", "A", "2 · The idea: count the bytes", ()).topic == "count the bytes"
    assert not FRAME.sub("", "Measure the problem first")


def test_pointers_and_tables_of_words_answer_nothing():
    passages = [
        Passage("01_a", "A", "Next", ("zebra",)),
        Passage("01_a", "A", "Stripes", ("A horse with stripes.",)),
    ]
    found = CourseIndex(passages, ()).find("zebra stripes horse")
    assert [hit.passage.heading for hit in found.hits] == ["Stripes"]
    assert 0 < found.covered < 1


def test_the_command_answers_in_text_and_in_json(capsys):
    assert cli.main(["ask", "why", "is", "the", "zero_point", "not", "clamped?"]) == 0
    assert "1. Lesson" in capsys.readouterr().out
    assert cli.main(["ask", "who won the world cup", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert not said["fits"]
    assert "Lesson 01 · Scale and zero-point" in said["covers"]
    assert cli.main(["ask", "?"]) == 2
