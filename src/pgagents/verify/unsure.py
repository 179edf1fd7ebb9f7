"""Creates without an answer: what they may have made is looked up by its mark, and told where that does not find it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.model import Resource
from pgagents.verify.call import Call
from pgagents.verify.door import REST
from pgagents.verify.marks import Marks
from pgagents.verify.memory import Setting
from pgagents.verify.ownership import Ownership
from pgagents.verify.seen import Seen
from pgagents.verify.target import is_made_by
from pgagents.verify.thing import Thing, at_path
from pgagents.wire import Request

MOST = 200


@dataclass(slots=True)
class _Create:
    resource: Resource
    values: Mapping[str, Any]
    role: str
    found: bool = False


class Unsure:
    """The creates of a run of which it is not known whether they happened."""

    def __init__(self, setting: Setting, marks: Marks, owned: Ownership) -> None:
        self._setting, self._marks, self._owned = setting, marks, owned
        self._creates: list[_Create] = []
        self._answered: list[Thing] = []

    def add(self, call: Call, values: Mapping[str, Any], request: Request) -> None:
        """Take over that a call was sent and not answered. A mark counts only where the request, however broken, still holds it."""
        values = self._said(values, request)
        for resource in self._setting.model.resources.values():
            if call.door is not None and is_made_by(resource, call.door.action):
                if len(self._creates) < MOST:
                    self._creates.append(_Create(resource, values, call.role or "main"))
                return

    def made(self, thing: Thing) -> None:
        """Take over an instance that a create answered: where it turns out not to be ours, something else may have been made."""
        if len(self._answered) < MOST:
            self._answered.append(thing)

    def _disproved(self) -> None:
        for thing in self._answered:
            if not thing.ours and not thing.gone and thing.maker is not None and self._owned.problem(thing.resource):
                values = self._said(thing.maker.input, thing.maker.request)
                self._creates.append(_Create(thing.resource, values, thing.role))
        self._answered.clear()

    def _said(self, values: Mapping[str, Any], request: Request) -> dict[str, Any]:
        """The values whose mark a request holds."""
        said = request.target.encode() + request.body
        return {k: v for k, v in values.items() if (mark := self._marks.within(v)) and mark.encode() in said}

    def told(self) -> list[str]:
        """Each create that may have happened, for people: the resource, and its mark if it has one."""
        return [f"{c.resource.name} ({self._mark(c) or 'without a mark'})" for c in self._creates if not c.found]

    def look_up(self) -> Generator[Call, Seen, list[Thing]]:
        """Look in the lists of each resource for what carries the mark of such a create; gives what was found."""
        self._disproved()
        found: list[Thing] = []
        asked: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for create in self._creates:
            mark = self._mark(create)
            if mark:
                key = (create.resource.name, create.role)
                if key not in asked:
                    asked[key] = yield from self._listed(create.resource, create.role)
                found += self._matching(create, mark, asked[key])
        return found

    def _mark(self, create: _Create) -> str:
        """A mark in the arguments by which the instance is known, empty where they carry none."""
        made = create.resource.made_by
        key = made.action.idempotency if made is not None else None  # it is no part of what is made
        marks = (self._marks.within(value) for name, value in sorted(create.values.items()) if name != key)
        return next(filter(None, marks), "")

    def _listed(self, resource: Resource, role: str) -> Generator[Call, Seen, list[Mapping[str, Any]]]:
        for call in resource.listed_by:
            door = self._setting.door(str(call.action.name), REST)
            if door is None or any(getattr(value, "names", frozenset()) - {"env"} for value in call.input.values()):
                continue
            seen = yield Call(door, call.input, "clean", f"to look up a {resource.name} that may have been made", role=role, owner=role)
            items = at_path(call, seen) if seen.success else None
            return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
        return []

    def _matching(self, create: _Create, mark: str, items: list[Mapping[str, Any]]) -> list[Thing]:
        found: list[Thing] = []
        for item in items:
            id = create.resource.id_of(item)
            if id is not None and self._marks.within(dict(item)) and mark in str(item):
                create.found = True
                found.append(Thing(create.resource, id, item, create.role, True, None, ours=True))
        return found
