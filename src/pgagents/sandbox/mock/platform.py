"""Effects of the mock beside its answers: send events, write the audit log, provoke failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.base.cel.expression import Expression, member_of
from pgagents.base.jsonschema import schema as schemas
from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Audit, Model
from pgagents.catalogue.model.resource import Resource, id_text, member_at
from pgagents.sandbox.call import AcceptedCall, Refusal, rfc3339
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.answers import write_time
from pgagents.sandbox.mock.instances import attribution_of
from pgagents.sandbox.mock.rows import RowKey, Rows
from pgagents.sandbox.outbox import TIMES
from pgagents.sandbox.sample import sample
from pgagents.sandbox.setting import Setting


class Events:
    """The webhooks of a catalogue, as the mock keeps and serves them."""

    def __init__(self, setting: Setting, rows: Rows) -> None:
        self.setting = setting
        self._rows = rows
        self.hooks = setting.model.webhooks

    def refuse(self, call: AcceptedCall) -> Refusal | None:
        """Return a refusal if a receiver's address may not be registered."""
        if self.hooks is None or call.action.name != self.hooks.registered_by:
            return None
        problem = self.setting.target_problem(str(call.input.get(self.hooks.url, "")))
        if self.hooks.targets != "public" or not problem:
            return None
        code = self.setting.model.refusal_of(call.action, call.action.param(self.hooks.url), "")
        return Refusal(code.name, f"{self.hooks.url} {problem}", self.hooks.url)

    def find_before(self, call: AcceptedCall) -> Mapping[str, Mapping[str, Any]]:
        """Return copies of the instances that a call names, by their resources.

        Only calls that are declared idempotent have any: if they change nothing, no event is sent.
        """
        hint = call.action.hints.idempotent
        if self.hooks is None or not (hint.value and hint.written):
            return {}
        tenant = call.key.tenant if call.key else ""
        found = (
            (p.refers_to or "", self._find_named(p.refers_to or "", call, tenant)) for p in call.action.params
        )
        return {name: dict(row) for name, row in found if row is not None}

    def note(self, call: AcceptedCall, answer: Any, before: Mapping[str, Mapping[str, Any]]) -> Any:
        """Register or remove a receiver, or send the events of a call.

        Nothing is sent about an instance that is equal to `before`. Return the answer, which has the secret
        of a new receiver.
        """
        if self.hooks is None:
            return answer
        tenant = call.key.tenant if call.key else ""
        for resource in self.setting.model.resources.values():
            made, undone = resource.made_by, resource.undone_by
            if made is None or made.action.name != self.hooks.registered_by:
                continue
            if made.action is call.action:
                answer = self._register(call, answer, resource, tenant)
            elif undone is not None and undone.action is call.action:
                for name in places.id_argument(undone, resource):
                    self.setting.outbox.remove(str(call.input.get(name)), tenant, call.now)
        for type, event in self.hooks.events.items():
            if str(call.action.name) in event.by:
                about = self.setting.model.resources.get(event.about or "")
                if about is not None and self._is_unchanged(about, call, tenant, before):
                    continue
                self._send(type, about, self._find_data(about, call, answer, tenant), call.now, tenant)
        return answer

    def note_end(self, resource: Resource, row: Mapping[str, Any], now: float, tenant: str) -> None:
        """Send the events of a job that has ended."""
        for type, event in self.hooks.events.items() if self.hooks is not None else ():
            if not event.by and event.about == resource.name:
                self._send(type, resource, row, now, tenant)

    def _register(self, call: AcceptedCall, answer: Any, resource: Resource, tenant: str) -> Any:
        made = resource.made_by
        path = places.place(made.at) if made is not None else None
        row = places.get(answer, path) if path is not None else None
        name = made.id_at[1] if made is not None and made.id_at is not None else resource.id
        id = str(member_at(row, name)) if isinstance(row, Mapping) else ""
        types = call.input.get(self.hooks.types)
        known = [str(t) for t in types] if isinstance(types, list) else list(self.hooks.events)
        self.setting.outbox.register(id, tenant, str(call.input.get(self.hooks.url)), known, call.now)
        if not self.hooks.secret_at:
            return answer
        secret = self.setting.outbox.secret(id)
        return places.put(answer, tuple(self.hooks.secret_at.split(".")), secret)

    def _find_data(self, resource: Resource | None, call: AcceptedCall, answer: Any, tenant: str) -> Any:
        """Return the data of an event: its resource in the answer, or else the instance that the call
        names.
        """
        if resource is None:
            return answer
        for one in (resource.made_by, *resource.read_by, resource.undone_by):
            path = places.place(one.at) if one is not None and one.action is call.action else None
            found = places.get(answer, path) if path is not None else None
            if isinstance(found, Mapping):
                return found
        moves = any(move.action is call.action for move in resource.moves)
        row = None if moves else self._find_named(resource.name, call, tenant)
        if row is not None:
            return row
        for one in (resource.made_by, *resource.read_by, resource.undone_by):
            path = places.place(one.at) if one is not None else None
            found = places.get(answer, path) if path is not None else None
            if isinstance(found, Mapping):
                return found
        return answer

    def _find_named(self, resource: str, call: AcceptedCall, tenant: str) -> Mapping[str, Any] | None:
        """Return the row of the instance of a resource that an argument names."""
        named = next((p for p in call.action.params if resource and p.refers_to == resource), None)
        if named is None:
            return None
        for owner in dict.fromkeys((tenant, "")):
            row = self._rows.get(RowKey(resource, str(call.input.get(named.name)), owner))
            if row is not None:
                return row
        return None

    def _is_unchanged(
        self, resource: Resource, call: AcceptedCall, tenant: str, before: Mapping[str, Mapping[str, Any]]
    ) -> bool:
        """True if the instance that the call names has the same members as before it."""
        old, new = before.get(resource.name), self._find_named(resource.name, call, tenant)
        if old is None or new is None:
            return False
        members = (old.keys() | new.keys()) - set(resource.volatile)
        return all(old.get(name) == new.get(name) for name in members)

    def _send(self, type: str, resource: Resource | None, data: Any, now: float, tenant: str) -> None:
        """Put an event into the outbox."""
        owner = tenant if resource is not None and resource.tenant else None
        self.setting.outbox.put(type, data, now, tenant=owner, compose=self._composer(now))

    def _composer(self, now: float) -> Callable[[str, str, Any], Any]:
        """Return a function that makes the body of an event in the webhooks' envelope."""
        form = self.hooks
        schema = self.setting.model.schemas[form.envelope]
        made = sample(schema, self.setting.model.schemas, now)
        usual = made if isinstance(made, dict) else {}

        def compose(id: str, type: str, data: Any) -> dict[str, Any]:
            times = {k: rfc3339(now) for k in usual if k in TIMES}
            known = {form.type_at: type, form.data_at: data}
            if form.id_at:
                known[form.id_at] = id
            return {**usual, **{k: v for k, v in times.items() if isinstance(usual[k], str)}, **known}

        return compose


