"""Convert the parameters and the body of an operation into arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pgagents.base.http import media_type_of
from pgagents.base.places import Pointer
from pgagents.base.text import brief
from pgagents.catalogue.encoding.medium import ANY, medium_of
from pgagents.catalogue.encoding.request import COOKIE_NAME
from pgagents.importer.document import Found
from pgagents.importer.members import (
    Member,
    find_choice,
    find_file,
    find_groups,
    find_most_bytes,
    holds_files,
    list_file_types,
    members,
)
from pgagents.importer.names import (
    Notes,
    clean,
    clean_value,
    cut,
    identifier,
    is_member,
    is_name,
    snake,
    unique,
)
from pgagents.importer.nature import suggests_change
from pgagents.importer.operations import (
    JSON,
    PLACEHOLDER,
    Body,
    ImportedAction,
    Operation,
    Parameter,
    bare_media,
    encoding_style,
    is_sendable,
)
from pgagents.importer.schemas import Schemas
from pgagents.importer.servers import Servers


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
                said = f"parameter `{brief(p.name)}` is not sent: {form.why}"
                self.notes.add_lost(at, said, p.whole.place, "gone")
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
        if p.whole.mapping().get("allowEmptyValue") is True and "string" not in _kinds(p.schema):
            self.notes.add_lost(
                here, "an empty value in its place (`allowEmptyValue`) is not sent", p.whole.place, "gone"
            )
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


# -- bodies


class Bodies:
    """Convert request bodies into arguments.

    With `comparing`, bodies that no call sends are converted too.
    """

    def __init__(self, arguments: Arguments, *, comparing: bool) -> None:
        self.arguments, self.comparing = arguments, comparing
        self.schemas, self.notes, self.servers = arguments.schemas, arguments.notes, arguments.servers

    def add(
        self, op: Operation, body: Body, found: dict[str, Any], made: ImportedAction, at: Pointer
    ) -> bool:
        """Add the body's arguments to `found`.

        Return False, after a note, if the body cannot be expressed.
        """
        if not is_sendable(body.media) and not self.comparing:
            said = f"an optional body of {brief(body.media)} is not sent"
            self.notes.add_lost(at, said, body.whole.place, "gone")
            return True
        medium = medium_of(body.media)
        keeps = body.required or op.method not in ("GET", "DELETE")
        whole = not self.comparing and keeps and (medium is None or medium.typed or not medium.members)
        if whole and (choice := find_choice(self.schemas, body)) is not None:
            name = self.arguments.name("body", found)
            self.notes.infer((*at, "input", name), "the whole body, as it is one of several objects")
            return self._whole_body(replace(body, schema=choice), found, made, (*at, "input"))
        parts, closed = members(self.schemas, body, self.notes, (*at, "input"))
        if parts is None and whole:
            return self._whole_body(body, found, made, (*at, "input"))
        if parts is None:
            return self._leave_out(op, body, at)
        media = bare_media(body.media)
        for part in parts:
            if not self._member(part, body, found, made, (*at, "input")):
                return False
        if media not in ("", JSON, "*/*") and any(p for p in parts) and is_sendable(media):
            made.action["content_type"] = media
        self._groups(body, found, made)
        if closed:
            made.action["unknown"] = "refused"
        if body.required and not any(p.required for p in parts):
            self.notes.add_lost(
                (*at, "input"),
                "the body itself is required; here it is sent where an argument is given",
                body.whole.place,
            )
        return True

    def _leave_out(self, op: Operation, body: Body, at: Pointer) -> bool:
        """Note a body without named members. Return False if the operation makes no sense without it."""
        if body.required or op.method in ("PUT", "PATCH"):
            self.notes.add_left_out(
                f"{op.label}: its body ({brief(body.media)}) is not an object of named members",
                body.whole.place,
            )
            return False
        self.notes.add_lost(
            at,
            f"a body of {brief(body.media)} that is not an object of named members is not sent",
            body.whole.place,
            "gone",
        )
        return True

    def _groups(self, body: Body, found: dict[str, Any], made: ImportedAction) -> None:
        """Add the groups of arguments of which a call sends exactly one."""
        wires = [
            [made.wires.get((wire, "body")) for wire in group]
            for group in find_groups(self.schemas, body.schema)
        ]
        groups = [[name for name in group if name is not None] for group in wires]
        if groups and groups == wires and not any("default" in found[n] for group in groups for n in group):
            made.action["either"] = groups
            for name in (name for group in groups for name in group):
                found[name].pop("required", None)

    def _member(
        self, part: Member, body: Body, found: dict[str, Any], made: ImportedAction, at: Pointer
    ) -> bool:
        """Add the argument of a body's member.

        Return False, after a note, if a required member cannot be expressed.
        """
        form = self._form_of(part, body)
        if isinstance(form, Unsayable):
            if part.required and body.required:
                self.notes.add_left_out(
                    f"{made.operation.label}: the form's `{brief(part.name)}` cannot be said: {form.why}",
                    part.schema.place,
                )
                return False
            said = f"`{brief(part.name)}` is not sent: {form.why}"
            self.notes.add_lost(at, said, part.schema.place, "gone")
            return True
        self._add_member(part, body, form, found, made, at)
        return True

    def _add_member(
        self,
        part: Member,
        body: Body,
        form: Styled | None,
        found: dict[str, Any],
        made: ImportedAction,
        at: Pointer,
    ) -> None:
        name = self.arguments.name(part.name, found, prefix="body")
        schema = find_file(part, body, self.schemas) or self.arguments.convert(
            part.schema, (*at, name), name, made.name
        )
        if part.description:
            schema["description"] = cut(part.description)
        if made.operation.method in ("GET", "DELETE") or name in PLACEHOLDER.findall(
            self.servers.find_base(made.operation) + made.operation.path
        ):
            schema["in"] = "body"
        if name != part.name:
            schema["wire"] = clean(part.name)
        if part.required and (body.required or not self.comparing):
            schema["required"] = True
        if part.required and not body.required:
            self.notes.add_lost(
                (*at, name),
                "required where a body is sent at all; a call without a body cannot be said, so it is "
                "required always",
                part.schema.place,
            )
        if form is not None:
            schema |= style_members(form)
        made.wires[part.name, "body"] = name
        found[name] = schema
        written = self.schemas.references.follow(part.schema).mapping()
        if "example" in written:
            made.shown[name] = clean_value(written["example"])

    def _whole_body(self, body: Body, found: dict[str, Any], made: ImportedAction, at: Pointer) -> bool:
        media, medium = bare_media(body.media), medium_of(body.media)
        name = self.arguments.name("body", found)
        if medium is not None and medium.files and not medium.members:
            schema: dict[str, Any] = {"type": "string", "format": "binary"}
            if (most := find_most_bytes(self.schemas.references.follow(body.schema).mapping())) is not None:
                schema["max_bytes"] = most
            if types := self._list_types(made.operation):
                schema["media"], media = types, ANY
        elif medium is not None and not medium.typed:
            schema = {**self.arguments.convert(body.schema, (*at, name), name, made.name), "type": "string"}
        else:
            schema = self.arguments.convert(body.schema, (*at, name), name, made.name)
        schema["in"] = "whole_body"
        if body.required:
            schema["required"] = True
        if media not in ("", JSON, "*/*"):
            made.action["content_type"] = media
        found[name] = schema
        return True

    def _list_types(self, op: Operation) -> list[str]:
        """Return the media types of a body that is one file, if it may have several."""
        body = self.schemas.references.follow(op.whole.at("requestBody"))
        return list_file_types(body.at("content").members())

    def _form_of(self, part: Member, body: Body) -> Styled | Unsayable | None:
        """Return the style of a form's member from the document's `encoding`; None if it needs none."""
        if not is_member(part.name):
            return Unsayable("its name is empty, too long or unprintable")
        medium = medium_of(bare_media(body.media))
        if medium is None or medium.typed or find_file(part, body, self.schemas) is not None:
            return None
        if medium.files and not self.comparing and holds_files(part.schema, self.schemas):
            return Unsayable("it is a list of files")
        encoding = body.whole.at("encoding", part.name)
        style = part.style or (encoding_style(encoding) if encoding.mapping() else "")
        p = Parameter(part.name, "body", part.required, part.description, part.schema, part.schema, style)
        form = find_form(p, self.schemas)
        if isinstance(form, Styled) and form.style == "form" and not style:
            # OpenAPI's default for an object in a form is JSON as text
            return Unsayable("it is an object, and travels as one JSON text, which a catalogue cannot say")
        return form if isinstance(form, Styled | Unsayable) else None


# -- lists and objects as text


SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|"}
_WORDS = {",": "commas", " ": "spaces", "\t": "tabs", "|": "vertical bars"}
_SPECIAL = frozenset(r"\^$.*+?()[]{}|/")
MAX_PATTERN = 1_000


@dataclass(frozen=True, slots=True)
class Joined:
    """A list that is sent as one text: the argument's schema, and the separator between values."""

    schema: dict[str, Any]
    separator: str


