"""What a lesson keeps: written whole under its head, read as it was found."""

from pathlib import Path

from quantlab.teach.kept import kept_path, read_kept, write_kept


def test_what_is_kept_stands_in_the_lesson_of_the_file_that_made_it() -> None:
    assert kept_path("lessons/lesson_04/material/kept.py") == Path("lessons/lesson_04/kept.yaml")


def test_what_was_found_is_read_again(tmp_path) -> None:
    path, found = tmp_path / "kept.yaml", {"top-1": {"minmax": 98.7}, "alone": ["a", "b"]}
    write_kept(path, "# What `measure()` found.\n", found)
    assert read_kept(path) == found
    assert path.read_text().startswith("# What `measure()` found.\n")
