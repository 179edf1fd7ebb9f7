"""Add the security scheme that the caller names (`--auth bearer`) to a document, or refine one of its own.

A document that says only in words what stands before the key, as `Token`, is refined. So is one that declares
no key for some operations: they get it as one that may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import operations
from pgagents.importer.reading.references import Found, References
from pgagents.model.credential import AUTHORIZATION, kinds
from pgagents.text.brief import brief

EXAMPLES = "bearer, basic, header:X-API-Key, query:token, cookie:session or header:Authorization:Token"
PLACES = ("header", "query", "cookie")
_TOKENS = ("oauth2", "openIdConnect")
"""Types of schemes whose access tokens are bearer tokens."""
UNDECLARED, UNSAID = "the document declares no key", "the document does not say how it is sent"
"""Reasons why a scheme of the caller's stands in the catalogue."""
_WORD = re.compile(
    r"""(?i:\bauthorization)["']?\s{0,3}[:=]\s{0,3}["']?([A-Z][A-Za-z-]{1,30})\x20{1,3}[\[<{$"'`\w]"""
)
"""Finds the word before the key in an example of the header, such as `Authorization: Token [your-token]`."""
_KEY_HEADERS = ("x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token", "x-token")
"""Header parameters that carry a key, in documents without security schemes."""


@dataclass(frozen=True, slots=True)
class GivenScheme:
    """A scheme as the caller names it, and in OpenAPI 3's form."""

    text: str
    name: str
    scheme: Mapping[str, Any]

    def for_swagger(self) -> Mapping[str, Any]:
        """Return the scheme in Swagger 2.0's form, which has no type for bearer keys."""
        if self.scheme["type"] != "http":
            return self.scheme
        if self.scheme["scheme"] == "basic":
            return {"type": "basic"}
        return {"type": "apiKey", "in": "header", "name": AUTHORIZATION, "description": "Bearer KEY"}

    @property
    def place(self) -> tuple[str, str]:
        """The place of the key on the wire: `header`, `query` or `cookie`, and the name there."""
        return _find_place(self.scheme)


def parse_scheme(text: str) -> GivenScheme:
    """Parse `bearer`, `basic`, `header:NAME`, `query:NAME`, `cookie:NAME` or `header:Authorization:WORD`.

    Raises PgagentsError for anything else.
    """
    kind, _, rest = text.partition(":")
    if kind.lower() in ("bearer", "basic") and not rest:
        word = kind.lower()
        return GivenScheme(word, f"{word}Auth", {"type": "http", "scheme": word})
    name, _, word = rest.partition(":")
    if kind not in PLACES or not name:
        raise PgagentsError(f"--auth {brief(text)} is no way to send a key", f"write {EXAMPLES}")
    made = {"type": "apiKey", "in": kind, "name": name}
    problem = next(iter(kinds()["api_key"].find_misuses({"in": kind, "name": name})), None)
    if problem is not None:
        raise PgagentsError(f"--auth {brief(text)}: {problem.message}", f"write {EXAMPLES}")
    if kind == "header" and name.lower() == AUTHORIZATION.lower() and word.lower() in ("bearer", "basic"):
        return parse_scheme(word)
    if word:
        made["description"] = f'prefix: "{word}"'
        if name.lower() != AUTHORIZATION.lower() or not (kinds()["api_key"].read_openapi(made) or {}).get(
            "value"
        ):
            help = "such as header:Authorization:Token; any other header, query or cookie has the key alone"
            raise PgagentsError(f"--auth {brief(text)}: no word can stand before the key there", help)
    return GivenScheme(text, "apiKey", made)


