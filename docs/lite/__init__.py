"""Lessons in a browser tab, with nothing installed: a JupyterLite site with everything it needs.

`build` writes it. What the kernel loads is a Pyodide set, checked file by file against the hashes
in `pins.json`, and wheels that are packed here: of the course and of what it stands on.
"""

from docs.lite.site import LESSONS, Built, LiteError, build

__all__ = ["LESSONS", "Built", "LiteError", "build"]
