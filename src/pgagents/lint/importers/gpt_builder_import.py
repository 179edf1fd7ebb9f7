"""Simulate the builder's import: structure, servers, components, operations, sizes, then the web form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit

from pgagents.base.jsonschema.walk import Child, children
from pgagents.base.places import Pointer
from pgagents.lint.facts import ImporterMessage, data

# -- the document's structure.
#
# The builder validates it by openapi-pydantic 0.5. That package prints exactly what users paste from the
# builder: `('openapi',): Input should be '3.1.1' or '3.1.0'`. Later releases list the versions in another
# order. So it is assumed to be the builder's own, which OpenAI does not document. Read 2026-11-20.


MOST = 100


def structure(data: Any) -> list[ImporterMessage]:
    """Return one message per error, in the package's order, at most `MOST`."""
    from openapi_pydantic.v3.v3_1 import OpenAPI
    from pydantic import ValidationError

    try:
        OpenAPI.model_validate(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)[:MOST]
        return [_make_message(one["loc"], one["msg"], data) for one in found]
    except RecursionError:
        return [say("pydantic-generic", (), loc_tuple=(), pydantic_msg="the document is nested too deep")]
    return []


def _make_message(loc: tuple[int | str, ...], message: str, data: Any) -> ImporterMessage:
    known = say("openapi-version", ("openapi",))
    if f"{loc!r}: {message}" == known.text:
        return known
    return say("pydantic-generic", _pointer(loc, data), loc_tuple=loc, pydantic_msg=message)


def _pointer(loc: tuple[int | str, ...], data: Any) -> Pointer:
    """Return the location without class names, which pydantic inserts for the branches of a union."""
    pointer: list[str | int] = []
    here: Any = data
    for step in loc:
        inside = (
            step in here
            if isinstance(here, dict)
            else isinstance(here, list) and isinstance(step, int) and step < len(here)
        )
        if inside:
            here = here[step]
            pointer.append(step)
    return tuple(pointer)


# -- the server that the builder accepts


@dataclass(frozen=True, slots=True)
class Server:
    """A server with an absolute URL, its index in the list, and its origin as written."""

    index: int
    url: str
    host: str
    origin: str


def servers(data: dict[str, Any]) -> tuple[str | None, list[ImporterMessage]]:
    """Return the URL that is used, or None, and the builder's messages about the other servers."""
    written = data.get("servers")
    valid = [
        s
        for n, item in enumerate(written if isinstance(written, list) else ())
        if (s := _server(n, item)) is not None
    ]
    if not valid:
        return None, [say("no-valid-server", ("servers",) if "servers" in data else ())]
    root = f"https://{valid[0].host}"
    others = [s for s in valid if s.host != valid[0].host]
    here = [s for s in valid if s.host == valid[0].host]
    usable = [s for s in here if s.origin == root]
    said = [] if usable else [say("root-origin-none", ("servers",), root_origin=root)]
    said += [
        say("root-origin-one", ("servers", s.index), url=s.url, root_origin=root)
        for s in here
        if s.origin != root
    ]
    said += [say("multiple-hostnames", ("servers", s.index), url=s.url) for s in others]
    if len(usable) > 1:
        said.insert(0, say("multiple-servers", ("servers", usable[1].index), url=usable[0].url))
    return (usable[0].url if usable else None), said


def domain(url: str) -> str:
    """Return the host of a URL, which two actions of a GPT must not share."""
    return urlsplit(url).hostname or ""


def _server(index: int, item: Any) -> Server | None:
    url = item.get("url") if isinstance(item, dict) else None
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    return Server(index, url, host, f"{parts.scheme}://{parts.netloc}")


# -- schemas: references, objects without `properties`, circles


REF = "#/components/schemas/"
_READ = frozenset(("properties", "items", "additionalProperties", "not", "allOf", "anyOf", "oneOf"))
"""Keywords whose schemas the builder reads."""


