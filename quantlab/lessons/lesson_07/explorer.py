"""Explorer of lesson 07: walk through a model's layers, alone and accumulated."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import ipywidgets as widgets
import numpy as np

from quantlab.analysis import LayerErrors
from quantlab.analysis.tensor_error import EDGES
from quantlab.base.palette import BLUE, GREY, INK, ORANGE, PALE
from quantlab.lessons.lesson_07.material.layer_picture import layer_marks
from quantlab.teach.explorer import Explorer
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing, short
from quantlab.teach.static_twin import WidgetTwin

ALONE, ACCUMULATED = "the layer alone", "accumulated"
LEFT, RIGHT = 56.0, WIDTH - 20.0
#: The histogram below: its floor, its height, and the decades of its logarithmic axis.
FLOOR, HIGH, DECADES = 400.0, 76.0, 4.0


class LayerExplorer(Explorer):
    """Controls `model`, `layer` and `which`; every model has the same layers."""

    def __init__(self, errors: Mapping[str, LayerErrors], model: str, layer: int) -> None:
        self._errors = errors
        last = len(errors[model].layers) - 1
        super().__init__(
            {
                "model": widgets.Dropdown(options=list(errors), value=model, description="model"),
                "layer": widgets.IntSlider(value=layer, min=0, max=last, description="layer"),
                "which": widgets.Dropdown(
                    options=(ALONE, ACCUMULATED), value=ALONE, description="errors of"
                ),
            }
        )

    def draw(self, model: str, layer: int, which: str) -> Drawing:  # type: ignore[override]
        return layer_drawing(self._errors[model], model, layer, which)


def explore_layers(
    errors: Mapping[str, LayerErrors], model: str = "", layer: int = 0
) -> WidgetTwin:
    """The explorer of lesson 07; its static twin shows the start, alone and accumulated.

    Parameters
    ----------
    errors : mapping from a model's name to its errors; all have the same layers
    model, layer : where to start; the first model and layer when left out

    Raises
    ------
    ValueError
        No errors, models with other layers, an unknown model or layer.
    """
    if not errors:
        raise ValueError("There are no errors to walk through: pass a mapping of name to errors.")
    start = model or next(iter(errors))
    if start not in errors:
        raise ValueError(f"model is {start!r}, but there are {', '.join(errors)}: take one.")
    if len({tuple(layer.name for layer in each.layers) for each in errors.values()}) > 1:
        raise ValueError("The models have other layers: compare variants of one network.")
    if not 0 <= layer < len(errors[start].layers):
        raise ValueError(
            f"layer is {layer}, but there are 0 to {len(errors[start].layers) - 1}: take one."
        )
    still = [layer_drawing(errors[start], start, layer, which) for which in (ALONE, ACCUMULATED)]
    html = "".join(f"{drawing.to_img()}<p>{escape(drawing.text)}</p>" for drawing in still)
    text = " ".join(drawing.text for drawing in still)
    return WidgetTwin(LayerExplorer(errors, start, layer), html, text)


def layer_drawing(errors: LayerErrors, model: str, chosen: int, which: str) -> Drawing:
    """All layers on top, and below them the histogram of the chosen one's errors."""
    layers = errors.layers
    canvas = Canvas(height=FLOOR + 44)
    layer_marks(
        canvas,
        [layer.name for layer in layers],
        [layer.isolated.sqnr_db for layer in layers],
        [layer.accumulated.sqnr_db for layer in layers],
        chosen,
    )
    layer = layers[chosen]
    error = layer.isolated if which == ALONE else layer.accumulated
    _histogram(canvas, error.counts, f"errors of {layer.name}, {which}", which)
    return canvas.finish(
        f"Model {model}, layer {chosen} of {len(layers) - 1}: {layer.name} ({layer.operator}). "
        f"Alone it has {layer.isolated.sqnr_db:.1f} dB, accumulated "
        f"{layer.accumulated.sqnr_db:.1f} dB. Errors of {which}: root mean square "
        f"{error.rms_lsb:.2f} ticks, the largest {error.max_lsb:.1f}. "
        f"{layer.clipped:.1%} of its values are clipped."
    )


def _histogram(canvas: Canvas, counts: tuple[int, ...], title: str, which: str) -> None:
    """Shares of the errors in ticks; the ends hold all beyond, and the axis is logarithmic."""
    canvas.text(LEFT, 300, title, INK, TEXT, "start", bold=True)
    canvas.text(WIDTH - 20, 300, "share of values (logarithmic)", GREY, SMALL, "end")
    shares = np.array(counts) / max(sum(counts), 1)
    pitch = (RIGHT - LEFT) / len(shares)
    colour = BLUE if which == ALONE else ORANGE
    for power, words in ((0, "100 %"), (2, "1 %"), (4, "0.01 %")):
        y = FLOOR - HIGH * (1 - power / DECADES)
        canvas.line(LEFT, y, RIGHT, y, PALE, 1)
        canvas.text(LEFT - 6, y + 5, words, GREY, SMALL, "end")
    for place, share in enumerate(shares):
        if share > 0:
            tall = max(HIGH * (1 + np.log10(max(share, 10.0**-DECADES)) / DECADES), 2.0)
            canvas.rect(LEFT + pitch * place, FLOOR - tall, max(pitch - 1, 1), tall, colour)
    for edge in (EDGES[0], -4.0, 0.0, 4.0, EDGES[-1]):
        x = LEFT + (RIGHT - LEFT) * (edge - EDGES[0]) / (EDGES[-1] - EDGES[0])
        beyond = edge in (EDGES[0], EDGES[-1])
        words = f"{short(edge)} and {'below' if edge < 0 else 'above'}" if beyond else short(edge)
        anchor = "start" if edge == EDGES[0] else "end" if edge == EDGES[-1] else "middle"
        canvas.text(x, FLOOR + 18, words, GREY, SMALL, anchor)
    canvas.text((LEFT + RIGHT) / 2, FLOOR + 36, "error in ticks of the layer's ruler", GREY)
