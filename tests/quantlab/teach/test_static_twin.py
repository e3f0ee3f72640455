"""The twin comes first and survives without widget state; see the module's docstring."""

import ipywidgets as widgets
import nbformat
import pytest
from nbconvert import HTMLExporter

from quantlab.teach import static_twin
from quantlab.teach.static_twin import WIDGET_VIEW, WidgetTwin


@pytest.fixture
def twin() -> WidgetTwin:
    return WidgetTwin(widgets.HTML("live"), '<img alt="still" src="x">', "still")


def test_the_twin_is_an_output_of_its_own_before_the_widget(twin):
    still, live = twin.bundles()
    assert WIDGET_VIEW not in still
    assert '<img alt="still" src="x">' in still["text/html"]
    assert still["text/plain"].startswith("still")
    assert live[WIDGET_VIEW]["model_id"] == twin.widget.model_id


def test_the_style_rule_names_this_widget_and_no_other(twin):
    still, _ = twin.bundles()
    (live,) = (name for name in twin.widget._dom_classes if name.startswith("quantlab-live"))
    assert f":has(.{live})" in still["text/html"]


def test_displaying_publishes_both(twin, monkeypatch):
    published = []
    monkeypatch.setattr(
        static_twin, "display", lambda bundle, raw: published.append((list(bundle), raw))
    )
    twin._ipython_display_()
    assert published == [
        (["text/html", "text/plain"], True),
        ([WIDGET_VIEW, "text/plain"], True),
    ]


def test_a_page_made_without_widget_state_shows_the_twin(twin):
    outputs = [nbformat.v4.new_output("display_data", data=data) for data in twin.bundles()]
    cell = nbformat.v4.new_code_cell("explore()", outputs=outputs)
    page, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    assert '<img alt="still" src="x"/>' in page.replace('">', '"/>')
    assert twin.widget.model_id not in page


def test_a_terminal_shows_the_text(twin):
    assert repr(twin) == "still"