@dataclass(frozen=True, slots=True)
class Styled:
    """A list or object with a style. If `explode` is None, the style's default applies."""

    style: str
    explode: bool | None = None


@dataclass(frozen=True, slots=True)
class AsJson:
    """A value that is sent as one JSON text in the query."""


@dataclass(frozen=True, slots=True)
class Unsayable:
    """A parameter that the catalogue cannot express, with the reason."""

    why: str


_STYLES = {
    "csv": Styled("form", False),
    "ssv": Styled("spaceDelimited"),
    "pipes": Styled("pipeDelimited"),
}


def find_form(p: Parameter, schemas: Schemas) -> Joined | Styled | AsJson | Unsayable | None:
    """Return how the parameter is converted, or None if it is sent unchanged."""
    if not is_member(p.name):
        return Unsayable("its name is empty, too long or unprintable")
    if p.place == "header" and not COOKIE_NAME.fullmatch(p.name):
        return Unsayable("it is not a name of a header")
    if p.style in ("matrix", "label"):
        return Unsayable(f"it travels as `{p.style}`")
    if p.style == "content":
        return AsJson() if p.place == "query" and _is_plain_json(p) else _as_text(p)
    found = _one(schemas, p.schema)
    kinds = _kinds(found)
    if p.place == "cookie":
        if {"array", "object"} & set(map(str, kinds)) or {"items", "properties"} & found.mapping().keys():
            return Unsayable("it is a list or an object in a cookie")
        return None if COOKIE_NAME.fullmatch(p.name) else Unsayable("it is not a name of a cookie")
    if "array" in kinds or (not kinds and "items" in found.mapping()):
        if p.place in ("query", "body") and p.style in _STYLES:
            if inner := _find_inside(schemas, found):
                return Unsayable(f"it is a list of {inner}, which has no form as `{p.style}`")
            return _STYLES[p.style]
        if p.style == "deepObject":
            return Styled(p.style)
        if p.style in SEPARATORS:
            return _join_values(p, found, schemas, SEPARATORS[p.style])
        if inner := _find_inside(schemas, found):
            return Unsayable(f"it is a list of {inner}, which has no form in the {p.place}")
        return Unsayable("it is a list, and the document does not say how it travels") if p.style else None
    if p.style == "deepObject" or "object" in kinds or (not kinds and "properties" in found.mapping()):
        return _style_object(p, found, schemas)
    return None


