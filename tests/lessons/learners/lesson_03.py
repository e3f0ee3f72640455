"""Answers that learners gave to lesson 03, each by exercise and name."""

#: What is true of each, as the judge should name it, and the answer as it was written.
WRONG = {
    ("3.1", "full_range_255"): (
        "halves_the_width",
        r"""
one_scale = (12.7 - -6.4) / 254
one_q = 0
own_scale = (0.254 - -0.0312) / 254
own_q = round(-0.0312 / own_scale)
""",
    ),
    ("3.1", "own_ruler_of_the_weight"): (
        "ends_at_the_weight_itself",
        r"""
one_scale = 12.7 / 127
one_q = 0
own_scale = 0.0312 / 127
own_q = -127
""",
    ),
    ("3.2", "epsilon"): (
        "adds_an_epsilon",
        r"""
def channel_scales(w):
    m = np.abs(w).reshape(len(w), -1).max(axis=1)
    return (m + 1e-8) / 127
""",
    ),
    ("3.2", "zero_fix_too_early"): (
        "gives_a_dead_channel_the_range_1",
        r"""
def channel_scales(w):
    m = np.abs(w).reshape(len(w), -1).max(axis=1)
    m[m == 0] = 1
    return m / 127
""",
    ),
    ("3.2", "dead_threshold"): (
        "group",
        r"""
def channel_scales(w):
    out = []
    for channel in w:
        s = float(np.abs(channel).max()) / 127
        out.append(s if s > 1e-6 else 1.0)
    return np.array(out)
""",
    ),
    ("3.3", "cast_before_clip"): (
        "clamps_after_the_cast",
        r"""
def quantize_channels(w, scales):
    q = np.rint(w / scales.reshape(-1, 1, 1, 1)).astype(np.int32).astype(np.int8)
    return np.clip(q, -127, 127)
""",
    ),
    ("3.3", "away_from_zero"): (
        "rounds_half_away_from_zero",
        r"""
def quantize_channels(w, scales):
    t = w / scales[:, None, None, None]
    q = np.sign(t) * np.floor(np.abs(t) + 0.5)
    return np.clip(q, -127, 127).astype(np.int8)
""",
    ),
    ("3.4", "any_instead_of_all"): (
        "one_lost_weight_is_enough",
        r"""
def vanishing_channels(w, bits):
    step = np.abs(w).max() / (2 ** (bits - 1) - 1)
    q = np.rint(w / step)
    lost = ((q == 0) & (w != 0)).any(axis=(1, 2, 3))
    return np.flatnonzero(lost)
""",
    ),
    ("3.4", "wrong_qmax"): (
        "counts_the_steps_of_both_sides",
        r"""
def vanishing_channels(w, bits):
    step = np.abs(w).max() / (2 ** bits - 1)
    far = np.abs(w).max(axis=(1, 2, 3))
    return np.where((far <= step / 2) & (far > 0))[0]
""",
    ),
    ("3.4", "max_without_abs"): (
        "ends_at_the_largest_above_0",
        r"""
def vanishing_channels(w, bits):
    step = w.max() / (2 ** (bits - 1) - 1)
    q = np.rint(w / step)
    return [int(i) for i in range(w.shape[0]) if (q[i] == 0).all() and (w[i] != 0).any()]
""",
    ),
    ("3.4", "sum_of_ticks"): (
        "adds_the_ticks_up",
        r"""
def vanishing_channels(w, bits):
    step = np.abs(w).max() / (2 ** (bits - 1) - 1)
    q = np.rint(w / step).reshape(len(w), -1)
    return [c for c in range(len(w)) if q[c].sum() == 0 and np.abs(w[c]).sum() > 0]
""",
    ),
    ("3.4", "mean_of_channel"): (
        "judges_by_the_mean",
        r"""
def vanishing_channels(w, bits):
    step = np.abs(w).max() / (2 ** (bits - 1) - 1)
    typical = np.abs(w).mean(axis=(1, 2, 3))
    return np.flatnonzero((typical > 0) & (typical < step / 2))
""",
    ),
}

RIGHT = {
    ("3.1", "minus_zero"): r"""
one_scale = np.float32(0.1)
one_q = np.rint(-0.0312 / 0.1)
own_scale = np.float32(0.002)
own_q = -16.0
""",
    ("3.5", "capital"): r"""
default_choice = "C"
""",
    ("3.5", "blank"): r"""
default_choice = " c "
""",
}
