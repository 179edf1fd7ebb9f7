"""Simulate the builder's checks of paths: the operations that load, their arguments, and why others fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pgagents.lint.importers.gpt_builder.components import resolve, schemas_of, walk
from pgagents.lint.importers.gpt_builder.messages import say
from pgagents.lint.importers.messages import ImporterMessage
from pgagents.source.source import Pointer

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
            self.wrong = self.wrong or "its body is no object"
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
    """Return a schema's type in a few words."""
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
