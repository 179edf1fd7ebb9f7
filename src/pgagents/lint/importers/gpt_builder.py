"""The builder's messages as findings, with our help, and the functions for the model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgagents.base.errors import Diagnostic, Severity
from pgagents.base.places import Pointer, Source
from pgagents.lint.document import Judged
from pgagents.lint.facts import ImporterMessage, read_date
from pgagents.lint.importers.gpt_builder_import import (
    IMPORTER,
    MEBIBYTE,
    MEGABYTE,
    METHODS,
    MOST_OPERATIONS,
    Form,
    Imported,
    Template,
    each,
    simulate,
    templates,
)

_EFFECTS = {
    "blocks": "nothing is imported",
    "drops operation": "the operation is not imported",
    "drops parameter": "the argument is left out; the operation loads without it",
    "warning": "shown in red; the operations load all the same",
    "form": "said by the web form, when the GPT is saved",
}
_SEEN = {
    "whole": "",
    "part": "text: the end is as users pasted it, the beginning is made after its neighbours",
    "none": "text: nobody has published this message; it is made after its neighbours",
}
_LIKE_HEAD = ("head", "options", "trace")


def judge(source: Source, form: Form | None = None, *, plugin: bool = False) -> tuple[Judged, Imported]:
    """Simulate the import of a document; return its findings and the import itself."""
    as_yaml = source.text.lstrip()[:1] not in ("{", "[")
    made = simulate(source.data, form, as_yaml=as_yaml, plugin=plugin)
    document = source.data if isinstance(source.data, dict) else {}
    said = [_diagnostic(one, made, source) for one in made.said]
    advised = [_convert_advice(one, source) for one in advice(document)]
    # this finding explains all others
    first = [one for one in advised if one.id == "gpt-builder/advice-swagger"]
    found = tuple(dict.fromkeys([*first, *said, *advised]))
    judge = "chatgpt-plugin" if plugin else "gpt-builder"
    return Judged(source, judge, "the GPT builder", found, tuple(_lines(made)), _details(made)), made


def _diagnostic(said: ImporterMessage, made: Imported, source: Source) -> Diagnostic:
    template = templates()[said.id]
    notes = (
        _effect(template),
        *_doubt(said, template),
        *_size(said, made, source),
        f"source: {template.source}, read {read_date(IMPORTER)}",
    )
    return Diagnostic(
        source.locate(said.pointer),
        f"gpt-builder/{said.id}",
        _severity(said, template, made),
        said.text,
        _help(said, template),
        notes,
    )


def _help(said: ImporterMessage, template: Template) -> str:
    if said.id == "unrecognized-method" and said.pointer[-1] == "parameters":
        return (
            "write these parameters into each operation of the path: the builder leaves out those that "
            "stand beside the operations"
        )
    if said.id == "unrecognized-method" and said.pointer[-1] in ("summary", "description", "servers"):
        return (
            f"leave it out: the builder does not read `{said.pointer[-1]}` beside the operations of a "
            "path, and imports these all the same"
        )
    return template.help


def _severity(said: ImporterMessage, template: Template, made: Imported) -> Severity:
    if said.id == "too-big":
        return "error" if made.size_bytes > MEBIBYTE else "warning"
    if said.id == "openapi-version":
        return "error"
    return "warning" if template.effect in ("warning", "drops parameter") else "error"


def _convert_advice(one: Advice, source: Source) -> Diagnostic:
    notes = ("said by: pgagents; the builder has no message for it that is known",)
    return Diagnostic(
        source.locate(one.pointer), f"gpt-builder/{one.id}", one.severity, one.text, one.help, notes
    )


def _effect(template: Template) -> str:
    return f"effect: {_EFFECTS[template.effect]}" + ("" if template.certain else " (reports differ)")


def _doubt(said: ImporterMessage, template: Template) -> Iterator[str]:
    if told := _SEEN[template.seen]:
        yield told
    if said.id == "unrecognized-method" and said.pointer[-1] not in _LIKE_HEAD:
        yield f"text: users report it of `head`; that `{said.pointer[-1]}` gives it too is inferred"
    if said.id == "param-header" and said.text.endswith("location cookie; ignoring"):
        yield "text: users report it of headers; that a cookie gives it too is inferred"


def _size(said: ImporterMessage, made: Imported, source: Source) -> Iterator[str]:
    """Yield a note that the builder's size differs from the file's."""
    if said.id == "too-big":
        there = len(source.text.encode("utf-8", "replace"))
        yield (
            f"size: {made.size_bytes:,} bytes as the builder lays the document out, with an indent of "
            f"two; the file has {there:,}"
        )


def _lines(made: Imported) -> Iterator[str]:
    loaded = len(made.functions)
    if made.blocked:
        yield (
            f"Nothing is imported until the blocking messages are gone; then {loaded} of {made.count} "
            "operations would be"
        )
    else:
        yield f"{loaded} of {made.count} operations would be imported (at most {MOST_OPERATIONS})"
    yield from _list_rows("left out", made.dropped)
    yield from _list_rows("arguments left out", made.lost)
    if made.functions:
        yield "what the model would see:"
    for function, line in zip(made.functions, each(list(made.functions)), strict=True):
        yield f"  {line}"
        if function.description:
            yield f"      {' '.join(function.description.split())}"
    yield f"{made.size_bytes:,} bytes as the builder lays it out, with an indent of two; at most {MEGABYTE:,}"


def _list_rows(title: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    if rows:
        yield f"{title}:"
        yield from (f"  {what}: {why}" for what, why in rows)


def _details(made: Imported) -> dict[str, Any]:
    return {
        "blocked": made.blocked,
        "operations": made.count,
        "size_bytes": made.size_bytes,
        "functions": [
            {
                "name": f.name,
                "description": f.description,
                "method": f.method,
                "path": f.path,
                "parameters": [
                    {"name": a.name, "type": a.type, "required": a.required, "description": a.description}
                    for a in f.arguments
                ],
            }
            for f in made.functions
        ],
        "left_out": [{"operation": what, "reason": why} for what, why in made.dropped],
        "arguments_left_out": [{"argument": what, "reason": why} for what, why in made.lost],
    }


# -- problems that only show when the model calls.
#
# The builder does not report them. Examples are duplicate ids, files, and writes marked as harmless.


_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.A)
TOLD = {
    "advice-swagger": (
        "The builder reads OpenAPI 3.1 only; what it says of a Swagger document does not name that."
    ),
    "advice-same-id": (
        "Two operations have one operationId. The builder's message for that is not known; "
        "the model cannot call both."
    ),
    "advice-odd-id": (
        "An operationId is not of letters, digits, `_` and `-`, at most 64. "
        "The function has that name, and OpenAI's API takes no other."
    ),
    "advice-harmless-write": (
        "A write is marked `x-openai-isConsequential: false`, so a person may allow it for good."
    ),
    "advice-files": "`openaiFileIdRefs` is filled in a POST only, and only where it is an array of texts.",
    "advice-empty-scopes": (
        "OAuth has no scope. The form's field may not stay empty: users report that the sign-in then fails."
    ),
}
"""The explanation of each advice, by its id."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One finding that the builder's form does not show."""

    id: str
    text: str
    pointer: Pointer
    help: str
    severity: Severity = "warning"


