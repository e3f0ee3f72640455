"""A stream as columns: the monitor's share in each window, the limit, and where a rule fired."""

from __future__ import annotations

from collections.abc import Sequence

from quantlab.base.palette import BLUE, GREY, INK, ORANGE
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing, note

LEFT, RIGHT, TOP, FLOOR = 60.0, WIDTH - 90.0, 50.0, 220.0


def stream_picture(
    weather: Sequence[str],
    shares: Sequence[float],
    limit: float,
    rolled_back: int = -1,
) -> Drawing:
    """One column a window, 0 to 100 %; above the limit it is orange and has a cap.

    Parameters
    ----------
    weather, shares : a word and a share (0 to 1) for each window
    limit : float
        0 to 1, drawn as a dashed line.
    rolled_back : int
        The window in which the rule fired; -1 where it never did.
    """
    if not len(shares):
        return note("No columns: the stream has no window.")
    canvas = Canvas(height=270)
    canvas.text(
        20, 24, "at the ends of the input's ruler, by window", INK, TEXT, "start", bold=True
    )
    for percent in (0, 50, 100):
        y = _y(percent / 100)
        canvas.line(LEFT, y, RIGHT, y, GREY, 0.5)
        canvas.text(LEFT - 8, y + 5, f"{percent} %", GREY, SMALL, "end")
    pitch = (RIGHT - LEFT) / len(shares)
    for k, (word, share) in enumerate(zip(weather, shares, strict=True)):
        x, loud = LEFT + pitch * (k + 0.15), share > limit
        y, wide = min(_y(share), FLOOR - 2), 0.7 * pitch
        canvas.rect(x, y, wide, FLOOR - y, ORANGE if loud else BLUE)
        if loud:
            canvas.line(x, y, x + wide, y, INK, 3)
        canvas.text(x + wide / 2, FLOOR + 18, str(k), GREY)
        canvas.text(x + wide / 2, FLOOR + 36, word, INK)
    canvas.line(LEFT, _y(limit), RIGHT, _y(limit), INK, 1.5, "6 4")
    canvas.text(RIGHT + 6, _y(limit) + 5, f"limit {100 * limit:.0f} %", INK, SMALL, "start")
    if rolled_back >= 0:
        x = LEFT + pitch * (rolled_back + 1)
        canvas.line(x, TOP - 6, x, FLOOR, INK, 2)
        left = x > (LEFT + RIGHT) / 2
        words = f"rolled back after window {rolled_back}"
        canvas.text(
            x + (-6 if left else 6), TOP - 10, words, INK, SMALL, "end" if left else "start"
        )
    return canvas.finish(_words(weather, shares, limit, rolled_back))


def _y(share: float) -> float:
    return FLOOR - (FLOOR - TOP) * share


def _words(weather: Sequence[str], shares: Sequence[float], limit: float, rolled_back: int) -> str:
    seen = ", ".join(
        f"{k} {word} {100 * share:.0f} %"
        for k, (word, share) in enumerate(zip(weather, shares, strict=True))
    )
    loud = [str(k) for k, share in enumerate(shares) if share > limit]
    above = f"Above the limit of {100 * limit:.0f} %: windows {', '.join(loud)}." if loud else ""
    fired = "" if rolled_back < 0 else f" Rolled back after window {rolled_back}."
    return f"Share at the ends of the input's ruler: {seen}. {above}{fired}".strip()
