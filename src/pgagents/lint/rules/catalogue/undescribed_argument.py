"""An argument has no description.

From the name alone ("mode", "ref") a model cannot decide what to write there; it invents a value that fits
the type.

Bad:

    actions:
      get_product:
        input: {product_id: {description: null}}

Good:

    actions:
      get_product:
        input: {product_id: {description: "The product's id, as search_products returned it"}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.base.jsonschema.schema import resolve
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import list_model_actions


def find(model: Model) -> Iterator[Hit]:
    for action in list_model_actions(model):
        for param in action.params:
            if not resolve(param.schema, model.schemas).get("description") and not param.description:
                said = f"argument `{param.name}` of `{action.name}` has no description"
                yield Hit(
                    param.origin,
                    said,
                    "add `description`: what it is, its unit or form, where the value comes from",
                )


RULE = Rule("warning", "catalogue.no-ambiguity", find)
