"""Made things of every kind: at which places, with which arguments and how long each lives, so that its laws tell most.

Places are those that differ in an enum or a flag, so that laws with a `when` meet what they speak of; among them, and for numbers and
times, those are taken that tell the laws from their law mutants (`near_miss`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pgagents.cel.expression import ExpressionError, Scope
from pgagents.jsonschema.schema import subschemas
from pgagents.model.action import Law
from pgagents.model.model import Move, Resource
from pgagents.verify.cases.boundary import boundary_values, free_params
from pgagents.verify.cases.law_mutants import CANDIDATES, FINER, Miss, choose_most_telling, surviving_mutants, worth
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.laws.equations import Equation, equations
from pgagents.verify.values.schema_values import matches, types_of
from pgagents.verify.wire.endpoint import Endpoint

Body = Mapping[str, Any]
MOST_KINDS = 12
BEGAN = datetime(2026, 4, 18, 16, tzinfo=UTC).timestamp()
"""When things begin that are only thought of."""
APART_S = 101
"""The second half of the things is made so much later, and ended earlier: what is sorted by its end is not sorted by its beginning."""
SHORT_S = (360, 756, 3_636, 14_472, 16_560, 43_236, 59_400)
LONG_S = (86_400, 90_036, 108_396, 127_512, 172_836)
"""Times that a thing may live, in seconds: within a day, and longer."""
WORDS = ("infinity", "0", "NULL", "1E5", "TRUE", "undefined")
"""Texts that a server's language may take for something else than a text."""
_PLAIN = re.compile(r"response((?:\.\w+)+)")


@dataclass(frozen=True, slots=True)
class Making:
    """One thing to make: through which endpoint, at which place, with which arguments."""

    endpoint: Endpoint
    place: Body
    input: Mapping[str, Any]


