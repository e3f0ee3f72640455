"""The benchmark of the entropy search asks both the same and would see another answer."""

import itertools
import json

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import entropy
from quantlab.numerics.observers.histogram import histogram_of_values


def test_the_command_prints_and_keeps_one_object(tmp_path, capsys):
    words = ["--json", "--bins", "64", "--levels", "16", "--turns", "2", "--out", str(tmp_path)]
    assert command.main(["entropy", *words]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["same_range"] is True
    assert list(result["per_case"]) == ["normal", "relu", "heavy tail"]
    assert result["speedup"] == min(row["speedup"] for row in result["per_case"].values())
    kept = json.loads((tmp_path / "entropy.json").read_text())
    assert {key: kept[key] for key in result} == result
    assert kept["versions"]["numpy"] == np.__version__


def test_turns_alternate_and_medians_are_compared():
    asked = []
    case = entropy.Case(
        "x", ours=lambda: asked.append("ours"), theirs=lambda: asked.append("theirs")
    )
    # Three readings a turn: theirs takes 8, 20, 10 and ours 2, 1, 4.
    readings = itertools.chain.from_iterable([(0, 8, 10), (20, 40, 41), (50, 60, 64)])
    row = entropy.compare(case, 3, clock=lambda: next(readings))
    assert asked == ["ours", "theirs", *["theirs", "ours"] * 3]
    assert (row["onnxruntime_ms"], row["quantlab_ms"]) == (10_000, 2_000)
    assert (row["speedup"], row["smallest_ratio"], row["largest_ratio"]) == (5.0, 2.5, 20.0)


@pytest.mark.parametrize(
    ("speedup", "same", "word"),
    [(20.0, True, "met"), (19.9, True, "missed"), (50, False, "missed")],
)
def test_a_goal_is_met_with_the_same_range_only(speedup, same, word):
    case = entropy.Case("x", ours=lambda: (0, 1), theirs=lambda: (0, 1 if same else 2))
    row = entropy.compare(case, 1)
    assert row["same_range"] is same
    row["speedup"] = speedup
    result = {"speedup": speedup, "goal": 20.0, "same_range": same, "per_case": {"x": row}}
    assert entropy.show(result).endswith(word)


def test_other_histograms_are_seen():
    x = np.float32([-1.0, 0.5, 1.0])
    seen = histogram_of_values(x, 8)
    assert entropy.same_histogram(seen, (seen.counts, seen.edges))
    assert not entropy.same_histogram(seen, (seen.counts + 1, seen.edges))
    assert not entropy.same_histogram(seen, (seen.counts, seen.edges * 2))
