"""Every error body fits the catalogue's error envelope, also where the framework and not an action refuses.

Every answer with a status of 400 or more is validated, except 503 and answers to HEAD. A code may declare an
envelope of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.contract import Contract
from pgagents.verify.cases.invalid import provokable
from pgagents.verify.check.check import (
    Check,
    Judgement,
    is_documented_answer,
    judge_broken,
    judge_kept,
    promise,
    promise_at,
)
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import Exchange

NAME = "error_envelope"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint and each surface's framework."""
    origin = ("errors", "envelope")
    for endpoint in setting.endpoints:
        if not provokable(setting, endpoint):
            continue
        yield promise(
            NAME,
            "",
            endpoint,
            f"every error of {endpoint.action.name} is in the envelope",
            origin,
            endpoint.action.cite,
        )
    for place in framework_places(setting.model):
        yield promise_at(NAME, "", place, "what the framework refuses is answered in the envelope", origin)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every answer with a status of 400 or more."""
    if exchange.status < 400 or exchange.request.method == "HEAD" or exchange.call.intent == "document":
        return
    if (
        exchange.call.endpoint is not None
        and exchange.call.intent != "framework"
        and not provokable(memory.setting, exchange.call.endpoint)
    ):
        return  # no error is promised for it: documented_status judges the answer
    contract, said = f"{NAME}/{exchange.place}", is_documented_answer(exchange, memory.model)
    if exchange.json.problem and not said:
        return
    if exchange.json.problem:
        yield judge_broken(contract, "the error envelope", exchange.json.problem)
        return
    declared = memory.model.codes.get(exchange.code or "")
    name = declared.envelope if declared else memory.model.errors.envelope
    test = memory.setting.envelope(name)
    if test.is_valid(exchange.body):
        yield judge_kept(contract)
    elif said:
        error = next(iter(test.iter_errors(exchange.body)))
        where = ".".join(map(str, error.instance_path)) or "the body"
        yield judge_broken(contract, f"a body that is {name}", f"{where}: {error.message[:200]}")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    rank=3,
    skips_unavailable=True,
)