# -- the audit log


KIND = "audit log"
"""The kind of the log's rows. No resource's name has a space."""


class AuditLog:
    """The entries of a catalogue's audit log. An entry is never changed or removed."""

    def __init__(self, setting: Setting, rows: Rows) -> None:
        self._model = setting.model
        self._rows = rows
        self._next = len(rows.every(KIND))

    def note(self, call: AcceptedCall, answer: Any) -> None:
        """Add an entry for a call that succeeded, if such calls leave one."""
        audit = self._model.audit
        if audit is None or not call.action.key or (call.key is not None and call.key.operator):
            return
        if call.action.effect == "read" and call.surface not in audit.reads_on:
            return
        self._next += 1
        self._rows.add(RowKey(KIND, str(self._next), ""), self._write_entry(audit, call, answer))

    def answer(self, call: AcceptedCall, base: Any) -> Any:
        """Return the entries that a call of the listing action requests, newest first; None for another
        action.
        """
        audit = self._model.audit
        path = places.place(audit.listed_by.at) if audit is not None else None
        if audit is None or path is None or call.action is not audit.listed_by.action:
            return None
        wanted = {k: v for k, v in call.input.items() if k in self._members(audit)}
        found = [
            entry
            for entry in self._rows.all(KIND, "")
            if all(entry.get(name) == value for name, value in wanted.items())
        ]
        counts = [v for k, v in call.input.items() if k not in wanted and type(v) is int]
        return places.put(base, path, found[: min(counts, default=None)])

    def _members(self, audit: Audit) -> Mapping[str, Any]:
        """Return the schemas of an entry's members."""
        path = places.place(audit.listed_by.at) or ()
        listed = self._model.schema_at(audit.listed_by.action, path)
        items = schemas.resolve(listed, self._model.schemas).get("items", {})
        members = schemas.resolve(items, self._model.schemas).get("properties", {})
        return members if isinstance(members, Mapping) else {}

    def _write_entry(self, audit: Audit, call: AcceptedCall, answer: Any) -> dict[str, Any]:
        members, known = self._members(audit), self._model.schemas
        told: dict[str, Any] = {
            audit.action: str(call.action.name),
            audit.at: write_time(call.now, members.get(audit.at, {}), known),
            **{k: v for k, v in attribution_of(self._model, call).items() if k in members},
        }
        if audit.actor is not None:
            told[audit.actor] = call.key.id if call.key is not None else None
        for member, name in audit.about.items():
            told[member] = _find_id(self._model.resources[name], call, answer)
        if audit.diff is not None and call.action.effect == "write":
            told[audit.diff] = self._describe_change(answer)
        usual = {
            name: None if _nullable(schemas.resolve(schema, known)) else sample(schema, known, call.now)
            for name, schema in members.items()
        }
        return {**usual, **told}

    def _describe_change(self, answer: Any) -> dict[str, Any]:
        """Return the state of an instance after a write, or else only that the write was done."""
        for resource in self._model.resources.values():
            for one in (resource.made_by, resource.undone_by, *resource.read_by):
                path = places.place(one.at) if one is not None and resource.state else None
                found = places.get(answer, path) if path is not None else None
                if isinstance(found, Mapping) and resource.state in found:
                    return {str(resource.state): [None, found[resource.state]]}
        return {"done": [False, True]}


