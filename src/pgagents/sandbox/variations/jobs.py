"""Legal ways to carry out a job, and to tell where it is."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from pgagents.http import Request, Response
from pgagents.sandbox.injection.fault_helpers import error_at, objects
from pgagents.sandbox.injection.fault_registry import Context, variation


@variation().edit_answers
def job_told_otherwise(context: Context, request: Request, answer: Response) -> Response:
    """Location is a whole URL, and Retry-After is a date."""
    action, told = context.reader.action(request), answer.header("Location")
    if action is None or action.job is None or told is None:
        return answer
    soon = formatdate(context.front.clock.now() + 2, usegmt=True)
    absolute = f"{str(context.model.api.server).rstrip('/')}{told}"
    return answer.with_header("Location", absolute).with_header("Retry-After", soon)


@variation().edit_data
def jobs_fail_and_say_why(context: Context, request: Request, data: Any) -> Any:
    """Every job fails, and says why."""
    action = context.reader.action(request)
    jobs = [a.job for a in context.model.actions if a.job is not None]
    job = next((j for j in jobs if action is not None and action.name == j.read_by and j.failed), None)
    if job is None:
        return None
    for found in objects(data):
        if found.get(job.state) in job.done:
            found[job.state] = job.failed[0]
            return error_at(data, job.reason, "The disk is full")
    return None
