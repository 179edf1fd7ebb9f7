"""A description speaks to the user instead of about the action.

Descriptions are read by a model that acts for somebody. "Your orders", "you can", "please enter", "click"
address a person: a model repeats it, or takes "you" for itself. Describe what the action does, in the third
person.

Bad:

    actions:
      search_products: {description: "Here you can search for your favourite products by a word. Please enter
        at least one."}

Good:

    actions:
      search_products:
        {description: "Search products by a word of their name. Returns name and price of each."}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import collect_texts

_VOICE = re.compile(
    r"\b(you can|you(?:'ll|'re|'ve)|you (?:will|may|must|should|need|want|get|have|are)|please"
    r"|(?:click|tap) (?:on|here|the|to)|sign up"
    r"|(?:enter|choose|select|pick|see|manage|view|track|book) your"
    r"|we(?:'ll| will| offer| recommend| provide| help))\b",
    re.I,
)


def find(model: Model) -> Iterator[Hit]:
    for said in collect_texts(model):
        if said.of in ("action", "argument", "surface") and (match := _VOICE.search(said.text)):
            message = f"the text of {said.what} speaks to a person (“{match.group(0)}”), but a model reads it"
            yield Hit(said.origin, message, "say what it does or holds, in the third person")


RULE = Rule("warning", "catalogue.third-person", find)
