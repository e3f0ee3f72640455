"""The comparison of quantizers: rows are measured, and a better peer is named."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from benchmarks import quantizers
from benchmarks.quantizer_plans import file_of
from benchmarks.shapes import CLASSES, SIDE, draw
from benchmarks.training import small_mobilenet, train
from quantlab.deploy import export_onnx
from quantlab.methods import fold_batchnorm, trace_model


def test_every_plan_is_run_and_measured(tmp_path, monkeypatch):
    plans = {
        name: quantizers.PLANS[name]
        for name in ("quantlab", "ORT per-tensor min-max", "ORT per-channel entropy")
    }
    monkeypatch.setattr(quantizers, "PLANS", plans)
    monkeypatch.setattr(quantizers, "LATENCY_SECONDS", 0.1)
    net, images = small_mobilenet(1.0).eval(), draw(100, seed=2)
    torch.save({"width": 1.0, "state": net.state_dict()}, tmp_path / "net.pt")
    np.save(tmp_path / "calibration.npy", images.x[:20])
    export_onnx(fold_batchnorm(trace_model(net, images.x[:1])), tmp_path / "fp32.onnx")
    result = quantizers.compare(tmp_path, images.x, images.y)
    with torch.no_grad():
        right = (net(torch.from_numpy(images.x)).argmax(1).numpy() == images.y).mean()
    assert result["accuracy_fp32"] == pytest.approx(100 * right)
    assert [row["plan"] for row in result["plans"]] == list(plans)
    for row in result["plans"]:
        assert row["bytes"] == file_of(row["plan"], tmp_path).stat().st_size
        assert row["bytes"] < result["bytes_fp32"]
        assert row["seconds"] > 0
        for key in ("drop", "drop_exact", "ahead", "speedup"):
            value, low, high = row[key]
            assert low <= value <= high


def test_a_better_peer_is_named_and_a_tie_is_none():
    ours = {"plan": "quantlab", "ahead": [0, 0, 0], "speedup": [2, 1.9, 2.1], "seconds": 3}
    tie = {"plan": "tie", "ahead": [0.4, -0.1, 0.9], "speedup": [2.1, 2.0, 2.2], "seconds": 3}
    better = {"plan": "peer", "ahead": [0.6, 0.1, 1.1], "speedup": [3, 2.9, 3.1], "seconds": 2}
    sibling = {**better, "plan": "quantlab, other"}
    found = quantizers.better_peers([{"net": "n", "plans": [ours, tie, better, sibling]}])
    assert found == {goal: ["peer (n)"] for goal in ("accuracy", "speed", "time")}


GROWS_BY_40_MB = """
import numpy as np
from benchmarks.quantizer_plans import PeakMemory

with PeakMemory() as memory:
    ones = np.ones(40_000_000, np.uint8)
    total = sum(int(ones.sum()) for _ in range(20))
assert total == 20 * ones.size
print(memory.peak_bytes)
"""


def test_memory_taken_inside_is_counted():
    # In a process of its own: one that has run other tests gives back what they held meanwhile.
    ran = subprocess.run(
        [sys.executable, "-c", GROWS_BY_40_MB], capture_output=True, text=True, check=True
    )
    # Pages of 4 KiB are counted, and the interpreter may give some back meanwhile: 1 MB at most.
    assert int(ran.stdout) > 40_000_000 - 1_000_000


def test_shapes_are_the_seeds_and_a_net_learns_from_them(capsys):
    first, again, other = draw(40, seed=1), draw(40, seed=1), draw(40, seed=4)
    assert np.array_equal(first.x, again.x)
    assert not np.array_equal(first.x, other.x)
    assert first.x.shape == (40, 3, SIDE, SIDE)
    assert set(first.y) <= set(range(len(CLASSES)))
    train(small_mobilenet(1.0), draw(160, seed=1), epochs=3, seed=0)
    losses = [float(line.split()[-1]) for line in capsys.readouterr().err.splitlines()]
    assert losses[-1] < losses[0]
