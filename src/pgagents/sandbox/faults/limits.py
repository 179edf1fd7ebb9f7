"""Faults of rate limits and their headers, and of what assistants bear."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.http import Handler, Request, Response, Silence
from pgagents.model.model import Bucket
from pgagents.sandbox.injection.fault_helpers import edits, list_action, successful, widest
from pgagents.sandbox.injection.fault_registry import Context, fault
from pgagents.sandbox.limits import Drawn, Limits


@fault("agent_response_limits").edit_data
def agent_items(context: Context, request: Request, data: Any) -> Any:
    """The widest search brings a list of thirty suggestions that nobody asked for."""
    if not isinstance(data, dict) or not widest(context.reader, list_action(context.model), request):
        return None
    return {**data, "suggestions": [{"rank": n} for n in range(30)]}


@fault("agent_response_limits").handle_requests
def agent_latency(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The widest search takes eleven seconds, longer than an assistant's host waits."""
    found = handler(request)
    if isinstance(found, Response) and successful(found) and widest(context.reader, list_action(context.model), request):
        context.sleep(11.0)
    return found


@fault("agent_response_limits").edit_answers
def agent_size(context: Context, request: Request, answer: Response) -> Response:
    """The widest search answers with more characters than an assistant's host takes, most of them blanks."""
    if not successful(answer) or not widest(context.reader, list_action(context.model), request):
        return answer
    return replace(answer, body=answer.body + b" " * 100_000)


@fault("agent_rate_limits", needs=("limits",))
def agents_by_endpoint_alone(handler: Handler, context: Context) -> Handler:
    """The budget of agents' calls counts those through the dispatcher, and none that a header says an agent makes."""
    paths = {str(d.path) for d in context.model.dispatchers}
    at: list[str] = [""]

    class _ByEndpoint(Limits):
        """Counts as an agent's only what came through a dispatcher."""

        def draw(self, *given: Any, agent: bool, **named: Any) -> Drawn | None:
            return super().draw(*given, agent=agent and at[0] in paths, **named)

    context.front.limits = _ByEndpoint(context.model)

    def answer(request: Request) -> Response | Silence:
        at[0] = request.path
        return handler(request)

    return answer


@fault("workflow_runs").change_server
def end_users_by_last_name(context: Context) -> None:
    """Of two headers that name an end user the last one counts, so behind a gateway that sets it all users share one budget."""
    context.front._end_users.reverse()


@fault("rate_limit_headers").replace_limits
class limit_costs_two(Limits):
    """Each call takes two of what a bucket holds, so that half of the published limit can be used."""

    def draw(self, *given: Any, **rest: Any) -> Drawn | None:
        first = super().draw(*given, **rest)
        return first if first is None or first.wait_s or not first.remaining else super().draw(*given, **rest)


@fault("rate_limit_headers").edit_answers
def limit_header_lies(context: Context, _request: Request, answer: Response) -> Response:
    """The limit's header tells a tenth of the limit."""
    names = context.model.limits.headers
    limit = answer.header(names.limit) if names else None
    if not names or not limit:
        return answer
    least = min(b.requests for b in context.model.buckets.values()) // 10 or 1
    remaining = min(int(answer.header(names.remaining) or 0), least - 1)
    return answer.with_header(names.limit, str(least)).with_header(names.remaining, str(remaining))


@fault("rate_limit_enforcement", needs=("limits",)).replace_limits
class limit_of_all_keys(Limits):
    """All keys draw from one bucket, so that one key's burst limits the others."""

    def _buckets(self, *given: Any) -> list[tuple[Bucket, str, int]]:
        return [(bucket, "all", bucket.requests) for bucket, _, _ in super()._buckets(*given)]


@fault("rate_limit_enforcement", needs=("limits",)).replace_limits
class limit_unenforced(Limits):
    """The limit is told, but never enforced."""

    def draw(self, *given: Any, **named: Any) -> Drawn | None:
        drawn = super().draw(*given, **named)
        return replace(drawn, wait_s=0.0) if drawn else None


@fault(
    "rate_limit_enforcement", also={"workflow_runs": "a call that was to fail is limited, so that the next one fails"}, needs=("limits",)
).replace_limits
class limited_early(Limits):
    """Calls are limited once half of what the headers tell is used up."""

    def draw(self, *given: Any, **rest: Any) -> Drawn | None:
        drawn = super().draw(*given, **rest)
        if drawn is None or drawn.wait_s or drawn.remaining >= drawn.limit // 2:
            return drawn
        return replace(drawn, wait_s=1.0)


@fault("rate_limit_headers").edit_answers
def remaining_frozen(context: Context, _request: Request, answer: Response) -> Response:
    """The header that tells what is left of the limit never falls."""
    names = context.model.limits.headers
    limit = answer.header(names.limit) if names else None
    return answer.with_header(names.remaining, str(int(limit) - 1)) if names and limit else answer


@fault("rate_limit_headers", needs=("limits",)).replace_limits
class reset_as_delay_when_limited(Limits):
    """What turns limited calls away tells the reset in seconds from now, while other answers tell the moment."""

    def headers(self, drawn: Drawn, now: float) -> list[tuple[str, str]]:
        return super().headers(drawn, 0.0 if drawn.wait_s else now)


@fault("rate_limit_headers").edit_answers
def reset_in_seconds(context: Context, _request: Request, answer: Response) -> Response:
    """The header that tells when the limit is full again counts seconds from now instead of telling the time, or the reverse."""
    limits, clock = context.model.limits, context.front.clock
    told = answer.header(limits.headers.reset) if limits.headers else None
    if not told:
        return answer
    now = int(clock.now())
    other = max(0, int(told) - now) if limits.reset_unit == "epoch_seconds" else int(told) + now
    return answer.with_header(limits.headers.reset, str(other))


@fault("rate_limit_headers", needs=("limits",)).replace_limits
class reset_of_next_call(Limits):
    """The limit's reset tells when the next call may come, not when the bucket is full again."""

    def headers(self, drawn: Drawn, now: float) -> list[tuple[str, str]]:
        return super().headers(replace(drawn, full_in_s=min(drawn.full_in_s, 60 / drawn.limit)), now)


@fault("rate_limit_enforcement", needs=("limits",)).replace_limits
class retry_after_cut(Limits):
    """The wait that a limited call is told is cut to whole seconds, so who waits so long comes too early."""

    def headers(self, drawn: Drawn, now: float) -> list[tuple[str, str]]:
        names = self._model.limits.headers
        retry = names.retry if names else None
        return [(name, str(max(1, int(drawn.wait_s))) if name == retry else value) for name, value in super().headers(drawn, now)]


@fault("rate_limit_enforcement", needs=("limits",)).edit_answers
def retry_after_lie(context: Context, _request: Request, answer: Response) -> Response:
    """A limited call is told to wait half a minute longer than it must."""
    names = context.model.limits.headers
    told = answer.header(names.retry) if names else None
    return answer.with_header(names.retry, str(int(told) + 30)) if names and told else answer


@fault("response_headers", needs=("limits",))
def retry_after_missing(handler: Handler, context: Context) -> Handler:
    """A limited call does not say when to come back."""
    names = context.model.limits.headers
    return edits(handler, lambda _, answer: answer.with_header(names.retry, None) if names else answer)


@fault("rate_limit_enforcement", needs=("limits",)).edit_answers
def retry_after_too_short(context: Context, _request: Request, answer: Response) -> Response:
    """A limited call is told to come back before there is anything for it."""
    names = context.model.limits.headers
    return answer.with_header(names.retry, "1") if names and answer.header(names.retry) else answer
