"""Build the Model of a checked catalogue: names resolved, defaults filled in, origins kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, cast

from pgagents.base.cel.expression import Expression, member_of
from pgagents.base.cel.expression import compile as compiled
from pgagents.base.cel.reading import place_of
from pgagents.base.jsonschema.combine import list_parts, takes_null
from pgagents.base.jsonschema.schema import resolve as follow
from pgagents.base.places import Node, Pointer, Source, Text, plain
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.refusals import make_sign
from pgagents.catalogue.language import actions, catalogue, platform, resources
from pgagents.catalogue.language.basics import NOBODY
from pgagents.catalogue.language.catalogue import (
    find_carrier,
    find_user_scheme,
    list_used_schemes,
)
from pgagents.catalogue.language.platform import Api, Bucket, Header, OwnServer, TemplateServer
from pgagents.catalogue.language.schemas import schema_node
from pgagents.catalogue.model import model as m
from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.answers import ErrorReader, LimitReader
from pgagents.catalogue.model.credential import (
    CodeFlow,
    Credential,
    make,
    make_code_flow,
    schemes,
)
from pgagents.catalogue.model.model import Server, Variable
from pgagents.catalogue.model.resource import Move, Need, Resource, Step, Takes, TimedMove, Unique, Workflow
from pgagents.catalogue.resolve.actions import Actions
from pgagents.catalogue.resolve.shared import Shared, is_inferred

# -- resources and workflows


def _is_guess(resource: resources.Resource) -> bool:
    """Return whether a call or a transition of a resource was inferred."""
    one = {"found_by": resource.found_by, "made_by": resource.made_by, "undone_by": resource.undone_by}
    calls = [(key, call) for key, call in one.items() if call is not None]
    calls += [("read_by", call) for call in resource.read_by]
    calls += [("listed_by", call) for call in resource.listed_by]
    if any(_is_guessed_move(move, resource) for move in resource.moves.values()):
        return True
    return any(is_inferred(call, resource, key) for key, call in calls) if calls else resource.inferred


def _is_guessed_move(move: resources.Move, resource: resources.Resource) -> bool:
    return move.inferred and "moves" not in resource.confirmed


def _read_member(path: str) -> Expression:
    """Return the expression that reads the member at a dotted path of the instance."""
    steps = "".join(f"[{json.dumps(step)}]" for step in path.split("."))
    return compiled(f"resource{steps}", ("resource",))


class Resources(Shared):
    """Resolve resources and workflows."""

    def _find_job(self, resource: str) -> actions.Job | None:
        """Return the job whose progress a resource shows, or None."""
        return self._jobs.get(resource)

    @cached_property
    def _jobs(self) -> dict[str, actions.Job]:
        every = [a.job for _, block in self.checker.blocks() for a in block.values() if a.job is not None]
        return {job.resource: job for job in reversed(every)}

    def _list_job_members(self, name: str, r: resources.Resource) -> tuple[str, ...]:
        """Return the members that change by themselves because a job runs."""
        job = self._find_job(name)
        own = (r.state, (job.reason or "").partition(".")[0]) if job is not None else ()
        return tuple(member for member in own if member)

    def _list_filled_members(self, name: str, r: resources.Resource, made: ActionCall | None) -> list[str]:
        """Return the members that a job fills in: those that an answer may leave out or null.

        Members that the caller sent are known from the beginning, and fixed members never change.
        """
        job, schema = self._find_job(name), made.action.success.schema if made is not None else None
        if job is None or made is None or schema is None:
            return []
        here = plain(schema)
        for step in (place_of(made.at.tree) or ())[1:] if made.at is not None else ():
            parts = list_parts(here, self.schemas)
            here = next((p["properties"][step] for p in parts if step in p.get("properties", {})), {})
        parts = list_parts(here, self.schemas)
        required = {member for part in parts for member in part.get("required", ())}
        sent = {part for param in made.action.params for part in (str(param.name), param.wire)}
        known = {*r.fixed, *(r.id if isinstance(r.id, list) else [r.id]), *sent}
        return [
            member
            for part in parts
            for member, written in part.get("properties", {}).items()
            if member not in known
            and (member not in required or takes_null(cast(Node, follow(written, self.schemas))))
        ]

    def _ending(self, r: resources.Resource, at: Pointer) -> ActionCall | None:
        """Resolve the call that undoes an instance. Its answer need not be the instance."""
        found = self._call(r.undone_by, (*at, "undone_by"))
        if found is None or r.undone_by is None:
            return None
        return replace(found, body_at=r.body_at or "", inferred=is_inferred(r.undone_by, r, "undone_by"))

    def _parent(self, name: str, r: resources.Resource) -> str | None:
        """Return the nearest other resource whose id is in the path of the making call, or None.

        A resource that the same call moves to another state is not a parent, unless it is in a list's path,
        too.
        """
        action = self.actions[r.made_by.action] if r.made_by else None
        named = (
            [p.refers_to for p in action.params if p.place == "path" and p.refers_to and p.refers_to != name]
            if action
            else []
        )
        known = self.written.resources

        def is_kin(other: str) -> bool:
            moves = known[other].moves if r.made_by and other in known else {}
            return any(a == r.made_by.action and v.to for a, v in moves.items()) if r.made_by else False

        lists = [self.actions[one.action] for one in r.listed_by if one.action in self.actions]
        around = {p.refers_to for action in lists for p in action.params if p.place == "path"}
        return next((parent for parent in reversed(named) if parent in around or not is_kin(parent)), None)

    def _move_input(
        self, name: str, r: resources.Resource, action: Action, written: dict[str, Any]
    ) -> Mapping[str, Any]:
        """Return the arguments of a transition, with those that name the instance.

        Where none is written that reads the instance's id, they are those of the same action as `undone_by`,
        or else those that refer to the resource.
        """
        ids = {r.id} if isinstance(r.id, str) else set(r.id)
        if any(member_of(value, ("resource",)) in ids for value in written.values()) or "*" in written:
            return written
        if r.undone_by is not None and r.undone_by.action == action.name and r.undone_by.input:
            return {**self._values(r.undone_by.input, ("resources", name, "undone_by", "input")), **written}
        naming = [p for p in action.params if p.refers_to == name and str(p.name) not in written]
        own = {str(p.name): p.refers_member or (r.id if isinstance(r.id, str) else "") for p in naming}
        return {**{argument: _read_member(member) for argument, member in own.items() if member}, **written}

    def _resource(self, name: str, r: resources.Resource) -> Resource:
        at: Pointer = ("resources", name)
        raw = self.data["resources"][name]
        ids = (r.id,) if isinstance(r.id, str) else tuple(r.id)
        absent = tuple(r.absent[i] for i in ids) if isinstance(r.absent, dict) else r.absent
        made_by = self._whole(r.made_by, (*at, "made_by"), r)
        return Resource(
            name=name,
            ids=ids,
            found_by=self._whole(r.found_by, (*at, "found_by"), r),
            made_by=made_by,
            read_by=self._calls(r.read_by, (*at, "read_by"), raw.get("read_by"), r),
            listed_by=self._calls(r.listed_by, (*at, "listed_by"), raw.get("listed_by"), r),
            undone_by=self._ending(r, at),
            absent=absent,
            missing=self.codes[r.missing] if r.missing else None,
            tenant=r.tenant,
            state=r.state,
            states=tuple(r.states),
            initial=r.initial,
            moves=tuple(self._list_moves(name, r, at)),
            needs=tuple(self._list_needs(r, at)),
            fixed=tuple(r.fixed),
            volatile=tuple(
                dict.fromkeys(
                    [
                        *r.volatile,
                        *self._list_job_members(name, r),
                        *self._list_filled_members(name, r, made_by),
                    ]
                )
            ),
            reads_change=tuple(r.reads_change),
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
            moves_by_time=tuple(
                TimedMove(v.from_, v.to, v.at, (*at, "moves_by_time", i))
                for i, v in enumerate(r.moves_by_time)
            ),
            counts=tuple(r.counts.items()),
            inferred=_is_guess(r),
            unique=tuple(self._list_unique(r, at)),
        )

    def _list_moves(self, name: str, r: resources.Resource, at: Pointer) -> Iterator[Move]:
        for a, v in r.moves.items():
            if v.to is not None:
                action, place = self.actions[a], (*at, "moves", a)
                input = self._move_input(name, r, action, self._values(v.input, (*place, "input")))
                guessed = _is_guessed_move(v, r)
                code = self.codes[v.otherwise] if v.otherwise else None
                yield Move(action, tuple(v.from_), v.to, input, code, place, guessed)

    def _list_needs(self, r: resources.Resource, at: Pointer) -> Iterator[Need]:
        for a, v in r.moves.items():
            if v.to is None or v.has:
                parts = tuple((part, self.codes[code]) for part, code in v.has.items())
                action, place = self.actions[a], (*at, "moves", a)
                code = self.codes[v.otherwise] if v.otherwise else None
                given = self._values(v.input, (*place, "input"))
                yield Need(action, tuple(v.from_), parts, code, place, v.to is not None, given)

    def _list_unique(self, r: resources.Resource, at: Pointer) -> Iterator[Unique]:
        for i, u in enumerate(r.unique):
            members, code = tuple(u.members), self.codes[u.otherwise]
            place = (*at, "unique", i)
            yield Unique(members, code, u.stays_taken, tuple(u.overlaps), tuple(u.cite), place)

    def _takes(self, takes: resources.Takes | None, at: Pointer) -> Takes | None:
        return Takes(takes.of, takes.by, takes.counter, self.actions[takes.read_by], at) if takes else None

    def _workflow(self, name: str, w: resources.Workflow) -> Workflow:
        at: Pointer = ("workflows", name)
        steps = tuple(self._step(n, step, (*at, "steps", n)) for n, step in w.steps.items())
        return Workflow(
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
        """Return how long a step may wait for a job that an earlier step started, in seconds."""
        steps = self.written.workflows[str(at[1])].steps
        before = list(steps.values())[: list(steps).index(str(at[3]))]
        started = [self.actions[step.action].job for step in before]
        return max(
            (job.within_s for job in started if job is not None and job.read_by == action), default=0.0
        )

    def _step(self, name: str, step: resources.Step, at: Pointer) -> Step:
        found = self.checker.expressions
        action = self.actions[step.action]
        return Step(
            name=name,
            action=action,
            input=self._values(step.input, (*at, "input")),
            role="" if step.as_ == NOBODY and NOBODY not in self.written.auth.roles else step.as_ or "main",
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
            headers=tuple(self._values(step.headers, (*at, "headers")).items()),
            status_written=step.status is not None,
        )


def resolve(written: catalogue.Catalogue, source: Source, checker: Checker) -> m.Model:
    """Build the Model of a catalogue without problems."""
    return _Resolver(written, source, checker).model()


class _Resolver(Actions, Resources):
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
            sha256=hashlib.sha256(self.source.whole.encode()).hexdigest(),
            api=written.api.model_copy(update={"server": written.api.base_url}),
            server=_main_server(written.api),
            servers={
                name: _server(name, one, ("api", "servers", name))
                for name, one in written.api.servers.items()
            },
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
            webhooks=_with_defaults(written.webhooks),
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
        return make_code_flow(flows.authorization_code, scheme, carrier, self.written.api.base_url)

    def _add_provoking_calls(self) -> None:
        """Add to each code the calls that provoke it.

        This needs all actions, and actions refer to codes, so it comes last.
        """
        for name, code in self.written.errors.codes.items():
            at = ("errors", "codes", name, "provoked_by")
            calls = {action: self._call(call, (*at, action)) for action, call in code.provoked_by.items()}
            self.provoked[name].update({action: call for action, call in calls.items() if call is not None})

    def _reader(self) -> ErrorReader:
        compiled = self.checker.expressions.get(("errors", "when"))
        sign = make_sign(self.errors.when or "", compiled.tree) if compiled is not None else None
        return ErrorReader(self.codes, self.errors.code_at, sign)

    def _bucket(self, name: str, b: Bucket) -> m.Bucket:
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

    def _header(self, name: str, h: Header) -> m.Header:
        at = ("headers", name)
        return m.Header(
            name,
            Text(h.description, (*at, "description")),
            tuple(h.on),
            schema_node(self.data["headers"][name].get("schema") or {"type": "string"}, (*at, "schema")),
            h.const,
            tuple(h.cite),
            at,
            h.https,
        )

    def _audit(self, a: platform.Audit | None) -> m.Audit | None:
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


def _with_defaults(webhooks: platform.Webhooks | None) -> platform.Webhooks | None:
    """Return the webhooks with the usual headers of their signature's format, if they name none."""
    if webhooks is None:
        return None
    signed = webhooks.signature
    scheme = schemes()[signed.scheme] if signed is not None else None
    id_at = webhooks.id_at or (None if scheme is not None and scheme.id_header else "id")
    if signed is not None and scheme is not None and signed.header is None:
        signed = signed.model_copy(update={"header": scheme.header})
    return webhooks.model_copy(update={"signature": signed, "id_at": id_at})


