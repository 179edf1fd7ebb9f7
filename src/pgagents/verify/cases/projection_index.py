"""Index, for each endpoint, which calls the vendors' documents allow, and what they promise of answers.

The index reads the views from which the documents are rendered. Each target with `describes` says of its
actions which arguments a model may send and what is answered. So a new vendor only needs a new target.

The index is compiled once a run. Vendors with equal schemas share one validator. All promises about an answer
are tested at once, and one by one only if that fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base.jsonschema.schema import validator
from pgagents.base.places import plain
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.actions import list_offered
from pgagents.generate.build import targets
from pgagents.generate.target import Function, Target
from pgagents.verify.cases.as_sent import stand_ins
from pgagents.verify.cases.invalid import InvalidCase, invalid_cases_of
from pgagents.verify.projections import Gaps, fill_gaps, gaps, read_as_2020, same, schema_of_parameter
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.encode import envelope
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

RESPONSES = "#/components/responses/"
JSON = "application/json"

Schema = dict[str, Any]
Given = Mapping[str, Any]
ANYTHING: Schema = {}


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
    """Yield what each document says of each action, with the surface and the endpoint of its calls."""
    surfaces = setting.model.surfaces
    for target in targets().values():
        if not isinstance(target, Target) or (target.surface or REST) not in surfaces:
            continue
        surface = surfaces[target.surface or REST]
        document = _name_document(setting, target)
        if target.describes == "functions":
            yield from _of_functions(setting, surface, document, target.view(setting.model).functions)
        elif target.describes == "openapi":
            yield from _of_openapi(setting, surface, document, target.view(setting.model).context)


def _name_document(setting: Setting, target: Target) -> str:
    """Return what the caller calls a target's document.

    It is the path under which `pgagents build` writes it. Who gave a document has none of these files: that
    document describes REST, and what could be built of it a vendor's surface.
    """
    source = setting.model.source
    if not source.is_document:
        return target.outputs[0]
    if (target.surface or REST) == REST:
        return str(source.file).rpartition("/")[2]
    return f"the built document for {target.title}"


def _of_functions(
    setting: Setting, surface: Surface, document: str, functions: Sequence[Function]
) -> Iterator[tuple[Surface, Endpoint, Projection]]:
    model = setting.model
    for action, function in zip(list_offered(surface), functions, strict=True):
        endpoint = setting.find_lead(str(action.name))
        if endpoint is None or action.alias_of is not None:
            continue  # the function of a former name equals that of the present name
        arguments = read_as_2020(function.parameters, {}) or {"type": "object"}
        answers = {action.success.status: function.response} if function.response else None
        lacking = gaps(arguments, action.input_schema(), model.schemas)
        yield surface, endpoint, Projection(document, arguments, answers, gaps=lacking)


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


@dataclass(frozen=True, slots=True)
class IndexedSchema:
    """A schema of arguments, with the indexes of the offers in whose documents it stands."""

    test: Any
    gaps: Gaps | None
    wrapped: bool
    offers: frozenset[int]


class SchemaCache:
    """Caches vendors' schemas, read as JSON Schema 2020-12, and their validators.

    Documents repeat themselves from action to action. So each schema is read once a run, and each distinct
    one compiled once.
    """

    def __init__(self) -> None:
        self._read: dict[tuple[int, int], tuple[Schema, str]] = {}
        self._tests: dict[tuple[str, ...], Any] = {}

    def answer(self, said: Projection, status: int) -> tuple[Schema, str] | None:
        """Return the schema of a status' body, and a text that equal schemas share; None if the document has
        no schema.
        """
        found = (said.answers or {}).get(status)
        if found is None:
            return None
        key = (id(found), id(said.named))  # the document keeps both alive as long as the run lasts
        if key not in self._read:
            schema = read_as_2020(found, said.named)
            self._read[key] = (schema, same(schema))
        return self._read[key]

    def test(self, texts: Iterable[str]) -> Any:
        """Return a validator that requires all schemas with these texts."""
        key = tuple(sorted(set(texts)))
        if key not in self._tests:
            schemas = [json.loads(text) for text in key]
            self._tests[key] = validator(
                schemas[0] if len(schemas) == 1 else {"allOf": schemas} if schemas else ANYTHING, {}
            )
        return self._tests[key]


@dataclass(frozen=True, slots=True)
class Promised:
    """The promises about the body of one status.

    `every` tests all schemas at once. `each` is one schema with the offers that promise it. `offers` are all
    offers that document the status, with or without a schema.
    """

    every: Any
    each: tuple[tuple[Schema, frozenset[int]], ...]
    offers: frozenset[int]

    def list_problems(self, body: Any) -> Iterator[tuple[Any, frozenset[int]]]:
        """Yield the body's first error under each schema that it violates, with the offers that promise the
        schema.
        """
        for schema, members in self.each:
            error = next(iter(validator(schema, {}).iter_errors(body)), None)
            if error is not None:
                yield error, members


class ProjectionIndex:
    """All offers of one endpoint, with the validators for judging them."""

    def __init__(self, endpoint: Endpoint, found: tuple[Offer, ...], cache: SchemaCache) -> None:
        self.endpoint, self.offers, self._cache = endpoint, found, cache
        self._readers: tuple[IndexedSchema, ...] | None = None
        self._statuses = frozenset(s for o in found for said in o.said for s in said.answers or ())
        self._promised: dict[int, Promised] = {}
        self.answering = frozenset(
            i for i, o in enumerate(found) if any(s.answers is not None for s in o.said)
        )
        """Indexes of the offers whose documents describe answers."""
        self.listing = frozenset(
            i for i in self.answering if any(len(s.answers or ()) > 1 for s in found[i].said)
        )
        """Indexes of the offers whose documents list all statuses, not only the success."""
        self._headers = (
            frozenset(str(p.name) for p in endpoint.params if p.place == "header")
            if endpoint.dispatcher is None
            else frozenset()
        )

    def collect_arguments(self, call: Call, values: Given) -> dict[str, Any]:
        """Return the arguments as a model gave them: without headers, which the calling host adds."""
        every = "*" in call.input
        given = {k: v for k, v in values.items() if (every or k in call.input) and k not in self._headers}
        return dict(plain(given))

    def admitting(self, given: Given) -> frozenset[int]:
        """Return the offers with a document that allows these arguments."""
        found: frozenset[int] = frozenset()
        if self._readers is None:
            self._readers = tuple(_readers(self.offers, self._cache))
        for reader in self._readers:
            if _admits(reader, self.endpoint, given):
                found |= reader.offers
        return found

    def find_promised(self, status: int) -> Promised | None:
        """Return the documents' promise about a status; None if no document lists the status."""
        if status in self._statuses and status not in self._promised:
            self._promised[status] = _make_promised(self.offers, status, self._cache)
        return self._promised.get(status)

    def in_header(self, field: str) -> bool:
        """True if an argument is sent in a header, which models do not write."""
        return field.partition(".")[0] in self._headers

    def let_through(self, setting: Setting) -> Mapping[int, tuple[InvalidCase, ...]]:
        """Return, for each offer, the calls of `invalid_input` that its documents allow.

        The API's own surface allows none.
        """
        return setting.compute_once(
            ("vendor", "through", self.endpoint.place), lambda: dict(self._through(setting))
        )

    def _through(self, setting: Setting) -> Iterator[tuple[int, tuple[InvalidCase, ...]]]:
        others = [i for i, offer in enumerate(self.offers) if offer.surface.name != self.endpoint.surface]
        wrong = (
            [n for n in invalid_cases_of(setting, self.endpoint) if not self.in_header(n.field)]
            if others
            else []
        )
        admitted = [
            (n, self.admitting(self.collect_arguments(n.call, stand_ins(setting, n.call)))) for n in wrong
        ]
        for index in range(len(self.offers)):
            yield index, tuple(n for n, through in admitted if index in through) if index in others else ()