@dataclass(slots=True)
class FixturePlan:
    """What is known of a kind of thing beforehand. `told` are the law mutants that what was chosen tells from the laws."""

    setting: Setting
    resource: Resource
    told: frozenset[Miss] = field(default_factory=frozenset)

    @property
    def move(self) -> Move | None:
        """How such a thing ends."""
        return next(iter(self.resource.moves), None)

    def makings(self, makers: Sequence[Endpoint], search: Endpoint, places: Sequence[Body], also: Sequence[Body] = ()) -> list[Making]:
        """One at each kind of place, and at those that are asked for `also`, through the endpoints in turn; and further ones where an
        endpoint
        would meet no place that a law of its own speaks of."""
        kinds = self._kinds(search, places)
        kinds = [*(place for place in also if place not in kinds), *kinds]
        pairs = [(makers[index % len(makers)], place) for index, place in enumerate(kinds)]
        for endpoint in makers:
            pairs += [(endpoint, place) for place in self._lacking(endpoint, [p for d, p in pairs if d is endpoint], kinds)]
        known: dict[str, int] = {}
        found = []
        for endpoint, place in pairs[:MOST_KINDS]:
            number = known[endpoint.place] = known.get(endpoint.place, -1) + 1
            found.append(Making(endpoint, place, self._input(endpoint, place, number)))
        return found

    def bounded(self, places: Sequence[Body], by: str, id: str, bodies: Sequence[Body]) -> list[Body]:
        """For each number that the laws of how a thing ends read, and that most places have none of, one place that has it.

        Things that were made before, `bodies`, tell so: `by` is the member of a thing that is the place's `id`.
        """
        laws = " ".join(law.that.text for law in (self.move.action.laws if self.move else ()))
        lacked = {k for body in bodies for k, v in body.items() if v is None and f".{k}" in laws}
        found: list[Body] = []
        for name in sorted(lacked):
            there = {body.get(by) for body in bodies if isinstance(body.get(name), int | float)}
            found += [place for place in places if place.get(id) in there][:1]
        return found

    def _kinds(self, search: Endpoint, places: Sequence[Body]) -> list[Body]:
        """Places that together have every value of each enum and flag, null and not null; of equals the most telling one."""
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
        """What a thing there tells that is ended at once."""
        made, place = self.resource.made_by, self._read(place)

        def find() -> frozenset[Miss]:
            ended = surviving_mutants(equations(self.move.action.laws), self._of_end(place, 0)) if self.move else frozenset()
            return ended | (surviving_mutants(equations(made.action.laws), self._of_making(place, {})) if made else frozenset())

        return self.setting.compute_once(("telling", self.resource.name, repr(place)), find)

    def _lacking(self, endpoint: Endpoint, met: list[Body], kinds: Sequence[Body]) -> list[Body]:
        """Places for the laws of an endpoint (and of how its things end) that hold under a condition which none of those met fulfils."""
        found: list[Body] = []
        ending = self.setting.endpoint(str(self.move.action.name), endpoint.surface) if self.move else None
        for law in (*endpoint.action.laws, *(ending.action.laws if ending else ())):

            def spoken_of(place: Body, law: Law = law) -> bool:
                return _holds(law, self._of_making(place, {}) if law in endpoint.action.laws else self._of_end(place, 0))

            if law.when is not None and not any(map(spoken_of, (*met, *found))):
                found += [place for place in kinds if spoken_of(place)][:1]
        return found

    def _input(self, endpoint: Endpoint, place: Body, number: int) -> Mapping[str, Any]:
        """Arguments for one after the other: at their greatest, at their least, then those that tell most."""
        known = {name: given for name, given, _ in boundary_values(self.setting, endpoint)}
        listed = [known[name] for name in ("high", "low") if name in known]
        if number < len(listed):
            self._learn(endpoint, place, listed[number])
            return listed[number]
        given = dict(template_of(self.setting.model, endpoint.action).input)
        for param in free_params(self.setting, endpoint):
            name, schema = str(param.name), self.setting.named(param.schema)
            if name in given and types_of(schema) == ("string",) and (words := [word for word in WORDS if matches(schema, word)]):
                given[name] = words[(number - len(listed)) % len(words)]
            elif {"number", "integer"} & set(types_of(schema)):
                value = self._telling_number(endpoint, place, given, name, schema)
                given |= {} if value is None else {name: value}
        self._learn(endpoint, place, given)
        return given

    def _telling_number(self, endpoint: Endpoint, place: Body, given: Mapping[str, Any], name: str, schema: Mapping[str, Any]) -> Any:
        money = any(f"cents(input.{name})" in law.that.text for law in endpoint.action.laws)
        tried = [v for v in (*(() if money else FINER), *CANDIDATES) if matches(schema, v)]
        choices = ((v, self._of_making(place, {**given, name: v})) for v in tried)
        return choose_most_telling(equations(endpoint.action.laws), choices, self.told)[0]

    def _learn(self, endpoint: Endpoint, place: Body, given: Mapping[str, Any]) -> None:
        self.told |= surviving_mutants(equations(endpoint.action.laws), self._of_making(place, given), self.told)

    def lives(self, earlier: Sequence[Body], later: Sequence[Body]) -> tuple[int, int]:
        """How long the things made later live, and how long those made earlier after that."""
        short = self._longest_telling(later, SHORT_S, 0)
        return short, self._longest_telling(earlier, LONG_S, short + APART_S) - short - APART_S

    def _longest_telling(self, bodies: Sequence[Body], times: Sequence[int], least: int) -> int:
        """The time of life that tells most of the things together."""
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
        """The numbers and flags that the laws read, and the texts that they name: things that are alike in these tell the same."""
        text = self.setting.compute_once(("laws", self.resource.name), self._text)
        plain = {k: v for k, v in sorted(body.items()) if f".{k}" in text and not isinstance(v, dict | list)}
        return {k: v for k, v in plain.items() if not isinstance(v, str) or f'"{v}"' in text}

    def _text(self) -> str:
        made = self.resource.made_by
        laws = [*(made.action.laws if made else ()), *(self.move.action.laws if self.move else ())]
        return " ".join(f"{law.when.text if law.when else ''} {law.that.text}" for law in laws)

    def _of_making(self, place: Body, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the laws of making one would read."""
        made = self.resource.made_by
        defaults = {str(p.name): p.schema["default"] for p in (made.action.params if made else ()) if "default" in p.schema}
        usual = template_of(self.setting.model, made.action).input if made else {}
        response = _under(made.at.text if made and made.at else "", place)
        return self._values({**defaults, **usual, **given}, response, None, BEGAN)

    def _of_end(self, body: Body, time: int) -> dict[str, Any]:
        """What the laws of ending one would read, after so many seconds."""
        made, undo = self.resource.made_by, self.resource.undone_by
        at = made.at.text if made and made.at else ""
        ended = undo.at.text if undo and undo.at and self.move and undo.action is self.move.action else at
        whole = {**body, **{name: _iso(BEGAN) for name in _begun(equations(made.action.laws) if made else (), at)}}
        return self._values({}, _under(ended, whole), whole, BEGAN + time)

    def _values(self, given: Mapping[str, Any], response: Mapping[str, Any], before: Any, now: float) -> dict[str, Any]:
        plain = {k: v for k, v in given.items() if isinstance(v, str | int | float | bool | Mapping | list)}
        return {
            "input": plain, "response": response, "status": 200, "surface": "rest", "now": now, "before": before,
            "env": self.setting.model.env,
        }  # fmt: skip


def _begun(known: Iterable[Equation], at: str) -> list[str]:
    """Members that are the time when a thing was made."""
    return [e.path.removeprefix(f"{at}.") for e in known if e.form == "epoch" and e.gives.text == "now" and e.path.startswith(f"{at}.")]


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _under(at: str, body: Body) -> dict[str, Any]:
    """An answer that tells such a thing where an answer tells it; empty where that is no plain place."""
    plain = _PLAIN.fullmatch(at)
    found: Any = dict(body)
    for step in reversed(plain.group(1)[1:].split(".") if plain else ()):
        found = {step: found}
    return found if plain else {}


def _holds(law: Law, values: Mapping[str, Any]) -> bool:
    """Whether a law speaks of this, as far as one knows."""
    try:
        return law.when is None or Scope(values).holds(law.when)
    except ExpressionError:
        return True


def _traits(setting: Setting, endpoint: Endpoint, item: Body) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, bool) or value is None or (isinstance(value, str) and _is_enum(setting, endpoint, name)):
            yield name, value
        elif isinstance(value, int | float):
            yield name, "a number"


def _is_enum(setting: Setting, endpoint: Endpoint, member: str) -> bool:
    def find() -> bool:
        parts = (setting.named(part).get("properties", {}) for part in subschemas(endpoint.action.success.schema or {}))
        named = (setting.named(properties[member]) for properties in parts if member in properties)
        return any("enum" in schema for schema in named)

    return setting.compute_once(("enum", endpoint.place, member), find)
