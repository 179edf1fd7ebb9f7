"""CORS: web pages of any origin may call the API with their own key, never with the browser's credentials.

So `*` is allowed for every origin, and credentials never are (Fetch standard, 3.2): the API uses no cookies.
"""

from __future__ import annotations

from collections.abc import Iterable

from pgagents.http import Request, Response
from pgagents.model.model import Model

LIVES_S = 600
_SIMPLE = ("cache-control", "content-length", "content-type")


def is_preflight(request: Request) -> bool:
    """Return whether a request is a CORS preflight."""
    return (
        request.method == "OPTIONS"
        and bool(request.header("origin"))
        and bool(request.header("access-control-request-method"))
    )


def preflight(model: Model, methods: Iterable[str]) -> Response:
    """Return the answer to a preflight for a path with these methods."""
    headers = (
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", ", ".join(sorted({"GET" if m == "HEAD" else m for m in methods}))),
        ("Access-Control-Allow-Headers", ", ".join(_list_headers(model))),
        ("Access-Control-Max-Age", str(LIVES_S)),
    )
    return Response(204, headers)


def add_headers(answer: Response) -> Response:
    """Return the answer with the CORS headers that allow pages of any origin to read it and its headers."""
    if answer.header("access-control-allow-origin") is not None:
        return answer
    told = sorted({name for name, _ in answer.headers if name.lower() not in _SIMPLE}, key=str.lower)
    return Response(
        answer.status,
        (
            *answer.headers,
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Expose-Headers", ", ".join(told)),
        ),
        answer.body,
    )


def _list_headers(model: Model) -> list[str]:
    """List the headers that a page may send: key, content type, header arguments and those that name an
    end user.
    """
    named = {p.wire for action in model.actions for p in action.params if p.place == "header"}
    named |= set(model.api.request_headers)
    named |= {
        name.removeprefix("header ").strip() for name in model.limits.end_user if name.startswith("header ")
    }
    own = [c.wire for c in model.credentials.values() if c.place == "header"]
    return [*dict.fromkeys(own), "Content-Type", *sorted(named, key=str.lower)]
