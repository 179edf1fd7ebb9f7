"""Advice about problems that the builder does not report and that only show when the model calls.

Examples are duplicate ids, files, and writes marked as harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgagents.lint.importers.gpt_builder.operations import METHODS
from pgagents.source.diagnostics import Severity
from pgagents.source.source import Pointer

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
        said = f"operationId `{id[:80]}` is no name that OpenAI's API takes for a function"
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
