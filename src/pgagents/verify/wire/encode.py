"""Encode a call with known values as the request to send, with its credential and its signature."""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from zlib import crc32

from pgagents.base.http import Request, json_bytes, text_of
from pgagents.catalogue.decoding.medium import accept_of
from pgagents.catalogue.encoding.medium import WHOLE, list_types, medium_of_action
from pgagents.catalogue.encoding.request import encode_call
from pgagents.catalogue.model.answers import JSON
from pgagents.catalogue.model.credential import AUTHORIZATION, Credential, SignatureScheme, add_value, encode
from pgagents.verify.wire.call import Call, Signature, Twist
from pgagents.verify.wire.endpoint import Endpoint, frame

# -- credentials, correct and in forms that must be refused.
#
# The forms of credentials are data in `catalogue/model/credential.py`; only this module presents them in
# wrong forms.


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


def list_twists(credential: Credential, others: Iterable[Credential]) -> Mapping[Twist, str]:
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


def request_of(call: Call, values: Mapping[str, Any], proof: Proof = NOTHING) -> Request:
    """Return the request of a call. `values` are its arguments with live ids filled in, `proof` its
    credentials.

    Values that are not arguments go into the body, or into the query if the action has no body.
    """
    method, where, headers, body = _ordinary(call, values)
    raw = call.raw
    if raw.edit is not None:
        body = raw.edit(body)
    if raw.body is not None:
        body = raw.body
    if raw.retype:
        headers = [(k, _retype(v, raw.retype) if k == "Content-Type" else v) for k, v in headers]
    request = Request(
        raw.method or method,
        _add_slash(raw.target or where) if raw.slash else raw.target or where,
        tuple(headers),
        body,
    )
    request = proof.add_to(request)
    if raw.body and request.header("Content-Type") is None:
        request = request.with_header("Content-Type", JSON)
    for name, value in raw.headers:
        request = request.with_header(name, value)
    return request


def _retype(value: str, media: str) -> str:
    """Return a Content-Type with another media type and the same parameters."""
    _, mark, parameters = value.partition(";")
    return f"{media}{mark}{parameters}"


def _add_slash(target: str) -> str:
    """Return the target with a slash after its path."""
    path, mark, query = target.partition("?")
    return f"{path}/{mark}{query}"


def _ordinary(call: Call, values: Mapping[str, Any]) -> tuple[str, str, list[tuple[str, str]], bytes]:
    endpoint = call.endpoint
    headers = [("Accept", accept_of(endpoint.action) if endpoint is not None and endpoint.on_rest else JSON)]
    if endpoint is None:
        return "GET", "/", headers, b""
    if endpoint.form is not None:
        method, where, more, body = endpoint.form.request(endpoint.action, values, keyed=call.keyed)
        return method, where, [*headers, *more], body
    if call.raw.wrap is not None or endpoint.dispatcher is not None:
        wrapped = call.raw.wrap if call.raw.wrap is not None else envelope(endpoint, values)
        if endpoint.json_rpc is not None and "jsonrpc" not in wrapped:
            wrapped = frame(wrapped)
        headers += [*endpoint.action.headers, ("Content-Type", JSON)]
        return endpoint.method, endpoint.path, headers, json_bytes(wrapped)
    return _rest(endpoint, shorten_names(call, values), headers)


_PLACE = re.compile(r"(\{[^{}]*\})")


