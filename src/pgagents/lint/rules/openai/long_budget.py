"""The catalogue allows an answer more time or more text than ChatGPT accepts.

ChatGPT stops waiting after 45 seconds and refuses 100,000 characters or more. `verify` tests the server
against `limits.budgets`, so a budget over the host's own limit proves nothing.

Bad:

    limits: {budgets: {openai: {seconds: 60}}}

Good:

    limits: {budgets: {openai: {seconds: 45, characters: 99999}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

_MOST = {"seconds": 45, "characters": 100_000}


def find(model: Model) -> Iterator[Hit]:
    budget = model.limits.budgets.get("openai")
    for what, most in _MOST.items():
        given = getattr(budget, what) if budget else None
        if given is not None and given > most:
            said = f"{given:,g} {what} are allowed an answer; ChatGPT accepts at most {most:,}"
            yield Hit(("limits", "budgets", "openai", what), said, f"allow {most}")


RULE = Rule("error", "openai.timeout", find, surface="openai")
