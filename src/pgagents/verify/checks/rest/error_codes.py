"""Every error code is one of the catalogue's, has its own status, and comes only from actions with that
error.

Every error in the run whose body has a code is judged. If the catalogue leaves it open, refused input may
have 400 or 422.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.catalogue.model.answers import Code
from pgagents.report.contract import Contract
from pgagents.verify.cases.invalid import provokable
from pgagents.verify.promise import (
    Check,
    Judgement,
    allows_either,
    judge_broken,
    judge_kept,
    promise,
    promise_at,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import framework_places
from pgagents.verify.wire.exchange import Exchange

NAME = "error_codes"
FRAMEWORK = {404: "unknown_path", 405: "wrong_method", 413: "too_large", 415: "wrong_type"}
"""Members of `errors.framework` by the usual status of the refused mistake."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint, and one for each surface's framework, if bodies have codes."""
    origin = ("errors", "codes")
    if not any(code.code_at for code in setting.model.codes.values()):
        return
    for endpoint in setting.endpoints:
        if not provokable(setting, endpoint):
            continue
        yield promise(
            NAME,
            "",
            endpoint,
            f"every error code of {endpoint.action.name} comes with its one status",
            origin,
            endpoint.action.cite,
        )
    for place in framework_places(setting.model):
        yield promise_at(
            NAME, "", place, "every error code of the framework comes with its one status", origin
        )


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every error whose body has a code."""
    if not exchange.refused or exchange.said is None or exchange.is_tainted_by("documented_status"):
        return
    if exchange.call.intent == "document":
        return  # a path that is no action, such as a token endpoint, has errors of its own
    if (
        exchange.call.endpoint is not None
        and exchange.call.intent != "framework"
        and not provokable(memory.setting, exchange.call.endpoint)
    ):
        return  # no error is promised: documented_status judges the answer
    contract = f"{NAME}/{exchange.place}"
    code = memory.model.codes.get(exchange.code or "")
    endpoint = exchange.call.endpoint
    if code is None and endpoint is None and _is_unsaid(exchange.status, memory):
        return
    if code is None:
        known = dict.fromkeys(c.shown for c in memory.model.codes.values() if c.shown)
        yield judge_broken(contract, f"one of {', '.join(known)}", exchange.outcome)
    elif code.status != exchange.status and not _open(code, exchange.status, memory):
        yield judge_broken(contract, f"{code.shown} with status {code.status}", exchange.outcome)
    elif (
        code.only is not None
        and not code.inferred
        and endpoint is not None
        and not {str(endpoint.action.name), endpoint.surface} & set(code.only)
    ):
        yield judge_broken(contract, f"{code.shown} only from {', '.join(code.only)}", exchange.outcome)
    else:
        yield judge_kept(contract)


def _is_unsaid(status: int, memory: Memory) -> bool:
    """True if the catalogue names no error for a mistake that is refused before any action runs."""
    name = FRAMEWORK.get(status)
    return name is not None and getattr(memory.model.errors.framework, name) is None


def _open(code: Code, status: int, memory: Memory) -> bool:
    """True if the catalogue allows both 400 and 422 for a refused input."""
    framework = memory.model.errors.framework
    refusals = {framework.invalid, framework.bad_body, framework.wrong_type}
    return allows_either(memory.model, status) and code.name in refusals


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    rank=4,
    skips_unavailable=True,
)
