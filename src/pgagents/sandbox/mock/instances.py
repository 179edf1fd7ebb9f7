"""Make, find and fill instances: those that a call makes, those of the examples, and their files."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pgagents.base.cel.expression import Scope
from pgagents.base.jsonschema import schema as schemas
from pgagents.base.places import plain
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource, member_at
from pgagents.sandbox import answers
from pgagents.sandbox.call import AcceptedCall, Other, Raw, Refusal
from pgagents.sandbox.keys import word
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.answers import Bodies, Lawful
from pgagents.sandbox.mock.lifecycle import Lifecycle
from pgagents.sandbox.mock.places import makes
from pgagents.sandbox.mock.rows import Naming, RowKey, Rows, id_in, tenant_of
from pgagents.sandbox.sample import candidates, with_required
from pgagents.sandbox.setting import Setting
from pgagents.sandbox.store import Store

# -- instances that a call names


GONE = 410


class Finding(Bodies):
    """Finds instances among the rows."""

    setting: Setting
    rows: Rows
    naming: Naming
    forms: dict[tuple[str, str], tuple[dict[str, Any], list[Any]]]
    """What a new id must fit, by the names of its resource and of the action that makes it."""

    def _find_instance(
        self, resource: Resource, call: AcceptedCall, arguments: Mapping[str, str]
    ) -> tuple[RowKey | None, dict[str, Any] | None]:
        """Return the instance that a call names, with its key.

        None if the caller may not see it, or if an argument that names it is wrong.
        """
        key = self.naming.key_by(resource, call, arguments)
        row = self.rows.get(key) if key is not None else None
        if row is None or any(
            row.get(member) != call.input.get(a) for a, member in arguments.items() if member in row
        ):
            return key, None
        return key, row

    def _check_references(self, call: AcceptedCall) -> Refusal | None:
        """Return a refusal if an argument or a part of the path names an instance that does not exist."""
        for param in call.action.params:
            resource = self.model.resources.get(param.refers_to or "")
            resource = resource or self.naming.in_path(call.action, param)
            if (
                resource is None
                or call.input.get(param.name) is None
                or (missing := resource.missing_in(call.action)) is None
                or missing not in call.action.errors
                or self.naming.is_made_at(resource, call.action, param)
            ):
                continue
            key = self.naming.key_of_reference(resource, call, param)
            known = self.rows.any(resource.name) or not param.refers_to
            if known and key is not None and self.rows.get(key) is None:
                return self._missing(resource, call)
        return None

    def _missing(self, resource: Resource, call: AcceptedCall) -> Refusal:
        missing = resource.missing_in(call.action)
        code = missing.name if missing else self.model.errors.framework.unknown_path
        gone = next((c.name for c in call.action.errors if c.status == GONE), None)
        tenant = tenant_of(resource, call)
        named = [
            RowKey(resource.name, str(v), tenant) for v in call.input.values() if isinstance(v, str | int)
        ]
        if gone is not None and any(map(self.rows.was_removed, named)):
            code = gone
        return Refusal(
            str(code or self.model.invalid_in(call.action).name),
            f"There is no such {resource.name.replace('_', ' ')}",
        )

    def _fresh_id(self, resource: Resource, call: AcceptedCall, like: Any) -> Any:
        """Return a new id that fits the answer's schema and every argument that names the resource."""
        wanted, validators = self._find_form(resource, call.action)
        for id in candidates(like, wanted, self.setting.rng):
            if all(v.is_valid(id) for v in validators) and not self.rows.was_used(resource.name, str(id)):
                return id
        return word(self.setting.rng, 12)

    def _find_form(self, resource: Resource, action: Action) -> tuple[dict[str, Any], list[Any]]:
        """Return the keywords and the validators that a new id must fit."""
        known = self.forms.get((resource.name, str(action.name)))
        if known is not None:
            return known
        params = [
            p
            for a in (*self.model.actions, *self.model.operator)
            for p in a.params
            if p.refers_to == resource.name and p.refers_member in ("", resource.id)
        ]
        naming = [p.schema for _, p, of in self.naming.list_arguments(resource) if of == resource.id]
        member = self._member(action, resource.id.rpartition(".")[2]) or {}
        taking = [member, *(p.schema for p in params), *naming]
        wanted = {
            key: value
            for schema in taking
            for key, value in schemas.resolve(schema, self.model.schemas).items()
        }
        form = wanted, [schemas.validator(schema, self.model.schemas) for schema in taking]
        self.forms[resource.name, str(action.name)] = form
        return form


