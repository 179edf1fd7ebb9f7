"""Explain answers that are not those of the API: a refused key, a redirect, another server."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urljoin, urlsplit

from pgagents.http import Response
from pgagents.text.brief import brief
from pgagents.verify.check.memory import Setting
from pgagents.verify.run.preflight.advice import advise_scheme
from pgagents.verify.run.preflight.trouble import Place, Tried, Trouble

_LOGIN = ("login", "signin", "sign-in", "sso", "oauth", "saml", "auth")


def explain_refused_key(setting: Setting, place: Place, key: str, tried: Sequence[Tried]) -> Trouble:
    one = tried[0]
    if not any(action.key for action in setting.model.actions) and place.schemes is not None:
        says = f"the server answers {one.status} to {one.describe}, and the document declares no key"
        return Trouble(says, advise_scheme(one.answer, place.schemes))
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


def explain_redirect(place: Place, one: Tried) -> Trouble:
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
    if its.scheme == "https" and here.scheme == "http" and its.hostname == here.hostname:
        return Trouble(says, f"give --url https://{its.netloc}{here.path}")
    if any(word in f"{its.netloc}{its.path}".lower() for word in _LOGIN):
        return Trouble(
            says, "it wants a login: give an address behind it, or what it asks for under `headers` in --env"
        )
    return Trouble(says, "give the address that it leads to, if you trust it")


def explain_another(place: Place, one: Tried) -> Trouble:
    assert isinstance(one.answer, Response)
    kind = brief(place.masked((one.answer.header("Content-Type") or "no type").partition(";")[0]))
    named = one.answer.header("Server")
    who = f", says that it is {brief(place.masked(named))}, and" if named else ""
    return Trouble(
        (
            f"{place.url} is another server{who} answers {one.describe} with {one.status} {kind}, which the "
            "catalogue does not have"
        ),
        "is --url the API's own address, with its base path?",
    )
