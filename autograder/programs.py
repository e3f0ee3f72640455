"""How the programs of this package start: what must be on the path, and what need not be loaded."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def put_own_programs_on_path() -> None:
    """Put this environment's programs first on PATH, also when it was never activated."""
    own = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "")
    if own not in path.split(os.pathsep):
        os.environ["PATH"] = own + os.pathsep + path


def skip_slow_imports() -> None:
    """Leave out a package that takes a second to load and that nothing here uses.

    jsonschema, which nbformat checks notebooks with, loads `rfc3987_syntax` where it is installed,
    and that builds a grammar of web addresses. No field of a notebook is such an address.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
