"""A challenge says more than it must: a realm, what the error means, and every scope that could be asked for (RFC 6750, 3)."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """Add what is not said yet."""
    oauth = context.model.auth.oauth
    more = {
        "realm": str(context.model.api.title),
        "scope": " ".join(oauth.scopes) if oauth is not None else "",
        "error_description": "What lacks is said in scope=name, as the documentation has it",
    }

    def edit(_: Request, answer: Response) -> Response:
        said = answer.header("www-authenticate")
        if said is None or not said.startswith("Bearer"):
            return answer
        parts = [
            said.removeprefix("Bearer").strip(),
            *(f'{name}="{text}"' for name, text in more.items() if text and f"{name}=" not in said),
        ]
        return answer.with_header("WWW-Authenticate", f"Bearer {', '.join(part for part in parts if part)}")

    return meddle.edits(handler, edit)
