"""Convert the body of a request into arguments: one for each member, or one for the whole body."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.encoding.file import ANY
from pgagents.encoding.medium import medium_of
from pgagents.importer.bodies import (
    Member,
    find_choice,
    find_file,
    find_most_bytes,
    holds_files,
    list_file_types,
    members,
)
from pgagents.importer.operations.arguments import Arguments, style_members
from pgagents.importer.operations.imported import PLACEHOLDER, ImportedAction, bare_media
from pgagents.importer.parameter_styles import Styled, Unsayable, find_form
from pgagents.importer.reading.media import JSON, is_sendable
from pgagents.importer.reading.names import clean, clean_value, cut
from pgagents.importer.reading.operations import Body, Operation, Parameter, encoding_style
from pgagents.importer.schemas.object_members import find_groups
from pgagents.source.source import Pointer
from pgagents.text.brief import brief


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
            self.notes.add_lost(at, f"an optional body of {brief(body.media)} is not sent", body.whole.place)
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
        if media not in ("", JSON, "*/*", "text/json") and any(p for p in parts) and is_sendable(media):
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
                f"{op.label}: its body ({brief(body.media)}) is no object of named members",
                body.whole.place,
            )
            return False
        self.notes.add_lost(
            at,
            f"a body of {brief(body.media)} that is no object of named members is not sent",
            body.whole.place,
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
            self.notes.add_lost(at, f"`{brief(part.name)}` is not sent: {form.why}", part.schema.place)
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
        """Add one argument that is the whole body."""
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
        if media not in ("", JSON, "*/*", "text/json"):
            made.action["content_type"] = media
        found[name] = schema
        return True

    def _list_types(self, op: Operation) -> list[str]:
        """Return the media types of a body that is one file, if it may have several."""
        body = self.schemas.references.follow(op.whole.at("requestBody"))
        return list_file_types(body.at("content").members())

    def _form_of(self, part: Member, body: Body) -> Styled | Unsayable | None:
        """Return the style of a form's member from the document's `encoding`; None if it needs none."""
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
            return Unsayable("it is an object that the document does not give a `style`")
        return form if isinstance(form, Styled | Unsayable) else None
