"""An action that models are offered has no example of success.

The example is what documentation shows, what the mock server answers with, and what the laws are tried on when the catalogue is read.
Without one, a law with a slip in it is found out against a live server only.

Bad:

    actions:
      place_order: {examples: null}

Good:

    actions:
      place_order: {examples: {one: {input: {product_id: p-1, quantity: 1}, output: {id: o-1}}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import offered
from pgagents.model.model import Model


def find(model: Model) -> Iterator[Hit]:
    for action in offered(model):
        if not any(200 <= example.status < 300 for example in action.examples):
            yield Hit(action.origin, f"`{action.name}` has no example of success", "add one under `examples`, with `input` and `output`")


RULE = Rule("note", "catalogue.examples", find)
