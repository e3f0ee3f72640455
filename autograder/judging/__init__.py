"""Answers are asked in a sandbox and judged here, in the trusted process.

`grade_one.grade_one(submission, release_hash, release=..., settings=...) -> str` is the unit of
work, pure and idempotent: the bytes of `Submission.to_bytes()` and the released notebook's file go
in, JSON comes out, `{"record": Record.to_dict(), "notebook": nbformat 4}`.
"""
