"""A text for Copilot's users or its model contains an address, an emoji, or a superlative.

Microsoft's store refuses web addresses and emojis in descriptions, conversation starters and instructions of
states, and objects to claims such as "best" or "#1". Apps side-loaded inside a company are not reviewed.

Bad:

    surfaces: {copilot: {starters: ["Show me kettles 🫖", What is in the shop?, Where is my order?]}}

Good:

    surfaces: {copilot: {starters: [Show me kettles, What is in the shop?, Where is my order?]}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgagents.base.places import Text
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

_URL = re.compile(r"\bhttps?://\S+|\bwww\.\w", re.I)
_EMOJI = re.compile("[\u2600-\u27bf\u2b50\u2b55\ufe0f\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff]")
_CLAIM = re.compile(
    (
        r"#1\b|\b(?:amazing|awesome|best[- ]in[- ]class|world[- ]class|the "
        r"best|unbeatable|revolutionary|cutting[- ]edge)\b"
    ),
    re.I,
)


def find(model: Model) -> Iterator[Hit]:
    for what, text in _texts(model):
        if match := _URL.search(text):
            yield Hit(
                text.origin,
                f"{what} holds a web address ({match.group(0)}); the store refuses that",
                "name the thing instead",
            )
        elif match := _EMOJI.search(text):
            yield Hit(
                text.origin,
                f"{what} holds an emoji (U+{ord(match.group(0)):04X}); the store refuses that",
                "leave it out",
            )
        elif match := _CLAIM.search(text):
            yield Hit(
                text.origin,
                f"{what} praises itself (“{match.group(0)}”)",
                "say what it does",
                severity="warning",
            )


def _texts(model: Model) -> Iterator[tuple[str, Text]]:
    surface = model.surfaces["copilot"]
    yield "the description for people", surface.description or model.text("api", "for_people")
    yield "the description for models", model.text("api", "for_models")
    for starter in surface.starters:
        yield "a conversation starter", starter
    for action in surface.actions:
        yield f"the description of `{action.name}`", surface.text(action, "description")
        own = action.texts.get("copilot")
        for text in (*own.reasoning, *own.responding) if own else ():
            yield f"an instruction of `{action.name}`", text
        for param in surface.params(action):
            told = own.params.get(param.catalogue_name) if own else None
            described = told or param.schema.get("description")
            if isinstance(described, Text):
                yield f"the description of `{param.name}` of `{action.name}`", described


RULE = Rule("error", "microsoft.plain-texts", find, surface="copilot")
