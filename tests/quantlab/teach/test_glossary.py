"""A glossary file becomes terms or one sentence, and the terms a table that Markdown reads."""

import re

import pytest
from markdown_it import MarkdownIt

from quantlab.lessons.catalogue import glossary, lessons, terms_of_lesson
from quantlab.teach.glossary import Term, glossary_table, read_glossary


def test_terms_come_in_the_files_order_on_one_line_each(tmp_path):
    path = tmp_path / "glossary.yaml"
    path.write_text("- term: tick\n  means: >\n    An integer\n    of it.\n- {term: b, means: c}\n")
    assert read_glossary(path) == (Term("tick", "An integer of it."), Term("b", "c"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "glossary.yaml: expected is a list of terms; write at least one."),
        ("scale: a distance", "glossary.yaml: expected is a list of terms"),
        ("- scale", "glossary.yaml, term 1: found str, but expected are the keys term and means."),
        ("- {term: a}", "term 1: found term, but expected are the keys term and means."),
        ("- {term: a, means: b, see: c}", "term 1: found term, means, see, but expected"),
        ("- {term: a, means: b}\n- {term: c, means: 3}", "term 2: means is 3, but expected is a"),
        ("- {term: '', means: b}", "term 1: term is '', but expected is a text"),
        ("- {term: a, means: b}\n- {term: a, means: c}", "a stands twice; drop one of them."),
        ("- [", "glossary.yaml: the file is no YAML text:"),
    ],
)
def test_a_file_that_is_no_glossary_is_one_sentence(tmp_path, text, said):
    path = tmp_path / "glossary.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        read_glossary(path)
    assert "\n" not in str(refused.value)


def test_the_table_has_a_row_for_each_term():
    terms = terms_of_lesson(1)
    html = MarkdownIt().enable("table").render(glossary_table(terms))
    assert html.count("<tr>") == len(terms) + 1
    for term in terms:
        assert f"<td><strong>{term.term}</strong></td>" in html


def test_a_term_is_defined_once_in_the_course_and_ends_in_a_full_stop():
    found = [term for lesson in lessons() for term in lesson.glossary]
    assert len({term.term for term in found}) == len(found) == len(glossary())
    assert all(term.means.endswith(".") for term in found)
    assert [t.term for t in glossary()] == sorted((t.term for t in found), key=str.casefold)


def test_the_course_so_far_defines_its_first_words():
    words = {term.term for term in glossary()}
    assert {"scale", "zero_point", "saturation", "fake quantization", "per-tensor"} <= words
    assert "per-channel" in words
