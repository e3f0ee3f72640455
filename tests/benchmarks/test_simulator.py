"""The benchmark of the simulator's time lets both take turns, and says if the goal is met."""

import json

import pytest

from benchmarks import __main__ as command
from benchmarks import simulator
from benchmarks.quantized_networks import quantized_network
from benchmarks.simulator_time import timed


def test_the_command_prints_and_keeps_one_object(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(simulator, "SIZES", {"small_resnet": 16})
    words = ["--json", "--seconds", "0.05", "--out", str(tmp_path)]
    assert command.main(["simulator", *words]) == 0
    result = json.loads(capsys.readouterr().out)
    row = result["per_net"]["small_resnet"]
    assert row["size"] == 16
    low, high = row["ratio_interval"]
    assert low <= row["ratio"] <= high
    assert result["largest_ratio"] == row["ratio"]
    assert json.loads((tmp_path / "simulator.json").read_text())["per_net"] == result["per_net"]


def test_both_are_timed_in_turns():
    row = timed(quantized_network("small_unet", 1, 16), seconds=0.05, seed=0)
    assert row["rounds"] >= 5
    assert row["ratio"] == row["simulator_ms"] / row["float32_ms"]
    assert row["plan_ms"] > 0


@pytest.mark.parametrize(("ratio", "word"), [(30.0, "met"), (30.1, "missed")])
def test_the_goal_is_an_upper_limit(ratio, word):
    row = {
        "size": 32,
        "simulator_ms": ratio,
        "float32_ms": 1.0,
        "ratio": ratio,
        "ratio_interval": [ratio - 1, ratio + 1],
        "plan_ms": 2.0,
    }
    result = {"largest_ratio": ratio, "goal": 30.0, "per_net": {"small_unet": row}}
    assert simulator.show(result).endswith(word)
