"""nbgrader starts programs by name (`alembic`, to create a gradebook): they must be on the path."""

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
