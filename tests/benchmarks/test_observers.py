"""The benchmark of the observers asks both the same, and would see another range."""

import json

import pytest

from benchmarks import __main__ as command
from benchmarks import observers


def test_the_command_prints_and_keeps_one_object(tmp_path, capsys):
    words = ["observers", "--json", "--seconds", "0.01", "--out", str(tmp_path)]
    assert command.main(words) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["same_range"] is True
    assert list(result["per_observer"]) == ["min-max", "percentile", "entropy"]
    ratios = [row["ratio"] for row in result["per_observer"].values()]
    assert result["smallest_ratio"] == min(ratios)
    assert json.loads((tmp_path / "observers.json").read_text())["shape"] == result["shape"]


@pytest.mark.parametrize("theirs", [(0.0, 1.0), (0.0, 2.0)])
def test_another_range_is_seen_and_said(theirs):
    row = observers.compare(observers.Case("x", lambda: (0.0, 1.0), lambda: theirs), 0.0)
    assert row["same_range"] is (theirs == (0.0, 1.0))
    shown = observers.show({"batches": 1, "shape": [1], "per_observer": {"x": row}})
    assert ("ANOTHER RANGE" in shown) is not row["same_range"]
