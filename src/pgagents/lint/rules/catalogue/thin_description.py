"""An action's description says no more than its name.

A model has only the description to decide when to call a function and what it will return. A description that
merely repeats the name or the title ("Place order") leaves both open.

Bad:

    actions:
      place_order: {description: Places an order.}

Good:

    actions:
      place_order:
        description: Order up to ten pieces of one product, which is charged at once. Returns the order's id.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import list_model_actions, matter


def find(model: Model) -> Iterator[Hit]:
    for action in list_model_actions(model):
        known = matter(action.name) | matter(action.title) | matter(action.operation_id)
        if not matter(action.description) - known:
            said = f"the description of `{action.name}` says no more than its name"
            yield Hit(
                action.description.origin, said, "say when to use it, what it needs and what it returns"
            )


RULE = Rule("warning", "catalogue.clear-purpose", find)
