"""Resolve an action's answers, and add the headers of its ETag and its deprecation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.catalogue.language import (
    actions,
    basics,
)
from pgagents.catalogue.language.errors import JSON
from pgagents.catalogue.language.schemas import event_node, schema_node
from pgagents.catalogue.resolving.shared import Shared
from pgagents.decoding.medium import find
from pgagents.jsonschema.columns import columns_of
from pgagents.model.action import Deprecation
from pgagents.model.answers.output import AnswerHeader, Output
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer
from pgagents.text.wording import append_remark

_HTTP_DATE = "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$"

ENTITY_TAG = '^(W/)?"[!#-~]*"$'
"""The pattern of an ETag in ASCII (RFC 9110, 8.8.3)."""


class Answers(Shared):
    """Resolve answers."""

    def _outputs(self, a: actions.Action, raw: Any, at: Pointer) -> tuple[Output, ...]:
        """Resolve the answers. A read with an ETag also answers 304, and its success has the tag."""
        found = tuple(
            self._output(status, o, raw["output"][status], (*at, "output", status))
            for status, o in a.output.items()
        )
        ends = _end_headers(resolve_deprecation(a, (*at, "deprecated")))
        found = tuple(replace(o, headers=(*o.headers, *ends)) if 200 <= o.status < 300 else o for o in found)
        if not a.etag:
            return found
        tag = Node({"type": "string", "pattern": ENTITY_TAG}, origin=(*at, "etag"))
        text = Text("The tag of this version", (*at, "etag"))
        header = AnswerHeader("ETag", tag, True, text, (*at, "etag"))
        tagged = tuple(
            replace(o, headers=(*o.headers, header)) if 200 <= o.status < 300 else o for o in found
        )
        unchanged = Output(304, None, Text("It has not changed", (*at, "etag")), (*at, "etag"))
        return (*tagged, unchanged)

    def _output(self, status: int, o: basics.Output | None, raw: Any, at: Pointer) -> Output:
        empty = o is None or not raw or set(raw) <= {"description", "headers"}
        text = o.description if o and o.description else "No content" if empty else "Success"
        schema = None if empty else schema_node(raw, at, self.marks)
        media = (o.content_type if o else None) or JSON
        kind = find(media).name
        limit = o.max_bytes if o else None
        events = _list_events(o, raw)
        if schema is not None and events is not None:
            schema = event_node(raw["events"], at, self.marks)
        if schema is not None:
            schema = self.answered.adapt(schema)
            schema.pop("description", None)
            if not set(schema) & {"type", "$ref", "oneOf", "anyOf", "allOf"} and kind != "json":
                schema["type"] = "string"
                schema.update({"format": "binary"} if kind == "file" else {})
            if limit is not None and kind == "file":
                schema["maxLength"] = min(limit, schema.get("maxLength", limit))
        columns = columns_of(schema, self.schemas) if schema is not None and kind == "csv" else None
        said = append_remark(text, f"at most {limit:,} bytes") if limit is not None else text
        if o and o.ends_within_s is not None:
            said = append_remark(said, f"ends within {o.ends_within_s} s")
        headers = tuple(
            self._answer_header(name, h, raw["headers"][name], (*at, "headers", name))
            for name, h in (o.headers if o else {}).items()
        )
        text = Text(said, (*at, "description"))
        within = o.ends_within_s if o else None
        several = tuple(o.media or ()) if o else ()
        return Output(
            *(status, schema, text, at, media, limit, within, events), columns, headers=headers, media=several
        )

    def _answer_header(self, name: str, h: basics.AnswerHeader, raw: Any, at: Pointer) -> AnswerHeader:
        schema = schema_node(raw or {}, at, self.marks)
        text = schema.pop("description", None) or Text(name, (*at, "description"))
        schema.setdefault("type", "string")
        return AnswerHeader(name, schema, h.required is not False, text, at)


def resolve_deprecation(a: actions.Action, at: Pointer) -> Deprecation | None:
    """Resolve the days and the successor of a deprecated action."""
    d = a.deprecated
    return None if isinstance(d, bool) else Deprecation(d.since or "", d.sunset or "", d.instead or "", at)


def _end_headers(deprecation: Deprecation | None) -> tuple[AnswerHeader, ...]:
    """Return the headers that announce the dates of a deprecated action."""
    if deprecation is None:
        return ()
    days = (
        ("Deprecation", "since", deprecation.since, "^@-?[0-9]{1,12}$", "It is deprecated since this time"),
        ("Sunset", "sunset", deprecation.sunset, _HTTP_DATE, "It stops working at this time"),
    )
    return tuple(
        AnswerHeader(
            name,
            Node({"type": "string", "pattern": pattern}, origin=(*deprecation.origin, key)),
            True,
            Text(text, (*deprecation.origin, key)),
            (*deprecation.origin, key),
        )
        for name, key, day, pattern, text in days
        if day
    )


def _list_events(o: basics.Output | None, raw: Any) -> dict[str, bool] | None:
    """Return the names of a stream's events, each True if its data is JSON; None for any other body."""
    if o is None or o.events is None:
        return None
    return {name: raw["events"][name].get("type") != "string" for name in o.events}
