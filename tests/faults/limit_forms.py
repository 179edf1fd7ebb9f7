"""Faults in the form of a rate limit: its status, the IETF's fields, one header, Retry-After alone."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import count

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import edits


@fault(
    "documented_status",
    also={"read_after_write": "a removal that was made is answered as refused, so a list lacks its instance"},
    needs=("limit-status",),
).handle_requests
def limit_by_another_status(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """A call over a limit is refused with 420, which the catalogue does not know; one in nine is."""
    found = handler(request)
    calls = context.memory.setdefault("limited", count(1))
    if next(calls) % 9 or not isinstance(found, Response) or context.reader.action(request) is None:
        return found
    return replace(found, status=420).with_header("Retry-After", "1")


@fault("rate_limit_headers", needs=("limit-headers-ietf",)).edit_answers
def ietf_window_doubled(_context: Context, _request: Request, answer: Response) -> Response:
    """The policy's window is twice as long as the real one."""
    told = answer.header("RateLimit-Policy")
    longer = re.sub(r"w=(\d+)", lambda w: f"w={2 * int(w[1])}", told or "")
    return answer.with_header("RateLimit-Policy", longer) if told else answer


@fault("rate_limit_headers", needs=("limit-headers-ietf",)).edit_answers
def ietf_reset_in_epoch(context: Context, _request: Request, answer: Response) -> Response:
    """The effective window is a point in time instead of seconds."""
    told, now = answer.header("RateLimit"), int(context.front.clock.now())
    return answer.with_header("RateLimit", re.sub(r"t=\d+", f"t={now}", told)) if told else answer


@fault("rate_limit_headers", needs=("limit-headers-ietf",)).edit_answers
def ietf_quota_frozen(_context: Context, _request: Request, answer: Response) -> Response:
    """The available quota never falls."""
    told = answer.header("RateLimit")
    return answer.with_header("RateLimit", re.sub(r"r=\d+", "r=17", told)) if told else answer


@fault("rate_limit_headers", needs=("limit-header-pattern",)).edit_answers
def usage_frozen(context: Context, _request: Request, answer: Response) -> Response:
    """The header of the usage never counts further than the first call."""
    headers = context.model.limits.headers
    told = answer.header(headers.usage) if headers is not None and headers.usage else None
    return answer.with_header(headers.usage, re.sub(r"^\d+", "1", told)) if told else answer


@fault("rate_limit_headers", needs=("limit-header-pattern",)).edit_answers
def usage_of_half_the_limit(context: Context, _request: Request, answer: Response) -> Response:
    """The header of the usage states half of the published limit."""
    headers = context.model.limits.headers
    told = answer.header(headers.usage) if headers is not None and headers.usage else None
    halved = re.sub(r"\d+$", lambda limit: str(int(limit[0]) // 2), told or "")
    return answer.with_header(headers.usage, halved) if told else answer


@fault("rate_limit_enforcement", needs=("retry-after-alone",))
def retry_after_in_words(handler: Handler, context: Context) -> Handler:
    """Retry-After is a sentence instead of seconds or a date."""
    retry = context.model.limit_reader.retry
    alone = not any(header.name == retry for header in context.model.headers)
    return edits(
        handler,
        lambda _, answer: (
            answer.with_header(retry, "in a minute") if alone and answer.header(retry) else answer
        ),
    )
