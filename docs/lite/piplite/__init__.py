"""Stands in for JupyterLite's package installer, which its kernel imports: here is none.

All that the lessons need is there before the first cell runs, and the page asks no other computer
for anything.
"""

from typing import Any

SENTENCE = (
    "Nothing can be installed in this page: it holds what its lessons need and asks no other "
    "computer. Install the course to work with other packages."
)


async def install(*requirements: Any, **options: Any) -> None:
    """What the kernel calls for a package that it misses."""
    raise RuntimeError(SENTENCE)
