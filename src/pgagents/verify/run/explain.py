"""Explain why a server does not answer as the API: no connection, a refused key, a redirect, another
server.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeGuard
from urllib.parse import urljoin, urlsplit

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.base.text import brief
from pgagents.catalogue.model.credential import AUTHORIZATION, Credential
from pgagents.verify.run.obstacles import Place, Tried, Trouble
from pgagents.verify.setting import Setting
from pgagents.verify.wire.lease import may_send

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


# -- the `--auth SCHEME` that would work, if a document declares none


USUAL = ("bearer", "basic", "header:X-API-Key", "query:token")
CHALLENGED = {"bearer": "bearer", "basic": "basic", "token": "header:Authorization:Token"}
"""Schemes of a WWW-Authenticate header (RFC 9110, 11.6.1), as `--auth` takes them."""
IN_AUTHORIZATION = "header:Authorization"
_SCHEME = re.compile(r"(?:\A|,)\s*([A-Za-z][A-Za-z0-9-]*)(?=\s|,|\Z)")


def advise_word(answer: Response | Silence, described: Sequence[str]) -> str:
    """Return the option that puts a word before a key in `Authorization`, where it was refused alone."""
    told = (answer.header("WWW-Authenticate") or "") if isinstance(answer, Response) else ""
    words = [word for word in _SCHEME.findall(told[:500]) if word.lower() not in ("negotiate", "digest")]
    shown = [
        one.partition(f"{IN_AUTHORIZATION}:")[2] for one in described if one.startswith(IN_AUTHORIZATION)
    ]
    found = next(filter(None, (*words, *shown)), "")
    if not found:
        return f"if a word stands before the key there, add --auth {IN_AUTHORIZATION}:WORD"
    why = "as its answer says" if words else "as the document shows in words"
    scheme = found.lower() if found.lower() in ("bearer", "basic") else f"{IN_AUTHORIZATION}:{brief(found)}"
    return f"add --auth {scheme}, {why}"


def advise_scheme(answer: Response | Silence, described: Sequence[str]) -> str:
    """Return the options to add to the command, from the server's challenge or else from the document."""
    told = (answer.header("WWW-Authenticate") or "") if isinstance(answer, Response) else ""
    asked = [CHALLENGED[word] for word in map(str.lower, _SCHEME.findall(told[:500])) if word in CHALLENGED]
    if asked:
        found, why = asked, f"as its answer says (WWW-Authenticate: {brief(told)})"
    elif described:
        found, why = list(described[:4]), "as the document describes it"
    else:
        found, why = list(USUAL), "whichever the API takes"
    form = "user:password" if found[0] == "basic" else "…"
    chosen = " or ".join(f"--auth {brief(one)}" for one in dict.fromkeys(found))
    return f"export PGAGENTS_TOKEN={form} and add {chosen}, {why}"


# -- addresses that do not answer


PORTS = {"http": 80, "https": 443}
GREETING_S = 5.0


def why_silent(url: str, silence: Silence, other: Callable[[str], Handler]) -> tuple[str, str]:
    """Return the problem of a server that does not answer, and the next step for the caller.

    `other` returns a handler for another base URL. No key is sent.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    where = f"{host}:{port}"
    if silence.kind == "refused" and not _resolves(host, port):
        return (
            f"there is no host {host} (its name does not resolve)",
            "check the spelling of --url, and whether this machine's DNS can resolve it",
        )
    if parts.scheme == "https" and silence.kind in ("tls", "protocol", "reset"):
        return _no_tls(url, where, silence, other)
    if parts.scheme == "http" and silence.kind in ("protocol", "reset") and _speaks_tls(host, port):
        return (
            f"{where} speaks TLS, and --url begins http://",
            f"is it https? give --url https://{url.partition('://')[2]}",
        )
    if silence.kind == "refused":
        return (
            f"nothing listens at {where}: {_plainly(silence) or 'the connection was refused'}",
            "start the server, or check host and port of --url",
        )
    if silence.kind == "timeout":
        return (
            f"{where} does not answer: {silence.detail or 'no answer in time'}",
            "is the server up, and may this machine reach it (VPN, proxy, firewall)?",
        )
    return (
        (
            f"{where} gives no answer in HTTP: "
            f"{silence.kind}{f', {_plainly(silence)}' if silence.detail else ''}"
        ),
        "is --url the address of an HTTP server?",
    )


def _no_tls(url: str, where: str, silence: Silence, other: Callable[[str], Handler]) -> tuple[str, str]:
    if "certificate" in silence.detail.lower():
        return (
            f"the certificate of {where} is not trusted: {_plainly(silence)}",
            "give the CA that signed it with --cacert FILE, or the host that it names",
        )
    plain = f"http://{url.partition('://')[2]}"
    if isinstance(other(plain)(Request("GET", "/", (("Accept", "*/*"),))), Response):
        return f"{where} speaks plain http, and --url begins https://", f"is it http? give --url {plain}"
    return (
        f"{where} does not speak TLS: {_plainly(silence)}",
        "is --url right, and is the port the one with TLS?",
    )


def _resolves(host: str, port: int) -> bool:
    try:
        return bool(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False


def _speaks_tls(host: str, port: int) -> bool:
    """True if a TLS handshake succeeds. The certificate is not verified, because nothing is sent."""
    if not may_send():
        return False
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        suppress(OSError),
        socket.create_connection((host, port), GREETING_S) as plain,
        context.wrap_socket(plain, server_hostname=host),
    ):
        return True
    return False


def _plainly(silence: Silence) -> str:
    """Return the system's error message without its number."""
    text = silence.detail.strip()
    return text.partition("] ")[2] or text if text.startswith("[") else text
