"""matplotlib figures of the analyses, one a file, of names and numbers.

Every function returns a Figure that pyplot does not know: nothing stays open, no setting of the
caller's changes. `alt_text(figure)` is the sentence for a reader who cannot see it.
"""

from quantlab.base.figure_style import alt_text

__all__ = ["alt_text"]
