"""Build the Model of a checked catalogue: names resolved, defaults filled in, origins kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pgagents.catalogue.checks import sending
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.paths import camel
from pgagents.catalogue.checks.refusals.arguments import list_codes
from pgagents.catalogue.checks.refusals.errors import find_place, make_sign
from pgagents.catalogue.checks.surfaces.carried import COPILOT_MCP, MCP, REST, TOOLS, is_dispatched
from pgagents.catalogue.checks.surfaces.dispatcher import JSON_RPC
from pgagents.catalogue.checks.surfaces.mcp_server import read_server
from pgagents.catalogue.language import (
    actions,
    audit,
    basics,
    errors,
    jobs,
    offers,
    pages,
    platform,
    resources,
    surface,
)
from pgagents.catalogue.language.credentials import (
    Alternatives,
    find_carrier,
    find_user_scheme,
    list_alternatives,
    list_used_schemes,
)
from pgagents.catalogue.language.errors import JSON, PROBLEM_JSON
from pgagents.catalogue.language.page_texts import add_page_sentence
from pgagents.catalogue.language.schemas import argument_node, event_node, schema_node, schema_nodes
from pgagents.cel.expression import Expression
from pgagents.cel.expression import compile as compiled
from pgagents.decoding.medium import find
from pgagents.encoding.file import ANY
from pgagents.encoding.file_schema import file_node
from pgagents.encoding.medium import medium_of
from pgagents.encoding.style import DEEP, FORM
from pgagents.jsonschema.columns import columns_of
from pgagents.jsonschema.schema import resolve as resolve_schema
from pgagents.model import model as m
from pgagents.model.action import (
    Action,
    ActionCall,
    AnswerHeader,
    Code,
    Deprecation,
    Example,
    FileLimits,
    Former,
    Law,
    Output,
    Param,
    Relation,
    Texts,
)
from pgagents.model.code_flow import CodeFlow, make_code_flow
from pgagents.model.credential import Credential, make
from pgagents.model.error_reader import ErrorReader
from pgagents.model.job import Job
from pgagents.model.limit_reader import LimitReader
from pgagents.model.pages import Pages
from pgagents.model.placing import with_places
from pgagents.model.problem_details import PROBLEM_DETAILS, problem_details
from pgagents.model.signature import schemes
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer, Source
from pgagents.text.wording import append_remark

_HTTP_DATE = "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$"
ENTITY_TAG = '^(W/)?"[!#-~]*"$'
"""An entity tag (RFC 9110, 8.8.3), in ASCII."""


def resolve(written: surface.Catalogue, source: Source, checker: Checker) -> m.Model:
    """Build the Model of a catalogue without faults."""
    return _Resolver(written, source, checker).model()


class _Resolver:
    def __init__(self, written: surface.Catalogue, source: Source, checker: Checker) -> None:
        self.written = written
        self.source = source
        self.data = source.data
        self.checker = checker
        self.schemas, self.marks = schema_nodes(written, self.data)
        self.provoked: dict[str, dict[str, ActionCall]] = {name: {} for name in written.errors.codes}
        self.errors = self._with_problem_details(written.errors)
        self.codes = {name: self._code(name, code) for name, code in written.errors.codes.items()}
        self.actions: dict[str, Action] = {}
        self.security = list_alternatives(written, written.security)

    def model(self) -> m.Model:
        written = self.written
        for base, block in self.checker.blocks():
            for name, action in block.items():
                self.actions[name] = self._action(name, action, (*base, name))
        self._add_provoking_calls()
        surfaces = {name: self._surface(name, surface) for name, surface in written.surfaces.items()}
        operator = written.operator
        credentials = self._credentials()
        return m.Model(
            source=self.source,
            sha256=hashlib.sha256(self.source.text.encode()).hexdigest(),
            api=written.api,
            auth=written.auth,
            limits=written.limits,
            errors=self.errors,
            error_reader=self._reader(),
            limit_reader=LimitReader(written.limits, self.errors.framework.limited),
            behaviour=written.behaviour,
            env=written.env,
            schemas=self.schemas,
            secrets=frozenset(self.marks.secrets),
            private=frozenset(self.marks.private),
            codes=self.codes,
            buckets={name: self._bucket(name, b) for name, b in written.limits.buckets.items()},
            headers=tuple(self._header(name, h) for name, h in written.headers.items()),
            actions=tuple(self.actions[n] for n in written.actions),
            operator=tuple(self.actions[n] for n in (operator.actions if operator else ())),
            clock=self.actions[operator.clock] if operator and operator.clock else None,
            surfaces=surfaces,
            dispatchers=tuple(
                self._dispatcher(surfaces[n], sf) for n, sf in written.surfaces.items() if sf.http
            ),
            resources=with_places({name: self._resource(name, r) for name, r in written.resources.items()}),
            workflows=tuple(self._workflow(name, w) for name, w in written.workflows.items()),
            domain=written.sandbox.domain,
            credential=next(iter(credentials.values()), None),
            credentials=credentials,
            security=self.security,
            code_flow=self._code_flow(),
            webhooks=_with_header(written.webhooks),
            idempotency=written.idempotency,
            retention=written.retention,
            audit=self._audit(written.audit),
            browsers=written.browsers,
        )

    def _credentials(self) -> dict[str, Credential]:
        schemes = self.written.auth.schemes
        return {
            name: make(name, schemes[name].model_dump(by_alias=True))
            for name in list_used_schemes(self.written)
        }

    def _code_flow(self) -> CodeFlow | None:
        scheme, carrier = find_user_scheme(self.written), find_carrier(self.written)
        if scheme is None or carrier is None:
            return None
        flows = self.written.auth.schemes[scheme].flows
        assert flows is not None
        return make_code_flow(flows.authorization_code, scheme, carrier, str(self.written.api.server))

    def _add_provoking_calls(self) -> None:
        """Add to each code the calls that provoke it, once all actions exist; actions refer to codes
        themselves.
        """
        for name, code in self.written.errors.codes.items():
            at = ("errors", "codes", name, "provoked_by")
            calls = {action: self._call(call, (*at, action)) for action, call in code.provoked_by.items()}
            self.provoked[name].update({action: call for action, call in calls.items() if call is not None})

    def _code(self, name: str, code: errors.Code) -> Code:
        at, common = ("errors", "codes", name), self.errors
        content_type = code.content_type or common.content_type or (JSON if code.envelope else "")
        return Code(
            name,
            code.status,
            Text(code.meaning or name.replace("_", " ").capitalize(), (*at, "meaning")),
            code.envelope or common.envelope or "",
            tuple(code.only) if code.only is not None else None,
            tuple(code.cite),
            at,
            self.provoked[name],
            code.wire,
            find_place(common, code),
            code.message_at if "message_at" in code.model_fields_set else common.message_at,
            content_type,
            self.checker.expressions.get((*at, "when")),
        )

    def _with_problem_details(self, written: errors.Errors) -> errors.Errors:
        """Return the errors with an envelope, and its schema added, if RFC 9457 defines their bodies."""
        if written.envelope is not None or written.content_type != PROBLEM_JSON:
            return written
        self.schemas.setdefault(PROBLEM_DETAILS, problem_details())
        return written.model_copy(update={"envelope": PROBLEM_DETAILS})

    def _reader(self) -> ErrorReader:
        compiled = self.checker.expressions.get(("errors", "when"))
        sign = make_sign(self.errors.when or "", compiled.tree) if compiled is not None else None
        return ErrorReader(self.codes, self.errors.code_at, sign)

    def _action(self, name: str, a: actions.Action, at: Pointer) -> Action:
        raw: Any = self.data
        for step in at:
            raw = raw[step]
        method, path = a.http.split(" ", 1) if a.http else ("", "")
        default_unknown = self.written.behaviour.unknown_member
        security = (
            self._shared(name, a) if a.security is None else list_alternatives(self.written, a.security)
        )
        pages = self._pages(a.pages, (*at, "pages")) if a.pages else None
        deprecation = _deprecation(a, (*at, "deprecated"))
        return Action(
            name=Text(name, at),
            operation_id=Text(a.operation_id or camel(name), (*at, "operation_id") if a.operation_id else at),
            title=Text(a.title, (*at, "title")),
            description=Text(_with_end(a.description, deprecation), (*at, "description")),
            method=method,
            path=Text(path, (*at, "http")),
            effect=a.effect,
            costs=a.costs,
            destructive=a.destructive,
            bucket=a.bucket,
            scope=a.scope,
            key=any(security),
            security=security,
            params=tuple(
                self._param(n, p, raw["input"][n], (*at, "input", n), a, pages) for n, p in a.input.items()
            ),
            unknown=a.unknown or default_unknown,
            content_type=a.content_type or JSON,
            max_body_bytes=a.max_body_bytes or self.written.limits.max_body_bytes,
            headers=tuple(
                (k, Text(v, ("api", "request_headers", k)))
                for k, v in self.written.api.request_headers.items()
            ),
            outputs=self._outputs(a, raw, at),
            errors=tuple(self.codes[c] for c in dict.fromkeys([*a.errors, *self.written.errors.always])),
            idempotency=a.idempotency,
            confirm_title=Text(a.confirm.title, (*at, "confirm", "title"))
            if a.confirm and a.confirm.title
            else None,
            confirm_body=Text(a.confirm.body, (*at, "confirm", "body")) if a.confirm else None,
            laws=tuple(self._law(n, law, (*at, "laws", n)) for n, law in a.laws.items()),
            relations=tuple(self._relation(n, r, (*at, "relations", n)) for n, r in a.relations.items()),
            examples=tuple(self._example(n, e, a, (*at, "examples", n)) for n, e in a.examples.items()),
            texts={n: _texts(t, (*at, "texts", n)) for n, t in a.texts.items()},
            tags=tuple(a.tags),
            deprecated=bool(a.deprecated),
            deprecation=deprecation,
            cite=tuple(a.cite),
            origin=at,
            signed=a.signed,
            tenant=a.tenant,
            may_name_none=a.may_name_none,
            pages=pages,
            etag=a.etag,
            if_match=a.if_match,
            job=self._job(a.job, (*at, "job")) if a.job else None,
            formerly=tuple(
                _former(n, day, a.operation_id, (*at, "formerly", n)) for n, day in a.formerly.items()
            ),
        )

    def _shared(self, name: str, a: actions.Action) -> Alternatives:
        """Return the alternatives of an action without its own: its MCP server may have others."""
        if a.http or is_dispatched(self.checker, name) or MCP not in self.written.surfaces:
            return self.security
        return self._mcp_server(MCP, self.written.surfaces[MCP]).security

    @staticmethod
    def _file_limits(p: basics.Param, place: str, a: actions.Action) -> FileLimits:
        """Return a file's limits; a whole body has the type that the action says."""
        if place == "whole_body" and a.content_type and a.content_type != ANY:
            return FileLimits((a.content_type,), p.max_bytes)
        return FileLimits(tuple(p.media or ()), p.max_bytes)

    def _param(
        self, name: str, p: basics.Param, raw: Any, at: Pointer, a: actions.Action, pages: Pages | None
    ) -> Param:
        place = sending.place_of(name, p, a.http)
        medium = medium_of(a.content_type or JSON)
        as_text = place not in sending.IN_BODY or (medium is not None and not medium.typed)
        style = p.style or (FORM if as_text and place in sending.STYLED else "")
        node = argument_node(raw, at, self.marks)
        if pages is not None and name == pages.argument:
            add_page_sentence(node, pages)
        file = self._file_limits(p, place, a) if p.format == "binary" else None
        if file is not None:
            node = file_node(node, file)
        resource, _, member = (p.refers_to or "").partition(".")
        return Param(
            Text(name, at),
            p.wire or name,
            place,
            bool(p.required) or place == "path",
            node,
            resource or None,
            at,
            member,
            style=style,
            explode=style in ("", FORM, DEEP) if p.explode is None else p.explode,
            spread=style == FORM and p.explode is not False and sending.holds_object(self.checker, p),
            in_parts=style != "" and sending.is_in_parts(self.checker, p),
            file=file,
            otherwise={keyword: self.codes[code] for keyword, code in list_codes(p).items()},
            as_text=as_text,
        )

    def _outputs(self, a: actions.Action, raw: Any, at: Pointer) -> tuple[Output, ...]:
        """Resolve the answers; a read with a tag also answers 304, and its success has the tag."""
        found = tuple(
            self._output(status, o, raw["output"][status], (*at, "output", status))
            for status, o in a.output.items()
        )
        ends = _end_headers(_deprecation(a, (*at, "deprecated")))
        found = tuple(replace(o, headers=(*o.headers, *ends)) if 200 <= o.status < 300 else o for o in found)
        if not a.etag:
            return found
        tag = Node({"type": "string", "pattern": ENTITY_TAG}, origin=(*at, "etag"))
        text = Text("The tag of this version", (*at, "etag"))
        header = AnswerHeader("ETag", tag, True, text, (*at, "etag"))
        tagged = tuple(
            replace(o, headers=(*o.headers, header)) if 200 <= o.status < 300 else o for o in found
        )
        unchanged = Output(304, None, Text("It has not changed", (*at, "etag")), (*at, "etag"))
        return (*tagged, unchanged)

    def _output(self, status: int, o: basics.Output | None, raw: Any, at: Pointer) -> Output:
        empty = o is None or not raw or set(raw) <= {"description", "headers"}
        text = o.description if o and o.description else "No content" if empty else "Success"
        schema = None if empty else schema_node(raw, at, self.marks)
        media = (o.content_type if o else None) or JSON
        kind = find(media).name
        limit = o.max_bytes if o else None
        events = _list_events(o, raw)
        if schema is not None and events is not None:
            schema = event_node(raw["events"], at, self.marks)
        if schema is not None:
            schema.pop("description", None)
            if not set(schema) & {"type", "$ref", "oneOf", "anyOf", "allOf"} and kind != "json":
                schema["type"] = "string"
                schema.update({"format": "binary"} if kind == "file" else {})
            if limit is not None and kind == "file":
                schema["maxLength"] = min(limit, schema.get("maxLength", limit))
        columns = columns_of(schema, self.schemas) if schema is not None and kind == "csv" else None
        said = append_remark(text, f"at most {limit:,} bytes") if limit is not None else text
        if o and o.ends_within_s is not None:
            said = append_remark(said, f"ends within {o.ends_within_s} s")
        headers = tuple(
            self._answer_header(name, h, raw["headers"][name], (*at, "headers", name))
            for name, h in (o.headers if o else {}).items()
        )
        text = Text(said, (*at, "description"))
        within = o.ends_within_s if o else None
        return Output(
            status, schema, text, at, media, limit, within, events, columns=columns, headers=headers
        )

    def _answer_header(self, name: str, h: basics.AnswerHeader, raw: Any, at: Pointer) -> AnswerHeader:
        schema = schema_node(raw or {}, at, self.marks)
        text = schema.pop("description", None) or Text(name, (*at, "description"))
        schema.setdefault("type", "string")
        return AnswerHeader(name, schema, h.required is not False, text, at)

    def _law(self, name: str, law: actions.Law, at: Pointer) -> Law:
        that, when = map(self.checker.expressions.get, self.checker.law_places(at))
        assert that is not None
        return Law(name, that, when, tuple(law.cite), at)

    def _relation(self, name: str, r: actions.Relation, at: Pointer) -> Relation:
        found = self.checker.expressions
        unless, fits = found.get((*at, "unless")), found.get((*at, "fits"))
        return Relation(name, r.widen, found[(*at, "keeps")], r.by, unless, tuple(r.cite), at, fits)

    def _job(self, job: jobs.Job, at: Pointer) -> Job:
        shows = self.written.resources[job.resource]
        return Job(
            job.resource,
            shows.read_by[0].action,
            shows.state or "",
            tuple(job.done),
            tuple(job.failed),
            job.within_s,
            job.reason,
            at,
        )

    def _find_job(self, resource: str) -> jobs.Job | None:
        """Return the job that a resource shows, or None."""
        every = (a.job for _, block in self.checker.blocks() for a in block.values() if a.job is not None)
        return next((job for job in every if job.resource == resource), None)

    def _list_job_members(self, name: str, r: resources.Resource) -> tuple[str, ...]:
        """Return the members that change by themselves, because they show how far a job is."""
        job = self._find_job(name)
        own = (r.state, (job.reason or "").partition(".")[0]) if job is not None else ()
        return tuple(member for member in own if member)

    def _pages(self, p: pages.Pages, at: Pointer) -> Pages:
        found = self.checker.expressions
        next, more = found[(*at, "next")], found.get((*at, "more"))
        bound = self.codes[p.bound] if p.bound else None
        is_url = at in self.checker.urls
        return Pages(
            found[(*at, "items")], next, p.argument, more, p.size, bound, is_url, at, tuple(p.bound_to or ())
        )

    def _example(self, name: str, e: actions.Example, a: actions.Action, at: Pointer) -> Example:
        status = e.status or next(code for code in a.output if 200 <= code < 300)
        return Example(
            name,
            Text(e.title or name.replace("_", " ").replace("-", " "), (*at, "title")),
            e.input,
            status,
            e.output,
            at,
        )

    def _bucket(self, name: str, b: platform.Bucket) -> m.Bucket:
        at = ("limits", "buckets", name)
        return m.Bucket(
            name,
            b.requests,
            b.per_s,
            b.refill,
            b.of,
            self.checker.expressions.get((*at, "when")),
            Text(b.description or name, (*at, "description")),
            tuple(b.cite),
            at,
        )

    def _header(self, name: str, h: platform.Header) -> m.Header:
        at = ("headers", name)
        return m.Header(
            name,
            Text(h.description, (*at, "description")),
            tuple(h.on),
            schema_node(self.data["headers"][name]["schema"], (*at, "schema")),
            h.const,
            tuple(h.cite),
            at,
            h.https,
        )

    def _members(self, name: str, surface: offers.Surface) -> tuple[Action, ...]:
        """Return the actions of a surface. `all` means those that the surface can carry."""
        names = surface.actions
        if names == "all":
            names = [n for n in self.written.actions if self._carries(name, surface, n)]
        elif isinstance(names, str):
            names = self.written.groups[names]
        return tuple(self.actions[n] for n in names)

    def _carries(self, surface: str, sf: offers.Surface, action: str) -> bool:
        if self.written.actions[action].signed is not None and surface != REST:
            return False
        if self.written.actions[action].http or sf.http or surface in TOOLS:
            return True
        return surface != REST and is_dispatched(self.checker, action)

    def _surface(self, name: str, sf: offers.Surface) -> m.Surface:
        at: Pointer = ("surfaces", name)

        def text(key: str, value: str | None) -> Text:
            return Text(value or "", (*at, key))

        return m.Surface(
            name=name,
            actions=self._members(name, sf),
            omit={k: tuple(v) for k, v in sf.omit.items()},
            title=text("title", sf.title),
            description=text("description", sf.description),
            human_name=text("name", sf.name),
            namespace=text("namespace", sf.namespace),
            dispatcher=sf.dispatcher,
            server=self._server_name(name, sf),
            env={"key": sf.env.key, "url": sf.env.url} if sf.env else {},
            auth=Node(sf.auth, origin=(*at, "auth")),
            instructions=text("instructions", sf.instructions),
            starters=tuple(Text(t, (*at, "starters", i)) for i, t in enumerate(sf.starters)),
            published_spec=text("published_spec", sf.published_spec),
            extra=sf.extra,
            cite=tuple(sf.cite),
            origin=at,
            page=sf.page,
            package=sf.package,
            headers=dict(sf.headers),
            attribution=dict(sf.attribution),
            mcp_server=self._mcp_server(name, sf) if name in TOOLS else None,
            narrow={
                action: {
                    n: self._narrowed(action, n, given, (*at, "narrow", action, n))
                    for n, given in many.items()
                }
                for action, many in sf.narrow.items()
            },
        )

    def _server_name(self, name: str, sf: offers.Surface) -> Text:
        """Return what the surface's manifests call the server: its URL for Copilot, else its name."""
        server = self._mcp_server(name, sf)
        if name != COPILOT_MCP:
            return server.name if sf.server else Text("", (*server.origin,))
        if not server.url and MCP in self.written.surfaces:
            return self._mcp_server(MCP, self.written.surfaces[MCP]).url
        return server.url

    def _mcp_server(self, name: str, sf: offers.Surface) -> m.McpServer:
        at: Pointer = ("surfaces", name, "server")
        given = read_server(name, sf)
        registry, _, package = (given.package or "").partition(":")
        inside = isinstance(sf.server, offers.McpServer)
        local = package.rpartition("/")[2].partition(":")[0].partition("@")[0]
        named = Text(local, at) if local else Text(f"{self.written.api.id}-mcp", ("api", "id"))
        version = (
            Text(given.version, (*at, "version"))
            if given.version
            else Text(self.written.api.version, ("api", "version"))
        )
        return m.McpServer(
            named if local or not given.url else Text(str(named), at),
            version,
            Text(given.url or "", (*at, "url") if inside else at),
            given.transport or "streamable-http",
            self.security if given.security is None else list_alternatives(self.written, given.security),
            registry,
            Text(package, (*at, "package") if inside else at),
            at if sf.server else ("surfaces", name),
            given.version is not None,
        )

    def _narrowed(self, action: str, name: str, given: offers.Narrowing, at: Pointer) -> m.Narrowed:
        """Resolve how a surface takes an argument. Its keywords replace those of the action."""
        param = next(p for p in self.actions[action].params if p.name == name)
        own = given.model_dump(by_alias=True, exclude_unset=True, exclude={"as_", "required"})
        schema = Node({**resolve_schema(param.schema, self.schemas), **own}, origin=param.schema.origin)
        if "description" in param.schema:
            schema["description"] = param.schema["description"]
        alias = Text(given.as_, (*at, "as")) if given.as_ else param.name
        return m.Narrowed(
            replace(param, schema=schema, required=param.required or bool(given.required)), alias, at
        )

    def _dispatcher(self, surface: m.Surface, sf: offers.Surface) -> m.Dispatcher:
        assert sf.http
        json_rpc = sf.form == JSON_RPC
        selector, arguments = ("method", "params") if json_rpc else (sf.selector, sf.arguments)
        assert selector
        assert arguments
        at: Pointer = surface.origin
        method, path = sf.http.split(" ", 1)
        return m.Dispatcher(
            surface.name,
            method,
            Text(path, (*at, "http")),
            Text(sf.operation_id or camel(surface.name), (*at, "operation_id")),
            Text(sf.title or surface.name, (*at, "title")),
            Text(sf.description or "", (*at, "description")),
            selector,
            arguments,
            sf.scope,
            {k: Text(v, (*at, "responses", k)) for k, v in sf.responses.items()},
            sf.attribution,
            surface.actions,
            tuple(sf.cite),
            at,
            surface,
            json_rpc,
        )

    def _values(self, value: Any, pointer: Pointer) -> Any:
        """Return a value with its expressions compiled."""
        if isinstance(value, str) and value.startswith("="):
            return self.checker.expressions[pointer]
        if isinstance(value, dict):
            return {k: self._values(v, (*pointer, k) if k != "*" else pointer) for k, v in value.items()}
        if isinstance(value, list):
            return [self._values(v, (*pointer, i)) for i, v in enumerate(value)]
        return value

    def _call(self, call: resources.CatalogueCall | None, at: Pointer) -> ActionCall | None:
        if call is None:
            return None
        found = self.checker.expressions
        return ActionCall(
            self.actions[call.action],
            {name: _fold(value) for name, value in self._values(call.input, (*at, "input")).items()},
            found.get((*at, "at")),
            found.get((*at, "where")),
            at,
        )

    def _calls(
        self, calls: list[resources.CatalogueCall], at: Pointer, raw: Any, body_at: str | None
    ) -> tuple[ActionCall, ...]:
        places = [at] if isinstance(raw, dict) else [(*at, i) for i in range(len(calls))]
        return tuple(
            c for call, place in zip(calls, places, strict=True) if (c := self._whole(call, place, body_at))
        )

    def _whole(
        self, call: resources.CatalogueCall | None, at: Pointer, body_at: str | None
    ) -> ActionCall | None:
        """Resolve a call that returns resources. Without `at`, the whole body is the resource or the list."""
        found = self._call(call, at)
        if found is None:
            return None
        return replace(found, at=found.at or compiled("response", ("response",)), body_at=body_at or "")

    def _ending(self, r: resources.Resource, at: Pointer) -> ActionCall | None:
        """Resolve the call that undoes an instance; its answer need not be the resource."""
        found = self._call(r.undone_by, (*at, "undone_by"))
        return replace(found, body_at=r.body_at or "") if found is not None else None

    def _parent(self, name: str, r: resources.Resource) -> str | None:
        """Return the nearest other resource whose id is in the path of the making call, or None.

        A resource that the same call moves to another state is no parent.
        """
        action = self.actions[r.made_by.action] if r.made_by else None
        named = (
            [p.refers_to for p in action.params if p.place == "path" and p.refers_to and p.refers_to != name]
            if action
            else []
        )
        known = self.written.resources
        kin = {
            n
            for n, other in known.items()
            if r.made_by and any(move == r.made_by.action for move in other.moves)
        }
        return next((parent for parent in reversed(named) if parent not in kin), None)

    def _resource(self, name: str, r: resources.Resource) -> m.Resource:
        at: Pointer = ("resources", name)
        raw = self.data["resources"][name]
        moves = tuple(
            m.Move(
                self.actions[a],
                tuple(v.from_),
                v.to,
                self._values(v.input, (*at, "moves", a, "input")),
                self.codes[v.otherwise],
                (*at, "moves", a),
            )
            for a, v in r.moves.items()
        )
        ids = (r.id,) if isinstance(r.id, str) else tuple(r.id)
        absent = tuple(r.absent[i] for i in ids) if isinstance(r.absent, dict) else r.absent
        timed = tuple(
            m.TimedMove(v.from_, v.to, v.at, (*at, "moves_by_time", i)) for i, v in enumerate(r.moves_by_time)
        )
        return m.Resource(
            name=name,
            ids=ids,
            found_by=self._whole(r.found_by, (*at, "found_by"), r.body_at),
            made_by=self._whole(r.made_by, (*at, "made_by"), r.body_at),
            read_by=self._calls(r.read_by, (*at, "read_by"), raw.get("read_by"), r.body_at),
            listed_by=self._calls(r.listed_by, (*at, "listed_by"), raw.get("listed_by"), r.body_at),
            undone_by=self._ending(r, at),
            absent=absent,
            missing=self.codes[r.missing] if r.missing else None,
            tenant=r.tenant,
            state=r.state,
            states=tuple(r.states),
            initial=r.initial,
            moves=moves,
            fixed=tuple(r.fixed),
            volatile=tuple(dict.fromkeys([*r.volatile, *self._list_job_members(name, r)])),
            shows_job=self._list_job_members(name, r),
            laws=tuple(self._law(n, law, (*at, "laws", n)) for n, law in r.laws.items()),
            cite=tuple(r.cite),
            origin=at,
            takes=self._takes(r.takes, (*at, "takes")),
            expires_by=r.expires_by,
            within=r.within or self._parent(name, r),
            body_at=r.body_at,
            gone_when=self.checker.expressions.get((*at, "gone_when")),
            given=self.checker.expressions.get((*at, "given")),
            moves_by_time=timed,
            unique=tuple(
                m.Unique(tuple(u.members), self.codes[u.otherwise], tuple(u.cite), (*at, "unique", i))
                for i, u in enumerate(r.unique)
            ),
        )

    def _takes(self, takes: resources.Takes | None, at: Pointer) -> m.Takes | None:
        return m.Takes(takes.of, takes.by, takes.counter, self.actions[takes.read_by], at) if takes else None

    def _audit(self, a: audit.Audit | None) -> m.Audit | None:
        listed = self._call(a.listed_by, ("audit", "listed_by")) if a else None
        if a is None or listed is None:
            return None
        return m.Audit(
            listed,
            a.as_ or "main",
            tuple(a.reads_on),
            a.at,
            a.action,
            a.actor,
            a.diff,
            dict(a.about),
            tuple(a.never),
            tuple(a.cite),
            ("audit",),
        )

    def _workflow(self, name: str, w: resources.Workflow) -> m.Workflow:
        at: Pointer = ("workflows", name)
        steps = tuple(self._step(n, step, (*at, "steps", n)) for n, step in w.steps.items())
        return m.Workflow(
            name,
            Text(w.title, (*at, "title")),
            Text(w.description or "", (*at, "description")),
            tuple(w.needs),
            steps,
            tuple(w.cite),
            at,
            w.only_verify,
        )

    def _job_within_s(self, action: str, at: Pointer) -> float:
        """Return how long a step that shows a job waits for its conditions: a step before has started it."""
        steps = self.written.workflows[str(at[1])].steps
        before = list(steps.values())[: list(steps).index(str(at[3]))]
        started = [self.actions[step.action].job for step in before]
        return max(
            (job.within_s for job in started if job is not None and job.read_by == action), default=0.0
        )

    def _step(self, name: str, step: resources.Step, at: Pointer) -> m.Step:
        found = self.checker.expressions
        action = self.actions[step.action]
        return m.Step(
            name=name,
            action=action,
            input=self._values(step.input, (*at, "input")),
            role=step.as_ or "main",
            after_s=found[(*at, "after_s")] if isinstance(step.after_s, str) else step.after_s or 0.0,
            status=step.status or action.success.status,
            keep={k: found[(*at, "keep", k)] for k in step.keep},
            expect=tuple(found[(*at, "expect", i)] for i in range(len(step.expect))),
            expect_timed=tuple(found[(*at, "expect_timed", i)] for i in range(len(step.expect_timed))),
            origin=at,
            expect_alone=tuple(found[(*at, "expect_alone", i)] for i in range(len(step.expect_alone))),
            key=found[(*at, "key")] if step.key else None,
            via=step.via or "",
            within_s=step.within_s or self._job_within_s(step.action, at),
            headers=tuple(step.headers.items()),
        )


