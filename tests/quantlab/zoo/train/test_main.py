"""The command as people run it: a process of its own, killed and gone on with."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quantlab.zoo import Classifier, load_weights
from quantlab.zoo.train.__main__ import main

#: Four steps.
REHEARSAL = ["classifier", "--pictures", "512", "--device", "cpu"]


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "quantlab.zoo.train", *REHEARSAL, "--out", str(folder), *more]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder.parent
    )


def written(folder: Path) -> int:
    """When the checkpoint was written; 0 where there is none."""
    path = folder / "checkpoint.pt"
    return path.stat().st_mtime_ns if path.exists() else 0


def stop_when_learning(folder: Path, how: signal.Signals, *more: str) -> tuple[int, str]:
    """Start the command, send a signal after its first checkpoint: exit code and stderr."""
    before = written(folder)
    process = start(folder, *more)
    deadline = time.monotonic() + 120
    while written(folder) == before:  # it is written before the first step
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(how)
    _, err = process.communicate(timeout=300)
    return process.returncode, err


def test_killed_then_interrupted_then_finished(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    code, err = stop_when_learning(folder, signal.SIGKILL)
    assert code == -signal.SIGKILL

    code, err = stop_when_learning(folder, signal.SIGINT, "--resume")
    assert code == 130, err
    assert "Traceback" not in err
    assert "--resume" in err

    process = start(folder, "--resume")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "classifier 4 of 4 steps, 0 min left, loss " in err
    assert out.strip() == str(folder / "classifier.md")
    card = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
    data = (folder / "classifier.safetensors").read_bytes()
    assert hashlib.sha256(data).hexdigest() == card["sha256"]
    load_weights(folder / "classifier.safetensors", Classifier(), card["sha256"])
    assert (folder / "classifier-loss.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--resume"], "There is no checkpoint in"),
        (["--pictures", "3"], "one step takes 128: give that or more"),
        (["--device", "abacus"], "torch cannot use it here"),
    ],
)
def test_bad_input_gets_one_sentence(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["classifier", "--out", str(tmp_path), *words]) == 1
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1


def test_an_earlier_training_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"hours of work")
    assert main(["classifier", "--out", str(tmp_path)]) == 1
    assert "go on with --resume" in capsys.readouterr().err
    assert (tmp_path / "checkpoint.pt").read_bytes() == b"hours of work"


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "example: python -m quantlab.zoo.train classifier" in capsys.readouterr().out
