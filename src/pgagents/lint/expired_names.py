"""Report former names whose last day has passed.

They are offered until they are removed from the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pgagents.model.action import Former
from pgagents.model.model import Model
from pgagents.source.diagnostics import Diagnostic

ID = "catalogue/past-former-name"
HELP = "remove its line under `formerly`, or give it a later day"


def past(model: Model, today: date) -> Iterator[Former]:
    """Yield the former names whose last day was before today."""
    yield from (
        former
        for action in model.actions
        for former in action.formerly
        if date.fromisoformat(former.until) < today
    )


def diagnostics(model: Model, today: date) -> Iterator[Diagnostic]:
    """Yield a warning for each such name, at its line."""
    for former in past(model, today):
        said = f"the old name `{former.name}` was to be offered until {former.until}, and still is"
        yield Diagnostic(model.source.locate(former.origin), ID, "warning", said, HELP)
