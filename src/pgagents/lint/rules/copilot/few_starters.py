"""There are fewer conversation starters than the store asks for, or more than Copilot shows.

The store wants three to six. Agents of the versions 1.0 to 1.5 take at most six, later ones twelve. More than
six are a warning, more than twelve an error.

Bad:

    surfaces: {copilot: {starters: [Show me kettles]}}

Good:

    surfaces: {copilot: {starters: [Show me kettles, What is in the shop?, Where is my order?]}}
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.base.errors import Severity
from pgagents.catalogue.model.model import Model
from pgagents.lint.rule import Hit, Rule

_STORE, _OLDER, _MOST = 3, 6, 12


def find(model: Model) -> Iterator[Hit]:
    surface = model.surfaces["copilot"]
    count = len(surface.starters)
    at = (*surface.origin, "starters")
    if 0 < count < _STORE:
        yield Hit(
            at,
            (
                f"{count} conversation starter{'s' if count > 1 else ''}; the store asks for {_STORE} to "
                f"{_OLDER}"
            ),
            "add some",
        )
    elif count > _OLDER:
        severity: Severity = "error" if count > _MOST else "warning"
        said = f"{count} conversation starters; agents up to v1.5 take {_OLDER}, later ones {_MOST}"
        yield Hit(at, said, f"keep the best {_OLDER}", severity=severity)


RULE = Rule("warning", "microsoft.starters", find, surface="copilot")
