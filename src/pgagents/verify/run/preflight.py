"""Obstacles are found before a run begins: no server, another base path, another server, a refused key.

One ordinary read is sent. Only if its answer is not in the catalogue, a few more requests are sent to say
why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from pgagents.cel.expression import Expression
from pgagents.decoding.medium import fits, is_json
from pgagents.http import Handler, Request, Response, Silence, read_json
from pgagents.model.error_reader import ReadError
from pgagents.model.model import Model
from pgagents.text.brief import brief
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.request_template import evaluate_arguments, template_of
from pgagents.verify.run.advice import advise_scheme
from pgagents.verify.run.base_path import likely
from pgagents.verify.wire.call import Call, InstanceRef, Raw, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.credential import present_all
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.reach import why_silent

MOST_READS = 3
MOST_BASES = 5
AGAIN_S = 0.2
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, BAD_REQUEST = 401, 403, 404, 400
BEHIND = (502, 504)
PASSING = (429, 503)
_LOGIN = ("login", "signin", "sign-in", "sso", "oauth", "saml", "auth")
_LATER = (InstanceRef, UniqueValue, RelativeTime, Signature, Expression)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing can be tried, and what to do about it."""

    says: str
    help: str


@dataclass(frozen=True, slots=True)
class Place:
    """The server that is to be verified: its base URL, the way to it, and the way to another base URL of the
    same host.

    `masked` takes secrets out of what the server says, before it is cut to a length that a message bears.
    """

    url: str
    send: Handler
    other: Callable[[str], Handler]
    masked: Callable[[str], str] = str
    schemes: Sequence[str] | None = None
    """The keys that an OpenAPI document describes, as `--auth` takes them; None for a catalogue."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """An ordinary read and what came of it."""

    endpoint: Endpoint
    request: Request
    answer: Response | Silence

    @property
    def describe(self) -> str:
        """The request, in a few words."""
        return f"{self.request.method} {brief(self.request.path)}"

    @property
    def status(self) -> int:
        """The status; 0 where no answer came."""
        return self.answer.status if isinstance(self.answer, Response) else 0


def preflight(
    setting: Setting,
    place: Place,
    carried: Mapping[str, str],
    *,
    keyless: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Trouble | None:
    """Return the obstacle between us and the server; None where a run can begin. `carried`
    are the secrets of ordinary calls, and access tokens, by scheme. `keyless`: the run has no key on purpose.
    """
    requests = list(_reads(setting, carried)) or list(_questions(setting))
    if not requests:
        return None
    first = _try_request(place, *requests[0])
    if isinstance(first.answer, Silence) and first.answer.kind in ("refused", "reset"):
        sleep(AGAIN_S)
        first = _try_request(place, *requests[0])
    if isinstance(first.answer, Silence):
        return Trouble(*why_silent(place.url, first.answer, place.other))
    if keyless or _succeeds(setting, first):
        return None
    tried = [first, *(_try_request(place, *request) for request in requests[1:MOST_READS])]
    if any(_succeeds(setting, one) for one in tried):
        return None
    if any(_knows(setting, one) for one in tried):
        return _elsewhere(setting, place, tried, "no ordinary read succeeds", _succeeds)
    return _find_trouble(setting, place, next(iter(carried.values()), ""), tried)


def describe_unused_key(model: Model, key: str) -> str:
    """Return a warning where a key was given and no action takes one; empty otherwise."""
    if not key or any(action.key for action in model.actions):
        return ""
    return (
        "the key that was given is used by no action: the catalogue says that calls have none; a document "
        "without `security` imports so"
    )


def _find_trouble(setting: Setting, place: Place, key: str, tried: Sequence[_Tried]) -> Trouble | None:
    """Return why none of the reads was answered as the catalogue describes; None if only the run can show
    it.
    """
    answers = [one.answer for one in tried]
    if not all(isinstance(answer, Response) for answer in answers):
        return None
    statuses = {one.status for one in tried}
    if refused := [one for one in tried if _refuses_key(setting, one)]:
        return _key_refused(setting, place, key, refused)
    if all(300 <= status < 400 for status in statuses):
        return _explain_redirect(place, tried[0])
    if statuses <= set(BEHIND):
        return Trouble(
            (
                f"a gateway at {place.url} answers {tried[0].status} to {tried[0].describe}: the server "
                "behind it is not there"
            ),
            "start it",
        )
    if statuses == {BAD_REQUEST} and place.url.startswith("http:"):
        silent = why_silent(place.url, Silence("protocol", f"it answers {BAD_REQUEST}"), place.other)
        return Trouble(*silent) if "TLS" in silent[0] else None
    if statuses == {NOT_FOUND}:
        tried = (
            [*tried, *(_try_request(place, *question) for question in _questions(setting))]
            if len(tried) < MOST_READS - 1
            else tried
        )
        return _nowhere(setting, place, tried) if {one.status for one in tried} == {NOT_FOUND} else None
    if not any(_is_data(one.answer) for one in tried):
        return _another(place, tried[0])
    return None


def _reads(setting: Setting, carried: Mapping[str, str]) -> Iterator[tuple[Endpoint, Request]]:
    """List ordinary reads without a path parameter and without arguments that only the server can give.
    Reads that need a key come first.
    """
    reads = [
        d
        for d in setting.endpoints
        if d.on_rest
        and d.method == "GET"
        and d.action.effect == "read"
        and not d.action.costs
        and "{" not in d.path
    ]
    count = 0
    for endpoint in sorted(reads, key=lambda d: not d.action.key):
        given = evaluate_arguments(setting.model, template_of(setting.model, endpoint.action).input)
        if count < MOST_READS and not any(isinstance(value, _LATER) for value in given.values()):
            count += 1
            yield endpoint, _request(setting, endpoint, given, carried)


def _request(
    setting: Setting, endpoint: Endpoint, given: Mapping[str, Any], carried: Mapping[str, str]
) -> Request:
    call = ordinary(
        endpoint, template_of(setting.model, endpoint.action), "valid", "an ordinary call", input=given
    )
    needs = endpoint.security if endpoint.needs_key else ()
    names = next((one for one in needs if one and all(name in carried for name in one)), ())
    secrets = ((setting.model.credentials[name], carried[name]) for name in names)
    return request_of(call, given, present_all(secrets))


def _questions(setting: Setting) -> Iterator[tuple[Endpoint, Request]]:
    """Yield requests for the methods of paths that no read covers."""
    paths: dict[str, Endpoint] = {
        d.path: d
        for d in reversed(setting.endpoints)
        if "{" not in d.path and not (d.on_rest and d.method == "GET")
    }
    for path, endpoint in list(paths.items())[: MOST_READS - 1]:
        yield (
            endpoint,
            request_of(Call(None, {}, "framework", "its methods", raw=Raw("OPTIONS", path)), {}),
        )


def _try_request(place: Place, endpoint: Endpoint, request: Request) -> _Tried:
    return _Tried(endpoint, request, place.send(request))


def _refuses_key(setting: Setting, one: _Tried) -> bool:
    """Return whether an answer refuses the key: by its status, or by the code of an error with a 2xx."""
    codes, read = (setting.model.no_key, setting.model.wrong_key), _read_hidden_error(setting, one)
    return one.status in {FORBIDDEN, *_no_key(setting)} or (
        read is not None and read.code is not None and read.code in codes
    )


def _read_hidden_error(setting: Setting, one: _Tried) -> ReadError | None:
    """Return the error in an answer with a 2xx status; None if it is none."""
    reader = setting.model.error_reader
    if reader.sign is None or not isinstance(one.answer, Response) or one.status >= BAD_REQUEST:
        return None
    body = read_json(one.answer.body).value
    return reader.read(one.status, body) if reader.is_error(one.status, body) else None


def _no_key(setting: Setting) -> set[int]:
    """Return the statuses of a missing or wrong key. A documented 403 is left out, because it may mean a
    missing scope.
    """
    codes = [code for code in (setting.model.no_key, setting.model.wrong_key) if code is not None]
    return {UNAUTHORIZED, *(code.status for code in codes if code.status >= BAD_REQUEST)}


def _knows(setting: Setting, one: _Tried) -> bool:
    """Return whether the catalogue documents this answer for the action, so that the server is likely the
    right one.
    """
    action, answer = one.endpoint.action, one.answer
    if not isinstance(answer, Response) or one.status in _no_key(setting):
        return False
    if one.request.method == "OPTIONS":
        return one.status != NOT_FOUND and one.status not in BEHIND
    if one.status in PASSING:
        return True
    output = next((o for o in action.outputs if o.status == one.status), None)
    if output is not None:
        told = answer.header("Content-Type") or ""
        if output.schema is None or not told or fits(told, output.content_type):
            return True
        return is_json(told) if is_json(output.content_type) else False
    documented = any(code.status == one.status for code in (*action.errors, *setting.model.always()))
    if one.status == NOT_FOUND and "?" not in one.request.target:
        return False  # it names nothing that could be missing but the path
    return (documented and _is_data(answer)) or (one.status >= 500 and one.status not in BEHIND)


def _succeeds(setting: Setting, one: _Tried) -> bool:
    """Return whether an answer is a documented success or asks to come back later. For a question about
    methods, anything but 404 counts.
    """
    good = one.status < BAD_REQUEST or one.status in PASSING or one.request.method == "OPTIONS"
    return good and _knows(setting, one) and _read_hidden_error(setting, one) is None


def _is_data(answer: Response | Silence) -> bool:
    """Return whether the answer's body is JSON or empty."""
    return isinstance(answer, Response) and (not answer.body or not read_json(answer.body).problem)


