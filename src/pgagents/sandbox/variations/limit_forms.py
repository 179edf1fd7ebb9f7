"""Legal ways to show a rate limit, and to refuse a call for one."""

from __future__ import annotations

from itertools import count

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox import answers
from pgagents.sandbox.answers import framework_code
from pgagents.sandbox.fault_declaration import Context, variation

BUSY = 45
"""Number of calls while others use up the limit."""


@variation().handle_requests
def limited_now_and_then(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """At first one call in seven is refused for a limit that others have used up, with any of the declared
    statuses.
    """
    if context.reader.action(request) is None or context.model.errors.framework.limited is None:
        return handler(request)
    number = next(context.memory.setdefault("calls", count(1)))
    if number % 7 or number > BUSY:
        return handler(request)
    limited, statuses = framework_code(context.model, "limited"), sorted(context.model.limit_reader.statuses)
    status = statuses[number // 7 % len(statuses)]
    code = next((c for c in (limited, *context.model.always()) if c.status == status), limited)
    id = f"req_{number:020}"
    refused = answers.make_refusal(context.model, code, "Others are too many", id)
    more = ((context.model.limit_reader.retry, "1"), (answers.request_id_header(context.model), id))
    return Response(refused.status, (*refused.headers, *more), refused.body)


@variation().edit_answers
def ietf_further_policies(_context: Context, _request: Request, answer: Response) -> Response:
    """The IETF's fields show a daily limit too, of which much is left, with further parameters."""
    told, policies = answer.header("RateLimit"), answer.header("RateLimit-Policy")
    if told is None or policies is None:
        return answer
    return answer.with_header("RateLimit", f'"daily";r=99999;x-note="a, b; c", {told}').with_header(
        "RateLimit-Policy", f'{policies},"daily";q=100000;qu="requests";w=86400;pk=:cHsdsRa894==:'
    )
