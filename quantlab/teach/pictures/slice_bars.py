"""Two bars a slice, FP32 above and a plan below: where it lost, at one look."""

from __future__ import annotations

from collections.abc import Mapping

from quantlab.base.palette import BLUE, INK, ORANGE, PALE
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing, note

NAMES, RIGHT, ROW = 130.0, WIDTH - 150.0, 40.0


def slice_bars(
    scores: Mapping[str, tuple[float, float]],
    metric: str,
    limits: Mapping[str, float] | None = None,
) -> Drawing:
    """FP32's score and the plan's in each slice, on one scale from 0 to 100.

    Parameters
    ----------
    scores : mapping from slice to (FP32, plan), in percent
    metric : str
        What the numbers are, "mAP".
    limits : mapping from slice to the points that may be lost there, optional
        Drawn as a mark below FP32's score.
    """
    if not scores:
        return note("No bars: there is no slice to show.")
    canvas = Canvas(height=30 + ROW * len(scores) + 10)
    caption = f"{metric} in %: FP32 above, your plan below"
    caption += "; the line marks how far it may fall" if limits else ""
    canvas.text(NAMES + 6, 18, caption, INK, SMALL, "start")
    for place, (name, (before, after)) in enumerate(scores.items()):
        top = 30 + ROW * place
        canvas.text(NAMES - 4, top + 20, name, INK, TEXT, "end")
        for y, value, colour in ((top + 3, before, BLUE), (top + 17, after, ORANGE)):
            canvas.rect(NAMES + 6, y, RIGHT - NAMES - 6, 11, PALE)
            canvas.rect(NAMES + 6, y, (RIGHT - NAMES - 6) * max(value, 0) / 100, 11, colour)
        limit = (limits or {}).get(name)
        if limit is not None:
            x = NAMES + 6 + (RIGHT - NAMES - 6) * max(before - limit, 0) / 100
            canvas.line(x, top + 14, x, top + 31, INK, 2)
        canvas.text(RIGHT + 10, top + 20, f"{before:.1f} → {after:.1f}", INK, TEXT, "start")
    return canvas.finish(_words(scores, metric, limits or {}))


def _words(
    scores: Mapping[str, tuple[float, float]], metric: str, limits: Mapping[str, float]
) -> str:
    said = []
    for name, (before, after) in scores.items():
        may = f", {limits[name]:g} may be lost" if name in limits else ""
        said.append(f"{name}: FP32 {before:.1f}, plan {after:.1f}{may}")
    return f"{metric} in %. {'; '.join(said)}."
