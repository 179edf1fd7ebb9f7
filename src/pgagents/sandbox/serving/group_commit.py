"""Delays answers until their writes are committed; calls that are ready at the same time share one commit."""

from __future__ import annotations

import asyncio
import sqlite3
import traceback
from collections.abc import Callable

from pgagents.http import Handler, Request, Response, Silence
from pgagents.sandbox.store import Store

SOON_S = 0.02
"""Seconds that writes without need for durability (such as a search's) may wait for others."""


class Settling:
    """A handler whose answers wait for the commit.

    `unkept` makes the answer for writes that cannot be committed.
    """

    def __init__(
        self,
        handler: Handler,
        store: Store,
        unkept: Callable[[Request], Response],
        log: Callable[[str], None],
    ) -> None:
        self._handler = handler
        self._store = store
        self._unkept = unkept
        self._log = log
        self._waiting: list[asyncio.Future[None]] = []
        self._later: asyncio.TimerHandle | None = None

    async def __call__(self, request: Request) -> Response | Silence:
        """Return the answer after its writes are committed."""
        with self._store.sharing():
            found = self._handler(request)
            wrote = self._store.open
        if wrote is None:
            return found
        if not wrote.owed:
            self._settle_later()
            return found
        await self._wait_for_commit()
        return found if wrote.kept else self._unkept(request)

    async def _wait_for_commit(self) -> None:
        """Wait for the commit of all calls in this round of the event loop."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._settle)
        mine = loop.create_future()
        self._waiting.append(mine)
        await mine

    def _settle_later(self) -> None:
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(SOON_S, self._settle)

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        later, self._later = self._later, None
        if later is not None:
            later.cancel()
        try:
            self._store.settle()
        except sqlite3.Error:  # each call finds the error in `kept`
            self._log(traceback.format_exc())
        for one in waiting:
            if not one.done():
                one.set_result(None)
