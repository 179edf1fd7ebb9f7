"""Two actions of one surface have descriptions that a model cannot distinguish.

A model picks a function by its description. Between two that say the same in other words ("Get a product",
"Retrieve the product's data"), it picks by chance. The rule compares the significant words, treats synonyms
as equal, and includes numbers and names.

Bad:

    actions:
      get_product: {description: Gets the data of one product of the shop by its id.}
      look_up_product:
        title: Look up a product
        description: Retrieve information of a product of the shop by id.
        http: GET /product-sheets/{product_id}
        effect: read
        input: {product_id: {type: string, required: true, description: The product's id}}
        output: {200: {required: [id], properties: {id: {type: string, description: Its id}}}}
        errors: [refused]
        examples: {one: {input: {product_id: p-1}, output: {id: p-1}}}

Good:

    actions:
      get_product: {description: Get name and price of one product by its id.}
      look_up_product:
        title: Look up a product
        description: Get the safety sheet of one product by its id.
        http: GET /product-sheets/{product_id}
        effect: read
        input: {product_id: {type: string, required: true, description: The product's id}}
        output: {200: {required: [id], properties: {id: {type: string, description: Its id}}}}
        errors: [refused]
        examples: {one: {input: {product_id: p-1}, output: {id: p-1}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import NOT_FOR_MODELS, matter


def find(model: Model) -> Iterator[Hit]:
    told = set()
    for surface in model.surfaces.values():
        if surface.name in NOT_FOR_MODELS:
            continue
        first: dict[frozenset[str], str] = {}
        for action in surface.actions:
            text = surface.text(action, "description")
            other = first.setdefault(matter(str(text)), str(action.name))
            if other != action.name and text.origin not in told:
                told.add(text.origin)
                said = (
                    f"the description of `{action.name}` says the same as that of `{other}`; a model "
                    "cannot distinguish them"
                )
                yield Hit(text.origin, said, "say in both what the other is not for")


RULE = Rule("warning", "catalogue.clear-purpose", find)
