"""Convert the document's security schemes, and the one that the caller names, into the catalogue's `auth`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.places import Pointer
from pgagents.base.text import brief
from pgagents.catalogue.model.credential import AUTHORIZATION, kinds
from pgagents.importer.document import Found, References, replace_first
from pgagents.importer.names import Notes, clean, cut, identifier, is_name, unique
from pgagents.importer.operations import ImportedAction, Operation, operations

# -- schemes of the document


Alternative = tuple[str, ...]
"""Names of schemes that a call needs together."""


class SecuritySchemes:
    """The document's security schemes.

    `schemes` are all of them by name, as the document has them. `entries` are those of a supported kind, as
    the catalogue has them.
    """

    def __init__(self, references: References) -> None:
        root = references.root()
        written = (
            root.at("securityDefinitions")
            if "swagger" in root.value
            else root.at("components", "securitySchemes")
        )
        self.schemes = {name: references.follow(found) for name, found in written.members().items()}
        self.entries = {name: entry for name in self.schemes if (entry := self._read(name)) is not None}

    def _read(self, name: str) -> dict[str, Any] | None:
        """Return the scheme's `type` and its members in the catalogue; None for a kind that is not
        supported.
        """
        scheme = {**self.schemes[name].mapping(), "key": name}
        if _is_aws_signature(scheme):
            return None
        read = {
            kind: members
            for kind, known in kinds().items()
            if (members := known.read_openapi(scheme)) is not None
        }
        found = next((kind for kind in ("http_bearer", *read) if kind in read), None)
        if found is None:
            return {"type": "http_bearer"} if self.lacks_flows(name) else None
        entry = read[found]
        return {"type": found, **{k: clean(v) if isinstance(v, str) else v for k, v in entry.items()}}

    def lacks_flows(self, name: str) -> bool:
        """Return whether a scheme is OAuth 2.0 without a flow, as NestJS writes it for a bearer token."""
        scheme = self.schemes[name].mapping()
        return scheme.get("type") == "oauth2" and not scheme.get("flows") and "flow" not in scheme

    def find_kind(self, name: str) -> str:
        """Return the scheme's kind in the catalogue's language; `undeclared` if the document does not
        describe it.
        """
        if name in self.entries:
            return str(self.entries[name]["type"])
        kinds_of_others = {
            "apiKey": "unsendable", "oauth2": "oauth2", "http": "http",
            "openIdConnect": "open_id_connect", "mutualTLS": "mutual_tls",
        }  # fmt: skip
        scheme = self.schemes.get(name)
        if scheme and _is_aws_signature(scheme.mapping()):
            return "api_key"
        return kinds_of_others.get(scheme.text("type") if scheme else "", "undeclared")

    def is_bearer(self, name: str) -> bool:
        """Return whether a scheme is a bearer key."""
        return self.find_kind(name) == "http_bearer"

    def describe(self, name: str) -> str:
        """Describe the credentials of a call with a scheme, for a person."""
        scheme = self.schemes.get(name)
        kind = self.find_kind(name)
        if scheme and _is_aws_signature(scheme.mapping()):
            said = "requests signed with AWS Signature Version 4"
        elif scheme and scheme.text("type") == "apiKey":
            place = {"header": "header", "query": "query parameter", "cookie": "cookie"}.get(
                scheme.text("in"), "unknown place"
            )
            said = f"a key in the {place} `{brief(scheme.text('name'))}`"
        elif scheme and kind == "http":
            said = f"HTTP authentication by `{brief(scheme.text('scheme') or '?')}`"
        elif name in self.entries:
            said = kinds()[kind].noun
        else:
            said = {
                "oauth2": "an OAuth 2.0 token",
                "open_id_connect": "an OpenID Connect token",
                "mutual_tls": "a client certificate",
            }.get(kind, "a scheme that it does not describe")
        return f"{said} (`{brief(name)}`)"

    def is_token(self, name: str) -> bool:
        """Return whether a scheme is a token of OAuth 2.0 or OpenID Connect."""
        scheme = self.schemes.get(name)
        return scheme is not None and scheme.text("type") in ("oauth2", "openIdConnect")

    def describe_together(self, names: Alternative) -> str:
        """Describe the credentials of a call that needs several schemes together, for a person."""
        return " and ".join(self.describe(name) for name in names)


def _is_aws_signature(scheme: Mapping[str, Any]) -> bool:
    """Return whether a scheme is not a key, but a signature over each request in AWS's form."""
    return str(scheme.get("x-amazon-apigateway-authtype", "")).lower() == "awssigv4"


