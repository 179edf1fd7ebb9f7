"""Actions are offered to ChatGPT, but the catalogue names no privacy policy.

A GPT that is shared by link or in the store needs the URL of one: "Public actions require valid privacy
policy URLs". A private GPT does not.

Bad:

    api: {privacy: null}

Good:

    api: {privacy: "https://shop.example/privacy"}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule


def find(model: Model) -> Iterator[Hit]:
    if not model.api.privacy:
        yield Hit(
            ("api",),
            "no privacy policy is named; a GPT with these actions cannot be shared",
            "add `privacy: https://…` under `api`",
        )


RULE = Rule("note", "openai.privacy-policy", find, surface="openai")
