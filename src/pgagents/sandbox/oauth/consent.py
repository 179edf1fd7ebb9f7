"""The pages that a user sees: the consent form and refused requests. Plain forms, no script."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from urllib.parse import urlsplit

from pgagents.http import Response
from pgagents.sandbox.oauth.clients import Client

USER = "demo_user"
_STYLE = (
    ":root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}body{max-width:34rem;margin:2rem "
    "auto;padding:0 1rem}"
    "button,input{font:inherit;padding:.5rem 1rem;margin:.25rem .5rem .25rem 0}code{overflow-wrap:anywhere}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


def consent(
    api: str, client: Client, scopes: dict[str, str], redirect_uri: str, action: str, ticket: str
) -> Response:
    """Return the consent form; `scopes` are the requested scopes with their descriptions."""
    asked = "".join(f"<li><code>{escape(name)}</code>: {escape(says)}</li>" for name, says in scopes.items())
    body = f"""<h1>{escape(client.name)} asks for access to {escape(api)}</h1>
<p>This is a sandbox: nobody signs in, nothing is charged, and no password or card is asked for.</p>
<p>It would be allowed to:</p>
<ul>{asked}</ul>
<p>You would be sent back to <code>{escape(redirect_uri)}</code>.</p>
<form method="post" action="{escape(action)}">
<input type="hidden" name="ticket" value="{escape(ticket)}">
<p><label for="user">Go on as</label><br>
<input id="user" name="user" value="{USER}" required maxlength="64" pattern="[A-Za-z0-9_\\-]+"
autocomplete="off"></p>
<p><button name="decision" value="allow">Allow</button>
<button name="decision" value="deny" formnovalidate>Deny</button></p>
</form>"""
    return _page(200, "Allow access?", body, form_to=_source(redirect_uri))


def render_refusal(error: str, description: str) -> Response:
    """Return the page for a request that cannot be redirected, because its client or redirect URI is not
    valid.
    """
    says = f"<h1>This request is refused</h1>\n<p><code>{escape(error)}</code>: {escape(description)}</p>"
    return _page(
        400, "Refused", f"{says}\n<p>Nothing was granted. Go back to the app that sent you here.</p>"
    )


def _page(status: int, title: str, body: str, form_to: str = "") -> Response:
    html = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width">'
    )
    html += (
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )
    policy = (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'; "
        f"form-action 'self' {form_to}"
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy.strip()),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
    )
    return Response(status, headers, html.encode())


def _source(redirect_uri: str) -> str:
    """Return the origin of the final redirect, for browsers that apply `form-action` to redirects too."""
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"
