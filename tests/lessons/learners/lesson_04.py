"""Answers that learners gave to lesson 04, each by exercise and name."""

#: What is true of each, as the judge should name it, and the answer as it was written.
WRONG = {
    ("4.1", "divided_by_nineteen"): (
        "divides_by_19",
        r"""
minmax_error = 16 / 20
clipped_error = 36 / 19
""",
    ),
    ("4.1", "scale_by_four"): (
        "counts_ticks_for_steps_up_to_9",
        r"""
x = np.array([1] * 10 + [2] * 6 + [3] * 3 + [9])
s = 9 / 4
minmax_error = float(np.mean((x - np.clip(np.rint(x / s), 0, 3) * s) ** 2))
clipped_error = float(np.mean((x - np.clip(x, 0, 3)) ** 2))
""",
    ),
    ("4.1", "old_far_value"): (
        "answers_the_example",
        r"""
minmax_error = 0.2
clipped_error = 0.1125
""",
    ),
    ("4.2", "falsy_zero"): (
        "takes_zero_for_nothing",
        r"""
def update_range(seen, batch):
    lo, hi = float(batch.min()), float(batch.max())
    if seen:
        lo = min(seen[0] or lo, lo)
        hi = max(seen[1] or hi, hi)
    return lo, hi
""",
    ),
    ("4.2", "first_axis"): (
        "first_picture_only",
        r"""
def update_range(seen, batch):
    first = batch.reshape(-1) if batch.ndim == 1 else batch[0].reshape(-1)
    lo, hi = float(first.min()), float(first.max())
    if seen is None:
        return lo, hi
    return min(lo, seen[0]), max(hi, seen[1])
""",
    ),
    ("4.2", "symmetric"): (
        "takes_the_largest_magnitude_of_each_batch",
        r"""
def update_range(seen, batch):
    far = float(np.abs(batch).max())
    if seen is None:
        return -far, far
    return min(seen[0], -far), max(seen[1], far)
""",
    ),
    ("4.3", "quantile_confusion"): (
        "takes_a_share_for_percent",
        r"""
def percentile_range(x, percentile):
    cut = (1 - percentile / 100) / 2
    return float(np.percentile(x, cut)), float(np.percentile(x, 100 - cut))
""",
    ),
    ("4.3", "no_interpolation"): (
        "counts_off_whole_values",
        r"""
def percentile_range(x, percentile):
    s = np.sort(x.ravel())
    k = int(len(s) * (100 - percentile) / 200)
    return float(s[k]), float(s[-1 - k])
""",
    ),
    ("4.3", "axis0"): (
        "widest_of_the_columns",
        r"""
def percentile_range(x, percentile):
    t = (100 - percentile) / 2
    lo, hi = np.percentile(x, [t, 100 - t], axis=0)
    return float(np.min(lo)), float(np.max(hi))
""",
    ),
    ("4.3", "integer_division"): (
        "cuts_whole_percents",
        r"""
def percentile_range(x, percentile):
    t = (100 - percentile) // 2
    return float(np.percentile(x, t)), float(np.percentile(x, 100 - t))
""",
    ),
    ("4.4", "xor"): (
        "doubles_the_bits",
        r"""
def squared_error(x, hi, bits):
    top = 2 * bits - 1
    scale = hi / top
    q = np.clip(np.rint(x / scale), 0, top)
    return float(((q * scale - x) ** 2).mean())
""",
    ),
    ("4.4", "only_inside"): (
        "forgives_what_clips",
        r"""
def squared_error(x, hi, bits):
    scale = hi / (2**bits - 1)
    inside = x[x <= hi]
    back = np.rint(inside / scale) * scale
    return float(np.sum((back - inside) ** 2) / x.size)
""",
    ),
    ("4.4", "uint8_cast"): (
        "group",
        r"""
def squared_error(x, hi, bits):
    scale = hi / (2**bits - 1)
    q = np.rint(x / scale).astype(np.int64).astype(np.uint8)
    q = np.minimum(q, 2**bits - 1)
    return float(np.mean((q * np.float64(scale) - x) ** 2))
""",
    ),
    ("4.5", "last_tie"): (
        "last_of_equals",
        r"""
def best_clip(x, bits, candidates):
    best, least = candidates[0], float("inf")
    for hi in candidates:
        error = squared_error(x, hi, bits)
        if error <= least:
            best, least = hi, error
    return best
""",
    ),
    ("4.5", "index_mixup"): (
        "sorts_the_costs_alone",
        r"""
def best_clip(x, bits, candidates):
    errors = [squared_error(x, hi, bits) for hi in sorted(candidates, reverse=True)]
    return candidates[int(np.argmin(errors))]
""",
    ),
    ("4.5", "sorts_in_place"): (
        "in_place",
        r"""
def best_clip(x, bits, candidates):
    candidates.sort(reverse=True)
    return min(candidates, key=lambda hi: squared_error(x, hi, bits))
""",
    ),
    ("4.5", "largest_above_max"): (
        "cheapest_that_covers",
        r"""
def best_clip(x, bits, candidates):
    enough = [hi for hi in candidates if hi >= x.max()] or candidates
    return max(hi for hi in enough if squared_error(x, hi, bits) == min(squared_error(x, h, bits) for h in enough))
""",
    ),
    ("4.5", "largest_always"): (
        "rounds_the_costs",
        r"""
def best_clip(x, bits, candidates):
    best = candidates[0]
    for hi in candidates:
        if round(squared_error(x, hi, bits), 2) < round(squared_error(x, best, bits), 2) or (
            round(squared_error(x, hi, bits), 2) == round(squared_error(x, best, bits), 2) and hi > best):
            best = hi
    return best
""",
    ),
    ("4.7", "len"): (
        "divides_by_the_first_axis",
        r"""
def clipped_share(lo, hi, fresh):
    off = np.count_nonzero((fresh < lo) | (fresh > hi))
    return off / len(fresh)
""",
    ),
    ("4.7", "abs"): (
        "goes_by_the_farther_end",
        r"""
def clipped_share(lo, hi, fresh):
    far = max(abs(lo), abs(hi))
    return float((np.abs(fresh) > far).mean())
""",
    ),
    ("4.7", "pictures"): (
        "counts_pictures",
        r"""
def clipped_share(lo, hi, fresh):
    flat = fresh.reshape(len(fresh), -1)
    return float(np.mean([((row < lo) | (row > hi)).any() for row in flat]))
""",
    ),
}

RIGHT = {
    ("4.6", "capital"): r"""
first_step = "B"
""",
    ("4.2", "numpy_floats"): r"""
def update_range(seen, batch):
    lo, hi = batch.min(), batch.max()
    return (lo, hi) if seen is None else (min(lo, seen[0]), max(hi, seen[1]))
""",
}
