"""Bytes counted by the table against bytes in real arrays and real files."""

import numpy as np
import pytest
from torch import nn

from quantlab.numerics import (
    DTYPES,
    LayerShape,
    choose_qparams,
    pack_int4,
    quantize,
    size_of_layers,
    size_of_parameters,
)
from quantlab.numerics.size import FLOAT_BITS

NET = (
    LayerShape("stem", "conv", (16, 3, 3, 3)),
    LayerShape("depthwise", "conv", (16, 1, 3, 3), bias=False),
    LayerShape("bn", "batchnorm", (16,)),
    LayerShape("up", "conv_transpose", (16, 5, 2, 2)),
    LayerShape("norm", "norm", (5,)),
    LayerShape("head", "linear", (7, 45)),
    LayerShape("project", "matmul", (45, 3), bias=False),
)


def test_the_seed_figures():
    assert size_of_parameters(45_000_000, "float32") == 180_000_000
    assert size_of_parameters(45_000_000, "int8") == 45_000_000
    assert size_of_parameters(45_000_000) / size_of_parameters(45_000_000, "int8") == 4
    assert size_of_parameters(75_000_000, "int8") == 75_000_000


def packed(q, bits):
    """All bits of all integers in a row, by numpy."""
    columns = np.ravel(q).astype(np.int64)[:, None] >> np.arange(bits)
    return np.packbits((columns & 1).astype(np.uint8).ravel())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [0, 1, 2, 7, 1001])
def test_parameters_take_what_the_array_takes(dtype, count):
    q = np.zeros(count, DTYPES[dtype].storage)
    assert size_of_parameters(count, dtype) == packed(q, DTYPES[dtype].bits).nbytes
    if DTYPES[dtype].bits == 4:
        assert size_of_parameters(count, dtype) == pack_int4(q).nbytes


@pytest.mark.parametrize("dtype", FLOAT_BITS)
def test_floats_are_as_wide_as_they_say(dtype):
    assert size_of_parameters(3, dtype) == 3 * {"float32": 4, "float16": 2, "bfloat16": 2}[dtype]


def quantized_arrays(layer, dtype, per_channel):
    """What a quantizer would really store for this layer: weight, scale, zero_point, bias."""
    weight = np.random.default_rng(0).normal(size=layer.weight_shape).astype(np.float32)
    axis = layer.channel_axis if per_channel else None
    others = None if axis is None else tuple(i for i in range(weight.ndim) if i != axis)
    lo, hi = weight.min(axis=others), weight.max(axis=others)
    qparams = choose_qparams(lo, hi, dtype=dtype, axis=axis)
    q, z = quantize(weight, qparams), np.asarray(qparams.zero_point).astype(qparams.storage)
    q, z = packed(q, qparams.bits), packed(z, qparams.bits)
    bias = np.zeros(layer.channels if layer.bias else 0, np.int32)
    return {"weights": q, "scales": np.asarray(qparams.scale), "zero_points": z, "biases": bias}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("per_channel", [True, False])
def test_every_part_is_the_bytes_of_real_arrays(dtype, per_channel):
    report = size_of_layers(NET, dtype, per_channel=per_channel, keep_float=["head"])
    quantized = [n for n in NET if n.name not in ("bn", "norm", "head")]
    stored = [quantized_arrays(layer, dtype, per_channel) for layer in quantized]
    for part in ("weights", "scales", "zero_points", "biases"):
        assert report[part] == sum(arrays[part].nbytes for arrays in stored)
    # head keeps 7 * 45 weights and 7 biases; batchnorm has 4 vectors of 16; norm 2 of 5.
    assert report["float32"] == 4 * (7 * 45 + 7 + 4 * 16 + 2 * 5)
    assert report.total == sum(size for _, size in report.parts) == report.payload
    assert sum(row.nbytes for row in report.tensors) == report.total


