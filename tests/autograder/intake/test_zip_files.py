"""A zip that wants out of its folder, or to fill the disk, is refused entry by entry."""

import io
import stat
import zipfile

import pytest

from autograder.intake import zip_files
from autograder.intake.zip_files import BadZip, entries_of, opened, read


def made(*entries):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, content in entries:
            whole.writestr(name, content)
    data.seek(0)
    return data


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../../etc/x.ipynb", "leads out of the zip"),
        ("/etc/x.ipynb", "leads out of the zip"),
        ("a/../../x.ipynb", "leads out of the zip"),
        ("..\\..\\x.ipynb", "leads out of the zip"),
        ("C:/x.ipynb", "leads out of the zip"),
        ("a/" * 20 + "x.ipynb", "too deep"),
        ("x" * 2_000, "too long"),
        (link("x.ipynb"), "links are never followed"),
    ],
)
def test_a_name_or_a_kind_that_is_refused(name, words):
    with opened(made((name, "/etc/passwd")), "a.zip") as whole:
        (entry,) = entries_of(whole)
        assert words in entry.refused
        with pytest.raises(BadZip, match="x"):
            read(whole, entry, 100)


def test_what_really_comes_out_is_capped():
    bomb = made(("x.ipynb", b"0" * 10_000_000))
    assert len(bomb.getvalue()) < 20_000
    with opened(bomb, "a.zip") as whole:
        (entry,) = entries_of(whole)
        with pytest.raises(BadZip, match="larger than 1 MB"):
            read(whole, entry, 1_000_000)
        assert len(read(whole, entry, 10_000_000)) == 10_000_000


def test_an_entry_that_lies_about_its_size_is_refused():
    data = made(("x.ipynb", b"0" * 100_000)).getvalue()
    lie = data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    with opened(io.BytesIO(lie), "a.zip") as whole:
        (entry,) = entries_of(whole)
        with pytest.raises(BadZip):
            read(whole, entry, 50)


def test_too_many_and_too_much_are_refused_as_a_whole(monkeypatch):
    monkeypatch.setattr(zip_files, "MOST_ENTRIES", 3)
    with (
        pytest.raises(BadZip, match="at most 3"),
        opened(made(*[(f"{n}", "") for n in range(4)]), "a"),
    ):
        pass
    monkeypatch.setattr(zip_files, "LARGEST_WHOLE", 10)
    with pytest.raises(BadZip, match="unpacked"), opened(made(("x", "0" * 11)), "a"):
        pass


def test_what_is_no_zip_is_one_sentence(tmp_path):
    (tmp_path / "a.zip").write_text("no zip")
    with pytest.raises(BadZip, match="is no zip"), opened(tmp_path / "a.zip", "a.zip"):
        pass
    with pytest.raises(BadZip, match="cannot be read"), opened(tmp_path / "b.zip", "b.zip"):
        pass
    whole = made(("x.ipynb", "0123456789" * 100)).getvalue()
    damaged = whole[:40] + b"\xff\xff\xff" + whole[43:]
    with opened(io.BytesIO(damaged), "a.zip") as opened_zip:
        (entry,) = entries_of(opened_zip)
        with pytest.raises(BadZip):
            read(opened_zip, entry, 10_000)
