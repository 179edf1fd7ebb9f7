"""Present a credential correctly, and in forms that must be refused.

The forms of credentials are data in `model/credential.py`; only this module presents them in wrong forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

from pgagents.http import Request
from pgagents.model.credential import AUTHORIZATION, Credential, add_value, encode
from pgagents.verify.wire.call import Twist

QUERY_NAMES = ("access_token", "api_key", "apikey", "key", "token")
"""Usual names of a query parameter for a key.

RFC 6750 (2.3) defines the first, and says why keys should not be sent there.
"""
HEADER_NAME = "X-API-Key"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}\Z")
USER_NAMES = ("user", "username", "login")
PASSWORD_NAMES = ("password", "passwd", "pass")
_JWT = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[\w-]{8,}", re.A)
"""Parts in base64url with dots between them. The last part is long enough for a signature."""
_HEX = re.compile(r"[0-9A-Fa-f-]*")
"""Matches keys of hexadecimal digits, which may be compared without regard to case."""
_NEVER_ISSUED = "pgv000000000000000000000000"


@dataclass(frozen=True, slots=True)
class Proof:
    """The texts that a call presents, each with its credential."""

    parts: tuple[tuple[Credential, str], ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is anything to present."""
        return bool(self.parts)

    def add_to(self, request: Request) -> Request:
        """Return the request with each text added in its place."""
        for credential, value in self.parts:
            request = add_value(credential, request, value)
        return request


NOTHING = Proof()


def present(credential: Credential | None, secret: str, twist: Twist = "") -> Proof:
    """Return the proof of a secret, presented correctly or with a twist; empty without a credential."""
    if credential is None or twist in ("none", "query", "header"):
        return NOTHING
    shown = _FORMS[twist](credential, secret) if twist else credential.value(secret)
    return Proof(((credential, shown),))


def present_all(credentials: Iterable[tuple[Credential, str]], twist: Twist = "", twisted: str = "") -> Proof:
    """Return the proof of several secrets.

    The twist applies to the scheme `twisted`. If that is empty, it applies to the first scheme; `none` then
    applies to all.
    """
    found: tuple[tuple[Credential, str], ...] = ()
    for index, (credential, secret) in enumerate(credentials):
        own = credential.name == twisted or (not twisted and (index == 0 or twist == "none"))
        found += present(credential, secret, twist if own else "").parts
    return Proof(found)


def list_twists(credential: Credential, others: Iterable[Credential] = ()) -> Mapping[Twist, str]:
    """Return the twists that a server must refuse, each with a description, in the order of the plan.

    `others` are credentials that also suffice, so that a server may accept this key in their form.
    """
    known = credential.also_accepted | {form for other in others for form in _list_forms(other)}
    pair, bearer = credential.encoded, credential.word.lower() == "bearer"
    key = "the user and the password" if pair else "the key"
    found: dict[Twist, str] = {"garbage": "with a key that was never issued"}
    found["flip"] = "with a key that differs from a real one in a character or its case"
    if pair:
        found["garbage"] = "with a user and a password that were never issued"
        found["flip"] = "with a wrong password"
        found["plain"] = "with the user and the password without Base64"
    if credential.word and pair and "bearer" not in known:
        found["bearer"] = f"with {key} under the Bearer scheme"
    elif credential.word and not pair and "basic" not in known:
        found["basic"] = f"with {key} under the Basic scheme"
    if credential.word and "bare" not in known:
        found["bare"] = (
            f"with {key} but no {'scheme' if bearer or pair else f'`{credential.word}` before it'}"
        )
    if "query" not in known and credential.place != "query":
        found["query"] = f"with {key} in the query"
    if "header" not in known and credential.place != "header":
        found["header"] = f"with {key} in a header"
    return found


def _list_forms(credential: Credential) -> Iterator[str]:
    """Yield the forms of a credential's key, under their names in `also_accepted`."""
    yield credential.place
    if credential.any_case:
        yield credential.word.lower()
    elif credential.header == AUTHORIZATION:
        yield "bare"


