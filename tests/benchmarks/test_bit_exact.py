"""The benchmark of integers compares what it says, and would see a wrong one."""

import json
from dataclasses import replace

import numpy as np
import pytest
from onnx import numpy_helper

from benchmarks import __main__ as command
from benchmarks import bit_exact
from quantlab.deploy.simulator.simulate import simulate
from tests.support.networks import NETWORKS
from tests.support.operator_questions import QUESTIONS


def test_the_command_prints_and_keeps_one_object(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(bit_exact, "NETWORKS", {"small_unet": NETWORKS["small_unet"]})
    words = ["--json", "--cases", "4", "--images", "1", "--size", "32", "--out", str(tmp_path)]
    assert command.main(["bit_exact", *words]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["mismatches"] == 0
    assert list(result["per_operator"]) == list(QUESTIONS)
    assert list(result["per_net"]) == ["small_unet"]
    rows = [*result["per_operator"].values(), *result["per_net"].values()]
    assert result["values"] == sum(row["values"] for row in rows) > 200_000
    assert json.loads((tmp_path / "bit_exact.json").read_text())["values"] == result["values"]
    text = bit_exact.show(result)
    assert [line.split()[-2:] for line in text.splitlines() if line.startswith("total")] == [
        [f"{result['values']:,}", "0"]
    ]


@pytest.mark.parametrize(
    ("operator", "kernel", "most"),
    [
        ("add", "QLinearAdd", 1),
        ("mul", "QLinearMul", 1),
        ("average_pool", "QLinearAveragePool", 1),
        ("softmax", "QLinearSoftmax", 1),
        ("average_pool, ceil + pads", "QLinearAveragePool", 255),
    ],
)
def test_where_the_kernel_is_not_the_definition_it_is_counted_and_explained(operator, kernel, most):
    row = bit_exact.one_operator(operator, QUESTIONS[operator], 40, seed=1)
    assert row["mismatches"] == 0
    assert row["kernels"] == [kernel]
    assert row["beside_definition"] > 0
    assert row["beside_definition_by"] <= most
    assert row["why"]


def test_elsewhere_the_kernel_is_the_definition():
    # float32 sums of these few products round near a tie about once in a million values.
    for operator in ("conv", "gemm", "concat", "max_pool", "resize", "leaky_relu"):
        row = bit_exact.one_operator(operator, QUESTIONS[operator], 20, seed=1)
        assert (row["mismatches"], row["beside_definition"], row["why"]) == (0, 0, None)


def test_a_wrong_simulator_is_seen(monkeypatch):
    def off_by_one_step(model, feeds):
        done = simulate(model, feeds)
        (scale,) = (numpy_helper.to_array(t) for t in model.graph.initializer if t.name == "sy")
        return replace(done, outputs={"y": done.outputs["y"] + scale})

    monkeypatch.setattr(bit_exact, "simulate", off_by_one_step)
    row = bit_exact.one_operator("add", QUESTIONS["add"], 4, seed=1)
    assert row["mismatches"] == row["values"] > 0
    assert row["largest_lsb"] == 1


def test_steps_are_counted_on_the_outputs_ruler():
    asked = QUESTIONS["add"](np.random.default_rng(0), "uint8")
    (scale,) = (numpy_helper.to_array(t) for t in asked.model.graph.initializer if t.name == "sy")
    ours = np.arange(4, dtype=np.float32) * scale
    theirs = np.float32([0, 1, 5, 3]) * scale
    np.testing.assert_array_equal(bit_exact.steps_apart(asked.model, ours, theirs), [0, 0, 3, 0])
    with pytest.raises(ValueError, match=r"ours has shape \(4,\), theirs \(3,\)"):
        bit_exact.steps_apart(asked.model, ours, theirs[:3])
