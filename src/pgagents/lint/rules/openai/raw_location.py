"""The plugin's tools ask for coordinates or another raw location, which OpenAI's reviewers may refuse.

The guidelines name city, coordinates and addresses. A service that needs them answers this at the listing,
with the reason that its author would give in an appeal.

Bad:

    actions: {search_products: {input: {city: {type: string, description: The city of the shop}}}}
    surfaces: {openai: {listing: {subtitle: Order goods, support: 'https://shop.example/help'}}}

Good:

    surfaces: {openai: {listing: {subtitle: Order goods, support: 'https://shop.example/help'}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.packages.portal_tools import is_location
from pgagents.lint.rule import Hit, Rule

_MOST = 5


def find(model: Model) -> Iterator[Hit]:
    offered = model.surfaces.get("mcp")
    if model.surfaces["openai"].listing is None or offered is None:
        return
    asked = [
        f"`{param.name}` of `{action.name}`"
        for action in offered.actions
        for param in action.params
        if is_location(param.name)
    ]
    if asked:
        more = f" and {len(asked) - _MOST} more" if len(asked) > _MOST else ""
        yield Hit(
            ("surfaces", "openai", "listing"),
            f"the plugin's tools ask for a raw location: {', '.join(asked[:_MOST])}{more}",
            "let the server find the place, or write `# pgagents: ignore[openai/raw-location] reason` here",
        )


RULE = Rule("warning", "openai.plugin-raw-location", find, surface="openai")
