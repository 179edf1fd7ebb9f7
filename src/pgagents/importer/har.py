"""Read recorded HTTP traffic in the HAR 1.2 format, in bounded memory, and find how its calls prove who
calls.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pgagents.base.errors import PgagentsError
from pgagents.base.http import media_type_of, read_json

# -- credentials of recorded calls


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


MOST_ENTRIES, MOST_BODY, MOST_DEPTH = 20_000, 1_000_000, 30
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE"))
_NOTHING = object()
SHORTEST_SECRET = 8
_SECRET = re.compile(
    r"(?:sk|pk|rk|ghp|gho|ghs|glpat|xox[abprs]|AKIA|ASIA|AIza|eyJ)[-_A-Za-z0-9]"
    r"(?=[-_A-Za-z0-9]*\d)[-_A-Za-z0-9]{14,}"
)
"""Matches keys by the beginnings that their issuers give them."""
_PASSWORD = re.compile(r"(?:.*[-_])?(?:password|passwd|pwd?|passphrase|pin|otp)|.*(?:token|secret)", re.I)
NO_SEGMENT = "00000000-0000-4000-8000-000000000000"
"""Stands in a path for a segment with a secret: it is an id there, as it is no word of the API."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange with an API. Bodies are parsed JSON, or the fields of a form."""

    origin: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    proofs: frozenset[Proof]
    idempotent: bool
    """True if the request had an idempotency key."""
    sends: str
    """The media type of the request's body; empty without one."""
    sent: Any
    status: int
    answers: str
    """The media type of the answer's body; empty without one."""
    answer: Any
    left_out: int = 0
    """The number of names that are left out, because they hold a secret."""


def read_har(data: Any) -> tuple[list[Recorded], int]:
    """Return the exchanges with APIs, and the number of other entries: pages, pictures, other methods.

    Raises PgagentsError if the data is not HAR.
    """
    log = data.get("log") if isinstance(data, Mapping) else None
    entries = log.get("entries") if isinstance(log, Mapping) else None
    if not isinstance(entries, list):
        raise PgagentsError("the file is no HAR: it has no `log.entries`", "save the traffic as HAR 1.2")
    if len(entries) > MOST_ENTRIES:
        raise PgagentsError(
            f"the recording has {len(entries):,} entries; at most {MOST_ENTRIES:,} are read", "record less"
        )
    secrets: set[str] = set()
    found = [one for entry in entries if (one := _read_entry(entry, secrets)) is not None]
    return [_without_secrets(one, _matcher(secrets)) for one in found], len(entries) - len(found)


def _matcher(secrets: set[str]) -> re.Pattern[str]:
    """Return a pattern that finds the secrets of a recording, and keys by their beginnings.

    A cookie or password that is a word may be the name of a member too, such as `created_at`.
    """
    random = (s for s in secrets if len(s) >= SHORTEST_SECRET and re.search(r"\d", s))
    known = sorted(random, key=len, reverse=True)
    return re.compile("|".join((_SECRET.pattern, *map(re.escape, known))))


def _without_secrets(one: Recorded, secret: re.Pattern[str]) -> Recorded:
    """Return an exchange without the names that hold a secret. Values are not kept anyway."""
    names: list[str] = []
    segments = (NO_SEGMENT if secret.search(unquote(part)) else part for part in one.path.split("/"))
    return replace(
        one,
        path="/".join(segments),
        query=tuple((name, value) for name, value in one.query if not _holds(secret, name, names)),
        proofs=frozenset(proof for proof in one.proofs if not _holds(secret, proof.name, names)),
        sent=_without_names(one.sent, secret, names),
        answer=_without_names(one.answer, secret, names),
        left_out=len(names),
    )


def _holds(secret: re.Pattern[str], name: str, names: list[str]) -> bool:
    """True if a name holds a secret; it is then added to `names`."""
    if secret.search(name) is None:
        return False
    names.append(name)
    return True


def _without_names(value: Any, secret: re.Pattern[str], names: list[str]) -> Any:
    if isinstance(value, dict):
        kept = {name: member for name, member in value.items() if not _holds(secret, name, names)}
        return {name: _without_names(member, secret, names) for name, member in kept.items()}
    return [_without_names(item, secret, names) for item in value] if isinstance(value, list) else value


