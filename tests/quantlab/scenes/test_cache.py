"""The cache: the same scenes, whole files only, a limit, and files mended when damaged."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from quantlab.scenes import Cache, render
from quantlab.scenes.scene import Scene


def assert_same(a: Scene, b: Scene) -> None:
    np.testing.assert_array_equal(a.image, b.image)
    np.testing.assert_array_equal(a.mask, b.mask)
    assert a.boxes == b.boxes
    assert a.slices == b.slices


def only_file(folder: Path) -> Path:
    (path,) = folder.rglob("*.scene")
    return path


def test_a_kept_scene_is_the_drawn_one(tmp_path):
    cache = Cache(tmp_path)
    drawn = cache.scene(4, 96, 64)
    read = cache.scene(4, 96, 64)
    assert_same(drawn, render(4, 96, 64))
    assert_same(read, drawn)
    assert cache.nbytes() == only_file(tmp_path).stat().st_size


def test_a_second_look_does_not_draw(tmp_path, monkeypatch):
    cache = Cache(tmp_path)
    kept = cache.scene(4, 96, 64)
    monkeypatch.setattr("quantlab.scenes.cache.render", lambda *_: pytest.fail("drawn again"))
    assert_same(cache.scene(4, 96, 64), kept)


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.99])
def test_a_truncated_file_is_drawn_again(tmp_path, keep):
    cache = Cache(tmp_path)
    cache.scene(4, 64, 64)
    path = only_file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: keep if keep in (0, 1, 100) else int(keep * len(whole))])
    assert_same(cache.scene(4, 64, 64), render(4, 64, 64))
    assert_same(cache.scene(4, 64, 64), render(4, 64, 64))
    assert path.stat().st_size == len(whole)


def test_a_file_with_one_byte_changed_gives_no_wrong_picture(tmp_path):
    """Every 97th byte in turn."""
    cache, true = Cache(tmp_path), render(4, 32, 32)
    cache.scene(4, 32, 32)
    path = only_file(tmp_path)
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        assert_same(cache.scene(4, 32, 32), true)


def test_a_file_of_another_size_in_its_place_is_drawn_again(tmp_path):
    cache = Cache(tmp_path)
    cache.scene(4, 64, 64)
    path = only_file(tmp_path)
    cache.scene(4, 32, 32)
    (small,) = tmp_path.rglob("32x32/4.scene")
    path.write_bytes(small.read_bytes())
    assert_same(cache.scene(4, 64, 64), render(4, 64, 64))


def test_the_oldest_scenes_go_when_the_limit_is_passed(tmp_path):
    everything = Cache(tmp_path)
    for seed in range(8):
        everything.scene(seed, 64, 64)
    paths = {int(p.stem): p for p in tmp_path.rglob("*.scene")}
    for seed, path in paths.items():
        os.utime(path, (1000 + seed, 1000 + seed))
    limit = everything.nbytes() // 2
    Cache(tmp_path, limit=limit).shrink()
    left = sorted(int(p.stem) for p in tmp_path.rglob("*.scene"))
    assert Cache(tmp_path).nbytes() <= limit
    assert left == list(range(8))[-len(left) :], "the newest are kept"
    assert left


def test_writing_keeps_the_limit(tmp_path):
    """The folder is measured at the 1st, 65th, 129th ... write, so 64 scenes may stand over it."""
    one = Cache(tmp_path / "one")
    one.scene(0, 32, 32)
    cache = Cache(tmp_path / "many", limit=3 * one.nbytes())
    for seed in range(66):
        cache.scene(seed, 32, 32)
    assert cache.nbytes() < 8 * one.nbytes()


def test_two_processes_at_once_see_whole_files_only(tmp_path):
    code = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from quantlab.scenes import Cache, render\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        "for seed in [*range(12)] * 2:\n"
        "    a, b = cache.scene(seed, 48, 48), render(seed, 48, 48)\n"
        "    assert a.image.tobytes() == b.image.tobytes() and a.boxes == b.boxes, seed\n"
    )
    root = str(Path(__file__).parents[3])
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), root], stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for run in runs:
        _, complaint = run.communicate(timeout=300)
        assert run.returncode == 0, complaint.decode()
    assert len(list(tmp_path.rglob("*.scene"))) == 12
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".scene"}


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(OSError, match=r"cannot be written .*name another with Cache\(folder\)\."):
        Cache(blocked).scene(1, 32, 32)