def _fold(value: Any) -> Any:
    """Return an object or list that has expressions inside as one expression; any other value as it is."""
    inside = list(_list_expressions(value)) if isinstance(value, dict | list) else []
    if not inside:
        return value
    return compiled(_write_value(value), frozenset().union(*(found.names for found in inside)))


def _list_expressions(value: Any) -> Iterator[Expression]:
    if isinstance(value, Expression):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from _list_expressions(one)


def _write_value(value: Any) -> str:
    """Write a value as CEL, with numbers as doubles."""
    if isinstance(value, Expression):
        return f"({value.canonical})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {_write_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write_value, value)) + "]"
    whole = isinstance(value, int) and not isinstance(value, bool)
    return json.dumps(float(value) if whole else value, ensure_ascii=False)


def _with_header(webhooks: offers.Webhooks | None) -> offers.Webhooks | None:
    """Return the webhooks with the usual header of their signature's format, if they name none."""
    signed = webhooks.signature if webhooks is not None else None
    if webhooks is None or signed is None or signed.header is not None:
        return webhooks
    usual = signed.model_copy(update={"header": schemes()[signed.scheme].header})
    return webhooks.model_copy(update={"signature": usual})


def _deprecation(a: actions.Action, at: Pointer) -> Deprecation | None:
    """Resolve the days and the successor of a deprecated action."""
    d = a.deprecated
    return None if isinstance(d, bool) else Deprecation(d.since or "", d.sunset or "", d.instead or "", at)


