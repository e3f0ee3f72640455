"""conv gives ONNX Runtime's integers in every shape of convolution, and refuses what has none."""

import numpy as np
import pytest

from quantlab.numerics import QParams
from quantlab.numerics.ops import conv
from quantlab.numerics.ops.conv import conv_accumulator
from tests.support.operator_cases import (
    bias_scale,
    output_ruler,
    random_bias,
    random_integers,
    random_ruler,
    random_weight_ruler,
)
from tests.support.operator_models import (
    fused_operators,
    integers,
    kernel_integers,
    qdq_model,
    run_in_reference,
    session_options,
)

TYPES = [("uint8", "int8", "uint8"), ("uint8", "uint8", "uint8"), ("int8", "int8", "int8")]
FORMS = ["plain", "grouped", "depthwise", "multiplied"]


def random_case(rng, types, form, dims=2):
    """Integers and rulers of one layer, its bias, and its settings in our words."""
    groups = 1 if form == "plain" else int(rng.integers(2, 9))
    per_group = int(rng.integers(1, 20)) if form in ("plain", "grouped") else 1
    filters = groups * (1 if form == "depthwise" else int(rng.integers(1, 6)))
    kernel = tuple(int(k) for k in rng.integers(1, 5, dims))
    dilations = tuple(int(d) for d in rng.integers(1, 3, dims))
    size = tuple(
        (k - 1) * d + 1 + int(rng.integers(0, 6)) for k, d in zip(kernel, dilations, strict=True)
    )
    settings = {
        "strides": tuple(int(s) for s in rng.integers(1, 4, dims)),
        "pads": tuple(int(p) for p in rng.integers(0, 3, 2 * dims)),
        "dilations": dilations,
        "groups": groups,
    }
    x = random_integers(rng, (int(rng.integers(1, 3)), groups * per_group, *size), types[0])
    w = random_integers(rng, (filters, per_group, *kernel), types[1])
    x_qparams = random_ruler(rng, types[0])
    w_qparams = random_weight_ruler(rng, filters, 0, types[1])
    terms = per_group * int(np.prod(kernel))
    bias = random_bias(rng, filters, terms) if rng.random() < 0.7 else None
    acc = conv_accumulator(x, x_qparams, w, w_qparams, bias, **settings)
    y = output_ruler(rng, acc, x_qparams, w_qparams, types[2])
    return x, x_qparams, w, w_qparams, y, bias, settings


def model_of(x, x_qparams, w, w_qparams, y, bias, settings):
    scaled = None if bias is None else (bias, bias_scale(x_qparams, w_qparams))
    names = {name: settings[name] for name in ("strides", "pads", "dilations")}
    names["group"] = settings["groups"]
    return qdq_model("Conv", [(x, x_qparams)], [(w, w_qparams)], y, scaled, **names)


def compare(rng, types, form, dims, count):
    for _ in range(count):
        *arguments, settings = case = random_case(rng, types, form, dims)
        theirs = kernel_integers(model_of(*case), case[4], case[0])
        np.testing.assert_array_equal(conv(*arguments, **settings), theirs)


@pytest.mark.parametrize("types", TYPES)
@pytest.mark.parametrize("form", FORMS)
def test_the_integers_are_onnx_runtimes(types, form):
    compare(np.random.default_rng(8), types, form, 2, 60)


@pytest.mark.parametrize("dims", [1, 3])
@pytest.mark.parametrize("types", TYPES)
def test_the_integers_are_onnx_runtimes_in_other_dimensions(types, dims):
    compare(np.random.default_rng(9), types, "grouped", dims, 20)


@pytest.mark.parametrize("types", TYPES)
@pytest.mark.parametrize("form", FORMS)
def test_onnx_runtime_really_fused_it(types, form):
    names = fused_operators(
        model_of(*random_case(np.random.default_rng(0), types, form)),
        session_options(int8=types[0] == "int8"),
    )
    assert "QLinearConv" in names
    assert "Conv" not in names


