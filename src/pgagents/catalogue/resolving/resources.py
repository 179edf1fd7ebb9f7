"""Resolve resources and workflows."""

from __future__ import annotations

from dataclasses import replace

from pgagents.catalogue.language import (
    jobs,
    resources,
)
from pgagents.catalogue.resolving.shared import Shared
from pgagents.model.action import (
    ActionCall,
)
from pgagents.model.resource import Move, Resource, Takes, TimedMove, Unique
from pgagents.model.workflow import Step, Workflow
from pgagents.source.origin import Text
from pgagents.source.source import Pointer


class Resources(Shared):
    """Resolve resources and workflows."""

    def _find_job(self, resource: str) -> jobs.Job | None:
        """Return the job whose progress a resource shows, or None."""
        every = (a.job for _, block in self.checker.blocks() for a in block.values() if a.job is not None)
        return next((job for job in every if job.resource == resource), None)

    def _list_job_members(self, name: str, r: resources.Resource) -> tuple[str, ...]:
        """Return the members that change by themselves because a job runs."""
        job = self._find_job(name)
        own = (r.state, (job.reason or "").partition(".")[0]) if job is not None else ()
        return tuple(member for member in own if member)

    def _ending(self, r: resources.Resource, at: Pointer) -> ActionCall | None:
        """Resolve the call that undoes an instance. Its answer need not be the instance."""
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

    def _resource(self, name: str, r: resources.Resource) -> Resource:
        at: Pointer = ("resources", name)
        raw = self.data["resources"][name]
        moves = tuple(
            Move(
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
            TimedMove(v.from_, v.to, v.at, (*at, "moves_by_time", i)) for i, v in enumerate(r.moves_by_time)
        )
        return Resource(
            name=name,
            ids=ids,
            found_by=self._whole(r.found_by, (*at, "found_by"), r),
            made_by=self._whole(r.made_by, (*at, "made_by"), r),
            read_by=self._calls(r.read_by, (*at, "read_by"), raw.get("read_by"), r),
            listed_by=self._calls(r.listed_by, (*at, "listed_by"), raw.get("listed_by"), r),
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
            moves_by_time=timed,
            inferred=r.inferred,
            unique=tuple(
                Unique(tuple(u.members), self.codes[u.otherwise], tuple(u.cite), (*at, "unique", i))
                for i, u in enumerate(r.unique)
            ),
        )

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
            status_written=step.status is not None,
        )
