"""Read the operations of OpenAPI 3.0, 3.1 and Swagger 2.0 in one form, and keep them beside their actions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base.errors import Diagnostic, InputError
from pgagents.base.http import media_type_of
from pgagents.base.places import Span
from pgagents.base.text import brief
from pgagents.catalogue.encoding.medium import medium_of
from pgagents.importer.document import Found, References
from pgagents.importer.names import Notes, clean

METHODS = ("get", "query", "put", "post", "delete", "patch")
CATALOGUE = (
    "it is a catalogue: `pgagents verify FILE` takes it without --openapi, and there is nothing to import"
)
_OTHERS = ("head", "options", "trace")
_BESIDE = ("name", "in", "required", "description", "collectionFormat", "allowEmptyValue")
"""Keys of a Swagger 2.0 parameter that do not belong to its schema."""
_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
AUTHORIZATION = "authorization"
_UNSENT = ("accept", "content-type", AUTHORIZATION)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter outside the body. `schema` is its schema with its place, `whole` the parameter itself."""

    name: str
    place: str
    required: bool
    description: str
    schema: Found
    whole: Found
    style: str
    """The form of a list or object: csv, ssv, tsv, pipes, deepObject, …; empty if a list repeats the name."""


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body: its media type, its schema and its examples."""

    media: str
    required: bool
    schema: Found
    whole: Found
    fields: tuple[Parameter, ...] = ()
    """Swagger's form fields; otherwise empty."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response.

    `status` is as written (`200`, `4XX`, `default`). `schema` is None if no body is described.
    """

    status: str
    description: str
    media: str
    schema: Found | None
    whole: Found


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation with its references followed."""

    method: str
    path: str
    whole: Found
    parameters: tuple[Parameter, ...]
    body: Body | None
    answers: tuple[Answer, ...]
    security: list[dict[str, list[str]]] | None
    tags: tuple[str, ...]
    problems: tuple[str, ...] = field(default=())
    server: Found | None = None
    """The first server of the operation, or else of its path; None if both name none."""

    @property
    def id(self) -> str:
        return self.whole.text("operationId")

    @property
    def label(self) -> str:
        """The operation's method and path, for messages."""
        return f"{self.method} {self.path}"


def version(root: Found) -> str:
    """Return `2.0`, `3.0` or `3.1`. Raises InputError for anything else."""
    swagger, openapi = str(root.value.get("swagger", "")), str(root.value.get("openapi", ""))
    if swagger.startswith("2"):
        return "2.0"
    if openapi[:3] in ("3.0", "3.1", "3.2"):
        return "3.0" if openapi[:3] == "3.0" else "3.1"
    said = (
        f"`openapi: {brief(openapi)}`"
        if openapi
        else f"`swagger: {brief(swagger)}`"
        if swagger
        else "neither `openapi` nor `swagger`"
    )
    is_catalogue = "pgagents" in root.value
    help = CATALOGUE if is_catalogue else "give an OpenAPI 3.0, 3.1 or Swagger 2.0 document"
    raise InputError(
        [
            Diagnostic(
                Span(root.document.name, 1, 1), "import/version", "error", f"the document says {said}", help
            )
        ]
    )


def operations(references: References, notes: Notes) -> Iterator[Operation]:
    """Yield every operation in the document's order."""
    root = references.root()
    swagger = "swagger" in root.value
    for path, written in root.at("paths").members().items():
        item = references.follow(written)
        if not isinstance(item.value, dict):
            notes.add_left_out(f"path `{brief(path)}` holds no operations", written.place)
            continue
        further = item.at("additionalOperations")  # OpenAPI 3.2: methods by the name that is sent
        others = [(name.upper(), item.at(name)) for name in _OTHERS if name in item.value]
        known = {name.lower(): further.at(name) for name in further.mapping() if _is_known(name, item.value)}
        others += [(name, further.at(name)) for name in further.mapping() if name.lower() not in known]
        for name, found in others:
            message = f"{brief(name)} {brief(path)}: agents call GET, QUERY, POST, PUT, PATCH and DELETE"
            notes.add_left_out(message, found.place)
        shared = _parameters(references, item.at("parameters"))
        for method in METHODS:
            whole = known.get(method, item.at(method))
            if isinstance(whole.value, dict):
                made = _operation(references, method, path, whole, shared, swagger)
                homes = (found.at("servers", 0) for found in (whole, item))
                server = next((one for one in homes if not swagger and one.text("url")), None)
                yield replace(made, server=server) if server is not None else made


