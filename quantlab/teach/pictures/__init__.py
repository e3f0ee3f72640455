"""Small pictures as inline SVG, for cards, widgets and their static twins. Numpy and strings only.

Every function takes plain numbers and returns a `Drawing(svg, text)`: the picture, and one or two
sentences that say the same, computed from the same numbers.
"""

from quantlab.teach.pictures.byte_bars import byte_bars
from quantlab.teach.pictures.drawing import Drawing, note
from quantlab.teach.pictures.error_curve import error_curve
from quantlab.teach.pictures.grid import Grid
from quantlab.teach.pictures.heat_map import heat_map
from quantlab.teach.pictures.number_line import number_line
from quantlab.teach.pictures.ruler import ruler
from quantlab.teach.pictures.rulers import rulers

__all__ = [
    "Drawing",
    "Grid",
    "byte_bars",
    "error_curve",
    "heat_map",
    "note",
    "number_line",
    "ruler",
    "rulers",
]
