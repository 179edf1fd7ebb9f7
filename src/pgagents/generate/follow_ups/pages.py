"""List what a model does not see of a list's pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgagents.generate.target import Loss, Went
from pgagents.model.action import Action


def list_hidden_pages(actions: Iterable[Action], went: Went, detail: str) -> Iterator[Loss]:
    """Yield the next pages that only a header announces, which no model reads."""
    for action in actions:
        if action.pages is not None and "headers" in action.pages.next.names:
            constraint = f"next page of {action.name}"
            yield Loss((*action.pages.origin, "next"), constraint, went, detail)