def _nullable(schema: Mapping[str, Any]) -> bool:
    return "null" in (schema.get("type") or ())


def _find_id(resource: Resource, call: AcceptedCall, answer: Any) -> str | None:
    """Return the id of the instance that a call names or makes; None without one."""
    for param in call.action.params:
        if param.refers_to == resource.name and call.input.get(param.name) is not None:
            return str(call.input[param.name])
    made = resource.made_by
    path = places.place(made.at) if made is not None and made.action is call.action else None
    found = places.get(answer, path) if path is not None else None
    id = member_at(found, resource.id) if isinstance(found, Mapping) else None
    return id_text(id) if id is not None else None


# -- provoked failures


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A failure for the next call of `action`; if it has an id, for a call about that instance."""

    action: str
    code: Code
    id: str | None


class Provoked:
    """The failures that have not occurred yet."""

    def __init__(self, model: Model, rows: Rows) -> None:
        self._model = model
        self._rows = rows
        self._waiting: list[_Waiting] = []

    def note(self, call: AcceptedCall) -> None:
        """Store the failures that an operator's call provokes."""
        for code in self._model.codes.values():
            for action, provoke in code.provoked_by.items():
                if provoke.action is call.action:
                    self._waiting += [_Waiting(action, code, id) for id in self._find_ids(provoke, call)]

    def refuse(self, call: AcceptedCall) -> Refusal | None:
        """Return the failure for a call, once; None without one."""
        given = {str(value) for value in call.input.values()}
        for one in self._waiting:
            if one.action == call.action.name and (one.id is None or one.id in given):
                self._waiting.remove(one)
                return Refusal(one.code.name, str(one.code.meaning))
        return None

    def _find_ids(self, provoke: ActionCall, call: AcceptedCall) -> list[str | None]:
        """Return the ids of the instances that a call means; None for any.

        It is empty if the call means no such failure.
        """
        plain = {k: v for k, v in provoke.input.items() if not isinstance(v, Expression)}
        if any(call.input.get(name) != value for name, value in plain.items()):
            return []
        members = {k: v for k, v in provoke.input.items() if isinstance(v, Expression)}
        if not members:
            return [None]
        return [
            key.id
            for name in self._model.resources
            for key, row in self._rows.every(name)
            for argument, value in members.items()
            if (member := member_of(value, (name,))) and str(row.get(member)) == str(call.input.get(argument))
        ]
