"""Answers to lessons 01 and 02 as learners wrote them, each by exercise and name.

They were judged wrongly once: full points for a wrong one, a name that was not the truth, a right
one refused. `test_learners_answers.py` says what is true of each.
"""

# Kept as they were written, asserts of the gap included.
ANSWERS = {
    ("1.2", "zp_ceil"): r'''
def scale_zero_point(lo, hi):
    """The UINT8 ruler of a range."""
    assert np.ndim(lo) == 0, f"lo has shape {np.shape(lo)}; expected is a single number"
    assert np.ndim(hi) == 0, f"hi has shape {np.shape(hi)}; expected is a single number"
    lo, hi = min(lo, 0.0), max(hi, 0.0)
    scale = (hi - lo) / 255
    return scale, int(np.ceil(-lo / scale))
''',
    ("1.3", "mutates_input"): r'''
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
    ("1.3", "float16"): r'''
def quantize(x, scale, zero_point):
    """The nearest tick of each value."""
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert scale > 0, f"scale is {scale}; expected is a number above 0"
    t = x.astype(np.float16) / np.float16(scale)
    return np.clip(np.rint(t.astype(np.float32)) + zero_point, 0, 255).astype(np.uint8)
''',
    ("1.3", "int32_overflow"): r'''
def quantize(x, scale, zero_point):
    """The nearest tick of each value."""
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert scale > 0, f"scale is {scale}; expected is a number above 0"
    q = np.rint(x / np.float32(scale)).astype(np.int32) + zero_point
    return np.clip(q, 0, 255).astype(np.uint8)
''',
    ("1.5", "max_abs_of_abs"): r'''
def largest_error(x, scale, zero_point):
    """How far the worst value of x is from its round trip through UINT8."""
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert x.size > 0, "x is empty; expected is at least one value"
    back = dequantize(quantize(x, scale, zero_point), scale, zero_point)
    return (np.abs(x) - np.abs(back)).max()
''',
    ("1.8", "int16_wrap"): r'''
def ruler(lo, hi, bits, signed):
    """The asymmetric ruler of a range that contains 0."""
    assert lo <= 0 <= hi, f"the range is [{lo}, {hi}]; expected is one that contains 0"
    assert bits in (4, 8, 16), f"bits is {bits}; expected is 4, 8 or 16"
    lo_tick = -(2 ** (bits - 1)) if signed else 0
    scale = (hi - lo) / (2**bits - 1)
    z = int(round(-lo / scale)) + lo_tick
    return scale, int(np.array(z).astype(np.int16))
''',
    ("2.2", "int32"): r'''
def tensor_bytes(count, bits):
    """Whole bytes that `count` values of `bits` bits take, packed without gaps."""
    assert isinstance(count, int), f"count is {count!r}; expected is a whole number"
    assert bits in (4, 8, 16, 32), f"bits is {bits!r}; expected is 4, 8, 16 or 32"
    return int(np.ceil(int(np.array(count * bits).astype(np.int32)) / 8))
''',
    ("2.2", "float32_ceil"): r'''
def tensor_bytes(count, bits):
    """Whole bytes that `count` values of `bits` bits take, packed without gaps."""
    assert isinstance(count, int), f"count is {count!r}; expected is a whole number"
    assert bits in (4, 8, 16, 32), f"bits is {bits!r}; expected is 4, 8, 16 or 32"
    return int(np.ceil(np.float32(count) * np.float32(bits) / np.float32(8)))
''',
    ("2.4", "square_assumed"): r'''
def peak_activation_bytes(shapes, bytes_per_value):
    """Largest number of activation bytes in memory while a chain of layers runs."""
    assert len(shapes) >= 2, f"shapes has {len(shapes)} entries; a layer has an input and an output"
    assert all(len(s) == 3 for s in shapes), "expected is (channels, height, width) for each tensor"
    s = [c * h * h for c, h, w in shapes]
    return max(a + b for a, b in zip(s, s[1:])) * bytes_per_value
''',
    ("2.5", "square_kernel"): r'''
def conv_work(weight_shape, groups, height, width, bytes_per_value):
    """Operations, bytes moved and operations a byte of one convolution, for one image."""
    assert len(weight_shape) == 4, f"weight_shape is {weight_shape}; expected are 4 numbers"
    assert weight_shape[0] % groups == 0, f"{weight_shape[0]} channels do not split into {groups}"
    out, cin, kh, kw = weight_shape
    px = height * width
    ops = 2 * out * cin * kh * kh * px
    moved = (cin * groups * px + out * cin * kh * kh + out * px) * bytes_per_value
    return ops, moved, ops / moved
''',
    ("2.5", "int32_ops"): r'''
def conv_work(weight_shape, groups, height, width, bytes_per_value):
    """Operations, bytes moved and operations a byte of one convolution, for one image."""
    assert len(weight_shape) == 4, f"weight_shape is {weight_shape}; expected are 4 numbers"
    assert weight_shape[0] % groups == 0, f"{weight_shape[0]} channels do not split into {groups}"
    out, cin, kh, kw = weight_shape
    px = height * width
    ops = int(np.array(2 * out * cin * kh * kw * px).astype(np.int32))
    moved = (cin * groups * px + out * cin * kh * kw + out * px) * bytes_per_value
    return ops, moved, ops / moved
''',
    ("2.6", "raw_compare"): r'''
def roofline_time(operations, bytes_moved, ops_per_second, bytes_per_second):
    """Shortest time of a layer in milliseconds, and what it waits for: "compute" or "memory"."""
    assert min(operations, bytes_moved) > 0, "a layer does something and moves something"
    assert min(ops_per_second, bytes_per_second) > 0, "a machine has two speeds above 0"
    c = operations / ops_per_second
    m = bytes_moved / bytes_per_second
    return max(c, m) * 1000, 'compute' if operations > bytes_moved else 'memory'
''',
    ("2.6", "intensity_one"): r'''
def roofline_time(operations, bytes_moved, ops_per_second, bytes_per_second):
    """Shortest time of a layer in milliseconds, and what it waits for: "compute" or "memory"."""
    assert min(operations, bytes_moved) > 0, "a layer does something and moves something"
    assert min(ops_per_second, bytes_per_second) > 0, "a machine has two speeds above 0"
    c = operations / ops_per_second
    m = bytes_moved / bytes_per_second
    return max(c, m) * 1000, 'memory' if operations / bytes_moved < 1 else 'compute'
''',
    ("2.7", "no_int8_guard"): r'''
def model_speedup(share, faster, overhead):
    """FP32 time of a model over its time with a part in INT8."""
    assert 0 <= share <= 1, f"share is {share}; expected is 0 to 1"
    assert faster > 0, f"faster is {faster}; expected is above 0"
    assert overhead >= 0, f"overhead is {overhead}; expected is 0 or more"
    if share == 0:
        return 1.0
    return 1 / ((1 - share) + share / faster + overhead)
''',
    ("1.1", "scale_three_decimals"): r"""
my_scale = 0.023
my_zero_point = 39
my_q = 52
""",
    ("1.2", "only_lo_extended"): r'''
def scale_zero_point(lo, hi):
    """The UINT8 ruler of a range."""
    assert np.ndim(lo) == 0, f"lo has shape {np.shape(lo)}; expected is a single number"
    assert np.ndim(hi) == 0, f"hi has shape {np.shape(hi)}; expected is a single number"
    lo = min(lo, 0.0)
    scale = (hi - lo) / 255
    return scale, int(np.clip(np.rint(-lo / scale), 0, 255))
''',
    ("1.2", "slides_range"): r'''
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
    ("1.4", "absolute"): r'''
def dequantize(q, scale, zero_point):
    """The real number that each tick stands for: scale * (q - zero_point)."""
    assert isinstance(q, np.ndarray), f"q is a {type(q).__name__}; expected is a numpy array"
    assert q.dtype == np.uint8, f"q has dtype {q.dtype}; expected is uint8"
    return scale * np.abs(q.astype(np.int32) - zero_point)
''',
    ("1.5", "in_steps"): r'''
def largest_error(x, scale, zero_point):
    """How far the worst value of x is from its round trip through UINT8."""
    assert isinstance(x, np.ndarray), f"x is a {type(x).__name__}; expected is a numpy array"
    assert x.size > 0, "x is empty; expected is at least one value"
    return (np.abs(x - dequantize(quantize(x, scale, zero_point), scale, zero_point)) / scale).max()
''',
    ("2.2", "odd_count"): r'''
def tensor_bytes(count, bits):
    """Whole bytes that `count` values of `bits` bits take, packed without gaps."""
    assert isinstance(count, int), f"count is {count!r}; expected is a whole number"
    assert bits in (4, 8, 16, 32), f"bits is {bits!r}; expected is 4, 8, 16 or 32"
    return count * bits // 8 + count % 2
''',
    ("2.4", "skips_last"): r'''
def peak_activation_bytes(shapes, bytes_per_value):
    """Largest number of activation bytes in memory while a chain of layers runs."""
    assert len(shapes) >= 2, f"shapes has {len(shapes)} entries; a layer has an input and an output"
    assert all(len(s) == 3 for s in shapes), "expected is (channels, height, width) for each tensor"
    s = [int(np.prod(t)) for t in shapes]
    return max((s[i] + s[i + 1] for i in range(len(s) - 2)), default=s[0] + s[1]) * bytes_per_value
''',
    ("2.4", "skips_first"): r'''
def peak_activation_bytes(shapes, bytes_per_value):
    """Largest number of activation bytes in memory while a chain of layers runs."""
    assert len(shapes) >= 2, f"shapes has {len(shapes)} entries; a layer has an input and an output"
    assert all(len(s) == 3 for s in shapes), "expected is (channels, height, width) for each tensor"
    s = [int(np.prod(t)) for t in shapes]
    sums = (s[i] + s[i + 1] for i in range(1, len(s) - 1))
    return max(sums, default=s[0] + s[1]) * bytes_per_value
''',
    ("2.5", "array"): r'''
def conv_work(weight_shape, groups, height, width, bytes_per_value):
    """Operations, bytes moved and operations a byte of one convolution, for one image."""
    assert len(weight_shape) == 4, f"weight_shape is {weight_shape}; expected are 4 numbers"
    assert weight_shape[0] % groups == 0, f"{weight_shape[0]} channels do not split into {groups}"
    out, cin, kh, kw = weight_shape
    px = height * width
    ops = 2 * out * cin * kh * kw * px
    moved = (cin * groups * px + out * cin * kh * kw + out * px) * bytes_per_value
    return np.array([ops, moved, ops / moved])
''',
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
    ("2.6", "np_str_scalar"): r'''
def roofline_time(operations, bytes_moved, ops_per_second, bytes_per_second):
    """Shortest time of a layer in milliseconds, and what it waits for: "compute" or "memory"."""
    assert min(operations, bytes_moved) > 0, "a layer does something and moves something"
    assert min(ops_per_second, bytes_per_second) > 0, "a machine has two speeds above 0"
    c = operations / ops_per_second
    m = bytes_moved / bytes_per_second
    return 1000 * max(c, m), np.array(['compute', 'memory'])[int(m > c)]
''',
}