def _is_known(name: str, item: dict[str, Any]) -> bool:
    """True if a further method of a path is one that agents call, and the path has none of its name."""
    return name.lower() in METHODS and name == name.upper() and name.lower() not in item


def _operation(
    references: References, method: str, path: str, whole: Found, shared: list[Found], swagger: bool
) -> Operation:
    own = _parameters(references, whole.at("parameters"))
    merged = {(p.text("name"), p.text("in")): p for p in [*shared, *own]}
    every = [p for p in merged.values() if isinstance(p.value, dict)]
    outside = [
        _parameter(p, swagger=swagger) for p in every if p.text("in") in ("path", "query", "header", "cookie")
    ]
    outside += [field for p in every for field in _spread_query(references, p)]
    kept = tuple(p for p in outside if p.place != "header" or p.name.lower() not in _UNSENT)
    problems = [*_find_unnamed(references, every), *_find_unsent(every)]
    body = _form(references, whole, every) if swagger else _body(references, whole)
    security = whole.value.get("security", references.first.data.get("security"))
    security = [need for need in security if isinstance(need, dict)] if isinstance(security, list) else None
    named = whole.value.get("tags")
    tags = (
        tuple(t.strip() for t in named if isinstance(t, str) and t.strip()) if isinstance(named, list) else ()
    )
    answers = tuple(_answers(references, whole, swagger))
    return Operation(method.upper(), path, whole, kept, body, answers, security, tags, tuple(problems))


def _parameters(references: References, written: Found) -> list[Found]:
    return [references.follow(p) for p in written.items()]


def _spread_query(references: References, p: Found) -> list[Parameter]:
    """Return the members of a query that OpenAPI 3.2 describes as one form; empty for any other parameter."""
    content = p.at("content").members() if p.text("in") == "querystring" else {}
    media = next(iter(content), "")
    if media_type_of(media) != _FORM:
        return []
    schema = references.follow(content[media].at("schema"))
    required = schema.mapping().get("required")
    needed = required if isinstance(required, list) else []
    fields = []
    for name, member in schema.at("properties").members().items():
        encoding = content[media].at("encoding", name)
        style = encoding_style(encoding) if encoding.mapping() else ""
        fields.append(
            Parameter(name, "query", name in needed, member.text("description"), member, member, style)
        )
    return fields


def _find_unnamed(references: References, every: list[Found]) -> Iterator[str]:
    for p in every:
        if fields := _spread_query(references, p):
            needed = [brief(field.name) for field in fields if field.required]
            if needed and p.value.get("required") is not True:
                yield f"{', '.join(needed)}: required where a query is sent at all; here always: {p.place}"
            continue
        if not p.text("name") or p.text("in") not in (
            "path",
            "query",
            "header",
            "cookie",
            "body",
            "formData",
        ):
            whole = p.text("in") == "querystring"
            yield (
                f"the whole query as one value (`in: querystring`) is not carried: {p.place}"
                if whole
                else f"a parameter has no name or no known place: {p.place}"
            )


def _find_unsent(every: list[Found]) -> Iterator[str]:
    """Describe headers for a key, which OpenAPI lets nobody read as parameters."""
    for p in every:
        if p.text("in") == "header" and p.text("name").lower() == AUTHORIZATION:
            yield (
                f"header `{brief(p.text('name'))}` is no argument: a key is said under `auth`, or by `--auth "
                f"bearer`: {p.place}"
            )


def _parameter(p: Found, *, swagger: bool) -> Parameter:
    schema, style = p, ""
    if not swagger:
        media = next(iter(p.at("content").members().values()), None)
        schema = media.at("schema") if media and "schema" not in p.value else p.at("schema")
        style = "content" if media and "schema" not in p.value else _style(p)
    else:
        schema = Found({k: v for k, v in p.value.items() if k not in _BESIDE}, p.document, p.pointer)
        if p.text("collectionFormat") != "multi":
            style = p.text("collectionFormat") or "csv"
    place = p.text("in")
    return Parameter(
        p.text("name"),
        place,
        p.value.get("required") is True or place == "path",
        p.text("description"),
        schema,
        p,
        style,
    )


