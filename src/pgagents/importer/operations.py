"""Read the operations of OpenAPI 3.0, 3.1 and Swagger 2.0 in one form, and keep them beside their actions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pgagents.base.errors import Diagnostic, InputError
from pgagents.base.http import is_json_type, media_type_of
from pgagents.base.places import Span
from pgagents.base.text import brief, singular
from pgagents.catalogue.encoding.medium import medium_of
from pgagents.importer.document import Found, References, say_dangling
from pgagents.importer.names import Extent, Notes, clean, snake, unique

METHODS = ("get", "query", "put", "post", "delete", "patch")
CATALOGUE = (
    "it is a catalogue: `pgagents verify FILE` takes it without --openapi, and there is nothing to import"
)
_OTHERS = ("head", "options", "trace")
_BESIDE = (
    *("name", "in", "required", "description", "collectionFormat", "allowEmptyValue"),
    *("style", "explode", "allowReserved"),
)
"""Keys of a Swagger 2.0 parameter that do not belong to its schema."""
_SWAGGER_KEYS = frozenset(("type", "items", "enum", "format", "collectionFormat", "minimum", "maximum"))
"""Keys by which a parameter without `schema` and `content` is one of Swagger 2.0."""
_PLACES = ("path", "query", "header", "cookie")
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


class Remark(NamedTuple):
    """What is not carried of an operation, or is read otherwise, and its place in the document."""

    message: str
    source: str
    extent: Extent = "wider"


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
    losses: tuple[Remark, ...] = field(default=())
    """What is not carried."""
    repairs: tuple[Remark, ...] = field(default=())
    """What the document says as OpenAPI does not allow it, and how it is read."""
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
        # a path may have operations beside its `$ref`, which go before those behind it
        holders = [item] if item.value is written.value else [written, item]
        methods, others = _split_methods(holders)
        if not isinstance(item.value, dict):
            why, extent = explain_missing(written, "no operations stand there")
            notes.add_left_out(f"path `{brief(path)}`: {why}", written.place, extent=extent)
        for name, found in others:
            message = f"{brief(name)} {brief(path)}: agents call GET, QUERY, POST, PUT, PATCH and DELETE"
            notes.add_left_out(message, found.place)
        shared = [p for holder in reversed(holders) for p in holder.at("parameters").items()]
        servers = [holder.at("servers", 0) for holder in holders]
        for method, whole in methods:
            found = references.follow(whole)
            if not isinstance(found.value, dict):
                why, extent = explain_missing(whole, "no operation stands there")
                notes.add_left_out(f"{method.upper()} {brief(path)}: {why}", whole.place, extent=extent)
                continue
            homes = (found.at("servers", 0), *servers)
            server = next((one for one in homes if not swagger and one.text("url")), None)
            yield _Reading(references, method.upper(), path, found, swagger).read(shared, server)


def _split_methods(holders: Sequence[Found]) -> tuple[list[tuple[str, Found]], list[tuple[str, Found]]]:
    """Return a path's operations by the methods that agents call, and its others, each method once."""
    called: dict[str, Found] = {}
    others: dict[str, Found] = {}
    for holder in holders:
        further = holder.at("additionalOperations")  # OpenAPI 3.2: methods by the name that is sent
        own = {method: holder.at(method) for method in METHODS if method in holder.mapping()}
        known = [name for name in further.mapping() if name.lower() in METHODS and name == name.upper()]
        own |= {name.lower(): further.at(name) for name in known if name.lower() not in own}
        called = {**own, **called}
        more = {name.upper(): holder.at(name) for name in _OTHERS if name in holder.mapping()}
        kept = [found.pointer for found in own.values()]
        more |= {name: further.at(name) for name in further.mapping() if further.at(name).pointer not in kept}
        others = {**more, **others}
    return [(method, called[method]) for method in METHODS if method in called], list(others.items())


def explain_missing(written: Found, otherwise: str) -> tuple[str, Extent]:
    """Return why nothing is found at a place: its reference leads nowhere, or `otherwise`."""
    dangling = say_dangling(written)
    return (dangling, "nowhere") if dangling else (otherwise, "gone")


