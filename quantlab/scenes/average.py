"""From the drawn pixels to the picture: each final pixel is a mean, seen through a veil."""

import numpy as np
from PIL import Image

#: Final rows that are worked on at a time: what they take stays in the processor's cache.
ROWS = 80
# The four bands of a pixel are worked on side by side, as 16-bit numbers in one 64-bit number.
_ONE_EACH, _TWO_EACH = np.uint64(0x0001_0001_0001_0001), np.uint64(0x0002_0002_0002_0002)


def averaged(drawn: np.ndarray, veil: np.ndarray) -> Image.Image:
    """The mean of each 2×2 drawn pixels, multiplied by what the veil lets through.

    Equal to Pillow's `reduce(2)` and then `ImageChops.multiply`, with fewer passes over the bytes.

    Parameters
    ----------
    drawn : uint8 array (2 * height, 2 * width, 4)
        Red, green, blue and a band that is dropped; C-contiguous.
    veil : uint8 array (height, width)
        255 lets all light through.

    Returns
    -------
    PIL.Image.Image
        RGB, width × height. The mean is rounded to the nearest value, halves up; the product over
        255 down.

    Examples
    --------
    >>> drawn = np.full((2, 2, 4), 100, np.uint8)
    >>> averaged(drawn, np.array([[51]], np.uint8)).getpixel((0, 0))
    (20, 20, 20)
    """
    height, width = veil.shape
    seen = np.empty((height, width, 4), np.uint8)
    for top in range(0, height, ROWS):
        end = min(top + ROWS, height)
        seen[top:end] = _rows(drawn[2 * top : 2 * end], veil[top:end])
    return Image.frombytes("RGB", (width, height), seen, "raw", "RGBX")


def _rows(drawn: np.ndarray, veil: np.ndarray) -> np.ndarray:
    height, width = veil.shape
    pairs = drawn.reshape(height, 2, 8 * width)
    sums = np.add(pairs[:, 0], pairs[:, 1], dtype=np.uint16).view(np.uint64)
    bands = sums[:, ::2] + sums[:, 1::2]
    bands += _TWO_EACH
    product = bands.view(np.uint16)
    product >>= 2
    product *= (veil * _ONE_EACH).view(np.uint16)
    # p // 255 for every p up to 255 * 255, without a division.
    over = product >> 8
    over += product
    over += 1
    over >>= 8
    return over.reshape(height, width, 4)
