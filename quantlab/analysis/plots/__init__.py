"""matplotlib figures of the analyses, one a file. matplotlib is loaded when a figure is drawn.

Every function returns a Figure that pyplot does not know: nothing stays open, no setting of the
caller's changes. `alt_text(figure)` is the sentence for a reader who cannot see it.
"""

from quantlab.analysis.plots.style import alt_text

__all__ = ["alt_text"]