def _with_end(description: str, deprecation: Deprecation | None) -> str:
    """Return the description with the sentence about the action's end."""
    return f"{description} {deprecation.sentence}" if deprecation is not None else description


def _end_headers(deprecation: Deprecation | None) -> tuple[AnswerHeader, ...]:
    """Return the headers by which answers say the days of a deprecated action."""
    if deprecation is None:
        return ()
    days = (
        ("Deprecation", "since", deprecation.since, "^@-?[0-9]{1,12}$", "It is deprecated since this time"),
        ("Sunset", "sunset", deprecation.sunset, _HTTP_DATE, "It stops working at this time"),
    )
    return tuple(
        AnswerHeader(
            name,
            Node({"type": "string", "pattern": pattern}, origin=(*deprecation.origin, key)),
            True,
            Text(text, (*deprecation.origin, key)),
            (*deprecation.origin, key),
        )
        for name, key, day, pattern, text in days
        if day
    )


def _former(name: str, until: str, operation_id: str | None, at: Pointer) -> Former:
    """Resolve a former name. An explicit operation id did not change with the name."""
    return Former(Text(name, at), operation_id or camel(name), until, at)


def _texts(t: actions.Texts, at: Pointer) -> Texts:
    def one(key: str, value: str | None) -> Text | None:
        return Text(value, (*at, key)) if value else None

    def many(key: str, value: str | list[str] | None) -> tuple[Text, ...]:
        if isinstance(value, str):
            return (Text(value, (*at, key)),)
        return tuple(Text(v, (*at, key, i)) for i, v in enumerate(value or ()))

    return Texts(
        t.name,
        one("title", t.title),
        one("description", t.description),
        many("reasoning", t.reasoning),
        many("responding", t.responding),
        {k: Text(v, (*at, "params", k)) for k, v in t.params.items()},
    )


def _list_events(o: basics.Output | None, raw: Any) -> dict[str, bool] | None:
    """Return the names of a stream's events, each with whether its data is JSON; None for any other body."""
    if o is None or o.events is None:
        return None
    return {name: raw["events"][name].get("type") != "string" for name in o.events}
