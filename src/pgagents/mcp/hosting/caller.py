"""The caller of a tool: the user named by the verified token of the request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext


@dataclass(frozen=True, slots=True)
class Caller:
    """One user of one application. `subject` is unique for one issuer only (RFC 9068, 2.2)."""

    issuer: str
    subject: str
    client_id: str
    scopes: tuple[str, ...] = ()
    token: str = field(default="", repr=False)

    @property
    def id(self) -> str:
        """Return a text that is unique for the caller."""
        return "\n".join((self.issuer, self.subject, self.client_id))

    @property
    def pseudonym(self) -> str:
        """Return twelve hexadecimal digits for logs, because a subject may be an e-mail address."""
        return hashlib.sha256(self.id.encode()).hexdigest()[:12]


def find_caller(context: ServerRequestContext[Any, Any]) -> Caller | None:
    """Return the caller of the request; None if the server has no sign-in.

    It reads the request itself. A context variable may belong to the request that opened a session, whose
    token has expired.
    """
    user = getattr(context.request, "scope", {}).get("user")
    token = getattr(user, "access_token", None)
    if token is None:
        return None
    issuer = str((token.claims or {}).get("iss", ""))
    subject = token.subject or ""
    return Caller(issuer, subject, token.client_id, tuple(token.scopes), token.token)
