"""Explain answers that are not those of the API: a refused key, a redirect, another server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeGuard
from urllib.parse import urljoin, urlsplit

from pgagents.http import Response
from pgagents.model.credential import AUTHORIZATION, Credential
from pgagents.text.brief import brief
from pgagents.verify.check.setting import Setting
from pgagents.verify.run.preflight.advice import advise_scheme, advise_word
from pgagents.verify.run.preflight.trouble import Place, Tried, Trouble

_LOGIN = ("login", "signin", "sign-in", "sso", "oauth", "saml", "auth")
_PASSWORD = re.compile(rb"""<input[^>]{0,500}type\s*=\s*["']?password""", re.I)
MOST_READ = 200_000


def explain_refused_key(setting: Setting, place: Place, key: str, tried: Sequence[Tried]) -> Trouble:
    """Return a trouble: the server refuses the key, or its calls need a key that the document does not
    mention.
    """
    one = tried[0]
    if not any(action.key for action in setting.model.actions) and place.document is not None:
        says = f"the server answers {one.status} to {one.describe}, and the document declares no key"
        return Trouble(says, advise_scheme(one.answer, place.document.schemes))
    if not any(action.key for action in setting.model.actions):
        says = (
            f"the server answers {one.status} to {one.describe}, and the catalogue says that no action "
            "takes a key (`security: []`)"
        )
        return Trouble(
            says,
            "say under `auth.schemes` and `security` which key is needed; a document without `security` "
            "imports so",
        )
    what = "the key" if key else "a call without a key"
    others = f" and {len(tried) - 1} more" if len(tried) > 1 else ""
    says = f"the server is there and refuses {what}: {one.status} to {one.describe}{others}"
    credential = setting.model.credential
    if key and place.document is not None and lacks_word(credential):
        return Trouble(
            f"{says} (it was sent alone, {credential.how})", advise_word(one.answer, place.document.schemes)
        )
    if credential is not None and credential.inferred:
        return Trouble(
            says, f"is PGAGENTS_TOKEN a key of this server, and is it sent {credential.how} (--auth)?"
        )
    return Trouble(
        says,
        (
            "is PGAGENTS_TOKEN a key of this server, and still valid? one of another environment is refused "
            "like none"
        ),
    )


def lacks_word(credential: Credential | None) -> TypeGuard[Credential]:
    """True for a key that is sent in `Authorization` with no word before it, as few servers take it."""
    if credential is None or credential.kind != "api_key" or credential.lead:
        return False
    return credential.place == "header" and credential.wire.lower() == AUTHORIZATION.lower()


def explain_redirect(place: Place, one: Tried) -> Trouble:
    """Return the target of a redirected read, and the base URL that would answer."""
    assert isinstance(one.answer, Response)
    told = one.answer.header("Location") or ""
    here = urlsplit(place.url)
    try:
        its = urlsplit(urljoin(f"{place.url}{one.request.target}", told))
    except ValueError:  # such as `http://[x`
        its = urlsplit("")
    says = (
        f"{place.url} redirects {one.describe} to {brief(place.masked(told)) or 'nowhere'} "
        f"({one.status}); a key is not taken there"
    )
    asked = f"{here.path}{one.request.path}"
    same = (its.scheme, its.netloc) == (here.scheme, here.netloc)
    if same and its.path != asked and its.path.rstrip("/") == asked.rstrip("/"):
        return Trouble(says, "only the slash at the end differs: write the paths as the server has them")
    if its.scheme == "https" and here.scheme == "http" and its.hostname == here.hostname:
        return Trouble(says, f"give --url https://{its.netloc}{here.path}")
    if any(word in f"{its.netloc}{its.path}".lower() for word in _LOGIN):
        return Trouble(
            says, "it wants a login: give an address behind it, or what it asks for under `headers` in --env"
        )
    return Trouble(says, "give the address that it leads to, if you trust it")


def explain_another(place: Place, one: Tried) -> Trouble:
    """Return a trouble: the answer comes from another API, or it is a page where users sign in."""
    assert isinstance(one.answer, Response)
    kind, who = _describe_type(place, one.answer), _describe_server(place, one.answer)
    promised = "document" if place.document is not None else "catalogue"
    says = (
        f"{place.url} is another server{who} answers {one.describe} with {one.status} {kind}, which the "
        f"{promised} does not have"
    )
    if _PASSWORD.search(one.answer.body[:MOST_READ]):
        return Trouble(
            f"{place.url} answers {one.describe} with a page that asks for a password ({one.status} {kind})",
            "it wants a login: give an address behind it, or what it asks for under `headers` in --env",
        )
    return Trouble(says, "is --url the API's own address, with its base path?")


def explain_page(place: Place, one: Tried) -> Trouble:
    """Return a trouble: the refusal is a web page, so a firewall may have answered instead of the API."""
    assert isinstance(one.answer, Response)
    kind, who = _describe_type(place, one.answer), _describe_server(place, one.answer)
    return Trouble(
        f"{place.url}{who or ','} refuses {one.describe} with a web page ({one.status} {kind}), and an API "
        "answers with data",
        "a firewall or CDN may stand before the API: may this machine reach it? else, is the key right?",
    )


def _describe_type(place: Place, answer: Response) -> str:
    return brief(place.masked((answer.header("Content-Type") or "no type").partition(";")[0]))


def _describe_server(place: Place, answer: Response) -> str:
    named = answer.header("Server")
    return f", says that it is {brief(place.masked(named))}, and" if named else ""
