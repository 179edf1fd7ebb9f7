"""A second judge of what a change does: it makes requests and answers that one edition allows, and asks the
other edition.

It shares nothing with pgagents. Values are judged by openapi-schema-validator, which has its own reading of
OpenAPI 3.0 and 3.1. The few lines below, written from the specification, judge addresses, keys, parameters
and headers. A caller is hurt by a request that was allowed and is refused, or understood otherwise. A reader
is hurt by an answer that may come now and could not come before.
"""

# schemas are easier to compare in one line each
from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import referencing
from openapi_schema_validator import (
    OAS30ReadValidator,
    OAS30WriteValidator,
    OAS31Validator,
    oas30_format_checker,
    oas31_format_checker,
)
from referencing.jsonschema import DRAFT202012

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
MISSING: Any = object()


class Doc:
    """One edition."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.registry: Any = referencing.Registry().with_resource(
            "urn:doc", DRAFT202012.create_resource(data)
        )
        self.old_style = str(data["openapi"]).startswith("3.0")
        self.judges: dict[tuple[str, bool], Any] = {}

    def deref(self, value: Any) -> Any:
        while isinstance(value, dict) and isinstance(value.get("$ref"), str):
            found: Any = self.data
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            value = found
        return value

    def valid(self, schema: Any, value: Any, *, sent: bool) -> bool:
        if schema is MISSING:
            return True
        written = json.dumps(schema)
        if (written, sent) not in self.judges:
            absolute = json.loads(re.sub(r'"\$ref": "#/', '"$ref": "urn:doc#/', written))
            kind: Any = (
                (OAS30WriteValidator if sent else OAS30ReadValidator) if self.old_style else OAS31Validator
            )
            checker = oas30_format_checker if self.old_style else oas31_format_checker
            self.judges[written, sent] = kind(absolute, registry=self.registry, format_checker=checker)
        return bool(self.judges[written, sent].is_valid(value))

    @cached_property
    def leaves(self) -> tuple[frozenset[int | float], frozenset[str]]:
        """The numbers and the short texts that stand anywhere in the edition."""
        values = [v for v in _leaves(self.data) if not isinstance(v, bool)]
        return (
            frozenset(v for v in values if isinstance(v, int | float)),
            frozenset(v for v in values if isinstance(v, str) and len(v) < 40),
        )

    @cached_property
    def operations(self) -> dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]]:
        return {
            (method, re.sub(r"\{[^}]*\}", "{}", path)): (self.deref(item), self.deref(item)[method])
            for path, item in self.data.get("paths", {}).items()
            for method in METHODS
            if method in self.deref(item)
        }

    def path_of(self, key: tuple[str, str]) -> str:
        return next(
            p
            for p, item in self.data["paths"].items()
            if (key[0], re.sub(r"\{[^}]*\}", "{}", p)) == key and key[0] in self.deref(item)
        )

    def parameters(self, key: tuple[str, str]) -> dict[tuple[str, str], dict[str, Any]]:
        item, operation = self.operations[key]
        names = re.findall(r"\{([^}]*)\}", self.path_of(key))
        found = {}
        for one in map(self.deref, [*item.get("parameters", ()), *operation.get("parameters", ())]):
            name = (
                str(names.index(one["name"]))
                if one["in"] == "path"
                else one["name"].lower()
                if one["in"] == "header"
                else one["name"]
            )
            found[one["in"], name] = one
        return found

    def servers(self, key: tuple[str, str]) -> list[str]:
        item, operation = self.operations[key]
        found = operation.get("servers") or item.get("servers") or self.data.get("servers") or [{"url": ""}]
        made = []
        for server in found:
            urls = [server["url"].rstrip("/")]
            for name, variable in server.get("variables", {}).items():
                urls = [
                    u.replace("{" + name + "}", v)
                    for u in urls
                    for v in variable.get("enum", [variable["default"]])
                ]
            made += urls
        return made

    def keys(self, key: tuple[str, str]) -> list[set[tuple[str, ...]]]:
        """Ways to call: each a set of keys and scopes that are needed."""
        _, operation = self.operations[key]
        ways = []
        for way in operation.get("security", self.data.get("security", [])) or [{}]:
            needed: set[tuple[str, ...]] = set()
            for name, scopes in way.items():
                scheme = self.deref(self.data["components"]["securitySchemes"][name])
                said = (
                    scheme["type"],
                    scheme.get("in", ""),
                    scheme.get("name", ""),
                    scheme.get("scheme", "").lower(),
                )
                flows = tuple(
                    sorted(
                        f"{f}={v.get('tokenUrl')} {v.get('authorizationUrl')}"
                        for f, v in scheme.get("flows", {}).items()
                    )
                )
                needed.add(said + flows)
                for scope in scopes:
                    offered = [v for v in scheme.get("flows", {}).values() if scope in v.get("scopes", {})]
                    needed.add(
                        (
                            *said,
                            "scope",
                            scope,
                            "offered" if offered or scheme["type"] != "oauth2" else "not offered",
                        )
                    )
            ways.append(needed)
        return ways


@dataclass
class Request:
    key: tuple[str, str]
    server: str
    keys: set[tuple[str, ...]]
    name: str | None
    meant: dict[tuple[str, str], Any] = field(default_factory=dict)
    raw: dict[tuple[str, str], str] = field(default_factory=dict)
    media: str = ""
    body: Any = MISSING


@dataclass
class Answer:
    key: tuple[str, str]
    status: str
    media: str = ""
    body: Any = MISSING
    headers: dict[str, Any] = field(default_factory=dict)
    links: dict[str, Any] = field(default_factory=dict)


class Maker:
    """Values of a schema, near the bounds that either edition names. Members that nothing names are not
    made.
    """

    def __init__(self, doc: Doc, other: Doc, rng: random.Random) -> None:
        self.doc, self.rng = doc, rng
        (numbers, texts), (others, other_texts) = doc.leaves, other.leaves
        self.numbers, self.texts = sorted(numbers | others), sorted(texts | other_texts)
        self.lengths = [int(n) for n in self.numbers if 0 <= n < 60 and n == int(n)] or [1]

    def value(self, schema: Any, *, sent: bool) -> Any:
        for _ in range(60):
            made = self._any(schema, 4)
            if self.doc.valid(schema, made, sent=sent):
                return made
        return MISSING

    def _any(self, schema: Any, depth: int) -> Any:
        rng, schema = self.rng, self._merged(schema, 6)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return rng.choice(schema["enum"])
        kinds = schema.get("type")
        kinds = [kinds] if isinstance(kinds, str) else list(kinds or ())
        if schema.get("nullable") and kinds:
            kinds.append("null")
        if not kinds:
            kinds = (
                ["object"]
                if "properties" in schema or "required" in schema
                else ["string", "integer", "boolean", "number", "array", "object", "null"]
            )
        kind = rng.choice(kinds)
        if kind == "null":
            return None
        if kind == "boolean":
            return rng.random() < 0.5
        if kind in ("integer", "number"):
            near = rng.choice([*self.numbers, 0, 1, 7]) * rng.choice([1, 1, 1, 2, 3]) + rng.choice(
                [0, 0, 1, -1, *([0.5, 0.25] if kind == "number" else [])]
            )
            return int(near) if kind == "integer" else near
        if kind == "string":
            return self._text(schema)
        if depth <= 0:
            return [] if kind == "array" else {}
        if kind == "array":
            prefix = [self._any(s, depth - 1) for s in schema.get("prefixItems", ())]
            count = max(0, rng.choice([0, 1, 2, *(n + d for n in self.lengths for d in (-1, 0, 1) if n < 8)]))
            item = self._any(schema.get("items", {}), depth - 1)
            rest = [
                item if rng.random() < 0.3 else self._any(schema.get("items", {}), depth - 1)
                for _ in range(count)
            ]
            return (prefix + rest)[: max(count, 0)] if rng.random() < 0.5 else prefix + rest
        return self._object(schema, depth)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        made = {}
        often = self.rng.choice([0, 0.5, 1])
        for name, inside in schema.get("properties", {}).items():
            if name in schema.get("required", ()) or self.rng.random() < often:
                made[name] = self._any(inside, depth - 1)
        extra = schema.get("additionalProperties", MISSING)
        for pattern, inside in schema.get("patternProperties", {}).items():
            if self.rng.random() < 0.5:
                made[re.sub(r"[^a-z]", "", pattern) + "1"] = self._any(inside, depth - 1)
        if extra is not False and (extra is not MISSING or not schema.get("properties")):
            for n in range(self.rng.choice([0, 0, 1, *self.lengths[:4]])):
                made[f"other{n}"] = self._any({} if extra in (True, MISSING) else extra, depth - 1)
        return made

    def _text(self, schema: dict[str, Any]) -> str:
        samples = {
            "date-time": "2026-01-02T03:04:05Z", "date": "2026-01-02", "email": "a@example.com",
            "uuid": "123e4567-e89b-12d3-a456-426614174000",
            "uri": "https://example.com/a", "ipv4": "192.0.2.1", "byte": "YQ==",
        }  # fmt: skip
        length = max(0, self.rng.choice(self.lengths) + self.rng.choice([-1, 0, 1]))
        return str(
            self.rng.choice(
                [
                    samples.get(schema.get("format", ""), "x"),
                    "a" * length,
                    "7" * length,
                    self.rng.choice(self.texts or ["x"]),
                    "Ab 1",
                    "",
                ]
            )
        )

    def _merged(self, schema: Any, depth: int) -> dict[str, Any]:
        """One mapping for a schema, its reference, its parts and one of its branches."""
        schema = self.doc.deref(schema)
        if not isinstance(schema, dict) or depth <= 0:
            return {}
        parts = [
            {k: v for k, v in schema.items() if k not in ("allOf", "anyOf", "oneOf")},
            *schema.get("allOf", ()),
        ]
        parts += [self.rng.choice(schema[key]) for key in ("anyOf", "oneOf") if schema.get(key)]
        made: dict[str, Any] = {}
        for part in [parts[0], *(self._merged(p, depth - 1) for p in parts[1:])]:
            for key, value in part.items():
                if key == "properties":
                    made[key] = {**made.get(key, {}), **value}
                elif key == "required":
                    made[key] = [*made.get(key, ()), *value]
                else:
                    made[key] = value
        return made


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for member in value.values():
            yield from _leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    else:
        yield value


# requests


def _plain(value: Any) -> str:
    return "true" if value is True else "false" if value is False else "null" if value is None else str(value)


def _styled(parameter: dict[str, Any]) -> tuple[str, bool]:
    style = parameter.get("style", {"query": "form", "cookie": "form"}.get(parameter["in"], "simple"))
    return style, parameter.get("explode", style == "form")


def write(parameter: dict[str, Any], name: str, value: Any) -> str:
    """A value as the specification's table of styles writes it."""
    if "content" in parameter:
        return f"{name}={quote(json.dumps(value))}" if parameter["in"] == "query" else json.dumps(value)
    style, explode = _styled(parameter)
    between = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(style, ",")
    if parameter["in"] == "query":
        if isinstance(value, list):
            return (
                urlencode([(name, _plain(v)) for v in value])
                if explode
                else urlencode({name: between.join(map(_plain, value))})
            )
        if isinstance(value, dict):
            if style == "deepObject":
                return urlencode({f"{name}[{k}]": _plain(v) for k, v in value.items()})
            if explode:
                return urlencode({k: _plain(v) for k, v in value.items()})
            return urlencode({name: between.join(f"{k}{between}{_plain(v)}" for k, v in value.items())})
        return urlencode({name: _plain(value)})
    lead = {"label": ".", "matrix": f";{name}="}.get(style, "")
    if isinstance(value, dict):
        return lead + ",".join(
            f"{k}={_plain(v)}" if explode else f"{k},{_plain(v)}" for k, v in value.items()
        )
    return lead + (",".join(map(_plain, value)) if isinstance(value, list) else _plain(value))


