"""What moves on a page, or would if something changed."""

_MOVES = """all => all.filter(e => {
    const style = getComputedStyle(e), longest = s => Math.max(...s.split(',').map(parseFloat));
    return style.animationName !== 'none' || longest(style.transitionDuration) > 0;
}).map(e => e.outerHTML.slice(0, 120))"""


def moving(page, selector: str = "*") -> list[str]:
    """The beginnings of elements that move although the reader's system asks for no motion."""
    page.emulate_media(reduced_motion="reduce")
    found: list[str] = page.locator(selector).evaluate_all(_MOVES)
    page.emulate_media(reduced_motion="no-preference")
    return found
