"""Resolve actions: their arguments, laws, jobs, pages, examples and answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.cel.reading import place_of
from pgagents.base.jsonschema.schema import resolve
from pgagents.base.places import Node, Pointer, Text, origin_of
from pgagents.base.text import append_remark
from pgagents.catalogue.checks import sending
from pgagents.catalogue.checks.refusals import list_codes
from pgagents.catalogue.checks.sending import camel
from pgagents.catalogue.checks.surfaces import MCP, is_dispatched, resolve_hints
from pgagents.catalogue.decoding.medium import find
from pgagents.catalogue.encoding.medium import ANY, file_node, medium_of
from pgagents.catalogue.encoding.request import DEEP, FORM
from pgagents.catalogue.language import actions, basics
from pgagents.catalogue.language.catalogue import Alternatives, list_alternatives
from pgagents.catalogue.language.errors import JSON
from pgagents.catalogue.language.schemas import argument_node, event_node, schema_node
from pgagents.catalogue.model.action import (
    Action,
    Deprecation,
    Example,
    FileLimits,
    Former,
    Job,
    Param,
    Relation,
    Texts,
)
from pgagents.catalogue.model.answers import UNSAID, AnswerHeader, Output, Pages
from pgagents.catalogue.resolve.shared import Shared
from pgagents.catalogue.resolve.surfaces import Surfaces

# -- answers


_HTTP_DATE = "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$"

ENTITY_TAG = '^(W/)?"[!#-~]*"$'
"""The pattern of an ETag in ASCII (RFC 9110, 8.8.3)."""


NOT_MODIFIED = 304
_TYPED_ELSEWHERE = ("$ref", "allOf", "anyOf", "oneOf", "enum", "const")
"""Keywords beside which a header's schema is not one of texts by default."""


class Answers(Shared):
    """Resolve answers."""

    def _outputs(self, a: actions.Action, raw: Any, at: Pointer) -> tuple[Output, ...]:
        """Resolve the answers. A read with an ETag also answers 304, and its success has the tag."""
        found = tuple(
            self._output(status, o, raw["output"][status], (*at, "output", status))
            for status, o in a.output.items()
        )
        ends = _end_headers(resolve_deprecation(a, (*at, "deprecated")))
        found = tuple(replace(o, headers=(*o.headers, *ends)) if 200 <= o.status < 300 else o for o in found)
        if not a.etag:
            return found
        tag = Node({"type": "string", "pattern": ENTITY_TAG}, origin=(*at, "etag"))
        text = Text("The tag of this version", (*at, "etag"))
        header = AnswerHeader("ETag", tag, True, text, (*at, "etag"))
        tagged = tuple(
            replace(o, headers=(*(h for h in o.headers if h.name.lower() != "etag"), header))
            if 200 <= o.status < 300
            else o
            for o in found
            if o.status != NOT_MODIFIED  # what a document says of them as well
        )
        unchanged = Output(NOT_MODIFIED, None, Text("It has not changed", (*at, "etag")), (*at, "etag"))
        return (*tagged, unchanged)

    def _output(self, status: int, o: basics.Output | None, raw: Any, at: Pointer) -> Output:
        empty = o is None or not raw or set(raw) <= {"description", "headers"}
        text = o.description if o and o.description else UNSAID if empty else "Success"
        schema = None if empty else schema_node(raw, at, self.marks)
        media = (o.content_type if o else None) or JSON
        kind = find(media).name
        limit = o.max_bytes if o else None
        events = _list_events(o, raw)
        if schema is not None and events is not None:
            schema = event_node(raw["events"], at, self.marks)
        if schema is not None:
            schema = self.answered.adapt(schema)
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
        several = tuple(o.media or ()) if o else ()
        return Output(
            *(status, schema, text, at, media, limit, within, events), columns, headers=headers, media=several
        )

    def _answer_header(self, name: str, h: basics.AnswerHeader, raw: Any, at: Pointer) -> AnswerHeader:
        schema = schema_node(raw or {}, at, self.marks)
        text = schema.pop("description", None) or Text(name, (*at, "description"))
        if schema.keys().isdisjoint(_TYPED_ELSEWHERE):
            schema.setdefault("type", "string")
        return AnswerHeader(name, schema, h.required is not False, text, at)


def resolve_deprecation(a: actions.Action, at: Pointer) -> Deprecation | None:
    """Resolve the days and the successor of a deprecated action."""
    d = a.deprecated
    return None if isinstance(d, bool) else Deprecation(d.since or "", d.sunset or "", d.instead or "", at)


def _end_headers(deprecation: Deprecation | None) -> tuple[AnswerHeader, ...]:
    """Return the headers that announce the dates of a deprecated action."""
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


