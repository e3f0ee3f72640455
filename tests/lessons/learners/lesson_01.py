"""Answers that learners gave to lesson 01, each by exercise and name."""

#: What is true of each, as the judge should name it, and the answer as it was written.
WRONG = {
    ("1.2", "zp_ceil"): (
        "rounds_zero_point_up",
        r'''
def scale_zero_point(lo, hi):
    """The UINT8 ruler of a range."""
    assert np.ndim(lo) == 0, f"lo has shape {np.shape(lo)}; expected is a single number"
    assert np.ndim(hi) == 0, f"hi has shape {np.shape(hi)}; expected is a single number"
    lo, hi = min(lo, 0.0), max(hi, 0.0)
    scale = (hi - lo) / 255
    return scale, int(np.ceil(-lo / scale))
''',
    ),
    ("1.3", "mutates_input"): (
        "in_place",
        r'''
def quantize(x, scale, zero_point):
    """The nearest tick of each value."""
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert scale > 0, f"scale is {scale}; expected is a number above 0"
    x /= np.float32(scale)
    np.rint(x, out=x)
    x += zero_point
    np.clip(x, 0, 255, out=x)
    return x.astype(np.uint8)
''',
    ),
    ("1.3", "float16"): (
        "neighbours",
        r'''
def quantize(x, scale, zero_point):
    """The nearest tick of each value."""
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert scale > 0, f"scale is {scale}; expected is a number above 0"
    t = x.astype(np.float16) / np.float16(scale)
    return np.clip(np.rint(t.astype(np.float32)) + zero_point, 0, 255).astype(np.uint8)
''',
    ),
    ("1.3", "int32_overflow"): (
        "ends",
        r'''
def quantize(x, scale, zero_point):
    """The nearest tick of each value."""
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert scale > 0, f"scale is {scale}; expected is a number above 0"
    q = np.rint(x / np.float32(scale)).astype(np.int32) + zero_point
    return np.clip(q, 0, 255).astype(np.uint8)
''',
    ),
    ("1.5", "max_abs_of_abs"): (
        "compares_the_sizes",
        r'''
def largest_error(x, scale, zero_point):
    """How far the worst value of x is from its round trip through UINT8."""
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert x.size > 0, "x is empty; expected is at least one value"
    back = dequantize(quantize(x, scale, zero_point), scale, zero_point)
    return (np.abs(x) - np.abs(back)).max()
''',
    ),
    ("1.8", "int16_wrap"): (
        "zero_point_in_int16",
        r'''
def ruler(lo, hi, bits, signed):
    """The asymmetric ruler of a range that contains 0."""
    assert lo <= 0 <= hi, f"the range is [{lo}, {hi}]; expected is one that contains 0"
    assert bits in (4, 8, 16), f"bits is {bits}; expected is 4, 8 or 16"
    lo_tick = -(2 ** (bits - 1)) if signed else 0
    scale = (hi - lo) / (2**bits - 1)
    z = int(round(-lo / scale)) + lo_tick
    return scale, int(np.array(z).astype(np.int16))
''',
    ),
    ("1.1", "scale_three_decimals"): (
        "",
        r"""
my_scale = 0.023
my_zero_point = 39
my_q = 52
""",
    ),
    ("1.2", "only_lo_extended"): (
        "moves_the_lower_end_alone",
        r'''
def scale_zero_point(lo, hi):
    """The UINT8 ruler of a range."""
    assert np.ndim(lo) == 0, f"lo has shape {np.shape(lo)}; expected is a single number"
    assert np.ndim(hi) == 0, f"hi has shape {np.shape(hi)}; expected is a single number"
    lo = min(lo, 0.0)
    scale = (hi - lo) / 255
    return scale, int(np.clip(np.rint(-lo / scale), 0, 255))
''',
    ),
    ("1.2", "slides_range"): (
        "slides_the_range",
        r'''
def scale_zero_point(lo, hi):
    """The UINT8 ruler of a range."""
    assert np.ndim(lo) == 0, f"lo has shape {np.shape(lo)}; expected is a single number"
    assert np.ndim(hi) == 0, f"hi has shape {np.shape(hi)}; expected is a single number"
    if lo > 0:
        lo, hi = 0.0, hi - lo
    if hi < 0:
        lo, hi = lo - hi, 0.0
    scale = (hi - lo) / 255 or 1.0
    return scale, int(round(-lo / scale))
''',
    ),
    ("1.4", "absolute"): (
        "drops_the_sign",
        r'''
def dequantize(q, scale, zero_point):
    """The real number that each tick stands for: scale * (q - zero_point)."""
    assert isinstance(q, np.ndarray), f"q is a {type(q).__name__}; expected is a numpy array"
    assert q.dtype == np.uint8, f"q has dtype {q.dtype}; expected is uint8"
    return scale * np.abs(q.astype(np.int32) - zero_point)
''',
    ),
    ("1.5", "in_steps"): (
        "counts_in_steps",
        r'''
def largest_error(x, scale, zero_point):
    """How far the worst value of x is from its round trip through UINT8."""
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert x.size > 0, "x is empty; expected is at least one value"
    return (np.abs(x - dequantize(quantize(x, scale, zero_point), scale, zero_point)) / scale).max()
''',
    ),
}

RIGHT = {
    ("1.2", "namedtuple"): r'''
def scale_zero_point(lo, hi):
    """The UINT8 ruler of a range."""
    assert np.ndim(lo) == 0, f"lo has shape {np.shape(lo)}; expected is a single number"
    assert np.ndim(hi) == 0, f"hi has shape {np.shape(hi)}; expected is a single number"
    from collections import namedtuple
    lo, hi = min(lo, 0.0), max(hi, 0.0)
    scale = (hi - lo) / 255
    return namedtuple('Ruler', 'scale zero_point')(scale, round(-lo / scale))
''',
}
