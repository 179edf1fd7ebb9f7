"""Find obstacles before a run begins: no server, another base path, another server, a refused key.

One ordinary read is sent. Only if its answer is not in the catalogue, a few more requests are sent to say
why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pgagents.base.cel.expression import Expression
from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.catalogue.decoding.medium import fits_any, is_json, kind_of
from pgagents.catalogue.model.answers import ReadError
from pgagents.catalogue.model.model import Model
from pgagents.verify.fixtures.request_template import evaluate_arguments, ordinary, template_of
from pgagents.verify.run.explain import (
    explain_another,
    explain_page,
    explain_redirect,
    explain_refused_key,
    lacks_word,
    why_silent,
)
from pgagents.verify.run.obstacles import (
    BAD_REQUEST,
    FORBIDDEN,
    NOT_FOUND,
    PASSING,
    UNAUTHORIZED,
    Place,
    Tried,
    Trouble,
)
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, InstanceRef, Raw, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.encode import Proof, present_all, request_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import BEHIND

AGAIN_S = 0.2


def preflight(
    setting: Setting,
    place: Place,
    carried: Mapping[str, str],
    *,
    keyless: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Trouble | None:
    """Return the obstacle between the run and the server; None if a run can begin.

    `carried` are the secrets and access tokens of ordinary calls, by scheme. `keyless` is True if the run has
    no key on purpose.
    """
    requests = list(list_reads(setting, carried)) or list(list_questions(setting, carried))
    if not requests:
        return None
    first = try_request(place, *requests[0])
    if isinstance(first.answer, Silence) and first.answer.kind in ("refused", "reset"):
        sleep(AGAIN_S)
        first = try_request(place, *requests[0])
    if isinstance(first.answer, Silence):
        return _find_silent(place, first, requests)
    if keyless:
        return None
    says_keyless = place.document is not None and not any(a.key for a in setting.model.actions)
    if succeeds(setting, first) and not says_keyless:
        return None
    tried = [first, *(try_request(place, *request) for request in requests[1:MOST_READS])]
    if any(succeeds(setting, one) for one in tried):
        if says_keyless:
            return _find_partly_closed(setting, place, tried)
        return _find_refusal(setting, place, next(iter(carried.values()), ""), tried)
    if any(knows(setting, one) for one in tried):
        return explain_elsewhere(setting, place, tried, "no ordinary read succeeds", succeeds)
    return _find_trouble(setting, place, carried, tried)


def find_refused_other(
    setting: Setting, place: Place, carried: Mapping[str, str], others: Mapping[str, str]
) -> Trouble | None:
    """Return the obstacle if a read takes the main key and refuses that of another project; None otherwise.

    `carried` and `others` are the secrets of both, by scheme.
    """
    pairs = zip(list_reads(setting, carried), list_reads(setting, others), strict=True)
    for (endpoint, own), (_, request) in pairs:
        if not endpoint.needs_key:
            continue
        tried = try_request(place, endpoint, request)
        if tried.status != UNAUTHORIZED:
            return None
        if not succeeds(setting, try_request(place, endpoint, own)):
            continue
        says = f"the server refuses the key of `second`: {tried.status} to {tried.describe}"
        help = "is what --identity second names a key of this server, and still valid? the main key is taken"
        return Trouble(says, help, wrong_key=True)
    return None


def describe_unused_key(model: Model, key: str) -> str:
    """Return a warning if the caller passed a key and no action takes one; otherwise empty."""
    if not key or any(action.key for action in model.actions):
        return ""
    return (
        "the key that was given is used by no action: the catalogue says that calls have none; a document "
        "without `security` imports so"
    )


def _find_silent(place: Place, first: Tried, requests: Sequence[tuple[Endpoint, Request]]) -> Trouble | None:
    """Return a trouble if no whole answer came to the first read, and another read shows no server either.

    One answer is not the server: it may be too large, or never end. Then the run can begin.
    """
    assert isinstance(first.answer, Silence)
    if first.answer.kind == "refused":
        return Trouble(*why_silent(place.url, first.answer, place.other))
    for request in requests[1:MOST_READS]:
        if isinstance(try_request(place, *request).answer, Response):
            return None
    if not first.answer.begun:
        return Trouble(*why_silent(place.url, first.answer, place.other))
    says = f"{first.describe}: status and headers came, and then {first.answer.detail or first.answer.kind}"
    return Trouble(
        says, "no read of this server ends with a whole answer; the run tries the others", fatal=False
    )


def _find_partly_closed(setting: Setting, place: Place, tried: Sequence[Tried]) -> Trouble | None:
    """Return a trouble if some reads need a key that the document does not declare; None otherwise.

    The run can go on with the other actions.
    """
    refused = [one for one in tried if one.status == UNAUTHORIZED and not knows(setting, one)]
    if not refused:
        return None
    return replace(explain_refused_key(setting, place, "", refused), fatal=place.has_key)


def _find_refusal(setting: Setting, place: Place, key: str, tried: Sequence[Tried]) -> Trouble | None:
    """Return a trouble if every read that needs a key refuses the given one, and others are open.

    A 403 may mean a missing scope. Where a word before the key may lack, the run goes on with the open reads.
    """
    needing = [one for one in tried if one.endpoint.needs_key]
    refused = [one for one in needing if refuses_key(setting, one)]
    if not key or not refused or any(succeeds(setting, one) for one in needing):
        return None
    if place.document is not None and lacks_word(setting.model.credential):
        return replace(explain_refused_key(setting, place, key, refused), fatal=False)
    if len(refused) < len(needing) or all(one.status == FORBIDDEN for one in refused):
        return None
    return replace(explain_refused_key(setting, place, key, refused), wrong_key=True)


def _find_trouble(
    setting: Setting, place: Place, carried: Mapping[str, str], tried: Sequence[Tried]
) -> Trouble | None:
    """Return the reason why no read was answered as the catalogue describes; None if one was, or if only the
    run can show it.
    """
    answers = [one.answer for one in tried]
    if not all(isinstance(answer, Response) for answer in answers):
        return None
    statuses = {one.status for one in tried}
    if page := next((one for one in tried if is_foreign_page(one)), None):
        return explain_page(place, page)
    if refused := [one for one in tried if refuses_key(setting, one)]:
        key = next(iter(carried.values()), "")
        wrong = bool(key) and any(one.status != FORBIDDEN for one in refused)
        return replace(explain_refused_key(setting, place, key, refused), wrong_key=wrong)
    if all(300 <= status < 400 for status in statuses):
        return explain_redirect(place, tried[0])
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
            [*tried, *(try_request(place, *question) for question in list_questions(setting, carried))]
            if len(tried) < MOST_READS - 1
            else tried
        )
        return (
            explain_nowhere(setting, place, tried) if {one.status for one in tried} == {NOT_FOUND} else None
        )
    if not any(is_data(one.answer) for one in tried):
        return explain_another(place, tried[0])
    return None


# -- requests of a preflight: ordinary reads, or the methods of a path if there are none


MOST_READS = 3
_LATER = (InstanceRef, UniqueValue, RelativeTime, Signature, Expression)


def list_reads(setting: Setting, carried: Mapping[str, str]) -> Iterator[tuple[Endpoint, Request]]:
    """List ordinary reads without path parameters and without arguments that only the server knows.

    Reads that need a key come first.
    """
    reads = [
        d
        for d in setting.home_endpoints
        if d.on_rest and d.method == "GET" and d.action.only_reads and "{" not in d.path
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
    return request_of(call, given, _present(setting, endpoint, carried))


def _present(setting: Setting, endpoint: Endpoint, carried: Mapping[str, str]) -> Proof:
    """Return the secrets of the first alternative that are all known."""
    needs = endpoint.security if endpoint.needs_key else ()
    names = next((one for one in needs if one and all(name in carried for name in one)), ())
    return present_all((setting.model.credentials[name], carried[name]) for name in names)


def list_questions(setting: Setting, carried: Mapping[str, str]) -> Iterator[tuple[Endpoint, Request]]:
    """Yield requests for the methods of paths that no read covers, and whose GET does not act."""
    guarded = {str(a.path) for a in setting.model.actions if a.method == "GET" and not a.only_reads}
    guarded |= {get.path for get in setting.model.withheld.gets}
    paths: dict[str, Endpoint] = {
        d.path: d
        for d in reversed(setting.home_endpoints)
        if "{" not in d.path and d.path not in guarded and not (d.on_rest and d.method == "GET")
    }
    for path, endpoint in list(paths.items())[: MOST_READS - 1]:
        call = Call(None, {}, "framework", "its methods", raw=Raw("OPTIONS", path))
        yield endpoint, request_of(call, {}, _present(setting, endpoint, carried))


def try_request(place: Place, endpoint: Endpoint, request: Request) -> Tried:
    """Send a request, and return it with its answer."""
    return Tried(endpoint, request, place.send(request))


# -- an answer to a read: from the API or not, with the key accepted or not


def refuses_key(setting: Setting, one: Tried) -> bool:
    """True if an answer refuses the key: by its status, or by the code of an error with a 2xx."""
    codes, read = (setting.model.no_key, setting.model.wrong_key), read_hidden_error(setting, one)
    return one.status in {FORBIDDEN, *_no_key(setting)} or (
        read is not None and read.code is not None and read.code in codes
    )


def read_hidden_error(setting: Setting, one: Tried) -> ReadError | None:
    """Return the error in the body of an answer with a 2xx status; None if the body has no error."""
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


def knows(setting: Setting, one: Tried) -> bool:
    """True if the catalogue documents this answer for the action. Then the server is likely the right one."""
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
        if output.any_type and output.schema is not None and kind_of(output).name == "json":
            return not told or is_json(told) or "string" in types_of(setting.resolve_schema(output.schema))
        if output.schema is None or not told or fits_any(told, output):
            return True
        return is_json(told) if is_json(output.content_type) else False
    documented = any(code.status == one.status for code in (*action.errors, *setting.model.always()))
    if one.status == NOT_FOUND and "?" not in one.request.target:
        return False  # it names nothing that could be missing but the path
    return (documented and is_data(answer)) or (one.status >= 500 and one.status not in BEHIND)


def succeeds(setting: Setting, one: Tried) -> bool:
    """Return True if an answer is a documented success or says when to come back.

    An OPTIONS call succeeds with any status but 404.
    """
    good = one.status < BAD_REQUEST or one.status in PASSING or one.request.method == "OPTIONS"
    return good and knows(setting, one) and read_hidden_error(setting, one) is None


def is_foreign_page(one: Tried) -> bool:
    """True if a refusal is a web page, such as that of a firewall or CDN in front of an API."""
    answer = one.answer
    told = (answer.header("Content-Type") or "").lower() if isinstance(answer, Response) else ""
    return one.status == FORBIDDEN and told.startswith("text/html") and not is_data(answer)


def is_data(answer: Response | Silence) -> bool:
    """True if the answer's body is JSON or empty."""
    return isinstance(answer, Response) and (not answer.body or not read_json(answer.body).problem)