def shorten_names(call: Call, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a call's arguments as its path has them: without the path before their place, which a name
    repeats. What an author wrote is sent as it is.

    `shelves/7` is 7 at `/v1/shelves/{shelf}`, as Google's names of resources are (AIP-122).
    """
    params = call.endpoint.action.params if call.endpoint is not None and not call.authored else ()
    places = {f"{{{p.wire}}}": str(p.name) for p in params if p.place == "path" and not p.reserved}
    if not any(isinstance(value := values.get(name), str) and "/" in value for name in places.values()):
        return values
    assert call.endpoint is not None, "it has places"
    filled, found = "/", dict(values)
    for part in _PLACE.split(str(call.endpoint.action.path)):
        name = places.get(part, "")
        text = text_of(values[name]) if name in values else part
        head, slash, last = text.rpartition("/")
        if name in values and slash and last.strip() and filled.endswith(f"/{head}/"):
            found[name] = text = last
        filled += text
    return found


def envelope(endpoint: Endpoint, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the dispatcher's object: the action's name and its arguments. Headers of REST are arguments
    here.
    """
    assert endpoint.dispatcher is not None
    found: dict[str, Any] = {endpoint.dispatcher.selector: str(endpoint.action.name)}
    if values or any(p.required for p in endpoint.params):
        found[endpoint.dispatcher.arguments] = {endpoint.alias(k): v for k, v in values.items()}
    return found if endpoint.json_rpc is None else frame(found)


def _rest(
    endpoint: Endpoint, values: Mapping[str, Any], headers: list[tuple[str, str]]
) -> tuple[str, str, list[tuple[str, str]], bytes]:
    parts = encode_call(endpoint.action, values)
    headers += [(name, _header(value)) for name, value in parts.headers]
    if parts.body is None and (kind := _find_type_of_nothing(endpoint)):
        headers.append(("Content-Type", kind))
    if parts.body is None:
        return str(endpoint.action.method), parts.target, headers, b""
    headers.append(("Content-Type", parts.body.content_type))
    return str(endpoint.action.method), parts.target, headers, parts.body.data


def _find_type_of_nothing(endpoint: Endpoint) -> str:
    """Return the Content-Type of an empty body, if the argument that is the whole body was left out.

    With the right type, the empty body is the request's only problem.
    """
    whole = next((p for p in endpoint.params if p.place == WHOLE and p.required), None)
    if whole is None or medium_of_action(endpoint.action).typed:
        return ""
    return list_types(endpoint.action, whole)[0]


def _header(value: str) -> str:
    return "".join(c for c in value if " " <= c <= "~")


# -- the signature of a body, correct or with one mistake


NOBODYS = "whsec_pgv0000000000000000000000000"
"""A secret that was issued to nobody."""


def header_of(asked: Signature, scheme: SignatureScheme, secret: str, body: bytes, now: float) -> str:
    """Return the value of the header for a signature, its time or its id. The body is sent at `now` (epoch
    seconds).
    """
    at = str(int(now + asked.after_s))
    told = str(int(now)) if asked.slip == "time" else at
    id = f"msg_{crc32(body):08x}"
    if asked.part != "header":
        return told if asked.part == "time" else id
    signed = make_content(scheme, _make_signed_bytes(asked, body), at, id)
    if asked.slip == "untimed":
        signed = body
    right = scheme.each.format(mac=make_mac(scheme, secret, signed))
    first = scheme.first.format(time=told)
    if asked.slip != "secret":
        return first + right
    # the right signature is sent too, under a version that is not promised
    wrong = scheme.each.format(mac=make_mac(scheme, NOBODYS, signed))
    other = right.replace("v1", "v0", 1)
    return first + (other + scheme.between + wrong if scheme.between and other != right else wrong)


def make_content(scheme: SignatureScheme, body: bytes, time: str, id: str) -> bytes:
    """Return the bytes that are signed in a format."""
    before, after = scheme.content.split("{body}")
    return before.format(time=time, id=id).encode() + body + after.encode()


def find_secret_problem(scheme: SignatureScheme, secret: str) -> str:
    """Return why a secret cannot sign in a format; empty if it can. The text does not contain the secret."""
    try:
        make_mac(scheme, secret, b"")
    except ValueError:
        return "its part after the first underscore is not base64"
    return ""


def make_mac(scheme: SignatureScheme, secret: str, signed: bytes) -> str:
    """Return the HMAC-SHA256 of these bytes in the format's encoding.

    Raises ValueError if the format needs a secret in base64, and this one is not.
    """
    key = secret.encode()
    if scheme.coded_secret:
        text = secret.split("_", 1)[-1]
        key = b64decode(text.ljust(-(-len(text) // 4) * 4, "="))
    made = hmac.new(key, signed, sha256)
    return b64encode(made.digest()).decode() if scheme.encoding == "base64" else made.hexdigest()


def _make_signed_bytes(asked: Signature, body: bytes) -> bytes:
    if asked.slip == "body":
        return body + b" "
    return compact(body) if asked.slip == "bytes" else body


def compact(body: bytes) -> bytes:
    """Return the same JSON without spaces."""
    return json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode()


def add_spaces(body: bytes) -> bytes:
    """Return the same JSON with spaces as no serializer writes them."""
    return body.replace(b"{", b"{ ", 1) + b"\n"
