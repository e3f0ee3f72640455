"""A curve that grows while a loop trains: the loss of each batch, and now and then top-1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from IPython.display import display
from torch import Tensor, nn

from quantlab.base.palette import BLUE, GREY, INK, ORANGE, PALE
from quantlab.base.progress import counting
from quantlab.teach.pictures.drawing import SMALL, TEXT, WIDTH, Canvas, Drawing, short

LEFT, RIGHT, TOP, BOTTOM = 66.0, WIDTH - 66.0, 58.0, 238.0
#: Drawn anew after so many batches: often enough to watch, seldom enough to cost nothing.
EVERY = 4


class LiveCurve:
    """Watches a training loop: draws each batch's loss, and a model's top-1 between epochs.

    Parameters
    ----------
    model : torch.nn.Module
        Scored before the first batch and after each epoch, in eval mode; trained in train mode.
    score : callable
        `score(model)` gives a share of 1.

    Attributes
    ----------
    losses : list of float, one a batch
    scores : list of (batches done, share of 1)

    Examples
    --------
    `curve = LiveCurve(qat, score)`, then `for images, labels in curve.over(batches, epochs=2):`,
    and `curve.add(loss)` at the end of each turn.
    """

    def __init__(self, model: nn.Module, score: Callable[[nn.Module], float]) -> None:
        self.model = model
        self.losses: list[float] = []
        self.scores: list[tuple[int, float]] = []
        self._score = score
        self._total = 0
        self._shown: Any = None

    def over(self, batches: Sequence[Any], epochs: int) -> Iterator[Any]:
        """Each batch, `epochs` times, with a progress bar and the curve."""
        self._total = epochs * len(batches)
        self._judge()
        with counting("batches", self._total, shown=True) as done:
            for _ in range(epochs):
                for batch in batches:
                    yield batch
                    done(f"loss {self.losses[-1]:.2f}" if self.losses else "")
                self._judge()

    def add(self, loss: Any) -> None:
        """Say what the loss of this batch was: a number, or a tensor that holds one."""
        self.losses.append(float(loss.detach() if isinstance(loss, Tensor) else loss))
        if len(self.losses) % EVERY == 0:
            self._draw()

    def drawing(self) -> Drawing:
        """The curve so far."""
        canvas = Canvas(height=300)
        most = max([*self.losses, 0.1])
        _frame(canvas, most, self._total)
        across = (RIGHT - LEFT) / max(self._total, 1)
        if len(self.losses) > 1:
            points = (
                (LEFT + across * (k + 1), BOTTOM - (BOTTOM - TOP) * loss / most)
                for k, loss in enumerate(self.losses)
            )
            canvas.polyline(points, BLUE, 1.5)
        for batch, share in self.scores:
            y = BOTTOM - (BOTTOM - TOP) * share
            canvas.dot(LEFT + across * batch, y, ORANGE, 6)
            canvas.text(
                _clear(LEFT + across * batch), y - 12, f"{100 * share:.1f}", ORANGE, bold=True
            )
        return canvas.finish(self._words())

    def _judge(self) -> None:
        self.model.eval()
        self.scores.append((len(self.losses), self._score(self.model)))
        self.model.train()
        self._draw()

    def _draw(self) -> None:
        if self._shown is None:
            self._shown = display(self.drawing(), display_id=True)
        else:
            self._shown.update(self.drawing())

    def _words(self) -> str:
        scored = ", ".join(f"{100 * share:.1f} % after {batch}" for batch, share in self.scores)
        said = (
            f"Training, {len(self.losses)} of {self._total} batches. Top-1: {scored or 'none yet'}."
        )
        if self.losses:
            said += f" Loss {short(self.losses[0])} at first, {short(self.losses[-1])} now."
        return said


def _clear(x: float) -> float:
    """Room for a number of four digits at either end of the axis."""
    return min(max(x, LEFT + 20), RIGHT - 20)


def _frame(canvas: Canvas, most: float, total: int) -> None:
    canvas.text(20, 26, "line: loss of each batch", BLUE, TEXT, "start", bold=True)
    canvas.text(
        WIDTH - 20, 26, "dots: top-1 on validation crops, %", ORANGE, TEXT, "end", bold=True
    )
    for share in (0.0, 0.5, 1.0):
        y = BOTTOM - (BOTTOM - TOP) * share
        canvas.line(LEFT, y, RIGHT, y, PALE, 1.5)
        canvas.text(LEFT - 8, y + 5, short(round(share * most, 2)), BLUE, SMALL, "end")
        canvas.text(RIGHT + 8, y + 5, f"{100 * share:.0f}", ORANGE, SMALL, "start")
    for share in (0.0, 0.5, 1.0):
        x = LEFT + (RIGHT - LEFT) * share
        canvas.text(x, BOTTOM + 22, str(round(share * total)), GREY, SMALL)
    canvas.text((LEFT + RIGHT) / 2, BOTTOM + 46, "batches of 50 crops", INK, SMALL)
