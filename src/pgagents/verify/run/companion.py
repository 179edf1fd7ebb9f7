"""The interface of a companion of a run, which sees every exchange and asks for calls of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from pgagents.verify.check.check import Probe
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.exchange import Exchange


class Companion(Protocol):
    """Sees each exchange after all watchers have judged it, and asks for probes after those of the plan."""

    @property
    def most_requests(self) -> int:
        """The number of requests that its probes may take beyond the plan's."""

    def begin(self, redact: Callable[[str], str]) -> None:
        """Receive the function that masks secrets in a text, before the first exchange."""

    def note(self, exchange: Exchange) -> None:
        """Receive an exchange that all watchers have judged."""

    def list_probes(self, setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
        """Yield probes one by one. The exchanges of each are noted before the next one is requested."""
        ...