def with_scheme(references: References, given: GivenScheme) -> tuple[References, str, str]:
    """Return the document with the scheme for all operations, its name there, and why it is the caller's.

    Name and reason are empty if the document already declares this scheme. A declared key in the same place
    is sent as the scheme says. Raises PgagentsError if the document declares a key in another place.
    """
    root = references.root()
    described = _list_schemes(references)
    needed = [n for op in operations(references, Notes()) for need in op.security or () for n in need]
    used = {name: described[name] for name in dict.fromkeys(needed) if name in described}
    if exact := [name for name, found in used.items() if _say(found) == given.text]:
        return _fill(references, exact[0]), "", ""
    tokens = [name for name, found in used.items() if found.text("type") in _TOKENS]
    if tokens and given.text == "bearer":
        return _fill(_replace(references, dict.fromkeys(tokens, given)), tokens[0]), "", ""
    if same := [name for name, found in used.items() if _find_place(found.mapping()) == given.place]:
        return _fill(_replace(references, dict.fromkeys(same, given)), same[0]), same[0], UNSAID
    if needed:
        asked = " and ".join(dict.fromkeys(_say(found) for found in used.values())) or "a scheme"
        raise PgagentsError(
            f"--auth {given.text}: the document says itself which key calls have: {asked}",
            "leave --auth out, or name the same place, such as header:Authorization:Token; if the document "
            f"is wrong, correct it at {root.document.place('')}",
        )
    name = next((name for name, found in described.items() if _say(found) == given.text), "")
    if name:
        return _replace(references, {}, required=name), name, UNDECLARED
    while (name := f"{name or given.name}") in described:
        name += "Given"
    return _replace(references, {name: given}, required=name), name, UNDECLARED


def list_described(references: References) -> list[str]:
    """Return the schemes that a document describes, in the form of `--auth`.

    They have the word before the key that a description shows. Header parameters that carry a key count too.
    """
    said = [_say(found) for found in _list_schemes(references).values()]
    words = [_WORD.search(found.text("description")[:2_000]) for found in _list_schemes(references).values()]
    shown = [
        f"{one}:{word[1]}" if word and one.lower() == f"header:{AUTHORIZATION}".lower() else one
        for one, word in zip(said, words, strict=True)
        if one != "another scheme"
    ]
    headers = dict.fromkeys(
        found.text("name")
        for op in operations(references, Notes())
        for found in op.whole.at("parameters").items()
        if found.text("in") == "header"
    )
    keys = ["bearer" for name in headers if name.lower() == AUTHORIZATION.lower()]
    keys += [f"header:{name}" for name in headers if name.lower() in _KEY_HEADERS]
    return list(dict.fromkeys((*shown, *keys)))


def _find_place(scheme: Mapping[str, Any]) -> tuple[str, str]:
    """Return where a scheme's key is on the wire; two empty texts for a scheme without a place."""
    place, name = str(scheme.get("in", "")), str(scheme.get("name", ""))
    if scheme.get("type") in ("http", "basic"):
        place, name = "header", AUTHORIZATION
    return place, name.lower() if place == "header" else name


def _fill(references: References, name: str) -> References:
    """Return the document with a scheme for the operations of which it says nothing.

    It may be left out there: no promise of a refusal follows from it.
    """
    data = references.first.data
    if "security" in data:
        return references
    first = replace(references.first, data={**data, "security": [{name: []}, {}]})
    return References(first, references.fetch, allowed=references.allowed)


def _list_schemes(references: References) -> dict[str, Found]:
    root = references.root()
    swagger = "swagger" in root.value
    written = root.at("securityDefinitions") if swagger else root.at("components", "securitySchemes")
    return {name: references.follow(found) for name, found in written.members().items()}


def _say(found: Found) -> str:
    """Return a scheme of a document in the form of `--auth`."""
    scheme = found.mapping()
    for kind in ("http_bearer", "http_basic"):
        if kinds()[kind].read_openapi(scheme) is not None:
            return kind.removeprefix("http_")
    key = kinds()["api_key"].read_openapi(scheme)
    if key is not None:
        word = str(key.get("value", "")).partition(" ")[0] if "value" in key else ""
        return ":".join(filter(None, (key["in"], key["name"], word)))
    return "another scheme"


def _replace(references: References, schemes: Mapping[str, GivenScheme], *, required: str = "") -> References:
    """Return the document with these schemes, and with one of them required by every operation."""
    data = dict(references.first.data)
    if "swagger" in data:
        own = data.get("securityDefinitions")
        added = {name: dict(given.for_swagger()) for name, given in schemes.items()}
        data["securityDefinitions"] = {**(own if isinstance(own, dict) else {}), **added}
    else:
        parts = data.get("components")
        parts = dict(parts) if isinstance(parts, dict) else {}
        own = parts.get("securitySchemes")
        added = {name: dict(given.scheme) for name, given in schemes.items()}
        parts["securitySchemes"] = {**(own if isinstance(own, dict) else {}), **added}
        data["components"] = parts
    if required:
        data["security"] = [{required: []}]
    first = replace(references.first, data=data)
    return References(first, references.fetch, allowed=references.allowed)
