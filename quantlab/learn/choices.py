"""What a learner chose without points: predictions and ticked boxes. No score reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from quantlab.learn.progress_store import Store, utc_now


@dataclass(frozen=True)
class Choice:
    """The indices of the options chosen. Sealed, they stay: the measurement has been seen."""

    chosen: list[int]
    at: str
    sealed: bool


class Choices:
    """One user's choices in the progress file, each by what was asked: "3.a" or a lesson's name."""

    def __init__(self, store: Store, user: str) -> None:
        self.store = store
        self.user = user

    def choose(self, asked: str, chosen: Sequence[int]) -> bool:
        """Keep these in place of those before; False where a seal kept the old ones."""
        changed = self.store.write(
            (
                "INSERT INTO choices (user, asked, chosen, at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (user, asked) DO UPDATE SET chosen = excluded.chosen,"
                " at = excluded.at WHERE sealed_at IS NULL",
                (self.user, asked, json.dumps([int(n) for n in chosen]), utc_now()),
            )
        )
        return changed > 0

    def seal(self, asked: str) -> None:
        """From now on the choice stays as it is. Nothing chosen, nothing sealed."""
        self.store.write(
            (
                "UPDATE choices SET sealed_at = coalesce(sealed_at, ?)"
                " WHERE user = ? AND asked = ?",
                (utc_now(), self.user, asked),
            )
        )

    def of(self, asked: str) -> Choice | None:
        """What was chosen; None before."""
        return self.all().get(asked)

    def all(self) -> dict[str, Choice]:
        """Everything chosen, by what was asked."""
        rows = self.store.read(
            "SELECT asked, chosen, at, sealed_at FROM choices WHERE user = ? ORDER BY asked",
            (self.user,),
        )
        return {
            asked: Choice(json.loads(chosen), at, sealed_at is not None)
            for asked, chosen, at, sealed_at in rows
        }
