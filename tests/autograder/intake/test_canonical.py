"""A submission travels as bytes: the same one gives the same bytes and comes back whole."""

from autograder.intake.ingest import Submission

ONE = Submission(
    "zoë", "01_tiny", b"\x00{}\xff", (("q.answers.json", b"{}"),), "ab", ("a note",), "2026-01-01"
)


def test_a_submission_comes_back_whole():
    assert Submission.from_bytes(ONE.to_bytes()) == ONE
    assert ONE.to_bytes() == Submission.from_bytes(ONE.to_bytes()).to_bytes()
