"""Legal ways to carry out a job, and to show where it stands."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any
from urllib.parse import urljoin

from faults.helpers import error_at
from pgagents.base.http import Request, Response
from pgagents.base.jsonschema.schema import resolve
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.bodies import types_of
from pgagents.sandbox.fault_declaration import Context, variation
from pgagents.sandbox.fault_helpers import objects


@variation().edit_answers
def job_told_otherwise(context: Context, request: Request, answer: Response) -> Response:
    """Location is a whole URL, and Retry-After is a date."""
    action, told = context.reader.action(request), answer.header("Location")
    if action is None or action.job is None or told is None:
        return answer
    soon = formatdate(context.front.clock.now() + 2, usegmt=True)
    absolute = urljoin(str(context.model.api.server), told)
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
            _empty_result(context, action, found)
            return error_at(data, job.reason, _choose_reason(context, action, job.reason))
    return None


def _empty_result(context: Context, action: Action | None, found: dict[str, Any]) -> None:
    """Set the objects that the answer may leave null: a job that failed has made none."""
    schema = resolve((action.success.schema if action is not None else None) or {}, context.model.schemas)
    for name, value in found.items():
        member = resolve(schema.get("properties", {}).get(name, {}), context.model.schemas)
        if isinstance(value, dict) and "null" in types_of(member, context.model.schemas):
            found[name] = None


def _choose_reason(context: Context, action: Action | None, at: str | None) -> Any:
    """Return a reason that the schema of the answer allows: one that it lists, or a sentence."""
    schema: Any = action.success.schema if action is not None else {}
    for step in (at or "").split("."):
        schema = resolve(schema or {}, context.model.schemas).get("properties", {}).get(step, {})
    listed = [value for value in resolve(schema, context.model.schemas).get("enum", ()) if value is not None]
    return listed[0] if listed else "The disk is full"
