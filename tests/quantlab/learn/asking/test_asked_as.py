"""What learners ask, section by section: whole, of this course, and no way to a solution."""

import re
from dataclasses import replace

import pytest
import yaml

from quantlab.learn import ask
from quantlab.learn.asking.course_text import course_text
from quantlab.learn.asking.index import LEFT_OUT, CourseIndex, course_index
from quantlab.learn.asking.query import SYNONYMS
from tests.support.withheld import hints, solution_lines

#: How many short questions a section has: one that explains much is asked for in many ways.
FEWEST, MOST, LONGEST = 2, 14, 90
#: So many words in a row are a quotation; fewer stand in every other sentence, "the scale of the".
IN_A_ROW = 5


@pytest.fixture(scope="module")
def asked_as():
    return yaml.safe_load(SYNONYMS.with_name("asked_as.yaml").read_text("utf-8"))


def rows_of_words(text):
    said = re.findall(r"[a-z0-9_]+", text.lower())
    return {tuple(said[n : n + IN_A_ROW]) for n in range(len(said) - IN_A_ROW + 1)}


def test_every_section_has_its_questions_and_no_other_is_there(asked_as):
    sections = {p.key for p in course_text().passages if not p.heading.endswith(LEFT_OUT)}
    assert asked_as.keys() == sections
    few_or_many = {k: len(v) for k, v in asked_as.items() if not FEWEST <= len(v) <= MOST}
    assert few_or_many == {}


def test_the_questions_came_into_the_text_that_is_searched(asked_as):
    there = {p.key: list(p.asked_as) for p in course_text().passages if p.asked_as}
    assert there == asked_as


def test_a_question_is_short_and_asked_of_one_section(asked_as):
    every = [text for texts in asked_as.values() for text in texts]
    assert [text for text in every if len(text) > LONGEST] == []
    assert sorted(set(every)) == sorted(every)


def test_the_lessons_stand_in_the_course_s_order(asked_as):
    numbered = [key[:2] for key in asked_as if key[:2].isdigit()]
    assert numbered == sorted(numbered)


def test_no_question_gives_a_solution_away(asked_as):
    withheld = set().union(*map(rows_of_words, [*hints(), *solution_lines()]))
    assert len(withheld) > 1000
    asked = [text for texts in asked_as.values() for text in texts]
    assert [text for text in asked if rows_of_words(text) & withheld] == []


def test_a_question_leads_to_its_section_which_without_it_is_not_found():
    text = course_text()
    key, question = "01 And back", "uint8 arithmetic wraps around in numpy, zero point"
    found = course_index().find(question)
    assert found.fits
    assert found.hits[0].passage.key == key
    bare = CourseIndex([replace(p, asked_as=()) for p in text.passages], text.entries)
    assert key not in [hit.passage.key for hit in bare.find(question).hits]


def test_an_answer_shows_none_of_them():
    """Each lives in what is searched; the sections that were found are shown without theirs."""
    answer = ask("uint8 arithmetic wraps around in numpy, zero point")
    assert answer.fits
    pages = [repr(answer), answer._repr_html_(), str(answer.to_dict())]
    asked = [text for hit in answer.found.hits for text in hit.passage.asked_as]
    assert len(asked) >= FEWEST
    assert [text for text in asked for page in pages if text in page] == []
