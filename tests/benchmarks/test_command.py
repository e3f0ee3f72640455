"""`python -m benchmarks`: a run writes where it was told to, and to committed results by --keep."""

import json
import os

import pytest

from benchmarks import __main__ as command
from benchmarks.__main__ import RESULTS
from benchmarks.capstone_plans import FP32

ENTROPY = ["entropy", "--json", "--bins", "64", "--levels", "16", "--turns", "2"]
REHEARSAL = ["capstone", "--json", "--validation", "--only", FP32]
REHEARSAL += ["--scenes", "2", "--calibration", "1", "--seconds", "0.1"]


def committed():
    """What is kept and when it was written: the same bytes written again would be seen too."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in RESULTS.iterdir()}


@pytest.mark.parametrize(
    ("words", "elsewhere"), [(ENTROPY, False), (REHEARSAL, False), (REHEARSAL, True)]
)
def test_a_rehearsal_leaves_the_committed_results_alone(tmp_path, capsys, words, elsewhere):
    before = committed()
    out = ["--out", str(tmp_path)] if elsewhere else []
    assert command.main([*words, *out]) == 0
    assert committed() == before
    printed, said = capsys.readouterr()
    path = tmp_path / f"{words[0]}.json"
    if elsewhere:
        assert json.loads(printed).items() <= json.loads(path.read_text("utf-8")).items()
        assert said.splitlines()[-1] == f"Written to {path}."
    else:
        assert list(tmp_path.iterdir()) == []
        went = "Written to no file: --keep or --out FOLDER does that."
        assert said.splitlines()[-1] == went


def test_keep_replaces_the_committed_result(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    path = tmp_path / "entropy.json"
    path.write_text("what was kept before")
    assert command.main(ENTROPY) == 0
    assert path.read_text() == "what was kept before"
    assert command.main([*ENTROPY, "--keep"]) == 0
    assert json.loads(path.read_text())["machine"]
    assert capsys.readouterr().err.endswith(f"Written to {path}.\n")


@pytest.mark.parametrize("folder", [RESULTS, os.path.relpath(RESULTS), RESULTS / ".." / "results"])
def test_out_is_no_way_around_keep(capsys, folder):
    before = committed()
    with pytest.raises(SystemExit) as stopped:
        command.main([*ENTROPY, "--out", str(folder)])
    assert stopped.value.code == 2
    assert f"{folder} holds the committed results: use --keep" in capsys.readouterr().err
    assert committed() == before


def test_help_says_where_a_result_goes(capsys):
    with pytest.raises(SystemExit):
        command.main(["capstone", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "--keep write benchmarks/results/capstone.json, the result that is committed" in said
    assert "write FOLDER/capstone.json (default: no file is written)" in said


def test_help_has_an_example(capsys):
    for words in (["--help"], ["agreement", "--help"]):
        with pytest.raises(SystemExit) as stopped:
            command.main(words)
        assert stopped.value.code == 0
        assert "example: python -m benchmarks agreement --json" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_said(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert command.main(["agreement", "--json", "--out", str(tmp_path / "file")]) == 1
    err = capsys.readouterr().err
    assert "choose another --out" in err
    assert "round" not in err  # said before the work, not after
