"""Right answers to the exercises of lesson 02, written differently; the judge must accept each."""

from autograder.authoring.alternatives import accepts


@accepts("2.2")
def rounds_up_with_math(count, bits):
    import math

    return math.ceil(count * bits / 8)


@accepts("2.2")
def counts_what_is_left_over(count, bits):
    whole, left = divmod(count * bits, 8)
    return whole + (1 if left else 0)


@accepts("2.2")
def negative_division(count, bits):
    return -(-count * bits // 8)


@accepts("2.2")
def one_rule_a_type(count, bits):
    if bits == 4:
        return count // 2 + count % 2
    return count * {8: 1, 16: 2, 32: 4}[bits]


@accepts("2.2")
def packs_with_numpy(count, bits):
    import numpy as np

    eights, rest = divmod(count, 8)  # eight values fill `bits` bytes
    return eights * bits + np.packbits(np.zeros(rest * bits, dtype=np.uint8)).size


@accepts("2.3")
def part_by_part(weight_shape, per_channel):
    total = 1
    for side in weight_shape:
        total *= side
    for _ in range(weight_shape[0]):
        total += 4  # one int32 bias
        if per_channel:
            total += 4 + 1  # float32 scale, int8 zero_point
    return total if per_channel else total + 4 + 1


@accepts("2.3")
def numpy_arrays(weight_shape, per_channel):
    import numpy as np

    out = weight_shape[0]
    rulers = (out,) if per_channel else ()
    tensors = (
        np.zeros(weight_shape, np.int8),
        np.zeros(rulers, np.float32),
        np.zeros(rulers, np.int8),
        np.zeros(out, np.int32),
    )
    return sum(t.nbytes for t in tensors)


@accepts("2.3")
def torch_tensors(weight_shape, per_channel):
    import torch

    rulers = weight_shape[0] if per_channel else 1
    tensors = (
        torch.zeros(weight_shape, dtype=torch.int8),
        torch.zeros(rulers, dtype=torch.float32),
        torch.zeros(rulers, dtype=torch.int8),
        torch.zeros(weight_shape[0], dtype=torch.int32),
    )
    return sum(t.nbytes for t in tensors)


@accepts("2.3")
def bits_first(weight_shape, per_channel):
    from functools import reduce

    out, rest = weight_shape[0], reduce(lambda a, b: a * b, weight_shape[1:], 1)
    each_channel = 8 * rest + 32 + (40 if per_channel else 0)
    return (out * each_channel + (0 if per_channel else 40)) / 8


@accepts("2.4")
def neighbours(shapes, bytes_per_value):
    from itertools import pairwise

    sizes = [c * h * w for c, h, w in shapes]
    return bytes_per_value * max(a + b for a, b in pairwise(sizes))


@accepts("2.4")
def a_loop(shapes, bytes_per_value):
    peak = 0
    for i in range(1, len(shapes)):
        held = 0
        for channels, height, width in shapes[i - 1 : i + 1]:
            held += channels * height * width * bytes_per_value
        if held > peak:
            peak = held
    return peak


@accepts("2.4")
def numpy_columns(shapes, bytes_per_value):
    import numpy as np

    sizes = np.prod(np.array(shapes), axis=1) * bytes_per_value
    return (sizes[:-1] + sizes[1:]).max()


@accepts("2.4")
def torch_window(shapes, bytes_per_value):
    import torch

    sizes = torch.tensor(shapes).prod(dim=1) * bytes_per_value
    return sizes.unfold(0, 2, 1).sum(dim=1).max()


@accepts("2.5")
def from_the_outputs(weight_shape, groups, height, width, bytes_per_value):
    out, into, kh, kw = weight_shape
    macs = 0
    for _ in range(out):
        macs += height * width * into * kh * kw
    moved = bytes_per_value * (into * groups * height * width)
    moved += bytes_per_value * (out * into * kh * kw)
    moved += bytes_per_value * (out * height * width)
    return 2 * macs, moved, 2 * macs / moved


@accepts("2.5")
def numpy_products(weight_shape, groups, height, width, bytes_per_value):
    import numpy as np

    weights, positions = np.prod(weight_shape), height * width
    channels = np.array([weight_shape[1] * groups, weight_shape[0]])
    moved = (weights + (channels * positions).sum()) * bytes_per_value
    operations = 2 * weights * positions
    return operations, moved, operations / moved


@accepts("2.5")
def torch_tensors_moved(weight_shape, groups, height, width, bytes_per_value):
    import torch

    dtype = {1: torch.int8, 2: torch.float16, 4: torch.float32}[bytes_per_value]
    weight = torch.zeros(weight_shape, dtype=dtype)
    x = torch.zeros((weight_shape[1] * groups, height, width), dtype=dtype)
    y = torch.zeros((weight_shape[0], height, width), dtype=dtype)
    moved = x.nbytes + weight.nbytes + y.nbytes
    operations = 2 * weight.numel() * height * width
    return [operations, moved, torch.tensor(operations) / torch.tensor(moved)]


@accepts("2.5")
def in_floats(weight_shape, groups, height, width, bytes_per_value):
    out, into, kh, kw = (float(n) for n in weight_shape)
    positions = float(height) * width
    values = positions * (into * groups + out) + out * into * kh * kw
    operations = 2.0 * out * into * kh * kw * positions
    return operations, values * bytes_per_value, operations / values / bytes_per_value


@accepts("2.6")
def two_times(operations, bytes_moved, ops_per_second, bytes_per_second):
    compute = 1000 * operations / ops_per_second
    memory = 1000 * bytes_moved / bytes_per_second
    if compute >= memory:
        return compute, "compute"
    return memory, "memory"


@accepts("2.6")
def by_the_ridge(operations, bytes_moved, ops_per_second, bytes_per_second):
    ridge = ops_per_second / bytes_per_second
    if operations / bytes_moved > ridge:
        return operations / ops_per_second * 1e3, "compute"
    return bytes_moved / bytes_per_second * 1e3, "memory"


@accepts("2.6")
def by_the_reachable_rate(operations, bytes_moved, ops_per_second, bytes_per_second):
    import numpy as np

    rates = np.array([ops_per_second, operations / bytes_moved * bytes_per_second])
    slower = int(rates.argmin())
    return 1000.0 * operations / rates[slower], ["compute", "memory"][slower]


@accepts("2.6")
def largest_pair(operations, bytes_moved, ops_per_second, bytes_per_second):
    times = {
        "compute": operations / ops_per_second,
        "memory": bytes_moved / bytes_per_second,
    }
    bound = max(times, key=times.get)
    return [times[bound] * 1000, bound]


@accepts("2.6")
def float32_in_torch(operations, bytes_moved, ops_per_second, bytes_per_second):
    import torch

    work = torch.tensor([operations, bytes_moved], dtype=torch.float32)
    rates = torch.tensor([ops_per_second, bytes_per_second], dtype=torch.float32)
    times = work / rates
    return times.max() * 1000, ("compute", "memory")[int(times.argmax())]


@accepts("2.7")
def old_over_new(share, faster, overhead):
    return 1 / ((1 - share) + share / faster + overhead)


@accepts("2.7")
def by_a_clock_of_60_seconds(share, faster, overhead):
    fp32 = 60.0
    int8 = fp32 - share * fp32
    int8 += share * fp32 / faster
    int8 += overhead * fp32
    return fp32 / int8


@accepts("2.7")
def one_fraction(share, faster, overhead):
    return faster / (faster * (1 - share + overhead) + share)


@accepts("2.7")
def numpy_sum(share, faster, overhead):
    import numpy as np

    parts = np.array([1 - share, share, overhead], dtype=np.float32)
    return np.float32(1) / (parts / np.array([1, faster, 1], dtype=np.float32)).sum()


@accepts("2.7")
def float32_in_torch_share(share, faster, overhead):
    import torch

    s, f, o = (torch.tensor(v, dtype=torch.float32) for v in (share, faster, overhead))
    return (1 - s + s / f + o).reciprocal()
