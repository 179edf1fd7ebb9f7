"""The authorization server of the callers. Its metadata are read when they are first needed.

This server may start before it. It is not ready until the metadata have been read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pgagents.errors import PgagentsError
from pgagents.http import is_exposed
from pgagents.mcp.token import IssuerError, make_verifier, read_metadata

if TYPE_CHECKING:
    from mcp.server.auth.provider import AccessToken, TokenVerifier

AGAIN_S = 5.0
"""Seconds after a failure before the metadata are requested again."""


@dataclass(frozen=True, slots=True)
class Known:
    """The verifier of tokens, and the endpoint that exchanges them; empty if the metadata name none."""

    verifier: TokenVerifier
    endpoint: str

    @property
    def token_endpoint(self) -> str:
        """Return the URL of the token endpoint. Raises PgagentsError where the metadata name none."""
        if not self.endpoint:
            raise PgagentsError("the issuer's metadata have no `token_endpoint`", "it cannot exchange tokens")
        if is_exposed(self.endpoint):
            raise PgagentsError("the issuer's `token_endpoint` has no TLS", "tokens travel over https only")
        return self.endpoint


class Issuer:
    """Verify tokens for `resource`, this server's public URL. `client` are our credentials at the issuer."""

    def __init__(
        self,
        url: str,
        resource: str,
        client: tuple[str, str] | None,
        *,
        cacert: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url, self._resource, self._client, self._cacert = url, resource, client, cacert
        self._clock = clock
        self._known: Known | None = None
        self._failed: tuple[float, PgagentsError] | None = None
        self._reading = asyncio.Lock()

    async def read(self) -> Known:
        """Read the metadata, and return their facts. Raises PgagentsError if they cannot be read."""
        if self._known is not None:
            return self._known
        async with self._reading:
            return await self._read()

    async def _read(self) -> Known:
        if self._known is not None:
            return self._known
        if self._failed is not None and self._clock() - self._failed[0] < AGAIN_S:
            raise self._failed[1]
        try:
            metadata = await read_metadata(self.url, self._cacert)
            verifier = make_verifier(metadata, self.url, self._resource, self._client, cacert=self._cacert)
        except PgagentsError as error:
            self._failed = (self._clock(), error)
            raise
        endpoint = metadata.get("token_endpoint")
        self._known = Known(verifier, endpoint if isinstance(endpoint, str) else "")
        return self._known

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return the token's rights; None if it is not valid for this server.

        Raises IssuerError if the authorization server cannot be asked.
        """
        try:
            known = await self.read()
        except PgagentsError as error:
            raise IssuerError(error.message) from None
        return await known.verifier.verify_token(token)