class _Reading:
    """The reading of one operation, in which `lost` and `repaired` are collected."""

    def __init__(self, references: References, method: str, path: str, whole: Found, swagger: bool) -> None:
        self.references, self.method, self.path = references, method, path
        self.whole, self.swagger = whole, swagger
        self.lost: list[Remark] = []
        self.repaired: list[Remark] = []

    def read(self, shared: Sequence[Found], server: Found | None) -> Operation:
        whole = self.whole
        every = self._list_parameters([*shared, *whole.at("parameters").items()])
        outside = [self._parameter(p) for p in every if p.text("in") in _PLACES]
        outside = self._name_apart([p for one in outside for p in self._spread(one, every)])
        outside = self._repair_path(outside)
        outside += [field for p in every for field in _spread_query(self.references, p)]
        kept = tuple(p for p in outside if p.place != "header" or p.name.lower() not in _UNSENT)
        self.lost += [*_find_unnamed(self.references, every), *_find_unsent(every)]
        body = self._read_body(every)
        security = whole.value.get("security", self.references.first.data.get("security"))
        needs = [need for need in security if isinstance(need, dict)] if isinstance(security, list) else None
        named = whole.value.get("tags")
        tags = [t.strip() for t in named if isinstance(t, str)] if isinstance(named, list) else []
        return Operation(
            self.method,
            self.path,
            whole,
            kept,
            body,
            tuple(self._answers()),
            needs,
            tuple(filter(None, tags)),
            tuple(self.lost),
            tuple(self.repaired),
            server,
        )

    def _list_parameters(self, written: Sequence[Found]) -> list[Found]:
        """Return the parameters; one of the operation replaces that of its path."""
        found: dict[tuple[str, str], Found] = {}
        for one in written:
            p = self.references.follow(one)
            if isinstance(p.value, dict):
                found[p.text("name"), p.text("in")] = p
            else:
                why, extent = explain_missing(one, "no parameter stands there")
                self.lost.append(Remark(f"a parameter is not sent: {why}", one.place, extent))
        return list(found.values())

    def _parameter(self, p: Found) -> Parameter:
        old = self._is_of_swagger(p)
        place, style = p.text("in"), ""
        if old:
            schema = Found({k: v for k, v in p.value.items() if k not in _BESIDE}, p.document, p.pointer)
            if p.text("collectionFormat") != "multi":
                style = p.text("collectionFormat") or ("csv" if self.swagger else "")
        else:
            media = next(iter(p.at("content").members().values()), None)
            by_media = media is not None and "schema" not in p.value
            schema = media.at("schema") if media is not None and by_media else p.at("schema")
            style = "content" if by_media else _style(p)
        needed = p.value.get("required") is True or place == "path"
        return Parameter(p.text("name"), place, needed, p.text("description"), schema, p, style)

    def _is_of_swagger(self, p: Found) -> bool:
        """True if a parameter is described as Swagger 2.0 does it, whatever the document says it is."""
        new = bool(p.value.keys() & {"schema", "content"})
        old = not new and (self.swagger or bool(p.value.keys() & _SWAGGER_KEYS))
        if old != self.swagger and (old or new):
            edition = "Swagger 2.0" if old else "OpenAPI 3"
            said = f"`{brief(p.text('name'))}` is described as in {edition}, and read so"
            self.repaired.append(Remark(said, p.place))
        return old

    def _spread(self, p: Parameter, every: Sequence[Found]) -> list[Parameter]:
        """Return the members of an object that travels as arguments of its own; otherwise the parameter."""
        schema = _find_object(self.references, p.schema)
        members = schema.at("properties").mapping()
        if p.place != "query" or p.style or not members or not _is_object(schema):
            return [p]
        required = schema.mapping().get("required")
        needed = [name for name in required if name in members] if isinstance(required, list) else []
        taken = {one.text("name") for one in every if one.text("in") == "query"} - {p.name}
        found = []
        for name in members:
            member = schema.at("properties", name)
            kind = _find_object(self.references, member)
            if name in taken:
                why = "has the name of another parameter"
                self.lost.append(Remark(f"member `{brief(name)}` of `{brief(p.name)}` {why}", p.whole.place))
            elif _is_object(kind) and (kind.mapping().get("type") or kind.mapping().get("properties")):
                why = "is an object itself, whose form no edition of OpenAPI says"
                self.lost.append(Remark(f"member `{brief(name)}` of `{brief(p.name)}` {why}", member.place))
            else:
                text = self.references.follow(member).text("description")
                found.append(
                    Parameter(name, "query", p.required and name in needed, text, member, member, "")
                )
        if needed and not p.required:
            together = ", ".join(map(brief, needed))
            said = f"{together}: required where `{brief(p.name)}` is sent at all"
            self.lost.append(Remark(said, p.whole.place))
        return found

    def _name_apart(self, parameters: Sequence[Parameter]) -> list[Parameter]:
        """Return the parameters, with one more for each placeholder whose name the path has before.

        A server sees only the place in the path, so that another name is sent alike.
        """
        made = list(parameters)
        seen: list[str] = []

        def rename(found: re.Match[str]) -> str:
            name = found[1]
            if name in seen:
                steps = PLACEHOLDER.sub("", self.path[: found.start()]).strip("/").split("/")
                taken = (*seen, *PLACEHOLDER.findall(self.path), *(p.name for p in made))
                name = unique(f"{singular(snake(steps[-1]))}_{found[1]}", taken)
                named = [p for p in parameters if p.place == "path" and p.name == found[1]]
                made.extend(replace(p, name=name) for p in named)
                said = f"the second `{{{brief(found[1])}}}` of the path is called `{name}`"
                self.repaired.append(Remark(said, self.whole.place))
            seen.append(name)
            return f"{{{name}}}"

        self.path = PLACEHOLDER.sub(rename, self.path)
        return made

    def _repair_path(self, parameters: Sequence[Parameter]) -> list[Parameter]:
        """Return the parameters, those of the path under the names that the path has."""
        told = {p.name for p in parameters if p.place == "path"}
        lacking = [name for name in PLACEHOLDER.findall(self.path) if name not in told]
        found = list(parameters)
        for name in lacking:
            fitting = [p for p in found if p.place != "path" and p.name == name]
            strays = [p for p in found if p.place == "path" and f"{{{p.name}}}" not in self.path]
            alike = [p for p in strays if _fold_name(p.name) == _fold_name(name)]
            for p in (fitting or alike)[:1]:
                moved = replace(p, name=name, place="path", required=True, style="")
                found[found.index(p)] = moved
                where = f"in the {p.place}" if fitting else f"as `{brief(p.name)}`"
                said = f"`{{{brief(name)}}}` of the path is declared {where}, and sent in the path"
                self.repaired.append(Remark(said, p.whole.place))
        return found

    def _read_body(self, every: Sequence[Found]) -> Body | None:
        """Return the body, also one that is described as in the other edition."""
        own, other = (self._form, self._body) if self.swagger else (self._body, self._form)
        if (body := own(every)) is not None:
            return body
        if (body := other(every)) is not None:
            edition = "OpenAPI 3" if self.swagger else "Swagger 2.0"
            said = f"the body is described as in {edition}, and read so"
            self.repaired.append(Remark(said, self.whole.place))
        return body

    def _body(self, _every: Sequence[Found]) -> Body | None:
        written = self.whole.at("requestBody")
        body = self.references.follow(written)
        if written.value is not None and not isinstance(body.value, dict):
            why, extent = explain_missing(written, "no body stands there")
            self.lost.append(Remark(f"no body is sent: {why}", written.place, extent))
        content = body.at("content").members()
        if not content:
            return None
        media = choose_media(list(content))
        whole = self.references.follow(content[media])  # OpenAPI 3.2 has references to media types
        if not isinstance(whole.value, dict):
            why, extent = explain_missing(content[media], "nothing describes it")
            self.lost.append(Remark(f"the body of {brief(media)}: {why}", content[media].place, extent))
        return Body(media, body.value.get("required") is True, whole.at("schema"), whole)

    def _form(self, every: Sequence[Found]) -> Body | None:
        """Return Swagger's body parameter, or a body made of its form fields, or None."""
        takes = self.whole.value.get("consumes", self.references.first.data.get("consumes"))
        media = [kind for kind in takes if isinstance(kind, str)] if isinstance(takes, list) else []
        for p in every:
            if p.text("in") == "body":
                required = p.value.get("required") is True
                return Body(choose_media(media or [JSON]), required, p.at("schema"), p)
        fields = tuple(self._field(p) for p in every if p.text("in") == "formData")
        if not fields:
            return None
        forms = [kind for kind in media if media_type_of(kind) in (_FORM, _MULTIPART)]
        holds_file = any(f.whole.text("type") == "file" for f in fields)
        form = _MULTIPART if holds_file else forms[0] if forms else _FORM
        return Body(form, any(f.required for f in fields), self.whole, self.whole, fields)

    def _field(self, p: Found) -> Parameter:
        made = self._parameter(p)
        style = made.style if p.text("type") == "array" else ""
        return replace(made, place="body", required=p.value.get("required") is True, style=style)

    def _answers(self) -> Iterator[Answer]:
        for status, written in self.whole.at("responses").members().items():
            answer = self.references.follow(written)
            if not isinstance(answer.value, dict):
                why, extent = explain_missing(written, "no answer stands there")
                lost = f"the answer {brief(status)} is not described: {why}"
                self.lost.append(Remark(lost, written.place, extent))
                continue
            said = answer.text("description")
            old = "content" not in answer.value and (self.swagger or "schema" in answer.value)
            if old != self.swagger:
                edition = "Swagger 2.0" if old else "OpenAPI 3"
                repaired = f"the answer {brief(status)} is described as in {edition}, and read so"
                self.repaired.append(Remark(repaired, answer.place))
            if old:
                first = self.references.first.data
                produces: Any = self.whole.value.get("produces") or first.get("produces") or [JSON]
                named = [p for p in produces if isinstance(p, str)] if isinstance(produces, list) else []
                schema = answer.at("schema") if "schema" in answer.value else None
                yield Answer(status, said, choose_media(named or [JSON]), schema, answer)
                continue
            content = answer.at("content").members()
            media = choose_media(list(content)) if content else ""
            whole = self.references.follow(content[media]) if content else answer
            if not isinstance(whole.value, dict):
                why, extent = explain_missing(content[media], "nothing describes it")
                lost = f"the answer {brief(status)} as {brief(media)}: {why}"
                self.lost.append(Remark(lost, content[media].place, extent))
            schema = whole.at("schema") if content and "schema" in whole.mapping() else None
            yield Answer(status, said, media, schema, answer)


