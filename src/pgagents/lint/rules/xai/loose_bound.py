"""A bound is larger than what Grok enforces.

Grok enforces lengths up to 2,048, 256 items and 64 members. It accepts larger bounds but does not enforce
them, so a model may exceed them.

Bad:

    actions:
      place_order: {input: {note: {type: string, maxLength: 5000, description: A word for the packer}}}

Good:

    actions:
      place_order: {input: {note: {type: string, maxLength: 2000, description: A word for the packer}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.base.jsonschema.walk import walk
from pgagents.base.places import Node
from pgagents.catalogue.model.model import Model
from pgagents.lint.facts import XAI_ENFORCED
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    surface = model.surfaces["xai"]
    for action in surface.actions:
        for param in surface.params(action):
            for part in walk(param.schema):
                for key, most in XAI_ENFORCED.items():
                    if isinstance(part, Node) and part.get(key, 0) > most:
                        said = (
                            f"`{key}` {part[key]:,} of `{param.name}` of `{action.name}` is not "
                            f"enforced; Grok keeps to at most {most:,}"
                        )
                        yield Hit(
                            (*part.origin, key),
                            said,
                            f"ask for {most:,} or less, or check it in the answer to the call",
                        )


RULE = Rule("note", "xai.bounds", find, surface="xai")
