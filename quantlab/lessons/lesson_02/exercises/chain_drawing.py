"""The tensors of a chain as columns, and the learner's peak as a line across them."""

from math import inf, prod

import numpy as np

from quantlab.base.palette import BLUE, GREY, INK, ORANGE
from quantlab.teach.pictures.byte_bars import in_bytes
from quantlab.teach.pictures.drawing import WIDTH, Canvas, Drawing

LEFT, RIGHT, TOP, FLOOR = 30.0, WIDTH - 30.0, 46.0, 196.0


def chain_drawing(shapes, bytes_per_value, answer) -> Drawing | None:
    """Columns for the tensors in order, a dashed line at `answer` bytes; None for no number.

    The picture shows what was given and what was answered. Which tensors are in memory together
    is the learner's to find, so no sum is drawn.
    """
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer.item()
    if not isinstance(answer, int | float) or not 0 <= answer < inf:
        return None
    sizes = [prod(shape) * bytes_per_value for shape in shapes]
    per_byte = (FLOOR - TOP) / max(*sizes, answer)
    pitch = (RIGHT - LEFT) / len(sizes)
    canvas = Canvas(height=FLOOR + 58)
    for place, (shape, size) in enumerate(zip(shapes, sizes, strict=True)):
        x, height = LEFT + pitch * place, size * per_byte
        canvas.rect(x + pitch * 0.2, FLOOR - height, pitch * 0.6, height, BLUE)
        canvas.text(x + pitch / 2, FLOOR + 20, "×".join(map(str, shape)), INK)
        canvas.text(x + pitch / 2, FLOOR + 40, in_bytes(size), GREY)
        if place:
            canvas.text(x, FLOOR + 20, "→", GREY)
    y = FLOOR - answer * per_byte
    canvas.line(LEFT, FLOOR, RIGHT, FLOOR, INK)
    canvas.line(LEFT, y, RIGHT, y, ORANGE, 2, "7 4")
    canvas.text(RIGHT, y - 8, f"your peak: {in_bytes(round(answer))}", ORANGE, anchor="end")
    listed = ", ".join(in_bytes(size) for size in sizes)
    return canvas.finish(
        f"The tensors of the chain in order: {listed}. "
        f"A dashed line marks your peak, {in_bytes(round(answer))}."
    )
