"""Read a user's own OAuth client from a file of client metadata (RFC 7591, 2), for the sign-in of a real
app.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.errors import PgagentsError
from pgagents.base.http import read_json
from pgagents.base.text import did_you_mean
from pgagents.catalogue.model.model import Model
from pgagents.sandbox import grants
from pgagents.sandbox.grants import Client
from pgagents.sandbox.keys import digest

MOST_BYTES = 65_536
_USED = (
    "client_id",
    "client_secret",
    "client_name",
    "redirect_uris",
    "scope",
    "token_endpoint_auth_method",
    "integration",
)
_UNUSED = (
    "grant_types", "response_types", "client_uri", "logo_uri", "contacts", "tos_uri", "policy_uri",
    "jwks_uri", "jwks", "software_id",
    "software_version", "client_id_issued_at", "client_secret_expires_at", "registration_access_token",
    "registration_client_uri",
)  # fmt: skip
"""Members of RFC 7591 that are accepted and ignored, so that a registration endpoint's answer can be used
as it is.
"""
_ID = re.compile(r"[!-~]{1,200}")
_URI = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]{1,2000}")
_AUTHORITY = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?")
_HERE = ("127.0.0.1", "::1", "localhost")
EXAMPLE = '{"client_id": "my_app", "redirect_uris": ["http://127.0.0.1/callback"]}'


def read_all(paths: Sequence[Path], model: Model) -> list[Client]:
    """Return the clients of several files. Raises PgagentsError for an invalid file, and for an id that
    occurs twice.
    """
    found: dict[str, Client] = {}
    for path in paths:
        client = read(path, model)
        if client.client_id in found:
            raise PgagentsError(
                f"{path}: client_id {client.client_id} was given by another file", "name each client once"
            )
        found[client.client_id] = client
    return list(found.values())


def read(path: Path, model: Model) -> Client:
    """Return the client of a file; without `client_secret` it is public. Raises PgagentsError for an
    invalid file.
    """
    oauth = model.code_flow
    if oauth is None:
        raise PgagentsError("--oauth-client: this catalogue has no OAuth", "leave it out")
    given = _members(path)
    problems = [*_list_problems(given), *_list_scope_problems(given, oauth.scopes)]
    if problems:
        raise PgagentsError(f"{path}: {problems[0]}", f"the least such a file can say: {EXAMPLE}")
    secret, id = given.get("client_secret"), given["client_id"]
    scopes = tuple(dict.fromkeys(given.get("scope", "").split())) or tuple(oauth.scopes)
    return Client(
        id,
        given.get("client_name", id),
        tuple(given["redirect_uris"]),
        scopes,
        oauth.refresh_s is not None,
        given.get("integration"),
        digest(secret) if secret else None,
    )


def _members(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise PgagentsError(
            f"cannot read {path}: {error.strerror}", "name a file with a client's metadata as JSON"
        ) from None
    if len(raw) > MOST_BYTES:
        raise PgagentsError(
            f"{path} is larger than {MOST_BYTES:,} bytes", "name a file with a client's metadata as JSON"
        )
    found = read_json(raw)
    if found.problem or not isinstance(found.value, dict):
        raise PgagentsError(f"{path}: {found.problem or 'not a JSON object'}", f"write one: {EXAMPLE}")
    return found.value


def _list_problems(given: Mapping[str, Any]) -> list[str]:
    """Return the problems of the members, in order; empty if there are none."""
    found = [
        f"there is no member {name!r}" + _meant(name) for name in given if name not in (*_USED, *_UNUSED)
    ]
    found += [
        f"{name} must be a text"
        for name in _USED
        if name in given and name != "redirect_uris" and not _is_text(given[name])
    ]
    if found:
        return found
    id, secret, uris = given.get("client_id"), given.get("client_secret"), given.get("redirect_uris")
    if id is None or not _ID.fullmatch(id):
        found.append("client_id is 1 to 200 visible ASCII characters")
    elif id in grants.OURS:
        found.append(f"client_id {id} is the sandbox's own")
    if secret is not None and not _ID.fullmatch(secret):
        found.append("client_secret is 1 to 200 visible ASCII characters")
    method = given.get("token_endpoint_auth_method")
    if method is not None and (method == "none") != (secret is None):
        found.append(
            f"token_endpoint_auth_method {method} "
            + ("needs a client_secret" if secret is None else "goes without client_secret")
        )
    if not isinstance(uris, list) or not 1 <= len(uris) <= 20:
        found.append("redirect_uris is a list of 1 to 20 addresses")
    else:
        found += [
            f"redirect_uris: {said}"
            for uri in uris
            if (said := _find_uri_problem(uri, public=secret is None))
        ]
    return found


def _list_scope_problems(given: Mapping[str, Any], scopes: Mapping[str, str]) -> list[str]:
    unknown = (
        [name for name in given.get("scope", "").split() if name not in scopes]
        if _is_text(given.get("scope", ""))
        else []
    )
    return [f"scope {name} is none of {', '.join(scopes)}" for name in unknown]


def _find_uri_problem(uri: Any, *, public: bool) -> str:
    """Return why a redirect URI is refused; empty if it is allowed (RFC 6749, 3.1.2; RFC 8252, 7)."""
    if not isinstance(uri, str) or not _URI.fullmatch(uri):
        return f"{uri!r} is not an absolute address without a fragment"
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError as error:
        return f"{uri}: {error}"
    if parts.scheme in ("http", "https"):
        if not _AUTHORITY.fullmatch(parts.netloc):
            return f"{uri} names no host"
        return "" if parts.scheme == "https" or host in _HERE else f"{uri}: http is for this machine alone"
    if "." not in parts.scheme:
        return f"{uri} is neither https nor of a scheme like com.example.app"
    return "" if public else f"{uri}: an app's own scheme is for a client without a secret"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= 2000


def _meant(name: str) -> str:
    said = did_you_mean(name, list(_USED))
    return f" ({said})" if said else ""
