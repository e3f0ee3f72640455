"""Answers that learners gave to lesson 08, each by exercise and name."""

#: What is true of each, as the judge should name it, and the answer as it was written.
WRONG = {
    ("8.1", "sign_of_target"): (
        "turns_the_target_over",
        r"""
my_y = 0.5
my_slope = 2 * (0.5 - 0.7)
my_gradient = 2 * (0.5 - 0.7)
my_next = 0.3 + 0.25 * 0.4
my_next_y = 0.5
my_far_gradient = 0
""",
    ),
    ("8.2", "gradient_of_above"): (
        "clips_the_gradient",
        r"""
def gradient_through(x, scale, lo, hi, above):
    return np.clip(above, lo, hi)
""",
    ),
    ("8.2", "only_upper"): (
        "takes_the_ruler_as_symmetric",
        r"""
def gradient_through(x, scale, lo, hi, above):
    q = np.rint(x / scale)
    return np.where(np.abs(q) <= hi, above, 0.0)
""",
    ),
    ("8.2", "scalar_scale"): (
        "takes_one_scale_for_all_channels",
        r"""
def gradient_through(x, scale, lo, hi, above):
    s = float(np.max(scale))
    q = np.rint(x / s)
    return above * ((q >= lo) & (q <= hi))
""",
    ),
    ("8.3", "divides_by_k"): (
        "divides_by_the_inputs",
        r"""
def train_step(x, w, target, scale, lo, hi, rate):
    q = np.rint(w / scale)
    fq = np.clip(q, lo, hi) * scale
    grad = 2 * x.T @ (x @ fq - target) / len(w)
    return w - rate * grad * ((q >= lo) & (q <= hi))
""",
    ),
    ("8.3", "clips_result"): (
        "clamps_the_float",
        r"""
def train_step(x, w, target, scale, lo, hi, rate):
    q = np.rint(w / scale)
    fq = np.clip(q, lo, hi) * scale
    grad = 2 * x.T @ (x @ fq - target) / len(x) * ((q >= lo) & (q <= hi))
    return np.clip(w - rate * grad, lo * scale, hi * scale)
""",
    ),
    ("8.4", "lsq_normalised"): (
        "divides_as_the_paper_does",
        r"""
def scale_gradient(x, scale, lo, hi, above):
    t = x / scale
    q = np.rint(t)
    g = np.where(q < lo, lo, np.where(q > hi, hi, q - t))
    return float((g * above).sum() / np.sqrt(x.size * hi))
""",
    ),
    ("8.4", "units"): (
        "residual_in_real_units",
        r"""
def scale_gradient(x, scale, lo, hi, above):
    q = np.rint(x / scale)
    g = np.where(q < lo, lo, np.where(q > hi, hi, q * scale - x))
    return float((g * above).sum())
""",
    ),
    ("8.4", "ends_times_scale"): (
        "ends_in_real_units",
        r"""
def scale_gradient(x, scale, lo, hi, above):
    t = x / scale
    q = np.rint(t)
    g = np.where(q < lo, lo * scale, np.where(q > hi, hi * scale, q - t))
    return float((g * above).sum())
""",
    ),
}

RIGHT = {
    ("8.1", "float32"): r"""
f = np.float32
my_y = f(0.5) * np.rint(f(0.3) / f(0.5))
my_slope = 2 * (my_y + f(0.7))
my_gradient = my_slope
my_next = f(0.3) - f(0.25) * my_slope
my_next_y = f(0.5) * np.rint(my_next / f(0.5))
my_far_gradient = f(0)
""",
    ("8.4", "float32_sum"): r"""
def scale_gradient(x, scale, lo, hi, above):
    t = x / scale
    q = np.rint(t)
    return np.sum(above * np.select([q < lo, q > hi], [lo, hi], q - t))
""",
}
