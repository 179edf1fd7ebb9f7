"""Check that a job's resource is made by its action, can be read, and has the job's last states."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.jobs import Job
from pgagents.source.source import Pointer


def run(checker: Checker) -> None:
    """Record jobs whose end a caller could not see."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if action.job is not None:
                _job(checker, (*base, name, "job"), name, action, action.job)


def _job(checker: Checker, pointer: Pointer, name: str, action: Action, job: Job) -> None:
    if action.effect.value == "read":
        checker.report(pointer, "idle", "`job` does nothing on a read", "leave it out", at_value=False)
        return
    if not checker.check_reference((*pointer, "resource"), job.resource, ("resources",), "resource"):
        return
    resource = checker.written.resources[job.resource]
    if resource.made_by is None or resource.made_by.action != name:
        checker.report(
            (*pointer, "resource"),
            "job",
            f"no {job.resource} is made by `{name}`",
            f"write `made_by: {{action: {name}}}` in the resource",
        )
    elif not resource.read_by:
        checker.report(
            (*pointer, "resource"), "job", f"nothing reads a {job.resource}", "add `read_by` to the resource"
        )
    elif resource.state is None:
        checker.report(
            (*pointer, "resource"),
            "job",
            f"the resource `{job.resource}` has no `state`",
            "name the member that shows how far the job is",
        )
    else:
        _states(checker, pointer, job)


def _states(checker: Checker, pointer: Pointer, job: Job) -> None:
    states = ("resources", job.resource, "states")
    for key in ("done", "failed"):
        for index, state in enumerate(getattr(job, key)):
            checker.check_reference((*pointer, key, index), state, states, "state")
    for index, state in enumerate(job.failed):
        if state in job.done:
            checker.report(
                (*pointer, "failed", index), "job", f"`{state}` is both done and failed", "keep one of them"
            )
    if job.reason is not None and not job.failed:
        checker.report(
            (*pointer, "reason"),
            "idle",
            "`reason` does nothing: no state in `failed`",
            "name the states in which a job has failed",
            at_value=False,
        )
