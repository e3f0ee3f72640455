"""Sphinx reads this: the reference of every public name, from the docstrings alone.

sphinx-build -W -b html docs/reference build/reference
"""

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))  # `docs` and the quantlab beside it, whatever is installed

from docs.reference.pages import write_pages  # noqa: E402
from docs.reference.plain_docstrings import as_restructured_text  # noqa: E402
from quantlab import __version__  # noqa: E402

project = "QuantLab"
author = copyright = "QuantLab contributors"
release = version = __version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
exclude_patterns: list[str] = []
# A name in single backticks becomes a link where it is one, and code everywhere.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autosummary_generate = False  # one page a room: no page of its own for each name
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "QuantLab reference"
html_copy_source = False
html_theme_options = {"show_prev_next": False, "header_links_before_dropdown": 12}
html_sidebars: dict[str, list[str]] = {"**": []}

# Written before Sphinx looks for its pages; git ignores them.
write_pages(HERE)


def setup(app: Sphinx) -> None:
    """Sphinx calls this: docstrings are made ready before numpydoc reads them."""

    def ready(
        app: Sphinx, what: str, name: str, found: Any, options: Any, lines: list[str]
    ) -> None:
        lines[:] = as_restructured_text(lines)

    app.connect("autodoc-process-docstring", ready, priority=100)  # numpydoc comes at 500
