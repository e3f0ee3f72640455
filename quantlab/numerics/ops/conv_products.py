"""The products of a convolution in the order in which ONNX Runtime adds them up.

The order changes no exact sum. On a CPU without VNNI it decides which products are neighbours, and
so which pairs stop at the ends of INT16. ONNX Runtime (qlinearconv.cc) turns images and filters
channels last: the products of one place in the kernel lie next to each other, channel after
channel, those of the next place follow. Each group is a matrix product of its own. A depthwise
convolution with one filter a channel has a kernel that adds in 32 bits on every CPU.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from quantlab.numerics.ops.int16_pairs import lost_in_int16
from quantlab.numerics.ops.windows import Windows


def conv_products(
    x: Any, x_zero_point: int, w: Any, seen: Windows, groups: int
) -> Iterator[tuple[int, slice, np.ndarray, np.ndarray]]:
    """The matrix products that a convolution consists of, none for a depthwise one.

    Parameters
    ----------
    x : uint8 integers (N, C, *spatial)
        As stored; padded with `x_zero_point`.
    w : int8 integers (M, C / groups, *kernel)
        As stored.
    seen : Windows
        Of this layer.
    groups : int

    Yields
    ------
    (image, which filters, uint8 columns (K, outputs), int8 rows (those filters, K))
    """
    filters = np.asarray(w, np.int8)
    channels, per_group = filters.shape[1], filters.shape[0] // groups
    if channels == per_group == 1:
        return
    rows = np.moveaxis(filters.reshape(*filters.shape[:2], -1), 1, 2).reshape(len(filters), -1)
    padded = seen.padded(np.asarray(x, np.uint8), x_zero_point)
    for image in range(len(padded)):
        for group in range(groups):
            part = padded[image, group * channels : (group + 1) * channels]
            places = [part[(slice(None), *window)] for _, window in seen.places()]
            own = slice(group * per_group, (group + 1) * per_group)
            yield image, own, np.stack(places).reshape(rows.shape[1], -1), rows[own]


def lost_in_conv(x: Any, x_zero_point: int, w: Any, seen: Windows, groups: int) -> np.ndarray:
    """The exact sums less those of pairs that stop at INT16, int64 (N, M, *output).

    Takes what `conv_products` takes.
    """
    lost = np.zeros((len(x), len(w), int(np.prod(seen.output))), np.int64)
    for image, filters, columns, rows in conv_products(x, x_zero_point, w, seen, groups):
        lost[image, filters] = lost_in_int16(columns, rows)
    return lost.reshape(len(x), len(w), *seen.output)