REPLACED, ACCEPTED, CONFLICT = 200, 202, 409


class Creation(Finding):
    """Makes instances."""

    resources: list[Resource]
    laws: Lawful
    lifecycle: Lifecycle

    def _make(self, resource: Resource, call: AcceptedCall) -> tuple[bool, Any]:
        """Return whether the action makes an instance of the resource, and the answer."""
        made_by = resource.made_by
        if (
            made_by is None
            or not makes(self.model, resource, call.action)
            or self._moves_another(call.action)
        ):
            return False, None
        answer, path = self._base(call), places.place(made_by.at)
        if path is None:
            return True, answer
        row = self._overlaid(self._object(answer, path), call, fresh=resource.id.partition(".")[0])
        row = with_required(row, self.model.schema_at(call.action, path), self.model.schemas, call.now)
        row = stamp(self.model, call, row)
        if made_by.id_at is not None:  # a name of this answer alone
            row.pop(made_by.id_at[1].partition(".")[0], None)
        chosen = self.naming.chosen(resource, call)
        if len(chosen) == len(resource.ids):
            key = self._home(resource, call, chosen)
            there = self.rows.get(key)
            if there is not None:
                return True, self._put_again(resource, call, answer, key, there)
        elif resource.id not in chosen:
            chosen[resource.id] = self._fresh_id(resource, call, member_at(row, resource.id))
        for member, value in chosen.items():
            row = places.put(row, places.steps_to(member), value)
        if resource.state and resource.initial:
            row[resource.state] = resource.initial
        row = self.lifecycle.postpone(resource, row, self.model.schema_at(call.action, path), call.now)
        answer = self.laws.repair(call, places.put(answer, path, row))
        return True, self._name_id(resource, call, self._add(resource, call, answer, path), path)

    def _name_id(self, resource: Resource, call: AcceptedCall, answer: Any, path: places.Place) -> Any:
        """Return the answer with the id under the name that the making call has for it."""
        named = resource.made_by.id_at if resource.made_by is not None else None
        row = places.get(answer, path)
        if named is None or not isinstance(row, Mapping):
            return answer
        shown = self.model.schema_at(call.action, path).get("properties", {})
        first = resource.id.partition(".")[0]
        row = places.put(dict(row), places.steps_to(named[1]), member_at(row, resource.id))
        return places.put(answer, path, {k: v for k, v in row.items() if k != first or first in shown})

    def _add(self, resource: Resource, call: AcceptedCall, answer: Any, path: places.Place) -> Any:
        """Store the new instance in an answer; return the answer, or the refusal if others are in its way."""
        row, tenant = self._object(answer, path), tenant_of(resource, call)
        place = self.naming.home(resource, call.action.params, call.input)
        taken = self.lifecycle.find_repeated(resource, tenant, place, row)
        if taken is not None:
            return Refusal(taken.otherwise.name, f"There is one with the same {taken.members[0]}")
        used = self.lifecycle.find_used(resource, self.naming, call, row)
        if isinstance(used, Refusal):
            return used
        if used is not None:
            self.rows.remove(used)
        elif not self.lifecycle.count(resource, tenant, None, row):
            code = next((c for c in call.action.errors if c.status == 409), None)
            return Refusal(code.name, "Nothing is left of it") if code else self._missing(resource, call)
        self.rows.add(self._home(resource, call, row), row)
        self.lifecycle.count_inside(resource, self._home(resource, call, row), 1)
        if call.action.job is not None:
            self.lifecycle.begin(resource, id_in(resource, row), call.now)
            call.headers.extend(_tell_job(resource, call.action, row))
        return answer

    def _put_again(
        self, resource: Resource, call: AcceptedCall, answer: Any, key: RowKey, there: dict[str, Any]
    ) -> Any:
        """Replace the members of an existing instance whose id the caller chose.

        A POST is refused if the action lists a conflict.
        """
        conflict = next((c for c in call.action.errors if c.status == CONFLICT), None)
        if conflict is not None and call.action.method == "POST":
            return Refusal(conflict.name, f"There is such a {resource.name.replace('_', ' ')} already")
        made_by = resource.made_by
        path = (places.place(made_by.at) if made_by is not None else None) or ()
        after = self._overlaid(dict(there), call, keep=(*resource.ids, *resource.fixed))
        answer = self.laws.repair(call, places.put(answer, path, after), there)
        self.rows.change(key, self._object(answer, path))
        other = next((o for o in call.action.outputs if o.status == REPLACED), None)
        return answer if other is None else Other(other, answer)

    def _home(self, resource: Resource, call: AcceptedCall, row: Mapping[str, Any]) -> RowKey:
        """Return the key of an instance that a call makes; `row` has its id."""
        place = self.naming.home(resource, call.action.params, call.input)
        members = (row.get(member, member_at(row, member)) for member in resource.ids)
        id = "/".join(map(str, members))
        return RowKey(resource.name, id, tenant_of(resource, call), place)

    def _moves_another(self, action: Action) -> bool:
        """Return whether an action is a transition of some resource, which counts before making an
        instance.
        """
        return any(m.action is action for r in self.resources for m in r.moves)


