"""Figures carry alt text, are closed, and differ by more than colour."""

import base64
import io

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

from quantlab.base.palette import PAPER
from quantlab.teach.pictures import figure
from tests.support.contrast import rgb, turned

matplotlib.use("agg")


def test_a_figure_becomes_an_image_with_alt_text_and_is_closed(monkeypatch):
    shown = []
    monkeypatch.setattr(figure, "display", lambda bundle, raw: shown.append(bundle))
    fig, axes = pyplot.subplots(figsize=(1, 1))
    axes.plot([0, 1])
    figure.show(fig, alt='A line that "rises" & ends')
    (bundle,) = shown
    assert bundle["text/plain"] == 'A line that "rises" & ends'
    assert 'alt="A line that &quot;rises&quot; &amp; ends"' in bundle["text/html"]
    data = bundle["text/html"].split("base64,")[1].split('"')[0]
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert not pyplot.fignum_exists(fig.number)


def test_a_photograph_stays_as_it_is_by_night(monkeypatch):
    shown = []
    monkeypatch.setattr(figure, "display", lambda bundle, raw: shown.append(bundle["text/html"]))
    fig = pyplot.figure(figsize=(2, 1), facecolor="white")
    axes = fig.add_axes((0.25, 0.0, 0.5, 1.0))
    axes.imshow(np.full((8, 8, 3), (10, 200, 30), np.uint8))
    axes.set_axis_off()
    figure.show(fig, alt="A green square")
    images = [base64.b64decode(data.split('"')[0]) for data in shown[0].split("base64,")[1:]]
    day, night = (pyplot.imread(io.BytesIO(image))[..., :3] for image in images)
    assert day.shape == night.shape
    middle = np.s_[100, 200]
    np.testing.assert_allclose(day[middle], np.array([10, 200, 30]) / 255, atol=1 / 255)
    np.testing.assert_allclose(night[middle], day[middle], atol=1 / 255)
    for corner in (np.s_[0, 0], np.s_[-1, -1]):  # paper, as the rule for all other figures turns it
        np.testing.assert_allclose(night[corner], turned(rgb(PAPER)), atol=1 / 255)


def test_a_figure_without_words_is_refused():
    fig = pyplot.figure()
    with pytest.raises(ValueError, match="needs its sentence"):
        figure.show(fig, alt=" ")
    pyplot.close(fig)


def test_lines_differ_by_colour_dash_and_marker():
    with matplotlib.rc_context():
        figure.style()
        fig, axes = pyplot.subplots()
        lines = [axes.plot([0, 1])[0] for _ in figure.CYCLE]
        pyplot.close(fig)
        assert [line.get_color() for line in lines] == list(figure.CYCLE)
        assert len({line.get_marker() for line in lines}) == len(lines)
        assert len({str(line._unscaled_dash_pattern) for line in lines}) == len(lines)
