"""A transport that joins the writes of one event loop round: an answer's head and body become one packet."""

from __future__ import annotations

import asyncio
from typing import Any


class PacketBuffer:
    """Hold writes until the event loop's next round. All other calls go to the transport."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send soon. Empty data means at once: h11 writes it at the end of an answer of known length."""
        if not data:
            self._flush()
            return
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def get_write_buffer_size(self) -> int:
        """Return the bytes that the peer has not accepted yet."""
        return self._transport.get_write_buffer_size() + sum(map(len, self._held))

    def close(self) -> None:
        """Send the buffered bytes, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if held:
            self._transport.write(b"".join(held))
