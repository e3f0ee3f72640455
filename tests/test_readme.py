"""What README says is so: its numbers, its folders, its commands, its picture."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from autograder.cli import COMMANDS
from benchmarks import capstone_table, quantizers
from benchmarks.capstone_plans import GOOD
from quantlab.learn.cli import main
from quantlab.learn.reference import ATTEMPTS_BEFORE_SOLUTION
from quantlab.lessons.catalogue import all_exercises, load_quiz
from quantlab.zoo.pretrained import SHIPPED

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
WORDS = {3: "three", 9: "nine"}


def test_its_numbers_are_the_projects() -> None:
    assert f"`quick_test` asks {WORDS[len(load_quiz('quick_test').questions)]} questions" in README
    assert f"the next of {WORDS[len(all_exercises()[0].hints)]} hints" in README
    assert f"after a pass or {WORDS[ATTEMPTS_BEFORE_SOLUTION]} attempts" in README
    samples = [path for path in (ROOT / "autograder" / "samples").iterdir() if path.is_dir()]
    assert f"on {WORDS[len(samples)]} sample submissions" in README


def test_what_it_names_is_there() -> None:
    for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README):
        assert (ROOT / picture).is_file(), picture
    rows = [row.split("|")[1] for row in README.splitlines() if row.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert len(named) > 6
    for name in named:
        assert (ROOT / name).exists(), name


def test_each_section_for_a_user_is_short() -> None:
    for user in ("Learn", "Teach", "Practise alone"):
        section = re.search(rf"^## {user}\n(.*?)^## ", README, re.M | re.S)
        assert section, user
        assert len([row for row in section[1].splitlines() if row.strip()]) < 10, user


def test_its_way_to_quantize_a_model_runs(tmp_path, monkeypatch, capsys) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 4)
    names = {
        "model": nn.Sequential(*layers).eval(),
        "batches": [np.random.default_rng(0).random((8, 3, 8, 8), dtype=np.float32)],
    }
    monkeypatch.chdir(tmp_path)
    exec(code, names)
    said = capsys.readouterr().out
    assert "integers differ" in said
    assert "INT8" in said
    assert "rounds in turn" in said
    assert {path.name for path in tmp_path.iterdir()} == {"fp32.onnx", "int8.onnx"}


def test_its_figures_are_the_benchmarks() -> None:
    results = {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in (ROOT / "benchmarks" / "results").glob("*.json")
    }
    text = " ".join(README.split())
    bits = results["bit_exact"]
    assert f"of {bits['values']:,} integers {bits['mismatches']} differ" in text
    assert f"{len(bits['per_operator'])} kinds of operators" in text
    assert f"{WORDS[len(bits['per_net'])]} networks" in text
    foreign = results["architectures"]["counts"]
    assert f"takes {foreign['nets']} networks that nobody here wrote" in text
    assert f"{foreign['exported']} become a file" in text
    assert foreign["slower"] == 0
    assert f"of the {foreign['timed']} that ONNX Runtime's own quantizer gets through" in text
    assert f"of {foreign['values']:,} integers {foreign['mismatches']} differ" in text
    race = results["capstone"]
    assert capstone_table.markdown(race) in README
    assert f"{race['sla_ms']:g} ms a frame" in text
    frames = {row["name"]: row["ms_p50"] for row in race["plans"]}
    assert race["sla_ms"] > min(frames.values()) == frames[GOOD]
    assert f"it takes {frames[GOOD]:.1f} ms a frame on this machine, the fewest of all." in text
    assert f"wins back {100 * race['recovered_by_qat']:.0f} %" in text
    assert f"one thread, {race['machine']['cpu']};" in text
    card = json.loads((SHIPPED / "detector.json").read_text("utf-8"))
    scores = card["test"]["numbers"]
    assert f"mAP {100 * scores['AP']:.1f} (AP50 {100 * scores['AP50']:.1f})" in text
    assert f"{card['training']['seconds'] / 60:.0f} minutes on {card['machine']['cores']}" in text
    assert f"on {race['scenes']:,} test scenes" in text
    for name, words in (
        ("segmenter", "mIoU {} on {} test"),
        ("classifier", "top-1 {} on {} crops"),
    ):
        test = json.loads((SHIPPED / f"{name}.json").read_text("utf-8"))["test"]
        (score,) = test["numbers"].values()
        assert words.format(f"{100 * score:.1f}", f"{test['images']:,}") in text
    compared = results["quantizers"]
    net = compared["nets"][-1]
    assert quantizers.markdown(net) in README
    assert f"FP32 gets {net['accuracy_fp32']:.1f} %" in text
    assert f"of {compared['images']:,} images" in text


def test_its_commands_exist(capsys) -> None:
    for name in re.findall(r"^autograder (\w+)", README, re.M):
        assert name in COMMANDS, name
    for name in set(re.findall(r"`quantlab (\w+)", README)):
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0, name
    assert "usage: quantlab" in capsys.readouterr().out
