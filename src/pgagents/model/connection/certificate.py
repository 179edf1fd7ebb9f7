"""The client certificate that identifies the caller when a TLS connection is opened (mutual TLS)."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.source.source import Pointer

MUTUAL_TLS = "mutual_tls"
"""The `type` of its scheme in the catalogue."""
OPENAPI = "mutualTLS"
"""The `type` of its scheme in OpenAPI 3.1."""
NOUN = "a client certificate"


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The scheme of an API whose calls need a client certificate."""

    name: str
    description: str
    issue_at: str | None

    @property
    def origin(self) -> Pointer:
        """Return the scheme's place in the catalogue."""
        return ("auth", "schemes", self.name)
