"""Make small parts of an OpenAPI document: parameters, bodies, headers, examples, security; and its profiles.

Schemas are those of the catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.base.places import Node, Pointer, Text
from pgagents.catalogue.encoding.medium import list_types
from pgagents.catalogue.model.action import Action, Example, Param
from pgagents.catalogue.model.answers import AnswerHeader
from pgagents.catalogue.model.credential import CodeFlow, Credential
from pgagents.catalogue.model.model import Header, Model, Server, Variable
from pgagents.catalogue.model.surface import Dispatcher, Surface

JSON = "application/json"


def info(model: Model, surface: Surface | None = None) -> Node:
    """Return title, version, description and contact, in the surface's wording."""
    api, described = model.api, model.text("api", "for_people")
    members: dict[str, Any] = {
        "title": (surface.title if surface else "") or model.text("api", "title"),
        "version": model.text("api", "version"),
        "description": (surface.description if surface else "") or described,
    }
    if api.terms:
        members["termsOfService"] = model.text("api", "terms")
    members["contact"] = Node({"email": model.text("api", "contact")}, origin=("api", "contact"))
    return Node(members, origin=("api",))


def servers(model: Model, profile: Profile) -> list[Node]:
    """Return the one server that manifests list; assistants get its URL without variables."""
    if profile.complete:
        return [server(model.server)]
    return [Node({"url": Text(model.server.url, ("api", "server"))}, origin=("api", "server"))]


def server(described: Server) -> Node:
    """Return the Server Object."""
    members: dict[str, Any] = {"url": described.template}
    if described.description:
        members["description"] = Text(described.description, (*described.origin, "description"))
    if described.variables:
        members["variables"] = Node(
            {v.name: _variable(v) for v in described.variables}, origin=(*described.origin, "variables")
        )
    return Node(members, origin=described.origin)


def _variable(variable: Variable) -> Node:
    members: dict[str, Any] = {"default": Text(variable.default, (*variable.origin, "default"))}
    if variable.values:
        members["enum"] = list(variable.values)
    if variable.description:
        members["description"] = Text(variable.description, (*variable.origin, "description"))
    return Node(members, origin=variable.origin)


def tags(actions: Iterable[Action]) -> list[Node]:
    """Return every tag once, in order of first use."""
    first: dict[str, Node] = {}
    for action in actions:
        for index, tag in enumerate(action.tags):
            first.setdefault(tag, Node({"name": tag}, origin=(*action.origin, "tags", index)))
    return list(first.values())


def security_schemes(model: Model, profile: Profile) -> Node:
    """Return the security schemes of calls; a complete document has the users' scheme too.

    OpenAPI has no member for a text around an API key, so the description mentions it.
    """
    schemes = Node(origin=("auth", "schemes"))
    for credential in profile.credentials(model).values():
        schemes[credential.name] = _scheme(model, profile, credential)
    users = model.code_flow
    if schemes and profile.complete and users is not None and users.beside:
        at = users.origin[:3]
        scheme = Node({"type": "oauth2"}, origin=at)
        if described := model.text(*at, "description"):
            scheme["description"] = described
        scheme["flows"] = Node({"authorizationCode": _code_flow(users)}, origin=at)
        schemes[users.scheme] = scheme
    return schemes


def _code_flow(users: CodeFlow) -> Node:
    flow = {
        "authorizationUrl": Text(users.urls["authorization_url"], users.place("authorize")),
        "tokenUrl": Text(users.urls["token_url"], users.place("token")),
        "scopes": Node(users.scopes, origin=(*users.origin, "scopes")),
    }
    return Node(flow, origin=users.origin)


def _scheme(model: Model, profile: Profile, credential: Credential) -> Node:
    """Return a Security Scheme Object. A document for assistants has only the flow by which users sign in."""
    at: Pointer = credential.origin
    scheme = Node(credential.openapi, origin=at)
    described = model.text(*at, "description")
    if credential.framed and credential.word not in described:
        called = "header" if credential.place == "header" else credential.place
        said = f"The {called}'s value is `{credential.wrap('KEY')}`."
        described = Text(f"{described} {said}".strip(), (*at, "value"))
    if described:
        scheme["description"] = described
    flows = Node(origin=at)
    if credential.exchange is not None and (profile.complete or not credential.by_users):
        flow = {
            "tokenUrl": Text(credential.exchange.find_url(model.api.server), at),
            "scopes": Node(credential.exchange.scopes, origin=at),
        }
        flows["clientCredentials"] = Node(flow, origin=at)
    if credential.by_users and model.code_flow is not None:
        flows["authorizationCode"] = _code_flow(model.code_flow)
    if flows:
        scheme["flows"] = flows
    return scheme