def projections_of(setting: Setting, endpoint: Endpoint) -> ProjectionIndex | None:
    """Return the projection index of an endpoint; None if no vendor calls the endpoint."""
    by_place: Mapping[str, tuple[Offer, ...]] = setting.compute_once(
        ("vendor", "by place"), lambda: _by_place(offers(setting))
    )
    found = by_place.get(endpoint.place)
    if not found:
        return None
    return setting.compute_once(
        ("vendor", "desk", endpoint.place),
        lambda: ProjectionIndex(endpoint, found, setting.compute_once(("vendor", "shelf"), SchemaCache)),
    )


def collect_projections(setting: Setting) -> Iterator[ProjectionIndex]:
    """Yield all projection indexes in the order of the endpoints."""
    yield from (
        projections
        for endpoint in setting.endpoints
        if (projections := projections_of(setting, endpoint)) is not None
    )


def bearing(exchange: Exchange, memory: Memory) -> tuple[ProjectionIndex, frozenset[int]] | None:
    """Return the projection index of an exchange's endpoint, and the offers whose host could have sent the
    request.

    None if there is no index. Several checks need the result for one exchange, so the last one is cached.
    """
    last: tuple[Exchange, tuple[ProjectionIndex, frozenset[int]] | None] | None = memory.notes.get(
        "vendor_desk"
    )
    if last is None or last[0] is not exchange:
        last = memory.notes["vendor_desk"] = (exchange, _bearing(exchange, memory))
    return last[1]