def _style(p: Found) -> str:
    """Return the form in which a parameter sends a list: `csv`, `ssv`, `pipes`, or another name from OpenAPI.

    Empty for a list that repeats the parameter's name, which is the form of the catalogue's own calls.
    """
    usual = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
    style = p.text("style") or usual[p.text("in")]
    if style == "simple":
        return "csv"
    joined = {"form": "csv", "spaceDelimited": "ssv", "pipeDelimited": "pipes"}
    if style in joined:
        return joined[style] if p.value.get("explode", style == "form") is False else ""
    return style


def _body(references: References, whole: Found) -> Body | None:
    body = references.follow(whole.at("requestBody"))
    content = body.at("content").members()
    if not isinstance(body.value, dict) or not content:
        return None
    media = choose_media(list(content))
    return Body(media, body.value.get("required") is True, content[media].at("schema"), content[media])


def _form(references: References, whole: Found, every: list[Found]) -> Body | None:
    """Return Swagger's body parameter, or a body made of its form fields, or None."""
    takes = whole.value.get("consumes", references.first.data.get("consumes"))
    media = [kind for kind in takes if isinstance(kind, str)] if isinstance(takes, list) else []
    for p in every:
        if p.text("in") == "body":
            return Body(choose_media(media or [JSON]), p.value.get("required") is True, p.at("schema"), p)
    fields = tuple(
        Parameter(
            p.text("name"),
            "body",
            p.value.get("required") is True,
            p.text("description"),
            _parameter(p, swagger=True).schema,
            p,
            _parameter(p, swagger=True).style if p.text("type") == "array" else "",
        )
        for p in every
        if p.text("in") == "formData"
    )
    if not fields:
        return None
    forms = [kind for kind in media if media_type_of(kind) in (_FORM, _MULTIPART)]
    holds_file = any(f.whole.text("type") == "file" for f in fields)
    form = _MULTIPART if holds_file else forms[0] if forms else _FORM
    return Body(form, any(f.required for f in fields), whole, whole, fields)


def encoding_style(encoding: Found) -> str:
    """Return the form in which a form's member sends a list or object, named as in `_style`."""
    style = encoding.text("style") or "form"
    joined = {"form": "csv", "spaceDelimited": "ssv", "pipeDelimited": "pipes"}
    if style in joined:
        return joined[style] if encoding.value.get("explode", style == "form") is False else ""
    return style


def _answers(references: References, whole: Found, swagger: bool) -> Iterator[Answer]:
    for status, written in whole.at("responses").members().items():
        answer = references.follow(written)
        if not isinstance(answer.value, dict):
            continue
        said = answer.text("description")
        if swagger:
            produces: Any = whole.value.get("produces") or references.first.data.get("produces") or [JSON]
            named = [p for p in produces if isinstance(p, str)] if isinstance(produces, list) else []
            yield Answer(
                status,
                said,
                choose_media(named or [JSON]),
                answer.at("schema") if "schema" in answer.value else None,
                answer,
            )
            continue
        content = answer.at("content").members()
        media = choose_media(list(content)) if content else ""
        schema = content[media].at("schema") if content and "schema" in content[media].mapping() else None
        yield Answer(status, said, media, schema, answer)


# -- media types


JSON = "application/json"


def choose_media(media: list[str]) -> str:
    """Return the preferred media type: JSON if there is any, then a form, then the first."""

    def rank(name: str) -> int:
        plain = media_type_of(name)
        return (
            0
            if plain == JSON
            else 1
            if is_json(name)
            else 2
            if plain == "*/*"
            else 3
            if "form" in plain
            else 4
        )

    return min(media, key=rank)


def is_json(media: str) -> bool:
    """True if a body of this type is JSON."""
    plain = media_type_of(media)
    return plain == JSON or plain.endswith("+json") or plain in ("*/*", "text/json")


def is_sendable(media: str) -> bool:
    """True if a catalogue's calls can send a body of this type."""
    return is_json(media) or medium_of(media.partition(";")[0]) is not None


# -- an action with its operation


PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(slots=True)
class ImportedAction:
    """An action and the operation that it was made from.

    `wires` maps the name and place of each parameter in the document to its argument.
    """

    name: str
    operation: Operation
    action: dict[str, Any]
    wires: dict[tuple[str, str], str] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    """Arguments that are a list in the document and one text in the catalogue, each with its separator."""
    shown: dict[str, Any] = field(default_factory=dict)
    """Values from the document's `example` of arguments, if they belong to no example of an answer."""


def bare_media(media: str) -> str:
    """Return a media type without its parameters: `application/json` for `application/json;
    charset=utf-8`.
    """
    return clean(media.partition(";")[0]).lower()