# -- a base URL that answers, if every path of the given one is unknown


MOST_BASES = 5


def explain_nowhere(setting: Setting, place: Place, tried: Sequence[Tried]) -> Trouble:
    """Return a trouble: no path is known. It names the base URL or base path that answers, if any."""
    says = f"every path answers {NOT_FOUND}"
    found = explain_elsewhere(setting, place, tried, says, _is_there)
    found = found or _find_other_base(setting, place, tried[0], f"{says} at {place.url} ({_paths(tried)})")
    document = place.document
    own = str(setting.model.api.server) if document is None else document.server
    whose = "catalogue" if document is None else "document"
    named = f" the {whose}'s own is {own}" if own else ""
    help = f"is it another server, or another base path?{named}"
    return found or Trouble(f"{says} at {place.url} ({_paths(tried)})", help)


def explain_elsewhere(
    setting: Setting,
    place: Place,
    tried: Sequence[Tried],
    says: str,
    good: Callable[[Setting, Tried], bool],
) -> Trouble | None:
    """Return another base URL of the host where the first read succeeds."""
    endpoint, request = tried[0].endpoint, tried[0].request
    listed = list(likely(place.url, str(setting.model.api.server), [d.path for d in setting.endpoints]))
    for base in listed[:MOST_BASES]:
        one = Tried(endpoint, request, place.other(base)(request))
        if good(setting, one):
            where = (
                f"{says} at {place.url} ({_paths(tried)}), and {base} answers {one.status}: the base "
                "path is another"
            )
            return Trouble(where, f"give --url {base}")
    return None