def _tell_job(resource: Resource, action: Action, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the headers of an answer that starts a job: where its state is, and when to ask.

    Headers that the catalogue lists for the answer are made elsewhere.
    """
    read = resource.read_by[0]
    path, argued = str(read.action.path), places.id_argument(read, resource)
    for param in read.action.params:
        value = row.get(argued.get(str(param.name), ""))
        path = path.replace(f"{{{param.wire}}}", quote(str(value), safe="")) if value is not None else path
    where = [] if "{" in path or not read.action.on_rest else [("Location", path)]
    told = [*where, ("Retry-After", "1")] if action.success.status == ACCEPTED else where
    listed = {header.name.lower() for header in action.success.headers}
    return [(name, value) for name, value in told if name.lower() not in listed]


# -- files


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
        """Return the file for a call; None if its answer is not a file of several types."""
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
    return StoredFile(kind, _TEXT if kind.startswith("text/") else answers.write_file(kind))


# -- instances of the examples


class Seeding:
    """Adds rows for the examples' instances."""

    model: Model
    rows: Rows
    resources: list[Resource]
    naming: Naming
    lifecycle: Lifecycle

    def _seed(self) -> None:
        """Add rows for the instances in examples.

        Instances of searches belong to everyone, those of creates to the first project.
        """
        for resource in self.resources:
            if self.rows.any(resource.name):
                continue
            add_given(self.model, self.rows, resource)
            for call in (resource.found_by, resource.made_by, *resource.read_by, *resource.listed_by):
                path = places.place(call.at) if call else None
                for example in call.action.examples if call and path is not None else ():
                    found = places.get(example.output, path or ())
                    place = self.naming.home(resource, call.action.params, example.input) if call else ""
                    for item in found if isinstance(found, list) else [found]:
                        self._seed_row(resource, item, place)

    def _seed_row(self, resource: Resource, item: Any, place: str) -> None:
        if not isinstance(item, Mapping) or any(member_at(item, member) is None for member in resource.ids):
            return
        main = self.model.auth.roles.get("main")
        tenant = f"{main.project}/{main.mode}" if main else "main/test"
        tenant = tenant if resource.tenant and self.model.credential is not None else ""
        key = RowKey(resource.name, id_in(resource, item), tenant, place)
        if self.rows.get(key) is not None:
            return
        row = dict(plain(item))
        if resource.state and resource.initial:
            row[resource.state] = resource.initial
        self.rows.add(key, row)
        self.lifecycle.note_example(resource, row)


# -- instances from the start


def add_given(model: Model, rows: Rows, resource: Resource) -> None:
    """Add a row for each instance that the environment names for a role's project, unless a call makes it."""
    if resource.given is None:
        return
    for name, role in model.auth.roles.items():
        tenant = f"{role.project}/{role.mode}" if resource.tenant else ""
        id = str(Scope({"env": model.env_of(name)}).evaluate(resource.given))
        key = RowKey(resource.name, id, tenant)
        if not role.operator and rows.get(key) is None:
            rows.add(key, {resource.id: id})


# -- attribution


def attribution_of(model: Model, call: AcceptedCall) -> Mapping[str, str]:
    """Return the attribution of a call: its dispatcher's, or else that of its key's surface."""
    if call.attribution:
        return call.attribution
    integration = call.key.integration if call.key is not None else None
    surfaces = (s.attribution for s in model.surfaces.values() if integration is not None)
    return next((stamps for stamps in surfaces if integration in stamps.values()), {})


def stamp(model: Model, call: AcceptedCall, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new instance with the members of its attribution, which are null if the call has none."""
    members = {member for surface in model.surfaces.values() for member in surface.attribution}
    told = attribution_of(model, call)
    return {**row, **{member: told.get(member) for member in members if member in row}}