def _list_events(o: basics.Output | None, raw: Any) -> dict[str, bool] | None:
    """Return the names of a stream's events, each True if its data is JSON; None for any other body."""
    if o is None or o.events is None:
        return None
    return {name: raw["events"][name].get("type") != "string" for name in o.events}


class Actions(Answers, Surfaces):
    """Resolve actions."""

    def _action(self, name: str, a: actions.Action, at: Pointer) -> Action:
        raw: Any = self.data
        for step in at:
            raw = raw[step]
        method, path = a.http.split(" ", 1) if a.http else ("", "")
        security = (
            self._shared(name, a) if a.security is None else list_alternatives(self.written, a.security)
        )
        pages = self._pages(a.pages, (*at, "pages")) if a.pages else None
        deprecation = resolve_deprecation(a, (*at, "deprecated"))
        return Action(
            name=Text(name, at),
            operation_id=Text(a.operation_id or camel(name), (*at, "operation_id") if a.operation_id else at),
            title=Text(a.title, (*at, "title")),
            description=Text(_with_end(_with_groups(a), deprecation), (*at, "description")),
            either=tuple(tuple(group) for group in a.either or ()),
            method=method,
            path=Text(path, (*at, "http")),
            effect=a.effect.value,
            costs=bool(a.may_cost) if a.costs is None else a.costs,
            sends=bool(a.may_send) if a.sends is None else a.sends,
            doubt=(a.costs is None and a.may_cost) or (a.sends is None and a.may_send) or "",
            hints=resolve_hints(self.written, name, a, at),
            bucket=a.bucket,
            scope=a.scope,
            key=any(security),
            security=security,
            params=tuple(
                self._param(n, p, raw["input"][n], (*at, "input", n), a, pages) for n, p in a.input.items()
            ),
            unknown=a.unknown or self.written.behaviour.unknown_member,
            content_type=a.content_type or JSON,
            max_body_bytes=a.max_body_bytes or self.written.limits.max_body_bytes,
            headers=self._request_headers(),
            outputs=self._outputs(a, raw, at),
            errors=tuple(self.codes[c] for c in dict.fromkeys([*a.errors, *self.written.errors.always])),
            other_statuses=tuple(sorted(set(a.other_statuses))),
            otherwise=self.codes[a.otherwise] if a.otherwise else None,
            idempotency=a.idempotency,
            equal_calls_s=a.equal_calls_s,
            confirm_title=_confirm_title(a, at),
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
            may_change=tuple(a.may_change),
            may_name_none=a.may_name_none,
            pages=pages,
            etag=a.etag,
            if_match=a.if_match,
            server=Text(a.server, (*at, "server")) if a.server else None,
            job=self._job(a.job, (*at, "job")) if a.job else None,
            formerly=_formerly(a, (*at, "formerly")),
        )

    def _request_headers(self) -> tuple[tuple[str, Text], ...]:
        written = self.written.api.request_headers
        return tuple((k, Text(v, ("api", "request_headers", k))) for k, v in written.items())

    def _shared(self, name: str, a: actions.Action) -> Alternatives:
        """Return the alternatives of an action without its own `security`. Its MCP server may have others."""
        if a.http or is_dispatched(self.checker, name) or MCP not in self.written.surfaces:
            return self.security
        return self._mcp_server(MCP, self.written.surfaces[MCP]).security

    @staticmethod
    def _file_limits(p: basics.Param, place: str, a: actions.Action) -> FileLimits:
        """Return a file's limits. The type of a whole body is the action's."""
        if place == "whole_body" and a.content_type and a.content_type != ANY:
            return FileLimits((a.content_type,), p.max_bytes)
        return FileLimits(tuple(p.media or ()), p.max_bytes)

    def _param(
        self, name: str, p: basics.Param, raw: Any, at: Pointer, a: actions.Action, pages: Pages | None
    ) -> Param:
        place = sending.place_of(name, p, a.http)
        medium = medium_of(a.content_type or JSON)
        json = p.content_type == JSON
        as_text = not json and (place not in sending.IN_BODY or (medium is not None and not medium.typed))
        style = p.style or (FORM if as_text and place in sending.STYLED else "")
        node = self.sent.adapt(argument_node(raw, at, self.marks))
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
            json=json,
            reserved=bool(p.allow_reserved),
            file=file,
            otherwise={keyword: self.codes[code] for keyword, code in list_codes(p).items()},
            as_text=as_text,
        )

    def _relation(self, name: str, r: actions.Relation, at: Pointer) -> Relation:
        found = self.checker.expressions
        unless, fits = found.get((*at, "unless")), found.get((*at, "fits"))
        return Relation(name, r.widen, found[(*at, "keeps")], r.by, unless, tuple(r.cite), at, fits)

    def _job(self, job: actions.Job, at: Pointer) -> Job:
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

    def _pages(self, p: actions.Pages, at: Pointer) -> Pages:
        found = self.checker.expressions
        next, more = found[(*at, "next")], found.get((*at, "more"))
        bound = self.codes[p.bound] if p.bound else None
        is_url = at in self.checker.urls
        to = tuple(p.bound_to or ())
        items = found[(*at, "items")]
        total = found.get((*at, "total"))
        return Pages(items, next, p.argument, more, p.size, bound, is_url, at, p.inferred, to, total)

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