def list_user_scopes(model: Model, action: Action) -> list[str]:
    """Return the scopes that a user's token needs for this action."""
    return model.code_flow.find_scopes(str(action.name)) if model.code_flow is not None else []


def security(
    model: Model,
    profile: Profile,
    alternatives: Alternatives,
    scopes: Sequence[str] = (),
) -> list[Node]:
    """Return the security requirements of calls with these alternatives.

    A complete document adds an alternative: a user's token with these scopes instead of the key.
    """
    found = profile.security(alternatives)
    first = next((name for one in found for name in one), None)
    origin = model.credentials[first].origin if first is not None else ("security",)
    users = model.code_flow
    own = users.scheme if users is not None and profile.complete else None
    needs = [
        Node({name: list(scopes) if name == own else [] for name in one}, origin=origin) for one in found
    ]
    if profile.complete and users is not None and users.beside and (users.carrier,) in found:
        at = len([one for one in found if one])
        needs.insert(at, Node({users.scheme: list(scopes)}, origin=users.origin))
    return needs


def parameter(action: Action, param: Param, description: str, *, examples: bool, complete: bool) -> Node:
    """Return one path, query or header parameter, which has the description instead of its schema.

    Assistants do not support `allowReserved`: they encode reserved characters, which means the same in a
    query.
    """
    schema = Node({k: v for k, v in param.schema.items() if k != "description"}, origin=param.origin)
    members: dict[str, Any] = {"name": wire_name(param), "in": param.place, "required": param.required}
    if description:
        members["description"] = description
    shown = {"examples": found} if examples and (found := _values(action, param)) else {}
    if param.json:
        media = Node({"schema": schema, **shown}, origin=param.origin)
        members["content"] = Node({JSON: media}, origin=(*param.origin, "content_type"))
        return Node(members, origin=param.origin)
    if param.odd_style:
        members |= style_of(param)
    if complete and param.reserved and param.place == "query":
        members["allowReserved"] = True
    return Node({**members, "schema": schema, **shown}, origin=param.origin)


def constant_header(name: str, value: str) -> Node:
    """Return the parameter of a constant header."""
    at = ("api", "request_headers", name)
    schema = Node({"type": "string", "const": Text(value, at)}, origin=at)
    return Node({"name": name, "in": "header", "required": True, "schema": schema}, origin=at)


def _encoding_of(param: Param) -> dict[str, Any]:
    """Return the Encoding Object of a member of a form."""
    if param.file is not None:
        return {"contentType": Text(", ".join(param.file.media), (*param.origin, "media"))}
    return style_of(param)


def style_of(param: Param) -> dict[str, Any]:
    """Return the members that state how a list or object is written as text."""
    return {"style": Text(param.style, (*param.origin, "style")), "explode": param.explode}


def wire_name(param: Param) -> Text:
    """Return the argument's name on the wire, with its origin.

    A path placeholder uses the argument's own name.
    """
    return (
        Text(param.catalogue_name, param.origin)
        if param.place == "path"
        else Text(param.wire, (*param.origin, "wire"))
    )


def _values(action: Action, param: Param) -> Node:
    shown = Node(origin=(*action.origin, "examples"))
    seen: list[Any] = []
    for example in succeeding(action):
        value = example.input.get(param.catalogue_name)
        if value is None or any(value == other and type(value) is type(other) for other in seen):
            continue
        seen.append(value)
        shown[example.name] = make_example(example, value, "input")
    return shown


def succeeding(action: Action) -> list[Example]:
    """Return the documented calls with a 2xx response."""
    return [e for e in action.examples if 200 <= e.status < 300]


def _sending(action: Action) -> list[Example]:
    """Return the documented calls whose bodies are valid.

    A signature expires, so a signed call has no documented 2xx response. Its bodies are taken from calls that
    are refused for their signature.
    """
    good = succeeding(action)
    if good or action.signed is None:
        return good
    wanted = {str(p.name) for p in action.params if p.place == "body" and p.required}
    return [e for e in action.examples if action.signed.header in e.input and wanted <= e.input.keys()]


def make_example(example: Example, value: Any, key: str) -> Node:
    """Return an Example Object."""
    if isinstance(value, Mapping):
        value = Node(value, origin=(*example.origin, key))
    return Node({"summary": example.title, "value": value}, origin=(*example.origin, key))


def body_schema(action: Action, params: Iterable[Param], texts: Mapping[str, str]) -> Node | None:
    """Return the schema of the JSON object that a call sends, or None if no argument is sent in the body."""
    params = list(params)
    for param in params:
        if param.place == "whole_body":
            return _sent_schema(param, texts[str(param.name)])
    chosen = [p for p in params if p.place == "body"]
    if not chosen:
        return None
    at = (*action.origin, "input")
    schema = Node({"type": "object"}, origin=at)
    schema["properties"] = Node({p.wire: _sent_schema(p, texts[str(p.name)]) for p in chosen}, origin=at)
    if required := [p.wire for p in chosen if p.required]:
        schema["required"] = required
    if action.unknown == "refused":
        schema["additionalProperties"] = False
    return schema


