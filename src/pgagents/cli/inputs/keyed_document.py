"""Fetch the document of a run with the run's key, which goes only to the origin of the server under test.

A server may show only a part of its document to a caller without a key.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pgagents.cli.inputs.api_keys import TOKEN
from pgagents.text.brief import brief

if TYPE_CHECKING:
    from pgagents.importer.catalogue import Choice
    from pgagents.model.credential import Credential

_PORTS = {"http": 80, "https": 443}


def fetch_document(document: str, choice: Choice, url: str) -> tuple[bytes, str]:
    """Return the bytes of a document, and a sentence on whether it was fetched with the key.

    The sentence is empty for a file. `url` is the server under test; the key is that of PGAGENTS_TOKEN.
    Raises PgagentsError if the document can be had neither with the key nor without.
    """
    from pgagents.cli.inputs.document import name_of
    from pgagents.cli.inputs.fetch import fetch
    from pgagents.errors import PgagentsError
    from pgagents.importer.reading.references import is_url

    if not is_url(document):
        return fetch(document), ""
    name, secret = brief(name_of(document)), os.environ.get(TOKEN, "").strip()
    may_differ = "a server may show only a part of it so"
    if not secret:
        return fetch(document), f"{name} was fetched without a key; {may_differ}"
    if not url or _find_origin(document) != _find_origin(url):
        return fetch(document), f"{name} was fetched without the key, which goes only to the origin of --url"
    open_to_all: bytes | None = None
    try:
        open_to_all = fetch(document)
    except PgagentsError:
        if not choice.auth:
            raise
    credential = _find_credential(document, choice, open_to_all)
    if credential is not None:
        with_key = _fetch_with(document, credential, secret)
        if with_key is not None:
            return with_key, f"{name} was fetched with the key, {credential.how}"
    if open_to_all is None:
        return fetch(document), ""  # it says why it cannot be had
    why = "where it was refused" if credential is not None else "as nothing says how it is sent (--auth)"
    return open_to_all, f"{name} was fetched without the key, {why}; {may_differ}"


def _find_origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL; none equals that of a URL that cannot be read."""
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", url, None


def _find_credential(document: str, choice: Choice, raw: bytes | None) -> Credential | None:
    """Return how the key is sent: as the caller says, or as the document does; None if neither does.

    A key that is first exchanged for a token is none.
    """
    from pgagents.cli.inputs.document import import_document
    from pgagents.importer.reading.given_scheme import parse_scheme
    from pgagents.model.credential import kinds

    if choice.auth:
        scheme = {**parse_scheme(choice.auth).scheme, "key": "own"}
        for kind in ("http_bearer", "http_basic", "api_key"):
            members = kinds()[kind].read_openapi(scheme)
            if members is not None:
                return kinds()[kind].make("own", {"type": kind, **members})
    if raw is None:
        return None
    found = import_document(document, choice, allow_remote=False, raw=raw).model.credential
    return found if found is not None and found.exchange is None else None


def _fetch_with(document: str, credential: Credential, secret: str) -> bytes | None:
    """Return the document's bytes as the server shows them with the key; None if it refuses it.

    Raises PgagentsError, without the key, for one that cannot be sent so.
    """
    from pgagents.cli.inputs.fetch import fetch
    from pgagents.client.environment import header_safe
    from pgagents.errors import PgagentsError
    from pgagents.http import Request
    from pgagents.verify.wire.encode import present

    safe, parts = header_safe(secret, TOKEN, credential), urlsplit(document)
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    request = present(credential, safe).add_to(Request("GET", target))
    try:
        address = f"{parts.scheme}://{parts.netloc}{request.target}"
        return fetch(address, dict(request.headers), called=document)
    except PgagentsError:
        return None
