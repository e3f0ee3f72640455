"""Ten channels as short number lines: all on one common ruler, then each on its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from quantlab.base.palette import BLUE, GREY, INK, ORANGE, PALE
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing, short

LEFT, RIGHT, TOP, ROW = 96.0, WIDTH - 116.0, 66.0, 30.0


def channel_lines(
    weight: np.ndarray, channels: Sequence[int], bits: int = 8, *, own: bool = False
) -> Drawing:
    """Each channel's weights after rounding, on a line of its own.

    Parameters
    ----------
    weight : float32 array (out, ...)
    channels : which ones, from top to bottom
    bits : int
        Of the symmetric rulers.
    own : bool
        False: one ruler as long as the whole weight needs, and the lines to one measure. True: each
        channel has its own ruler, and each line is as long as its channel.
    """
    rows = weight.reshape(len(weight), -1).astype(np.float64)
    steps = 2 ** (bits - 1) - 1
    common = float(np.abs(rows).max())
    canvas = Canvas(height=TOP + ROW * len(channels) + 22)
    title = "each channel on its own ruler" if own else "one ruler for all channels"
    canvas.text(20, 26, f"{title}, {bits} bits", INK, TEXT, "start", bold=True)
    measure = (
        "each line is as long as its channel"
        if own
        else f"all lines: −{short(common)} to {short(common)}"
    )
    canvas.text(WIDTH - 20, 26, measure, GREY, anchor="end")
    canvas.text(20, TOP - 16, "channel", GREY, anchor="start")
    canvas.text(WIDTH - 20, TOP - 16, "different values", GREY, anchor="end")
    zeroed = []
    for place, channel in enumerate(channels):
        reach = float(np.abs(rows[channel]).max()) if own else common
        scale = reach / steps if reach else 1.0
        ticks = np.rint(rows[channel] / scale)
        y = TOP + ROW * place + 8
        gone = bool(rows[channel].any() and not ticks.any())
        zeroed += [channel] if gone else []
        colour = ORANGE if gone else BLUE
        canvas.text(LEFT - 18, y + 5, str(channel), INK, SMALL, "end")
        canvas.line(LEFT, y, RIGHT, y, PALE, 5)
        canvas.line((LEFT + RIGHT) / 2, y - 9, (LEFT + RIGHT) / 2, y + 9, GREY)
        for tick in np.unique(ticks):
            x = LEFT + (RIGHT - LEFT) * (tick / steps + 1) / 2
            canvas.dot(x, y, colour, 4.5)
        words = "all zero" if gone else str(len(np.unique(ticks)))
        canvas.text(WIDTH - 20, y + 5, words, colour, SMALL, "end", bold=gone)
    canvas.text((LEFT + RIGHT) / 2, TOP + ROW * len(channels) + 10, "0", GREY)
    return canvas.finish(_words(title, bits, len(channels), zeroed))


def _words(title: str, bits: int, count: int, zeroed: list[int]) -> str:
    if not zeroed:
        return (
            f"{count} channels, {title}, {bits} bits: every channel keeps weights that are not 0."
        )
    named = ", ".join(map(str, zeroed))
    return (
        f"{count} channels, {title}, {bits} bits: {len(zeroed)} of them become all zero, "
        f"{named}. Their weights all lie within half a step of 0."
    )
