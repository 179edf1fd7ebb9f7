"""Offers: how each vendor's document describes an action, its arguments and its answers.

They come from the views from which the documents are rendered, so a new vendor only needs a new target. The
form of a view is recognised by its data. It is an OpenAPI document, or a list of functions in the order of
the surface's actions, with former names included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents import registry
from pgagents.generate.formerly import list_offered
from pgagents.generate.target import PATHS, Target
from pgagents.model.surface import Surface
from pgagents.verify.check.setting import Setting
from pgagents.verify.projections.schema import Gaps, gaps, read_as_2020, schema_of_parameter
from pgagents.verify.wire.endpoint import REST, Endpoint

TARGETS = "pgagents.generate.targets"
RESPONSES = "#/components/responses/"
JSON = "application/json"

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Projection:
    """The description of one action in one document.

    `arguments` is the schema of a model's message; if `wrapped`, the schema of the dispatcher's whole object.
    `answers` maps each status to the body's schema (None if there is no body). It is None if the document
    describes no answers. `named` holds the schemas that both refer to. `gaps` are optional members that a
    strict model always sends, as null for an omitted one.
    """

    document: str
    arguments: Schema
    answers: Mapping[int, Mapping[str, Any] | None] | None
    wrapped: bool = False
    gaps: Gaps | None = None
    named: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """An action on a surface, the endpoint that its calls use, and all documents that describe it."""

    surface: Surface
    endpoint: Endpoint
    said: tuple[Projection, ...]

    @property
    def place(self) -> str:
        """The last part of the ids of its contracts: `<action>@<surface>`."""
        return f"{self.endpoint.action.name}@{self.surface.name}"

    @property
    def via(self) -> str:
        """The wire surface of its calls; empty if that is REST or the offer's own surface."""
        return "" if self.endpoint.surface in (REST, self.surface.name) else self.endpoint.surface

    @property
    def documents(self) -> str:
        """The names of its documents, joined for a sentence."""
        return " and ".join(dict.fromkeys(s.document for s in self.said))


def offers(setting: Setting) -> tuple[Offer, ...]:
    """Return the offers of all documents, computed once a run."""
    return setting.compute_once(("vendor", "offers"), lambda: tuple(_offers(setting)))


def _offers(setting: Setting) -> Iterator[Offer]:
    found: dict[tuple[str, str], Offer] = {}
    for surface, endpoint, said in _collect_projections(setting):
        key = (surface.name, endpoint.place)
        known = found.get(key)
        found[key] = (
            Offer(surface, endpoint, (said,)) if known is None else replace(known, said=(*known.said, said))
        )
    yield from found.values()


def _collect_projections(setting: Setting) -> Iterator[tuple[Surface, Endpoint, Projection]]:
    model = setting.model
    for module in registry.collect(TARGETS).values():
        target = module.TARGET
        if (
            not isinstance(target, Target)
            or target.part not in (None, PATHS)
            or (target.surface or REST) not in model.surfaces
        ):
            continue
        surface = model.surfaces[target.surface or REST]
        document = target.outputs[0]
        if not document.endswith((".json", ".yaml")):
            continue
        context = target.view(model).context
        if "openapi" in context and "paths" in context:
            yield from _of_openapi(setting, surface, document, context)
        elif target.surface is not None:
            yield from _of_functions(setting, surface, document, context)


def _of_functions(
    setting: Setting, surface: Surface, document: str, context: Mapping[str, Any]
) -> Iterator[tuple[Surface, Endpoint, Projection]]:
    model = setting.model
    functions = next((v for v in context.values() if _is_functions(v)), ())
    every = list_offered(surface)
    if len(functions) != len(every):
        return
    for action, function in zip(every, functions, strict=True):
        endpoint = setting.find_lead(str(action.name))
        if endpoint is None or action.alias_of is not None:
            continue  # the function of a former name equals that of the present name
        arguments = getattr(function, "parameters", None) or getattr(function, "input", None) or {}
        answer = getattr(function, "response", None) or getattr(function, "output", None)
        answers = {action.success.status: answer} if answer else None
        read = read_as_2020(arguments, {}) or {"type": "object"}
        lacking = gaps(read, action.input_schema(), model.schemas)
        yield surface, endpoint, Projection(document, read, answers, gaps=lacking)