def list_groups(action: Action, params: Iterable[Param]) -> list[Node]:
    """Return a schema for each group of the body's members, of which a call gives exactly one.

    The list is empty if the action has no groups, or if some members of a group are not in the body.
    """
    wires = {str(p.name): p.wire for p in params if p.place == "body"}
    if not action.either or not all(name in wires for group in action.either for name in group):
        return []
    origin = (*action.origin, "either")
    return [Node({"required": [wires[name] for name in group]}, origin=origin) for group in action.either]


def _sent_schema(param: Param, text: str) -> Node:
    """Return the schema of an argument inside the body, where a file is bytes."""
    if param.file is None:
        return add_description(param, text)
    members: dict[str, Any] = {"type": "string", "format": "binary"}
    if param.file.max_bytes is not None:
        members["maxLength"] = param.file.max_bytes
    if text:
        members["description"] = Text(
            text.partition(" A file as a data URL")[0], (*param.origin, "description")
        )
    return Node(members, origin=param.origin)


def add_description(param: Param, text: str) -> Node:
    """Return the argument's schema with this description."""
    if param.schema.get("description", "") == text:
        return param.schema
    return Node({**param.schema, "description": text}, origin=param.origin)


def request_body(action: Action, schema: Node, params: Iterable[Param], *, examples: bool) -> Node:
    """Return a request body, which is required if one of its members is."""
    media = Node({"schema": schema}, origin=schema.origin)
    styled = [p for p in params if p.place == "body" and (p.odd_style or (p.file and p.file.media))]
    if styled:
        encoding = {p.wire: Node(_encoding_of(p), origin=p.origin) for p in styled}
        media["encoding"] = Node(encoding, origin=schema.origin)
    if examples:
        wires = {str(p.name): p.wire for p in params if p.place == "body"}
        whole = next((str(p.name) for p in params if p.place == "whole_body" and p.file is None), None)
        shown = {
            e.name: make_example(e, {wires[k]: v for k, v in e.input.items() if k in wires}, "input")
            for e in _sending(action)
            if any(k in wires for k in e.input)
        }
        if whole is not None:
            shown = {
                e.name: make_example(e, e.input[whole], "input") for e in _sending(action) if whole in e.input
            }
        if shown:
            media["examples"] = Node(shown, origin=(*action.origin, "examples"))
    whole_file = next((p for p in params if p.place == "whole_body" and p.file is not None), None)
    types = list_types(action, whole_file) if whole_file is not None else (action.content_type,)
    needed = any(p.required for p in params if p.in_body) or "oneOf" in schema
    return Node(
        {
            "required": needed,
            "content": Node(
                {Text(kind, (*action.origin, "content_type")): media for kind in types}, origin=schema.origin
            ),
        },
        origin=schema.origin,
    )


# -- headers of answers


HEADERS = "#/components/headers/"
_COMPONENT = re.compile(r"[A-Za-z0-9._-]+\Z")


def header_components(model: Model) -> Node:
    """Return every response header as a component; `const` becomes part of its schema."""
    return Node({h.name: _header(h) for h in model.headers if _COMPONENT.match(h.name)}, origin=("headers",))


def _header(header: Header) -> Node:
    schema = Node(header.schema, origin=header.schema.origin)
    if header.const is not None:
        schema["const"] = Text(header.const, (*header.origin, "const"))
    required = not header.https  # loopback servers speak plain http, and must satisfy the document too
    return Node(
        {"description": header.description, "required": required, "schema": schema}, origin=header.origin
    )


def response_headers(model: Model, status: int, *, keyed: bool) -> Node:
    """Return the headers of responses with this status.

    A response to a missing or refused key has no headers that are only `on: keyed`.
    """
    of_keys = {code.status for code in (model.no_key, model.wrong_key) if code is not None}
    kinds: set[str | int] = {"all", status}
    if keyed and status not in of_keys:
        kinds.add("keyed")
    if 200 <= status < 300:
        kinds.add("success")
    if status >= 400:
        kinds.add("error")
    found = Node(origin=("headers",))
    for header in model.headers:
        if kinds & set(header.on):
            found[header.name] = header_reference(header)
    for name, header in limit_headers(model, status).items():
        found.setdefault(name, header)
    return found


def answer_header(header: AnswerHeader) -> Node:
    """Return a header of one response."""
    members = {"description": header.description, "required": header.required, "schema": header.schema}
    return Node(members, origin=header.origin)


