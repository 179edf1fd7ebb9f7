"""Add rows for the instances that the examples show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.model.model import Model
from pgagents.model.resource import Resource, member_at
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.instances.given import add_given
from pgagents.sandbox.mock.naming import Naming, id_in
from pgagents.sandbox.mock.rows import RowKey, Rows
from pgagents.source.origin import plain


class Seeding:
    """Adds rows for the examples' instances."""

    model: Model
    rows: Rows
    resources: list[Resource]
    naming: Naming

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