def in_header(credential: Credential, request: Request, secret: str) -> Request:
    """Return the request with a secret in headers: the key's own name as a header, and the usual header."""
    value = credential.wrap(secret)
    names = [HEADER_NAME, *([credential.wire] if _TOKEN.match(credential.wire) else [])]
    for name in dict.fromkeys(names):
        request = request if request.header(name) else request.with_header(name, value)
    if "bearer" not in credential.also_accepted and not request.header("Authorization"):
        request = request.with_header("Authorization", f"Bearer {secret}")
    return request


def in_query(credential: Credential, request: Request, secret: str) -> Request:
    """Return the request with a secret in its query, under each usual name that the query does not
    contain.
    """
    taken = {name for name, _ in request.query}
    user, _, password = secret.partition(":")
    pairs = (
        [*((n, user) for n in USER_NAMES), *((n, password) for n in PASSWORD_NAMES)]
        if credential.encoded
        else [(n, secret) for n in _names_in_query(credential)]
    )
    more = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs if name not in taken)
    return replace(request, target=f"{request.target}{'&' if '?' in request.target else '?'}{more}")


def _names_in_query(credential: Credential) -> tuple[str, ...]:
    """Return the usual names, and the name of the key's own header or cookie."""
    own = () if credential.any_case else (credential.wire,)
    return tuple(dict.fromkeys((*QUERY_NAMES, *own)))


def _present_invented(credential: Credential, secret: str) -> str:
    """Return a secret that was never issued, and that begins as real ones do."""
    del secret
    prefix = next(iter(credential.prefixes), "")
    return credential.value(f"{prefix}{_NEVER_ISSUED}{':' + _NEVER_ISSUED if credential.encoded else ''}")


def _present_near(twist: Twist) -> Callable[[Credential, str], str]:
    def shown(credential: Credential, secret: str) -> str:
        return credential.value(_make_near(credential, secret, twist))

    return shown


def _make_near(credential: Credential, secret: str, twist: Twist) -> str:
    """Return a secret that nearly equals this one.

    In `user:password` the password is changed. If it is empty the user is changed, because such a server may
    ignore the password.
    """
    user, colon, password = secret.partition(":") if credential.encoded else ("", "", secret)
    if colon and not password:
        return f"{_change_text(credential, user, twist)}:"
    return f"{user}{colon}{_change_text(credential, password, twist)}"


def _change_text(credential: Credential, text: str, twist: Twist) -> str:
    if twist == "longer":
        return text + "A"
    if twist == "shorter":
        return text[:-1]
    prefix = next((p for p in credential.prefixes if text.startswith(p)), "")
    own = text[len(prefix) :]
    if twist == "case" and own.swapcase() != own and not _HEX.fullmatch(own):
        return prefix + own.swapcase()
    at = _find_place_to_flip(text)
    return f"{text[:at]}{'A' if text[at : at + 1] not in ('A', 'a') else 'B'}{text[at + 1 :]}"


def _find_place_to_flip(text: str) -> int:
    """Return the index of the character to change: the last one, but in a JWT the middle of its signature.

    Base64 does not use every bit of a last character, so a lenient server may rightly accept another one.
    """
    if not _JWT.fullmatch(text):
        return max(len(text) - 1, 0)
    return (text.rindex(".") + 1 + len(text)) // 2


def _present_alone(credential: Credential, secret: str) -> str:
    """Return a secret in its encoded form, without the text around it."""
    return encode(secret) if credential.encoded else secret


def _present_small(credential: Credential, secret: str) -> str:
    """Return the correct header with the scheme's name in small letters."""
    return f"{credential.lead.lower()}{credential.value(secret).removeprefix(credential.lead)}"


_FORMS: dict[Twist, Callable[[Credential, str], str]] = {
    "garbage": _present_invented,
    "flip": _present_near("flip"),
    "case": _present_near("case"),
    "longer": _present_near("longer"),
    "shorter": _present_near("shorter"),
    "lower": _present_small,
    "plain": lambda credential, secret: credential.wrap(secret),
    "basic": lambda credential, secret: f"Basic {_present_alone(credential, secret)}",
    "bearer": lambda credential, secret: f"Bearer {_present_alone(credential, secret)}",
    "bare": lambda credential, secret: _present_alone(credential, secret),
}
