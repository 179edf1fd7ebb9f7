"""Choose the instances to make, with arguments and lifetimes by which they reveal most law mutants.

Instances are made at places that differ in an enum or a flag, so that every law with a `when` applies to one
of them. Among equal places, numbers and times, those are preferred that reveal most law mutants
(`law.mutants`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.reading import applies, members_in, texts_in
from pgagents.base.jsonschema.walk import walk
from pgagents.catalogue.model.action import Law
from pgagents.catalogue.model.resource import Move, Resource
from pgagents.verify.cases.boundary import boundary_value, free_params
from pgagents.verify.cases.law_mutants import (
    CANDIDATES,
    FINER,
    Equation,
    Miss,
    choose_most_telling,
    equations,
    surviving_mutants,
    worth,
)
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import matches, types_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import put

Body = Mapping[str, Any]
MOST_KINDS = 12
BEGAN = datetime(2026, 4, 18, 16, tzinfo=UTC).timestamp()
"""The assumed creation time of instances that exist only in computations."""
APART_S = 101
"""Seconds between the two halves of the instances, so that sorting by end and by beginning differ."""
SHORT_S = (360, 756, 3_636, 14_472, 16_560, 43_236, 59_400)
LONG_S = (86_400, 90_036, 108_396, 127_512, 172_836)
"""Lifetimes of an instance in seconds: `SHORT_S` are less than a day, `LONG_S` a day or more."""
WORDS = ("infinity", "0", "NULL", "1E5", "TRUE", "undefined")
"""Texts that a server's programming language may mistake for a value of another type."""


@dataclass(frozen=True, slots=True)
class Making:
    """An instance to make: its endpoint, its place and its arguments."""

    endpoint: Endpoint
    place: Body
    input: Mapping[str, Any]


