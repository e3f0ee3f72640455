"""How a picture on white paper follows a dark theme: one rule turns its lightness over.

White paper becomes #121212, as dark as JupyterLab's own, and ink becomes light; a hue keeps its
name. Where no rule is applied (a notebook that is not trusted yet, a page of a code host) the white
paper stays, and the picture reads as before.
"""

from __future__ import annotations

from typing import Any

#: The class of what turns with the theme: a drawing, or a figure without photographs.
TURNS = "quantlab-picture"
#: The class of a photograph's two renderings: one for light themes, one for dark ones.
BY_DAY, BY_NIGHT = "quantlab-by-day", "quantlab-by-night"

#: Not to black: INVERT of white is 7 % of white, which is #121212.
INVERT = 0.93
_TURN = f"filter: invert({INVERT}) hue-rotate(180deg) !important"
#: As JupyterLab and the reading site mark their dark themes.
_DARK = ':is([data-jp-theme-light="false"], [data-theme="dark"])'

#: Goes along with every picture.
FOLLOWS = (
    f"<style>{_DARK} .{TURNS} {{{_TURN}}} "
    f"{_DARK} .{BY_DAY} {{display: none !important}} "
    f"{_DARK} .{BY_NIGHT} {{display: block !important}}</style>"
)

#: For a page of our own, which is as dark as its reader's system.
OF_A_PAGE = (
    f".{BY_NIGHT} {{display: none}} @media (prefers-color-scheme: dark) {{.{TURNS} {{{_TURN}}} "
    f".{BY_DAY} {{display: none}} .{BY_NIGHT} {{display: block}}}}"
)


def turned(pixels: Any) -> Any:
    """Colours as the rule of a dark theme makes them: floats (…, 3) from 0 to 1, and so back.

    Filter Effects 1: invert, then a hue rotated by 180°, which is twice the luma less the colour.
    """
    import numpy as np

    inverted = INVERT + np.asarray(pixels) * (1 - 2 * INVERT)
    luma = inverted @ np.array([[0.213], [0.715], [0.072]])
    return np.clip(2 * luma - inverted, 0.0, 1.0)
