"""The benchmark counts what it compares, and would see a difference."""

import json

import numpy as np

from benchmarks import __main__ as command
from benchmarks import agreement
from quantlab.numerics import QParams, quantize
from tests.support import grids


def test_vectors_hold_every_tick_and_tie_with_its_neighbours():
    ruler = QParams(0.1, 39, "uint8")
    x = set(grids.vectors(ruler, np.random.default_rng(0)).tolist())
    for k in range(-39 - 3, 255 - 39 + 3):
        for half in (0.0, 0.5):
            at = np.float32((k + half) * np.float64(ruler.scale))
            assert {at, np.nextafter(at, np.float32(9e9)), np.nextafter(at, np.float32(-9e9))} <= x


def test_a_difference_is_counted():
    # torch_legacy in place of onnx, zero_point odd: every one of the ties on the ruler moves.
    wrong = agreement.Comparison(
        "legacy", lambda x, qparams: quantize(x, qparams, rounding="torch_legacy"), quantize
    )
    ruler = QParams(1.0, 7, "uint8")
    ties = np.arange(-7, 248, dtype=np.float32) + np.float32(0.5)
    assert agreement.differences(wrong, ties, ruler) == len(ties)


def test_more_than_a_million_answers_none_different():
    # One round is every fixed ruler of six types with all its ticks, ties and their neighbours.
    result = agreement.agreement(target=1_000_000)
    assert result["values"] >= 1_000_000
    assert result["per_peer"]["ONNX Runtime QuantizeLinear"]["values"] >= 1_000_000
    assert result["per_peer"]["onnx.reference QuantizeLinear"]["values"] >= 1_000_000
    assert result["per_peer"]["torch.fake_quantize"]["values"] >= 1_000_000
    assert {peer: row["differences"] for peer, row in result["per_peer"].items()} == dict.fromkeys(
        result["per_peer"], 0
    )


def test_the_command_prints_and_keeps_one_object(tmp_path, capsys):
    assert command.main(["agreement", "--json", "--values", "1", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["differences"] == 0
    assert result["values"] == sum(row["values"] for row in result["per_peer"].values())
    assert "round 1" in err
    kept = json.loads((tmp_path / "agreement.json").read_text())
    assert {key: kept[key] for key in result} == result
    assert kept["versions"]["numpy"] == np.__version__
    assert kept["machine"]["cores"] >= 1
    assert agreement.show(result).splitlines()[-1].split()[0] == "total"
