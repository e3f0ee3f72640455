"""Sphinx reads this: how the pages look that docs/site/pages.py has written."""

import sys
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))  # `docs` and the quantlab beside it, whatever is installed

from docs.reference.plain_docstrings import as_restructured_text  # noqa: E402
from docs.site import formulas  # noqa: E402
from docs.site.word_links import WordLinks, link_lessons  # noqa: E402
from quantlab import __version__  # noqa: E402

project = "QuantLab"
author = copyright = "QuantLab contributors"
release = version = __version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "myst_nb"]
# A name in single backticks becomes a link where it is one, and code everywhere.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True  # as the code says it: a value may hold a path of this machine
autosummary_generate = False  # one page a room: no page of its own for each name
numpydoc_show_class_members = False

nb_execution_mode = "off"  # docs/site/lesson_runs.py has run them
nb_merge_streams = True  # what a cell prints line by line is one text
nb_ipywidgets_js: dict[str, Any] = {}  # no widget lives here: their twins stand in the page
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
# A lesson begins with its title and goes on with small headings.
suppress_warnings = ["myst.header"]

html_theme = "pydata_sphinx_theme"
html_title = "QuantLab"
html_copy_source = False
html_static_path = ["static"]
html_favicon = "static/favicon.svg"
html_css_files = ["site.css"]
html_math_renderer = formulas.NAME
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
# Pages that stand alone have no neighbours to list.
html_sidebars: dict[str, list[str]] = {
    name: [] for name in ("index", "glossary", "ask", "README", "reference/index")
}


def setup(app: Sphinx) -> None:
    """Sphinx calls this: what our docstrings, formulas and words need beyond its own."""
    formulas.setup(app)
    app.add_post_transform(WordLinks)
    app.connect("doctree-resolved", link_lessons)

    def ready(
        app: Sphinx, what: str, name: str, found: Any, options: Any, lines: list[str]
    ) -> None:
        lines[:] = as_restructured_text(lines)

    app.connect("autodoc-process-docstring", ready, priority=100)  # numpydoc comes at 500
