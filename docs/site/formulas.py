"""Formulas as MathML, which browsers draw themselves: no script, and nothing from elsewhere."""

from __future__ import annotations

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

NAME = "mathml"


def setup(app: Sphinx) -> None:
    """Make the renderer known under NAME, for `html_math_renderer`."""
    app.add_html_math_renderer(NAME, (_inline, None), (_block, None))


def _inline(page: HTML5Translator, node: nodes.math) -> None:
    page.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _block(page: HTML5Translator, node: nodes.math_block) -> None:
    page.body.append(f"<div>{tex2mathml(node.astext(), as_block=True)}</div>\n")
    raise nodes.SkipNode
