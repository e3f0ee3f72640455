"""A box that scrolls sideways is a stop of the keyboard with a name, and only while it scrolls."""

import pytest

from quantlab.base.report import Listing
from quantlab.base.table import Column, Table
from quantlab.teach.judging.card import Card
from tests.support.axe import violations

NARROW, WIDE = 320, 1280
ROW = {f"n{i}": 123456.5 for i in range(5)}
TABLE = Listing("Five numbers", Table([Column(f"n{i}", f"n{i}", ",.2f") for i in range(5)], [ROW]))
CODE = Card("Solution", code="answer = " + " + ".join(f"number_{i}" for i in range(5)))
SHOWN = {
    "Five numbers": (".quantlab-report", TABLE._repr_html_()),
    "Code": ("pre", CODE._repr_mimebundle_()["text/html"]),
}
PAGE = '<!doctype html><html lang="en"><title>One page</title><main>{}</main></html>'


@pytest.fixture(params=SHOWN)
def box(page, request):
    """What scrolls on a page that has nothing else, as narrow as a phone; its name."""
    selector, html = SHOWN[request.param]
    page.set_viewport_size({"width": NARROW, "height": 800})
    page.set_content(PAGE.format(html))
    page.locator(f"{selector}[tabindex]").wait_for()
    return page.locator(selector), request.param


def test_tab_reaches_it_and_the_arrow_keys_move_it(page, box):
    scrolls, name = box
    assert page.get_by_role("region", name=name, exact=True).count() == 1
    page.keyboard.press("Tab")
    assert scrolls.evaluate("e => e === document.activeElement")
    outline = scrolls.evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline != "none"
    page.keyboard.press("ArrowRight")
    page.wait_for_function("e => e.scrollLeft > 0", arg=scrolls.element_handle())
    assert violations(page) == []


def test_what_fits_is_no_stop(page, box):
    scrolls, _ = box
    page.set_viewport_size({"width": WIDE, "height": 800})
    page.locator("[tabindex]").wait_for(state="detached")
    assert scrolls.get_attribute("role") is None
    page.keyboard.press("Tab")
    assert not scrolls.evaluate("e => e === document.activeElement")
