"""A call that is ready to be sent, and the exception that ends a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.verify.wire.call import Call


class Stop(Exception):
    """The run ends here; the message says why."""


@dataclass(slots=True)
class Ready:
    """A call with all its values, and the last known body of its subject."""

    call: Call
    values: Mapping[str, Any]
    subject: Mapping[str, Any] | None
    sent: bool = False
    """True if it was sent at least once."""
    era: int | None = None
    """The number of the server's returns when the values were chosen; None if it does not matter."""
