"""What scrolls sideways is reached by Tab, scrolled by the arrow keys and named, while it scrolls.

Whether a table fits depends on the page's width, so only a script in the page knows. What fits is
no stop of the keyboard: a lesson has dozens of tables. Where no script may run (a notebook that is
not trusted yet, a page of a code host) the style sheet that makes a box scroll is stripped, too.
"""

from __future__ import annotations

#: A key on a box that has the focus is the reader's: in JupyterLab `d` typed twice deletes a cell.
_ATTRIBUTES = (
    "{tabindex: '0', role: 'region', 'data-lm-suppress-shortcuts': 'true',"
    " 'aria-label': box.querySelector('caption')?.textContent || '%s'}"
)


def reachable(box: str, name: str) -> str:
    """The HTML of one element that scrolls where it is too narrow, and the script that watches it.

    name  what a screen reader says of it where it holds no table with a caption: letters alone.
    """
    return (
        f"{box}<script>{{const box = document.currentScript.previousElementSibling;"
        f"const said = {_ATTRIBUTES % name};"
        "const watch = new ResizeObserver(() => {"
        "const scrolls = box.scrollWidth > box.clientWidth;"
        "for (const [name, value] of Object.entries(said))"
        " scrolls ? box.setAttribute(name, value) : box.removeAttribute(name);});"
        "for (const part of [box, ...box.children]) watch.observe(part);}</script>"
    )
