"""A drawing is an SVG and the sentences that say the same; `Canvas` collects the SVG's marks.

Everything here is string work on plain numbers: a card may draw inside its 0.3 s, a slider
inside one frame.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

from quantlab.base.palette import BLUE, INK, ORANGE, PAPER, RUST
from quantlab.teach.pictures.theme import FOLLOWS, TURNS

#: Width of every drawing in its own units. Shown at most WIDEST CSS pixels wide.
WIDTH = 640
WIDEST = 760
#: Smallest font size, in drawing units: one unit is at least one CSS pixel from 640 px up.
SMALL = 13
TEXT = 14


@dataclass(frozen=True)
class Drawing:
    """A finished picture. `text` says in one or two sentences what `svg` shows.

    `svg` is one self-contained `<svg>` element with role="img" and `text` as its label. It
    stands on white paper and turns with a dark theme, see `theme`.
    """

    svg: str
    text: str

    def to_img(self) -> str:
        """The picture as an `<img>` with alt text.

        Saved notebooks use this form: JupyterLab strips `<svg>` from a notebook that is not
        trusted yet, but keeps an image, and every reader speaks its alt text.
        """
        data = base64.b64encode(self.svg.encode()).decode("ascii")
        return (
            f'<img alt="{escape(self.text)}" class="{TURNS}" '
            f'src="data:image/svg+xml;base64,{data}" '
            f'style="width:100%;max-width:{WIDEST}px">{FOLLOWS}'
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.to_img(), "text/plain": self.text}


@dataclass
class Canvas:
    """Collects SVG marks; `finish` wraps them into a `Drawing`. Lengths are drawing units."""

    height: float
    width: float = WIDTH
    marks: list[str] = field(default_factory=list)

    def line(
        self,
        x1: float,
        y1: float,
        x2: float,
        y2: float,
        colour: str = INK,
        width: float = 1.0,
        dash: str = "",
    ) -> None:
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.marks.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}" stroke-width="{width:g}"{dashes}/>'
        )

    def path(
        self, d: str, colour: str = INK, width: float = 1.5, fill: str = "none", dash: str = ""
    ) -> None:
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.marks.append(
            f'<path d="{d}" stroke="{colour}" stroke-width="{width:g}" fill="{fill}"'
            f' stroke-linejoin="round"{dashes}/>'
        )

    def polyline(self, points: Iterable[tuple[float, float]], colour: str, width: float) -> None:
        self.path("M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in points), colour, width)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        stroke: str = "none",
        stroke_width: float = 1.0,
        radius: float = 0.0,
    ) -> None:
        self.marks.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" '
            f'height="{max(height, 0):.1f}" rx="{radius:g}" fill="{fill}" stroke="{stroke}" '
            f'stroke-width="{stroke_width:g}"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        colour: str = INK,
        size: float = SMALL,
        anchor: str = "middle",
        bold: bool = False,
    ) -> None:
        weight = ' font-weight="600"' if bold else ""
        colour = RUST if colour == ORANGE else colour
        self.marks.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{max(size, SMALL):g}" '
            f'text-anchor="{anchor}"{weight}>{escape(words)}</text>'
        )

    def dot(self, x: float, y: float, colour: str = BLUE, radius: float = 5.0) -> None:
        """A round mark: a value that the ruler can say within half a step."""
        self.marks.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}" '
            f'stroke="{PAPER}" stroke-width="1"/>'
        )

    def triangle(self, x: float, y: float, pointing: int, size: float = 1.0) -> None:
        """A triangle that points off the ruler's end: -1 to the left, +1 to the right."""
        tip, back, half = x + 7 * size * pointing, x - 5 * size * pointing, 7 * size
        corners = f"M{tip:.1f},{y:.1f} L{back:.1f},{y - half:.1f} L{back:.1f},{y + half:.1f} Z"
        self.path(corners, PAPER, 1, ORANGE)

    def bracket(self, x1: float, x2: float, y: float, colour: str, drop: float = 6.0) -> None:
        """A horizontal measure from x1 to x2 with a foot of `drop` units at each end."""
        self.path(f"M{x1:.1f},{y + drop:.1f} V{y:.1f} H{x2:.1f} V{y + drop:.1f}", colour, 1.8)

    def finish(self, text: str) -> Drawing:
        """The drawing, on white paper, labelled with `text`."""
        label = escape(text)
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{TURNS}" role="img" '
            f'aria-label="{label}" '
            f'viewBox="0 0 {self.width:g} {self.height:g}" '
            f'style="width:100%;max-width:{WIDEST}px;height:auto;display:block" '
            f'font-family="system-ui, -apple-system, Segoe UI, Roboto, sans-serif">'
            f"<title>{label}</title>"
            f'<rect width="{self.width:g}" height="{self.height:g}" rx="10" fill="{PAPER}"/>'
            + "".join(self.marks)
            + f"{FOLLOWS}</svg>"
        )
        return Drawing(svg, text)


def note(sentence: str) -> Drawing:
    """A drawing that only says a sentence: for values from which no picture can be made."""
    lines = wrap(sentence, 78)
    canvas = Canvas(height=26 + 20 * len(lines))
    for row, line in enumerate(lines):
        canvas.text(20, 30 + 20 * row, line, size=TEXT, anchor="start")
    return canvas.finish(sentence)


def wrap(sentence: str, columns: int) -> list[str]:
    """The sentence in lines of at most `columns` characters, broken between words."""
    lines = [""]
    for word in sentence.split():
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) > columns and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = joined
    return lines


def whole(value: int) -> str:
    """An integer with a true minus sign."""
    return str(value).replace("-", "\N{MINUS SIGN}")


def signed(value: float) -> str:
    """`short` with a plus sign before numbers above 0."""
    written = short(value)
    return written if value <= 0 or written == "0" else f"+{written}"


def short(value: float) -> str:
    """A number in four significant digits, with a true minus sign; never '-0'."""
    written = f"{float(value):.4g}"
    if written in {"-0", "0"}:
        return "0"
    return written.replace("-", "\N{MINUS SIGN}")
