"""A text is longer than Copilot is documented to read.

The manifest limits its own texts to 20, 100 and 2,048 characters. Every other text "SHOULD" have at most
4,096: starters, confirmations, and the instructions of an action's states.

Bad:

    actions: {place_order: {texts: {copilot: {responding: "# of 4,097 characters"}}}}

Good:

    actions: {place_order: {texts: {copilot: {responding: Give the order's id and what it cost.}}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.base.places import Text
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

_MOST = 4_096


def find(model: Model) -> Iterator[Hit]:
    for what, text in _texts(model):
        if len(text) > _MOST:
            yield Hit(
                text.origin,
                f"{what} has {len(text):,} characters; Copilot reads at most {_MOST:,}",
                "shorten it",
            )


def _texts(model: Model) -> Iterator[tuple[str, Text]]:
    surface = model.surfaces["copilot"]
    yield from (("a conversation starter", starter) for starter in surface.starters)
    for action in surface.actions:
        own = action.texts.get("copilot")
        yield from (
            (f"an instruction of `{action.name}`", text)
            for text in ((*own.reasoning, *own.responding) if own else ())
        )
        yield from (
            (f"the confirmation of `{action.name}`", t)
            for t in (action.confirm_title, action.confirm_body)
            if t is not None
        )


RULE = Rule("warning", "microsoft.text-length", find, surface="copilot")
