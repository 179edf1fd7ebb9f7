"""Content codings of HTTP (RFC 9110, 8.4.1): a compressed body is decoded in pieces of limited size."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

INFLATED_AT_ONCE = 65_536
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Inflater:
    """Decode a compressed body in pieces of limited size, so that a small body cannot fill the memory.

    Raises ValueError for an unknown coding, for more than one coding, and for bytes that are not valid in the
    coding.
    """

    def __init__(self, coding: str) -> None:
        named = [part.strip().lower() for part in coding.split(",") if part.strip()]
        named = [name for name in named if name != "identity"]
        if len(named) > 1:
            raise ValueError(f"the body is encoded {len(named)} times, once is the most that is read")
        self._coding = named[0] if named else ""
        if self._coding not in ("", *_WINDOWS):
            raise ValueError(f"the body is encoded as {self._coding[:40]}, which was not asked for")
        self._begun = False
        self._stream = self._new()

    def _new(self) -> Any:
        return zlib.decompressobj(_WINDOWS[self._coding]) if self._coding else None

    def feed(self, raw: bytes) -> Iterator[bytes]:
        """Yield the decoded bytes of `raw`, in pieces of at most 65,536 bytes.

        Without a coding, yield `raw` itself.
        """
        if self._stream is None:
            yield raw
            return
        try:
            yield from self._pieces(raw)
        except zlib.error as error:
            raise ValueError(f"the body is no {self._coding}: {error}") from None

    def _pieces(self, raw: bytes) -> Iterator[bytes]:
        if not self._begun and raw and self._coding == "deflate" and raw[0] & 0x0F != 8:
            self._stream = zlib.decompressobj(
                -zlib.MAX_WBITS
            )  # many servers send deflate without the zlib header (RFC 1950)
        self._begun = self._begun or bool(raw)
        piece = b""
        while raw or len(piece) == INFLATED_AT_ONCE:
            piece = self._stream.decompress(raw, INFLATED_AT_ONCE)
            yield piece
            raw = self._stream.unconsumed_tail
            if self._stream.eof:
                raw = self._stream.unused_data
                if self._coding == "deflate" or not raw.startswith(b"\x1f"):
                    return  # bytes after the end are padding, unless another gzip member begins
                self._stream = self._new()
