"""The benchmark of the detector's shapes measures what each shape's name says."""

import json

import pytest
import torch
from torch import nn

from benchmarks import __main__ as command
from benchmarks import detector_shapes
from benchmarks.detector_variants import SHAPES, SHIPPED, Shape, build
from quantlab.zoo import Detector

SIDE = 64


def test_the_command_prints_and_keeps_one_object(tmp_path, capsys, monkeypatch):
    shapes = tuple(s for s in SHAPES if s.name in (SHIPPED, "shared towers"))
    monkeypatch.setattr(detector_shapes, "SHAPES", shapes)
    monkeypatch.setattr(detector_shapes, "PROFILED_RUNS", 4)
    words = ["--json", "--seconds", "0.01", "--size", str(SIDE), "--out", str(tmp_path)]
    assert command.main(["detector_shapes", *words]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [row["shape"] for row in result["shapes"]] == [shape.name for shape in shapes]
    for row in result["shapes"]:
        ratio, low, high = row["speedup"]
        assert low <= ratio <= high
        assert ratio == pytest.approx(row["fp32_ms"] / row["int8_ms"])
    kept = json.loads((tmp_path / "detector_shapes.json").read_text())
    assert kept["shipped_int8"] == result["shipped_int8"]
    # Every operator's work is in one row, and nothing that multiplies is left in float.
    rows = result["shipped_int8"]
    assert sum(row["macs"] for row in rows) == result["shapes"][-1]["macs"]
    assert all(row["kind"].startswith("QLinear") for row in rows if row["macs"])
    assert "DequantizeLinear" in [row["kind"] for row in rows]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_each_shape_has_the_shipped_detectors_outputs(shape):
    image = torch.zeros(1, 3, SIDE, SIDE)
    with torch.no_grad():
        expected = [y.shape for y in Detector().eval()(image)]
        assert [y.shape for y in build(shape)(image)] == expected


def test_the_shipped_shape_is_the_zoos_detector():
    shipped = next(shape for shape in SHAPES if shape.name == SHIPPED)
    found, expected = (
        {name: tensor.shape for name, tensor in net.state_dict().items()}
        for net in (build(shipped), Detector())
    )
    assert found == expected


def test_a_fused_block_has_no_depthwise_convolution_before_stride_8():
    for fused in (True, False):
        net = build(Shape("x", fused=fused))
        groups = [m.groups for m in net.stage_4.modules() if isinstance(m, nn.Conv2d)]
        assert (max(groups) == 1) is fused


def test_a_stem_kept_in_float_multiplies_in_float():
    shape = Shape("x", patches=True, towers=True, float_stem=True)
    rows = detector_shapes.operators(shape, SIDE)
    in_float = [row for row in rows if row["macs"] and not row["kind"].startswith("QLinear")]
    # 16 x 16 patches of 4 x 4 x 3 numbers, 48 channels.
    assert [row["macs"] for row in in_float] == [16 * 16 * 4 * 4 * 3 * 48]
