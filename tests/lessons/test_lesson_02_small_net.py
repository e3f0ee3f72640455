"""The network of lesson 02 against ONNX's own shapes and files; its budget by arithmetic."""

import math
import os
from fractions import Fraction

import numpy as np
import onnx
import pytest

from quantlab.lessons.catalogue import find
from quantlab.lessons.lesson_02.explorer import explore_size
from quantlab.lessons.lesson_02.material import computed_times as table
from quantlab.lessons.lesson_02.material.roofline import Rate, Roofline
from quantlab.lessons.lesson_02.material.small_net import (
    layer_arrays,
    missed_budget,
    quantize_net,
    small_net,
)
from quantlab.numerics import choose_qparams, quantize, size_of_file, size_of_layers


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    net = small_net(tmp_path_factory.mktemp("net"))
    assert net.write() == net.file
    return net


def test_its_tensors_are_those_that_onnx_infers(net):
    model = onnx.shape_inference.infer_shapes(onnx.load(net.file), strict_mode=True)
    onnx.checker.check_model(model)
    graph = model.graph
    shapes = {
        info.name: tuple(side.dim_value for side in info.type.tensor_type.shape.dim)
        for info in (*graph.input, *graph.value_info, *graph.output)
    }
    names = ["image", *(f"{name}.out" for name in net.weights)]
    assert [shapes[name] for name in names] == [(1, *shape) for shape in net.tensors]
    stored = sum(math.prod(tensor.dims) for tensor in graph.initializer)
    assert net.parameters == stored


def test_its_result_has_the_last_tensors_shape(net):
    (result,) = net.runner()()
    assert result.shape == (1, *net.tensors[-1])
    assert result.any()


def test_the_int8_file_holds_the_bytes_that_are_computed(net):
    file = quantize_net(net)
    computed = size_of_layers(net.layers, "int8", per_channel=True, bias_scales=True, activations=5)
    found = size_of_file(file)
    assert (found.payload, found.total) == (computed.total, os.path.getsize(file))
    assert net.runner(file)()[0].shape == (1, *net.tensors[-1])


def test_the_arrays_of_a_layer_are_the_bytes_of_the_exercise(net):
    weight = net.weights["stem"]
    rows = weight.reshape(len(weight), -1)
    rulers = choose_qparams(
        rows.min(axis=1), rows.max(axis=1), dtype="int8", scheme="symmetric", axis=0
    )
    arrays = layer_arrays("stem", quantize(weight, rulers), rulers)
    assert sum(a.nbytes for a in arrays.values()) == find("2.3").oracle(weight.shape, True)


def test_the_budget_is_missed_on_every_machine_and_twice_the_speed_meets_it():
    rng = np.random.default_rng(0)
    exact = [10 * 2.0**k for k in range(-9, 9)]
    near = [f(ms, g) for ms in exact for f, g in ((np.nextafter, 0), (np.nextafter, np.inf))]
    for ms in (*exact, *map(float, near), *10 ** rng.uniform(-3, 4, 500)):
        budget = missed_budget(float(ms))
        assert ms / 2 <= budget < ms
        rate = Fraction(1000) / Fraction(budget) / 100  # frames a second, in hundreds
        assert max(rate.numerator, rate.denominator) == 2 ** abs(round(math.log2(rate)))
    assert missed_budget(12.8) == 10


@pytest.mark.parametrize("ms", [0.0, -1.0, float("nan"), float("inf")])
def test_a_frame_without_time_has_no_budget(ms):
    with pytest.raises(ValueError, match="measure it first"):
        missed_budget(ms)


def test_the_table_says_what_the_answers_say():
    rates = [Rate(best, best, best, best) for best in (10e9, 50e9, 200e9)]
    roofline = Roofline(*rates, threads=1, array_bytes=1, cache_bytes=None, machine="a machine")
    shown = table.computed_times(roofline, find("2.5").oracle, find("2.6").oracle)
    rows = [" ".join(row.split()) for row in str(shown).splitlines()]
    assert rows[0] == "Computed, not measured"
    # The linear layer: 4,101,096 values of 4 bytes at 10 GB/s.
    assert "linear, 4096 to 1000 float32 0.5 1.640 memory" in rows
    assert len(rows) == 2 + 2 * len(table.LAYERS)


def test_an_empty_gap_comes_through():
    def empty(*arguments):
        raise NotImplementedError

    with pytest.raises(NotImplementedError):
        table.computed_times(None, empty, empty)


def test_the_goal_of_the_explorer_can_be_reached():
    """150 million parameters in 100 MB: 4 bits do it, and 4 per cent may stay in FP32, not 5."""
    limit = 100e6
    assert 150e6 * 8 / 8 > limit > 150e6 * 4 / 8
    for kept, fits in ((4, True), (5, False)):
        assert (150e6 * ((1 - kept / 100) / 2 + 4 * kept / 100) < limit) is fits
    explorer = explore_size().widget
    explorer.controls["parameters"].value = 150_000_000
    explorer.controls["dtype"].value = "int4"
    for kept, said in ((4, ": 96 MB"), (5, ": 101.3 MB")):
        explorer.controls["kept"].value = kept
        assert said in explorer.words.value
