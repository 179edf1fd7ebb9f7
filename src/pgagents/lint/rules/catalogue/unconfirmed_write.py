"""A write that models are offered has no confirmation text.

ChatGPT and Copilot ask a person before every write and show this text. Without it they show the action's
description, which was written for a model. Other vendors do not ask by themselves: there the text becomes
part of the function's description. Without it, nothing stops a model from acting unasked.

Bad:

    actions:
      place_order:
        confirm: null

Good:

    actions:
      place_order:
        confirm: {body: "Do you want to order this?"}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule
from pgagents.lint.texts import list_model_actions


def find(model: Model) -> Iterator[Hit]:
    for action in list_model_actions(model):
        if not action.only_reads and action.confirm_body is None:
            does = ["writes"] if action.effect == "write" else []
            does += ["costs money"] if action.costs else []
            said = f"`{action.name}` {' and '.join(does)}, but no text asks the user first"
            yield Hit(action.origin, said, "add `confirm: {body: Do you want to …?}`")


RULE = Rule("warning", "catalogue.confirmation", find)
