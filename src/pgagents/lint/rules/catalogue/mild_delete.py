"""A DELETE is not marked as destructive.

MCP clients, and readers of the hints in other formats, use `destructiveHint` to decide whether to ask twice.
It comes from `destructive`. If a DELETE can be undone, or only returns something, write `destructive: false`,
and this rule is silent.

Bad:

    actions:
      cancel_order: {http: "DELETE /orders/{order_id}"}

Good:

    actions:
      cancel_order: {http: "DELETE /orders/{order_id}", destructive: true}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import list_model_actions
from pgagents.model.model import Model


def find(model: Model) -> Iterator[Hit]:
    for action in list_model_actions(model):
        if (
            action.method == "DELETE"
            and not action.destructive
            and not model.source.has((*action.origin, "destructive"))
        ):
            said = f"`{action.name}` is a DELETE, but nothing says whether what it removes is gone for good"
            yield Hit(
                (*action.origin, "http"),
                said,
                "add `destructive: true`, or `destructive: false` if it can be undone",
            )


RULE = Rule("warning", "catalogue.destructive", find)
