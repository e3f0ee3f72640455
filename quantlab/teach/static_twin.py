"""A widget and its static twin: what a notebook shows when no kernel runs behind the widget.

JupyterLab picks one form of an output and takes the widget whenever the form is offered. In a
saved notebook without widget state it then says "Error displaying widget: model not found" and
never falls back to the other forms. So the twin is an output of its own, before the widget. A
style rule hides the twin while the widget is alive, and hides the dead widget otherwise. Where
the rule is not applied (an untrusted notebook, another viewer) the twin simply stays visible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from IPython.display import display
from ipywidgets import DOMWidget

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

_RULES = """<style>
.jp-OutputArea-child:has(.{twin}):has(~ .jp-OutputArea-child .{live}) {{ display: none; }}
.jp-OutputArea-child:has(.{twin}) + .jp-OutputArea-child:not(:has(.{live})) {{ display: none; }}
</style>"""
_HOW = "Run this cell in JupyterLab to use the controls."


@dataclass(frozen=True)
class WidgetTwin:
    """A live widget with an HTML and a plain-text twin; displays itself at the end of a cell.

    `html` and `text` say what the widget says in its first state, without a kernel and without
    JavaScript. Pictures in `html` are `<img>` with alt text, which saved notebooks keep.
    """

    widget: DOMWidget
    html: str
    text: str

    def bundles(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The two outputs, in order: the twin, then the widget. Each maps mime type to data."""
        name = uuid4().hex[:12]
        twin, live = f"quantlab-twin-{name}", f"quantlab-live-{name}"
        self.widget.add_class(live)
        still = f'<div class="{twin}">{self.html}<p><em>{_HOW}</em></p></div>'
        return (
            {
                "text/html": _RULES.format(twin=twin, live=live) + still,
                "text/plain": f"{self.text}\n{_HOW}",
            },
            # Viewers without widgets take the plain form; the twin has said everything already.
            {WIDGET_VIEW: self._view(), "text/plain": ""},
        )

    def _view(self) -> dict[str, Any]:
        return {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}

    def _ipython_display_(self) -> None:
        for bundle in self.bundles():
            display(bundle, raw=True)

    def __repr__(self) -> str:
        return self.text
