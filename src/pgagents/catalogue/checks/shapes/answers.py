"""Check the described answers: their schema fits the media type, and a size limit has an effect."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.basics import Output, Schema
from pgagents.decoding.medium import find
from pgagents.encoding.file import ANY
from pgagents.http import media_type_of
from pgagents.source.source import Pointer

SHAPED = ("application/xml", "application/yaml", "application/x-yaml", "application/x-ndjson")
"""Media types of texts that may have a schema, although no check compares it with answers."""
_MOST_REFS = 20


def run(checker: Checker) -> None:
    """Record schemas that no body of the media type satisfies, and keys without an effect on it."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            for status, output in action.output.items():
                if output is not None:
                    _output(checker, (*base, name, "output", status), output)
            _examples(checker, (*base, name), action)
    for name, surface in checker.written.surfaces.items():
        if surface.http:
            members = surface.actions if isinstance(surface.actions, list) else None
            _dispatched(checker, name, members)


def _output(checker: Checker, pointer: Pointer, output: Output) -> None:
    if not checker.sound(pointer):
        return
    media = output.content_type or "application/json"
    kind = find(media).name
    _report_idle(checker, pointer, output, media, kind)
    if kind == "event_stream" and output.events and output.ends_within_s is None:
        checker.report(
            (*pointer, "events"),
            "answer",
            "nothing says when the stream ends, so nobody can read it to its end",
            "add `ends_within_s`, or leave `events` out: then the stream is one text",
            at_value=False,
        )
    _check_shape(checker, pointer, output, media, kind)


def _report_idle(checker: Checker, pointer: Pointer, output: Output, media: str, kind: str) -> None:
    """Record the keys that have no effect on an answer of this media type."""
    if output.max_bytes is not None and kind == "json":
        checker.report(
            (*pointer, "max_bytes"),
            "idle",
            "`max_bytes` does nothing here: it limits texts, CSV and files",
            "give `maxItems` and `maxLength` to what grows",
            at_value=False,
        )
    if output.media is not None and media != ANY:
        checker.report(
            (*pointer, "media"),
            "idle",
            f"`media` does nothing here: the answer is {media}",
            f"leave it out, or write `content_type: {ANY}` for a file of one of several types",
            at_value=False,
        )
    if kind != "event_stream":
        for key in [key for key in ("events", "ends_within_s") if getattr(output, key) is not None]:
            checker.report(
                (*pointer, key),
                "idle",
                f"`{key}` does nothing here: the answer is no event stream",
                "write `content_type: text/event-stream`, or leave it out",
                at_value=False,
            )


def _check_shape(checker: Checker, pointer: Pointer, output: Output, media: str, kind: str) -> None:
    """Record a schema that no body of the media type can satisfy."""
    shape = _shape(checker, output)
    if kind == "event_stream" and output.events and shape:
        _wrong(checker, pointer, media, "its `events`", "the data of each event under `events` alone")
        return
    if kind == "json" or shape in ("", "string"):
        return
    if kind == "csv" and shape == "array":
        _rows(checker, pointer, output)
    elif kind == "csv":
        _wrong(checker, pointer, media, "rows", "`type: array` with the columns under `items`")
    elif not (media_type_of(media) in SHAPED or media_type_of(media).endswith("+xml")):
        noun = "one text" if kind == "text" else "bytes"
        _wrong(checker, pointer, media, noun, "`type: string`, or leave the schema out")


def _wrong(checker: Checker, pointer: Pointer, media: str, noun: str, help: str) -> None:
    message = f"an answer of {media} is {noun}, which this schema refuses"
    checker.report(pointer, "answer", message, f"write {help}", at_value=False)


def _rows(checker: Checker, pointer: Pointer, output: Output) -> None:
    """Check that no column of CSV is a list or an object, which a cell cannot hold."""
    rows = _followed(checker, output)
    item = _followed(checker, rows.items) if rows is not None and rows.items is not None else None
    for name, member in (item.properties or {}).items() if item is not None else ():
        shape = _shape(checker, member)
        if shape in ("array", "object"):
            message = (
                f"column `{name}` is {'a list' if shape == 'array' else 'an object'}; a cell is one value"
            )
            checker.report(pointer, "answer", message, "make it a text", at_value=False)


def _followed(checker: Checker, schema: Schema) -> Schema | None:
    here: Schema | None = schema
    for _ in range(_MOST_REFS):
        if here is None or here.ref is None:
            return here
        here = checker.written.schemas.get(here.ref)
    return None


def _shape(checker: Checker, schema: Schema) -> str:
    """Return the one type of a schema without null; empty if it has several, or states none."""
    found = _followed(checker, schema)
    if found is None:
        return ""
    kinds = [found.type] if isinstance(found.type, str) else found.type or []
    kinds = [kind for kind in kinds if kind != "null"]
    if not kinds and found.properties is not None:
        return "object"
    return kinds[0] if len(kinds) == 1 else ""


def _examples(checker: Checker, pointer: Pointer, action: Action) -> None:
    first = next((s for s in action.output if 200 <= s < 300), None)
    for name, example in action.examples.items():
        output = action.output.get(example.status or first or 0)
        if output is None or example.output is None or find(output.content_type or "").name != "file":
            continue
        checker.report(
            (*pointer, "examples", name, "output"),
            "example",
            "an example cannot hold the bytes of a file",
            "leave `output` out; `status` says that it succeeds",
            at_value=False,
        )


def _dispatched(checker: Checker, name: str, members: list[str] | None) -> None:
    """Check that a dispatcher offers no action that answers a file, because its own answers are JSON."""
    for action_name, action in checker.written.actions.items():
        if members is not None and action_name not in members:
            continue
        for status, output in action.output.items():
            if output is not None and 200 <= status < 300 and find(output.content_type or "").name == "file":
                checker.report(
                    ("actions", action_name, "output", status, "content_type"),
                    "answer",
                    f"`{action_name}` answers a file, and the dispatcher `{name}` answers JSON",
                    "leave the action out of the dispatcher's `actions`",
                )
