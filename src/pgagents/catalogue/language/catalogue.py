"""The root of the catalogue's language with its short forms, its JSON Schema, and the schemes that calls
use.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from pgagents.base.places import Pointer
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.auth import Auth, Scheme
from pgagents.catalogue.language.basics import Json, Line, Name, Schema, Security, Slug, Strict, Url
from pgagents.catalogue.language.errors import Errors
from pgagents.catalogue.language.platform import (
    Api,
    Audit,
    Behaviour,
    Browsers,
    Header,
    Idempotency,
    Limits,
    Retention,
    Webhooks,
)
from pgagents.catalogue.language.resources import Resource, Workflow
from pgagents.catalogue.language.surfaces import Surface


class Sandbox(Strict):
    """Settings of the running sandbox."""

    domain: Name | None = Field(
        None,
        description="The sandbox's domain module; without one, answers are made from examples and schemas.",
    )


class Operator(Strict):
    """Actions of the operator, which no agent surface offers."""

    clock: Name | None = Field(None, description="The action that moves the server's clock.")
    actions: dict[Name, Action] = Field({}, description="The operator's actions, by name.")


class Catalogue(Strict):
    """An API with everything that its agents' integrations need, stated once."""

    pgagents: Literal[1] = Field(description="The version of this language.")
    api: Api = Field(description="Names, texts and addresses.")
    security: Security | None = Field(
        None,
        description=(
            "The schemes that calls use, as in OpenAPI: `[{NAME: []}]` with a name under `auth.schemes`, "
            "`[{A: [], B: []}]` for two together, or `[]` for none. The default is the only scheme, and no "
            "key where there is none."
        ),
    )
    auth: Auth = Field(
        Auth(), description="Keys, plans, OAuth, and the identities that `verify` may be given."
    )
    limits: Limits = Field(Limits(), description="Rate limits, and the limits of agents' hosts.")
    errors: Errors = Field(description="The error envelope, its codes and statuses.")
    headers: dict[str, Header] = Field(default={}, description="Headers of answers, by name.")
    behaviour: Behaviour = Field(
        Behaviour(), description="Points in which servers may differ; a point that is not listed is open."
    )
    env: dict[Name, Json] = Field(
        default={},
        description="Default values, such as `place`, that a target's environment file may replace.",
    )
    schemas: dict[Name, Schema] = Field({}, description="JSON Schemas by name, for `$ref`.")
    actions: dict[Name, Action] = Field(
        min_length=1, description="The actions that agents can call, by name in snake_case."
    )
    operator: Operator | None = Field(
        None, description="Actions that control a sandbox, above all its clock."
    )
    groups: dict[Name, list[Name]] = Field(
        {}, description="Lists of actions by name, which surfaces can share."
    )
    surfaces: dict[Name, Surface] = Field(
        {}, description="Places where actions are offered: REST, a dispatcher, and each vendor."
    )
    resources: dict[Name, Resource] = Field(
        {}, description="Kinds of objects on the server, with how tests find, make, read and undo them."
    )
    workflows: dict[Slug, Workflow] = Field(
        {}, description="Sequences of calls that achieve a user's task, by name."
    )
    webhooks: Webhooks | None = Field(None, description="Events that the API sends out.")
    audit: Audit | None = Field(None, description="The log of what was done through the API.")
    browsers: Browsers | None = Field(None, description="The web pages that may call the API from a browser.")
    idempotency: Idempotency = Field(
        default=Idempotency(), description="The effect of a repeated call with the same idempotency key."
    )
    retention: dict[Slug, Retention] = Field(
        {},
        description=(
            "How long data is kept, by name. No check proves it: `verify` only takes it that older data may "
            "be gone."
        ),
    )
    sandbox: Sandbox = Field(Sandbox(), description="How `pgagents sandbox` serves this API.")
    excluded: dict[str, Line] = Field(
        default={},
        description="Statements of a source page that this catalogue leaves out, each with the reason.",
    )


KEY_VARIABLE = r"^([A-Za-z][A-Za-z0-9-]{0,60}:)?[A-Z_][A-Z0-9_]{0,100}$"
"""Matches the variable of the environment with a key, and the header in which it is sent."""


class OverDocument(Strict):
    """The OpenAPI document of a short catalogue, and which part of it is read."""

    document: Annotated[str, Field(min_length=1)] = Field(
        description="Its path, which begins at the catalogue's folder, or its URL."
    )
    from_: Url | None = Field(None, alias="from", description="The URL of which the file is a copy.")
    overlays: str | list[str] = Field(
        [], description="Files of the OpenAPI Overlay Specification that change it first."
    )
    include: str | list[str] = Field([], description="Only these operations: operationIds, or `GET /path`.")
    tags: str | list[str] = Field([], description="Only operations with one of these tags.")
    max: Annotated[int, Field(ge=1)] | None = Field(None, description="The most operations.")
    auth: str = Field("", description="The key of calls, if the document declares none: `header:X-Key`.")
    base_path: str = Field("", description="The path before all others, `/` for none.")
    sha256: Annotated[str, Field(pattern=r"^(sha256:)?[0-9a-f]{64}$")] | None = Field(
        None, description="The hash of its bytes; a document with another one is refused."
    )
    key: Annotated[str, Field(pattern=KEY_VARIABLE)] | None = Field(
        None,
        description="The variable with the key for its URL, `DOCS_KEY`; with a header: `X-Key:DOCS_KEY`.",
    )
    allow_remote: bool = Field(False, description="True if its references may leave its folder or its host.")


