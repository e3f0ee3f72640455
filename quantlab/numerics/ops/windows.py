"""Where a kernel looks as it slides over an image: what convolution and pooling share."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Windows:
    """The windows of one layer, one number a spatial dimension in every field.

    kernel, strides, dilations    as given
    begins, ends                  padding on both sides, as given
    beyond                        how far the last window reaches past the end padding
    output                        how many windows there are
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    begins: tuple[int, ...]
    ends: tuple[int, ...]
    beyond: tuple[int, ...]
    output: tuple[int, ...]

    def padded(
        self, x: np.ndarray, value: int | float = 0, dtype: np.dtype | None = None
    ) -> np.ndarray:
        """x (N, C, *spatial) with `value` around it, as far as the windows reach.

        As another dtype if one is given.
        """
        sizes = x.shape[2:]
        whole = zip(self.begins, sizes, self.ends, self.beyond, strict=True)
        wide = np.full((*x.shape[:2], *(sum(parts) for parts in whole)), value, dtype or x.dtype)
        inner: tuple[Any, ...] = tuple(
            slice(begin, begin + size) for begin, size in zip(self.begins, sizes, strict=True)
        )
        wide[(..., *inner)] = x
        return wide

    def places(self) -> Iterator[tuple[tuple[int, ...], tuple[Any, ...]]]:
        """Each place in the kernel, rows first, and the slices of padded x that it sees.

        The slices fit the trailing dimensions and have the shape `output`.
        """
        for place in product(*(range(k) for k in self.kernel)):
            starts = [p * d for p, d in zip(place, self.dilations, strict=True)]
            yield (
                place,
                tuple(
                    slice(start, start + (size - 1) * s + 1, s)
                    for start, size, s in zip(starts, self.output, self.strides, strict=True)
                ),
            )


def windows(
    size: Sequence[int],
    kernel: int | Sequence[int],
    strides: int | Sequence[int] = 1,
    pads: int | Sequence[int] = 0,
    dilations: int | Sequence[int] = 1,
    *,
    ceil_mode: bool = False,
) -> Windows:
    """The windows of a kernel over an image.

    Parameters
    ----------
    size : one number a spatial dimension
        Of the image without padding.
    kernel, strides, dilations : int, or one a spatial dimension, 1 or more
    pads : int, one a spatial dimension, or ONNX's list of all begins and then all ends; 0 or more
    ceil_mode : bool
        Keep a last window that reaches beyond the padding, as long as it starts before the end
        padding does.

    Raises
    ------
    ValueError
        Settings that do not fit; a kernel larger than the padded image.
    """
    dims = len(size)
    spans = _whole(kernel, dims, "kernel_shape", 1)
    steps, spread = _whole(strides, dims, "strides", 1), _whole(dilations, dims, "dilations", 1)
    begins, ends = _pads(pads, dims)
    padded = tuple(b + n + e for b, n, e in zip(begins, size, ends, strict=True))
    reach = tuple((k - 1) * d + 1 for k, d in zip(spans, spread, strict=True))
    if any(n < r for n, r in zip(padded, reach, strict=True)):
        raise ValueError(
            f"the padded x measures {padded}, but kernel {spans} with dilations "
            f"{spread} is larger: add padding or use a larger input."
        )
    output = tuple((n - r) // s + 1 for n, r, s in zip(padded, reach, steps, strict=True))
    if ceil_mode:
        output = tuple(
            out + ((n - r) % s > 0 and out * s < b + inner)
            for out, n, r, s, b, inner in zip(
                output, padded, reach, steps, begins, size, strict=True
            )
        )
    last = tuple((out - 1) * s + r for out, s, r in zip(output, steps, reach, strict=True))
    beyond = tuple(max(0, end - n) for end, n in zip(last, padded, strict=True))
    return Windows(spans, steps, spread, begins, ends, beyond, output)


def pool_windows(
    shape: tuple[int, ...],
    kernel_shape: int | Sequence[int],
    strides: int | Sequence[int],
    pads: int | Sequence[int],
    dilations: int | Sequence[int] = 1,
    *,
    ceil_mode: bool,
) -> Windows:
    """The windows of a pool over x of `shape` (N, C, *spatial), 1 to 3 spatial dimensions.

    Raises
    ------
    ValueError
        As `windows`; another number of dimensions; padding as large as the kernel.
    """
    if not 3 <= len(shape) <= 5:
        raise ValueError(
            f"x has shape {shape}, but a pool reads (N, C, *spatial) with 1 to 3 spatial "
            f"dimensions: add the missing ones."
        )
    seen = windows(shape[2:], kernel_shape, strides, pads, dilations, ceil_mode=ceil_mode)
    if any(max(b, e) >= k for b, e, k in zip(seen.begins, seen.ends, seen.kernel, strict=True)):
        raise ValueError(
            f"pads is {pads!r} and kernel_shape {kernel_shape!r}, but a window of padding alone "
            f"has no value: pad by less than the kernel measures."
        )
    return seen


def _whole(value: int | Sequence[int], dims: int, name: str, least: int) -> tuple[int, ...]:
    given = tuple(value) if isinstance(value, Iterable) else (value,) * dims
    if len(given) != dims or not all(isinstance(v, int | np.integer) and v >= least for v in given):
        raise ValueError(
            f"{name} is {value!r}, but {dims} spatial dimension{'s' if dims > 1 else ''} need one "
            f"whole number of {least} or more each: pass an int or a tuple of {dims}."
        )
    return tuple(int(v) for v in given)


def _pads(value: int | Sequence[int], dims: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    given = tuple(value) if isinstance(value, Iterable) else (value,) * dims
    if len(given) == 2 * dims:
        return _whole(given[:dims], dims, "pads", 0), _whole(given[dims:], dims, "pads", 0)
    both = _whole(value, dims, "pads", 0)
    return both, both
