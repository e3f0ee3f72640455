"""What holds for every drawing: valid SVG, a label that equals the text, readable, inside paper."""

import base64
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantlab.base.palette import ORANGE, PAPER, RUST
from quantlab.numerics import choose_qparams
from quantlab.teach.pictures import (
    Drawing,
    byte_bars,
    error_curve,
    heat_map,
    note,
    number_line,
    ruler,
    rulers,
)
from quantlab.teach.pictures.slice_bars import slice_bars
from tests.support.contrast import faint, ratio, rgb

SVG = "{http://www.w3.org/2000/svg}"
QP = choose_qparams(-0.9, 5.0)

DRAWINGS = {
    "number line": number_line([-1.4, -0.9, 0.0, 0.3, 5.0, 6.2], QP, title="A & B < C"),
    "number line, many values": number_line(np.linspace(-9, 9, 3000), QP),
    "number line, int16": number_line([0.1], choose_qparams(-1.0, 1.0, dtype="int16")),
    "number line, zero off the grid": number_line([2.0, 6.0], (4 / 255, -128, "uint8")),
    "number line, zero far off": number_line([2.0], (1.0, -(10**6), "uint8")),
    "ruler": ruler(-0.9, 5.0, values=[0.3]),
    "ruler, three values": ruler(-0.9, 5.0, "int4", "symmetric", [0.3, -0.9, 5.9]),
    "ruler, four bits": ruler(-1.0, 2.0, "uint4"),
    "ruler, impossible": ruler(2.0, -1.0),
    "rulers": rulers({"a": QP, "b": choose_qparams(-1.0, 1.0, dtype="int4")}, [0.3, 9.0, -9.0]),
    "error curve": error_curve(QP, [0.3, 5.2]),
    "error curve, four bits": error_curve(choose_qparams(-1.0, 2.0, dtype="uint4"), [-1.2, 0.4]),
    "heat map": heat_map({"a": np.eye(3), "b": np.ones((3, 3))}),
    "heat map, large": heat_map({"w": np.arange(432.0).reshape(16, 3, 3, 3) - 200}),
    "byte bars": byte_bars({"FP32": {"weights": 40}, "INT8": {"weights": 10, "scales": 1}}),
    "slice bars": slice_bars(
        {"all": (52.3, 48.1), "rare class": (41.0, 18.5)}, "mAP", {"all": 0.7}
    ),
    "note": note("One sentence " * 20),
}


@pytest.fixture(params=DRAWINGS, scope="module")
def drawing(request: pytest.FixtureRequest) -> Drawing:
    return DRAWINGS[request.param]


def marks(drawing: Drawing) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(drawing.svg).iter())


def test_it_is_an_image_with_its_text_as_label(drawing):
    root = ElementTree.fromstring(drawing.svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label") == drawing.text == root.findtext(f"{SVG}title")


def test_it_stands_on_white_paper_and_shrinks_with_the_page(drawing):
    root = ElementTree.fromstring(drawing.svg)
    _, _, width, height = (float(n) for n in root.get("viewBox").split())
    paper = root.find(f"{SVG}rect")
    assert (float(paper.get("width")), float(paper.get("height"))) == (width, height)
    assert paper.get("fill") == "#FFFFFF"
    assert "width:100%" in root.get("style")


def test_no_letter_is_smaller_than_12(drawing):
    sizes = [float(m.get("font-size")) for m in marks(drawing) if m.tag == f"{SVG}text"]
    assert sizes
    assert min(sizes) >= 12


def test_its_letters_stand_out_in_a_light_and_in_a_dark_theme(drawing):
    assert faint(drawing.svg) == []


def test_orange_letters_are_darker_than_orange_marks():
    drawing = DRAWINGS["error curve"]
    assert round(ratio(rgb(RUST), rgb(PAPER)), 1) == 5.5
    assert round(ratio(rgb(ORANGE), rgb(PAPER)), 1) == 3.9
    colours = {m.get("fill") for m in marks(drawing) if m.tag == f"{SVG}text"}
    assert RUST in colours
    assert ORANGE not in colours


def test_every_mark_lies_on_the_paper(drawing):
    root = ElementTree.fromstring(drawing.svg)
    _, _, width, height = (float(n) for n in root.get("viewBox").split())
    for mark in root.iter():
        across = [float(mark.get(k)) for k in ("x", "x1", "x2", "cx") if mark.get(k)]
        down = [float(mark.get(k)) for k in ("y", "y1", "y2", "cy") if mark.get(k)]
        assert all(0 <= x <= width for x in across), ElementTree.tostring(mark)
        assert all(0 <= y <= height for y in down), ElementTree.tostring(mark)


def test_no_number_is_broken(drawing):
    assert not re.search(r"\b(nan|inf|None)\b", drawing.svg)


def test_a_saved_notebook_keeps_an_image_with_alt_text(drawing):
    bundle = drawing._repr_mimebundle_()
    tag, _, style = bundle["text/html"].partition("<style>")
    image = ElementTree.fromstring(f"{tag.removesuffix('>')}/>")
    assert image.get("class") in style
    assert image.get("alt") == bundle["text/plain"] == drawing.text
    data = image.get("src").removeprefix("data:image/svg+xml;base64,")
    assert base64.b64decode(data).decode() == drawing.svg


anything = st.one_of(
    st.floats(), st.integers(-(10**12), 10**12), st.none(), st.text(max_size=3), st.just([1, 2])
)


@given(scale=anything, zero_point=anything, values=st.lists(st.floats(), max_size=8))
@settings(max_examples=100, deadline=None)
def test_whatever_a_learner_returns_gives_a_drawing(scale, zero_point, values):
    for draw in (
        lambda: number_line(values, (scale, zero_point, "int8")),
        lambda: error_curve((scale, zero_point, "int8"), values),
        lambda: rulers({"yours": (scale, zero_point, "int8")}, values),
        lambda: heat_map({"yours": scale, "values": values or [0.0]}),
    ):
        ElementTree.fromstring(draw().svg)


@given(lo=st.floats(-1e30, 1e30), hi=st.floats(-1e30, 1e30), x=st.floats(-1e30, 1e30))
@settings(max_examples=100, deadline=None)
def test_every_range_gives_a_ruler_or_a_sentence(lo, hi, x):
    drawing = ruler(lo, hi, "uint8", "asymmetric", [x])
    ElementTree.fromstring(drawing.svg)
    assert drawing.text.startswith("No ruler") == (lo > hi)
