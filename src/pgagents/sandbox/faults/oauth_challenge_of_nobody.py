"""A challenge that has nothing to say of scopes says that the scope None is needed."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

BREAKS = frozenset({"oauth_metadata"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, _context: Context) -> Handler:
    """Put a value there whether there is one or not."""

    def edit(_: Request, answer: Response) -> Response:
        said = answer.header("www-authenticate")
        if said is None or not said.startswith("Bearer") or "scope=" in said:
            return answer
        return answer.with_header("WWW-Authenticate", f'{said}{"," if "=" in said else ""} scope="None"')

    return meddle.edits(handler, edit)
