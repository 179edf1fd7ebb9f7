"""Two schemas have names that differ only in case or underscores.

OpenAPI distinguishes them, but the classes and files that generators make of them collide (`OrderItem` and
`order_item`).

Bad:

    schemas:
      product:
        {description: A short product, type: object, properties: {sku: {type: string, description: Its id}}}

Good:

    schemas:
      ShortProduct:
        {description: A short product, type: object, properties: {sku: {type: string, description: Its id}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    first: dict[str, str] = {}
    for name in model.schemas:
        other = first.setdefault(name.replace("_", "").lower(), name)
        if other != name:
            yield Hit(
                ("schemas", name),
                f"schema `{name}` and schema `{other}` are one name to code generators",
                "rename one of the two",
            )


RULE = Rule("error", "catalogue.distinct-names", find)
