"""The card that a student sees on the feedback page: without a hidden case."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from quantlab.lessons.catalogue import find
from quantlab.teach.judging.card import Card, judgement_card
from quantlab.teach.judging.verdict import GroupResult, Judgement, Verdict

#: The error alone: its message may hold the case, and a student can write that message.
ERROR = re.compile(r"The code stopped with ([A-Za-z_]\w*)")


def student_card(data: dict[str, Any]) -> Card:
    """The card of a judgement, as its `to_dict` gave it, without any case that stays hidden.

    A function is called with inputs that nobody has seen, and what it gave shows them. What a
    student wrote in the notebook themselves, a value or a choice, is said as it is.
    """
    groups = tuple(GroupResult(**group) for group in data["groups"])
    whole = Judgement(**(data | {"verdict": Verdict(data["verdict"]), "groups": groups}))
    if whole.verdict not in (Verdict.INCORRECT, Verdict.ERROR) or not _is_function(whole.exercise):
        return judgement_card(whole)
    stopped = ERROR.search(whole.observed)
    said = f"The code stopped with {stopped[1]}." if stopped else ""
    return judgement_card(replace(whole, observed=said, picture="", picture_text=""))


def _is_function(id: str) -> bool:
    try:
        return find(id).kind == "function"
    except KeyError:
        return False
