"""Two actions have one name on a surface, or names that differ only in case.

Most APIs refuse a list with one name twice; elsewhere the second function can never be called. Some clients
and code generators treat names that differ only in case as one name.

Bad:

    actions:
      place_order: {texts: {gemini: {name: search_products}}}

Good:

    actions:
      place_order: {texts: {gemini: {name: order_product}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import find_name, list_offered
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    told = set()
    for surface in model.surfaces.values():
        first: dict[str, str] = {}
        for action in list_offered(surface):
            name = find_name(surface, action)
            other = first.setdefault(name.lower(), str(action.name))
            origin = name.origin
            if other != action.name and origin not in told:
                told.add(origin)
                yield Hit(
                    origin,
                    f"`{name}` is also the name of `{other}` on `{surface.name}`",
                    "give one of the two another name",
                )


RULE = Rule("error", "catalogue.distinct-names", find)
