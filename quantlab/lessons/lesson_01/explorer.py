"""Explorer of lesson 01: drag a range, change the integers, watch ruler, grid and error."""

from __future__ import annotations

from html import escape

import ipywidgets as widgets

from quantlab.numerics.choose import SCHEMES, choose_qparams
from quantlab.numerics.dtypes import DTYPES
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures.drawing import Drawing, whole
from quantlab.teach.pictures.grid import Grid
from quantlab.teach.pictures.ruler import ruler
from quantlab.teach.pictures.rulers import rulers
from quantlab.teach.static_twin import WidgetTwin

FURTHEST = 8.0


class RulerExplorer(Explorer):
    """Controls `lo`, `hi`, `dtype`, `scheme` and a value `x`.

    lo > hi is not prevented: the picture says in a sentence what a range is, and the next
    movement of a slider goes on from there.
    """

    def __init__(self, lo: float, hi: float, dtype: str, scheme: str, x: float) -> None:
        super().__init__(
            {
                "lo": _slider(lo, "lo, lower end of the range"),
                "hi": _slider(hi, "hi, upper end of the range"),
                "dtype": widgets.Dropdown(options=list(DTYPES), value=dtype, description="dtype"),
                "scheme": widgets.Dropdown(
                    options=list(SCHEMES), value=scheme, description="scheme"
                ),
                "x": _slider(x, "x, a value to quantize"),
            }
        )

    def draw(self, lo: float, hi: float, dtype: str, scheme: str, x: float) -> Drawing:  # type: ignore[override]
        narrow = scheme == "symmetric"  # both sides have as many steps
        drawing = ruler(lo, hi, dtype, scheme, [x], narrow=narrow)
        if lo > hi:
            return drawing
        grid = Grid.of(choose_qparams(lo, hi, dtype=dtype, scheme=scheme, narrow=narrow))
        return Drawing(drawing.svg, f"{drawing.text} {_numbers(grid, x)}")


def explore_ruler(
    lo: float = -0.9,
    hi: float = 5.0,
    dtype: str = "uint8",
    scheme: str = "asymmetric",
    x: float = 0.3,
) -> WidgetTwin:
    """The explorer of lesson 01, with three rulers under one another as its static twin.

    Parameters
    ----------
    lo, hi, x : float
        Where the sliders start, -8 to 8.
    dtype, scheme : str
        As in `choose_qparams`.

    Raises
    ------
    ValueError
        A start value beyond the sliders, lo > hi, an unknown dtype or scheme.
    """
    for name, value in (("lo", lo), ("hi", hi), ("x", x)):
        if not -FURTHEST <= value <= FURTHEST:
            raise ValueError(
                f"{name} is {value:g}, but the sliders run from {-FURTHEST:g} to {FURTHEST:g}: "
                f"start within them."
            )
    choose_qparams(lo, hi, dtype=dtype, scheme=scheme)  # says what is wrong with the other three
    still = _still(lo, hi)
    html = f"{still.to_img()}<p>{escape(still.text)}</p>"
    return WidgetTwin(RulerExplorer(lo, hi, dtype, scheme, x), html, still.text)


def _slider(value: float, words: str) -> widgets.FloatSlider:
    return widgets.FloatSlider(
        value=value,
        min=-FURTHEST,
        max=FURTHEST,
        step=0.05,
        description=words,
        readout_format=".2f",
        continuous_update=True,
    )


def _numbers(grid: Grid, x: float) -> str:
    """scale, qmin, qmax and the step's half: what the exercises compute, with more digits."""
    half = grid.scale / 2
    verdict = "off the ruler" if grid.saturates(x) else "within half a step"
    return (
        f"In numbers: scale {grid.scale:.7g}, qmin {whole(grid.qmin)}, qmax {grid.qmax}, "
        f"q(x) {whole(grid.tick(x))}; half a step is {half:.4g}, "
        f"and the error {abs(grid.error(x)):.4g} is {verdict}."
    )


def _still(lo: float, hi: float) -> Drawing:
    """The same range under three settings: the default, a symmetric one and 4 bits."""
    settings = (("uint8", "asymmetric"), ("int8", "symmetric"), ("uint4", "asymmetric"))
    rows = {
        f"{dtype.upper()}, {scheme}": choose_qparams(
            lo, hi, dtype=dtype, scheme=scheme, narrow=scheme == "symmetric"
        )
        for dtype, scheme in settings
    }
    return rulers(rows, [lo + share * (hi - lo) for share in (0.0, 0.2, 0.55, 1.0)])
