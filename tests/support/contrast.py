"""WCAG's contrast of the letters of our drawings, on white paper and as a dark theme turns them."""

from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np

from quantlab.base.palette import PAPER
from quantlab.teach.pictures.theme import INVERT

SVG = "{http://www.w3.org/2000/svg}"
#: WCAG 2.2, 1.4.3, for letters that are not large.
ENOUGH = 4.5
#: Filter Effects 1: invert(a) is c(1 - 2a) + a; hue-rotate(180deg) has cos -1 and sin 0.
_LUMA = np.array([0.213, 0.715, 0.072])
HUE_TURNED = 2 * np.tile(_LUMA, (3, 1)) - np.eye(3)


def rgb(colour: str) -> np.ndarray:
    """`#RRGGBB` as three numbers from 0 to 1."""
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255


def turned(colour: np.ndarray) -> np.ndarray:
    """What a dark theme makes of a colour."""
    inverted = INVERT + colour * (1 - 2 * INVERT)
    return np.clip(HUE_TURNED @ np.clip(inverted, 0, 1), 0, 1)


def ratio(one: np.ndarray, other: np.ndarray) -> float:
    """Contrast, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: np.ndarray) -> float:
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def faint(svg: str) -> list[str]:
    """The letters of a drawing that stand out too little from what lies under them."""
    said = []
    for words, letters, ground in _letters(ElementTree.fromstring(svg)):
        for theme, seen in (("light", lambda c: c), ("dark", turned)):
            held = ratio(seen(rgb(letters)), seen(rgb(ground)))
            if held < ENOUGH:
                said.append(f"{words!r} is {letters} on {ground}: {held:.2f} in the {theme} theme")
    return said


def _letters(root: ElementTree.Element) -> Iterator[tuple[str, str, str]]:
    """Each text with its colour and that of the last box drawn under its middle."""
    boxes: list[tuple[float, float, float, float, str]] = []
    for mark in root.iter():
        if mark.tag == f"{SVG}rect" and mark.get("fill") != "none":
            x, y, width, height = (float(mark.get(k, 0)) for k in ("x", "y", "width", "height"))
            boxes.append((x, y, x + width, y + height, mark.get("fill", PAPER)))
        if mark.tag == f"{SVG}text":
            words, size = mark.text or "", float(mark.get("font-size", 13))
            half = (
                0.27 * size * len(words) * {"start": 1, "end": -1}.get(mark.get("text-anchor"), 0)
            )
            x, y = float(mark.get("x", 0)) + half, float(mark.get("y", 0)) - 0.35 * size
            under = [PAPER] + [
                c for left, top, right, low, c in boxes if left <= x <= right and top <= y <= low
            ]
            yield words, mark.get("fill", ""), under[-1]
