"""Answers that learners gave to lesson 07, each by exercise and name."""

#: What is true of each, as the judge should name it, and the answer as it was written.
WRONG = {
    ("7.1", "text_example"): (
        "numbers_of_the_example",
        r"""
my_db = 20
my_percent = 10
""",
    ),
    ("7.2", "no_infinity"): (
        "unbounded",
        r"""
def sqnr_db(reference, back):
    noise = np.sum((back - reference) ** 2) + 1e-12
    return float(10 * np.log10(np.sum(reference**2) / noise))
""",
    ),
    ("7.2", "not_squared_norms"): (
        "norms_for_energies",
        r"""
def sqnr_db(reference, back):
    noise = np.linalg.norm(back - reference)
    return float(10 * np.log10(np.linalg.norm(reference) / noise)) if noise else float("inf")
""",
    ),
    ("7.2", "variance"): (
        "signal_without_its_mean",
        r"""
def sqnr_db(reference, back):
    e = back - reference
    if not e.any():
        return np.inf
    return float(10 * np.log10(np.sum((reference - reference.mean()) ** 2) / np.sum(e**2)))
""",
    ),
    ("7.2", "mean_of_ratios"): (
        "mean_of_each_values_decibels",
        r"""
def sqnr_db(reference, back):
    e2 = (back - reference) ** 2
    if e2.sum() == 0:
        return float("inf")
    ok = (e2 > 0) & (reference != 0)
    return float(np.mean(10 * np.log10(reference[ok] ** 2 / e2[ok])))
""",
    ),
    ("7.2", "isclose"): (
        "takes_little_noise_for_none",
        r"""
def sqnr_db(reference, back):
    if np.allclose(reference, back):
        return float("inf")
    return float(10 * np.log10((reference**2).sum() / ((back - reference) ** 2).sum()))
""",
    ),
    ("7.2", "mean_noise"): (
        "mean_of_the_noise",
        r"""
def sqnr_db(reference, back):
    noise = np.mean((back - reference) ** 2)
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(np.sum(reference**2) / noise))
""",
    ),
    ("7.3", "argsort_of_subset"): (
        "places_among_the_suspects",
        r"""
def suspects(alone, gap):
    low = alone[alone <= np.median(alone) - gap]
    return np.argsort(low)
""",
    ),
    ("7.3", "both_sides"): (
        "far_on_either_side",
        r"""
def suspects(alone, gap):
    far = np.abs(alone - np.median(alone)) >= gap
    return [int(i) for i in np.argsort(alone) if far[i]]
""",
    ),
    ("7.3", "middle_element"): (
        "upper_one_of_the_middle_two",
        r"""
def suspects(alone, gap):
    middle = sorted(alone.tolist())[len(alone) // 2]
    return [int(i) for i in np.argsort(alone) if alone[i] <= middle - gap]
""",
    ),
    ("7.3", "list_index"): (
        "looks_up_by_value",
        r"""
def suspects(alone, gap):
    limit = np.median(alone) - gap
    values = alone.tolist()
    return [values.index(v) for v in sorted(values) if v <= limit]
""",
    ),
    ("7.4", "swapped"): (
        "in_the_other_order",
        r"""
my_worst = "down.3.1.depthwise.0"
my_second = "enter.0"
""",
    ),
    ("7.4", "accumulated_lowest"): (
        "the_lowest_sums_in_the_table",
        r"""
my_worst = "down.0.2.down.0"
my_second = "add_1"
""",
    ),
    ("7.4", "short_name"): (
        "cuts_the_names",
        r"""
my_worst = "enter"
my_second = "down.3.1.depthwise"
""",
    ),
    ("7.4", "head"): (
        "the_first_and_the_last",
        r"""
my_worst = "enter.0"
my_second = "head"
""",
    ),
    ("7.5", "first_two_pixels"): (
        "line_through_the_first_two",
        r"""
def gain_and_offset(a, b):
    x, y = a.ravel(), b.ravel()
    d = x[1] - x[0]
    gain = (y[1] - y[0]) / d if d else 1.0
    return float(gain), float(y[0] - gain * x[0])
""",
    ),
    ("7.5", "ranges"): (
        "ranges_have_no_sign",
        r"""
def gain_and_offset(a, b):
    gain = (b.max() - b.min()) / (a.max() - a.min())
    return float(gain), float(b.min() - gain * a.min())
""",
    ),
    ("7.6", "from_a_whole_step_on"): (
        "group",
        r"""
def clipped_share(x, scale, zero_point):
    lo, hi = -zero_point * scale, (255 - zero_point) * scale
    return np.mean(np.maximum(lo - x, x - hi) >= scale)
""",
    ),
    ("7.7", "differ_only"): (
        "only_looks_whether_several_differ",
        r"""
def per_channel_is_on(shape, scales):
    return shape[0] == 1 or len(np.unique(scales)) > 1
""",
    ),
    ("7.7", "neighbours"): (
        "compares_the_first_two",
        r"""
def per_channel_is_on(shape, scales):
    s = np.ravel(scales)
    if shape[0] == 1:
        return s.size == 1
    return bool(s.size == shape[0] and s[0] != s[1])
""",
    ),
    ("7.7", "input_axis"): (
        "counts_input_channels_one_included",
        r"""
def per_channel_is_on(shape, scales):
    s = np.ravel(scales)
    return bool(s.size == shape[1] and (s.size == 1 or s.min() < s.max()))
""",
    ),
    ("7.7", "at_least"): (
        "more_than_enough",
        r"""
def per_channel_is_on(shape, scales):
    s = np.ravel(scales)
    return bool(s.size >= shape[0] and (shape[0] == 1 or s.min() != s.max()))
""",
    ),
    ("7.7", "allclose"): (
        "takes_small_scales_for_copies",
        r"""
def per_channel_is_on(shape, scales):
    s = np.ravel(scales)
    return bool(s.size == shape[0] and (s.size == 1 or not np.allclose(s, s[0])))
""",
    ),
    ("7.7", "len_of_scalar"): (
        "none_without_axes",
        r"""
def per_channel_is_on(shape, scales):
    if scales.ndim == 0:
        return False
    return bool(len(scales) == shape[0] and (shape[0] == 1 or np.ptp(scales) > 0))
""",
    ),
}

RIGHT = {
    ("7.1", "numbers"): r"""
my_db = 13.98
my_percent = 20
""",
    ("7.3", "argsort_prefix"): r"""
def suspects(alone, gap):
    order = np.argsort(alone, kind="stable")
    count = np.count_nonzero(alone <= np.median(alone) - gap)
    return order[:count]
""",
}
