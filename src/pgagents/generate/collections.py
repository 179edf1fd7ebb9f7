"""Make the requests of a collection, which a person opens in an HTTP client such as Postman or Bruno.

There is one request for each action of a surface, with the arguments of its first example that succeeds.
A required argument without an example gets a value that its schema allows. No key stands in a collection:
each is a variable without a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from pgagents.base.http import read_json, text_of
from pgagents.base.places import plain
from pgagents.base.writing import http_json
from pgagents.catalogue.decoding.medium import accept_of
from pgagents.catalogue.encoding.medium import JSON, Body, make_file, medium_of_action, parse_url
from pgagents.catalogue.encoding.request import COOKIE, encode, encode_call, pairs
from pgagents.catalogue.model.action import Action, Example, Param
from pgagents.catalogue.model.credential import AUTHORIZATION, Credential
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.target import Loss

BASE_URL = "baseUrl"
"""The variable with the base URL of the API."""
_SAMPLES: Mapping[str, Any] = {"integer": 1, "number": 1, "boolean": True, "array": [], "null": None}
_TEXTS = {
    "date": "2030-01-31",
    "date-time": "2030-01-31T12:00:00Z",
    "email": "person@example.com",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_DEEPEST = 8
"""Most levels of a value that is made from a schema, which may contain itself."""
_LONGEST, _MOST_ITEMS = 1_000, 10
"""The most characters and items of a value that is made, though its schema may ask for a million."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the collection. The value of a secret is empty: each person sets it."""

    name: str
    value: str
    description: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A path variable, a pair of the query or of a form, or a header.

    `off` is true for an optional argument without a value: it is shown, but not sent. `file` is true for a
    part of a form that a person fills with a file.
    """

    name: str
    value: str
    description: str = ""
    off: bool = False
    file: bool = False


@dataclass(frozen=True, slots=True)
class Auth:
    """The one key of a request in the form of HTTP clients. Texts may hold variables.

    `name` and `place` are those of an API key. `user` is the user of HTTP Basic.
    """

    kind: Literal["none", "bearer", "basic", "apikey"]
    secret: str = ""
    user: str = ""
    name: str = ""
    place: Literal["header", "query"] = "header"


@dataclass(frozen=True, slots=True)
class Payload:
    """A body. `text` is that of JSON and of plain text, `fields` are the parts of a form.

    `content_type` is empty for a form, to which each client adds its own header.
    """

    kind: Literal["json", "text", "form", "multipart", "file"]
    content_type: str
    text: str = ""
    fields: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectionRequest:
    """One request. `segments` are the parts of its path; `:name` stands for a path variable."""

    name: str
    title: str
    description: str
    tag: str
    method: str
    server: str
    """The variable with the base URL."""
    segments: tuple[str, ...]
    variables: tuple[Field, ...]
    query: tuple[Field, ...]
    headers: tuple[Field, ...]
    auth: Auth
    payload: Payload | None

    @property
    def url(self) -> str:
        """Return the address with the pairs of the query that are sent."""
        address = "/".join((f"{{{{{self.server}}}}}", *self.segments))
        query = "&".join(f"{field.name}={field.value}" for field in self.query if not field.off)
        return f"{address}?{query}" if query else address


@dataclass(frozen=True, slots=True)
class Collection:
    """The requests of a surface in the catalogue's order, the variables, and what cannot be carried."""

    requests: tuple[CollectionRequest, ...]
    variables: tuple[Variable, ...]
    losses: tuple[Loss, ...]


def collect(model: Model, surface: Surface) -> Collection:
    """Return the collection of a surface's actions."""
    requests: list[CollectionRequest] = []
    losses: list[Loss] = []
    for action in surface.actions:
        if why := _find_obstacle(model, action):
            losses.append(Loss(action.origin, f"request of {action.name}", "dropped", why))
            continue
        request = _Writer(model, surface, action).write()
        acting = next((f for f in request.headers if "{{" in f.value and not _is_ours(model, f.value)), None)
        if acting is not None:
            why = f"`{{{{` in the header {acting.name} would be a variable, and there is no escape for it"
            losses.append(Loss(action.origin, f"request of {action.name}", "dropped", why))
            continue
        requests.append(request)
        losses += _list_losses(model, action, request)
    if model.certificate is not None:
        why = "each client has its own settings for it"
        losses.append(Loss(model.certificate.origin, "client certificate", "client", why))
    return Collection(tuple(requests), tuple(list_variables(model)), tuple(losses))