def _collect_secrets(value: Any, secrets: set[str], depth: int = 0) -> None:
    """Add the values of members whose names are those of keys and passwords."""
    if isinstance(value, dict) and depth < MOST_DEPTH:
        for name, member in value.items():
            if isinstance(member, str) and (is_key_name(name) or _PASSWORD.fullmatch(name)):
                secrets.add(member)
            _collect_secrets(member, secrets, depth + 1)
    for item in value if isinstance(value, list) and depth < MOST_DEPTH else ():
        _collect_secrets(item, secrets, depth + 1)


def _read_entry(entry: Any, secrets: set[str]) -> Recorded | None:
    request, response = _mapping(entry, "request"), _mapping(entry, "response")
    method, url, status = request.get("method"), request.get("url"), response.get("status")
    if not isinstance(method, str) or not isinstance(url, str) or not isinstance(status, int):
        return None
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    strange = parts.path.startswith("/.well-known/") or method.upper() not in METHODS
    if parts.scheme not in ("http", "https") or not parts.hostname or strange:
        return None
    answers, answer = _read_answer(_mapping(response, "content"))
    sends, sent = _read_body(_mapping(request, "postData"))
    if answer is _NOTHING and (answers or not 200 <= status < 500 or method.upper() == "GET"):
        return None
    headers = dict(_pairs(request.get("headers")))
    query = tuple(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=200))
    lower = {name.lower(): value for name, value in headers.items()}
    cookies = [name for name, _ in _pairs(request.get("cookies"))]
    proofs = find_proofs(lower, query, cookies)
    taken = {proof.name for proof in proofs if proof.place == "query"}
    proved = {proof.name.lower() for proof in proofs if proof.place == "header"}
    for value in (v for name, v in lower.items() if name in proved):
        secrets.add(value.rpartition(" ")[2])
    secrets.update(value for name, value in query if name in taken)
    secrets.update(value for _, value in _pairs(request.get("cookies")))
    secrets.update(part.partition("=")[2].strip() for part in lower.get("cookie", "").split(";"))
    secrets.add(unquote(parts.password or ""))
    _collect_secrets(sent, secrets)
    _collect_secrets(answer, secrets)
    return Recorded(
        f"{parts.scheme}://{parts.hostname}{port}",
        method.upper(),
        parts.path or "/",
        tuple((name, value) for name, value in query if name not in taken),
        proofs,
        "idempotency-key" in lower,
        sends,
        None if sent is _NOTHING else sent,
        status,
        answers if answer is not _NOTHING else "",
        None if answer is _NOTHING else answer,
    )


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _pairs(listed: Any) -> Iterator[tuple[str, str]]:
    for item in listed if isinstance(listed, list) else ():
        name, value = (item.get("name"), item.get("value")) if isinstance(item, Mapping) else (None, None)
        if isinstance(name, str) and isinstance(value, str) and not name.startswith(":"):
            yield name, value


def _read_answer(content: Mapping[str, Any]) -> tuple[str, Any]:
    """Return an answer's media type and its JSON value; `_NOTHING` if there is no JSON body."""
    text = content.get("text")
    media = _media(content)
    if not isinstance(text, str) or not text:
        return (media if content.get("size") not in (0, -1, None) else ""), _NOTHING
    if content.get("encoding") == "base64":
        try:
            text = base64.b64decode(text[: 2 * MOST_BODY], validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return media, _NOTHING
    return media, _parse(text) if _is_json(media) else _NOTHING


def _read_body(data: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the media type and the value of a request's body; empty and `_NOTHING` for any other body."""
    media, text = _media(data), data.get("text")
    if media == FORM:
        pairs = dict(_pairs(data.get("params")))
        if not pairs and isinstance(text, str):
            pairs = dict(parse_qsl(text[:MOST_BODY], keep_blank_values=True, max_num_fields=500))
        return (FORM, pairs) if pairs else ("", _NOTHING)
    if not isinstance(text, str) or not _is_json(media):
        return "", _NOTHING
    parsed = _parse(text)
    return (media, parsed) if parsed is not _NOTHING else ("", _NOTHING)


def _parse(text: str) -> Any:
    if len(text) > MOST_BODY:
        return _NOTHING
    parsed = read_json(text.encode("utf-8", "replace"))
    return _NOTHING if parsed.problem else parsed.value


def _media(holder: Mapping[str, Any]) -> str:
    found = holder.get("mimeType")
    return media_type_of(found)[:100] if isinstance(found, str) else ""


def _is_json(media: str) -> bool:
    return media in (JSON, "text/json") or media.endswith("+json")