@dataclass(slots=True)
class FixturePlan:
    """Chooses the instances of one resource before any of them is made.

    `told` are the law mutants that the instances chosen so far reveal.
    """

    setting: Setting
    resource: Resource
    told: frozenset[Miss] = field(default_factory=frozenset)

    @property
    def move(self) -> Move | None:
        """The transition that ends an instance; None if the resource has no such transition."""
        return next(iter(self.resource.moves), None)

    def makings(
        self, makers: Sequence[Endpoint], search: Endpoint, places: Sequence[Body], also: Sequence[Body] = ()
    ) -> list[Making]:
        """Return the instances to make, through the endpoints in turn: one at each kind of place, one at each
        of `also`.

        An endpoint gets further places if one of its own laws would apply at none of its places.
        """
        kinds = self._kinds(search, places)
        kinds = [*(place for place in also if place not in kinds), *kinds]
        pairs = [(makers[index % len(makers)], place) for index, place in enumerate(kinds)]
        for endpoint in makers:
            pairs += [
                (endpoint, place)
                for place in self._lacking(endpoint, [p for d, p in pairs if d is endpoint], kinds)
            ]
        known: dict[str, int] = {}
        found = []
        for endpoint, place in pairs[:MOST_KINDS]:
            number = known[endpoint.place] = known.get(endpoint.place, -1) + 1
            found.append(Making(endpoint, place, self._input(endpoint, place, number)))
        return found

    def choose_bounded_places(
        self, places: Sequence[Body], by: str, id: str, bodies: Sequence[Body]
    ) -> list[Body]:
        """Choose a place for each number that the laws of ending read and that other places lack. There the
        number is set.

        `bodies` are instances made before, which show the numbers. Their member `by` holds the `id` of their
        place.
        """
        laws = self.move.action.laws if self.move else ()
        read = {member for law in laws for member in members_in(law.that.tree)}
        lacked = {k for body in bodies for k, v in body.items() if v is None and k in read}
        found: list[Body] = []
        for name in sorted(lacked):
            there = {body.get(by) for body in bodies if isinstance(body.get(name), int | float)}
            found += [place for place in places if place.get(id) in there][:1]
        return found

    def _kinds(self, search: Endpoint, places: Sequence[Body]) -> list[Body]:
        """Choose places that together have every value of each enum and flag, null and another value
        included.

        Among places that add equally many values, the one that reveals most law mutants is chosen.
        """
        traits = [frozenset(_traits(self.setting, search, place)) for place in places]
        worths = [worth(self._telling(place)) for place in places]
        met: set[tuple[str, Any]] = set()
        chosen: list[Body] = []
        while len(chosen) < MOST_KINDS and any(trait - met for trait in traits):
            index = max(range(len(places)), key=lambda i: (len(traits[i] - met), worths[i]))
            met |= traits[index]
            chosen.append(places[index])
        return chosen

    def _telling(self, place: Body) -> frozenset[Miss]:
        """Return the law mutants that an instance at this place reveals if it is ended at once."""
        made, place = self.resource.made_by, self._read(place)

        def find() -> frozenset[Miss]:
            ended = (
                surviving_mutants(equations(self.move.action.laws), self._of_end(place, 0))
                if self.move
                else frozenset()
            )
            return ended | (
                surviving_mutants(equations(made.action.laws), self._of_making(place, {}))
                if made
                else frozenset()
            )

        return self.setting.compute_once(("telling", self.resource.name, repr(place)), find)

    def _lacking(self, endpoint: Endpoint, met: list[Body], kinds: Sequence[Body]) -> list[Body]:
        """Return places for those laws, of the endpoint and of ending, that apply at none of the places in
        `met`.
        """
        found: list[Body] = []
        ending = self.setting.endpoint(str(self.move.action.name), endpoint.surface) if self.move else None
        for law in (*endpoint.action.laws, *(ending.action.laws if ending else ())):

            def is_covered(place: Body, law: Law = law) -> bool:
                return _holds(
                    law, self._of_making(place, {}) if law in endpoint.action.laws else self._of_end(place, 0)
                )

            if law.when is not None and not any(map(is_covered, (*met, *found))):
                found += [place for place in kinds if is_covered(place)][:1]
        return found

    def _input(self, endpoint: Endpoint, place: Body, number: int) -> Mapping[str, Any]:
        """Return the arguments of an endpoint's n-th instance.

        The first has all arguments at their greatest, the second at their least. Further ones are those that
        reveal most.
        """
        extremes = (boundary_value(self.setting, endpoint, name) for name in ("high", "low"))
        listed = [given for given in extremes if given is not None]
        if number < len(listed):
            self._learn(endpoint, place, listed[number])
            return listed[number]
        given = dict(template_of(self.setting.model, endpoint.action).input)
        for param in free_params(self.setting, endpoint):
            name, schema = str(param.name), self.setting.resolve_schema(param.schema)
            if (
                name in given
                and types_of(schema) == ("string",)
                and (words := [word for word in WORDS if matches(schema, word)])
            ):
                given[name] = words[(number - len(listed)) % len(words)]
            elif {"number", "integer"} & set(types_of(schema)):
                value = self._telling_number(endpoint, place, given, name, schema)
                given |= {} if value is None else {name: value}
        self._learn(endpoint, place, given)
        return given

    def _telling_number(
        self, endpoint: Endpoint, place: Body, given: Mapping[str, Any], name: str, schema: Mapping[str, Any]
    ) -> Any:
        money = any(applies(law.that.tree, "cents", ("input", name)) for law in endpoint.action.laws)
        tried = [v for v in (*(() if money else FINER), *CANDIDATES) if matches(schema, v)]
        choices = ((v, self._of_making(place, {**given, name: v})) for v in tried)
        return choose_most_telling(equations(endpoint.action.laws), choices, self.told)[0]

    def _learn(self, endpoint: Endpoint, place: Body, given: Mapping[str, Any]) -> None:
        self.told |= surviving_mutants(
            equations(endpoint.action.laws), self._of_making(place, given), self.told
        )

    def lives(self, earlier: Sequence[Body], later: Sequence[Body]) -> tuple[int, int]:
        """Return two times in seconds: how long the later instances live, and how much longer the earlier
        ones live.
        """
        short = self._longest_telling(later, SHORT_S, 0)
        return short, self._longest_telling(earlier, LONG_S, short + APART_S) - short - APART_S

    def _longest_telling(self, bodies: Sequence[Body], times: Sequence[int], least: int) -> int:
        """Return the lifetime in seconds for which these instances together reveal most law mutants."""
        if self.move is None:
            return times[0]
        laws = equations(self.move.action.laws)
        alike = list({repr(self._read(body)): body for body in bodies}.values())
        best, found = times[-1], self.told
        for time in times:
            told = self.told
            for body in alike:
                told |= surviving_mutants(laws, self._of_end(self._read(body), time), told)
            if time > least and worth(told - self.told) > worth(found - self.told):
                best, found = time, told
        self.told = found
        return best

    def _read(self, body: Body) -> dict[str, Any]:
        """Return the numbers and flags that the laws read, and the texts that the laws name.

        Instances for which this is equal reveal the same law mutants.
        """
        members, texts = self.setting.compute_once(("laws", self.resource.name), self._list_named)
        plain = {k: v for k, v in sorted(body.items()) if k in members and not isinstance(v, dict | list)}
        return {k: v for k, v in plain.items() if not isinstance(v, str) or v in texts}

    def _list_named(self) -> tuple[frozenset[str], frozenset[str]]:
        """Return the members and the texts that are named in the laws of making and ending an instance."""
        made = self.resource.made_by
        laws = [*(made.action.laws if made else ()), *(self.move.action.laws if self.move else ())]
        trees = [part.tree for law in laws for part in law.parts]
        return (
            frozenset(member for tree in trees for member in members_in(tree)),
            frozenset(text for tree in trees for text in texts_in(tree)),
        )

    def _of_making(self, place: Body, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that the laws of making an instance would read."""
        made = self.resource.made_by
        defaults = {
            str(p.name): p.schema["default"]
            for p in (made.action.params if made else ())
            if "default" in p.schema
        }
        usual = template_of(self.setting.model, made.action).input if made else {}
        response = _under(made.at if made else None, place)
        return self._values({**defaults, **usual, **given}, response, None, BEGAN)

    def _of_end(self, body: Body, time: int) -> dict[str, Any]:
        """Return the values that the laws of ending an instance would read `time` seconds after its
        creation.
        """
        made, undo = self.resource.made_by, self.resource.undone_by
        at = made.at if made else None
        ended = undo.at if undo and undo.at and self.move and undo.action is self.move.action else at
        whole = {
            **body,
            **{
                name: _iso(BEGAN)
                for name in _list_creation_members(equations(made.action.laws) if made else (), at)
            },
        }
        return self._values({}, _under(ended, whole), whole, BEGAN + time)

    def _values(
        self, given: Mapping[str, Any], response: Mapping[str, Any], before: Any, now: float
    ) -> dict[str, Any]:
        plain = {k: v for k, v in given.items() if isinstance(v, str | int | float | bool | Mapping | list)}
        return {
            "input": plain, "response": response, "status": 200, "surface": "rest", "now": now,
            "before": before,
            "env": self.setting.model.env,
        }  # fmt: skip


def _list_creation_members(known: Iterable[Equation], at: Expression | None) -> list[str]:
    """Return the members that hold an instance's creation time, according to the equations of the laws."""
    inside = f"{'.'.join(at.path if at else ())}."
    return [
        e.path.removeprefix(inside)
        for e in known
        if e.form == "epoch" and e.gives.path == ("now",) and e.path.startswith(inside)
    ]


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _under(at: Expression | None, body: Body) -> dict[str, Any]:
    """Nest the body at the path of the instance in answers; empty if `at` is not a path of members."""
    name, *steps = (at.path if at else ()) or ("",)
    return put({}, steps, dict(body)) if steps and name == "response" else {}


def _holds(law: Law, values: Mapping[str, Any]) -> bool:
    """True if a law applies to these values, also if its condition cannot be evaluated."""
    return law.when is None or Scope(values).is_true(law.when, otherwise=True)


def _traits(setting: Setting, endpoint: Endpoint, item: Body) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if (
            isinstance(value, bool)
            or value is None
            or (isinstance(value, str) and _is_enum(setting, endpoint, name))
        ):
            yield name, value
        elif isinstance(value, int | float):
            yield name, "a number"


def _is_enum(setting: Setting, endpoint: Endpoint, member: str) -> bool:
    def find() -> bool:
        parts = (
            setting.resolve_schema(part).get("properties", {})
            for part in walk(endpoint.action.success.schema or {})
        )
        named = (setting.resolve_schema(properties[member]) for properties in parts if member in properties)
        return any("enum" in schema for schema in named)

    return setting.compute_once(("enum", endpoint.place, member), find)
