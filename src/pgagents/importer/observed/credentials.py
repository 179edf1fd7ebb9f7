"""Find how recorded calls are authenticated. Only the kind and the name are kept, never a value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(
    r"(?:x[-_])?(?:[a-z]+[-_])?(?:api|auth|access|secret|private|subscription)[-_]?(?:key|token|secret)"
    r"|(?:x[-_])?token|apikey|access_token|sig|signature|key",
    re.I,
)
_HEADER = re.compile(r"x-.*(?:key|token|secret|auth).*|.*api-?key.*|.*-token", re.I)
_COOKIE = re.compile(
    r"(?:.*[-_.])?(?:sess(?:ion)?(?:id)?|sid|auth|jwt|token)(?:[-_.].*)?|.*sess(?:ion)?id", re.I
)
_NO_KEY = re.compile(r"x-(?:csrf|xsrf)-?token|x-request.*|x-amz-.*", re.I)
_WORD = re.compile(r"([A-Za-z][A-Za-z0-9_-]{1,30})\s+\S")


@dataclass(frozen=True, slots=True)
class Proof:
    """One way to authenticate. `kind` is `bearer`, `basic` or `key`; `place` is header, query or cookie."""

    kind: str
    place: str
    name: str


def find_proofs(
    headers: Mapping[str, str], query: Sequence[tuple[str, str]], cookies: Sequence[str]
) -> frozenset[Proof]:
    """Return the credentials of a request, without their values. `headers` have lower-case names."""
    found = set()
    word = _WORD.match(headers.get("authorization", ""))
    if word and word[1].lower() in ("bearer", "basic"):
        found.add(Proof(word[1].lower(), "header", "Authorization"))
    elif headers.get("authorization"):
        found.add(Proof("key", "header", "Authorization"))
    for name in headers:
        if _HEADER.fullmatch(name) and not _NO_KEY.fullmatch(name):
            found.add(Proof("key", "header", "-".join(part.capitalize() for part in name.split("-"))))
    found |= {Proof("key", "query", name) for name, _ in query if _KEY.fullmatch(name)}
    named = cookies or [part.partition("=")[0].strip() for part in headers.get("cookie", "").split(";")]
    found |= {Proof("key", "cookie", name) for name in named if _COOKIE.fullmatch(name)}
    return frozenset(found)


def is_key_name(name: str) -> bool:
    """True if a member or parameter of this name holds a key."""
    return _KEY.fullmatch(name) is not None


def describe_schemes(proofs: Sequence[Proof]) -> dict[str, Any]:
    """Return the OpenAPI security schemes of these proofs, by name."""
    made: dict[str, Any] = {}
    for proof in proofs:
        if proof.kind == "key":
            made[name_scheme(proof)] = {"type": "apiKey", "in": proof.place, "name": proof.name}
        else:
            made[name_scheme(proof)] = {"type": "http", "scheme": proof.kind}
    return made


def name_scheme(proof: Proof) -> str:
    """Return a name for the scheme of a credential."""
    if proof.kind != "key":
        return proof.kind
    return re.sub(r"[^a-z0-9]+", "_", f"{proof.place}_{proof.name}".lower()).strip("_")[:60]
