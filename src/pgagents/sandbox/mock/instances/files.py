"""Store the files of instances, so that a call that answers files returns what another call stored."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.model.resource import Resource
from pgagents.sandbox.call import AcceptedCall, Raw
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.naming import Naming, id_in
from pgagents.sandbox.mock.rows import RowKey, Rows
from pgagents.sandbox.store import Store
from pgagents.sandbox.writing import file

_TABLES = """
CREATE TABLE IF NOT EXISTS instance_file (
  kind TEXT NOT NULL, id TEXT NOT NULL, tenant TEXT NOT NULL, place TEXT NOT NULL, media TEXT NOT NULL,
  data BLOB NOT NULL, PRIMARY KEY (kind, id, tenant, place)
);
"""
_TEXT = b"pgagents\n"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's media type and bytes."""

    media: str
    data: bytes

    def write(self) -> Raw:
        """Return the file as the body of an answer."""
        return Raw(self.media, self.data)

    @property
    def url(self) -> str:
        """Return the file as a data URL, the form for laws."""
        return f"data:{self.media};base64,{base64.b64encode(self.data).decode()}"


PathIn = Callable[[Resource, Any], places.Place | None]
"""A function that finds the place of a resource in an answer."""


class Files:
    """The files of instances, for the actions whose answers are files of several types."""

    def __init__(self, model: Model, store: Store, rows: Rows, naming: Naming, path_in: PathIn) -> None:
        self._model, self._store, self._rows, self._naming = model, store, rows, naming
        self._path_in = path_in
        self._needed = any(action.success.media for action in model.actions)
        store.script(_TABLES)
        self._shown = dict(self._list_shown()) if self._needed else {}

    def _list_shown(self) -> Iterator[tuple[tuple[str, str], StoredFile]]:
        """Yield the files of the instances that examples show, by resource and id."""
        for action in self._model.actions:
            for example in action.examples:
                given = _find_file(action, example.input)
                for resource, row in self._list_instances(example.output) if given is not None else ():
                    assert given is not None
                    yield (resource.name, id_in(resource, row)), given

    def _list_instances(self, answer: Any) -> Iterator[tuple[Resource, Mapping[str, Any]]]:
        for resource in self._model.resources.values():
            path = self._path_in(resource, answer)
            row = places.get(answer, path) if path is not None else None
            if isinstance(row, Mapping) and resource.id_of(row) is not None:
                yield resource, row

    def note(self, call: AcceptedCall, answer: Any) -> None:
        """Keep the file of a call with the instances that its answer shows."""
        given = _find_file(call.action, call.input) if self._needed else None
        if given is None or call.action.effect == "read":
            return
        for resource, row in self._list_instances(answer):
            key = self._naming.key(resource, call, resource.id_of(row))
            self._store.run(
                "INSERT OR REPLACE INTO instance_file VALUES (?, ?, ?, ?, ?, ?)",
                *(key.kind, key.id, key.tenant, key.place, given.media, given.data),
            )

    def answer(self, call: AcceptedCall) -> StoredFile | None:
        """Return the file for a call; None if its answer is no file of several types."""
        media = call.action.success.media
        if not media:
            return None
        keys = [
            key
            for param in call.action.params
            if (resource := self._model.resources.get(param.refers_to or "")) is not None
            and (key := self._naming.key_of_reference(resource, call, param)) is not None
        ]
        found = [one for key in keys if (one := self._find(key)) is not None and one.media in media]
        return found[-1] if found else _make(media, (keys and self._rows.get(keys[-1])) or {})

    def _find(self, key: RowKey) -> StoredFile | None:
        sql = "SELECT media, data FROM instance_file WHERE kind = ? AND id = ? AND tenant = ? AND place = ?"
        row = self._store.row(sql, key.kind, key.id, key.tenant, key.place)
        return StoredFile(row["media"], row["data"]) if row else self._shown.get((key.kind, key.id))


def _find_file(action: Action, given: Mapping[str, Any]) -> StoredFile | None:
    """Return the file in a call's arguments, or the text that is its whole body; None without one."""
    for param in action.params:
        value = given.get(str(param.name))
        if param.file is not None and isinstance(value, str):
            head, _, data = value.partition(",")
            return StoredFile(head.removeprefix("data:").partition(";")[0], base64.b64decode(data))
        if param.place == "whole_body" and isinstance(value, str):
            return StoredFile(action.content_type.partition(";")[0], value.encode("utf-8", "surrogatepass"))
    return None


def _make(media: tuple[str, ...], row: Mapping[str, Any]) -> StoredFile:
    """Return a small file. Its type is named by a member of the instance, or else the first one."""
    kind = next((value for value in row.values() if value in media), media[0])
    return StoredFile(kind, _TEXT if kind.startswith("text/") else file.write(kind))
