"""Record in a journal what a run is about to make, what it made, and what is gone again.

The recorder looks at the calls that are sent and at the instances that the run knows. It decides nothing:
without a journal a run does exactly the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.resource import Id, Resource, id_text
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.target import is_made_by, list_involved
from pgagents.verify.run.journal import MOST_PLACE, MOST_TEXT, JournalFile
from pgagents.verify.run.redact import Redactor
from pgagents.verify.run.transmission import Ready, Stop
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.lease import UNSENT

MOST_MEMBERS, MOST_ITEMS, MOST_DEPTH = 60, 20, 5
"""The most members of an object, items of a list, and levels of a value that are written."""
REFUSED, FAILED = 400, 500


@dataclass(slots=True)
class _Entry:
    """An instance in the journal: its number there, and what was last written of it.

    `seen` is the body from which `body` was written.
    """

    instance: Instance
    number: int
    seen: Mapping[str, Any]
    body: Mapping[str, Any]
    state: tuple[Any, ...] = ()
    gone: bool = False

    def __post_init__(self) -> None:
        """Note the state of the instance as written."""
        self.state = _find_state(self.instance)


class Recorder:
    """Writes the lines of one run into a journal."""

    def __init__(
        self, file: JournalFile, factory: FixtureFactory, redactor: Redactor, wall: Callable[[], str]
    ) -> None:
        self._file, self._factory, self._redactor, self._wall = file, factory, redactor, wall
        self._model = factory.model
        self._known: dict[int, _Entry] = {}
        """The instances in the journal, by identity."""
        self._kinds: dict[str, Mapping[str, Any]] = {}
        self._refused = 0
        """The last call of which it was written already that it made nothing."""
        self.removed = 0
        """The number of instances that a call of the run removed."""

    def begin(self, process: int) -> None:
        """Note that a run begins. Raises Stop if nothing can be written."""
        self._write({"run": self._factory.marks.tag, "at": self._wall(), "pid": process})

    # -- calls

    def note_intention(self, ready: Ready, request: Request) -> int:
        """Write that a call is about to be sent, if it could make something; return its number, or 0.

        Raises Stop if it cannot be written, because then it must not be sent.
        """
        endpoint = ready.call.endpoint
        if endpoint is None or endpoint.action.effect != "write" or self._only_removes(endpoint.action):
            return 0
        values, whole = self._trim_members(ready.values)
        number = self._file.next_number()
        marks = self._factory.marks
        line = {
            "send": number,
            "at": self._wall(),
            "action": str(endpoint.action.name),
            "surface": ready.call.surface,
            "method": request.method,
            "path": self._redactor.text(request.target.partition("?")[0])[:MOST_TEXT],
            "role": ready.call.role,
            "owner": ready.call.owner,
            "input": values,
            "marked": sorted(name for name, value in values.items() if marks.is_marked(value)),
            "whole": whole and ready.call.raw.is_ordinary and not ready.call.raw.secret,
            "marks": marks.given,
        }
        self._write(line, durable=True)
        return number

    def note_answer(self, number: int, answer: Response | Silence) -> None:
        """Write that a call made nothing, if its answer alone says so: it was refused, or never sent."""
        if number and _made_nothing(answer):
            self._write({"done": number, "made": False})
            self._refused = number

    def note_exchange(self, exchange: Exchange) -> None:
        """Write what an exchange did, after the run has updated its instances by it."""
        self.sync()
        endpoint = exchange.call.endpoint
        if exchange.success and endpoint is not None:
            involved = list_involved(self._model, endpoint.action)
            undone = (r.undone_by for r in involved if r.undone_by is not None)
            self.removed += any(undo.action is endpoint.action for undo in undone)
        if exchange.intention in (0, self._refused):
            return
        made = self._list_made_by(exchange)
        if exchange.number not in self._factory.unsure.numbers and all(_fits(e.instance) for e in made):
            self._write({"done": exchange.intention, "made": bool(made)})

    def _list_made_by(self, exchange: Exchange) -> list[_Entry]:
        return [entry for entry in self._known.values() if entry.instance.maker is exchange]

    def _only_removes(self, action: Action) -> bool:
        """True if an action removes instances of resources, and makes none."""
        resources = self._model.resources.values()
        removes = any(r.undone_by is not None and r.undone_by.action is action for r in resources)
        return removes and not any(is_made_by(r, action) for r in resources)

    # -- instances

    def know(self, instance: Instance, number: int) -> None:
        """Note that an instance stands in the journal already, under this number."""
        self._known[id(instance)] = _Entry(instance, number, instance.body, dict(instance.body))

    def leave(self, number: int) -> None:
        """Write that nothing can be done about a call or an instance."""
        self._write({"left": number})

    def settle(self, number: int) -> None:
        """Write that nothing of a call is on the server any more."""
        self._write({"done": number, "made": False})

    def sync(self) -> None:
        """Write what is new of the instances that the run made, and of the evidence that they are its own."""
        for instance in self._factory.pool.instances:
            if instance.made:
                self._sync_one(instance)
        for kind, evidence in self._factory.owned.list_evidence().items():
            evidence["made"] = [(place, id) for place, id in evidence["made"] if _is_short(place, id)]
            before = self._kinds.get(kind, {})
            if before and len(before["made"]) == len(evidence["made"]):
                evidence["made"] = before["made"]  # any two do
            if before != evidence:
                self._kinds[kind] = evidence
                self._write({"kind": kind, **evidence})

    def _sync_one(self, instance: Instance) -> None:
        entry = self._known.get(id(instance))
        if entry is None or (entry.gone and not instance.gone):  # a list has it after all
            if not instance.gone:
                self._write_made(instance)
            return
        if instance.gone:
            if not entry.gone:
                entry.gone = True
                self._note_gone(entry)
            return
        if not _fits(instance):
            return
        if instance.doubtful:
            return  # what is under its id may be somebody else's, and must not pass for its members
        state = _find_state(instance)
        if entry.seen is instance.body and entry.state == state:
            return
        body = self._trim_body(instance)
        if entry.state != state or entry.body != body:
            line = {"now": entry.number, "id": instance.id, "state": instance.state, "ours": instance.ours}
            self._write({**line, "body": body, **self._say_around(instance)})
        entry.seen, entry.body, entry.state = instance.body, body, state

    def _note_gone(self, entry: _Entry) -> None:
        if _fits(entry.instance):
            self._write({"gone": entry.number})
            return
        maker = entry.instance.maker
        if maker is not None and maker.intention and all(e.gone for e in self._list_made_by(maker)):
            self.settle(maker.intention)

    def _write_made(self, instance: Instance) -> None:
        number, body = self._file.next_number(), self._trim_body(instance)
        maker = instance.maker
        self._known[id(instance)] = _Entry(instance, number, instance.body, body)
        if not _fits(instance):
            return  # its call stays open in the journal, and is looked up by its mark
        self._write(
            {
                "made": number,
                "by": maker.intention if maker is not None else 0,
                "resource": instance.resource.name,
                "id": instance.id,
                "role": instance.role,
                "body": body,
                "state": instance.state,
                "could": sorted(instance.made_with),
                "ours": instance.ours,
                **self._say_around(instance),
            }
        )

    def _say_around(self, instance: Instance) -> dict[str, Any]:
        """Return where an instance is, and the numbers of those with which it may go."""
        parent = self._known.get(id(instance.parent)) if instance.parent is not None else None
        named = (self._known.get(id(other)) for other in instance.refers)
        return {
            "place": instance.place,
            "up": parent.number if parent is not None else 0,
            "refers": [entry.number for entry in named if entry is not None],
        }

    def _trim_body(self, instance: Instance) -> dict[str, Any]:
        """Return the members of an instance by which a later run can tell and remove it."""
        return self._trim_members(instance.body, kept=_list_needed(instance.resource))[0]

    # -- values of the server, bounded and without secrets

    def _trim_members(
        self, members: Mapping[str, Any], depth: int = 0, kept: frozenset[str] = frozenset()
    ) -> tuple[dict[str, Any], bool]:
        """Return the members that may be written, and True if these are all. `kept` need no bound."""
        trimmed: dict[str, Any] = {}
        whole = len(members) <= MOST_MEMBERS or depth == 0
        for name, value in members.items():
            if len(trimmed) >= MOST_MEMBERS and name not in kept:
                whole = False
                continue
            if len(str(name)) > MOST_TEXT or self._redactor.is_secret_name(str(name)):
                whole = False
                continue
            found, all_of_it = self._trim(value, depth + 1)
            whole = whole and all_of_it
            if found is not None or value is None:
                trimmed[str(name)] = found
        return trimmed, whole

    def _trim(self, value: Any, depth: int) -> tuple[Any, bool]:
        """Return the part of a value that may be written, None if none may be, and True if that is all."""
        if value is None or isinstance(value, bool | int):
            return value, True
        if isinstance(value, float):
            return (value, True) if math.isfinite(value) else (None, False)
        if isinstance(value, str):
            if self._redactor.holds_secret(value):
                return None, False
            # of a longer text its mark remains, by which a later run knows it again
            mark = "" if len(value) <= MOST_TEXT else self._factory.marks.within(value)[:MOST_TEXT]
            return (value, True) if len(value) <= MOST_TEXT else (mark or None, False)
        if depth >= MOST_DEPTH:
            return None, False
        if isinstance(value, Mapping):
            return self._trim_members(value, depth)
        if isinstance(value, list | tuple) and len(value) <= MOST_ITEMS:
            items = [self._trim(item, depth + 1) for item in value]
            return ([item for item, _ in items], True) if all(w for _, w in items) else (None, False)
        return None, False

    def _write(self, line: Mapping[str, Any], *, durable: bool = False) -> None:
        """Add a line. Raises Stop if that fails: nothing must be made of which the journal knows nothing."""
        try:
            self._file.write(line, durable=durable)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise Stop(f"the journal cannot be written ({why}), so nothing more is made") from None


def _made_nothing(answer: Response | Silence) -> bool:
    if isinstance(answer, Silence):
        return answer.kind in ("refused", UNSENT)
    return REFUSED <= answer.status < FAILED


def _fits(instance: Instance) -> bool:
    """True if a journal, whose texts are bounded, takes an instance."""
    return _is_short(instance.place, instance.id) and len(instance.state or "") <= MOST_TEXT


def _is_short(place: str, id: Id) -> bool:
    return len(place) <= MOST_PLACE and len(id_text(id)) <= MOST_TEXT


def _find_state(instance: Instance) -> tuple[Any, ...]:
    """Return what the journal follows of an instance beside its body."""
    return (
        instance.ours,
        instance.id,
        instance.state,
        instance.place,
        id(instance.parent),
        len(instance.refers),
    )


def _list_needed(resource: Resource) -> frozenset[str]:
    """Return the first parts of the members without which an instance cannot be named."""
    return frozenset(id.partition(".")[0] for id in resource.ids)