_MEMBERS = {"api_key": ("in", "name"), "http": ("scheme",)}
"""The members that identify a scheme of each unsupported kind in messages."""
_TOKENS = {"oauth2", "open_id_connect"}
"""Kinds whose access tokens are bearer tokens."""
Ways = tuple[Alternative, ...]


class Security:
    """Choose the schemes that the catalogue's calls use.

    The kinds of `pgagents.catalogue.model.credentials` can be expressed. If most operations need a scheme of
    another kind, it is written as the document describes it. Loading such a catalogue is an error, because
    no manifest may name a key that the API does not accept.
    """

    def __init__(
        self,
        references: References,
        notes: Notes,
        chosen: Sequence[Operation],
        given: str = "",
        given_because: str = "",
    ) -> None:
        """`given` is the scheme that --auth added or refined, and `given_because` the reason."""
        self.notes, self.given, self._given_because = notes, given, given_because
        self.described = SecuritySchemes(references)
        self.schemes, self.entries = self.described.schemes, self.described.entries
        self.users = self._choose_user_scheme(chosen)
        self.needs: dict[str, list[str]] = {}
        self.keyed = [op for op in chosen if self._is_keyed(op)]
        able = [ways for op in self.keyed if (ways := self._find_ways(op))]
        self.sayable = bool(able) and 2 * len(able) >= len(self.keyed)
        self.default: Ways = Counter(map(tuple, able)).most_common(1)[0][0] if self.sayable else ()
        self.main = () if self.sayable else self._find_blocking()
        self.names = self._name_schemes(able)

    # which operations require which schemes

    def _is_keyed(self, op: Operation) -> bool:
        return any(self._alternatives(op))

    def _alternatives(self, op: Operation) -> Iterator[Alternative]:
        """Yield the sets of schemes that an operation accepts, without the certificate of the connection.

        Several OAuth schemes are several flows to one token, and a call has room for one. So each counts
        alone.
        """
        for need in op.security or ():
            if len(need) > 1 and all(map(self.described.is_token, need)):
                yield from ((name,) for name in need)
            else:
                yield tuple(name for name in need if not self._is_certificate(name))

    def _is_certificate(self, name: str) -> bool:
        return self.described.find_kind(name) == "mutual_tls"

    def _find_ways(self, op: Operation) -> list[Alternative]:
        """Return the alternatives that can be expressed, without redundant ones. An empty one comes last."""
        sayable = [one for one in self._alternatives(op) if one and all(n in self.entries for n in one)]
        kept: list[Alternative] = []
        for one in sayable:
            places = [(self.entries[n].get("in"), self.entries[n].get("name", "")) for n in one]
            if len(set(places)) == len(places) and not any(set(other) <= set(one) for other in kept):
                kept.append(one)
        kept = [one for one in kept if not any(set(other) < set(one) for other in kept)]
        return [*kept, *([()] if kept and () in list(self._alternatives(op)) else [])]

    def _find_blocking(self) -> Alternative:
        """Return the schemes that most calls need and that cannot be expressed; empty if there are none."""
        others = [
            one for op in self.keyed if not self._find_ways(op) for one in self._alternatives(op) if one
        ]
        return Counter(others).most_common(1)[0][0] if others else ()

    def _name_schemes(self, able: Sequence[list[Alternative]]) -> dict[str, str]:
        """Return the catalogue's names of the schemes by those in the document, the default's first."""
        used = [n for one in (*self.default, *(one for ways in able for one in ways)) for n in one]
        found: dict[str, str] = {}
        for name in dict.fromkeys((*self.main, *(used if self.sayable else ()))):
            found[name] = unique(name if is_name(name) else identifier(name), set(found.values()))
        return found

    def takes(self, op: Operation) -> bool:
        """True if the catalogue can express the operation's credentials; otherwise a note is recorded."""
        if not self.sayable or not self._is_keyed(op) or self._find_ways(op):
            return True
        asked = " or ".join(self.described.describe_together(a) for a in self._alternatives(op) if a)
        self.notes.add_left_out(
            f"{op.method} {brief(op.path)}: it asks for {asked}, which cannot be said", op.whole.place
        )
        return False

    def without_key(self, op: Operation) -> Operation:
        """Return the operation without parameters that carry a key."""
        taken = {
            (entry["in"], _fold(entry["in"], entry["name"]))
            for name in self.names
            if "in" in (entry := self.entries.get(name, {}))
        }
        kept = tuple(p for p in op.parameters if (p.place, _fold(p.place, p.name)) not in taken)
        return replace(op, parameters=kept) if len(kept) < len(op.parameters) else op

    def find_own(self, op: Operation, at: Pointer) -> list[dict[str, list[str]]] | None:
        """Return the action's own `security`; None if the whole catalogue's applies."""
        if not self._is_keyed(op):
            return []
        if self.sayable:
            ways = tuple(self._find_ways(op))
            return None if ways == self.default else self._write(ways)
        if self.main not in list(self._alternatives(op)):
            asked = " or ".join(self.described.describe_together(a) for a in self._alternatives(op))
            self.notes.add_lost(at, f"this operation asks for {asked}", op.whole.place)
        return None

    def _write(self, ways: Ways) -> list[dict[str, list[str]]]:
        return [{self.names[name]: [] for name in one} for one in ways]

    def keep(self, made: Sequence[ImportedAction]) -> None:
        """Drop the operations that were not imported."""
        self.keyed = [one.operation for one in made if self._is_keyed(one.operation)]

    def take(self, made: ImportedAction) -> None:
        """Record the scopes of a user's token that an action needs, and note alternatives that it loses."""
        if any(self._is_certificate(name) for need in made.operation.security or () for name in need):
            why = "that the connection needs a client certificate; verify, call and mcp take it by --cert"
            self.notes.add_lost(("actions", made.name), why, made.operation.whole.place)
        for need in made.operation.security or ():
            scopes = need.get(self.users) if self.users is not None else None
            for scope in scopes if isinstance(scopes, list) else ():
                if isinstance(scope, str) and made.name not in self.needs.setdefault(scope, []):
                    self.needs[scope].append(made.name)

    def _choose_user_scheme(self, chosen: Sequence[Operation]) -> str | None:
        """Return the scheme by which users sign in to most operations. Other schemes lose that flow."""
        asked = Counter(name for op in chosen for need in op.security or () for name in need)
        able = [n for n, entry in self.entries.items() if "authorization_code" in entry.get("flows", {})]
        users = max(able, key=lambda name: asked[name], default=None)
        for name in able:
            if name == users:
                continue
            flows = {n: f for n, f in self.entries[name]["flows"].items() if n != "authorization_code"}
            self.entries[name]["flows"] = flows
            if not flows:
                del self.entries[name]
            if asked[name]:
                said = f"users sign in by `{brief(users or '')}`; the flow of `{brief(name)}` is not carried"
                self.notes.add_lost(("auth", "schemes"), said, self.schemes[name].place)
        return users

    # the catalogue's terms

    def section(self) -> tuple[list[dict[str, list[str]]], dict[str, Any]]:
        """Return the catalogue's `security` and `auth`; both are empty if no call has a key."""
        if not self.keyed:
            self._notes_on_all()
            return [], {}
        schemes = {}
        kept = [self.default, (self.main,), *map(self._find_ways, self.keyed)]
        used = {name for ways in kept for one in ways for name in one}
        for name, key in self.names.items():
            if name not in used:
                continue
            schemes[key] = self._scheme(name)
            self._notes_on(name, ("auth", "schemes", key))
        self._notes_on_all()
        return self._write(self.default or (self.main,)), {"schemes": schemes}

    def _scheme(self, name: str) -> dict[str, Any]:
        scheme = self.schemes.get(name)
        kind = self.described.find_kind(name)
        made: dict[str, Any] = dict(self.entries.get(name, {"type": kind}))
        if name == self.given:
            made["inferred"] = True
            said = f"from --auth, because {self._given_because}"
            self.notes.infer(("auth", "schemes", self.names[name]), said)
        if name == self.users:
            made["flows"] = self._with_needs(made["flows"])
        if scheme and name not in self.entries:
            made |= {key: clean(scheme.text(key)) for key in _MEMBERS.get(kind, ()) if scheme.text(key)}
        if scheme and (text := scheme.text("description")):
            made["description"] = cut(text)
        if self.sayable and (also := self._list_also_accepted(name)):
            made["also_accepted"] = also
        return made

    def _with_needs(self, flows: dict[str, Any]) -> dict[str, Any]:
        """Return the flows with the scopes that actions need."""
        flow = flows["authorization_code"]
        needs = {scope: names for scope, names in self.needs.items() if scope in flow["scopes"]}
        written = self.schemes[str(self.users)].at("flows", "authorizationCode").mapping()
        if written.get("refreshUrl", flow["token_url"]) != flow["token_url"]:
            at = ("auth", "schemes", self.names[str(self.users)])
            self.notes.add_lost(at, "`refreshUrl` is not carried", self.schemes[str(self.users)].place)
        return {**flows, "authorization_code": {**flow, **({"needs": needs} if needs else {})}}

    def _list_also_accepted(self, main: str) -> list[str]:
        """Return the other forms of a token that operations with this scheme accept."""
        with_main = (op for op in self.keyed if (main,) in list(self._alternatives(op)))
        others = {a[0] for op in with_main for a in self._alternatives(op) if len(a) == 1}
        kinds_of_others = {self.described.find_kind(name) for name in others if name not in self.entries}
        return ["bearer"] if kinds_of_others & _TOKENS and not self.described.is_bearer(main) else []

    def _notes_on(self, name: str, at: Pointer) -> None:
        scheme = self.schemes.get(name)
        place = scheme.place if scheme else ""
        if not self.sayable:
            said = (
                f"the document asks for {self.described.describe(name)}, and a catalogue cannot say that "
                "yet: build, lint and verify stop here"
            )
            self.notes.add_blocked(
                at, f"{said}. If the API takes a key in a header too, write that scheme in its place", place
            )
            return
        if scheme and scheme.text("type") == "apiKey" and scheme.text("name").lower() == "authorization":
            said = (
                "the document says a key in the header `Authorization`, and Bearer in its text; is it a "
                "bearer key?"
                if self.described.is_bearer(name)
                else 'does a word stand before the key? `value: "Token {key}"`'
            )
            self.notes.decide(at, said, place)
        if scheme and self.described.lacks_flows(name):
            self.notes.infer(at, "a bearer key, as the document says OAuth 2.0 and no flow to a token")
        if self.described.find_kind(name) != "http_basic":
            self.notes.decide(
                at,
                (
                    "which beginnings mark test and live keys? `prefixes: {test_: test, live_: live}`; and "
                    "where is one issued?"
                ),
            )

    def _notes_on_all(self) -> None:
        at: Pointer = ("auth", "schemes") if self.keyed else ("security",)
        if not self.keyed:
            described = (
                f"; it describes {', '.join(self.described.describe(n) for n in list(self.schemes)[:4])}"
                if self.schemes
                else ""
            )
            said = f"the document declares no security for any operation{described}. So no key is sent"
            help = "say which under `auth.schemes` and `security`; the reference has examples"
            self.notes.decide(at, f"{said}. If the API asks for a key, {help}")
            return
        left = [name for name in self.schemes if name not in self.names]
        if left:
            self.notes.add_lost(
                at,
                f"further schemes are not carried: {', '.join(self.described.describe(n) for n in left[:8])}",
            )


