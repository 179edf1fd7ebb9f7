"""An action that models are offered has no example of success.

Documentation shows the example, the mock server answers with it, and laws are tried on it when the catalogue
is loaded. Without one, a mistake in a law is only found against a live server.

Bad:

    actions:
      place_order: {examples: null}

Good:

    actions:
      place_order: {examples: {one: {input: {product_id: p-1, quantity: 1}, output: {id: o-1}}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import list_model_actions


def find(model: Model) -> Iterator[Hit]:
    for action in list_model_actions(model):
        if not any(200 <= example.status < 300 for example in action.examples):
            yield Hit(
                action.origin,
                f"`{action.name}` has no example of success",
                "add one under `examples`, with `input` and `output`",
            )


RULE = Rule("note", "catalogue.examples", find)
