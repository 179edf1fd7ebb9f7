"""Legal ways to show a rate limit, and to refuse a call for one."""

from __future__ import annotations

from pgagents.base.http import Request, Response
from pgagents.sandbox.fault_declaration import Context, variation


@variation().edit_answers
def ietf_further_policies(_context: Context, _request: Request, answer: Response) -> Response:
    """The IETF's fields show a daily limit too, of which much is left, with further parameters."""
    told, policies = answer.header("RateLimit"), answer.header("RateLimit-Policy")
    if told is None or policies is None:
        return answer
    return answer.with_header("RateLimit", f'"daily";r=99999;x-note="a, b; c", {told}').with_header(
        "RateLimit-Policy", f'{policies},"daily";q=100000;qu="requests";w=86400;pk=:cHsdsRa894==:'
    )
