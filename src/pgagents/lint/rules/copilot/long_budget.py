"""The catalogue allows an answer more time or more items than Copilot accepts.

Copilot stops waiting after 10 seconds and reads 25 items. `verify` tests the server against `limits.budgets`,
so a budget over the host's own limit proves nothing.

Bad:

    limits: {budgets: {copilot: {seconds: 20}}}

Good:

    limits: {budgets: {copilot: {seconds: 10}}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

_MOST = {"seconds": 10, "items": 25}


def find(model: Model) -> Iterator[Hit]:
    budget = model.limits.budgets.get("copilot")
    for what, most in _MOST.items():
        given = getattr(budget, what) if budget else None
        if given is not None and given > most:
            said = f"{given:g} {what} are allowed an answer; Copilot accepts at most {most}"
            yield Hit(("limits", "budgets", "copilot", what), said, f"allow {most}")


RULE = Rule("error", "microsoft.response-time", find, surface="copilot")