def requests(doc: Doc, other: Doc, key: tuple[str, str], rng: random.Random) -> Request | None:
    """A request that the edition allows."""
    _, operation = doc.operations[key]
    maker = Maker(doc, other, rng)
    made = Request(
        key,
        rng.choice(doc.servers(key)),
        rng.choice(doc.keys(key)),
        rng.choice([None, operation.get("operationId")]),
    )
    for place, parameter in doc.parameters(key).items():
        if not (parameter.get("required") or place[0] == "path" or rng.random() < 0.6):
            continue
        schema = parameter.get("schema", MISSING)
        if schema is MISSING:
            schema = next(iter(parameter["content"].values())).get("schema", {})
        value = maker.value(schema, sent=True)
        if value is MISSING or (value in ([], {}, "") and place[0] != "header"):
            if parameter.get("required") or place[0] == "path":
                return None
            continue
        made.meant[place], made.raw[place] = value, write(parameter, parameter["name"], value)
    body = doc.deref(operation.get("requestBody"))
    if body and (body.get("required") or rng.random() < 0.7):
        made.media = rng.choice(list(body["content"]))
        made.body = maker.value(body["content"][made.media].get("schema", {}), sent=True)
        if made.body is MISSING:
            return None
    return made


def accepts(doc: Doc, request: Request) -> str:
    """Empty where the edition takes the request and understands it as it is meant; else why it does not."""
    if request.key not in doc.operations:
        return "no such operation"
    _, operation = doc.operations[request.key]
    if request.name is not None and operation.get("operationId") != request.name:
        return "no operation of that name"
    if request.server not in doc.servers(request.key):
        return f"nothing at {request.server}"
    if not any(way <= request.keys for way in doc.keys(request.key)):
        return "not enough of a key"
    parameters = doc.parameters(request.key)
    for place, parameter in parameters.items():
        if place not in request.raw:
            if parameter.get("required") or place[0] == "path":
                return f"{place} is missing"
            continue
        if write(parameter, parameter["name"], request.meant[place]) != request.raw[place]:
            return f"{place} is written otherwise"
        schema = parameter.get("schema", MISSING)
        if schema is MISSING:
            schema = next(iter(parameter["content"].values())).get("schema", {})
        if not doc.valid(schema, request.meant[place], sent=True):
            return f"{place} is {request.meant[place]!r}"
    body = doc.deref(operation.get("requestBody"))
    if request.body is MISSING:
        return "a body is missing" if body and body.get("required") else ""
    if not body:
        return ""
    content = next(
        (
            c
            for m, c in body["content"].items()
            if m in (request.media, request.media.split("/")[0] + "/*", "*/*")
        ),
        None,
    )
    if content is None:
        return f"{request.media} is not taken"
    return (
        ""
        if doc.valid(content.get("schema", {}), request.body, sent=True)
        else f"the body is {request.body!r}"
    )


