"""Figures carry alt text, are closed, and differ by more than colour."""

import base64

import matplotlib
import pytest
from matplotlib import pyplot

from quantlab.teach.pictures import figure

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
