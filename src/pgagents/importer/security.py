"""Convert the document's security schemes into the catalogue's `auth`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from pgagents.importer.actions import ImportedAction
from pgagents.importer.reading.names import clean, cut, identifier, is_name, one_line, unique
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Operation
from pgagents.importer.reading.references import References
from pgagents.model.credential import kinds
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

_MEMBERS = {"api_key": ("in", "name"), "http": ("scheme",)}
"""Members of a scheme that is not supported, by kind, which say what the document asks for."""
_FORMS = {"http_bearer": "bearer", "oauth2": "bearer", "open_id_connect": "bearer", "http_basic": "basic"}
"""Names under `also_accepted`, by kind."""
Alternative = tuple[str, ...]
"""Names of schemes that a call needs together."""


class Security:
    """Choose the scheme that the catalogue's calls use.

    The kinds of `pgagents.model.credentials` and OAuth's authorization code can be expressed. A scheme of
    another kind is written as the document describes it. Loading such a catalogue is an error, because no
    manifest may name a key that the API does not accept.
    """

    def __init__(
        self, references: References, notes: Notes, server: str, chosen: Sequence[Operation]
    ) -> None:
        self.references, self.notes, self.server = references, notes, server
        root = references.root()
        written = (
            root.at("securityDefinitions")
            if "swagger" in root.value
            else root.at("components", "securitySchemes")
        )
        self.schemes = {name: references.follow(found) for name, found in written.members().items()}
        self.entries = {name: entry for name in self.schemes if (entry := self._read(name)) is not None}
        self.needs: dict[str, list[str]] = {}
        self.keyed = [op for op in chosen if self._is_keyed(op)]
        self.main = self._main()
        self.sayable = len(self.main) == 1 and self.main[0] in self.entries

    # the document's words

    def _read(self, name: str) -> dict[str, str] | None:
        """Return the scheme's `type` and its members in the catalogue; None for a kind that is not
        supported.
        """
        scheme = {**self.schemes[name].mapping(), "key": name}
        read = {
            kind: members
            for kind, known in kinds().items()
            if (members := known.read_openapi(scheme)) is not None
        }
        found = next((kind for kind in ("http_bearer", *read) if kind in read), None)
        return {"type": found, **{key: clean(value) for key, value in read[found].items()}} if found else None

    def _kind(self, name: str) -> str:
        """Return the scheme's kind in the catalogue's language; `undeclared` if the document does not
        describe it.
        """
        if name in self.entries:
            return self.entries[name]["type"]
        kinds_of_others = {
            "apiKey": "api_key", "oauth2": "oauth2", "http": "http",
            "openIdConnect": "open_id_connect", "mutualTLS": "mutual_tls",
        }  # fmt: skip
        scheme = self.schemes.get(name)
        return kinds_of_others.get(scheme.text("type") if scheme else "", "undeclared")

    def _is_bearer(self, name: str) -> bool:
        return self._kind(name) == "http_bearer"

    def _describe_scheme(self, name: str) -> str:
        """Describe a scheme for a person: what a call must send."""
        scheme = self.schemes.get(name)
        kind = self._kind(name)
        if scheme and kind == "api_key":
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

    # which operations require which schemes

    @staticmethod
    def _is_keyed(op: Operation) -> bool:
        return bool(op.security) and all(op.security or ())

    @staticmethod
    def _alternatives(op: Operation) -> Iterator[Alternative]:
        for need in op.security or ():
            yield tuple(need)

    def _able(self, op: Operation) -> list[str]:
        """Return the schemes that a call can use, each of which alone is enough."""
        return [a[0] for a in self._alternatives(op) if len(a) == 1 and a[0] in self.entries]

    def _main(self) -> Alternative:
        """Return the schemes that the catalogue's calls use: one that can be expressed if most operations
        accept such a one, a bearer key first. Empty if no call has a key.
        """
        able = [found for op in self.keyed if (found := self._able(op))]
        others = [op for op in self.keyed if not self._able(op)]
        if able and len(able) >= len(others):
            counted = Counter(name for found in able for name in found)
            return (max(counted, key=lambda name: (counted[name], self._is_bearer(name))),)
        if others:
            return Counter(next(self._alternatives(op)) for op in others).most_common(1)[0][0]
        return ()

    def takes(self, op: Operation) -> bool:
        """True if the catalogue can express how the operation is called; otherwise a note is recorded."""
        if not self.sayable or not self._is_keyed(op) or self.main in list(self._alternatives(op)):
            return True
        asked = " or ".join(self._together(a) for a in self._alternatives(op))
        self.notes.add_left_out(
            f"{op.method} {brief(op.path)}: it asks for {asked}; calls send {self._together(self.main)}",
            op.whole.place,
        )
        return False

    def without_key(self, op: Operation) -> Operation:
        """Return the operation without a parameter for the header that carries the key."""
        header = self.entries[self.main[0]].get("name", "").lower() if self.sayable else ""
        kept = tuple(p for p in op.parameters if p.place != "header" or p.name.lower() != header)
        return replace(op, parameters=kept) if len(kept) < len(op.parameters) else op

    def _together(self, names: Alternative) -> str:
        return " and ".join(self._describe_scheme(name) for name in names)

    def key_free(self, op: Operation, at: Pointer) -> bool:
        """True if the operation is called without a key."""
        if not op.security:
            return True
        if not self._is_keyed(op):
            self.notes.add_lost((*at, "key"), "a key is optional here; calls go without", op.whole.place)
            return True
        if not self.sayable and self.main not in list(self._alternatives(op)):
            asked = " or ".join(self._together(a) for a in self._alternatives(op))
            self.notes.add_lost(at, f"this operation asks for {asked}", op.whole.place)
        return False

    def keep(self, made: Sequence[ImportedAction]) -> None:
        """Forget the operations that were not carried over."""
        self.keyed = [one.operation for one in made if self._is_keyed(one.operation)]

    def take(self, made: ImportedAction) -> None:
        """Record which OAuth scopes an action needs."""
        for need in made.operation.security or ():
            for name, scopes in need.items():
                if self._kind(name) == "oauth2" and isinstance(scopes, list):
                    for scope in scopes:
                        if isinstance(scope, str) and made.name not in self.needs.setdefault(scope, []):
                            self.needs[scope].append(made.name)

    # the catalogue's words

    def section(self) -> tuple[list[dict[str, list[str]]], dict[str, Any]]:
        """Return the catalogue's `security` and `auth`; both are empty if no call has a key."""
        schemes: dict[str, Any] = {}
        need: dict[str, list[str]] = {}
        for name in self.main if self.keyed else ():
            key = unique(name if is_name(name) else identifier(name), schemes)
            schemes[key] = self._scheme(name)
            need[key] = []
            self._notes_on(name, ("auth", "schemes", key))
        oauth = self._oauth() if need and self._is_bearer(self.main[0]) else None
        self._notes_on_all(oauth=oauth is not None)
        if not need:
            return [], {}
        return [need], {"schemes": schemes, **({"oauth": oauth} if oauth else {})}

    def _scheme(self, name: str) -> dict[str, Any]:
        scheme = self.schemes.get(name)
        kind = self._kind(name)
        made: dict[str, Any] = dict(self.entries.get(name, {"type": kind}))
        if scheme and name not in self.entries:
            made |= {key: clean(scheme.text(key)) for key in _MEMBERS.get(kind, ()) if scheme.text(key)}
        if scheme and (text := scheme.text("description")):
            made["description"] = cut(text)
        if self.sayable and (also := self._list_also_accepted(name)):
            made["also_accepted"] = also
        return made

    def _list_also_accepted(self, main: str) -> list[str]:
        """Return the other forms in which operations accept a key, as the catalogue names them."""
        found: set[str] = set()
        for name in {a[0] for op in self.keyed for a in self._alternatives(op) if len(a) == 1} - {main}:
            kind, scheme = self._kind(name), self.schemes.get(name)
            if kind == "api_key" and scheme and scheme.text("in") == "query":
                found.add("query")
            found |= {_FORMS[kind]} if kind in _FORMS and kind != self._kind(main) else set()
        return sorted(found)

    def _notes_on(self, name: str, at: Pointer) -> None:
        scheme = self.schemes.get(name)
        place = scheme.place if scheme else ""
        if not self.sayable:
            said = (
                f"the document asks for {self._describe_scheme(name)}, and a catalogue cannot say that "
                "yet: build, lint and verify stop here"
            )
            self.notes.add_blocked(at, f"{said}. If the API takes a key in a header too, write that", place)
            return
        if scheme and scheme.text("type") == "apiKey" and scheme.text("name").lower() == "authorization":
            said = (
                "the document says a key in the header `Authorization`, and Bearer in its text; is it a "
                "bearer key?"
                if self._is_bearer(name)
                else 'does a word stand before the key? `value: "Token {key}"`'
            )
            self.notes.decide(at, said, place)
        if self._kind(name) != "http_basic":
            self.notes.decide(
                at,
                (
                    "which beginnings mark test and live keys? `prefixes: {test_: test, live_: live}`; and "
                    "where is one issued?"
                ),
            )

    def _notes_on_all(self, *, oauth: bool) -> None:
        at: Pointer = ("auth", "schemes") if self.keyed else ("security",)
        if not self.keyed:
            described = (
                f"; it describes {', '.join(self._describe_scheme(n) for n in list(self.schemes)[:4])}"
                if self.schemes
                else ""
            )
            said = f"the document declares no security for any operation{described}. So no key is sent"
            help = "say which under `auth.schemes` and `security`; the reference has examples"
            self.notes.decide(at, f"{said}. If the API asks for a key, {help}")
            return
        left = [n for n in self.schemes if n not in self.main and not (oauth and self._kind(n) == "oauth2")]
        if left:
            self.notes.add_lost(
                at,
                f"further schemes are not carried: {', '.join(self._describe_scheme(n) for n in left[:8])}",
            )

    def _oauth(self) -> dict[str, Any] | None:
        for name, scheme in self.schemes.items():
            if self._kind(name) != "oauth2":
                continue
            swagger = scheme.text("flow")
            flow = scheme if swagger in ("accessCode",) else scheme.at("flows", "authorizationCode")
            authorize, token = self._path(flow.text("authorizationUrl")), self._path(flow.text("tokenUrl"))
            if not authorize or not token:
                self.notes.add_lost(
                    ("auth",),
                    f"OAuth scheme `{brief(name)}` has no authorization-code flow at the API's own host",
                    scheme.place,
                )
                continue
            scopes = {s: one_line(str(t)) or s for s, t in flow.at("scopes").mapping().items() if s}
            if "refreshUrl" in flow.mapping():
                self.notes.add_lost(("auth", "oauth"), "`refreshUrl` is not carried", flow.place)
            needs = {s: names for s, names in self.needs.items() if s in scopes}
            return {
                "authorize": authorize,
                "token": token,
                "scopes": scopes,
                **({"needs": needs} if needs else {}),
            }
        return None

    def _path(self, url: str) -> str | None:
        """Return the path of a URL on the API's own host, or None for another host."""
        parts = urlsplit(url)
        own = not parts.netloc or f"{parts.scheme}://{parts.netloc}" == self.server
        return parts.path if own and re.match(r"/[^\s?#]*\Z", parts.path) else None