# -- schemes that calls use


Alternatives = tuple[tuple[str, ...], ...]
"""Alternatives, each with the names of the schemes that are needed together."""


def list_requirements(written: Catalogue) -> Iterator[tuple[Pointer, Security]]:
    """Yield every `security` in the file, with its place."""
    if written.security is not None:
        yield ("security",), written.security
    operator = written.operator.actions if written.operator else {}
    for base, actions in ((("actions",), written.actions), (("operator", "actions"), operator)):
        for name, action in actions.items():
            if action.security is not None:
                yield (*base, name, "security"), action.security


def list_alternatives(written: Catalogue, security: Security | None) -> Alternatives:
    """Return the alternatives of `security`. Without `security`, a single scheme is the only alternative.

    The users' scheme is left out if its tokens are sent in the place of a bearer key.
    """
    if security is None:
        names = list(written.auth.schemes)
        return ((names[0],),) if len(names) == 1 else ()
    beside = (find_user_scheme(written),) if find_carrier(written) != find_user_scheme(written) else None
    return tuple(need for each in security if (need := tuple(each)) != beside)


def find_user_scheme(written: Catalogue) -> str | None:
    """Return the name of the scheme with an authorization code flow, by which users sign in; None without
    one.
    """
    return next((n for n, s in written.auth.schemes.items() if s.flows and s.flows.authorization_code), None)


def find_carrier(written: Catalogue) -> str | None:
    """Return the scheme in whose place calls send the tokens of users; None if users do not sign in.

    It is a bearer scheme if both schemes are alone in exactly the same alternatives. Otherwise it is the
    users' scheme itself.
    """
    users = find_user_scheme(written)
    if users is None or _has_client(written.auth.schemes[users]):
        return users
    needs = [[tuple(need) for need in security] for _, security in list_requirements(written)]
    together = any(users in need and len(need) > 1 for each in needs for need in each)
    for name, scheme in written.auth.schemes.items():
        bearer = scheme.type == "http_bearer" or _has_client(scheme)
        if bearer and not together and _stand_together(needs, users, name):
            return name
    return users


def _has_client(scheme: Scheme) -> bool:
    return scheme.flows is not None and scheme.flows.client_credentials is not None


def _stand_together(needs: list[list[tuple[str, ...]]], users: str, name: str) -> bool:
    both = {((users,) in each, (name,) in each) for each in needs}
    return (True, True) in both and both <= {(True, True), (False, False)}


def list_used_schemes(written: Catalogue) -> list[str]:
    """Return the schemes that calls use, those of ordinary calls first."""
    ordinary = (name for need in list_alternatives(written, written.security) for name in need)
    named = (
        name
        for _, security in list_requirements(written)
        for need in list_alternatives(written, security)
        for name in need
    )
    return list(dict.fromkeys((*ordinary, *named)))


# -- the JSON Schema for editors


# short forms of a whole value, by class
_SHORT: dict[str, dict[str, Any]] = {
    "Law": {"type": "string", "minLength": 1, "description": "Just the condition."},
    "Hint": {"type": "boolean", "description": "Just the value."},
    "Effect": {"enum": ["read", "write"], "description": "Just the value."},
    "Code": {"type": "integer", "minimum": 100, "maximum": 599, "description": "Just the status."},
}
# members that accept one value in place of a list
_ONE_OF_LIST = {"cite": "*", "on": "Header", "read_by": "Resource", "listed_by": "Resource"}


def document() -> dict[str, Any]:
    """Return the schema as plain data."""
    made = Catalogue.model_json_schema(by_alias=True)
    classes = made["$defs"]
    for name, schema in classes.items():
        for member, owner in _ONE_OF_LIST.items():
            if member in schema.get("properties", {}) and owner in ("*", name):
                schema["properties"][member] = _or_one(schema["properties"][member])
    classes["CatalogueCall"]["properties"]["input"] = _or(
        classes["CatalogueCall"]["properties"]["input"],
        {"type": "string", "pattern": "^=", "description": "An expression that gives all arguments."},
    )
    for schema in list(_mappings(made)):
        if "patternProperties" in schema:
            schema.setdefault(
                "additionalProperties", False
            )  # pydantic lists the allowed patterns, but does not close the object
    for name, short in _SHORT.items():
        classes[name] = {"anyOf": [short, classes[name]]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "pgagents catalogue"}


