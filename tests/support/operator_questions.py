"""One operator at a time with random shapes, settings and rulers, as a QDQ model and its inputs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from quantlab.numerics import QParams
from quantlab.numerics.ops.conv import conv_accumulator
from quantlab.numerics.ops.gemm import gemm_accumulator
from quantlab.numerics.ops.matmul import matmul_accumulator
from tests.support.operator_cases import (
    output_ruler,
    random_bias,
    random_integers,
    random_ruler,
    random_weight_ruler,
)
from tests.support.operator_models import Operand
from tests.support.question import (
    Question,
    near_ruler,
    pool_settings,
    probabilities,
    question,
    random_operand,
    random_shape,
    scaled,
    weight_type,
    with_clip,
    with_inputs,
)

# What `question` takes behind the operator: inputs, constants, output's ruler, bias, settings.
Case = tuple[list[Operand], list[Operand], QParams, Any, dict[str, Any]]


def conv(rng: np.random.Generator, dtype: str) -> Question:
    """1 to 3 spatial dimensions, plain, grouped or depthwise, strided, padded, dilated."""
    return question("Conv", *conv_case(rng, dtype))


def conv_relu(rng: np.random.Generator, dtype: str) -> Question:
    """A Conv whose Relu the ruler does: its zero_point is the lowest integer."""
    inputs, constants, y, bias, settings = conv_case(rng, dtype)
    folded = QParams(y.scale, y.qmin, dtype)
    return with_clip(question("Conv", inputs, constants, folded, bias, settings), 0.0, None)


def conv_relu6(rng: np.random.Generator, dtype: str) -> Question:
    """A Conv whose Relu6 the ruler does: it ends at 6 or, half the time, below it."""
    inputs, constants, y, bias, settings = conv_case(rng, dtype)
    scale = 6 / 255 if rng.random() < 0.5 else rng.uniform(0.2, 1) * 6 / 255
    folded = QParams(scale, y.qmin, dtype)
    return with_clip(question("Conv", inputs, constants, folded, bias, settings), 0.0, 6.0)


def conv_case(rng: np.random.Generator, dtype: str) -> Case:
    """One layer, 2-dimensional three times out of four."""
    dims = int(rng.choice([2, 2, 2, 2, 2, 2, 1, 3]))
    form = str(rng.choice(["plain", "grouped", "depthwise", "multiplied"]))
    groups = 1 if form == "plain" else int(rng.integers(2, 9))
    per_group = int(rng.integers(1, 20)) if form in ("plain", "grouped") else 1
    filters = groups * (1 if form == "depthwise" else int(rng.integers(1, 6)))
    kernel, spread = rng.integers(1, 5, dims).tolist(), rng.integers(1, 3, dims).tolist()
    size = [(k - 1) * d + 1 + int(rng.integers(0, 6)) for k, d in zip(kernel, spread, strict=True)]
    kind = weight_type(rng, dtype)
    x = random_operand(rng, (int(rng.integers(1, 3)), groups * per_group, *size), dtype)
    w = random_integers(rng, (filters, per_group, *kernel), kind)
    ruler = random_weight_ruler(rng, filters, 0, kind)
    steps = {
        "strides": rng.integers(1, 4, dims).tolist(),
        "pads": rng.integers(0, 3, 2 * dims).tolist(),
        "dilations": spread,
    }
    terms = per_group * int(np.prod(kernel))
    bias = random_bias(rng, filters, terms) if rng.random() < 0.7 else None
    sums = conv_accumulator(*x, w, ruler, bias, groups=groups, **steps)
    y = output_ruler(rng, sums, x[1], ruler, dtype)
    return [x], [(w, ruler)], y, scaled(bias, x[1], ruler), {**steps, "group": groups}


def gemm(rng: np.random.Generator, dtype: str) -> Question:
    """Both orders of the weights, with and without bias."""
    m, k, n = (int(v) for v in rng.integers(1, 40, 3))
    turned = bool(rng.integers(2))
    kind = weight_type(rng, dtype)
    a = random_operand(rng, (m, k), dtype)
    shape, axis = ((n, k), 0) if turned else ((k, n), 1)
    b = random_integers(rng, shape, kind), random_weight_ruler(rng, n, axis, kind)
    bias = random_bias(rng, n, k) if rng.random() < 0.7 else None
    sums = gemm_accumulator(*a, *b, bias, trans_b=turned)
    y = output_ruler(rng, sums, a[1], b[1], dtype)
    return question("Gemm", [a], [b], y, scaled(bias, a[1], b[1]), {"transB": int(turned)})


def matmul(rng: np.random.Generator, dtype: str) -> Question:
    """A matrix or a stack of them by a constant matrix, or by another stack of activations."""
    m, k, n, stack = (int(v) for v in rng.integers(1, 24, 4))
    a = random_operand(rng, (stack, m, k) if rng.random() < 0.5 else (m, k), dtype)
    if a[0].ndim == 3 and rng.random() < 0.3:
        other = random_operand(rng, (stack, k, n), dtype)
        y = output_ruler(rng, matmul_accumulator(*a, *other), a[1], other[1], dtype)
        return question("MatMul", [a, other], [], y)
    kind = weight_type(rng, dtype)
    b = random_integers(rng, (k, n), kind), random_weight_ruler(rng, n, 1, kind)
    y = output_ruler(rng, matmul_accumulator(*a, *b), a[1], b[1], dtype)
    return question("MatMul", [a], [b], y)


def add(rng: np.random.Generator, dtype: str) -> Question:
    """Two tensors of one shape, or one of them repeated along some axes, or a constant."""
    operands, constants = two_operands(rng, dtype)
    total = sum(float(ruler.scale) for _, ruler in [*operands, *constants])
    y = near_ruler(rng, dtype, total * rng.uniform(0.4, 1.2))
    return question("Add", operands, constants, y)


def mul(rng: np.random.Generator, dtype: str) -> Question:
    """As for `add`."""
    operands, constants = two_operands(rng, dtype)
    total = np.prod([float(ruler.scale) for _, ruler in [*operands, *constants]])
    y = near_ruler(rng, dtype, float(total) * rng.uniform(30, 200))
    return question("Mul", operands, constants, y)


def two_operands(rng: np.random.Generator, dtype: str) -> tuple[list[Operand], list[Operand]]:
    """Two activations, or one and a constant; every other time the second one is repeated."""
    shape = random_shape(rng)
    second = shape
    if rng.random() < 0.5:
        n, c, h, w = (1 if rng.random() < 0.5 else size for size in shape)
        second = (n, c, h, w)
    both = [random_operand(rng, shape, dtype), random_operand(rng, second, dtype)]
    return (both, []) if rng.random() < 0.7 else (both[:1], both[1:])


def concat(rng: np.random.Generator, dtype: str) -> Question:
    """Two to four tensors; one of them, every other time, on the output's ruler."""
    shape, axis = list(random_shape(rng)), int(rng.integers(4))
    parts = []
    for _ in range(int(rng.integers(2, 5))):
        shape[axis] = int(rng.integers(1, 8))
        parts.append(random_operand(rng, tuple(shape), dtype))
    y = parts[0][1] if rng.random() < 0.5 else random_ruler(rng, dtype)
    return question("Concat", parts, [], y, settings={"axis": axis})


