"""A record survives its file, another schema is no record, and what is printed hides the seed."""

import json
from dataclasses import replace

import pytest

from autograder.recording.record import (
    ExerciseResult,
    Record,
    read_record,
    read_records,
    write_record,
)

FULL = Record(
    "zoë",
    "01_tiny",
    "graded",
    score=3.0,
    max_score=5.0,
    exercises=(
        ExerciseResult("1.1", "correct", 3.0, 3.0, cell="check-1-1", kind="function", seed=77),
        ExerciseResult("1.2", "grader_error", None, 2.0, observed="Ours.", chosen="b"),
    ),
    notes=("a note",),
    flags=("a flag",),
    isolation="bubblewrap",
    seed=123_456_789,
    cpu_seconds=0.5,
    peak_mib=90.0,
    handed_in="2026-01-01 12:00:00 UTC",
    versions=(("python", "3.11"),),
)


def test_a_record_is_the_same_after_its_file(tmp_path):
    path = write_record(tmp_path, FULL)
    assert read_record(path) == FULL
    assert read_records(tmp_path) == (FULL,)
    assert path.stat().st_mode & 0o077 == 0


def test_a_record_of_another_schema_is_none(tmp_path):
    path = write_record(tmp_path, FULL)
    data = json.loads(path.read_text())
    path.write_text(json.dumps(data | {"schema": 1}))
    assert read_record(path) is None
    with pytest.raises(ValueError, match="schema"):
        Record.from_dict(data | {"schema": 1})


def test_a_fault_of_the_grader_stays_without_points():
    again = Record.from_dict(json.loads(json.dumps(FULL.to_dict())))
    assert again.exercises[1].points is None


def test_what_is_printed_shows_no_seed_and_no_hash():
    text = json.dumps(replace(FULL, submission_sha256="abc" * 9).public())
    assert "123456789" not in text
    assert "77" not in text
    assert "abcabc" not in text
