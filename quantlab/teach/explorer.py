"""The base of all explorers: controls on top, a picture below, and the numbers in words."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets

from quantlab.teach.access import LIVE
from quantlab.teach.pictures.drawing import Drawing

_WIDE = widgets.Layout(width="auto", max_width="760px")


class Explorer(widgets.VBox):
    """Redraws `picture` and `words` whenever one of the `controls` changes its value.

    A subclass gives `draw(**values)`: values by the names in `controls`, a `Drawing` back. It is
    called inside the slider's callback: strings and numpy only, a few milliseconds. An exception
    in it is said in the widget and raised on, so neither a learner nor a test can miss it.

    Parameters
    ----------
    controls : dict
        Name to a widget with a `value`; shown in this order.
    """

    def __init__(self, controls: dict[str, widgets.ValueWidget]) -> None:
        self.controls = controls
        self.picture = widgets.HTML(layout=_WIDE)
        self.words = widgets.HTML(layout=_WIDE)
        for control in controls.values():
            control.style = {"description_width": "190px"}
            control.layout = widgets.Layout(width="auto", max_width="640px")
            control.observe(self._follow, names="value")
        super().__init__([*controls.values(), self.picture, self.words], layout=_WIDE)
        self.add_class("quantlab-explorer")
        self.redraw()

    def draw(self, **values: Any) -> Drawing:
        """The picture for these control values."""
        raise NotImplementedError(f"{type(self).__name__} has no draw method: write one.")

    def redraw(self) -> None:
        """Draw the controls' present values."""
        values = {name: control.value for name, control in self.controls.items()}
        try:
            drawing = self.draw(**values)
        except Exception as failure:
            self.picture.value = ""
            self._say(f"The picture could not be drawn: {type(failure).__name__}: {failure}")
            raise
        # The words stand below the picture; its own label would have them read twice.
        self.picture.value = f'<div aria-hidden="true">{drawing.svg}</div>'
        self._say(drawing.text)

    def _follow(self, _change: Any) -> None:
        self.redraw()

    def _say(self, sentence: str) -> None:
        self.words.value = f'{LIVE}<p style="line-height:1.5;margin:0">{escape(sentence)}</p>'
