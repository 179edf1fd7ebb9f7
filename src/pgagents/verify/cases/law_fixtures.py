"""Choose the instances to make, with arguments by which laws show what they promise.

Instances are made at places that differ in an enum or a flag, so that every law with a `when` applies to one
of them. Numbers that a law reads are such that a product with them often ends in half a cent, and that no
double represents exactly: for almost every other number a server that cuts or rounds otherwise is right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.reading import members_in
from pgagents.base.jsonschema.walk import walk
from pgagents.catalogue.model.action import Law
from pgagents.catalogue.model.resource import Move, Resource
from pgagents.verify.cases.boundary import TELLING, boundary_value, free_params
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import matches, types_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import put

Body = Mapping[str, Any]
MOST_KINDS = 12
WORDS = ("infinity", "0", "NULL", "1E5", "TRUE", "undefined")
"""Texts that a server's programming language may mistake for a value of another type."""


@dataclass(frozen=True, slots=True)
class Making:
    """An instance to make: its endpoint, its place and its arguments."""

    endpoint: Endpoint
    place: Body
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FixturePlan:
    """Chooses the instances of one resource before any of them is made."""

    setting: Setting
    resource: Resource

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
            found.append(Making(endpoint, place, self._input(endpoint, number)))
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

        Among places that add equally many values, one with fractions is chosen: a product with 6.0 has no
        half cent.
        """
        traits = [frozenset(_traits(self.setting, search, place)) for place in places]
        fractions = [sum(isinstance(v, float) and not v.is_integer() for v in p.values()) for p in places]
        met: set[tuple[str, Any]] = set()
        chosen: list[Body] = []
        while len(chosen) < MOST_KINDS and any(trait - met for trait in traits):
            index = max(range(len(places)), key=lambda i: (len(traits[i] - met), fractions[i]))
            met |= traits[index]
            chosen.append(places[index])
        return chosen

    def _lacking(self, endpoint: Endpoint, met: list[Body], kinds: Sequence[Body]) -> list[Body]:
        """Return places for those laws, of the endpoint and of ending, that apply at none of the places in
        `met`.
        """
        found: list[Body] = []
        made, undo, move = self.resource.made_by, self.resource.undone_by, self.move
        at = made.at if made else None
        ended = undo.at if undo and undo.at and move and undo.action is move.action else at
        ending = self.setting.endpoint(str(move.action.name), endpoint.surface) if move else None
        for law in (*endpoint.action.laws, *(ending.action.laws if ending else ())):
            of_making = law in endpoint.action.laws

            def is_covered(place: Body, law: Law = law, of_making: bool = of_making) -> bool:
                return _holds(law, self._values(at if of_making else ended, place, made=of_making))

            if law.when is not None and not any(map(is_covered, (*met, *found))):
                found += [place for place in kinds if is_covered(place)][:1]
        return found

    def _input(self, endpoint: Endpoint, number: int) -> Mapping[str, Any]:
        """Return the arguments of an endpoint's n-th instance: the greatest, then others each time."""
        if number == 0 and (most := boundary_value(self.setting, endpoint, "high")) is not None:
            return most
        given = dict(template_of(self.setting.model, endpoint.action).input)
        for param in free_params(self.setting, endpoint):
            name, schema = str(param.name), self.setting.resolve_schema(param.schema)
            text = name in given and types_of(schema) == ("string",)
            numeric = {"number", "integer"} & set(types_of(schema))
            tried: Sequence[Any] = WORDS if text else TELLING if numeric else ()
            if fitting := [value for value in tried if matches(schema, value)]:
                given[name] = fitting[number % len(fitting)]
        return given

    def _values(self, at: Expression | None, place: Body, *, made: bool) -> dict[str, Any]:
        """Return the values that the laws of making an instance at a place, or of ending it, would read."""
        maker, given = self.resource.made_by, {}
        if made and maker is not None:
            params = {str(p.name): p.schema for p in maker.action.params}
            defaults = {name: schema["default"] for name, schema in params.items() if "default" in schema}
            given = {**defaults, **template_of(self.setting.model, maker.action).input}
        plain = {k: v for k, v in given.items() if isinstance(v, str | int | float | bool | Mapping | list)}
        return {
            "input": plain, "response": _under(at, place), "status": 200, "surface": "rest", "now": 0.0,
            "before": None if made else place,
            "env": self.setting.model.env,
        }  # fmt: skip


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