def _find_other_base(setting: Setting, place: Place, one: Tried, says: str) -> Trouble | None:
    """Return another base path of the document at which the first read succeeds, as a trouble; None if there
    is none.

    The empty path is tried first.
    """
    if place.document is None:
        return None
    own, *others = place.document.bases
    for base in list(dict.fromkeys(("", *others, *USUAL)))[:MOST_BASES]:
        if base == own:
            continue
        request = replace(one.request, target=f"{base}{one.request.target.removeprefix(own)}")
        found = Tried(one.endpoint, request, place.send(request))
        if _is_there(setting, found):
            by = f"{says}, and {found.describe} answers {found.status}: the base path is another"
            return Trouble(by, f"add --base-path {base or '/'}")
    return None


def _is_there(setting: Setting, one: Tried) -> bool:
    """True if the API answers a read, even if it refuses the key."""
    return knows(setting, one) or (refuses_key(setting, one) and is_data(one.answer))


def _paths(tried: Sequence[Tried]) -> str:
    return ", ".join(dict.fromkeys(one.describe for one in tried))


# -- the base path that was probably meant: the given one may be doubled or missing


USUAL = ("/api", "/v1", "/api/v1")


def likely(url: str, server: str, paths: Sequence[str]) -> Iterator[str]:
    """List other base URLs of the same host, the likeliest first. `server` is the catalogue's own base
    URL.
    """
    given, own = _path(url), _path(server)
    common = _common([path.split("/") for path in paths])
    found = []
    half = len(given) // 2
    if given and given[:half] == given[half:]:
        found.append(given[:half])
    if given:
        found += [given.removesuffix(part) for part in (common, own) if part and given.endswith(part)]
        found += [given.rpartition("/")[0], ""]
    if own:
        found += [own, f"{given}{own}"]
    found += [f"{given}{usual}" for usual in USUAL]
    for path in dict.fromkeys(found):
        if path != given:
            yield _with(url, path)


def _common(paths: Sequence[Sequence[str]]) -> str:
    """Return the common path of all these paths, each without its last part."""
    found = []
    for parts in zip(*(path[:-1] for path in paths), strict=False):
        if len(set(parts)) > 1 or parts[0].startswith("{"):
            break
        found.append(parts[0])
    return "/".join(found)


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _with(url: str, path: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))
