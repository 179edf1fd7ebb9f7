"""The authorization server, on Authlib's core, and the pages that a user sees: consent and refused
requests.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge

from pgagents.base.http import Response, json_bytes
from pgagents.catalogue.model.credential import PKCE
from pgagents.sandbox import grants
from pgagents.sandbox.grants import Client, Code, Grants, Token
from pgagents.sandbox.keys import digest
from pgagents.sandbox.store import Store

METHODS = ["none", "client_secret_basic", "client_secret_post"]
ACCESS_S = 3600


class AuthlibRequest(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A request in Authlib's form, with its parameters in `form` and `payload`."""

    def __init__(self, method: str, uri: str, form: dict[str, str], headers: dict[str, str]) -> None:
        super().__init__(method, uri, headers=headers)
        self.payload = BasicOAuth2Payload(form)
        self._form = form

    @property
    def form(self) -> dict[str, str]:
        """Return the parameters."""
        return self._form


class Server(AuthorizationServer):  # type: ignore[misc]  # Authlib has no types
    """The authorization server during one request.

    `oauth` has the catalogue's paths, scopes and lifetimes.
    """

    def __init__(self, oauth: Any, store: Store, grants: Grants, now: float) -> None:
        super().__init__(scopes_supported=list(oauth.scopes))
        self.oauth, self.store, self.grants, self.now = oauth, store, grants, now
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                lambda **_: grants.new_token("access"),
                lambda **_: grants.new_token("refresh"),
                oauth.access_s or ACCESS_S,
            ),
        )
        self.register_grant(_Codes, [_Pkce(PKCE, oauth.pkce_binds)] if oauth.pkce_binds else [])
        if oauth.refresh_s:
            self.register_grant(_Refreshes)
        self.register_endpoint(_Revocation)

    def query_client(self, client_id: str) -> Client | None:
        return grants.find(self.store, client_id)

    def save_token(self, token: dict[str, Any], request: AuthlibRequest) -> None:
        """Store both tokens.

        The refresh token keeps all scopes if the access token has fewer (RFC 6749, 6).
        """
        origin = request.authorization_code or request.refresh_token
        of = (origin.family, request.client.client_id, request.user)
        access = Token(digest(token["access_token"]), "access", *of, token.get("scope", ""))
        self.grants.keep_token(access, token["expires_in"], self.now)
        if "refresh_token" in token:
            refresh = Token(digest(token["refresh_token"]), "refresh", *of, origin.scope)
            self.grants.keep_token(refresh, self.oauth.refresh_s, self.now)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing; no signal has a listener."""

    def create_oauth2_request(self, request: AuthlibRequest) -> AuthlibRequest:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        return Response(status, tuple(headers), json_bytes(body) if isinstance(body, dict) else body.encode())


class _Codes(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def generate_authorization_code(self) -> str:
        return str(self.server.grants.new_code())

    def save_authorization_code(self, code: str, request: AuthlibRequest) -> None:
        given = request.payload.data
        challenge = given.get("code_challenge")
        self.server.grants.keep_code(
            Code(
                digest(code),
                self.server.grants.new_family(),
                request.client.client_id,
                request.user,
                request.scope,
                given["redirect_uri"],
                challenge,
                given.get("code_challenge_method") if challenge else None,
            ),
            self.server.now,
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found: Code | None = self.server.grants.code(code, client.client_id, self.server.now)
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.server.grants.use_code(authorization_code)

    def authenticate_user(self, authorization_code: Code) -> str:
        return authorization_code.sub


class _Pkce(CodeChallenge):  # type: ignore[misc]  # Authlib has no types
    """Accept only one PKCE method, which the client must name: RFC 7636 reads a missing method as plain."""

    def __init__(self, method: str, binds: tuple[str, ...]) -> None:
        super().__init__(required="public" in binds)
        self.SUPPORTED_CODE_CHALLENGE_METHOD = [method]
        self._binds = binds

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        super().validate_code_challenge(grant, redirect_uri)
        given = grant.request.payload.data
        bound = ("public" if grant.request.client.public else "confidential") in self._binds
        if bound and not given.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge'")
        if given.get("code_challenge") and not given.get("code_challenge_method"):
            raise InvalidRequestError("Missing 'code_challenge_method'")


class _Refreshes(RefreshTokenGrant):  # type: ignore[misc]  # Authlib has no types
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:  # Authlib's own name
        return bool(self.server.oauth.refresh_rotates)

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        found: Token | None = self.server.grants.token(refresh_token, self.server.now, "refresh")
        return found

    def authenticate_user(self, refresh_token: Token) -> str:
        return refresh_token.sub

    def revoke_old_credential(self, refresh_token: Token) -> None:
        if self.INCLUDE_NEW_REFRESH_TOKEN:
            self.server.grants.use_token(refresh_token)


class _Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib has no types
    CLIENT_AUTH_METHODS = METHODS

    def check_params(self, request: AuthlibRequest, client: Client) -> None:
        """Require only the token. An unknown hint is ignored (RFC 7009, 2.2)."""
        del client
        if "token" not in request.form:
            raise InvalidRequestError("Missing 'token' in request.")

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        del token_type_hint
        found: Token | None = self.server.grants.token(token_string, self.server.now)
        return found

    def revoke_token(self, token: Token, request: AuthlibRequest) -> None:
        del request
        self.server.grants.revoke_token(token)


# -- consent


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