def limit_headers(model: Model, status: int) -> Node:
    """Return the limit's headers that only `limits` names. No answer is required to have them."""
    at, reader = ("limits", "headers"), model.limit_reader
    named = {header.name.lower() for header in model.headers}
    given = reader.names if 200 <= status < 300 or status in reader.statuses else []
    texts = {name: (f"The rate limit, as {given_form(model)}", "string") for name in given}
    if model.limits.headers is not None and model.limits.headers.limit:
        texts = dict.fromkeys(given, ("A number of the rate limit", "integer"))
    if status in reader.statuses and model.limits.headers is not None:
        texts[reader.retry] = ("Seconds to wait, or a date to wait for", "string")
    return Node(
        {
            name: Node({"description": said, "schema": Node({"type": kind}, origin=at)}, origin=at)
            for name, (said, kind) in texts.items()
            if name.lower() not in named
        },
        origin=at,
    )


def list_limit_headers(model: Model) -> list[str]:
    """Return the names of the headers that only `limits` names."""
    statuses = (200, *sorted(model.limit_reader.statuses))
    return list(dict.fromkeys(name for status in statuses for name in limit_headers(model, status)))


def given_form(model: Model) -> str:
    """Describe the form of the limit's header in words."""
    if model.limits.headers.ietf:
        return "draft-ietf-httpapi-ratelimit-headers defines it"
    return f"`{model.limits.headers.pattern}`"


def header_reference(header: Header) -> Node:
    """Return a reference to the header's component, or the header itself if its name is not a valid component
    name.
    """
    named = _COMPONENT.match(header.name)
    return Node({"$ref": HEADERS + header.name}, origin=header.origin) if named else _header(header)


# -- profiles


Alternatives = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """The operations of an OpenAPI document, and the parts it shows of each.

    If `surface` is None, it has the whole API. `complete` adds headers, narrowed error envelopes, OAuth,
    cookies and typed dispatcher responses. Documents for assistants lack these. `consequential` marks
    operations that an assistant must confirm with a person.
    """

    version: str
    surface: Surface | None
    complete: bool
    header_params: bool
    examples: bool
    consequential: bool
    schemes: tuple[str, ...] | None = None
    """The credentials that the document offers; None for all."""

    @property
    def json_errors(self) -> bool:
        """True if the document shows error bodies only of type `application/json`, as Copilot's does."""
        return self.version.startswith("3.0")

    def actions(self, model: Model) -> tuple[Action, ...]:
        """Return the actions that have their own operations.

        A document for an assistant has only the API's own server, because the key is sent to no other one.
        """
        offered = self.surface.actions if self.surface else model.actions
        return tuple(a for a in offered if a.in_openapi_31 and (self.complete or a.server is None))

    def actions_apart(self, model: Model) -> tuple[Action, ...]:
        """Return the actions on other servers that the document lacks, and that none of its dispatchers
        offers.
        """
        offered = self.surface.actions if self.surface else model.actions
        shown = {str(a.name) for d in self.dispatchers(model) for a in d.actions}
        return tuple(
            a for a in offered if a.server is not None and not self.complete and str(a.name) not in shown
        )

    def actions_elsewhere(self, model: Model) -> tuple[Action, ...]:
        """Return the actions that cannot be called through any operation of the document."""
        offered = self.surface.actions if self.surface else model.actions
        shown = {str(a.name) for d in self.dispatchers(model) for a in d.actions}
        return tuple(a for a in offered if not a.on_rest and str(a.name) not in shown)

    def dispatchers(self, model: Model) -> tuple[Dispatcher, ...]:
        """Return the dispatchers that the document offers besides its actions."""
        return model.dispatchers if self.surface is None or self.surface.dispatcher else ()

    def credentials(self, model: Model) -> dict[str, Credential]:
        """Return the credentials that the document describes, by scheme."""
        return {n: c for n, c in model.credentials.items() if self.schemes is None or n in self.schemes}

    def security(self, alternatives: Alternatives) -> Alternatives:
        """Return the alternatives that the document's credentials satisfy.

        A document for one host has at most one, because hosts do not choose. It is never the one without a
        key.
        """
        if self.schemes is None:
            return alternatives
        return tuple(one for one in alternatives if one and set(one) <= set(self.schemes))[:1]

    def params(self, action: Action) -> tuple[Param, ...]:
        """Return the action's arguments that the document offers."""
        offered = self.surface.params(action) if self.surface else action.params
        lost = {"header": not self.header_params, "cookie": not self.complete}
        return tuple(param for param in offered if not lost.get(param.place))

    def text(self, action: Action, what: str) -> str:
        """Return the action's title or description in the surface's wording."""
        own = action.texts.get(self.surface.name) if self.surface else None
        chosen: str = (getattr(own, what) if own else None) or getattr(action, what)
        return chosen

    def param_text(self, action: Action, param: Param) -> str:
        """Return the argument's description in the surface's wording."""
        return self.surface.param_text(action, param) if self.surface else param.description
