"""A GET changes something.

Every layer treats GET as harmless: ChatGPT and Copilot do not ask before it, proxies repeat it, browsers and
link previews fetch it unasked.

Bad:

    actions:
      place_order: {http: GET /orders/new}

Good:

    actions:
      place_order: {http: POST /orders}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    for action in model.actions:
        if (
            action.method == "GET" and action.effect == "write"
        ):  # an action that only costs money still counts as a read
            said = f"`{action.name}` writes, but is called by GET, before which nobody is asked"
            yield Hit((*action.origin, "http"), said, "call it by POST, PUT, PATCH or DELETE")


RULE = Rule("error", "catalogue.safe-methods", find)
