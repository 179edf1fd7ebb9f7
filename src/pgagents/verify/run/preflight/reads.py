"""The requests of a preflight: ordinary reads, or requests for the methods of a path if there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.http import Request
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import evaluate_arguments, ordinary, template_of
from pgagents.verify.run.preflight.trouble import Place, Tried
from pgagents.verify.wire.call import Call, InstanceRef, Raw, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.credential import Proof, present_all
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.endpoint import Endpoint

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