# answers


def answers(doc: Doc, other: Doc, key: tuple[str, str], rng: random.Random) -> Answer | None:
    """An answer that the edition allows."""
    _, operation = doc.operations[key]
    maker = Maker(doc, other, rng)
    status = rng.choice(list(operation["responses"]))
    response = doc.deref(operation["responses"][status])
    made = Answer(
        key,
        {"default": "418"}.get(status, status.upper().replace("XX", "17")),
        links=response.get("links", {}),
    )
    for name, header in response.get("headers", {}).items():
        header = doc.deref(header)
        if header.get("required") or rng.random() < 0.5:
            value = maker.value(header.get("schema", {}), sent=False)
            if value is MISSING:
                return None
            made.headers[name.lower()] = (value, write({**header, "in": "header"}, name, value))
    if response.get("content"):
        media = rng.choice(list(response["content"]))
        made.media = media.replace("*/", "text/").replace("*", rng.choice(["plain", "x-other"]))
        made.body = maker.value(response["content"][media].get("schema", {}), sent=False)
        if made.body is MISSING:
            return None
    return made


def expected(doc: Doc, answer: Answer, former: Doc) -> str:
    """Empty where a reader of this edition is ready for the answer; else why not. `former` is the edition
    that it comes from.
    """
    if answer.key not in doc.operations:
        return ""  # nobody calls what was not there
    _, operation = doc.operations[answer.key]
    responses = {k.upper(): doc.deref(v) for k, v in operation["responses"].items()}
    response = responses.get(answer.status, responses.get(answer.status[0] + "XX", responses.get("DEFAULT")))
    if response is None:  # RFC 9110, 15: any status of a class is understood as its first
        return "" if answer.status[0] in "45" else f"status {answer.status}"
    for name, header in response.get("headers", {}).items():
        header = doc.deref(header)
        if name.lower() not in answer.headers:
            if header.get("required"):
                return f"header {name} is missing"
            continue
        value, raw = answer.headers[name.lower()]
        if write({**header, "in": "header"}, name, value) != raw:
            return f"header {name} is written otherwise"
        if not doc.valid(header.get("schema", {}), value, sent=False):
            return f"header {name} is {value!r}"
    wanted = list(response.get("content", {}))
    if not wanted:
        return ""
    offered = former.deref(former.operations[answer.key][1]["responses"]).get(answer.status, {})
    offered = list(former.deref(offered).get("content", {}))
    if answer.body is MISSING:
        return "no body"
    promised = [answer.media, answer.media.split("/")[0] + "/*", "*/*"]  # the most specific one applies
    if media := next((media for media in promised if media in wanted), ""):
        return (
            ""
            if doc.valid(response["content"][media].get("schema", {}), answer.body, sent=False)
            else f"the body is {answer.body!r}"
        )
    # a reader asks for one type that it was promised; it is content as long as that type is offered
    return "" if all(media in offered for media in wanted) else f"{answer.media} where {wanted} was promised"


def hurt(old: dict[str, Any], new: dict[str, Any], tries: int = 200, seed: int = 0) -> tuple[str, str]:
    """Return what hurts a caller and what hurts a reader; empty where so many tries of each operation found
    nothing.
    """
    a, b, rng = Doc(old), Doc(new), random.Random(seed)
    caller = reader = ""
    around = {k: v for k, v in old.items() if k != "paths"} == {k: v for k, v in new.items() if k != "paths"}
    for key in a.operations:
        if around and key in b.operations and a.operations[key] == b.operations[key]:
            continue  # nothing of it differs
        for _ in range(tries):
            request = requests(a, b, key, rng)
            if request is not None and not caller and not accepts(a, request):
                caller = accepts(b, request)
            if key in b.operations and not reader:
                answer = answers(b, a, key, rng)
                if answer is not None and not expected(b, answer, b):
                    reader = expected(a, answer, b)
            if caller or reader:
                return caller, reader
    return caller, reader