def _find_obstacle(model: Model, action: Action) -> str:
    """Return why a collection has no request for an action; empty if it has one."""
    if action.signed is not None:
        return "only its sender can sign a call"
    if not action.on_rest and model.find_dispatcher(action) is None:
        return "only the MCP server has it"
    return ""


def _list_losses(model: Model, action: Action, request: CollectionRequest) -> Iterator[Loss]:
    """Yield what a request leaves to a person or leaves out."""
    more = len([e for e in action.examples if 200 <= e.status < 300]) - 1
    if more > 0:
        detail = "a collection has one request for each action"
        yield Loss((*action.origin, "examples"), f"further examples of {action.name}", "dropped", detail)
    files = [f.name for f in request.payload.fields if f.file] if request.payload is not None else []
    if files or (request.payload is not None and request.payload.kind == "file"):
        what = f"file {', '.join(files)}" if files else "file"
        yield Loss(action.origin, f"{what} of {action.name}", "client", "a person chooses it in the client")
    if model.idempotency is not None and action.idempotency is not None:
        at = next(p.origin for p in action.params if str(p.name) == action.idempotency)
        detail = "a person writes a new key for each call that is meant anew"
        yield Loss(at, f"new key of {action.name}", "client", detail)


# -- variables and keys


def name_variables(model: Model, credential: Credential) -> tuple[str, ...]:
    """Return the variables of a secret: one, or two for user and password."""
    if credential is model.credential:
        return ("user", "password") if credential.encoded else ("token",)
    return (
        (f"{credential.name}_user", f"{credential.name}_password")
        if credential.encoded
        else (credential.name,)
    )


def list_variables(model: Model) -> Iterator[Variable]:
    """Yield the base URLs and the keys of a collection."""
    yield Variable(BASE_URL, model.api.server.rstrip("/"), "The API's base URL")
    for name, server in model.servers.items():
        yield Variable(f"{name}_server", server.url.rstrip("/"), f"The base URL of {name}")
    for credential in model.credentials.values():
        names = name_variables(model, credential)
        if credential.encoded:
            yield Variable(names[0], "", "Your user name")
        says = credential.description or credential.noun
        if credential.encoded:
            says = "Your password"
        elif credential.exchange is not None:
            says = f"An access token from {credential.exchange.find_url(model.api.server)}"
        elif credential.by_users:
            says = "An access token"
        yield Variable(names[-1], "", says, secret=True)


def _is_ours(model: Model, text: str) -> bool:
    """True if the only variables in a text are those of keys."""
    for credential in model.credentials.values():
        for name in name_variables(model, credential):
            text = text.replace(f"{{{{{name}}}}}", "")
    return "{{" not in text


def _choose_credentials(model: Model, security: tuple[tuple[str, ...], ...]) -> list[Credential]:
    """Return the credentials of the first alternative that has some."""
    return [model.credentials[name] for name in next((one for one in security if one), ())]


def _find_auth(model: Model, credential: Credential) -> Auth | None:
    """Return the form in which HTTP clients present a credential; None if they have none."""
    names = [f"{{{{{name}}}}}" for name in name_variables(model, credential)]
    plainly = credential.place == "header" and credential.wire == AUTHORIZATION and not credential.tail
    if credential.encoded and plainly:
        return Auth("basic", names[1], user=names[0])
    if plainly and credential.lead.lower() == "bearer ":
        return Auth("bearer", names[0])
    if credential.place == "cookie" or credential.encoded:
        return None
    return Auth("apikey", credential.wrap(names[0]), name=credential.wire, place=credential.place)


# -- one request