def test_a_float_model_is_its_parameters():
    parameters = sum(layer.weights + layer.biases for layer in NET)
    assert size_of_layers(NET, "float32").total == 4 * parameters
    half = size_of_layers(NET, "float16")
    assert half["scales"] == half["zero_points"] == 0
    assert half["weights"] + half["biases"] == 2 * (parameters - 4 * 16 - 2 * 5)


def test_activations_and_container_are_added():
    plain = size_of_layers(NET, "int8")
    more = size_of_layers(NET, "int8", activations=3, activation_dtype="uint16", container=1000)
    assert more["scales"] - plain["scales"] == 3 * 4
    assert more["zero_points"] - plain["zero_points"] == 3 * 2
    assert (more["container"], more.payload) == (1000, plain.payload + 18)


def test_report_reads_as_a_table():
    layers = [LayerShape("a", "linear", (1000, 1000)), LayerShape("b", "linear", (10, 1000))]
    report = size_of_layers(layers, "int8", keep_float="b", container=50)
    lines = str(report).splitlines()
    assert lines[0] == f"2 layers, int8 per-channel: {report.total:,} bytes"
    assert lines[2].split() == ["weights", "1,000,000", "1.000", "95.3"]
    assert lines[-2].split() == [
        "total",
        f"{report.total:,}",
        f"{report.total / 1e6:.3f}",
        "100.0",
    ]
    assert lines[-1] == "1 MB = 1,000,000 bytes"
    rows = str(report.by_tensor()).splitlines()
    assert rows[2].split()[:3] == ["a", "int8", "1,009,000"]
    assert rows[3].split()[:3] == ["b", "float32", "40,040"]
    with pytest.raises(KeyError, match="its parts are weights, scales, zero_points"):
        report["weight"]


def test_no_layers_at_all():
    report = size_of_layers([])
    assert report.total == 0
    assert "–" in str(report)


MODULES = {
    "conv": nn.Conv2d(6, 4, 3, groups=2),
    "conv_transpose": nn.ConvTranspose2d(6, 4, 3),
    "linear": nn.Linear(6, 4),
    "norm": nn.LayerNorm(4),
    "batchnorm": nn.BatchNorm2d(4),
}


@pytest.mark.parametrize("kind", MODULES)
def test_layers_count_what_torch_modules_hold(kind):
    module = MODULES[kind]
    layer = LayerShape("x", kind, tuple(module.weight.shape))
    assert layer.channels == layer.biases == module.bias.numel() == 4
    held = [t for t in module.state_dict().values() if t.is_floating_point()]
    assert layer.weights + layer.biases == sum(t.numel() for t in held)


def test_layers_without_a_bias_in_their_own_layouts():
    table = nn.Embedding(6, 4)
    assert LayerShape("x", "embedding", tuple(table.weight.shape), bias=False).channels == 6
    # ONNX MatMul multiplies from the right: (batch, in) @ (in, out).
    assert (
        LayerShape("x", "matmul", (6, 4)).channels == (np.ones((2, 6)) @ np.ones((6, 4))).shape[1]
    )


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: size_of_parameters(-1), "count is -1, but parameters are counted"),
        (lambda: size_of_parameters(1.5), "count is 1.5"),
        (lambda: size_of_parameters(1, "int7"), "dtype is 'int7', but a parameter is stored as"),
        (
            lambda: LayerShape("x", "pool", (1, 1)),
            "layer 'x' is of kind 'pool', but the kinds are conv",
        ),
        (
            lambda: LayerShape("x", "conv", (3,)),
            r"weight_shape \(3,\), but a conv weight has at least 2",
        ),
        (lambda: LayerShape("x", "norm", (0,)), r"at least 1 dimension of 1 or more"),
        (lambda: size_of_layers([NET[0], NET[0]]), "two layers are called 'stem'"),
        (lambda: size_of_layers(NET, keep_float=["stm"]), "keep_float names 'stm', but the layers"),
        (lambda: size_of_layers(NET, "int5"), "dtype is 'int5'"),
    ],
)
def test_what_is_refused_is_said_in_a_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
