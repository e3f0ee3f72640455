"""From the sources to HTML: Sphinx, called so that Ctrl-C and every warning come through."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import docutils_namespace, patch_docutils

HERE = Path(__file__).parent


def write_html(sources: Path, site: Path, doctrees: Path) -> bool:
    """Write the pages into `site`; whether there was nothing to warn of. Warnings are shown."""
    try:
        with patch_docutils(HERE), docutils_namespace():
            app = Sphinx(
                sources,
                HERE,
                site,
                doctrees,
                "html",
                status=None,
                freshenv=True,
                warningiserror=True,
            )
            app.build()
    except SphinxError as fault:
        print(fault, file=sys.stderr)
        return False
    return not app.statuscode
