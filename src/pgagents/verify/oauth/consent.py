"""Consent without a user: fill in the server's own form with the fields of the `--env` file."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag, urljoin

from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.oauth import (
    OAuthClient,
    find_redirect_target,
    leads_to,
    make_get,
    make_post,
    parse_redirect,
)

MOST_PAGES = 4
MAX_PAGE = 60_000
STATE = "pgv+1%2B&a=b/~"
"""A state whose value changes if a server decodes or encodes it once too often.

Any visible character is legal (RFC 6749, A.5).
"""


@dataclass(slots=True)
class Form:
    """The first form of a page that is sent by POST: its target, its values, and the names of its fields."""

    action: str = ""
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Code:
    """The result of an authorization request: a code, or the problem why there is none.

    `error` is the server's error code, if it sent one.
    """

    text: str = ""
    problem: str = ""
    error: str = ""
    state: str = ""


class _Reader(HTMLParser):
    """HTML parser that finds the first form with the method POST."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None and told.get("method", "").lower() == "post":
            self.form, self._inside = Form(told.get("action", "")), True
        elif self._inside and self.form is not None and (name := told.get("name")):
            self.form.names.add(name)
            if tag == "input" and told.get("type", "text").lower() not in (
                "checkbox",
                "radio",
                "submit",
                "button",
                "image",
            ):
                self.form.values[name] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"


def form_of(page: str) -> Form | None:
    """Return the first form of a page with the method POST; None if it has none."""
    reader = _Reader()
    try:
        reader.feed(page)
    except (AssertionError, ValueError):  # HTMLParser raises these for invalid markup
        return None
    return reader.form


def text_of(exchange: Exchange) -> str:
    """Return the text of the page in an answer, at most MAX_PAGE bytes of it."""
    return exchange.response.body[:MAX_PAGE].decode("utf-8", "replace") if exchange.response else ""


def authorize(
    base: str, path: str, client: OAuthClient, params: Mapping[str, str], why: str
) -> Generator[Call, Exchange, Code]:
    """Request a code as the client, and consent as its user.

    `path` is the authorization endpoint below `base`, the URL of the API's server. A link to another host, or
    to a path that is not below the base, is not followed.
    """
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "state": STATE,
        **params,
    }
    cookies: dict[str, str] = {}
    exchange = yield make_get(path, query, why, client.headers)
    for _ in range(MOST_PAGES):
        location = find_redirect_target(exchange)
        if location is not None and leads_to(location, client.redirect_uri):
            return _read_code(location)
        _keep(cookies, exchange)
        headers = {
            **client.headers,
            **({"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())} if cookies else {}),
        }
        if location is not None:
            onward = _within(base, path, location)
            if onward is None:
                return Code(problem=f"it leads to {location[:120]}, where nobody can follow")
            exchange = yield make_get(onward, {}, why, headers)
            continue
        form = form_of(text_of(exchange)) if exchange.success else None
        if form is None:
            return Code(
                problem=f"{exchange.outcome}, and no form to fill in"
                if exchange.success
                else exchange.outcome
            )
        target = _within(base, path, form.action)
        if target is None:
            return Code(problem=f"its form goes to {form.action[:120]}")
        filled = {**form.values, **{k: v for k, v in client.consent.items() if k in form.names}}
        exchange = yield make_post(target, filled, why, headers)
    return Code(problem=f"no code after {MOST_PAGES} pages")


def _read_code(location: str) -> Code:
    """Read the code, or the error in its place, from the URL of the final redirect."""
    told = parse_redirect(location)
    problem = "" if told.get("code") else f"error {told.get('error')}"
    return Code(told.get("code", ""), problem, told.get("error", ""), told.get("state", ""))


def _within(base: str, path: str, reference: str) -> str | None:
    """Return the target of a page's link; None if the target is not below the base."""
    server = base.rstrip("/")
    try:
        url = urldefrag(urljoin(f"{server}{path}", reference)).url
    except ValueError:
        return None
    return url.removeprefix(server) if url.startswith(f"{server}/") else None


def _keep(cookies: dict[str, str], exchange: Exchange) -> None:
    """Store the cookies of an answer as a browser would; they are sent only to this server."""
    headers: Any = exchange.response.headers if exchange.response else ()
    for name, value in headers:
        if name.lower() == "set-cookie" and "=" in value:
            key, _, text = value.partition(";")[0].partition("=")
            cookies[key.strip()] = text.strip()
