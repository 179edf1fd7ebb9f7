"""Find the instances that a call names, refuse missing ones, and choose ids for new ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.jsonschema import schema as schemas
from pgagents.model.resource import Resource
from pgagents.sandbox.call import AcceptedCall, Refusal
from pgagents.sandbox.keys import word
from pgagents.sandbox.mock.answers.bodies import Bodies
from pgagents.sandbox.mock.ids import candidates
from pgagents.sandbox.mock.naming import Naming, tenant_of
from pgagents.sandbox.mock.rows import RowKey, Rows
from pgagents.sandbox.setting import Setting

GONE = 410


class Finding(Bodies):
    """Finds instances among the rows."""

    setting: Setting
    rows: Rows
    naming: Naming

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
        member = self._member(call.action, resource.id.rpartition(".")[2]) or {}
        params = [
            p
            for a in (*self.model.actions, *self.model.operator)
            for p in a.params
            if p.refers_to == resource.name and p.refers_member in ("", resource.id)
        ]
        naming = [p.schema for _, p, of in self.naming.list_arguments(resource) if of == resource.id]
        taking = [member, *(p.schema for p in params), *naming]
        wanted = {
            key: value
            for schema in taking
            for key, value in schemas.resolve(schema, self.model.schemas).items()
        }
        validators = [self._validator(schema) for schema in taking]
        for id in candidates(like, wanted, self.setting.rng):
            if all(v.is_valid(id) for v in validators) and not self.rows.was_used(resource.name, str(id)):
                return id
        return word(self.setting.rng, 12)

    def _validator(self, schema: Mapping[str, Any]) -> Any:
        return schemas.validator(schema, self.model.schemas)
