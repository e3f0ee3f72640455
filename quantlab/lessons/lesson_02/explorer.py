"""Explorer of lesson 02: a parameter count and a recipe, and where the bytes are."""

from __future__ import annotations

from html import escape

import ipywidgets as widgets

from quantlab.numerics.dtypes import DTYPES
from quantlab.numerics.size import FLOAT_BITS, size_of_parameters
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures.byte_bars import byte_bars
from quantlab.teach.pictures.drawing import Drawing
from quantlab.teach.static_twin import WidgetTwin

#: Stops of the slider in every power of ten, from ten thousand to a billion parameters. Round
#: numbers, evenly spread in the logarithm, with the 45 and 75 million of the lesson among them.
STOPS = (10, 15, 20, 30, 45, 75)
FEWEST, MOST = 10_000, 1_000_000_000
FORMATS = ("float16", *DTYPES)


class SizeExplorer(Explorer):
    """Controls `parameters`, `dtype`, `channels` and `kept` (percent that stays FP32)."""

    def __init__(self, parameters: int, dtype: str, channels: int, kept: float) -> None:
        super().__init__(
            {
                "parameters": widgets.SelectionSlider(
                    options=_stops(parameters),
                    value=parameters,
                    description="number of parameters",
                ),
                "dtype": widgets.Dropdown(options=FORMATS, value=dtype, description="stored as"),
                "channels": widgets.IntSlider(
                    value=channels,
                    min=1,
                    max=2000,
                    description="channels, one scale each",
                ),
                "kept": widgets.FloatSlider(
                    value=kept,
                    min=0,
                    max=100,
                    step=1,
                    description="percent kept in FP32",
                    readout_format=".0f",
                ),
            }
        )

    def draw(self, parameters: int, dtype: str, channels: int, kept: float) -> Drawing:  # type: ignore[override]
        return size_drawing(parameters, dtype, channels, kept)


def explore_size(
    parameters: int = 45_000_000, dtype: str = "int8", channels: int = 500, kept: float = 0.0
) -> WidgetTwin:
    """The explorer of lesson 02; its static twin shows the start values.

    Parameters
    ----------
    parameters : int
        Weights of the model, 10,000 to 1,000,000,000; biases come on top, one a channel.
    dtype : str
        float16, or int4 to uint16.
    channels : int
        Output channels, each with a scale, a zero_point and a bias, 1 to 2,000.
    kept : float
        Percent of the weights in a layer that stays FP32, 0 to 100.

    Raises
    ------
    ValueError
        A start value outside these.
    """
    spans = (
        ("parameters", parameters, FEWEST, MOST),
        ("channels", channels, 1, 2000),
        ("kept", kept, 0, 100),
    )
    for name, value, least, most in spans:
        if not least <= value <= most:
            raise ValueError(
                f"{name} is {value:,}, but its slider runs from {least:,g} to {most:,g}: "
                f"start within it."
            )
    if dtype not in FORMATS:
        raise ValueError(f"dtype is {dtype!r}, but the choices are {', '.join(FORMATS)}: take one.")
    still = size_drawing(parameters, dtype, channels, kept)
    html = f"{still.to_img()}<p>{escape(still.text)}</p>"
    return WidgetTwin(SizeExplorer(parameters, dtype, channels, kept), html, still.text)


def _stops(start: int) -> list[tuple[str, int]]:
    """(label, count) for every stop, the start value among them."""
    counts = {stop * 10**power for power in range(3, 8) for stop in STOPS} | {MOST, start}
    return [(_count(count), count) for count in sorted(counts)]


def _count(count: int) -> str:
    size, word = (10**6, "million") if count >= 10**6 else (10**3, "thousand")
    return f"{count / size:,.6g} {word}"


def size_drawing(parameters: int, dtype: str, channels: int, kept: float) -> Drawing:
    """FP32 beside the chosen format, part by part, both with one bias a channel."""
    stays = round(parameters * kept / 100)
    title = f"stored as {dtype}" + (f", {kept:.0f} % of the weights kept in FP32" if stays else "")
    return byte_bars(
        {
            f"FP32, {parameters:,} weights": {
                "weights": size_of_parameters(parameters),
                "biases": size_of_parameters(channels),
            },
            title: _parts(parameters - stays, stays, dtype, channels),
        }
    )


def _parts(quantized: int, stays: int, dtype: str, channels: int) -> dict[str, int]:
    kept = {"kept in FP32": size_of_parameters(stays)}
    weights = {"weights": size_of_parameters(quantized, dtype)}
    if quantized == 0 or dtype in FLOAT_BITS:  # no integers, so no rulers
        biases = size_of_parameters(channels, dtype if quantized else "float32")
        return {**weights, "biases": biases, **kept}
    return {
        **weights,
        "biases": size_of_parameters(channels, "int32"),
        "scales": size_of_parameters(channels, "float32"),
        "zero_points": size_of_parameters(channels, dtype),
        **kept,
    }
