"""A confirmation's text is not a question.

Microsoft's store requires that the text in the confirmation card asks for permission ("Do you want to …?").
With a statement ("The order will be placed"), a person must guess what the button does.

Bad:

    actions: {place_order: {confirm: {body: The order is placed and paid.}}}

Good:

    actions: {place_order: {confirm: {body: "Do you want to order this and pay for it?"}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    for action in model.surfaces["copilot"].actions:
        body = action.confirm_body
        if body is not None and not body.rstrip().endswith(("?", "？", "؟")):
            yield Hit(
                body.origin,
                f"the confirmation of `{action.name}` asks nothing",
                "word it as a question: “Do you want to …?”",
            )


RULE = Rule("warning", "microsoft.confirmation-asks", find, surface="copilot")
