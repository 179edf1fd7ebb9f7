"""What a web page on another origin may do: call the API with a key of its own, never with one that the browser adds.

So every origin is told `*`, and credentials are never allowed (Fetch standard, 3.2): there is no cookie to protect.
"""

from __future__ import annotations

from collections.abc import Iterable

from pgagents.http import Request, Response
from pgagents.model.model import Model

LIVES_S = 600
_SIMPLE = ("cache-control", "content-length", "content-type")


def is_preflight(request: Request) -> bool:
    """Whether a browser asks before it calls."""
    return request.method == "OPTIONS" and bool(request.header("origin")) and bool(request.header("access-control-request-method"))


def preflight(model: Model, methods: Iterable[str]) -> Response:
    """The answer to a browser that asks about a path with these methods."""
    headers = (
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", ", ".join(sorted({"GET" if m == "HEAD" else m for m in methods}))),
        ("Access-Control-Allow-Headers", ", ".join(_sent(model))),
        ("Access-Control-Max-Age", str(LIVES_S)),
    )
    return Response(204, headers)


def opened(answer: Response) -> Response:
    """The answer, readable for a page of any origin with all its headers."""
    if answer.header("access-control-allow-origin") is not None:
        return answer
    told = sorted({name for name, _ in answer.headers if name.lower() not in _SIMPLE}, key=str.lower)
    return Response(
        answer.status,
        (*answer.headers, ("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", ", ".join(told))),
        answer.body,
    )


def _sent(model: Model) -> list[str]:
    """Headers that a call may have: the key, the body's type, and what the catalogue says."""
    named = {p.wire for action in model.actions for p in action.params if p.place == "header"}
    named |= {name.removeprefix("header ").strip() for name in model.limits.end_user if name.startswith("header ")}
    return ["Authorization", "Content-Type", *sorted(named, key=str.lower)]
