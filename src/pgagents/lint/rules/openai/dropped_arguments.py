"""An action requires an argument that ChatGPT ignores.

GPT Actions send no headers but the key's: a header argument is ignored on import. If it is required, every
call fails.

Bad:

    actions:
      place_order:
        input: {shop_id: {type: string, in: header, wire: X-Shop, required: true, description: The shop}}
        examples: {one: {input: {product_id: p-1, quantity: 1, shop_id: s-1}}}

Good:

    actions:
      place_order:
        input: {shop_id: {type: string, in: body, required: true, description: The shop's id}}
        examples: {one: {input: {product_id: p-1, quantity: 1, shop_id: s-1}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    surface = model.surfaces["openai"]
    for action in surface.actions:
        for param in surface.params(action):
            if param.place in ("header", "cookie") and param.required:
                said = (
                    f"`{action.name}` requires the {param.place} `{param.wire}`, which ChatGPT does not send"
                )
                yield Hit(
                    param.origin,
                    said,
                    "take it in the body or the query, or take the action off `surfaces.openai`",
                )


RULE = Rule("error", "openai.no-custom-headers", find, surface="openai")