def _one(schemas: Schemas, schema: Found) -> Found:
    """Follow references. If there are alternatives, return the first object or list."""
    found = schemas.references.follow(schema)
    for key in ("oneOf", "anyOf", "allOf"):
        for branch in found.at(key).items()[:20]:
            behind = schemas.references.follow(branch)
            if behind.mapping().get("type") in ("object", "array") or "properties" in behind.mapping():
                return behind
    return found


def _kinds(found: Found) -> list[Any]:
    kinds = found.mapping().get("type")
    return [kinds] if isinstance(kinds, str) else kinds if isinstance(kinds, list) else []


def _find_inside(schemas: Schemas, found: Found) -> str:
    """Return `objects` or `lists` if the items of a list are such; empty for plain values."""
    item = _one(schemas, found.at("items"))
    if "object" in _kinds(item) or "properties" in item.mapping():
        return "objects"
    return "lists" if "array" in _kinds(item) or "items" in item.mapping() else ""


def _is_plain_json(p: Parameter) -> bool:
    """True if the type of a parameter is JSON, and the document describes its value."""
    media = next(iter(p.whole.at("content").members()), "")
    return media_type_of(media) == JSON and bool(p.schema.mapping())


def _as_text(p: Parameter) -> Joined:
    said = (
        f"{p.description} A JSON value, written as text."
        if p.description
        else "A JSON value, written as text."
    )
    return Joined({"type": "string", "description": cut(said)}, "")


def _join_values(p: Parameter, found: Found, schemas: Schemas, separator: str) -> Joined:
    """Return a text argument for a list, with a pattern for its values if that is short."""
    items = schemas.references.follow(found.at("items")).mapping()
    made: dict[str, Any] = {"type": "string"}
    values = (
        [clean(str(v)) for v in items["enum"] if v is not None] if isinstance(items.get("enum"), list) else []
    )
    one = "|".join(map(_escape, values)) if values else "-?[0-9]+" if items.get("type") == "integer" else ""
    pattern = f"^(?:{one})(?:{_escape(separator)}(?:{one}))*$"
    if one and len(pattern) <= MAX_PATTERN and not any(separator in v or not v for v in values):
        made["pattern"] = pattern
    lead = f"{p.description.rstrip()} " if p.description else ""
    made["description"] = cut(
        f"{lead}Several values stand in one text, with {_WORDS[separator]} between them."
    )
    default = found.mapping().get("default")
    if isinstance(default, list) and default and all(isinstance(v, str | int) for v in default):
        made["default"] = text_of(default, separator)
    return Joined(made, separator)


def text_of(values: list[Any], separator: str) -> Any:
    """Return a list as the text that is sent. A list with objects or lists in it is returned unchanged."""
    if not all(isinstance(v, str | int | float) for v in values):
        return values
    return separator.join(str(v).lower() if isinstance(v, bool) else str(clean_value(v)) for v in values)


def _escape(text: str) -> str:
    return "".join(f"\\{c}" if c in _SPECIAL else c for c in text)


def _style_object(p: Parameter, found: Found, schemas: Schemas) -> Styled | Unsayable:
    """Return the style of an object: brackets, or its members as pairs or as one text."""
    if p.place not in ("query", "body") or p.style not in ("", "csv", "deepObject"):
        return Unsayable("it is an object")
    if p.style == "deepObject":
        return Styled(p.style)
    properties = found.at("properties")
    names = list(properties.mapping())
    if not names and not p.style:
        return Unsayable("it is an object whose members the document does not name")
    for name in names:
        inner = _one(schemas, properties.at(name))
        if set(_kinds(inner)) & {"object", "array"} or {"properties", "items"} & inner.mapping().keys():
            return Unsayable(f"its member `{brief(name)}` is not a plain value")
    return Styled("form", False if p.style else None)
