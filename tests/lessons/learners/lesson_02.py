"""Answers that learners gave to lesson 02, each by exercise and name."""

#: What is true of each, as the judge should name it, and the answer as it was written.
WRONG = {
    ("2.2", "int32"): (
        "wrapped",
        r'''
def tensor_bytes(count, bits):
    """Whole bytes that `count` values of `bits` bits take, packed without gaps."""
    assert isinstance(count, int), f"count is {count!r}; expected is a whole number"
    assert bits in (4, 8, 16, 32), f"bits is {bits!r}; expected is 4, 8, 16 or 32"
    return int(np.ceil(int(np.array(count * bits).astype(np.int32)) / 8))
''',
    ),
    ("2.2", "float32_ceil"): (
        "precision",
        r'''
def tensor_bytes(count, bits):
    """Whole bytes that `count` values of `bits` bits take, packed without gaps."""
    assert isinstance(count, int), f"count is {count!r}; expected is a whole number"
    assert bits in (4, 8, 16, 32), f"bits is {bits!r}; expected is 4, 8, 16 or 32"
    return int(np.ceil(np.float32(count) * np.float32(bits) / np.float32(8)))
''',
    ),
    ("2.4", "square_assumed"): (
        "squares_the_height",
        r'''
def peak_activation_bytes(shapes, bytes_per_value):
    """Largest number of activation bytes in memory while a chain of layers runs."""
    assert len(shapes) >= 2, f"shapes has {len(shapes)} entries; a layer has an input and an output"
    assert all(len(s) == 3 for s in shapes), "expected is (channels, height, width) for each tensor"
    s = [c * h * h for c, h, w in shapes]
    return max(a + b for a, b in zip(s, s[1:])) * bytes_per_value
''',
    ),
    ("2.5", "square_kernel"): (
        "square_kernel",
        r'''
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
    ),
    ("2.5", "int32_ops"): (
        "operations_in_int32",
        r'''
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
    ),
    ("2.6", "raw_compare"): (
        "compares_work",
        r'''
def roofline_time(operations, bytes_moved, ops_per_second, bytes_per_second):
    """Shortest time of a layer in milliseconds, and what it waits for: "compute" or "memory"."""
    assert min(operations, bytes_moved) > 0, "a layer does something and moves something"
    assert min(ops_per_second, bytes_per_second) > 0, "a machine has two speeds above 0"
    c = operations / ops_per_second
    m = bytes_moved / bytes_per_second
    return max(c, m) * 1000, 'compute' if operations > bytes_moved else 'memory'
''',
    ),
    ("2.6", "intensity_one"): (
        "compares_work",
        r'''
def roofline_time(operations, bytes_moved, ops_per_second, bytes_per_second):
    """Shortest time of a layer in milliseconds, and what it waits for: "compute" or "memory"."""
    assert min(operations, bytes_moved) > 0, "a layer does something and moves something"
    assert min(ops_per_second, bytes_per_second) > 0, "a machine has two speeds above 0"
    c = operations / ops_per_second
    m = bytes_moved / bytes_per_second
    return max(c, m) * 1000, 'memory' if operations / bytes_moved < 1 else 'compute'
''',
    ),
    ("2.7", "no_int8_guard"): (
        "no_overhead_without_a_part",
        r'''
def model_speedup(share, faster, overhead):
    """FP32 time of a model over its time with a part in INT8."""
    assert 0 <= share <= 1, f"share is {share}; expected is 0 to 1"
    assert faster > 0, f"faster is {faster}; expected is above 0"
    assert overhead >= 0, f"overhead is {overhead}; expected is 0 or more"
    if share == 0:
        return 1.0
    return 1 / ((1 - share) + share / faster + overhead)
''',
    ),
    ("2.2", "odd_count"): (
        "one_more_for_odd_counts",
        r'''
def tensor_bytes(count, bits):
    """Whole bytes that `count` values of `bits` bits take, packed without gaps."""
    assert isinstance(count, int), f"count is {count!r}; expected is a whole number"
    assert bits in (4, 8, 16, 32), f"bits is {bits!r}; expected is 4, 8, 16 or 32"
    return count * bits // 8 + count % 2
''',
    ),
    ("2.4", "skips_last"): (
        "skips_the_last_layer",
        r'''
def peak_activation_bytes(shapes, bytes_per_value):
    """Largest number of activation bytes in memory while a chain of layers runs."""
    assert len(shapes) >= 2, f"shapes has {len(shapes)} entries; a layer has an input and an output"
    assert all(len(s) == 3 for s in shapes), "expected is (channels, height, width) for each tensor"
    s = [int(np.prod(t)) for t in shapes]
    return max((s[i] + s[i + 1] for i in range(len(s) - 2)), default=s[0] + s[1]) * bytes_per_value
''',
    ),
    ("2.4", "skips_first"): (
        "skips_the_first_layer",
        r'''
def peak_activation_bytes(shapes, bytes_per_value):
    """Largest number of activation bytes in memory while a chain of layers runs."""
    assert len(shapes) >= 2, f"shapes has {len(shapes)} entries; a layer has an input and an output"
    assert all(len(s) == 3 for s in shapes), "expected is (channels, height, width) for each tensor"
    s = [int(np.prod(t)) for t in shapes]
    sums = (s[i] + s[i + 1] for i in range(1, len(s) - 1))
    return max(sums, default=s[0] + s[1]) * bytes_per_value
''',
    ),
}

RIGHT = {
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
