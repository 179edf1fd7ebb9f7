"""Convert the document's security schemes into the catalogue's `auth`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pgagents.importer.operations.imported import ImportedAction
from pgagents.importer.reading.names import clean, cut, identifier, is_name, unique
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Operation
from pgagents.importer.reading.references import References
from pgagents.importer.reading.security_schemes import Alternative, SecuritySchemes
from pgagents.model.connection.certificate import MUTUAL_TLS
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

_MEMBERS = {"api_key": ("in", "name"), "http": ("scheme",)}
"""The members that identify a scheme of each unsupported kind in messages."""
_TOKENS = {"oauth2", "open_id_connect"}
"""Kinds whose access tokens are bearer tokens."""
Ways = tuple[Alternative, ...]


class Security:
    """Choose the schemes that the catalogue's calls use.

    The kinds of `pgagents.model.credentials` can be expressed. If most operations need a scheme of another
    kind, it is written as the document describes it. Loading such a catalogue is an error, because no
    manifest may name a key that the API does not accept.
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

    @staticmethod
    def _is_keyed(op: Operation) -> bool:
        return any(op.security or ())

    def _alternatives(self, op: Operation) -> Iterator[Alternative]:
        """Yield the sets of schemes that an operation accepts.

        Several OAuth schemes are several flows to one token, and a call has room for one. So each counts
        alone.
        """
        for need in op.security or ():
            if len(need) > 1 and all(map(self.described.is_token, need)):
                yield from ((name,) for name in need)
            else:
                yield tuple(need)

    def _find_ways(self, op: Operation) -> list[Alternative]:
        """Return the alternatives that can be expressed, without redundant ones. An empty one comes last."""
        sayable = [one for one in self._alternatives(op) if one and all(n in self.entries for n in one)]
        kept: list[Alternative] = []
        certificate = self.described.find_certificate()
        without = [one for one in sayable if certificate not in one]
        # in a catalogue either all alternatives have the certificate, or none has
        for one in without or sayable:
            placed = [self.entries[n] for n in one if n != certificate]
            places = [(entry.get("in"), entry.get("name", "")) for entry in placed]
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
        certificate = self.described.find_certificate()
        needing = [certificate in one for one in self._alternatives(made.operation)]
        if any(needing) and not all(needing):
            why = "a client certificate in place of a key is not carried: each alternative has it or none"
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
        if self.described.find_kind(name) == MUTUAL_TLS:
            said = "where does one get a certificate? `issue_at: https://…`; verify takes it by --cert"
            self.notes.decide(at, said, place)
        elif self.described.find_kind(name) != "http_basic":
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