def advice(data: dict[str, Any]) -> Iterator[Advice]:
    """Yield all advice, in the document's order."""
    if "swagger" in data:
        text = f"the document is Swagger {str(data['swagger'])[:20]}, which the builder does not read"
        yield Advice("advice-swagger", text, ("swagger",), "convert it to OpenAPI 3.1")
    ids: dict[str, str] = {}
    for at, operation in _operations(data):
        yield from _id(at, operation, ids)
        if at[2] != "get" and operation.get("x-openai-isConsequential") is False:
            said = f"{at[2].upper()} {at[1]} is marked as harmless"
            yield Advice(
                "advice-harmless-write",
                said,
                (*at, "x-openai-isConsequential"),
                "leave it out where the call changes anything",
            )
        yield from _files(at, operation)
    yield from _scopes(data)


def _operations(data: dict[str, Any]) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
    paths = data.get("paths")
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                yield ("paths", path, method), operation


def _id(at: Pointer, operation: dict[str, Any], ids: dict[str, str]) -> Iterator[Advice]:
    id = operation.get("operationId")
    if not isinstance(id, str) or not id:
        return
    shown = f"{str(at[2]).upper()} {at[1]}"
    if id in ids:
        yield Advice(
            "advice-same-id",
            f"operationId `{id[:80]}` is also that of {ids[id]}",
            (*at, "operationId"),
            "rename one",
            "error",
        )
    ids.setdefault(id, shown)
    if not _ID.fullmatch(id):
        said = f"operationId `{id[:80]}` is not a name that OpenAI's API takes for a function"
        yield Advice("advice-odd-id", said, (*at, "operationId"), "letters, digits, `_` and `-`, at most 64")


def _files(at: Pointer, operation: dict[str, Any]) -> Iterator[Advice]:
    body = operation.get("requestBody")
    content = body.get("content") if isinstance(body, dict) else None
    media = content.get("application/json") if isinstance(content, dict) else None
    schema = media.get("schema") if isinstance(media, dict) else None
    members = schema.get("properties") if isinstance(schema, dict) else None
    files = members.get("openaiFileIdRefs") if isinstance(members, dict) else None
    if not isinstance(files, dict):
        return
    items = files.get("items")
    texts = files.get("type") == "array" and isinstance(items, dict) and items.get("type") == "string"
    if at[2] != "post" or not texts:
        place = (
            *at,
            "requestBody",
            "content",
            "application/json",
            "schema",
            "properties",
            "openaiFileIdRefs",
        )
        yield Advice(
            "advice-files", "`openaiFileIdRefs` is not filled here", place, "an array of texts, in a POST"
        )


def _scopes(data: dict[str, Any]) -> Iterator[Advice]:
    components = data.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    for name, scheme in schemes.items() if isinstance(schemes, dict) else ():
        flows = scheme.get("flows") if isinstance(scheme, dict) else None
        for flow, one in flows.items() if isinstance(flows, dict) else ():
            if isinstance(one, dict) and one.get("scopes") == {}:
                place = ("components", "securitySchemes", name, "flows", flow, "scopes")
                yield Advice("advice-empty-scopes", f"`{str(name)[:80]}` has no scope", place, "name one")
