"""A resource's `undone_by` does not name the instance by its id.

`verify` sends a removal only if it names an instance that the run made. An argument does so if it is the id,
or a text computed from the whole id. Without one `verify` makes no instance, because it could not remove it
again.

Bad:

    resources:
      order:
        made_by: {action: place_order, input: {product_id: p-1, quantity: 1}}
        undone_by: {action: cancel_order, input: {order_id: =resource.quantity}}

Good:

    resources:
      order:
        made_by: {action: place_order, input: {product_id: p-1, quantity: 1}}
        undone_by: {action: cancel_order, input: {order_id: =resource.id}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import names_instance
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    for resource in model.resources.values():
        if resource.undone_by is None or resource.made_by is None or names_instance(resource):
            continue
        said = f"`undone_by` of `{resource.name}` does not name it by its id, so `verify` makes none"
        yield Hit((*resource.origin, "undone_by"), said, f"compute an argument from `resource.{resource.id}`")


RULE = Rule("warning", "catalogue.removals-name-the-id", find)
