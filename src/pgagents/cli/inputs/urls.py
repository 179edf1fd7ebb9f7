"""Validates the URL of a server without TLS that a user gave."""

from __future__ import annotations

from pgagents.client.environment import base_url
from pgagents.errors import PgagentsError


def plain_twin(url: str, plain_url: str | None) -> str:
    """Return the URL of the server without TLS; empty where none was given. Raises PgagentsError."""
    if plain_url is None:
        return ""
    if not url.startswith("https://"):
        raise PgagentsError(
            "--plain-url is for a target with TLS", "give --url as https://…, or leave --plain-url out"
        )
    if not plain_url.startswith("http://"):
        raise PgagentsError(
            f"--plain-url {plain_url!r} is no http URL", "give it as http://staging.example.com"
        )
    return base_url(plain_url, "--plain-url")