@dataclass(frozen=True, slots=True)
class _Writer:
    """Write the request of one action."""

    model: Model
    surface: Surface
    action: Action

    def write(self) -> CollectionRequest:
        action = self.action
        dispatcher = None if action.on_rest else self.model.find_dispatcher(action)
        security = action.security if dispatcher is None else self.model.shared_security
        auth, keys = self._present(_choose_credentials(self.model, security))
        example = _choose_example(action)
        values = self._fill(dict(plain(example.input)) if example is not None else {})
        if dispatcher is not None:
            path = str(dispatcher.path)
            path_values: tuple[Field, ...] = ()
            query, headers = keys.get("query", ()), keys.get("header", ())
            text = _write_json(dispatcher.make_message(action, values))
            payload: Payload | None = Payload("json", JSON, text)
            method, server = dispatcher.method, BASE_URL
            segments = tuple(path.strip("/").split("/"))
        else:
            parts = encode_call(action, values)
            segments, path_values = self._split_path(values)
            query = (*self._read_query(parts.target), *keys.get("query", ()), *self._rest("query", values))
            headers = self._list_headers(parts.headers, keys, values)
            payload = self._write_body(values, parts.body) if parts.body is not None else None
            method = action.method
            server = f"{action.server}_server" if action.server is not None else BASE_URL
        if payload is not None and payload.content_type:
            headers = (*headers, Field("Content-Type", payload.content_type))
        return CollectionRequest(
            str(action.name),
            str(self.surface.text(action, "title")),
            str(self.surface.text(action, "description")),
            action.tags[0] if action.tags else "",
            method,
            server,
            segments,
            path_values,
            query,
            headers,
            auth,
            payload,
        )

    def _present(self, credentials: list[Credential]) -> tuple[Auth, dict[str, tuple[Field, ...]]]:
        """Return the key that clients know how to send, and the others as headers and pairs of the query."""
        chosen = Auth("none")
        headers: list[Field] = []
        query: list[Field] = []
        for credential in credentials:
            known = _find_auth(self.model, credential)
            if known is not None and chosen.kind == "none":
                chosen = known
                continue
            names = name_variables(self.model, credential)
            value = credential.wrap(" ".join(f"{{{{{name}}}}}" for name in names))
            if credential.place == "cookie":
                headers.append(Field(COOKIE, f"{credential.wire}={value}"))
            elif credential.place == "header":
                headers.append(Field(credential.wire, value))
            else:
                query.append(Field(encode(credential.wire), value))
        return chosen, {"header": tuple(headers), "query": tuple(query)}

    def _fill(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the example's arguments, without those that the surface omits, and with every required
        one.
        """
        omitted = self.surface.omit.get(str(self.action.name), ())
        filled = {name: value for name, value in values.items() if name not in omitted}
        for param in self.action.params:
            name = str(param.name)
            if name not in filled and (param.required or param.place == "path"):
                filled[name] = (
                    make_file(param.file).url
                    if param.file is not None
                    else make_sample(plain(param.schema), self.model.schemas)
                )
        return filled

    def _split_path(self, values: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[Field, ...]]:
        """Return the path's parts, with `:name` for each argument that is a whole part, and their values."""
        params = {f"{{{p.wire}}}": p for p in self.action.params if p.place == "path"}
        segments: list[str] = []
        fields: list[Field] = []
        for segment in str(self.action.path).strip("/").split("/"):
            param = params.get(segment)
            if param is not None and not param.reserved and param.wire.isidentifier():
                segments.append(f":{param.wire}")
                value = _encode_part(values[str(param.name)])
                fields.append(Field(param.wire, value, self.surface.param_text(self.action, param)))
                continue
            for placeholder, inner in params.items():
                segment = segment.replace(placeholder, _encode_part(values[str(inner.name)]))
            segments.append(f"%3A{segment[1:]}" if segment.startswith(":") else segment)
        return tuple(segments), tuple(fields)

    def _read_query(self, target: str) -> tuple[Field, ...]:
        """Return the pairs of an encoded query, each with its argument's description."""
        texts = {encode(p.wire): self.surface.param_text(self.action, p) for p in self._of("query")}
        query = target.partition("?")[2]
        split = [pair.partition("=") for pair in query.split("&")] if query else []
        return tuple(Field(name, value, texts.get(name, "")) for name, _, value in split)

    def _list_headers(
        self,
        encoded: tuple[tuple[str, str], ...],
        keys: Mapping[str, tuple[Field, ...]],
        values: Mapping[str, Any],
    ) -> tuple[Field, ...]:
        accepted = accept_of(self.action)
        texts = {p.wire: self.surface.param_text(self.action, p) for p in self._of("header")}
        made = [Field(name, " ".join(v.split()), texts.get(name, "")) for name, v in encoded]
        if accepted != JSON:
            made.insert(0, Field("Accept", accepted))
        cookies = [f for f in (*made, *keys.get("header", ())) if f.name == COOKIE]
        if len(cookies) > 1:
            joined = Field(COOKIE, "; ".join(f.value for f in cookies))
            made = [*(f for f in made if f.name != COOKIE), joined]
            return (*made, *(f for f in keys["header"] if f.name != COOKIE), *self._rest("header", values))
        return (*made, *keys.get("header", ()), *self._rest("header", values))

    def _of(self, place: str) -> Iterator[Param]:
        omitted = self.surface.omit.get(str(self.action.name), ())
        yield from (p for p in self.action.params if p.place == place and str(p.name) not in omitted)

    def _rest(self, place: str, values: Mapping[str, Any]) -> tuple[Field, ...]:
        """Return the optional arguments that are shown and not sent. One that is not one pair is not
        shown.
        """
        return tuple(
            Field(p.wire, "", self.surface.param_text(self.action, p), off=True)
            for p in self._of(place)
            if str(p.name) not in values and not p.odd_style
        )

    def _write_body(self, values: Mapping[str, Any], body: Body) -> Payload:
        medium = medium_of_action(self.action)
        if medium.typed:
            return Payload("json", body.content_type, _write_json(read_json(body.data).value))
        if medium.name == "octets":
            return Payload("file", body.content_type)
        if not medium.members:
            return Payload("text", body.content_type, body.data.decode("utf-8", "replace"))
        fields = tuple(self._list_parts(values))
        return Payload("multipart" if medium.files else "form", "", fields=fields)

    def _list_parts(self, values: Mapping[str, Any]) -> Iterator[Field]:
        """Yield the parts of a form. Each has its argument's description."""
        params = {str(p.name): p for p in self.action.params}
        for name, value in values.items():
            param = params.get(name)
            if param is None or not param.in_body:
                continue
            says = self.surface.param_text(self.action, param)
            if param.file is not None and parse_url(value) is not None:
                yield Field(param.wire, "", says, file=True)
                continue
            for key, text in pairs(param, value):
                yield Field(unquote(key), unquote(text), says)


def _encode_part(value: Any) -> str:
    return encode(text_of(value))


def _write_json(value: Any) -> str:
    """Return JSON over several lines in which no client finds a variable."""
    return http_json(json.dumps(plain(value), indent=2, ensure_ascii=False))


def _choose_example(action: Action) -> Example | None:
    """Return the first example that succeeds, else the first."""
    return next((e for e in action.examples if 200 <= e.status < 300), next(iter(action.examples), None))


def make_sample(schema: Any, schemas: Mapping[str, Any], depth: int = 0) -> Any:
    """Return a value of a schema: one that it names, else one of its type with the required members."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return "string"
    if "$ref" in schema:
        named = schemas.get(str(schema["$ref"]).rpartition("/")[2])
        return make_sample(plain(named) if named is not None else None, schemas, depth + 1)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return make_sample(schema[key][0], schemas, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if schema.get("allOf"):
        merged = [make_sample(part, schemas, depth + 1) for part in schema["allOf"]]
        if all(isinstance(part, dict) for part in merged):
            return {name: value for part in merged for name, value in part.items()}
        return merged[0]
    if kind == "object":
        members = schema.get("properties", {})
        return {
            name: make_sample(members.get(name), schemas, depth + 1) for name in schema.get("required", [])
        }
    if kind == "array" and schema.get("minItems"):
        count = min(int(schema["minItems"]), _MOST_ITEMS)
        return [make_sample(schema.get("items"), schemas, depth + 1)] * count
    if kind in ("integer", "number"):
        return max(schema.get("minimum", _SAMPLES[kind]), min(_SAMPLES[kind], schema.get("maximum", 1)))
    if kind == "string":
        text = _TEXTS.get(str(schema.get("format", "")), "string")
        return text.ljust(min(int(schema.get("minLength", 0)), _LONGEST), "x")[
            : int(schema.get("maxLength", len(text) + 99))
        ]
    return _SAMPLES.get(str(kind), "string")
