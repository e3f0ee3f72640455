"""The sums of products of a convolution, made for speed: BLAS for most, plain products for some."""

from typing import Any

import numpy as np

from quantlab.numerics.ops.windows import Windows

#: Values worked on at a time: as float32 they fill half a megabyte, about a processor's own cache.
CACHED = 1 << 17


def window_sums(x: np.ndarray, w: np.ndarray, seen: Windows, groups: int) -> np.ndarray:
    """The sum of products in each window, for each filter.

    Parameters
    ----------
    x : float array (N, C, *spatial), padded
    w : float array (M, C / groups, *kernel) of the same dtype
        The caller has made sure that the dtype holds every sum exactly.
    seen : Windows
    groups : int

    Returns
    -------
    float array (N, M, *output)
    """
    n, filters = x.shape[0], w.shape[0] // groups
    images = x.reshape(n, groups, x.shape[1] // groups, *x.shape[2:])
    weights = w.reshape(groups, filters, *w.shape[1:])
    total = np.zeros((n, groups, filters, *seen.output), x.dtype)
    (_add_depthwise if w.shape[1] == 1 else _put_products)(total, images, weights, seen)
    return total.reshape(n, w.shape[0], *seen.output)


def _add_depthwise(
    total: np.ndarray, images: np.ndarray, weights: np.ndarray, seen: Windows
) -> None:
    """One channel a sum: plain products are quicker than a thousand tiny matrices.

    A few channels at a time, so that all places of the kernel find them in the processor's cache.
    """
    dims = len(seen.output)
    at_a_time = max(1, CACHED // max(1, total[:, 0].size))
    for start in range(0, total.shape[1], at_a_time):
        some = slice(start, start + at_a_time)
        sums = total[:, some]
        product = np.empty_like(sums)
        for place, window in seen.places():
            here: tuple[Any, ...] = (some, slice(None), 0, *place)
            factor = weights[here]
            np.multiply(
                images[(slice(None), some, slice(None), *window)],
                factor.reshape(*factor.shape, *(1,) * dims),
                out=product,
            )
            sums += product


def _put_products(
    total: np.ndarray, images: np.ndarray, weights: np.ndarray, seen: Windows
) -> None:
    """One matrix product a group: weights (filters, channels * places) by what each window sees.

    Some rows of the output at a time: every value of x is copied once for each place that sees it.
    """
    places = list(seen.places())
    matrices = weights.reshape(*weights.shape[:2], -1)
    n, groups, channels = images.shape[:3]
    one_row = n * groups * channels * len(places) * int(np.prod(seen.output[1:]))
    at_a_time = max(1, CACHED // one_row)
    for start in range(0, seen.output[0], at_a_time):
        rows = min(at_a_time, seen.output[0] - start)
        columns = np.empty((n, groups, channels, len(places), rows, *seen.output[1:]), images.dtype)
        for i, (_, (first, *others)) in enumerate(places):
            begin = first.start + start * seen.strides[0]
            here = slice(begin, begin + (rows - 1) * seen.strides[0] + 1, seen.strides[0])
            columns[:, :, :, i] = images[(..., here, *others)]
        product = matrices @ columns.reshape(n, groups, matrices.shape[-1], -1)
        total[:, :, :, start : start + rows] = product.reshape(
            *total.shape[:3], rows, *seen.output[1:]
        )
