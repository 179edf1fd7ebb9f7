"""Every answer has a new request id, the same in the header and in the body.

All answers with an id are compared, framework errors included. An id that an earlier answer had breaks the
contract. So does an id in the body that differs from the header's. Answers that a
cache stored are left out, because they repeat the id of the first one.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.report.contract import Contract
from pgagents.verify.answers.headers import header_name
from pgagents.verify.promise import Check, Judgement, judge_broken, judge_kept, promise, promise_at
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import Exchange, got

NAME = "request_id"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint, and one for each surface's framework, if the envelope has a
    request id.
    """
    if setting.model.errors.request_id_at is None:
        return
    origin = ("errors", "request_id_at")
    for endpoint in setting.endpoints:
        name = endpoint.action.name
        says = f"answers of {name} have a request id of their own, the same in header and body"
        yield promise(NAME, "", endpoint, says, origin)
    says = "refusals have a request id of their own, the same in header and body"
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, says, origin)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer with a request id."""
    at = memory.model.errors.request_id_at
    if at is None or exchange.response is None or exchange.call.intent == "document" or exchange.cached:
        return
    contract = f"{NAME}/{exchange.place}"
    name = memory.setting.compute_once(NAME, lambda: header_name(memory.model))
    in_header = exchange.header(name) if name else None
    in_body = got(exchange.body, at) if exchange.refused else None
    if isinstance(in_body, str) and in_header is not None and in_body != in_header:
        yield judge_broken(contract, f"the same id in the body and in {name}", "two different ids")
        return
    id = in_body if isinstance(in_body, str) else in_header
    if not id:
        return
    if memory.note_request_id(id):
        yield judge_kept(contract)
    else:
        yield judge_broken(contract, "an id that no earlier answer had", "an id that an earlier answer had")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    rank=4,
    of_any_input=True,
    skips_unavailable=True,
)
