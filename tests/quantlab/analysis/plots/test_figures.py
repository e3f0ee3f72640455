"""Every figure draws, says in words what it shows, and leaves matplotlib as it was."""

import io
from math import inf

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from quantlab.analysis import (
    Candidate,
    by_group,
    compare_preprocessing,
    mcnemar,
    paired_bootstrap,
    pareto_front,
)
from quantlab.analysis.layer_error import LayerError, LayerErrors
from quantlab.analysis.plots import alt_text
from quantlab.analysis.ranges_by_pipeline import (
    OutputOfRun,
    PipelineRanges,
    RangeOfRun,
    TensorRanges,
)
from quantlab.analysis.sensitivity import LayerScore, Sensitivity
from quantlab.analysis.tensor_error import ErrorSums
from quantlab.base import palette
from quantlab.numerics import QParams

RNG = np.random.default_rng(0)
RIGHT = RNG.random(300) < 0.8
WORSE = RIGHT & (RNG.random(300) < 0.95)
CLASSES = np.where(np.arange(300) < 290, "car", "tram")
IMAGES = RNG.random((2, 3, 9, 9))


def tensor_error(spread, seed=0):
    sums = ErrorSums(QParams(1.0, 0, "int8"))
    reference = np.random.default_rng(seed).normal(0, 20, 500)
    sums.add(np.rint(reference + spread * np.random.default_rng(1).normal(0, 1, 500)), reference)
    return sums.result()


def layers(count):
    rows = tuple(
        LayerError(
            f"conv{i}",
            f"conv{i}_out",
            "Conv",
            0.5,
            tensor_error(0.1, i),
            tensor_error(0.1 + i, i),
            0.01,
        )
        for i in range(count)
    )
    return LayerErrors(rows, (("logits", 31.5),), 8)


def scores(mode, float_score):
    rows = tuple(LayerScore(f"net.{i}", "Conv", 20.0 + i) for i in range(5))
    return Sensitivity(mode, "output SQNR (dB)", float_score, 18.0, rows, False)


RANGES = PipelineRanges(
    tensors=(
        TensorRanges(
            "conv0",
            "Conv",
            (-1.0, 1.0),
            (
                RangeOfRun("training", (-0.9, 0.9), (-0.9, 0.9), 0.0),
                RangeOfRun("deployed", (-90.0, 0.2), (-1.0, 0.2), 0.5),
            ),
        ),
    ),
    outputs=(OutputOfRun("deployed", "FP32", 3.5, -1.0, 1.0),),
)
DROP = paired_bootstrap(RIGHT, WORSE)
FIGURES = {
    "drop": lambda: DROP.plot(limit=0.02),
    "groups": lambda: by_group(RIGHT, WORSE, CLASSES).plot(),
    "mcnemar": lambda: mcnemar(RIGHT, WORSE).plot(),
    "mcnemar without change": lambda: mcnemar(RIGHT, RIGHT).plot(),
    "pareto": lambda: pareto_front(
        [Candidate("fp32", 0.9, 1.0), Candidate("int8", 0.89, 2.0), Candidate("s8", 0.8, 1.1)]
    ).plot(),
    "pareto of one": lambda: pareto_front([Candidate("fp32", 0.9, 1.0)]).plot(),
    "preprocessing": lambda: compare_preprocessing(IMAGES, 255 * IMAGES).plot(),
    "layers": lambda: layers(6).plot(),
    "many layers": lambda: layers(40).plot(),
    "errors of a layer": lambda: layers(3).layers[2].plot(),
    "ranges": RANGES.plot,
    "one quantized": lambda: scores("quantize one", inf).plot(),
    "one quantized, own score": lambda: scores("quantize one", 40.0).plot(),
    "one kept": lambda: scores("float one", 40.0).plot(3),
}


@pytest.mark.parametrize("name", FIGURES)
def test_it_draws_with_units_a_title_and_words(name):
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    figure.savefig(io.BytesIO(), format="png")
    *_, bottom = figure.axes
    assert bottom.get_xlabel()
    assert any(axes.get_title(loc="left") for axes in figure.axes)
    words = alt_text(figure)
    assert words.endswith(".")
    assert "nan" not in words


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_lies_outside_the_paper(name):
    """Titles and names that stick out are cut off when the figure is saved."""
    figure = FIGURES[name]()
    FigureCanvasAgg(figure).draw()
    written = [text for legend in figure.legends for text in legend.get_texts()]
    written += [figure._suptitle] if figure._suptitle else []
    for axes in figure.axes:
        written += [axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        written += axes.get_yticklabels()
    paper = figure.bbox
    for text in written:
        box = text.get_window_extent()
        if text.get_text():  # within a pixel
            assert box.x0 >= paper.x0 - 1, text.get_text()
            assert box.x1 <= paper.x1 + 1, text.get_text()


def test_drawing_leaves_no_trace():
    before = dict(matplotlib.rcParams)
    for draw in FIGURES.values():
        draw()
    assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == []


def test_a_range_far_off_its_ruler_ends_in_an_arrow():
    (axes,) = RANGES.plot().axes
    arrows = [line for line in axes.lines if line.get_marker() == "<"]
    assert [line.get_xdata()[0] for line in arrows] == [-250]


def test_only_so_many_rows_as_asked_for():
    (axes,) = scores("float one", 40.0).plot(3).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["net.4 · Conv", "net.3 · Conv", "net.2 · Conv"]


def test_a_figure_without_words_is_refused():
    with pytest.raises(ValueError, match="no words of its own"):
        alt_text(Figure())


def test_the_palette_is_okabe_and_itos():
    """Color Universal Design (2008): blue, vermillion, bluish green as RGB bytes."""
    published = {"BLUE": (0, 114, 178), "ORANGE": (213, 94, 0), "GREEN": (0, 158, 115)}
    for name, rgb in published.items():
        assert to_hex([part / 255 for part in rgb]).upper() == getattr(palette, name)


def test_data_stands_out_from_the_paper():
    """Contrast of at least 3 to 1 against white, as WCAG 2.2 asks of graphics."""
    for colour in (palette.BLUE, palette.ORANGE, palette.GREEN, palette.GREY, palette.INK):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
        ]
        luminance = np.dot([0.2126, 0.7152, 0.0722], linear)
        assert 1.05 / (luminance + 0.05) >= 3
