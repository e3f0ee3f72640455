"""Links from a lesson's words to the glossary, and from a lesson's name to its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from docs.site.glossary import forms, terms

#: Where lessons stand among the pages.
LESSONS = "lessons/"
#: Below these a word is a heading, a link already, code, or a page's own markup.
LEFT_ALONE = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.raw)


def link_lessons(app: Sphinx, document: nodes.document, page: str) -> None:
    """Make each lesson's name on a lesson's page a link; Sphinx calls this for each page."""
    if not page.startswith(LESSONS):
        return
    for code in list(document.findall(nodes.literal)):
        name = f"{LESSONS}{code.astext()}"
        if name in app.env.found_docs and name != page and _linkable(code.parent):
            link = nodes.reference("", "", internal=True)
            link["refuri"] = app.builder.get_relative_uri(page, name)
            _put_around(link, code)


class WordLinks(SphinxPostTransform):
    """On a lesson's page the first place of each word is a link, and so are the rows of its table
    of words."""

    default_priority = 5  # before the links are looked up, at 10

    def run(self, **kwargs: Any) -> None:
        """Sphinx calls this for each page."""
        if self.env.docname.startswith(LESSONS):
            self._table()
            self._words()

    def _table(self) -> None:
        for strong in list(self.document.findall(nodes.strong)):
            in_a_table = isinstance(strong.parent.parent, nodes.entry)
            if in_a_table and strong.astext() in terms():
                _put_around(self._link(strong.astext()), strong)

    def _words(self) -> None:
        words = forms(self.env.docname.removeprefix(LESSONS))
        if not words:
            return
        linked: set[str] = set()
        for code in list(self.document.findall(nodes.literal)):
            term = words.get(code.astext().lower())
            if term and term not in linked and _linkable(code.parent):
                linked.add(term)
                _put_around(self._link(term), code)
        either = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        found = re.compile(rf"(?<![\w-])({either})(?![\w-])", re.I)
        for text in list(self.document.findall(nodes.Text)):
            if not _linkable(text.parent):
                continue
            parts = list(self._split(str(text), found, words, linked))
            if len(parts) > 1:
                text.parent.replace(text, parts)

    def _split(
        self, text: str, found: re.Pattern[str], words: dict[str, str], linked: set[str]
    ) -> Iterator[nodes.Node]:
        """The text in pieces: what is a word for the first time on this page is a link."""
        done = 0
        for match in found.finditer(text):
            term = words[match[0].lower()]
            if term in linked:
                continue
            linked.add(term)
            if match.start() > done:
                yield nodes.Text(text[done : match.start()])
            link = self._link(term)
            link += nodes.inline("", match[0], classes=["ql-word"])
            yield link
            done = match.end()
        yield nodes.Text(text[done:])

    def _link(self, term: str) -> addnodes.pending_xref:
        return addnodes.pending_xref(
            "", refdomain="std", reftype="term", reftarget=term, refdoc=self.env.docname
        )


def _put_around(link: nodes.Element, node: nodes.Element) -> None:
    node.replace_self(link)
    link += node


def _linkable(node: nodes.Element | None) -> bool:
    """Whether a link may stand here."""
    while node is not None:
        if isinstance(node, (*LEFT_ALONE, addnodes.pending_xref)):
            return False
        if "output" in node.get("classes", ()):
            return False
        node = node.parent
    return True
