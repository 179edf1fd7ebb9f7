"""The mock's instances as JSON rows, and the instance that the arguments of a call name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource, id_text, member_at
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.places import makes
from pgagents.sandbox.store import Store

_TABLES = """
CREATE TABLE IF NOT EXISTS instance (
  n INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL, place TEXT NOT NULL,
  data TEXT NOT NULL, gone INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS instance_id ON instance (kind, id, tenant, place);
CREATE INDEX IF NOT EXISTS instance_place ON instance (kind, tenant, place, n);
"""


@dataclass(frozen=True, slots=True)
class RowKey:
    """The key of an instance's row.

    `place` has the ids of its containers, as text; empty for any place. The empty tenant means everybody.
    """

    kind: str
    id: str
    tenant: str
    place: str = ""

    @property
    def inside(self) -> str:
        """The place of the instances inside this one."""
        return f"{self.place}/{self.id}" if self.place else self.id


class Rows:
    """Instances of all kinds. Ids of removed instances are kept, so that no new instance gets one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last: tuple[Any, list[dict[str, Any]]] = (None, [])
        """What was listed last: at which version, by which query, and the rows."""
        store.script(_TABLES)

    def add(self, key: RowKey, data: dict[str, Any]) -> None:
        """Store a new instance. If the caller chose the id of a removed one, that one is forgotten."""
        sql = "DELETE FROM instance WHERE kind = ? AND id = ? AND tenant = ? AND place = ? AND gone"
        self._store.run(sql, key.kind, key.id, key.tenant, key.place)
        self._store.run(
            "INSERT INTO instance (kind, id, tenant, place, data) VALUES (?, ?, ?, ?, ?)",
            key.kind,
            key.id,
            key.tenant,
            key.place,
            json.dumps(data),
        )

    def get(self, key: RowKey) -> dict[str, Any] | None:
        """Return the instance of a key, or None."""
        row = self._store.row(f"SELECT data FROM instance WHERE n = ({_NEWEST})", *_arguments(key))
        return dict(json.loads(row["data"])) if row else None

    def all(
        self, kind: str, tenant: str, place: str = "", *, text: str = "", removed: bool = False
    ) -> list[dict[str, Any]]:
        """Return the tenant's instances in a place, newest first; with `text`, those with it in their
        JSON; with `removed`, also those that were removed. They are shared, and never to be changed.
        """
        wanted = {"kind = ?": kind, "tenant = ?": tenant}
        wanted |= {"place = ?": place} if place else {}
        wanted |= {"instr(data, ?)": text} if text else {}
        where = " AND ".join([*wanted, *([] if removed else ["NOT gone"])])
        sql = f"SELECT data FROM instance WHERE {where} ORDER BY n DESC"
        asked = (self._store.version, sql, *wanted.values())
        if self._last[0] != asked:
            rows = self._store.rows(sql, *wanted.values())
            self._last = asked, [_parse(row["data"]) for row in rows]
        return self._last[1]

    def every(self, kind: str) -> list[tuple[RowKey, dict[str, Any]]]:
        """Return the instances of all tenants and places, each with its key. They are shared, as in `all`."""
        rows = self._store.rows(
            "SELECT id, tenant, place, data FROM instance WHERE kind = ? AND NOT gone "
            "ORDER BY id, tenant, place",
            kind,
        )
        return [(RowKey(kind, row["id"], row["tenant"], row["place"]), _parse(row["data"])) for row in rows]

    def change(self, key: RowKey, data: dict[str, Any]) -> None:
        """Store the new state of an instance."""
        self._store.run(
            f"UPDATE instance SET data = ? WHERE n = ({_NEWEST})", json.dumps(data), *_arguments(key)
        )

    def remove(self, key: RowKey) -> None:
        """Mark an instance as removed."""
        self._store.run(f"UPDATE instance SET gone = 1 WHERE n = ({_NEWEST})", *_arguments(key))

    def list_inside(self, kind: str, key: RowKey) -> Iterator[RowKey]:
        """Yield the keys of the instances inside another one."""
        sql = (
            "SELECT id, tenant, place FROM instance WHERE kind = ? AND tenant IN (?, '') AND place IN (?, ?) "
            "AND NOT gone ORDER BY id, tenant, place"
        )
        for row in self._store.rows(sql, kind, key.tenant, key.inside, key.id):
            yield RowKey(kind, row["id"], row["tenant"], row["place"])

    def has_text(self, text: str) -> bool:
        """Return whether an existing instance has a text in its JSON."""
        sql = "SELECT 1 FROM instance WHERE NOT gone AND instr(data, ?) LIMIT 1"
        return self._store.row(sql, text) is not None

    def any(self, kind: str) -> bool:
        """Return whether an instance of a kind ever existed."""
        return self._store.row("SELECT 1 FROM instance WHERE kind = ? LIMIT 1", kind) is not None

    def was_removed(self, key: RowKey) -> bool:
        """Return whether an instance of a key was removed."""
        sql = f"SELECT 1 FROM instance WHERE {_FITS} AND gone"
        return self._store.row(sql, *_arguments(key)) is not None

    def was_used(self, kind: str, id: str) -> bool:
        """Return whether an id was ever used."""
        return self._store.row("SELECT 1 FROM instance WHERE kind = ? AND id = ?", kind, id) is not None


_FITS = "kind = ? AND id = ? AND tenant = ? AND (? = '' OR place = ?)"
_NEWEST = f"SELECT max(n) FROM instance WHERE {_FITS} AND NOT gone"


def _arguments(key: RowKey) -> tuple[str, ...]:
    return key.kind, key.id, key.tenant, key.place, key.place


@lru_cache(maxsize=10_000)  # a list reads each row anew, and few of them have changed
def _parse(data: str) -> dict[str, Any]:
    return dict(json.loads(data))


# -- instances that a call names


Chosen = dict[str, Any]
"""Values of the id's members, by member."""


class Naming:
    """Find the ids in calls, by the catalogue's resources."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._resources = list(model.resources.values())

    def key(self, resource: Resource, call: AcceptedCall, id: Any) -> RowKey:
        """Return the key of the instance with this id in the place that the call names."""
        place = resource.place_in(call.action.params, call.input)
        return RowKey(resource.name, id_text(id), tenant_of(resource, call), place)

    def key_by(self, resource: Resource, call: AcceptedCall, members: Mapping[str, str]) -> RowKey | None:
        """Return the key that arguments name, by the member for each argument; None if a member is
        missing.
        """
        by_member = {member: call.input.get(argument) for argument, member in members.items()}
        values = tuple(by_member.get(member) for member in resource.ids)
        return None if None in values else self.key(resource, call, _joined(values))

    def home(self, resource: Resource, params: Iterable[Param], values: Mapping[str, Any]) -> str:
        """Return the place of a new instance: the ids of its containers in the call that makes it."""
        params = tuple(params)
        above = self._model.resources.get(resource.within or "")
        if resource.placed_by or above is None:
            return resource.place_in(params, values)
        named = [values.get(str(p.name)) for p in params if p.refers_to == above.name]
        return "/".join(str(value) for value in named if value is not None)

    def chosen(self, resource: Resource, call: AcceptedCall) -> Chosen:
        """Return the members of a new instance's id that the caller chose."""
        found: Chosen = {}
        for param in call.action.params:
            name, value = str(param.name), call.input.get(param.name)
            own = param.refers_to == resource.name and self.is_made_at(resource, call.action, param)
            member = param.refers_member or resource.id if own else name
            if value is not None and member in resource.ids:
                found[member] = value
        return found

    def is_made_at(self, resource: Resource, action: Action, param: Param) -> bool:
        """True if a PUT makes an instance at the path that ends with this argument."""
        ends = str(action.path).endswith("{" + param.wire + "}") or param.refers_member != ""
        return action.method == "PUT" and ends and makes(self._model, resource, action)

    def in_path(self, action: Action, param: Param) -> Resource | None:
        """Return the resource whose path is the beginning of the action's, up to this argument.

        For `/items/{id}/notes` it is the resource with the path `/items/{id}`.
        """
        beginning, mark, _ = str(action.path).partition("{" + param.wire + "}")
        for resource in self._resources if mark else ():
            if any(
                p.wire == param.wire and str(own.path) == beginning + mark
                for own, p, _ in self.list_arguments(resource)
            ):
                return resource
        return None

    def key_in_path(self, resource: Resource, call: AcceptedCall) -> RowKey | None:
        """Return the key that the path of a call names, as the resource's own calls do."""
        members = {p.wire: member for _, p, member in self.list_arguments(resource) if p.place == "path"}
        named = {str(p.name): members[p.wire] for p in call.action.params if p.wire in members}
        return self.key_by(resource, call, named)

    def key_of_reference(self, resource: Resource, call: AcceptedCall, param: Param) -> RowKey | None:
        """Return the key that an argument refers to. If the id has several members, other arguments complete
        it.
        """
        if not param.refers_to:
            return self.key_in_path(resource, call)
        if len(resource.ids) == 1:
            return self.key(resource, call, call.input.get(param.name))
        params = (p for p in call.action.params if p.refers_to == resource.name)
        return self.key_by(resource, call, {str(p.name): p.refers_member for p in params})

    def list_arguments(self, resource: Resource) -> list[tuple[Action, Param, str]]:
        """Return the arguments that name a resource, each with its action and the id's member."""
        return [
            (action, param, member)
            for action, name, member in self._list_named(resource)
            if member in resource.ids and (param := action.param(name)) is not None
        ]

    def _list_named(self, resource: Resource) -> Iterator[tuple[Action, str, str]]:
        for call in filter(None, (*resource.read_by, resource.undone_by)):
            for name, member in places.id_argument(call, resource).items():
                yield call.action, name, member
        for move in resource.moves:
            for name, member in places.names_of(move.input).items():
                yield move.action, name, member


def tenant_of(resource: Resource, call: AcceptedCall) -> str:
    """Return the tenant whose instances of a resource a call sees; empty if everybody shares them."""
    return call.key.tenant if resource.tenant and call.key else ""


def id_in(resource: Resource, row: Mapping[str, Any]) -> str:
    """Return the id of a row as text."""
    return id_text(_joined(tuple(member_at(row, member) for member in resource.ids)))


def _joined(values: tuple[Any, ...]) -> Any:
    return values if len(values) > 1 else values[0]
