"""Refuse kinds of keys that the catalogue can name but no manifest can express yet.

`pgagents import` writes them as the document has them. Loading such a catalogue is an error at the key,
because every manifest would make agents send another key than the API accepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Pointer, Source
from pgagents.text.brief import brief

KINDS = {
    "api_key": "a key in the {in} `{name}`",
    "http_basic": "HTTP Basic",
    "http": "HTTP authentication by `{scheme}`",
    "oauth2": "an OAuth 2.0 token",
    "open_id_connect": "an OpenID Connect token",
    "mutual_tls": "a client certificate",
    "undeclared": "a key that its document does not describe",
}
HELP = (
    "if the API takes `Authorization: Bearer KEY` too, write `type: http_bearer` and take the other keys "
    "of this entry out; "
    "if not, no manifest can be made of it with this version of pgagents"
)


def find_unsupported_key(source: Source) -> list[Diagnostic]:
    """Return an error for the first key of a kind that no manifest can express; its message counts the
    others.
    """
    found = [(name, scheme) for name, scheme in _schemes(source.data).items() if _kind(scheme) in KINDS]
    if not found:
        return []
    name, scheme = found[0]
    at: Pointer = ("auth", "schemes", name, "type")
    words = {key: brief(str(scheme.get(key, "?")), 40) for key in ("in", "name", "scheme")}
    asked = KINDS[_kind(scheme)].format(**words)
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    message = (
        f"`{brief(str(name))}` is {asked}{others}; a catalogue's calls send `Authorization: Bearer KEY`, "
        "and nothing else yet"
    )
    return [Diagnostic(source.locate(at), "catalogue/key-kind", "error", message, HELP)]


def as_bearer(source: Source) -> Source:
    """Return the source with bearer keys in place of such keys, so that everything else can be checked."""
    schemes = _schemes(source.data)
    if not any(_kind(scheme) in KINDS for scheme in schemes.values()):
        return source
    described = ("description", "prefixes", "issue_at")
    made = {n: {k: s[k] for k in described if k in s} if _kind(s) in KINDS else s for n, s in schemes.items()}
    return replace(source, data={**source.data, "auth": {**source.data["auth"], "schemes": made}})


def _schemes(data: Any) -> Mapping[Any, Any]:
    auth = data.get("auth") if isinstance(data, dict) else None
    schemes = auth.get("schemes") if isinstance(auth, dict) else None
    return schemes if isinstance(schemes, dict) else {}


def _kind(scheme: Any) -> str:
    kind = scheme.get("type") if isinstance(scheme, dict) else None
    return kind if isinstance(kind, str) else ""
