"""Answers that learners gave to lesson 05, each by exercise and name."""

#: What is true of each, as the judge should name it, and the answer as it was written.
WRONG = {
    ("5.1", "bias_forgotten"): (
        "forgets_the_bias_and_the_clamp",
        r"""
my_products = 120 * 3 + 131 * -2 + 128 * 5
my_accumulator = my_products - 128 * (3 - 2 + 5)
my_tick = round(my_accumulator * 0.25) + 7
""",
    ),
    ("5.1", "bias_scaled_twice"): (
        "quantizes_the_bias_again",
        r"""
my_products = 738
my_accumulator = 738 - 768 + round(12 / (0.5 * 0.25))
my_tick = round(my_accumulator * 0.25) + 7
""",
    ),
    ("5.1", "forgot_y_zp"): (
        "ends_at_0",
        r"""
my_products = 738
my_accumulator = -18
my_tick = max(0, round(-4.5))
""",
    ),
    ("5.2", "uint8_wrap"): (
        "subtracts_both_in_8_bits",
        r"""
def accumulate(x_q, x_zero_point, w_q, w_zero_point):
    x = x_q - np.uint8(x_zero_point)
    w = w_q - np.int8(w_zero_point)
    return x.astype(np.int32) @ w.astype(np.int32)
""",
    ),
    ("5.2", "no_cross_term"): (
        "forgets_the_fourth_term",
        r"""
def accumulate(x_q, x_zero_point, w_q, w_zero_point):
    x, w = x_q.astype(np.int32), w_q.astype(np.int32)
    return x @ w - x_zero_point * w.sum(axis=0) - w_zero_point * x.sum(axis=1, keepdims=True)
""",
    ),
    ("5.2", "float32"): (
        "sums_in_float32",
        r"""
def accumulate(x_q, x_zero_point, w_q, w_zero_point):
    x = x_q.astype(np.float32) - x_zero_point
    w = w_q.astype(np.float32) - w_zero_point
    return (x @ w).astype(np.int32)
""",
    ),
    ("5.2", "added"): (
        "adds_the_zero_point_of_w",
        r"""
def accumulate(x_q, x_zero_point, w_q, w_zero_point):
    x = x_q.astype(np.int32) - x_zero_point
    w = w_q.astype(np.int32) + w_zero_point
    return x @ w
""",
    ),
    ("5.2", "elementwise"): (
        "leaves_the_last_product_out",
        r"""
def accumulate(x_q, x_zero_point, w_q, w_zero_point):
    n, k = x_q.shape
    m = w_q.shape[1]
    acc = np.zeros((n, m), dtype=np.int32)
    for i in range(n):
        for j in range(m):
            for t in range(k - 1):
                acc[i, j] += (int(x_q[i, t]) - x_zero_point) * (int(w_q[t, j]) - w_zero_point)
    return acc
""",
    ),
    ("5.3", "int16_zp"): (
        "corrects_in_16_bits",
        r"""
def folded_bias(bias_q, w_q, x_zero_point):
    corr = (w_q.astype(np.int16) * np.int16(x_zero_point)).sum(axis=(1, 2, 3), dtype=np.int16)
    return (bias_q - corr).astype(np.int32)
""",
    ),
    ("5.4", "scales_divided"): (
        "divides_by_the_scale_of_x_alone",
        r"""
def quantize_bias(bias, x_scale, w_scale):
    return np.rint(bias / x_scale * w_scale).astype(np.int32)
""",
    ),
    ("5.4", "first_scale"): (
        "the_largest_scale_for_all_channels",
        r"""
def quantize_bias(bias, x_scale, w_scale):
    step = x_scale * float(w_scale.max())
    return np.rint(bias / step).astype(np.int32)
""",
    ),
    ("5.4", "round_twice"): (
        "rounds_in_between",
        r"""
def quantize_bias(bias, x_scale, w_scale):
    return np.rint(np.rint(bias / x_scale) / w_scale).astype(np.int32)
""",
    ),
    ("5.5", "width_broadcast"): (
        "group",
        r"""
def requantize(acc, x_scale, w_scale, y_scale, y_zero_point):
    m = x_scale * w_scale / y_scale
    scaled = acc * m if acc.shape[1] == len(m) else acc * m[:, None]
    return np.clip(np.rint(scaled) + y_zero_point, 0, 255).astype(np.uint8)
""",
    ),
    ("5.5", "clamp_before_zp"): (
        "clamps_at_zero_point",
        r"""
def requantize(acc, x_scale, w_scale, y_scale, y_zero_point):
    m = (x_scale * w_scale / y_scale).reshape(-1, 1)
    return (np.clip(np.rint(acc * m), 0, 255) + y_zero_point).clip(0, 255).astype(np.uint8)
""",
    ),
    ("5.5", "relu"): (
        "clamps_at_zero_point",
        r"""
def requantize(acc, x_scale, w_scale, y_scale, y_zero_point):
    m = (x_scale * w_scale / y_scale)[:, None]
    return np.clip(np.rint(acc * m) + y_zero_point, y_zero_point, 255).astype(np.uint8)
""",
    ),
    ("5.5", "y_scale_multiplied"): (
        "multiplies_by_the_scale_of_y",
        r"""
def requantize(acc, x_scale, w_scale, y_scale, y_zero_point):
    m = (x_scale * w_scale * y_scale)[:, None]
    return np.clip(np.rint(acc * m) + y_zero_point, 0, 255).astype(np.uint8)
""",
    ),
    ("5.6", "int16_products"): (
        "sums_in_16_bits",
        r"""
def integer_conv(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
    n, c, h, w = x_q.shape
    m, _, kh, kw = w_q.shape
    x = np.full((n, c, h + 2 * pad, w + 2 * pad), x_zero_point, np.uint8)
    x[:, :, pad:pad + h, pad:pad + w] = x_q
    x = x.astype(np.int16) - np.int16(x_zero_point)
    oh, ow = (h + 2 * pad - kh) // stride + 1, (w + 2 * pad - kw) // stride + 1
    acc = np.zeros((n, m, oh, ow), np.int16)
    for i in range(kh):
        for j in range(kw):
            part = x[:, :, i:i + oh * stride:stride, j:j + ow * stride:stride]
            acc += np.einsum("nchw,mc->nmhw", part, w_q[:, :, i, j].astype(np.int16))
    acc = acc.astype(np.int32) + bias_q[:, None, None]
    y = np.rint(acc * multiplier[:, None, None]) + y_zero_point
    return np.clip(y, 0, 255).astype(np.uint8)
""",
    ),
    ("5.6", "stride_one_axis"): (
        "strides_downwards_alone",
        r"""
def integer_conv(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
    x = np.pad(x_q.astype(np.float64) - x_zero_point, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    win = np.lib.stride_tricks.sliding_window_view(x, w_q.shape[2:], axis=(2, 3))[:, :, ::stride]
    acc = np.einsum("nchwij,mcij->nmhw", win, w_q.astype(np.float64)) + bias_q[:, None, None]
    y = np.rint(acc.astype(np.float32) * multiplier[:, None, None]) + y_zero_point
    return np.clip(y, 0, 255).astype(np.uint8)
""",
    ),
    ("5.6", "half_away"): (
        "rounds_half_away_from_zero",
        r"""
def integer_conv(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
    x = np.pad(x_q.astype(np.float64) - x_zero_point, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    win = np.lib.stride_tricks.sliding_window_view(x, w_q.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    t = (np.einsum("nchwij,mcij->nmhw", win, w_q.astype(np.float64)) + bias_q[:, None, None]) * multiplier[:, None, None]
    y = np.sign(t) * np.floor(np.abs(t) + 0.5) + y_zero_point
    return np.clip(y, 0, 255).astype(np.uint8)
""",
    ),
    ("5.6", "pad_after_only"): (
        "pads_on_two_sides",
        r"""
def integer_conv(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
    x = np.pad(x_q.astype(np.float64) - x_zero_point, ((0, 0), (0, 0), (0, 2 * pad), (0, 2 * pad)))
    win = np.lib.stride_tricks.sliding_window_view(x, w_q.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    acc = np.einsum("nchwij,mcij->nmhw", win, w_q.astype(np.float64)) + bias_q[:, None, None]
    y = np.rint(acc.astype(np.float32) * multiplier[:, None, None]) + y_zero_point
    return np.clip(y, 0, 255).astype(np.uint8)
""",
    ),
    ("5.8", "running"): (
        "stops_after_every_product",
        r"""
def sum_of_pairs(x_q, w_q):
    total = 0
    for a, b in zip(x_q, w_q):
        total = max(-32768, min(32767, total + int(a) * int(b)))
    return total
""",
    ),
    ("5.8", "symmetric_clamp"): (
        "stops_at_minus_32767",
        r"""
def sum_of_pairs(x_q, w_q):
    p = (x_q.astype(int) * w_q.astype(int)).tolist() + [0] * (len(x_q) % 2)
    return sum(max(-32767, min(32767, a + b)) for a, b in zip(p[::2], p[1::2]))
""",
    ),
    ("5.9", "unsigned_32"): (
        "forgets_the_sign_of_int32",
        r"""
worst_pair = 2 * 255 * 127
safe_weight = 32767 // 510
safe_products = (2**32 - 1) // (255 * 127)
""",
    ),
    ("5.9", "seven_bits"): (
        "takes_the_end_of_7_bits",
        r"""
worst_pair = 2 * 255 * 127
safe_weight = 63
safe_products = 2**31 // 32385
""",
    ),
    ("5.9", "pairs_not_products"): (
        "counts_pairs",
        r"""
worst_pair = 2 * 255 * 127
safe_weight = 32767 // (2 * 255)
safe_products = (2**31 - 1) // (2 * 255 * 127)
""",
    ),
}

RIGHT = {
    ("5.6", "float64_multiply"): r"""
def integer_conv(x_q, x_zero_point, w_q, bias_q, multiplier, y_zero_point, stride, pad):
    x = np.pad(x_q.astype(np.float64) - x_zero_point, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    win = np.lib.stride_tricks.sliding_window_view(x, w_q.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
    acc = np.einsum("nchwij,mcij->nmhw", win, w_q.astype(np.float64)) + bias_q[:, None, None]
    y = np.rint(acc * multiplier[:, None, None]) + y_zero_point
    return np.clip(y, 0, 255).astype(np.uint8)
""",
    ("5.8", "numpy_int"): r"""
def sum_of_pairs(x_q, w_q):
    p = np.append(x_q.astype(np.int32) * w_q.astype(np.int32), [0] * (len(x_q) % 2))
    return np.clip(p.reshape(-1, 2).sum(axis=1), -32768, 32767).sum()
""",
}
