"""The reference: every public name has something to say, and its docstring can be shown."""

import inspect

import pytest
from docutils.core import publish_doctree

import quantlab
from docs.reference.pages import packages, rooms, write_pages
from docs.reference.plain_docstrings import as_restructured_text

PUBLIC = [(f"{p.name}.{name}", value) for p in packages() for name, value in p.public.items()]
DOCUMENTED = [(name, value) for name, value in PUBLIC if inspect.isclass(value) or callable(value)]


@pytest.mark.parametrize(("name", "value"), DOCUMENTED, ids=[name for name, _ in DOCUMENTED])
def test_every_public_name_has_a_docstring_of_its_own(name, value):
    said = value.__doc__ or ""
    last = name.rpartition(".")[2]
    assert len(said.split()) > 3, name
    assert not said.startswith(f"{last}("), f"{name}: that is what dataclass writes by itself"


def test_there_is_a_page_for_every_room_with_public_names(tmp_path):
    write_pages(tmp_path)
    built = {path.stem for path in tmp_path.glob("*.rst")} - {"index"}
    assert built == set(rooms())
    index = (tmp_path / "index.rst").read_text("utf-8")
    for room, found in rooms().items():
        page = (tmp_path / f"{room}.rst").read_text("utf-8")
        assert f"   {room} <{room}>" in index
        for package in found:
            assert page.count(f".. py:module:: {package.name}\n") == 1
            for name in package.public:
                assert f"   {name}\n" in page


def test_every_name_of_the_top_level_stands_on_a_page():
    shown = [value for found in rooms().values() for p in found for value in p.public.values()]
    for name in quantlab.__all__:
        assert any(getattr(quantlab, name) is value for value in shown), name


def warnings_of(lines):
    settings = {"report_level": 2, "halt_level": 5, "warning_stream": False}
    tree = publish_doctree("\n".join(lines), settings_overrides=settings)
    found = [*tree.findall(lambda n: n.tagname == "system_message"), *tree.transform_messages]
    return tree, [message.astext() for message in found]


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        (
            "The ruler.\n\nlo, hi   floats, the ends,\n         lo <= hi\nscale    a float",
            [("lo, hi", "floats, the ends,\nlo <= hi"), ("scale", "a float")],
        ),
        ("Names:\nq   integers\nMore.", [("q", "integers")]),
    ],
)
def test_names_in_a_column_become_a_definition_list(plain, shown):
    tree, said = warnings_of(as_restructured_text(plain.splitlines()))
    assert said == []
    items = tree.findall(lambda n: n.tagname == "definition_list_item")
    assert [tuple(part.astext() for part in item) for item in items] == shown


@pytest.mark.parametrize(
    "text", ["Shape (n, *spatial).", "The bar of |gamma| is even.", "a *word* b"]
)
def test_marks_that_open_nothing_are_shown_as_they_are(text):
    assert "*word*" in text or warnings_of([text])[1]
    tree, said = warnings_of(as_restructured_text([text]))
    assert said == []
    assert tree.astext() == text.replace("*word*", "word")


def test_fields_without_a_headline_get_numpydocs():
    fields = ["One box.", "", "label : str", "size : int", "    In pixels."]
    headline = ["One box.", "", "Attributes", "----------", *fields[2:]]
    assert as_restructured_text(fields) == headline
    assert as_restructured_text(headline) == headline


def test_examples_stay_as_they_are():
    example = ["One.", "", ">>> print(table)", "name     speed", "int8         2", "", "(n, *m)"]
    assert as_restructured_text(example) == [*example[:6], "(n, \\*m)"]
