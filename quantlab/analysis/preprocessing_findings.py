"""From a fitted relation to sentences: which step of a pipeline explains these numbers?

A step is believed when its scale meets the fitted one to two thousandths, which tells a division by
256 from one by 255, and its offset to a hundredth of the channel's standard deviation: both are far
above what rounding to 1/255 does to a fit over thousands of pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from quantlab.analysis.pixel_relation import PixelRelation

CLOSE_SCALE = 0.002
CLOSE_OFFSET = 0.01
#: Tiles of one picture agree so far when it was only resized another way.
SAME_PICTURE = 0.05

Constants = tuple[np.ndarray, np.ndarray] | None
#: (scale, offset, sentence): second = scale * first + offset.
Step = tuple[np.ndarray, np.ndarray, str]


def findings(
    relation: PixelRelation,
    first: np.ndarray,
    second: np.ndarray,
    names: tuple[str, str],
    constants: Constants,
    channels_last: bool,
) -> tuple[str, ...]:
    """Sentences on layout, geometry, channel order and scale; none where the pixels agree."""
    a, b = names
    found = []
    if channels_last:
        found.append(f"{b} has its channels last (N, H, W, C), {a} first (N, C, H, W).")
    found += _geometry(relation, first, second, names)
    if not relation.pixelwise and relation.unexplained > SAME_PICTURE:
        # Scale and order of pictures that do not match would be guesses.
        return tuple(found)
    if relation.orientation:
        found.append(f"{b} is {a} {relation.orientation}.")
    if relation.reordered:
        found.append(_order(relation, names))
    scale = _scale(relation, second, names, constants)
    return tuple(found + scale)


def _geometry(
    relation: PixelRelation, first: np.ndarray, second: np.ndarray, names: tuple[str, str]
) -> list[str]:
    a, b = names
    found = []
    if first.shape != second.shape:
        sizes = ["{} x {}".format(*x.shape[2:]) for x in (first, second)]
        found.append(f"{b} is {sizes[1]} pixels, {a} {sizes[0]}: they resize to other sizes.")
    if relation.pixelwise:
        return found
    explained = f"coarse tiles agree in {1 - relation.unexplained:.1%} of their variance"
    if relation.unexplained > SAME_PICTURE:
        found.append(
            f"{a} and {b} do not show the same picture ({explained}): "
            "another crop, another aspect ratio, or the images in another order."
        )
    elif first.shape == second.shape:
        found.append(
            f"{a} and {b} show the same picture, but not pixel by pixel ({explained}): "
            "another resize, interpolation or crop."
        )
    return found


def _order(relation: PixelRelation, names: tuple[str, str]) -> str:
    order = ", ".join(map(str, relation.order))
    swapped = ": RGB and BGR are swapped" if relation.order == (2, 1, 0) else ""
    return f"{names[1]} shows the channels in the order {order} of {names[0]}{swapped}."


def _scale(
    relation: PixelRelation, second: np.ndarray, names: tuple[str, str], constants: Constants
) -> list[str]:
    scale, offset = np.array(relation.scale), np.array(relation.offset)
    spread = np.maximum(second.std(axis=(0, 2, 3), dtype=np.float64), np.finfo(np.float32).tiny)
    # Coarse tiles know a scale only as well as they agree.
    loose = 0.0 if relation.pixelwise else float(np.sqrt(relation.unexplained))

    def meets(step_scale: np.ndarray, step_offset: np.ndarray) -> bool:
        near = np.abs(scale - step_scale) <= max(CLOSE_SCALE, loose) * np.abs(step_scale)
        return bool(
            (near & (np.abs(offset - step_offset) <= max(CLOSE_OFFSET, loose) * spread)).all()
        )

    if meets(np.ones_like(scale), np.zeros_like(scale)):
        return []
    for step_scale, step_offset, sentence in _steps(relation, constants):
        if meets(step_scale, step_offset):
            return [sentence.format(a=names[0], b=names[1])]
    return [_unnamed(relation, names, constants)]


def _steps(relation: PixelRelation, constants: Constants) -> Iterator[Step]:
    """Known mistakes as (scale, offset, sentence), the simplest first."""
    one = np.ones(len(relation.scale))
    zero = 0 * one
    yield 255 * one, zero, "{b} is 255 times {a}: the division by 255 is missing."
    yield one / 255, zero, "{b} is {a} / 255: it divides by 255 twice."
    yield one * 255 / 256, zero, "{b} is {a} * 255 / 256: it divides by 256 instead of 255."
    yield 2 * one, -one, "{b} is 2 * {a} - 1: it maps 0..1 to -1..1."
    yield one / 127.5, -one, "{b} is {a} / 127.5 - 1: it maps 0..255 to -1..1."
    if constants is None:
        return
    # first = (pixel[order] - m[order]) / s[order], and pixel runs from 0 to 1.
    mean, std = constants
    order = np.array(relation.order)
    m, s = mean[order], std[order]
    yield s, m, "{b} is not normalized: {a} subtracts the mean and divides by std."
    yield (
        255 * s,
        255 * m,
        "{b} holds raw pixels from 0 to 255: neither the division by 255 nor the normalization is "
        "done.",
    )
    yield 1 / std, -mean / std, "{b} is normalized twice."
    yield (
        255 * s / std,
        (255 * m - mean) / std,
        "{b} is normalized without the division by 255 before it.",
    )
    if relation.reordered:
        yield (
            s / std,
            (m - mean) / std,
            "The channels were swapped before {b} was normalized: each has another's mean and std.",
        )


def _unnamed(relation: PixelRelation, names: tuple[str, str], constants: Constants) -> str:
    """The fitted numbers, and the constants that they imply."""
    a, b = names
    scale, offset = np.array(relation.scale), np.array(relation.offset)
    shown = np.where(np.abs(offset) < 1e-6 * np.abs(scale).max(), 0, offset)  # float64's own noise
    numbers = ", ".join(f"{s:.4g} * {a} {o:+.4g}" for s, o in zip(scale, shown, strict=True))
    sentence = f"{b} is, channel by channel, {numbers}."
    if (scale <= 0).any():
        return sentence
    if constants is not None:
        # pixel = s * first + m, and second = (pixel - mean) / std for constants of its own.
        order = list(relation.order)
        std = constants[1][order] / scale
        return (
            f"{sentence} It is normalized with {_listed(constants[0][order] - offset * std, std)}."
        )
    # A pixel's mean is above 0: other constants are not those of a normalization.
    if (scale > 1).all() and (offset < 0).all():
        return (
            f"{sentence} One more normalization does that, {_listed(-offset / scale, 1 / scale)}."
        )
    if (scale < 1).all() and (offset > 0).all():
        return f"{sentence} A normalization left out does that, {_listed(offset, scale)}."
    return sentence


def _listed(mean: np.ndarray, std: np.ndarray) -> str:
    means, stds = (", ".join(f"{v:.3g}" for v in values) for values in (mean, std))
    return f"mean {means} and std {stds}"
