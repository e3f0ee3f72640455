"""Answers that learners gave to lesson 09, each by exercise and name."""

#: What is true of each, as the judge should name it, and the answer as it was written.
WRONG = {
    ("9.1", "index_of_macs"): (
        "looks_up_by_macs",
        r"""
def what_stayed_float(nodes):
    macs = [m for _, m in nodes]
    total = sum(macs)
    int8 = sum(m for p, m in nodes if p == "INT8")
    heavy = sorted((m for p, m in nodes if p == "FP32" and m > 0), reverse=True)
    return (100 * int8 / total if total else 0.0), [macs.index(m) for m in heavy]
""",
    ),
    ("9.1", "share_of_nodes"): (
        "counts_layers",
        r"""
def what_stayed_float(nodes):
    layers = [p for p, m in nodes if m > 0]
    percent = 100 * layers.count("INT8") / len(layers) if layers else 0.0
    rows = [i for i, (p, m) in enumerate(nodes) if p == "FP32" and m > 0]
    rows = sorted(rows, key=lambda i: -nodes[i][1])
    return percent, rows
""",
    ),
    ("9.1", "not_int8"): (
        "ratio_to_the_float_layers",
        r"""
def what_stayed_float(nodes):
    total = sum(m for p, m in nodes if p == "FP32") or 0
    int8 = sum(m for p, m in nodes if p == "INT8")
    rows = [i for i, (p, m) in enumerate(nodes) if p == "FP32" and m > 0]
    rows = sorted(rows, key=lambda i: -nodes[i][1])
    return (100.0 * int8 / total if total else 0.0), rows
""",
    ),
    ("9.1", "places_among_fp32"): (
        "places_among_the_float_layers",
        r"""
def what_stayed_float(nodes):
    total = sum(m for _, m in nodes)
    int8 = sum(m for p, m in nodes if p == "INT8")
    fp32 = [m for p, m in nodes if p == "FP32" and m > 0]
    return (100 * int8 / total if total else 0.0), [int(i) for i in np.argsort(fp32)[::-1]]
""",
    ),
    ("9.3", "percent"): (
        "time_saved_in_per_cent",
        r"""
fp32_ms = 22
int8_ms = 10
speed_up = 100 * (22 - 10) / 22
""",
    ),
    ("9.3", "outliers_dropped"): (
        "drops_the_slowest",
        r"""
fp32_ms = np.median([24, 22, 21, 20])
int8_ms = np.median([10, 8, 9, 11])
speed_up = fp32_ms / int8_ms
""",
    ),
    ("9.4", "axis0"): (
        "medians_down_the_columns",
        r"""
def ratio_interval(fp32, int8, picks):
    ratios = np.median(fp32[picks], axis=0) / np.median(int8[picks], axis=0)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)
""",
    ),
    ("9.4", "percent_as_quantile"): (
        "shares_for_per_cent",
        r"""
def ratio_interval(fp32, int8, picks):
    ratios = np.median(fp32[picks], axis=1) / np.median(int8[picks], axis=1)
    low, high = np.percentile(ratios, [0.025, 0.975])
    return float(low), float(high)
""",
    ),
    ("9.4", "quantiles_apart"): (
        "quantiles_before_the_ratio",
        r"""
def ratio_interval(fp32, int8, picks):
    f, i = np.median(fp32[picks], axis=1), np.median(int8[picks], axis=1)
    low = float(np.quantile(f, 0.025) / np.quantile(i, 0.975))
    return low, float(np.quantile(f, 0.975) / np.quantile(i, 0.025))
""",
    ),
    ("9.4", "nearest_rank"): (
        "takes_one_of_the_draws",
        r"""
def ratio_interval(fp32, int8, picks):
    r = np.sort(np.median(fp32[picks], axis=1) / np.median(int8[picks], axis=1))
    n = len(r)
    return float(r[int(0.025 * n)]), float(r[min(n - 1, int(0.975 * n))])
""",
    ),
    ("9.5", "best_ends"): (
        "looks_at_the_better_ends",
        r"""
def decide(lost, speed_up, most_lost, least_speed_up):
    if lost[0] <= most_lost and speed_up[1] >= least_speed_up:
        return "ship"
    if lost[1] > most_lost and speed_up[0] < least_speed_up:
        return "reject"
    return "measure more"
""",
    ),
    ("9.5", "spelling"): (
        "spelling",
        r"""
def decide(lost, speed_up, most_lost, least_speed_up):
    if lost[1] <= most_lost and speed_up[0] >= least_speed_up:
        return "ship"
    if lost[0] > most_lost or speed_up[1] < least_speed_up:
        return "reject"
    return "measure_more"
""",
    ),
    ("9.5", "swapped_ends"): (
        "swaps_the_ends_of_the_speed_up",
        r"""
def decide(lost, speed_up, most_lost, least_speed_up):
    if lost[1] <= most_lost and speed_up[1] >= least_speed_up:
        return "ship"
    if lost[0] > most_lost or speed_up[0] < least_speed_up:
        return "reject"
    return "measure more"
""",
    ),
    ("9.6", "whole_batch"): (
        "the_same_for_every_picture",
        r"""
def ends_by_picture(q):
    share = float(((q == 0) | (q == 255)).mean())
    return np.full(len(q), share)
""",
    ),
    ("9.6", "any_channel"): (
        "any_channel_counts",
        r"""
def ends_by_picture(q):
    return ((q == 0) | (q == 255)).any(axis=1).mean(axis=(1, 2))
""",
    ),
    ("9.6", "added_channels"): (
        "divides_by_the_places",
        r"""
def ends_by_picture(q):
    n, c, h, w = q.shape
    return ((q == 0) | (q == 255)).reshape(n, -1).sum(axis=1) / (h * w)
""",
    ),
    ("9.6", "int8_ends"): (
        "from_the_end_of_int8_on",
        r"""
def ends_by_picture(q):
    return ((q <= 0) | (q >= 127)).mean(axis=(1, 2, 3))
""",
    ),
    ("9.6", "uint8_overflow"): (
        "counts_in_8_bits",
        r"""
def ends_by_picture(q):
    at_end = ((q == 0) | (q == 255)).astype(np.uint8)
    return np.array([p.sum(dtype=np.uint8) / p.size for p in at_end])
""",
    ),
    ("9.7", "none"): (
        "none",
        r"""
def roll_back_at(shares, limit, patience):
    run = 0
    for i, s in enumerate(shares):
        run = run + 1 if s > limit else 0
        if run == patience:
            return i
""",
    ),
    ("9.7", "last_window_missed"): (
        "misses_the_last_window",
        r"""
def roll_back_at(shares, limit, patience):
    for i in range(patience, len(shares)):
        if min(shares[i - patience:i]) > limit:
            return i - 1
    return -1
""",
    ),
    ("9.7", "starts_over"): (
        "looks_at_blocks",
        r"""
def roll_back_at(shares, limit, patience):
    for i in range(0, len(shares), patience):
        block = shares[i:i + patience]
        if len(block) == patience and min(block) > limit:
            return i + patience - 1
    return -1
""",
    ),
    ("9.7", "negative_slice"): (
        "fires_before_patience_windows",
        r"""
def roll_back_at(shares, limit, patience):
    for i in range(len(shares)):
        window = shares[max(0, i - patience + 1):i + 1]
        if all(s > limit for s in window):
            return i
    return -1
""",
    ),
}

RIGHT = {
    ("9.4", "numpy_floats"): r"""
def ratio_interval(fp32, int8, picks):
    r = np.median(fp32[picks], axis=1) / np.median(int8[picks], axis=1)
    return tuple(np.quantile(r, [0.025, 0.975]))
""",
    ("9.6", "bincount"): r"""
def ends_by_picture(q):
    shares = []
    for picture in q:
        counts = np.bincount(picture.ravel(), minlength=256)
        shares.append((counts[0] + counts[255]) / picture.size)
    return np.array(shares)
""",
}
