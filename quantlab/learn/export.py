"""What `quantlab progress export FILE` writes: everything, or what helps to improve the exercises.

For the latter a learner gives verdicts, named misconceptions, hints and quiz answers away: no name,
no time, no code. Nothing sends the file anywhere. An instructor reads a folder of such files with
`autograder report --items --learners FOLDER`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from quantlab.learn.progress import Progress

SCHEMA = 1
#: What the file says it is.
FOR = "items"


def write_export(progress: Progress, file: Path, *, only_for_items: bool) -> str:
    """Write the file, and say so in a sentence. Raises OSError where it cannot be written."""
    data = for_items(progress) if only_for_items else progress.export()
    file.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if only_for_items:
        return f"Wrote what helps to improve the exercises to {file}. Nothing was sent."
    return f"Wrote the progress of {progress.user} to {file}."


def for_items(progress: Progress) -> dict[str, Any]:
    """Verdicts and named misconceptions in their order, hints taken, and the first quiz answers."""
    whole = progress.export()
    return {
        "schema": SCHEMA,
        "for": FOR,
        "exercises": {
            id: {
                "attempts": [
                    {name: attempt[name] for name in ("verdict", "misconception")}
                    for attempt in one["attempts"]
                ],
                "hints": one["hints"],
                "solution_opened": one["solution_opened"],
            }
            for id, one in whole["exercises"].items()
        },
        "quizzes": {id: runs[0]["answers"] for id, runs in whole["quizzes"].items()},
    }
