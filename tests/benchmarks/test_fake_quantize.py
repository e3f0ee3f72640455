"""The benchmark of fake quantization compares like with like and judges its own interval."""

import json

import pytest
import torch

from benchmarks import __main__ as command
from benchmarks import fake_quantize


def test_the_command_prints_and_keeps_one_object(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fake_quantize, "SHAPES", {"tiny": (4, 1000, 10, 10)})
    assert command.main(["fake_quantize", "--json", "--seconds", "0", "--out", str(tmp_path)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result["per_case"]) == ["tiny, per-tensor", "tiny, per-channel"]
    assert result["same"] is True
    assert result["largest_ratio"] == max(row["ratio"] for row in result["per_case"].values())
    kept = json.loads((tmp_path / "fake_quantize.json").read_text())
    assert {key: kept[key] for key in result} == result
    assert kept["versions"]["torch"]


def test_medians_of_whole_blocks_are_compared():
    """Blocks of four calls. The clock is read to set the end, before each round, and twice a block;
    every block of ours lasts 2 s and of torch's 8 s, whichever comes first."""
    now, running = [0.0], []

    def answer(name, seconds):
        def run(x):
            running.append(name)
            now[0] += seconds / 4
            return x * 1

        return run

    x = torch.ones(fake_quantize.BLOCK // 4)
    case = fake_quantize.Case("x", x, answer("ours", 2.0), answer("theirs", 8.0))
    row = fake_quantize.compare(case, seconds=60.0, clock=lambda: now[0])
    assert row["rounds"] == 6  # the sixth round ends at 60 s
    assert running.count("ours") == running.count("theirs") == 1 + 4 * (2 + 6)
    assert (row["torch_us"], row["quantlab_us"]) == (2e6, 0.5e6)
    assert row["ratio"] == 0.25
    assert row["interval"] == (0.25, 0.25)
    assert row["same"] is True


def test_other_values_or_gradients_are_seen():
    x = torch.linspace(-1, 1, 200_000)
    for wrong in (lambda t: t * 2, lambda t: (t * 2).detach() - t):
        case = fake_quantize.Case("x", x, ours=lambda t: t * 1, theirs=wrong)
        assert fake_quantize.compare(case, 0)["same"] is False


@pytest.mark.parametrize(
    ("interval", "same", "word"),
    [
        ((0.2, 1.3), True, "met"),
        ((1.2, 1.4), True, "inconclusive"),
        ((1.4, 1.5), True, "missed"),
        ((0.2, 0.3), False, "missed (other values)"),
    ],
)
def test_the_verdict_follows_the_interval(interval, same, word):
    assert fake_quantize.verdict({"interval": interval, "same": same}, 1.3) == word