def _fold(place: str, name: str) -> str:
    return name.lower() if place == "header" else name


# -- the scheme that the caller names


EXAMPLES = "bearer, basic, header:X-API-Key, query:token, cookie:session or header:Authorization:Token"
PLACES = ("header", "query", "cookie")
_TYPES_WITH_TOKENS = ("oauth2", "openIdConnect")
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
        return _fill(_choose(references, exact[0]), exact[0]), "", ""
    tokens = [name for name, found in used.items() if found.text("type") in _TYPES_WITH_TOKENS]
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
    return replace_first(references, first)


def _choose(references: References, name: str) -> References:
    """Return the document without the alternatives of a scheme: the caller has the key of this one."""

    def choose(node: Any) -> Any:
        needs = node.get("security") if isinstance(node, dict) else None
        if not isinstance(needs, list):
            return node
        chosen = [need for need in needs if isinstance(need, dict) and (name in need or not need)]
        return {**node, "security": chosen} if any(chosen) else node

    data = references.first.data
    paths = data.get("paths")
    items = paths if isinstance(paths, dict) else {}
    chosen = {
        path: {key: choose(node) for key, node in item.items()} if isinstance(item, dict) else item
        for path, item in items.items()
    }
    made = choose({**data, "paths": chosen}) if items else choose(data)
    return replace_first(references, replace(references.first, data=made))


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
    return replace_first(references, first)
