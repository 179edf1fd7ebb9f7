"""List the parts of a list's pages that a model does not see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgagents.generate.target import Loss, Went
from pgagents.model.action import Action


def list_hidden_pages(actions: Iterable[Action], went: Went, detail: str) -> Iterator[Loss]:
    """Yield a loss for each next page that only a header announces, because models see no headers."""
    for action in actions:
        if action.pages is not None and "headers" in action.pages.next.names:
            constraint = f"next page of {action.name}"
            yield Loss((*action.pages.origin, "next"), constraint, went, detail)