def test_the_integers_are_the_float32_definitions_where_nothing_else_rounds():
    # Scales are powers of two and sums stay below 2^24: only the last step rounds, in both.
    rng = np.random.default_rng(10)
    for _ in range(15):
        x, w = (
            random_integers(rng, (1, 4, 7, 6), "uint8"),
            random_integers(rng, (6, 2, 3, 2), "int8"),
        )
        x_qparams = QParams(0.125, int(rng.integers(256)), "uint8")
        w_qparams = QParams(2.0 ** rng.integers(-6, -3, 6), 0, "int8", axis=0)
        y = QParams(4.0, int(rng.integers(256)), "uint8")
        settings = {"strides": (2, 1), "pads": (1, 0, 2, 1), "dilations": (1, 2), "groups": 2}
        case = (x, x_qparams, w, w_qparams, y, random_bias(rng, 6, 12))
        theirs = integers(run_in_reference(model_of(*case, settings), x), y)
        np.testing.assert_array_equal(conv(*case, **settings), theirs)


def test_settings_may_be_single_numbers():
    rng = np.random.default_rng(11)
    x, w = random_integers(rng, (1, 3, 9, 9), "uint8"), random_integers(rng, (4, 3, 3, 3), "int8")
    short = conv(x, U8, w, S8, U8, strides=2, pads=1, dilations=2)
    long = conv(x, U8, w, S8, U8, strides=(2, 2), pads=(1, 1, 1, 1), dilations=(2, 2))
    half = conv(x, U8, w, S8, U8, strides=[2, 2], pads=(1, 1), dilations=2)
    np.testing.assert_array_equal(short, long)
    np.testing.assert_array_equal(short, half)


def test_a_sum_that_leaves_int32_is_refused():
    # zero_point is 5: 8,192 * 9 * 250 * 127 = 2,340,864,000 is more than 2^31 - 1 = 2,147,483,647.
    x, w = np.full((1, 8192, 3, 3), 255), np.full((1, 8192, 3, 3), 127)
    with pytest.raises(ValueError, match="2340864000 to 2340864000, but int32 holds"):
        conv(x, U8, w, S8, U8)


U8, S8 = QParams(0.1, 5, "uint8"), QParams(0.1, 0, "int8")
PER_INPUT = QParams(np.full(2, 0.1), 0, "int8", axis=1)


@pytest.mark.parametrize(
    ("x_shape", "w_shape", "w_qparams", "settings", "words"),
    [
        ((2, 5, 5), (3, 2, 2, 2), S8, {}, "1 to 3 spatial dimensions"),
        ((1, 2, 5, 5), (3, 4, 2, 2), S8, {}, "groups divides both"),
        ((1, 2, 5, 5), (3, 1, 2, 2), S8, {"groups": 2}, "groups divides both"),
        ((1, 2, 5, 5), (3, 2, 2, 2), PER_INPUT, {}, "output channels lie along axis 0"),
        ((1, 2, 5, 5), (3, 2, 2, 2), S8, {"strides": 0}, "strides is 0"),
        ((1, 2, 5, 5), (3, 2, 2, 2), S8, {"dilations": (1, 1, 1)}, "dilations is \\(1, 1, 1\\)"),
        ((1, 2, 5, 5), (3, 2, 2, 2), S8, {"pads": (0, 0, 0)}, "pads is \\(0, 0, 0\\)"),
        ((1, 2, 5, 5), (3, 2, 2, 2), S8, {"pads": -1}, "pads is -1"),
        ((1, 2, 2, 5), (3, 2, 3, 2), S8, {}, "the padded x measures \\(2, 5\\)"),
        ((1, 2, 5, 5), (3, 2, 2, 2), S8, {"bias": [1]}, "w has 3 filters"),
    ],
)
def test_bad_input_gets_a_sentence(x_shape, w_shape, w_qparams, settings, words):
    x, w = np.ones(x_shape, int), np.ones(w_shape, int)
    with pytest.raises(ValueError, match=words):
        conv(x, U8, w, w_qparams, U8, **settings)