def _fold_name(name: str) -> str:
    return re.sub(r"\W|_", "", name).lower()


def _is_object(schema: Found) -> bool:
    kinds = schema.mapping().get("type", "object")
    return "object" in kinds if isinstance(kinds, list) else kinds == "object"


def _find_object(references: References, schema: Found) -> Found:
    """Return the schema behind references, and behind a choice between one object and null."""
    found = references.follow(schema)
    for key in ("allOf", "anyOf", "oneOf"):
        parts = [references.follow(part) for part in found.at(key).items()]
        parts = [part for part in parts if part.mapping().get("type") != "null"]
        if len(parts) == 1 and "properties" not in found.mapping():
            return parts[0]
    return found


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


def _find_unnamed(references: References, every: list[Found]) -> Iterator[Remark]:
    for p in every:
        if fields := _spread_query(references, p):
            needed = [brief(field.name) for field in fields if field.required]
            if needed and p.value.get("required") is not True:
                said = f"{', '.join(needed)}: required where a query is sent at all; here always"
                yield Remark(said, p.place)
            continue
        if not p.text("name") or p.text("in") not in (*_PLACES, "body", "formData"):
            whole = p.text("in") == "querystring"
            yield Remark(
                "the whole query as one value (`in: querystring`) is not carried"
                if whole
                else "a parameter has no name or no known place",
                p.place,
            )


