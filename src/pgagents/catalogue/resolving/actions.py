"""Resolve actions: their arguments, laws, jobs, pages and examples."""

from __future__ import annotations

from typing import Any

from pgagents.catalogue.checks import sending
from pgagents.catalogue.checks.paths import camel
from pgagents.catalogue.checks.refusals.arguments import list_codes
from pgagents.catalogue.checks.shapes import styles
from pgagents.catalogue.checks.surfaces.carried import MCP, is_dispatched
from pgagents.catalogue.checks.surfaces.hints import resolve_hints
from pgagents.catalogue.language import (
    actions,
    basics,
    jobs,
    pages,
)
from pgagents.catalogue.language.credentials import (
    Alternatives,
    list_alternatives,
    needs_certificate,
)
from pgagents.catalogue.language.errors import JSON
from pgagents.catalogue.language.schemas import argument_node
from pgagents.catalogue.resolving.answers import Answers, resolve_deprecation
from pgagents.catalogue.resolving.page_texts import add_page_sentence
from pgagents.catalogue.resolving.surfaces import Surfaces
from pgagents.encoding.file import ANY
from pgagents.encoding.file_schema import file_node
from pgagents.encoding.medium import medium_of
from pgagents.encoding.style import DEEP, FORM
from pgagents.model.action import Action, Deprecation, Example, Former, Texts
from pgagents.model.argument import FileLimits, Param
from pgagents.model.job import Job
from pgagents.model.law import Relation
from pgagents.model.pages import Pages
from pgagents.source.origin import Text
from pgagents.source.source import Pointer


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
            certificate=bool(a.http)
            and needs_certificate(self.written, self.written.security if a.security is None else a.security),
            server=Text(a.server, (*at, "server")) if a.server else None,
            job=self._job(a.job, (*at, "job")) if a.job else None,
            formerly=_formerly(a, (*at, "formerly")),
        )

    def _request_headers(self) -> tuple[tuple[str, Text], ...]:
        """Return the headers that every request has."""
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
            spread=style == FORM and p.explode is not False and styles.holds_object(self.checker, p),
            in_parts=style != "" and styles.is_in_parts(self.checker, p),
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

    def _pages(self, p: pages.Pages, at: Pointer) -> Pages:
        found = self.checker.expressions
        next, more = found[(*at, "next")], found.get((*at, "more"))
        bound = self.codes[p.bound] if p.bound else None
        is_url = at in self.checker.urls
        to = tuple(p.bound_to or ())
        items = found[(*at, "items")]
        return Pages(
            items, next, p.argument, more, p.size, bound, is_url, at, p.inferred, to, stable=p.stable
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
    """Return the description with a sentence about the action's deprecation."""
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
