"""The look of a page that is handed out: light or dark as its reader's system, WCAG 2.2 AA in both.

nbgrader's page is Bootstrap's, which is light only, and whose links and labels are too faint.
"""

from __future__ import annotations

from functools import cache

from pygments.formatters import HtmlFormatter

from quantlab.teach.pictures.theme import OF_A_PAGE

#: Paper as dark as that of a picture which turned, see `theme`.
COLOURS = """
:root {color-scheme: light dark; --ink: #1B1F24; --paper: #FFFFFF; --soft: #F3F5F7;
--line: #C3C9D0; --link: #0B5C97; --alarm: #A8261C}
@media (prefers-color-scheme: dark) {:root {--ink: #E8EAED; --paper: #121212; --soft: #1E2126;
--line: #434A54; --link: #7CC0F0; --alarm: #FF9A90}}
"""

RULES = """
body, .panel, .panel-body, div#notebook, div#notebook-container, .input_area, .highlight
{background: var(--paper) !important; color: var(--ink) !important}
body {line-height: 1.5}
.panel, .panel-heading, .panel-footer, table, td, th, blockquote, hr, pre, .input_area
{border-color: var(--line) !important}
.panel-heading, .panel-footer, pre, code, tr, td, th {background: var(--soft) !important;
color: var(--ink) !important}
.panel-heading {height: auto !important; overflow: hidden}
.highlight pre {background: var(--paper) !important}
pre {white-space: pre-wrap !important; overflow-wrap: anywhere; overflow: visible !important}
h1, h2, h3, h4, h5, h6, p, li, .score, div.prompt, .panel-heading .nbgrader-label, summary
{color: var(--ink) !important}
a, .panel-heading a {color: var(--link) !important; text-decoration: underline}
a:focus-visible, summary:focus-visible {outline: 2px solid var(--link); outline-offset: 2px}
a.anchor-link {display: none}
#toc li, .pull-right, summary {line-height: 28px}
#toc a, .pull-right a {display: inline-block; min-width: 28px; min-height: 28px}
li.late-penalty {color: var(--alarm) !important}
.rendered_html {overflow-x: visible}
.rendered_html img {max-width: 100%}
div.prompt {min-width: 0}
@media (prefers-reduced-motion: reduce) {* {transition: none !important}}
"""

#: More for a page of ours: what came in could not be read, and nbgrader has no page for it.
SMALL = "body {font: 16px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 46em; \
padding: 0 1em}"


@cache
def style_of_a_page(more: str = "") -> str:
    """A style element: colours, rules, and code in colours that are read on either ground."""
    light, dark = (
        HtmlFormatter(style=name).get_style_defs(".highlight") for name in ("xcode", "github-dark")
    )
    code = f"{light}\n@media (prefers-color-scheme: dark) {{{dark}}}"
    return f"<style>{code}{COLOURS}{RULES}{OF_A_PAGE}{more}</style>"


def dress(page: str) -> str:
    """nbgrader's page with this style after its own, and its language named."""
    return page.replace("<html>", '<html lang="en">', 1).replace(
        "</head>", f"{style_of_a_page()}\n</head>", 1
    )
