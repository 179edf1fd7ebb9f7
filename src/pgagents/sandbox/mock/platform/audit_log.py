"""The mock's audit log: every successful write adds an entry, which an action of the catalogue lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.jsonschema import schema as schemas
from pgagents.model.model import Audit
from pgagents.model.resource import Resource, id_text, member_at
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.laws.times import write_time
from pgagents.sandbox.mock.platform.attribution import attribution_of
from pgagents.sandbox.mock.rows import RowKey, Rows
from pgagents.sandbox.mock.sample import sample
from pgagents.sandbox.setting import Setting

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
