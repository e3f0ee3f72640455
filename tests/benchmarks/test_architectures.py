"""`python -m benchmarks architectures`: a net's row says what became of it, whatever that is."""

import argparse
import os

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import architectures
from benchmarks.architecture_list import ARCHITECTURES, Architecture
from benchmarks.architecture_trial import (
    STAGES,
    mean_sqnr,
    read_row,
    run_trial,
    time_files,
    warmed,
    write_row,
)
from tests.support.networks import images

SMALL = Architecture("small", "tests.support.networks:small_resnet", {"width": 8}, 32)
PECULIAR = "tests.benchmarks.test_architectures:Peculiar"


class Peculiar(nn.Module):
    """Ends as it is told, when it is run."""

    def __init__(self, ends: str) -> None:
        super().__init__()
        self.conv, self.ends = nn.Conv2d(3, 4, 3), ends

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.ends == "dies":
            os._exit(7)
        return self.conv(x) if x.sum() > 0 else -self.conv(x)


@pytest.fixture(scope="module")
def row(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    run_trial(SMALL, folder, limit=60)
    assert "timed" not in read_row("small", folder)  # a busy machine may do all but that
    time_files(SMALL, folder, limit=60)
    return read_row("small", folder)


def test_a_net_goes_through_every_stage(row) -> None:
    assert all(row[stage] for stage in (*STAGES, "timed")), row["said"]
    assert row["said"] == []
    assert row["ended"]
    assert row["mismatches"] == 0 < row["values"]
    assert row["int8_macs"] == 1.0
    # Eight bits at each of a dozen layers: two files of one net are about as good as each other.
    assert row["sqnr_ours"] == pytest.approx(row["sqnr_theirs"], abs=6)
    assert min(row["speed_fp32"], row["speed_theirs"], row["rounds"]) > 0


def test_a_line_and_the_counts_say_what_the_row_says(row) -> None:
    found = architectures.counts([row])
    assert (found["traced"], found["exported"], found["equal"], found["theirs"]) == (1, 1, 1, 1)
    assert found["values"] == row["values"]
    worse = {**row, "mismatches": 2, "sqnr_ours": row["sqnr_theirs"] - 1, "speed_theirs": 0.5}
    found = architectures.counts([row, worse])
    assert (found["equal"], found["mismatches"]) == (1, 2)
    assert found["slower"] == 1 + (row["speed_theirs"] < architectures.SLOWER)
    assert found["less_accurate"] >= 1
    shown = architectures.show({"nets": [worse], "counts": found, "not_installed": ["timm"]})
    assert f"{row['values']:,}" in shown
    assert "Not installed, and left out: timm." in shown


def test_a_refusal_is_kept_as_it_was_said_and_the_peer_has_its_turn(tmp_path) -> None:
    net = Architecture("by value", PECULIAR, {"ends": "by value"}, 16)
    run_trial(net, tmp_path, limit=60)
    row = read_row("by value", tmp_path)
    assert (row["built"], row["traced"], row["peer"]) == (True, False, True)
    assert not {"exported", "compared"} & row.keys()
    (said,) = row["said"]
    assert said.startswith("traced: Peculiar cannot be traced")


def test_a_stage_that_takes_too_long_is_stopped_and_said(tmp_path) -> None:
    run_trial(SMALL, tmp_path, limit=0.001)
    row = read_row("small", tmp_path)
    assert not row["built"]
    assert row["said"][0].startswith("built: stopped after")


def test_a_process_that_dies_leaves_a_row_that_says_so(tmp_path, monkeypatch) -> None:
    net = Architecture("dies", PECULIAR, {"ends": "dies"}, 16)
    monkeypatch.setattr(architectures, "ARCHITECTURES", {"dies": net})
    (row,) = architectures.run(asked(tmp_path))["nets"]
    assert row == read_row("dies", tmp_path / "dies")
    assert row["ended"] is False
    assert row["said"] == ["its process ended with exit code 7"]


def asked(folder, only=None, no_speed=False) -> argparse.Namespace:
    return argparse.Namespace(only=only, resume=folder, limit=60, no_speed=no_speed)


def test_rows_that_lie_there_are_taken_and_timed_last(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(architectures, "ARCHITECTURES", {"small": SMALL})
    done = []
    monkeypatch.setattr(architectures, "in_a_process", lambda work, *_: done.append(work))
    kept = {"name": "small", "said": [], "seconds": 1.0, "ended": True}
    kept |= {"exported": True, "peer": True}
    folder = architectures.folder_of("small", tmp_path)
    folder.mkdir()
    write_row(kept, folder)
    assert architectures.run(asked(tmp_path, no_speed=True))["nets"] == [kept]
    assert done == []
    architectures.run(asked(tmp_path))
    assert done == [time_files]
    write_row({**kept, "timed": True, "speed_theirs": 1.0}, folder)
    assert architectures.run(asked(tmp_path))["counts"]["timed"] == 1
    assert done == [time_files]


def test_a_folder_of_other_versions_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(architectures, "ARCHITECTURES", {})
    architectures.run(asked(tmp_path))
    monkeypatch.setattr(architectures, "version", lambda name: "0.1")
    with pytest.raises(SystemExit, match="give --resume another folder"):
        architectures.run(asked(tmp_path))


def test_files_that_cannot_be_timed_say_so(tmp_path) -> None:
    write_row({"name": "small", "said": []}, tmp_path)
    time_files(SMALL, tmp_path, limit=60)
    row = read_row("small", tmp_path)
    assert row["timed"] is False
    assert "plain.onnx" in row["said"][0]


def test_what_is_not_installed_is_left_out_and_said(tmp_path, monkeypatch) -> None:
    absent = Architecture("absent", "no_such_package:Net")
    monkeypatch.setattr(architectures, "ARCHITECTURES", {"absent": absent})
    result = architectures.run(asked(tmp_path, only=["absent"]))
    assert (result["nets"], result["not_installed"]) == ([], ["no_such_package"])
    with pytest.raises(SystemExit, match="'vgg99' is none of the 1 nets"):
        architectures.run(asked(tmp_path, only=["vgg99"]))


def test_the_list_is_long_and_wide() -> None:
    assert len(ARCHITECTURES) >= 60
    assert len({net.package for net in ARCHITECTURES.values()}) >= 6


def test_warmed_statistics_are_those_of_all_images() -> None:
    x = images(8, 16)
    norm = warmed(nn.Sequential(nn.BatchNorm2d(3)), [x[:4], x[4:]])[0]
    np.testing.assert_allclose(norm.running_mean, x.mean((0, 2, 3)), atol=1e-5)
    assert not norm.training


def test_sqnr_is_ten_decibels_where_the_noise_has_a_tenth_of_the_power() -> None:
    truth = [np.full(10, 1.0, np.float32), np.zeros(3, np.float32)]
    noisy = truth[0] + np.float32(np.sqrt(0.1))
    assert mean_sqnr(truth, [noisy, truth[1]]) == pytest.approx(10, abs=1e-5)
