"""The caller of a tool: the user who signed in, as the verified token of the request names it."""

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
        """Return a text that no other caller has."""
        return "\n".join((self.issuer, self.subject, self.client_id))

    @property
    def pseudonym(self) -> str:
        """Return twelve hexadecimal digits for logs, where a subject could be an e-mail address."""
        return hashlib.sha256(self.id.encode()).hexdigest()[:12]


def find_caller(context: ServerRequestContext[Any, Any]) -> Caller | None:
    """Return who made the request; None where the server has no sign-in.

    The request itself is asked. A context variable may be that of the request which opened a session, with a
    token that is over by now.
    """
    user = getattr(context.request, "scope", {}).get("user")
    token = getattr(user, "access_token", None)
    if token is None:
        return None
    issuer = str((token.claims or {}).get("iss", ""))
    subject = token.subject or ""
    return Caller(issuer, subject, token.client_id, tuple(token.scopes), token.token)