def _bearing(exchange: Exchange, memory: Memory) -> tuple[ProjectionIndex, frozenset[int]] | None:
    call = exchange.call
    if call.endpoint is None or call.twist or call.intent in ("framework", "document") or _is_altered(call):
        return None
    projections = projections_of(memory.setting, call.endpoint)
    through = (
        projections.admitting(projections.collect_arguments(call, exchange.input)) if projections else None
    )
    return (projections, through) if projections and through else None


def _is_altered(call: Call) -> bool:
    """True if an ordinary client would have encoded the call differently."""
    raw = call.raw
    return bool(
        raw.headers
        or raw.method
        or raw.target
        or raw.edit
        or raw.wrap is not None
        or raw.body is not None
        or raw.slash
    )


def _by_place(found: Iterable[Offer]) -> dict[str, tuple[Offer, ...]]:
    places: dict[str, list[Offer]] = {}
    for offer in found:
        places.setdefault(offer.endpoint.place, []).append(offer)
    return {place: tuple(several) for place, several in places.items()}


def _admits(reader: IndexedSchema, endpoint: Endpoint, given: Given) -> bool:
    sent = envelope(endpoint, given) if reader.wrapped else fill_gaps(given, reader.gaps)
    try:
        return bool(reader.test.is_valid(sent))
    except (ValueError, TypeError, OverflowError):  # no document allows a value that JSON cannot hold
        return False


def _readers(found: tuple[Offer, ...], cache: SchemaCache) -> Iterator[IndexedSchema]:
    for text, said, members in _group_by_schema(found, lambda said: (said.arguments, same(said.arguments))):
        yield IndexedSchema(cache.test([text]), said.gaps, said.wrapped, members)


def _make_promised(found: tuple[Offer, ...], status: int, cache: SchemaCache) -> Promised:
    listed = _group_by_schema(found, lambda said: cache.answer(said, status))
    return Promised(
        cache.test(text for text, _, _ in listed),
        tuple(((cache.answer(said, status) or (ANYTHING, ""))[0], members) for _, said, members in listed),
        frozenset(i for i, o in enumerate(found) if any(status in (s.answers or ()) for s in o.said)),
    )


def _group_by_schema(
    found: tuple[Offer, ...], of: Callable[[Projection], tuple[Schema, str] | None]
) -> list[tuple[str, Projection, frozenset[int]]]:
    """Return each distinct schema as (text, first document with it, all offers with it)."""
    groups: dict[tuple[str, Gaps | None, bool], tuple[Projection, set[int]]] = {}
    for index, offer in enumerate(found):
        for said in offer.said:
            if (schema := of(said)) is not None:
                groups.setdefault((schema[1], said.gaps, said.wrapped), (said, set()))[1].add(index)
    return [(text, said, frozenset(members)) for (text, _, _), (said, members) in groups.items()]