def schemas_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the component schemas; empty if they are not a mapping."""
    components = data.get("components")
    schemas = components.get("schemas") if isinstance(components, dict) else None
    return schemas if isinstance(schemas, dict) else {}


def components(data: dict[str, Any]) -> list[ImporterMessage]:
    """Return the builder's messages about the components section."""
    section = data.get("components")
    schemas = section.get("schemas") if isinstance(section, dict) else None
    if not isinstance(schemas, dict):
        at: Pointer = (
            ("components", "schemas")
            if isinstance(section, dict) and "schemas" in section
            else ("components",)
        )
        return [say("components-schemas", at if "components" in data else ())]
    said = [
        s
        for name, schema in schemas.items()
        for s in walk(schema, ("components", "schemas", name), ("components", "schemas", name), schemas)
    ]
    if circle := circular(schemas):
        said.append(say("circular", ("components", "schemas", circle[0])))
    schemes = section.get("securitySchemes") if isinstance(section, dict) else None
    if isinstance(schemes, dict) and len(schemes) > 1:
        said.append(say("multi-security", ("components", "securitySchemes")))
    return said


def walk(
    schema: Any, context: tuple[str, ...], pointer: Pointer, schemas: dict[str, Any]
) -> Iterator[ImporterMessage]:
    """Yield messages about a schema and all schemas inside it. References are checked, but not followed."""
    stack: list[tuple[Any, tuple[str, ...], Pointer]] = [(schema, context, pointer)]
    while stack:
        node, context, pointer = stack.pop()
        if not isinstance(node, dict):
            continue
        ref = node.get("$ref")
        if isinstance(ref, str):
            name = ref.removeprefix(REF)
            if not ref.startswith(REF) or name not in schemas:
                yield say("unknown-component", pointer, ctx=context, name=name.rsplit("/", 1)[-1])
            continue
        if node.get("type") == "object" and not isinstance(node.get("properties"), dict):
            yield say("object-missing-properties", pointer, ctx=context)
        inside = [(c.schema, (*context, *map(str, c.steps)), (*pointer, *c.steps)) for c in parts(node)]
        stack.extend(reversed(inside))


def parts(node: dict[str, Any]) -> list[Child]:
    """Return the schemas directly inside a schema that the builder reads."""
    return [child for child in children(node) if child.keyword in _READ]


def circular(schemas: dict[str, Any]) -> list[str]:
    """Return the names on one cycle of references among component schemas; empty if there is none."""
    edges = {name: [n for n in _refs(schema) if n in schemas] for name, schema in schemas.items()}
    done: set[str] = set()
    for start in edges:
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, Iterator[str]]] = []
        here: str | None = start
        while here is not None or stack:
            if here is not None and here in on_path:
                return path[path.index(here) :]
            if here is not None and here not in done:
                path.append(here)
                on_path.add(here)
                stack.append((here, iter(edges[here])))
            here = None
            while stack and here is None:
                here = next(stack[-1][1], None)
                if here is None:
                    name, _ = stack.pop()
                    path.pop()
                    on_path.discard(name)
                    done.add(name)
    return []


