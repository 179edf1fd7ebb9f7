"""A list that is offered to Copilot may have pages of more items than Copilot reads.

Copilot reads 25 items. The greatest page is that of the argument for its size, as `narrow` leaves it. A
server that holds few items does not show it, so `verify` cannot say.

Bad:

    actions:
      search_products:
        input: {page: {type: string, description: The next page's mark}}
        output: {200: {properties: {next: {type: string, description: The next page's mark}}}}
        pages: {items: response.products, next: response.next, argument: page, size: limit}

Good:

    actions:
      search_products:
        input: {page: {type: string, description: The next page's mark}}
        output: {200: {properties: {next: {type: string, description: The next page's mark}}}}
        pages: {items: response.products, next: response.next, argument: page, size: limit}
    surfaces: {copilot: {narrow: {search_products: {limit: {maximum: 25}}}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

MOST = 25


def find(model: Model) -> Iterator[Hit]:
    surface = model.surfaces["copilot"]
    for action in surface.actions:
        name = action.pages.size if action.pages is not None else None
        param = action.param(name) if name is not None else None
        if param is None:
            continue
        narrowed = surface.narrow.get(action.name, {}).get(param.name)
        most = (narrowed.param if narrowed is not None else param).schema.get("maximum")
        if isinstance(most, int | float) and most > MOST:
            said = f"a page of {action.name} may have {most:g} items; Copilot reads at most {MOST}"
            help = f"`narrow: {{{action.name}: {{{param.name}: {{maximum: {MOST}}}}}}}` at the surface"
            yield Hit(param.origin, said, help)


RULE = Rule("warning", "microsoft.items", find, surface="copilot")
