"""Count the requests of a run against its budget."""

from __future__ import annotations

from dataclasses import dataclass

TOO_FEW_LEFT = "too few requests are left for this probe"
"""The reason why a probe's contracts are untested. A cheaper probe after it may still run."""


@dataclass(slots=True)
class RequestBudget:
    """The requests that a run may send, and those that it has sent.

    `most` is the number that may count. `apart` is the number of requests for removing and repeating that do
    not count.
    """

    most: int
    apart: int = 0
    sent: int = 0
    waiting: int = 0
    """The number of requests that wait until others are answered."""
    unanswered: int = 0
    """The number of requests on their way beside others that may make something, which is removed later."""
    aside: int = 0
    """The number of requests that removed something or repeated an earlier request. Some of them do not
    count.
    """
    cleaning: bool = False
    """True while the run only removes its own instances. The budget does not count these requests."""

    def count(self, owed: int = 0) -> int:
        """Return how many requests count against the budget, with `owed` further ones for undoing.

        Up to `apart` requests that undo or repeat are not counted.
        """
        owed += self.unanswered
        return self.sent + self.waiting + owed - min(self.aside + owed, self.apart)

    @property
    def is_spent(self) -> bool:
        """True if no request is left."""
        return self.count() >= self.most

    def note_repeat(self) -> None:
        """Note that the next request repeats an earlier one. Clean-up's requests are noted as such."""
        self.aside += not self.cleaning
