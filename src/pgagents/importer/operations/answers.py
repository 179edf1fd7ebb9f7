"""Convert the successful answers of an operation."""

from __future__ import annotations

from typing import Any

from pgagents.decoding.medium import find
from pgagents.encoding.file import ANY
from pgagents.importer.bodies import find_most_bytes, list_file_types
from pgagents.importer.operations.imported import bare_media
from pgagents.importer.reading.media import JSON, is_json
from pgagents.importer.reading.names import cut
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.operations import Answer, Operation
from pgagents.importer.reading.references import Found
from pgagents.importer.schemas.schemas import Schemas
from pgagents.model.action import EVERY_CLASS
from pgagents.model.answers.output import ANY_TYPE
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

ANY_BODY = ("AnyBody", {"description": "A body that the document does not describe"})


class Answers:
    """Convert the answers of operations."""

    def __init__(self, schemas: Schemas, notes: Notes) -> None:
        self.schemas, self.notes = schemas, notes

    def convert(self, op: Operation, at: Pointer) -> dict[int, Any]:
        """Return the answers by status."""
        found: dict[int, Any] = {}
        for answer in op.answers:
            status = {"2XX": 200, "1XX": 100, "3XX": 302}.get(
                answer.status.upper(), int(answer.status) if answer.status.isdecimal() else 0
            )
            if not 200 <= status < 400 or (answer.status.isdecimal() and len(answer.status) != 3):
                continue
            if not answer.status.isdecimal():
                self.notes.add_lost(
                    (*at, "output", status), f"the body of any {answer.status} is meant", answer.whole.place
                )
            found.setdefault(status, self._output(answer, (*at, "output", status)))
        if not any(200 <= s < 300 for s in found):
            default = next((a for a in op.answers if a.status == "default"), None)
            lone = default is not None and not any(a.status[:1] in "12" for a in op.answers)
            found = {200: self._output(default, (*at, "output", 200)) if default and lone else None, **found}
            self.notes.infer((*at, "output"), "200, as the document names no successful status")
        return dict(sorted(found.items()))

    def _output(self, answer: Answer, at: Pointer) -> dict[str, Any] | None:
        described = {"description": cut(answer.description)} if answer.description else {}
        if answer.schema is None:
            if answer.whole.at("content").members() and is_json(answer.media):
                return {"$ref": self.schemas.give(*ANY_BODY), **described, **_say_any(answer)}
            if answer.media:
                self.notes.add_lost(
                    at, f"{brief(answer.media)} without a schema is not described", answer.whole.place
                )
            return described or None
        if types := list_file_types(answer.whole.at("content").members()):
            return {**described, **self._file(answer), "content_type": ANY, "media": types}
        if answer.media and not is_json(answer.media):
            return {**described, **self._no_json(answer, at), "content_type": bare_media(answer.media)}
        schema = self.schemas.convert(answer.schema, at)
        if _holds_bytes_of_any_type(self.schemas.references.follow(answer.schema), answer):
            schema = {"type": "string", "format": "binary"}
        if not schema.keys() - {"title", "description"}:
            schema = {"$ref": self.schemas.give(*ANY_BODY)}
        media = bare_media(answer.media)
        own = {"content_type": media} if media and media != JSON else {}
        return {**schema, **described, **own}

    def _file(self, answer: Answer) -> dict[str, Any]:
        """Return the schema of a file, with its largest size in bytes."""
        assert answer.schema is not None
        most = find_most_bytes(self.schemas.references.follow(answer.schema).mapping())
        return {"type": "string", "format": "binary", **({"max_bytes": most} if most is not None else {})}

    def _no_json(self, answer: Answer, at: Pointer) -> dict[str, Any]:
        """Return the schema of an answer that is not JSON.

        CSV rows keep their schema; anything else is one text.
        """
        assert answer.schema is not None
        kind, media = find(answer.media).name, bare_media(answer.media)
        data = media.endswith(("xml", "yaml", "x-ndjson"))
        raw = self.schemas.references.follow(answer.schema).mapping()
        if kind == "file" and raw.get("format") == "binary":
            return self._file(answer)
        shape = raw.get("type", "string")
        if shape == "string" or data or (kind == "csv" and shape == "array"):
            return {
                **({"type": "string"} if shape == "string" else {}),
                **self.schemas.convert(answer.schema, at),
            }
        noun = "bytes" if kind == "file" else "rows" if kind == "csv" else "one text"
        why = f"an answer of {brief(media)} is {noun}; its schema is not carried"
        self.notes.add_lost(at, why, answer.whole.place)
        return {"type": "string"}


def list_other_statuses(op: Operation) -> list[str]:
    """Return the classes of statuses that an operation documents without naming each: all for `default`."""
    named = {answer.status.upper() for answer in op.answers}
    return sorted(EVERY_CLASS if "DEFAULT" in named else EVERY_CLASS & named)


def _say_any(answer: Answer) -> dict[str, str]:
    """Return the media type of an undescribed body if it may be any; nothing for a JSON type."""
    return {"content_type": ANY_TYPE} if bare_media(answer.media) == ANY_TYPE else {}


def _holds_bytes_of_any_type(schema: Found, answer: Answer) -> bool:
    """True for a file whose type the document leaves open."""
    raw = schema.mapping()
    return bare_media(answer.media) == ANY_TYPE and (
        raw.get("format") == "binary" or raw.get("type") == "file"
    )
