"""Faults of jobs: work that goes on after the answer."""

from __future__ import annotations

from typing import Any

from faults.helpers import error_at
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.action import Job
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import objects


def _job_of(context: Context, request: Request) -> Job | None:
    """Return the job that a request reads."""
    action = context.reader.action(request)
    jobs = (a.job for a in context.model.actions if a.job is not None)
    return next((job for job in jobs if action is not None and action.name == job.read_by), None)


def _restate(job: Job, data: Any, state: str) -> Any:
    """Return the data with another state of the job."""
    for found in objects(data):
        if job.state in found:
            found[job.state] = state
            break
    return data


def _state_of(job: Job, data: Any) -> str:
    return next((str(found[job.state]) for found in objects(data) if job.state in found), "")


@fault("jobs", needs=("job",)).edit_data
def job_never_ends(context: Context, request: Request, data: Any) -> Any:
    """A job stays on its way for ever."""
    job = _job_of(context, request)
    if job is None or _state_of(job, data) not in job.ends:
        return None
    on_the_way = [s for s in context.model.resources[job.resource].states if s not in job.ends]
    return _restate(job, data, on_the_way[-1])


@fault("jobs", needs=("job",)).edit_data
def job_fails_without_a_reason(context: Context, request: Request, data: Any) -> Any:
    """Every job fails, and none says why."""
    job = _job_of(context, request)
    if job is None or not job.failed or _state_of(job, data) not in job.ends:
        return None
    return error_at(_restate(job, data, job.failed[0]), job.reason, "")


@fault("jobs", needs=("job",)).edit_data
def job_state_goes_back(context: Context, request: Request, data: Any) -> Any:
    """A job that has ended is begun again each time that it is read."""
    job = _job_of(context, request)
    if job is None or _state_of(job, data) not in job.ends:
        return None
    key = ("ended", request.path)
    if context.memory.setdefault(str(key), 0) == 0:
        context.memory[str(key)] = 1
        return None
    return _restate(job, data, context.model.resources[job.resource].states[0])


@fault("jobs", needs=("job",)).edit_answers
def job_location_of_another(context: Context, request: Request, answer: Response) -> Response:
    """Location leads to a job that does not exist."""
    action, told = context.reader.action(request), answer.header("Location")
    if action is None or action.job is None or told is None:
        return answer
    return answer.with_header("Location", told.rpartition("/")[0] + "/lost")


@fault("jobs", needs=("job",)).edit_answers
def job_retry_after_negative(context: Context, request: Request, answer: Response) -> Response:
    """Retry-After of a started job is -1."""
    action = context.reader.action(request)
    told = action is not None and action.job is not None and answer.header("Retry-After") is not None
    return answer.with_header("Retry-After", "-1") if told else answer