def _main_server(api: Api) -> Server:
    """Return the server for manifests."""
    at = ("api", "server")
    if isinstance(api.server, str):
        return Server("", Text(api.server, at), (), "", at)
    return _server("", api.server, at)


def _server(name: str, written: TemplateServer, at: Pointer) -> Server:
    variables = tuple(
        Variable(n, v.default, tuple(v.enum or ()), v.description or "", (*at, "variables", n))
        for n, v in written.variables.items()
    )
    description = written.description if isinstance(written, OwnServer) else None
    return Server(name, Text(written.url, (*at, "url")), variables, description or "", at)


# -- containing resources that a caller names


def with_places(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    """Return the resources with their `placed_by` filled in."""
    return {name: replace(r, placed_by=_list_namers(r, resources)) for name, r in resources.items()}


def _list_namers(resource: Resource, resources: Mapping[str, Resource]) -> tuple[str, ...]:
    """Return the containers, such as a project of its tasks, whose id every call of a resource has too.

    The outermost is first. The result is empty if some call names an instance without its container: then its
    id is unique everywhere.
    """
    actions = _list_actions(resource)
    found: list[str] = []
    above = resource.within
    while above is not None and above in resources and above not in found:
        if not actions or not all(_names(action, above) for action in actions):
            break
        found.append(above)
        above = resources[above].within
    return tuple(reversed(found))


def _list_actions(resource: Resource) -> list[Action]:
    """Return the actions that take an id of the resource.

    If there are none, return the actions that make, find and list instances.
    """
    naming = [call.action for call in (*resource.read_by, resource.undone_by) if call is not None]
    naming += [move.action for move in resource.moves]
    naming += [resource.made_by.action] if resource.made_by is not None and naming else []
    others = [c.action for c in (resource.made_by, resource.found_by, *resource.listed_by) if c is not None]
    return naming or others


def _names(action: Action, resource: str) -> bool:
    return any(param.refers_to == resource for param in action.params)
