"""Whole or not at all: after errors, Ctrl-C and in folders where nothing can be written."""

import os
import stat

import pytest

from quantlab.base.atomic import replacing


def test_the_file_appears_only_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.parent == tmp_path
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_the_old_file_is_exchanged_not_overwritten(tmp_path):
    """Its other name still leads to it, as whoever reads it meanwhile does."""
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    path.write_text("old")
    os.link(path, other)
    with replacing(path) as temporary:
        temporary.write_text("new")
    assert (path.read_text(), other.read_text()) == ("new", "old")


def test_its_permissions_are_those_of_any_new_file(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("")
    with replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert len(modes) == 1


def write_half(path, interruption: type[BaseException]) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise interruption


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError, SystemExit])
def test_an_interrupted_writer_leaves_what_was_there(tmp_path, interruption):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(interruption):
        write_half(path, interruption)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_ctrl_c_leaves_no_file(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / "a.txt", KeyboardInterrupt)
    assert os.listdir(tmp_path) == []


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    link = tmp_path / "a.txt"
    link.symlink_to(tmp_path / "far" / "b.txt")
    with replacing(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert (tmp_path / "far" / "b.txt").read_text() == "new"


def test_a_folder_that_is_missing(tmp_path):
    path = tmp_path / "none" / "a.txt"
    with pytest.raises(FileNotFoundError) as caught, replacing(path):
        pass
    assert str(path) in str(caught.value)
    assert "choose a folder that exists" in str(caught.value)


def test_a_file_where_a_folder_is_meant(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OSError, match="cannot be written"),
        replacing(tmp_path / "file" / "a.txt"),
    ):
        pass


def test_a_folder_is_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"), replacing(tmp_path):
        pass


def test_a_full_disk_is_one_sentence(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(OSError, match=r"a\.txt cannot be written") as caught, replacing(path):
        raise OSError(28, os.strerror(28))
    assert os.strerror(28) in str(caught.value)
    assert os.listdir(tmp_path) == []
