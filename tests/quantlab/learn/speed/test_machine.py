"""The machine's description, and its cache from files that may or may not be there."""

from quantlab.learn.speed.machine import describe_machine, last_level_cache


def test_the_largest_cache_counts(tmp_path):
    for index, size in enumerate(("64K", "512K", "32M")):
        (tmp_path / f"index{index}").mkdir()
        (tmp_path / f"index{index}" / "size").write_text(size + "\n")
    assert last_level_cache(tmp_path) == 32 * 2**20


def test_an_unknown_cache_is_none(tmp_path):
    assert last_level_cache(tmp_path / "none") is None


def test_the_description_names_the_versions():
    assert "onnxruntime" in describe_machine()