def render() -> bytes:
    """Return the content of the schema's file, which editors hold whole and short catalogues to."""
    return (json.dumps(for_editors(), ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


# -- the same for a short catalogue, which lies over a document


OVER = "openapi"
"""The key of a catalogue over a document, which only commands open."""
_WHOLE = ("CatalogueCall", "Example", "Step")
"""Parts that are replaced as a whole, so that each is complete."""
_SIGNED = (
    "errors",
    "always",
    "tags",
    "may_change",
    "fixed",
    "volatile",
    "reads_change",
    "needs",
    "groups",
    "actions",
)
"""Keys with lists of names, in which a sign adds a name or takes one out."""
_REMOVES = {"type": "null"}
_SEVERAL = r"^(\* |(GET|QUERY|POST|PUT|PATCH|DELETE) .*\*)"
"""Matches the keys of a short catalogue's entries that stand for several operations."""


def for_editors() -> dict[str, Any]:
    """Return the schema of both kinds of catalogue. In a short one nothing is required, and null removes."""
    whole = document()
    classes = whole.pop("$defs")
    head = {key: whole.pop(key) for key in ("$schema", "title")}
    short = {f"Short{name}": _shorten(part) for name, part in classes.items() if name not in _WHOLE}
    return {
        **head,
        "if": {"required": [OVER]},
        "then": {"$ref": "#/$defs/ShortCatalogue"},
        "else": {"$ref": "#/$defs/Catalogue"},
        "$defs": {**classes, "Catalogue": whole, **short, "ShortCatalogue": _shorten_root(whole)},
    }


def _shorten_root(whole: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a short catalogue's file."""
    short = _shorten(whole)
    source = OverDocument.model_json_schema(by_alias=True)
    short["properties"][OVER] = {
        "description": "The OpenAPI document that this file lies over, which is read each time.",
        "anyOf": [{"type": "string", "minLength": 1, "description": "Just its path or URL."}, source],
    }
    several = "Each operation that fits: a method or *, and a path in which * is any text."
    entry = {"$ref": "#/$defs/ShortAction"}
    without_name = {"allOf": [entry], "not": {"required": ["operation"]}}
    short["properties"]["actions"] = {
        "description": (
            "What is to be said of operations, by name, operationId, `GET /path`, or pattern: `* /notes/{}*`."
        ),
        "type": "object",
        "patternProperties": {_SEVERAL: {"description": several, "anyOf": [without_name, _REMOVES]}},
        "additionalProperties": {"anyOf": [entry, _REMOVES]},
    }
    return {**short, "required": ["pgagents", OVER]}


def _shorten(schema: Any) -> Any:
    """Return a copy in which nothing is required, members may be null, and lists of names may have signs."""
    if isinstance(schema, list):
        return [_shorten(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: _shorten(value)
        for key, value in schema.items()
        if key not in ("properties", "patternProperties", "minProperties", "minItems")
        and not (key == "required" and isinstance(value, list))
    }
    if isinstance(name := schema.get("$ref"), str) and name.rpartition("/")[2] not in _WHOLE:
        made["$ref"] = name.replace("/$defs/", "/$defs/Short")
    for key in ("properties", "patternProperties"):
        if key in schema:
            made[key] = {name: _shorten_member(name, part) for name, part in schema[key].items()}
    if isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = {"anyOf": [made["additionalProperties"], _REMOVES]}
    if "http" in made.get("properties", {}) and "effect" in made["properties"]:
        made["properties"]["operation"] = {
            "description": "Method and path, or operationId, of the operation that gets this name.",
            "anyOf": [{"type": "string", "minLength": 1}],
        }
    return made


def _shorten_member(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    made = _shorten(schema)
    if name in _SIGNED:
        made = _sign(made)
    made.pop("title", None)
    if _REMOVES in made.get("anyOf", ()):
        return dict(made)
    said = {"description": made.pop("description")} if "description" in made else {}
    return {**said, "anyOf": [made, _REMOVES]}


def _sign(schema: Any) -> Any:
    """Return a schema whose lists take names with a sign."""
    if isinstance(schema, dict):
        items = schema.get("items")
        if isinstance(items, dict) and isinstance(items.get("pattern"), str):
            pattern = items["pattern"].replace("^", "^[+-]?", 1)
            return {**schema, "items": {**items, "pattern": pattern}}
        return {key: _sign(value) for key, value in schema.items()}
    return [_sign(item) for item in schema] if isinstance(schema, list) else schema


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping inside a value, parents first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(inner)


def _or_one(schema: dict[str, Any]) -> dict[str, Any]:
    return _or(schema, schema["items"])


def _or(schema: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {key: schema[key] for key in ("description", "default", "title") if key in schema}
    return {**told, "anyOf": [{k: v for k, v in schema.items() if k not in told}, other]}
