"""Choose the watchers that judge an exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from pgagents.http import Silence
from pgagents.verify.check.check import Check, Judgement
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.endpoint import MCP, OPERATOR
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange

Watcher = tuple[str, Callable[[Exchange, Memory], Iterable[Judgement]]]


class Watchers:
    """The watchers of all checks, in the order in which they judge."""

    def __init__(self, setting: Setting, checks: Mapping[str, Check]) -> None:
        self._setting = setting
        watchers = [(name, check, check.watch) for name, check in checks.items() if check.watch is not None]
        self._by_facts: dict[tuple[bool, bool], list[Watcher]] = {
            (tools, unavailable): [
                (name, watch)
                for name, check, watch in watchers
                if (check.tools or not tools) and not (check.skips_unavailable and unavailable)
            ]
            for tools in (False, True)
            for unavailable in (False, True)
        }
        """The watchers by two facts: the call is a tool call, and the answer is a 503."""

    def choose(self, exchange: Exchange) -> list[Watcher]:
        """Return the watchers of an exchange; none if it is not judged."""
        if not self._is_watched(exchange):
            return []
        return self._by_facts[exchange.call.surface == MCP, exchange.status == UNAVAILABLE]

    def _is_watched(self, exchange: Exchange) -> bool:
        """True if watchers judge the exchange."""
        if (
            exchange.call.surface == OPERATOR
            or exchange.call.plain
            or (exchange.call.connection and not exchange.success)  # it may be refused in any form
            or (
                exchange.call.surface == MCP
                and exchange.call.endpoint is None
                and self._setting.listing is None
            )
            or exchange.is_of_library
        ):
            return False
        return not (isinstance(exchange.answer, Silence) and exchange.answer.kind == "refused")