def _formerly(a: actions.Action, at: Pointer) -> tuple[Former, ...]:
    return tuple(_former(n, day, a.operation_id, (*at, n)) for n, day in a.formerly.items())


def _confirm_title(a: actions.Action, at: Pointer) -> Text | None:
    if a.confirm is None or not a.confirm.title:
        return None
    return Text(a.confirm.title, (*at, "confirm", "title"))


def _with_groups(a: actions.Action) -> str:
    """Return the action's description.

    If a call must have exactly one of several groups, a sentence says so.
    """
    if not a.either:
        return a.description
    groups = "; or ".join(" and ".join(f"`{name}`" for name in group) for group in a.either)
    return f"{a.description} Give exactly one of: {groups}."


def _with_end(description: str, deprecation: Deprecation | None) -> str:
    return f"{description} {deprecation.sentence}" if deprecation is not None else description


def _former(name: str, until: str, operation_id: str | None, at: Pointer) -> Former:
    """Resolve a former name. An operation id that the author gives is the same for both names."""
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


# -- columns of a list of objects


_KINDS = ("allOf", "anyOf", "oneOf")
MOST_PARTS = 500


def columns_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, tuple[str, ...]] | None:
    """Return the members of a list's items, each with its types; None if the schema is not a list."""
    found: dict[str, tuple[str, ...]] = {}
    lists = [part for part in _parts(schema, schemas) if "array" in _types(part)]
    for part in lists:
        for item in _parts(part.get("items", {}), schemas):
            for name, member in item.get("properties", {}).items():
                kinds = [kind for inner in _parts(member, schemas) for kind in _types(inner)]
                found[str(name)] = tuple(dict.fromkeys((*found.get(str(name), ()), *kinds)))
    return found if lists else None


def _parts(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schema and the schemas under its keywords `_KINDS`, with references followed."""
    stack, met = [schema], 0
    while stack and met < MOST_PARTS:
        met += 1
        part = resolve(stack.pop(), schemas)
        yield part
        stack += [inner for key in _KINDS for inner in part.get(key, ())]


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the types that a schema names, or that its values have."""
    written = schema.get("type")
    if written is not None:
        return (written,) if isinstance(written, str) else tuple(written)
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return tuple(dict.fromkeys(_type_of(value) for value in values))


def _type_of(value: Any) -> str:
    names = {
        bool: "boolean",
        int: "integer",
        float: "number",
        str: "string",
        list: "array",
        type(None): "null",
    }
    return names.get(type(value), "object")


# -- words for the request of a next page


def add_page_sentence(node: Node, pages: Pages) -> None:
    """Add the source of the next page's value to the description of the argument."""
    said = node.get("description", "")
    sentence = _describe_next(pages, said)
    if sentence is not None:
        whole = f"{said.rstrip('. ')}. {sentence}" if said else sentence
        node["description"] = Text(whole, origin_of(said) or (*pages.origin, "next"))


def _describe_next(pages: Pages, said: str) -> str | None:
    """Return a sentence about the next page. None if the text `said` already names the source."""
    name, *place = place_of(pages.next.tree) or ("",)
    if -1 in place and name == "response":
        last, member = place[: place.index(-1)], place[place.index(-1) + 1 :]
        words, sentence = ["last"], f"For the next page: {_of(member)}the last item of {_path(last)}"
    elif name == "response":
        words, sentence = [str(place[-1])], f"For the next page: {_path(place)} of the page before"
        if pages.is_url:
            sentence = f"For the next page: as in the URL {_path(place)} of the page before"
    elif name == "headers":
        words = [str(place[0])]
        header = f"the header {place[0].title() if isinstance(place[0], str) else place[0]}"
        sentence = f"For the next page: as in the URL that {header} gives for `{place[-1]}`"
        sentence = sentence if pages.is_url else f"For the next page: {header} of the page before"
    else:
        words, sentence = ["page", "skip", "offset"], f"For the next page: {pages.next.wording}"
    if any(word.lower() in said.lower() for word in words):
        return None
    return f"{sentence}{_while(pages.more)}. Leave it out for the first page."


def _of(member: list[str | int]) -> str:
    return f"`{'.'.join(map(str, member))}` of " if member else ""


def _path(place: list[str | int]) -> str:
    return f"`{'.'.join(map(str, place))}`" if place else "the list"


def _while(more: Expression | None) -> str:
    """Describe in the answer's words the condition under which there is a next page."""
    if more is None:
        return ""
    return f", while {more.wording}"
