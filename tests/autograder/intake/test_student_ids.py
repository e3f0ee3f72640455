"""Names of any script are ids; paths, patterns and archive folders are not."""

import unicodedata

import pytest

from autograder.intake.student_ids import is_id


@pytest.mark.parametrize(
    "name",
    [
        "ada", "a", "12", "Zoë Müller", unicodedata.normalize("NFD", "Zoë Müller"), "हिन्दी",
        "தமிழ்", "ศิริ", "محمد", "王小明", "Nguyễn", "O'Brien", "ann@uni.edu", "می\u200cخواهم",
        "d.o-e_1", "a" * 100,
    ],
)  # fmt: skip
def test_a_name_of_any_script_is_an_id(name):
    assert is_id(name)


@pytest.mark.parametrize(
    "name",
    [
        "", " ada", "ada ", "_ada", ".ada", "-ada", "a+b", "Ann (1)", "Doe, Ann", "a/b", "a\\b",
        "a*",
        "[a]", "a\nb", "a\tb", "=1", "a\u200d", "\u0301a", "a\ud800", "a\u202eb", "a" * 101,
    ],
)  # fmt: skip
def test_what_a_path_a_pattern_or_a_table_could_misread_is_none(name):
    assert not is_id(name)