def _is_functions(value: Any) -> bool:
    """True for a list of functions: each has a name, and `parameters` or `input`."""
    if not isinstance(value, tuple | list) or not value:
        return False
    return all(hasattr(v, "name") and (hasattr(v, "parameters") or hasattr(v, "input")) for v in value)


def _of_openapi(
    setting: Setting, surface: Surface, document: str, whole: Mapping[str, Any]
) -> Iterator[tuple[Surface, Endpoint, Projection]]:
    model = setting.model
    components = whole.get("components", {})
    named = components.get("schemas", {})
    for endpoint in setting.endpoints:
        operation = whole["paths"].get(endpoint.path, {}).get(endpoint.method.lower())
        if operation is None or not _is_offered(surface, endpoint):
            continue
        answers = {int(s): _body(r, components) for s, r in operation["responses"].items() if s.isdigit()}
        own = model.surfaces[endpoint.surface] if surface.name == REST else surface
        if endpoint.json_rpc is not None:
            answers = _unwrap(endpoint, answers)
        if endpoint.dispatcher is not None:
            yield (
                own,
                endpoint,
                Projection(
                    document, _find_body_schema(operation, components), answers, wrapped=True, named=named
                ),
            )
        else:
            yield (
                own,
                endpoint,
                Projection(document, _arguments(endpoint, operation, components), answers, named=named),
            )


def _unwrap(endpoint: Endpoint, answers: dict[int, Any]) -> dict[int, Any]:
    """Return the answers inside a JSON-RPC dispatcher's messages: the result under 200, each error under its
    status.
    """
    properties = (answers.get(200) or {}).get("properties", {})
    error = properties.get("error", {}).get("properties", {}).get("data") or {"type": "object"}
    inside = dict.fromkeys((code.status for code in endpoint.action.errors), error)
    return {**inside, **answers, 200: properties.get("result")}


def _is_offered(surface: Surface, endpoint: Endpoint) -> bool:
    """True if the surface has the endpoint's action; a dispatcher may also take actions that the surface
    lacks.
    """
    return surface.name == REST or any(a.name == endpoint.action.name for a in surface.actions)


def _arguments(endpoint: Endpoint, operation: Mapping[str, Any], components: Mapping[str, Any]) -> Schema:
    """Return an operation's parameters and body as one object schema with the arguments' names, headers
    excluded.
    """
    names = {(p.place, p.wire): str(p.name) for p in endpoint.params}
    schemas = components.get("schemas", {})
    body = _find_body_schema(operation, components)
    members = {names.get(("body", k), k): v for k, v in body.get("properties", {}).items()}
    required = [names.get(("body", k), k) for k in body.get("required", ())]
    whole = next((str(p.name) for p in endpoint.params if p.place == "whole_body"), None)
    if whole is not None and "requestBody" in operation:
        members, required = {whole: body}, [whole] if operation["requestBody"].get("required") else []
        body = {"additionalProperties": False}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header":
            continue
        name = names.get((parameter["in"], parameter["name"]), parameter["name"])
        members[name] = read_as_2020(schema_of_parameter(parameter), schemas)
        if parameter.get("required"):
            required.append(name)
    for param in endpoint.params:  # a file is bytes in the document, and a data URL among the arguments
        if param.file is not None and str(param.name) in members:
            members[str(param.name)] = read_as_2020(param.schema, schemas)
    for param in endpoint.params:  # a caller cannot send an argument that the document leaves out
        if param.place not in ("header", "cookie"):
            members.setdefault(str(param.name), False)
    further = body.get("additionalProperties", True)
    return {"type": "object", "properties": members, "required": required, "additionalProperties": further}


def _find_body_schema(operation: Mapping[str, Any], components: Mapping[str, Any]) -> Schema:
    content = operation.get("requestBody", {}).get("content", {})
    media: Mapping[str, Any] = content.get(JSON) or next(iter(content.values()), {})
    return read_as_2020(media.get("schema", {}), components.get("schemas", {}))


def _body(response: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of a response's JSON body; None if it has none."""
    reference = response.get("$ref")
    if isinstance(reference, str):
        response = components.get("responses", {}).get(reference.removeprefix(RESPONSES), {})
    found: Mapping[str, Any] | None = response.get("content", {}).get(JSON, {}).get("schema")
    return found
