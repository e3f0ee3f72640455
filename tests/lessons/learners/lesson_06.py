"""Answers that learners gave to lesson 06, each by exercise and name."""

#: What is true of each, as the judge should name it, and the answer as it was written.
WRONG = {
    ("6.1", "mean_not_scaled"): (
        "takes_the_mean_away_last",
        r"""
def fold(weight, bias, gamma, beta, mean, var, eps):
    f = gamma / np.sqrt(var + eps)
    return weight * f.reshape(-1, *[1] * (weight.ndim - 1)), bias * f - mean + beta
""",
    ),
    ("6.1", "eps_twice_gamma_abs"): (
        "loses_the_sign_of_gamma",
        r"""
def fold(weight, bias, gamma, beta, mean, var, eps):
    f = np.abs(gamma) / np.sqrt(var + eps)
    return weight * f.reshape((-1,) + (1,) * (weight.ndim - 1)), (bias - mean) * f + beta
""",
    ),
    ("6.2", "std"): (
        "rms_for_largest",
        r"""
def equalizing_factors(first, second):
    r1 = np.sqrt((first**2).mean(axis=(1, 2, 3)))
    r2 = np.sqrt((second**2).mean(axis=(0, 2, 3)))
    return np.sqrt(r1 / r2)
""",
    ),
    ("6.2", "rescaled_to_mean"): (
        "evens_the_first_only",
        r"""
def equalizing_factors(first, second):
    r1 = np.abs(first).max(axis=(1, 2, 3))
    return r1 / r1.min()
""",
    ),
    ("6.2", "sqrt_of_one"): (
        "root_of_the_first_alone",
        r"""
def equalizing_factors(first, second):
    r1 = np.abs(first).max(axis=(1, 2, 3))
    r2 = np.abs(second).max(axis=(0, 2, 3))
    return np.sqrt(r1) / r2
""",
    ),
    ("6.3", "sign_of_weight"): (
        "loses_the_minus",
        r"""
mean_before = 0.4 * 3 + 0.4 * 2 + 1.3 * 1
mean_after = 1.0
bias_change = 2.3
""",
    ),
    ("6.3", "mean_of_weight_error"): (
        "adds_the_errors_alone",
        r"""
mean_before = 0.7
mean_after = -1.0
bias_change = 0.4 + 0.4 - 0.3
""",
    ),
    ("6.3", "rounded_output"): (
        "rounds_the_output",
        r"""
mean_before = 0.7
mean_after = round(0.7)
bias_change = 0.7 - 1
""",
    ),
    ("6.4", "mean_over_kernel"): (
        "averages_the_kernel",
        r"""
def mean_shift(weight, rounded, mean_input):
    return (rounded - weight).mean(axis=(2, 3)) @ mean_input
""",
    ),
    ("6.4", "mean_over_channels"): (
        "averages_the_input_channels",
        r"""
def mean_shift(weight, rounded, mean_input):
    d = (rounded - weight).sum(axis=(2, 3))
    return (d * mean_input).mean(axis=1)
""",
    ),
    ("6.4", "rounds_itself"): (
        "rounds_the_weights_itself",
        r"""
def mean_shift(weight, rounded, mean_input):
    return (np.rint(weight) - weight).sum(axis=(2, 3)) @ mean_input
""",
    ),
    ("6.4", "scalar"): (
        "one_sum_for_all",
        r"""
def mean_shift(weight, rounded, mean_input):
    d = (rounded - weight) * mean_input.reshape(1, -1, 1, 1)
    return np.array([d.sum()] * len(weight))
""",
    ),
    ("6.4", "abs_input"): (
        "loses_the_sign_of_the_inputs",
        r"""
def mean_shift(weight, rounded, mean_input):
    return (rounded - weight).sum(axis=(2, 3)) @ np.abs(mean_input)
""",
    ),
    ("6.5", "sum"): (
        "sums_the_places",
        r"""
def corrected_bias(bias, floating, quantized):
    return bias + (floating - quantized).sum(axis=(2, 3)).mean(axis=0)
""",
    ),
    ("6.5", "ratio"): (
        "scales_the_bias",
        r"""
def corrected_bias(bias, floating, quantized):
    f, q = floating.mean(axis=(0, 2, 3)), quantized.mean(axis=(0, 2, 3))
    return bias * f / q
""",
    ),
    ("6.5", "removes_bias_from_q"): (
        "takes_the_bias_out",
        r"""
def corrected_bias(bias, floating, quantized):
    f, q = floating.mean(axis=(0, 2, 3)), quantized.mean(axis=(0, 2, 3))
    return f - (q + bias)
""",
    ),
    ("6.6", "zero_one"): (
        "tries_0_and_1",
        r"""
def best_rounding(weights, inputs):
    target = inputs @ weights
    combos = [np.array(c) for c in itertools.product((0, 1), repeat=len(weights))]
    return min(combos, key=lambda q: np.mean((inputs @ q - target) ** 2))
""",
    ),
    ("6.6", "greedy"): (
        "one_after_the_other",
        r"""
def best_rounding(weights, inputs):
    q = weights.copy()
    target = inputs @ weights
    for i in range(len(q)):
        options = []
        for v in (np.floor(weights[i]), np.floor(weights[i]) + 1):
            q[i] = v
            options.append((np.mean((inputs @ q - target) ** 2), v))
        q[i] = min(options)[1]
    return q.astype(int)
""",
    ),
    ("6.6", "max_error"): (
        "goes_by_the_worst_sample",
        r"""
def best_rounding(weights, inputs):
    best, least = None, np.inf
    for ups in itertools.product((0, 1), repeat=len(weights)):
        q = np.floor(weights).astype(int) + np.array(ups)
        e = np.abs(inputs @ q - inputs @ weights).max()
        if e < least:
            best, least = q, e
    return best
""",
    ),
    ("6.6", "around_nearest"): (
        "goes_farther_than_a_step",
        r"""
def best_rounding(weights, inputs):
    target = inputs @ weights
    best, least = None, np.inf
    for d in itertools.product((-1, 0, 1), repeat=len(weights)):
        q = np.rint(weights).astype(int) + np.array(d)
        e = np.mean((inputs @ q - target) ** 2)
        if e < least:
            best, least = q, e
    return best
""",
    ),
    ("6.6", "last_sample"): (
        "best_for_any_sample",
        r"""
def best_rounding(weights, inputs):
    best, least = None, np.inf
    for ups in itertools.product((0, 1), repeat=len(weights)):
        q = np.floor(weights).astype(int) + np.array(ups)
        for row in inputs:
            e = (row @ q - row @ weights) ** 2
            if e < least:
                best, least = q, e
    return best
""",
    ),
}

RIGHT = {
    ("6.1", "float32_cast"): r"""
def fold(weight, bias, gamma, beta, mean, var, eps):
    f = (gamma / np.sqrt(var + eps)).astype(np.float32)
    return (weight * f.reshape(-1, *[1] * (weight.ndim - 1))).astype(np.float32), ((bias - mean) * f + beta).astype(np.float32)
""",
    ("6.2", "no_guard"): r"""
def equalizing_factors(first, second):
    a = np.abs(first).max(axis=(1, 2, 3))
    b = np.abs(second).max(axis=(0, 2, 3))
    return np.sqrt(a / b)
""",
    ("6.6", "returns_float"): r"""
def best_rounding(weights, inputs):
    return min((np.floor(weights) + np.array(u) for u in itertools.product((0, 1), repeat=len(weights))), key=lambda q: np.mean((inputs @ q - inputs @ weights) ** 2))
""",
}
