"""Every answer has a new request id, the same in the header and in the body.

All answers with an id are compared, framework errors included. An id that an earlier answer had breaks the
contract. So does an id in the body that differs from the header's. Answers that a cache stored are left out,
because they repeat the id of the first one (RFC 9111). So are those to an idempotency key that was sent
before, because django-idempotency-key stores the whole answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.report.contract import Rank
from pgagents.verify.answers.headers import header_name
from pgagents.verify.answers.replay import repeats_key
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import Exchange, got


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint and each surface's framework, if the envelope has a request id."""
    del roles
    if setting.model.errors.request_id_at is None:
        return
    origin = ("errors", "request_id_at")
    for endpoint in setting.endpoints:
        says = (
            f"answers of {endpoint.action.name} have a request id of their own, the same in header and body"
        )
        yield Case(endpoint, says, origin, cite=())
    says = "refusals have a request id of their own, the same in header and body"
    for place in framework_places(setting.model):
        yield Case(None, says, origin, place=place)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer with a request id."""
    trial, at = CHECK.find_trial(memory.setting, exchange.place), memory.model.errors.request_id_at
    # a hosted document may be a file that a CDN has, without an id
    if trial is None or exchange.response is None or exchange.call.intent == "document" or exchange.cached:
        return
    if repeats_key(exchange, memory):
        return
    name = memory.setting.compute_once("request_id header", lambda: header_name(memory.model))
    in_header = exchange.header(name) if name else None
    # `request_id_at` says where it stands in the envelope of errors
    in_body = got(exchange.body, at) if exchange.refused and at is not None else None
    if isinstance(in_body, str) and in_header is not None and in_body != in_header:
        yield trial.broken(f"the same id in the body and in {name}", "two different ids")
        return
    id = in_body if isinstance(in_body, str) else in_header
    if not id:
        return
    if memory.note_request_id(id):
        yield trial.kept()
    else:
        yield trial.broken("an id that no earlier answer had", "an id that an earlier answer had")


CHECK = make_check(
    "request_id",
    __doc__,
    cases,
    watch=watch,
    turn=4,
    of_any_input=True,
    skips_unavailable=True,
    rank=Rank.UNDOCUMENTED,
)
