"""Cosine and sine from additions and products alone.

The C library's own differ in the last bit between systems, and a picture would then differ in a
pixel. IEEE 754 pins +, -, *, / and the square root, so everything drawn is made of those.
"""

from math import floor, pi


def cos_sin(angle: float) -> tuple[float, float]:
    """Cosine and sine of an angle in radians, to 1e-12.

    >>> cos_sin(0.0)
    (1.0, 0.0)
    """
    quarters = floor(angle / (pi / 2) + 0.5)
    r = angle - quarters * (pi / 2)
    q = r * r
    # Taylor's series; r is at most pi / 4, so the next terms are below 1e-12.
    c = 1 - q / 2 * (1 - q / 12 * (1 - q / 30 * (1 - q / 56 * (1 - q / 90 * (1 - q / 132)))))
    s = r * (1 - q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72 * (1 - q / 110 * (1 - q / 156))))))
    return ((c, s), (-s, c), (-c, -s), (s, -c))[quarters % 4]


#: Corners of a circle; more are not seen at the size of a wheel.
CIRCLE = tuple(cos_sin(pi * k / 6) for k in range(12))