def _find_unsent(every: list[Found]) -> Iterator[Remark]:
    """Describe headers for a key, which OpenAPI lets nobody read as parameters."""
    for p in every:
        if p.text("in") == "header" and p.text("name").lower() == AUTHORIZATION:
            yield Remark(
                f"header `{brief(p.text('name'))}` is not an argument: a key is said under `auth`, or by "
                "`--auth bearer`",
                p.place,
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


def encoding_style(encoding: Found) -> str:
    """Return the form in which a form's member sends a list or object, named as in `_style`."""
    style = encoding.text("style") or "form"
    joined = {"form": "csv", "spaceDelimited": "ssv", "pipeDelimited": "pipes"}
    if style in joined:
        return joined[style] if encoding.value.get("explode", style == "form") is False else ""
    return style


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
    return is_json_type(media) or media_type_of(media) == "*/*"


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


def list_calls(calls: Any) -> list[Mapping[str, Any]]:
    """Return a resource's calls, of which it may have one or a list."""
    several = calls if isinstance(calls, list) else [calls]
    return [call for call in several if isinstance(call, Mapping)]


def first_call(calls: Any) -> Mapping[str, Any]:
    """Return the first of a resource's calls; empty without any."""
    return next(iter(list_calls(calls)), {})


def bare_media(media: str) -> str:
    """Return a media type without its parameters: `application/json` for `application/json;
    charset=utf-8`.
    """
    return clean(media.partition(";")[0]).lower()
