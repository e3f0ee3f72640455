"""The error curve's teeth and the byte bars' lengths."""

import re

from quantlab.base.palette import BLUE
from quantlab.numerics import choose_qparams
from quantlab.teach.pictures import byte_bars, error_curve
from quantlab.teach.pictures.byte_bars import in_bytes


def test_four_bits_have_one_tooth_between_each_pair_of_ticks():
    svg = error_curve(choose_qparams(-1.0, 2.0, dtype="uint4")).svg
    (points,) = re.findall(rf'<path d="(M[^"]*)" stroke="{BLUE}"', svg)
    # Both ends, and a fall and a rise in each of the 15 gaps between 16 ticks.
    assert points.count(",") == 2 + 2 * 15


def test_too_many_teeth_become_a_band():
    assert "256 teeth, too fine to draw" in error_curve(choose_qparams(-1.0, 2.0)).svg


def test_the_text_says_the_bound_and_the_values_errors():
    drawing = error_curve(choose_qparams(-1.0, 2.0, dtype="uint4"), [0.4, -1.25])
    assert "between −1 and 2 it stays within half a step, 0.1" in drawing.text
    assert "0.4 has error 0, −1.25 has error 0.25" in drawing.text


def test_no_scale_no_curve():
    assert error_curve((0.0, 0, "int8")).text.startswith("No error curve: scale is 0")


def test_bars_are_drawn_to_one_measure():
    drawing = byte_bars({"FP32": {"weights": 400}, "INT8": {"weights": 100, "scales": 0}})
    # 600 drawing units for 400 bytes, so 150 for 100 bytes; an empty part has no bar.
    widths = re.findall(r'height="30.0" rx="0" [^>]*', drawing.svg)
    assert len(widths) == 2
    assert 'width="600.0" height="30.0" rx="0"' in drawing.svg
    assert 'width="150.0" height="30.0" rx="0"' in drawing.svg
    assert "INT8: 100 bytes, 4.00 times smaller (weights 100 bytes)" in drawing.text


def test_a_format_that_saves_nothing_is_not_called_smaller():
    assert "not smaller" in byte_bars({"a": {"w": 4}, "b": {"w": 5}}).text


def test_no_bytes_no_bars():
    assert byte_bars({}).text == byte_bars({"a": {"w": 0}}).text


def test_units_are_powers_of_a_thousand():
    shown = [in_bytes(n) for n in (999, 1_000, 45_000_000, 180_000_000, 2_500_000_000)]
    assert shown == ["999 bytes", "1 kB", "45 MB", "180 MB", "2.5 GB"]
