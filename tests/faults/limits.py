"""Faults of rate limits, their headers, and the limits of assistants on size, time and items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from faults.helpers import list_action
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.model.model import Bucket
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import successful, widest
from pgagents.sandbox.limits import Drawn, Limits


def _three(context: Context) -> Any:
    """Return the names of the three headers that state a limit; None if the catalogue has another form."""
    names = context.model.limits.headers
    return names if names is not None and names.limit is not None else None


@fault("agent_response_limits").edit_data
def agent_items(context: Context, request: Request, data: Any) -> Any:
    """The widest search adds a list of thirty suggestions to its answer."""
    if not isinstance(data, dict) or not widest(context.reader, list_action(context.model), request):
        return None
    return {**data, "suggestions": [{"rank": n} for n in range(30)]}


@fault("agent_response_limits").handle_requests
def agent_latency(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The widest search takes eleven seconds, longer than an assistant's host waits."""
    found = handler(request)
    if (
        isinstance(found, Response)
        and successful(found)
        and widest(context.reader, list_action(context.model), request)
    ):
        context.sleep(11.0)
    return found


@fault("agent_response_limits").edit_answers
def agent_size(context: Context, request: Request, answer: Response) -> Response:
    """The widest search appends 100,000 blanks to its answer, more characters than an assistant's host
    accepts.
    """
    if not successful(answer) or not widest(context.reader, list_action(context.model), request):
        return answer
    return replace(answer, body=answer.body + b" " * 100_000)


@fault("agent_rate_limits", needs=("limits",))
def agents_by_endpoint_alone(handler: Handler, context: Context) -> Handler:
    """The rate limit for agents counts calls through the dispatcher only, and ignores the header that
    marks an agent's call.
    """
    paths = {str(d.path) for d in context.model.dispatchers}
    at: list[str] = [""]

    class _ByEndpoint(Limits):
        """Rate limits that count a call as an agent's only if it came through a dispatcher."""

        def draw(self, *given: Any, agent: bool, **named: Any) -> Drawn | None:
            return super().draw(*given, agent=agent and at[0] in paths, **named)

    context.front.limits = _ByEndpoint(context.model)

    def answer(request: Request) -> Response | Silence:
        at[0] = request.path
        return handler(request)

    return answer


@fault("workflow_runs").change_server
def end_users_by_last_name(context: Context) -> None:
    """The last of two headers that name an end user counts, so users behind a gateway that sets it share one
    limit.
    """
    context.front._end_users.reverse()


@fault("rate_limit_headers").edit_answers
def limit_header_lies(context: Context, _request: Request, answer: Response) -> Response:
    """The limit header states a tenth of the real limit."""
    names = _three(context)
    limit = answer.header(names.limit) if names else None
    if not names or not limit:
        return answer
    least = min(b.requests for b in context.model.buckets.values()) // 10 or 1
    remaining = min(int(answer.header(names.remaining) or 0), least - 1)
    return answer.with_header(names.limit, str(least)).with_header(names.remaining, str(remaining))


@fault("rate_limit_enforcement", needs=("limits",)).replace_limits
class limit_of_all_keys(Limits):
    """All keys draw from one bucket, so a burst on one key limits the others."""

    def _buckets(self, *given: Any) -> list[tuple[Bucket, str, int]]:
        return [(bucket, "all", bucket.requests) for bucket, _, _ in super()._buckets(*given)]


@fault("rate_limit_enforcement", needs=("limits",)).replace_limits
class limit_unenforced(Limits):
    """The limit is published but never enforced."""

    def draw(self, *given: Any, **named: Any) -> Drawn | None:
        drawn = super().draw(*given, **named)
        return replace(drawn, wait_s=0.0) if drawn else None


@fault(
    "rate_limit_enforcement",
    also={"workflow_runs": "a call that was to fail is limited, so that the next one fails"},
    needs=("limits",),
    odd=True,
).replace_limits
class limited_early(Limits):
    """Calls are limited once half of the published limit is used up."""

    def draw(self, *given: Any, **rest: Any) -> Drawn | None:
        drawn = super().draw(*given, **rest)
        if drawn is None or drawn.wait_s or drawn.remaining >= drawn.limit // 2:
            return drawn
        return replace(drawn, wait_s=1.0)


@fault("rate_limit_headers").edit_answers
def remaining_frozen(context: Context, _request: Request, answer: Response) -> Response:
    """The header with the remaining calls never decreases."""
    names = _three(context)
    limit = answer.header(names.limit) if names else None
    return answer.with_header(names.remaining, str(int(limit) - 1)) if names and limit else answer


@fault("rate_limit_headers", needs=("limits",)).replace_limits
class reset_as_delay_when_limited(Limits):
    """A 429 states the reset as seconds from now, while all other answers state it as a point in time."""

    def headers(self, drawn: Drawn, now: float) -> list[tuple[str, str]]:
        return super().headers(drawn, 0.0 if drawn.wait_s else now)


@fault("rate_limit_headers").edit_answers
def reset_in_seconds(context: Context, _request: Request, answer: Response) -> Response:
    """The reset header counts seconds from now where a point in time is declared, or the reverse."""
    limits, clock = context.model.limits, context.front.clock
    told = answer.header(limits.headers.reset) if _three(context) else None
    if not told:
        return answer
    now = int(clock.now())
    other = max(0, int(told) - now) if limits.reset_unit == "epoch_seconds" else int(told) + now
    return answer.with_header(limits.headers.reset, str(other))


@fault("rate_limit_headers", needs=("limits",)).replace_limits
class reset_of_next_call(Limits):
    """The reset header states when the next call is allowed, not when the bucket is full again."""

    def headers(self, drawn: Drawn, now: float) -> list[tuple[str, str]]:
        return super().headers(replace(drawn, full_in_s=min(drawn.full_in_s, 60 / drawn.limit)), now)


@fault("rate_limit_enforcement", needs=("limits",)).edit_answers
def retry_after_lie(context: Context, _request: Request, answer: Response) -> Response:
    """Retry-After is half a minute too long."""
    names = context.model.limits.headers
    told = answer.header(names.retry) if names else None
    return answer.with_header(names.retry, str(int(told) + 30)) if names and told else answer


@fault("rate_limit_enforcement", needs=("limits",)).edit_answers
def retry_after_too_short(context: Context, _request: Request, answer: Response) -> Response:
    """Retry-After is always one second, before the next call is allowed."""
    names = context.model.limits.headers
    return answer.with_header(names.retry, "1") if names and answer.header(names.retry) else answer
