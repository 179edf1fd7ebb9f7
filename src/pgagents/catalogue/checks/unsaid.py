"""Refuse credentials that the catalogue can name although no call can send them yet.

`pgagents import` copies them from the document. Loading such a catalogue is an error at the scheme, because
every manifest would make agents send a credential that the API refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.source.diagnostics import Diagnostic
from pgagents.source.source import Pointer, Source
from pgagents.text.brief import brief

KINDS = {
    "http": "HTTP authentication by `{scheme}`",
    "oauth2": "an OAuth 2.0 token by no flow that calls can take",
    "open_id_connect": "an OpenID Connect token",
    "unsendable": "a key under a name that no request can carry",
    "undeclared": "a key that its document does not describe",
}
HELP = (
    "if the API takes a key too, write that: `type: http_bearer`, or `{type: api_key, in: header, name: "
    "X-API-Key}`; if not, no manifest can be made of it with this version of pgagents"
)


def find_unsupported_key(source: Source) -> list[Diagnostic]:
    """Return an error for the first credential that calls cannot send, with the number of others; else
    empty.
    """
    found = list(_list_schemes(source))
    if not found:
        return []
    at, said = found[0]
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    message = f"{said}{others}, which is not supported yet"
    return [Diagnostic(source.locate(at), "catalogue/key-kind", "error", message, HELP)]


def as_bearer(source: Source) -> Source:
    """Return the source with bearer keys instead of such credentials, so that everything else can be
    checked.
    """
    if not find_unsupported_key(source):
        return source
    described = ("description", "prefixes", "issue_at")
    schemes = _schemes(source.data)
    made = {
        n: {k: s[k] for k in described if k in s} if _is_unsupported(s) else s for n, s in schemes.items()
    }
    data = dict(source.data)
    if isinstance(data.get("auth"), dict):
        data["auth"] = {**data["auth"], "schemes": made}
    return replace(source, data=data)


def _list_schemes(source: Source) -> Iterator[tuple[Pointer, str]]:
    for name, scheme in _schemes(source.data).items():
        if _is_unsupported(scheme):
            words = {"scheme": brief(str(scheme.get("scheme", "?")), 40)}
            at: Pointer = ("auth", "schemes", name, "type")
            yield at, f"`{brief(str(name))}` is {KINDS[_kind(scheme)].format(**words)}"


def _schemes(data: Any) -> Mapping[Any, Any]:
    auth = data.get("auth") if isinstance(data, dict) else None
    schemes = auth.get("schemes") if isinstance(auth, dict) else None
    return schemes if isinstance(schemes, dict) else {}


def _is_unsupported(scheme: Any) -> bool:
    kind = _kind(scheme)
    return kind in KINDS and not (kind == "oauth2" and scheme.get("flows"))


def _kind(scheme: Any) -> str:
    kind = scheme.get("type") if isinstance(scheme, dict) else None
    return kind if isinstance(kind, str) else ""
