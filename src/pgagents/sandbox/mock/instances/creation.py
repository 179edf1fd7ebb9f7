"""Make an instance, or replace one whose id the caller chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pgagents.model.action import Action
from pgagents.model.resource import Resource, member_at
from pgagents.sandbox.call import AcceptedCall, Other, Refusal
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.instances.finding import Finding
from pgagents.sandbox.mock.laws.repair import Lawful
from pgagents.sandbox.mock.lifecycle import Lifecycle
from pgagents.sandbox.mock.makers import makes
from pgagents.sandbox.mock.naming import id_in, tenant_of
from pgagents.sandbox.mock.platform.attribution import stamp
from pgagents.sandbox.mock.rows import RowKey
from pgagents.sandbox.mock.sample import with_required

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
