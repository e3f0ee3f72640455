"""Which folder names are ids of a student or a lesson, and which are no submissions at all."""

from __future__ import annotations

import unicodedata

LONGEST = 100
SIGNS = frozenset("._-@' ")
#: Zero-width joiners: invisible, and part of how Persian and several Indian names are spelt.
JOINERS = frozenset("\u200c\u200d")
#: What archive tools, file servers and file managers leave beside the folders of a class.
NO_STUDENTS = frozenset(
    {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)
EXPECTED = (
    f"letters and digits of any script, spaces and . _ - @ ', at most {LONGEST} of them, with a "
    "letter or digit first and no space at the end"
)


def is_id(name: str) -> bool:
    """Whether a folder name can be an id: a name in any script, which no path, pattern or CSV
    field mistakes for something else."""
    return (
        0 < len(name) <= LONGEST
        and name[0].isalnum()
        and name[-1] not in JOINERS | {" "}
        and all(c.isalnum() or c in SIGNS | JOINERS or _is_mark(c) for c in name)
    )


def _is_mark(character: str) -> bool:
    """A combining mark: an accent on its own (as macOS writes names), a vowel sign, a tone."""
    return unicodedata.category(character).startswith("M")
