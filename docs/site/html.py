"""From the sources to HTML: Sphinx in a process of its own.

It marks the functions that it documents (`autodoc_preserve_defaults` gives them another signature):
whoever builds the pages shall not find the library changed afterwards.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docs.site.lesson_runs import ROOT

HERE = Path(__file__).parent


def write_html(sources: Path, site: Path, doctrees: Path) -> bool:
    """Write the pages into `site`; whether there was nothing to warn of. Warnings are shown."""
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fresh-env", "--fail-on-warning"]
    kept = ["--conf-dir", f"{HERE}", "--doctree-dir", f"{doctrees}"]
    return not subprocess.run([*command, *kept, f"{sources}", f"{site}"], cwd=ROOT).returncode
