"""The helper that judges pages finds what is wrong, where it was told to look, and nothing else."""

import pytest
from playwright.sync_api import Error

from tests.support.axe import violations

#: 3.54 to 1, and what a reader with low vision needs is 4.5 to 1 (WCAG 2.2, 1.4.3).
PALE = '<p id="pale" style="color: #888; background: #fff">Hard to read</p>'
PAGE = f"""<!doctype html><html lang="en"><title>One page</title><main>
<p id="plain">Easy to read</p>{PALE}<img id="bare" src="data:,"></main></html>"""


def test_what_breaks_a_rule_is_named_once(page):
    page.set_content(PAGE)
    found = violations(page)
    assert sorted(line.partition(":")[0] for line in found) == ["color-contrast", "image-alt"]
    assert any('id="pale"' in line and "3.54" in line for line in found)


def test_only_what_it_is_told_to_look_at_counts(page):
    page.set_content(PAGE)
    assert violations(page, "#plain") == []
    assert len(violations(page, "#plain", "#bare")) == 1


def test_looking_at_nothing_is_an_error(page):
    page.set_content(PAGE)
    with pytest.raises(Error, match="No elements found for include"):
        violations(page, "#nowhere")
