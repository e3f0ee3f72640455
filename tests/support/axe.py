"""axe-core over what a browser shows: those rules of WCAG 2.2 AA that a machine can decide."""

from axe_playwright_python.sync_playwright import Axe

#: axe's names for the levels A and AA of WCAG 2.0, 2.1 and 2.2; 2.2 added no rule of level A.
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
#: Without a preload: axe would fetch style sheets once more, and some of them from wrong addresses.
OPTIONS = {
    "runOnly": {"type": "tag", "values": WCAG},
    "resultTypes": ["violations"],
    "preload": False,
}


def violations(page, *ours: str) -> list[str]:
    """One line for each element that breaks a rule: the rule, the element, what axe asks for.

    ours   CSS selectors of what is looked at, the whole page without any. Each of them has to find
           something: axe refuses one that finds nothing, and so does this where no rule applied.
    """
    context = {"include": [[selector] for selector in ours]} if ours else None
    response = Axe().run(page, context, OPTIONS).response
    assert response["passes"] or response["violations"], f"axe found nothing to judge in {ours}"
    return [
        f"{rule['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for rule in response["violations"]
        for node in rule["nodes"]
    ]
