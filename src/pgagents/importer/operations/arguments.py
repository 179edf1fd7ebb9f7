"""Convert the parameters of an operation into arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.importer.operations.imported import PLACEHOLDER, ImportedAction
from pgagents.importer.operations.nature import suggests_change
from pgagents.importer.parameter_styles import AsJson, Joined, Styled, Unsayable, find_form
from pgagents.importer.reading.media import JSON
from pgagents.importer.reading.names import clean, cut, identifier, is_name, snake, unique
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Operation, Parameter
from pgagents.importer.reading.servers import Servers
from pgagents.importer.schemas.schemas import Schemas
from pgagents.source.source import Pointer
from pgagents.text.brief import brief


class Arguments:
    """Convert parameters into arguments. `base` is the path of the API's server."""

    def __init__(self, schemas: Schemas, notes: Notes, servers: Servers) -> None:
        self.schemas, self.notes, self.servers = schemas, notes, servers
        self.why = ""

    def take(
        self, op: Operation, made: ImportedAction, at: Pointer, given: Mapping[str, str]
    ) -> dict[str, Any] | None:
        """Return the arguments of the parameters by name, or None after a note if a required one cannot be
        expressed.

        `given` are the names of arguments by placeholder, if another action has them already.
        """
        found: dict[str, Any] = {}
        notes_at = (*at, "input")
        parameters = list(op.parameters)
        if any(p.place != "path" and self.name(p.name, {}) in given.values() for p in parameters):
            parameters.sort(key=lambda p: p.place != "path")  # the others get other names
        for p in parameters:
            if p.place == "path" and f"{{{p.name}}}" not in self.servers.find_base(op) + op.path:
                self.notes.add_lost(at, f"path parameter `{brief(p.name)}` is not in the path", p.whole.place)
            elif suggests_change(op, p, self.schemas.references.follow(p.schema).mapping()):
                self.notes.infer(
                    at, f"reads alone: `{brief(p.name)}` is left out, as it may change something"
                )
            elif p.name and not self._parameter(p, found, made, notes_at, given):
                self.notes.add_left_out(
                    f"{op.label}: required parameter `{brief(p.name)}` cannot be said: {self.why}",
                    p.whole.place,
                )
                return None
        for missing in PLACEHOLDER.findall(self.servers.find_base(op) + op.path):
            if (missing, "path") not in made.wires:
                name = given.get(missing) or self.name(missing, found)
                made.wires[missing, "path"] = name
                found[name] = {"type": "string", "required": True}
                self.notes.infer(
                    (*notes_at, name), f"text, as the document does not describe `{{{missing}}}`"
                )
        return found

    def _parameter(
        self,
        p: Parameter,
        found: dict[str, Any],
        made: ImportedAction,
        at: Pointer,
        given: Mapping[str, str],
    ) -> bool:
        """Add the parameter's argument.

        Return False if a required parameter cannot be expressed; `why` then has the reason.
        """
        form = find_form(p, self.schemas)
        if isinstance(form, Unsayable):
            self.why = form.why
            if not p.required:
                self.notes.add_lost(at, f"parameter `{brief(p.name)}` is not sent: {form.why}", p.whole.place)
            return not p.required
        name = given.get(p.name) if p.place == "path" else None
        self._add(p, found, made, (*at, name or self.name(p.name, found, prefix=p.place)), form)
        return True

    def _add(
        self,
        p: Parameter,
        found: dict[str, Any],
        made: ImportedAction,
        here: Pointer,
        form: Joined | Styled | AsJson | None,
    ) -> None:
        """Add the argument of a parameter that is sent unchanged, or joined into one text."""
        name = str(here[-1])
        joined = form if isinstance(form, Joined) else None
        schema = dict(joined.schema) if joined else self.convert(p.schema, here, name, made.name)
        if isinstance(form, Styled):
            schema |= style_members(form)
        if isinstance(form, AsJson):
            schema["content_type"] = JSON
        if joined:
            made.joined[name] = joined.separator
            how = f"a list that travels as `{p.style}`" if joined.separator else "a JSON value"
            self.notes.add_lost(here, f"{how} is one text here; its schema is not carried", p.whole.place)
        elif p.description:
            schema["description"] = cut(p.description)
        wanted = {"query": ("GET", "DELETE")}.get(p.place, ())
        if p.place in ("header", "cookie") or (p.place == "query" and made.operation.method not in wanted):
            schema["in"] = p.place
        if name != p.name and p.place != "path":
            schema["wire"] = clean(p.name)
        if p.place == "query" and p.whole.mapping().get("allowReserved") is True:
            schema["allow_reserved"] = True
        if p.required:
            schema["required"] = True
        if p.place == "header" and p.name.lower() == "idempotency-key":
            made.action["idempotency"] = name
        made.wires[p.name, p.place] = name
        found[name] = schema

    def convert(self, found: Any, at: Pointer, name: str, action: str) -> dict[str, Any]:
        """Return an argument's schema.

        An argument's `required` is a flag, so an object with a list of required members becomes a named
        schema.
        """
        schema = self.schemas.convert(found, at)
        if "required" in schema:
            description = schema.pop("description", None)
            schema = {
                "$ref": self.schemas.give(
                    "".join(w.capitalize() for w in f"{action}_{name}".split("_")), schema
                )
            }
            if description:
                schema["description"] = description
        return {k: v for k, v in schema.items() if k not in ("readOnly", "writeOnly")}

    def name(self, wire: str, found: dict[str, Any], prefix: str = "") -> str:
        """Return a name for an argument that no other argument in `found` has."""
        name = (
            wire if is_name(wire) else snake(wire) if wire[:1].isalpha() and "-" in wire else identifier(wire)
        )
        if name in found and prefix:
            name = f"{prefix}_{name}"[:60]
        return unique(name, list(found))


def style_members(form: Styled) -> dict[str, Any]:
    """Return the catalogue's keys for an argument with a style."""
    return {"style": form.style} | ({} if form.explode is None else {"explode": form.explode})