def _key_refused(setting: Setting, place: Place, key: str, tried: Sequence[_Tried]) -> Trouble:
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


def _explain_redirect(place: Place, one: _Tried) -> Trouble:
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


def _another(place: Place, one: _Tried) -> Trouble:
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


def _nowhere(setting: Setting, place: Place, tried: Sequence[_Tried]) -> Trouble:
    says = f"every path answers {NOT_FOUND}"
    found = _elsewhere(
        setting,
        place,
        tried,
        says,
        lambda its, one: _knows(its, one) or (_refuses_key(its, one) and _is_data(one.answer)),
    )
    own = setting.model.api.server
    help = f"is it another server, or another base path? the catalogue's own is {own}"
    return found or Trouble(f"{says} at {place.url} ({_paths(tried)})", help)


def _elsewhere(
    setting: Setting,
    place: Place,
    tried: Sequence[_Tried],
    says: str,
    good: Callable[[Setting, _Tried], bool],
) -> Trouble | None:
    """Return another base URL of the host where the first read succeeds."""
    endpoint, request = tried[0].endpoint, tried[0].request
    listed = list(likely(place.url, str(setting.model.api.server), [d.path for d in setting.endpoints]))
    for base in listed[:MOST_BASES]:
        one = _Tried(endpoint, request, place.other(base)(request))
        if good(setting, one):
            where = (
                f"{says} at {place.url} ({_paths(tried)}), and {base} answers {one.status}: the base "
                "path is another"
            )
            return Trouble(where, f"give --url {base}")
    return None


def _paths(tried: Sequence[_Tried]) -> str:
    return ", ".join(dict.fromkeys(one.describe for one in tried))
