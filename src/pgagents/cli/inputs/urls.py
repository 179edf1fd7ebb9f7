"""Validates URLs of servers that a user gave."""

from __future__ import annotations

from urllib.parse import urlsplit

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


def base_url(url: str, flag: str = "--url") -> str:
    """Return the URL without trailing slashes; `flag` names its source. Raises PgagentsError for an
    invalid server URL.
    """
    example = f"give it as {'http' if 'plain' in flag else 'https'}://staging.example.com"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise PgagentsError(f"{flag} {url!r}: {error}", example) from None
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or port == 0
        or any(c.isspace() or not c.isprintable() for c in url)
    ):
        raise PgagentsError(f"{flag} {url!r} is no http or https URL", example)
    if parts.username is not None or parts.query or parts.fragment:
        raise PgagentsError(
            f"{flag} {url!r} has more than scheme, host, port and path",
            f"{example}; the key comes from PGAGENTS_TOKEN",
        )
    return url.rstrip("/")
