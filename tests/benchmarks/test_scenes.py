"""The benchmark of the scenes times what its rows say, on the same pictures."""

import json

import numpy as np

from benchmarks import __main__ as command
from benchmarks import scenes
from quantlab.scenes import Cache, Train

WORDS = ["scenes", "--json", "--seconds", "0.01", "--size", "64", "--scenes", "2"]


def test_the_command_prints_and_keeps_one_object(tmp_path, capsys):
    assert command.main([*WORDS, "--out", str(tmp_path)]) == 0
    result = json.loads(capsys.readouterr().out)
    rows = result["per_source"]
    assert list(rows) == [scenes.DRAWN, scenes.CACHED, scenes.CROP, scenes.PILLOW]
    assert result["drawn_per_second"] == rows[scenes.DRAWN]["per_second"]
    assert rows[scenes.PILLOW]["ratio"] == 1
    assert json.loads((tmp_path / "scenes.json").read_text())["rounds"] == result["rounds"]
    assert "goal 150" in scenes.show(result)


def test_every_source_gives_the_same_scenes(tmp_path):
    calls = scenes.sources(2, 64, Cache(tmp_path))
    expected = [scene.image for scene in Train(2, width=64, height=64)]
    for name in (scenes.DRAWN, scenes.CACHED):
        assert np.array_equal([scene.image for scene in calls[name]()], expected), name
    assert np.array_equal(calls[scenes.PILLOW](), expected)
    assert [picture.shape for picture in calls[scenes.CROP]()] == 2 * [(32, 32, 3)]