def _refs(schema: Any) -> list[str]:
    """Return the names of the components that a schema refers to, anywhere inside it."""
    found, stack = [], [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            ref = node.get("$ref")
            if isinstance(ref, str) and ref.startswith(REF):
                found.append(ref.removeprefix(REF))
            stack.extend(child.schema for child in parts(node))
    return found


def resolve(schema: Any, schemas: dict[str, Any]) -> Any:
    """Follow a chain of references and return the schema at its end; an empty one if a reference leads
    nowhere.
    """
    seen: set[str] = set()
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        name = schema["$ref"].removeprefix(REF)
        if name in seen or name not in schemas:
            return {}
        seen.add(name)
        schema = schemas[name]
    return schema


# -- operations that load, and their arguments


METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"
_TEXT, _PARAMETER_TEXT = 300, 700


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument as the model sees it."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Function:
    """An operation that loads, as the model sees it."""

    name: str
    description: str
    arguments: tuple[Argument, ...]
    method: str
    path: str
    pointer: Pointer


@dataclass(slots=True)
class Walked:
    """The results for all operations.

    `dropped` and `lost` describe the parts that the model will not see, with reasons.
    """

    said: list[ImporterMessage] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    count: int = 0


def operations(data: dict[str, Any]) -> Walked:
    """Check every path in the document's order."""
    walked = Walked()
    paths = data.get("paths")
    schemas = schemas_of(data)
    for path, item in paths.items() if isinstance(paths, dict) else ():
        if not isinstance(item, dict):
            continue
        for key, operation in item.items():
            at: Pointer = ("paths", path, key)
            if key.lower() not in METHODS:
                walked.said.append(say("unrecognized-method", at, path=path, key=key))
                _record_skipped(walked, path, key, operation)
            elif isinstance(operation, dict):
                walked.count += 1
                _Operation(walked, data, schemas, path, key, operation).walk()
    return walked


def _record_skipped(walked: Walked, path: str, key: str, value: Any) -> None:
    """Record the loss for a path's key that is not a method: an operation, or shared parameters."""
    if key == "parameters" and isinstance(value, list):
        for param in value:
            name = param.get("name") if isinstance(param, dict) else None
            walked.lost.append(
                (f"{path}: {name or 'a parameter'}", "it stands at the path, not in the operation")
            )
    elif isinstance(value, dict) and not key.startswith("x-"):
        walked.dropped.append((f"{key.upper()} {path}", "the builder does not support the method"))


class _Operation:
    """Turn one operation into a function."""

    def __init__(
        self,
        walked: Walked,
        data: dict[str, Any],
        schemas: dict[str, Any],
        path: str,
        method: str,
        operation: dict[str, Any],
    ) -> None:
        self.walked, self.data, self.schemas = walked, data, schemas
        self.path, self.method, self.operation = path, method, operation
        self.at: Pointer = ("paths", path, method)
        self.id: Any = operation.get("operationId")
        self.arguments: dict[str, Argument] = {}
        self.wrong = ""

    def walk(self) -> None:
        shown = f"{self.method.upper()} {self.path}"
        if not isinstance(self.id, str) or not self.id:
            self._say("missing-operationid", ())
            self.walked.dropped.append((shown, "it has no operationId"))
            return
        self._texts()
        self._parameters()
        self._body()
        self._answers()
        if self.wrong:
            self._say("function-errors", ())
            self.walked.dropped.append((f"{shown} ({self.id})", self.wrong))
            return
        text = self.operation.get("description") or self.operation.get("summary") or ""
        said = text if isinstance(text, str) else ""
        self.walked.functions.append(
            Function(self.id, said, tuple(self.arguments.values()), self.method.upper(), self.path, self.at)
        )

    def _say(self, id: str, inside: Pointer, **values: Any) -> None:
        common = {"path": self.path, "method": self.method, "operationId": self.id}
        self.walked.said.append(say(id, (*self.at, *inside), **{**common, **values}))

    def _texts(self) -> None:
        for key, id in (("description", "desc-too-long"), ("summary", "summary-too-long")):
            text = self.operation.get(key)
            if isinstance(text, str) and len(text) > _TEXT:
                self._say(id, (key,), n=len(text))

    def _parameters(self) -> None:
        written = self.operation.get("parameters")
        for n, param in enumerate(written if isinstance(written, list) else ()):
            name = param.get("name") if isinstance(param, dict) else None
            if not isinstance(name, str):
                self._say("param-ref", ("parameters", n), param=param)
                self.wrong = self.wrong or "a parameter is a reference, or has no name"
            elif param.get("in") in ("header", "cookie"):
                self._header(n, name, param)
            elif "schema" not in param and isinstance(param.get("content"), dict):
                media = ", ".join(map(str, param["content"])) or "no media type"
                required = ", and required" if param.get("required") else ""
                self.walked.lost.append((f"{self.id}: {name}", f"its form is `content`, {media}{required}"))
            else:
                self._argument(
                    name, ("parameters", n), param, param.get("schema"), bool(param.get("required"))
                )

    def _header(self, n: int, name: str, param: dict[str, Any]) -> None:
        said = say(
            "param-header",
            (*self.at, "parameters", n),
            path=self.path,
            method=self.method,
            operationId=self.id,
            name=name,
        )
        if param["in"] == "cookie":
            said = ImporterMessage(
                said.id, said.text.replace("location header", "location cookie"), said.pointer
            )
        self.walked.said.append(said)
        why = f"a {param['in']}{', and required' if param.get('required') else ''}"
        self.walked.lost.append((f"{self.id}: {name}", why))

    def _argument(
        self, name: str, inside: Pointer, described: dict[str, Any], schema: Any, required: bool
    ) -> None:
        text = described.get("description")
        text = text if isinstance(text, str) else ""
        if name in self.arguments:
            self._say("param-duplicate", inside, name=name)
            self.wrong = self.wrong or f"two arguments are called {name}"
        if len(text) > _PARAMETER_TEXT:
            self._say("param-desc-too-long", (*inside, "description"), name=name, n=len(text))
        self.arguments[name] = Argument(name, _type(schema, self.schemas), required, text)

    def _body(self) -> None:
        body, at = self._resolve_component(
            self.operation.get("requestBody"), "requestBodies", (*self.at, "requestBody")
        )
        content = body.get("content") if isinstance(body, dict) else None
        if not isinstance(content, dict):
            return
        if not isinstance(content.get(JSON), dict):
            self.walked.lost.append(
                (f"{self.id}: the body", f"it is {', '.join(map(str, content)) or 'empty'}, not {JSON}")
            )
            return
        schema = content[JSON].get("schema")
        context = ("paths", self.path, self.method, "requestBody", "content", JSON, "schema")
        inside = (*at, "content", JSON, "schema")
        self.walked.said += walk(schema, context, inside, self.schemas)
        root = resolve(schema, self.schemas)
        if not isinstance(root, dict) or root.get("type") != "object":
            self._say("body-not-object", inside[3:] if inside[:3] == self.at else ())
            self.wrong = self.wrong or "its body is not an object"
            return
        members = root.get("properties")
        required = root.get("required")
        for name, part in members.items() if isinstance(members, dict) else ():
            needed = isinstance(required, list) and name in required
            described = part if isinstance(part, dict) else {}
            self._argument(str(name), ("requestBody",), described, part, needed)

    def _answers(self) -> None:
        responses = self.operation.get("responses")
        for status, written in responses.items() if isinstance(responses, dict) else ():
            response, at = self._resolve_component(written, "responses", (*self.at, "responses", status))
            content = response.get("content") if isinstance(response, dict) else None
            for media, of_media in content.items() if isinstance(content, dict) else ():
                if isinstance(of_media, dict) and "schema" in of_media:
                    context = ("paths", self.path, str(status), "response", "content", str(media), "schema")
                    self.walked.said += walk(
                        of_media["schema"], context, (*at, "content", media, "schema"), self.schemas
                    )

    def _resolve_component(self, value: Any, room: str, at: Pointer) -> tuple[Any, Pointer]:
        """Return a body or response and its place, following one reference into the components."""
        ref = value.get("$ref") if isinstance(value, dict) else None
        prefix = f"#/components/{room}/"
        if not isinstance(ref, str) or not ref.startswith(prefix):
            return value, at
        components = self.data.get("components")
        named = components.get(room) if isinstance(components, dict) else None
        name = ref.removeprefix(prefix)
        return (named.get(name), ("components", room, name)) if isinstance(named, dict) else (None, at)


def _type(schema: Any, schemas: dict[str, Any], depth: int = 0) -> str:
    schema = resolve(schema, schemas)
    if not isinstance(schema, dict):
        return "any"
    kind = schema.get("type")
    if isinstance(schema.get("enum"), list):
        shown = [str(v) for v in schema["enum"][:6]]
        return " | ".join(shown) + (" | …" if len(schema["enum"]) > 6 else "")
    if kind == "array":
        return f"list of {_type(schema.get('items'), schemas, depth + 1) if depth < 5 else 'any'}"
    if isinstance(kind, list):
        return " or ".join(map(str, kind))
    return kind if isinstance(kind, str) else "any"


def each(functions: list[Function]) -> Iterator[str]:
    """Yield each function as one line: `searchBooks(q: string, limit?: integer)`."""
    for function in functions:
        arguments = ", ".join(f"{a.name}{'' if a.required else '?'}: {a.type}" for a in function.arguments)
        yield f"{function.name}({arguments})"


MOST_OPERATIONS = 30
MEGABYTE, MEBIBYTE = 1_000_000, 1 << 20
"""The two possible meanings of the builder's "1MB". A document above the smaller one may be refused."""


@dataclass(frozen=True, slots=True)
class Form:
    """The values in the web form around the schema."""

    public: bool = False
    privacy_policy: str = ""
    domains: frozenset[str] = frozenset()
    """Domains of the GPT's other actions."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The builder's messages, and the operations for the model.

    `size_bytes` is the size of the builder's own layout.
    """

    said: tuple[ImporterMessage, ...]
    functions: tuple[Function, ...]
    dropped: tuple[tuple[str, str], ...]
    lost: tuple[tuple[str, str], ...]
    count: int
    size_bytes: int
    url: str | None

    @property
    def domain(self) -> str:
        return domain(self.url) if self.url else ""

    @property
    def blocked(self) -> bool:
        """True if some message blocks the whole import."""
        return any(templates()[s.id].effect == "blocks" for s in self.said)


def simulate(data: Any, form: Form | None = None, *, as_yaml: bool = False, plugin: bool = False) -> Imported:
    """Simulate the import of a document.

    `as_yaml` is true if the document was written as YAML; then the builder shows it as YAML. `plugin`
    simulates the importer of plugins (2023).
    """
    form = form or Form()
    document = data if isinstance(data, dict) else {}
    said = structure(data)
    url, more = servers(document)
    said += [*more, *components(document)]
    walked = operations(document)
    said += walked.said
    if walked.count > MOST_OPERATIONS:
        said.append(say("too-many-ops", ("paths",)))
    size = pretty_size(data, as_yaml=as_yaml)
    if size > MEGABYTE:
        said.append(say("too-big", ()))
    if url and domain(url) in form.domains:
        said.append(say("dup-domain", ("servers",), domain=domain(url)))
    if form.public and not form.privacy_policy.startswith("https://"):
        said.append(say("privacy-policy", ()))
    if plugin and any(templates()[s.id].effect == "blocks" for s in said):
        blocking = [s for s in said if templates()[s.id].effect == "blocks"]
        said.append(say("could-not-parse", (), messages=", ".join(repr(s.text) for s in blocking)))
    return Imported(
        tuple(said),
        tuple(walked.functions),
        tuple(walked.dropped),
        tuple(walked.lost),
        walked.count,
        size,
        url,
    )


def pretty_size(data: Any, *, as_yaml: bool) -> int:
    """Return the size of the builder's layout in bytes: JSON indented by two, or YAML with 120 columns.

    The YAML is never longer.
    """
    size = len(
        json.dumps(data, ensure_ascii=False, separators=(",", ": ")).encode("utf-8", "replace")
    ) + _indents(data)
    if not as_yaml or size <= MEGABYTE:
        return size
    import yaml

    return len(
        yaml.dump(
            data, Dumper=yaml.CSafeDumper, width=120, indent=2, allow_unicode=True, sort_keys=False
        ).encode()
    )


def _indents(data: Any) -> int:
    """Return the bytes of line breaks and blanks that an indent of two adds.

    Python's indenting encoder is many times as slow.
    """
    size, stack = 0, [(data, 0)]
    while stack:
        value, depth = stack.pop()
        if isinstance(value, dict | list) and value:
            size += len(value) * (3 + 2 * depth) + 1 + 2 * depth
            parts = value.values() if isinstance(value, dict) else value
            stack += [(part, depth + 1) for part in parts if isinstance(part, dict | list)]
    return size


# -- the builder's messages, verbatim if known.
#
# Their sources are in schemas/importers/gpt_builder.json.


IMPORTER = "gpt_builder"
Effect = Literal["blocks", "drops operation", "drops parameter", "warning", "form"]


@dataclass(frozen=True, slots=True)
class Template:
    """One message. `seen` is the published part of its text: all, a part, or none.

    `certain` is true if reports agree on its effect.
    """

    id: str
    template: str
    effect: Effect
    certain: bool
    stage: str
    seen: Literal["whole", "part", "none"]
    source: str
    help: str


@cache
def templates() -> dict[str, Template]:
    """Return every message by its id, in the order of the file."""
    return {row["id"]: Template(**row) for row in data(IMPORTER)["messages"]}


def say(id: str, pointer: Pointer, /, **values: Any) -> ImporterMessage:
    """Return the message with its values filled in, formatted as Python prints them."""
    return ImporterMessage(id, templates()[id].template.format(**values), pointer)
