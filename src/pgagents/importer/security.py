"""Convert the document's security schemes into the catalogue's `auth`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from pgagents.importer.actions import ImportedAction
from pgagents.importer.reading.names import clean, cut, identifier, is_name, one_line, unique
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Operation
from pgagents.importer.reading.references import Found, References
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

_BEARER = re.compile("bearer", re.I)
Alternative = tuple[str, ...]
"""Names of schemes that a call needs together."""


class Security:
    """Choose the scheme that the catalogue's calls use.

    The language can express a bearer key and OAuth's authorization code. A scheme of another kind is written
    as the document describes it. Loading such a catalogue is an error, because no manifest may name a key
    that the API does not accept.
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
        self.needs: dict[str, list[str]] = {}
        self.keyed = [op for op in chosen if self._is_keyed(op)]
        self.main = self._main()
        self.sayable = all(self._is_bearer(name) for name in self.main)

    # the document's words

    def _kind(self, name: str) -> str:
        """Return the scheme's kind in the catalogue's language; `undeclared` if the document does not
        describe it.
        """
        scheme = self.schemes.get(name)
        kind = scheme.text("type") if scheme else ""
        if scheme and kind == "http":
            word = scheme.text("scheme").lower()
            return {"bearer": "http_bearer", "basic": "http_basic"}.get(word, "http")
        kinds = {
            "apiKey": "api_key", "basic": "http_basic", "oauth2": "oauth2",
            "openIdConnect": "open_id_connect", "mutualTLS": "mutual_tls",
        }  # fmt: skip
        if scheme and kind == "apiKey" and self._says_bearer(name, scheme):
            return "http_bearer"
        return kinds.get(kind, "undeclared")

    @staticmethod
    def _says_bearer(name: str, scheme: Found) -> bool:
        """True if an API key is a bearer key by its name or text.

        Swagger 2.0 has no type for bearer keys, so documents declare the header `Authorization` and mention
        Bearer in the text.
        """
        at_home = scheme.text("in") == "header" and scheme.text("name").lower() == "authorization"
        return at_home and bool(_BEARER.search(name) or _BEARER.search(scheme.text("description")))

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
        else:
            said = {
                "http_bearer": "a bearer key",
                "http_basic": "HTTP Basic",
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

    def _bearers(self, op: Operation) -> list[Alternative]:
        """Return the alternatives that a bearer key alone satisfies."""
        return [a for a in self._alternatives(op) if len(a) == 1 and self._is_bearer(a[0])]

    def _main(self) -> Alternative:
        """Return the schemes that the catalogue's calls use: a bearer key if most operations accept one."""
        bearers = [found for op in self.keyed if (found := self._bearers(op))]
        others = [op for op in self.keyed if not self._bearers(op)]
        if bearers and len(bearers) >= len(others):
            return Counter(a for found in bearers for a in found).most_common(1)[0][0]
        if others:
            return Counter(next(self._alternatives(op)) for op in others).most_common(1)[0][0]
        declared = list(self.schemes)
        first = next((name for name in declared if self._is_bearer(name)), declared[0] if declared else None)
        return (first,) if first else ()

    def takes(self, op: Operation) -> bool:
        """True if the catalogue can express how the operation is called; otherwise a note is recorded."""
        if not self.sayable or not self._is_keyed(op) or self._bearers(op):
            return True
        asked = " or ".join(self._together(a) for a in self._alternatives(op))
        self.notes.add_left_out(
            f"{op.method} {brief(op.path)}: it asks for {asked}; calls send a bearer key", op.whole.place
        )
        return False

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

    def take(self, made: ImportedAction) -> None:
        """Record which OAuth scopes an action needs."""
        for need in made.operation.security or ():
            for name, scopes in need.items():
                if self._kind(name) == "oauth2" and isinstance(scopes, list):
                    for scope in scopes:
                        if isinstance(scope, str) and made.name not in self.needs.setdefault(scope, []):
                            self.needs[scope].append(made.name)

    # the catalogue's words

    def section(self) -> dict[str, Any]:
        """Return the catalogue's `auth`."""
        schemes: dict[str, Any] = {}
        keys: list[str] = []
        for name in self.main or ("key",):
            key = unique(name if is_name(name) else identifier(name), schemes)
            schemes[key] = self._scheme(name)
            keys.append(key)
            self._notes_on(name, ("auth", "schemes", key))
        oauth = self._oauth()
        self._notes_on_all(oauth=oauth is not None)
        return {"default": keys[0], "schemes": schemes, **({"oauth": oauth} if oauth else {})}

    def _scheme(self, name: str) -> dict[str, Any]:
        scheme = self.schemes.get(name)
        kind = self._kind(name)
        made: dict[str, Any] = {}
        if self.main and kind != "http_bearer":
            made["type"] = kind
        if scheme and kind == "api_key":
            made |= {key: clean(scheme.text(key)) for key in ("in", "name") if scheme.text(key)}
        elif scheme and kind == "http":
            made["scheme"] = clean(scheme.text("scheme"))
        if scheme and (text := scheme.text("description")):
            made["description"] = cut(text)
        return made or {"description": "A bearer key"}

    def _notes_on(self, name: str, at: Pointer) -> None:
        scheme = self.schemes.get(name)
        place = scheme.place if scheme else ""
        if self.main and not self._is_bearer(name):
            asked = "asks for" if self.keyed else "lets every call go without a key, and describes"
            said = (
                f"the document {asked} {self._describe_scheme(name)}, and a catalogue cannot say that "
                "yet: build, lint and verify stop here"
            )
            self.notes.add_blocked(
                at,
                f"{said}. If the API takes `Authorization: Bearer KEY` too, write `type: http_bearer`",
                place,
            )
            return
        if scheme and scheme.text("type") == "apiKey":
            self.notes.decide(
                at,
                (
                    "the document says a key in the header `Authorization`, and Bearer in its text; is it a "
                    "bearer key?"
                ),
                place,
            )
        self.notes.decide(
            at,
            (
                "which beginnings mark test and live keys? `prefixes: {test_: test, live_: live}`; and where "
                "is one issued?"
            ),
        )

    def _notes_on_all(self, *, oauth: bool) -> None:
        at: Pointer = ("auth", "schemes")
        if not self.schemes and not self.keyed:
            self.notes.decide(
                at, "the document names no keys; a catalogue must name how a call proves who makes it"
            )
        if not self.keyed:
            described = (
                f"; it describes {', '.join(self._describe_scheme(n) for n in list(self.schemes)[:4])}"
                if self.schemes
                else ""
            )
            said = (
                f"the document declares no security for any operation{described}. So every action has "
                "`key: false`, and no key is sent"
            )
            self.notes.decide(("auth",), f"{said}. If the API asks for a key, take `key: false` out")
        left = [n for n in self.schemes if n not in self.main and not (oauth and self._kind(n) == "oauth2")]
        if left and self.main:
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