def global_average_pool(rng: np.random.Generator, dtype: str) -> Question:
    """Images of 1 x 1 to 15 x 15."""
    x = random_operand(rng, random_shape(rng, 16), dtype)
    return question("GlobalAveragePool", [x], [], near_ruler(rng, dtype, float(x[1].scale)))


def average_pool(rng: np.random.Generator, dtype: str) -> Question:
    """Any window, stride and padding; with ceil_mode, or counting padding, or neither."""
    ceil_mode, count_include_pad = [(0, 0), (0, 1), (1, 0)][int(rng.integers(3))]
    return averaged(rng, dtype, ceil_mode, count_include_pad)


def average_pool_beyond(rng: np.random.Generator, dtype: str) -> Question:
    """Both: a window that ceil_mode lets reach beyond the padding, counted."""
    return averaged(rng, dtype, 1, 1)


def averaged(
    rng: np.random.Generator, dtype: str, ceil_mode: int, count_include_pad: int
) -> Question:
    """An AveragePool of an image of up to 11 x 11."""
    x = random_operand(rng, random_shape(rng, 12), dtype)
    settings = pool_settings(rng, x[0].shape[2:])
    flags = {"ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    y = near_ruler(rng, dtype, float(x[1].scale))
    return question("AveragePool", [x], [], y, settings=settings | flags)


def max_pool(rng: np.random.Generator, dtype: str) -> Question:
    """Any window, stride and padding, with and without ceil_mode."""
    x = random_operand(rng, random_shape(rng, 12), dtype)
    settings = pool_settings(rng, x[0].shape[2:]) | {"ceil_mode": int(rng.integers(2))}
    return question("MaxPool", [x], [], x[1], settings=settings)


def resize(rng: np.random.Generator, dtype: str) -> Question:
    """Nearest neighbours, in every way to map and to round that ONNX Runtime fuses."""
    x = random_operand(rng, random_shape(rng, 10), dtype)
    settings = {
        "mode": "nearest",
        "coordinate_transformation_mode": str(rng.choice(["asymmetric", "half_pixel"])),
        "nearest_mode": str(rng.choice(["floor", "ceil", "round_prefer_floor"])),
    }
    asked = question("Resize", [x], [], x[1], settings=settings)
    if rng.random() < 0.5:
        extra = {"scales": np.float32([1, 1, *rng.choice([0.5, 1, 1.5, 2, 3], 2)])}
        if any(n * s < 1 for n, s in zip(x[0].shape, extra["scales"], strict=True)):
            extra = {"scales": np.float32([1, 1, 2, 2])}
    else:
        extra = {"sizes": np.int64([*x[0].shape[:2], *rng.integers(1, 20, 2)])}
    return with_inputs(asked, ["", "scales"] if "scales" in extra else ["", "", "sizes"], extra)


def relu(rng: np.random.Generator, dtype: str) -> Question:
    """Alone, which ONNX Runtime leaves in float32 or drops."""
    x = random_operand(rng, random_shape(rng), dtype)
    return question("Relu", [x], [], random_ruler(rng, dtype))


def clip(rng: np.random.Generator, dtype: str) -> Question:
    """Relu6 alone, which ONNX Runtime leaves in float32 or drops."""
    x = random_operand(rng, random_shape(rng), dtype)
    asked = question("Clip", [x], [], random_ruler(rng, dtype))
    return with_inputs(asked, ["low", "high"], {"low": np.float32(0), "high": np.float32(6)})


def sigmoid(rng: np.random.Generator, dtype: str) -> Question:
    """On the usual ruler of probabilities, or any other."""
    x = random_operand(rng, random_shape(rng), dtype)
    return question("Sigmoid", [x], [], probabilities(rng, dtype))


def softmax(rng: np.random.Generator, dtype: str) -> Question:
    """Along any axis; the last one two times out of three."""
    x = random_operand(rng, random_shape(rng), dtype)
    axis = int(rng.integers(4)) if rng.random() < 1 / 3 else -1
    return question("Softmax", [x], [], probabilities(rng, dtype), settings={"axis": axis})


def leaky_relu(rng: np.random.Generator, dtype: str) -> Question:
    """Any slope below 1."""
    x = random_operand(rng, random_shape(rng), dtype)
    y = near_ruler(rng, dtype, float(x[1].scale))
    return question("LeakyRelu", [x], [], y, settings={"alpha": float(rng.uniform(0, 1))})


def flatten(rng: np.random.Generator, dtype: str) -> Question:
    """Flatten or Transpose: integers are handed on."""
    x = random_operand(rng, random_shape(rng), dtype)
    if rng.random() < 0.5:
        return question("Flatten", [x], [], x[1], settings={"axis": int(rng.integers(4))})
    return question("Transpose", [x], [], x[1], settings={"perm": rng.permutation(4).tolist()})


QUESTIONS: dict[str, Callable[[np.random.Generator, str], Question]] = {
    "conv": conv,
    "conv + relu": conv_relu,
    "conv + relu6": conv_relu6,
    "gemm": gemm,
    "matmul": matmul,
    "add": add,
    "mul": mul,
    "concat": concat,
    "global_average_pool": global_average_pool,
    "average_pool": average_pool,
    "average_pool, ceil + pads": average_pool_beyond,
    "max_pool": max_pool,
    "resize": resize,
    "relu": relu,
    "clip": clip,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "leaky_relu": leaky_relu,
    "flatten, transpose": flatten,
}
