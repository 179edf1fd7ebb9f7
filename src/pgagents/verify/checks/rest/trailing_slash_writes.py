"""A write to its path with a slash added is neither carried out nor redirected, because that path is unknown.

Routers and gateways treat such paths differently, and a redirected POST may be repeated as a GET. Each call
is about one of our own instances, so carrying it out harms nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.catalogue.model.answers import Code
from pgagents.report.contract import Contract
from pgagents.verify.cases.paths import of_ours
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.promise import Check, Conversation, Probe, judge_kept, judge_refused, promise
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "trailing_slash_writes"
WHAT = "a path with a slash added"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each action that makes one of our instances, or changes one."""
    for endpoint, _ in _cases(setting):
        more = ", nor redirected" if setting.model.behaviour.redirects == "never" else ""
        says = f"{endpoint.action.name} is not carried out at its path with a slash added{more}"
        yield promise(NAME, "", endpoint, says, ("behaviour", "trailing_slash"))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe with one call for each contract."""
    del roles
    for endpoint, code in _cases(setting):
        contract = f"{NAME}/{endpoint.place}"
        call = _with_slash(setting, endpoint)
        sent_on = setting.model.behaviour.redirects != "never"
        yield Probe(
            contract,
            5,
            (contract,),
            1,
            partial(_run, call, contract, code, sent_on=sent_on),
            (endpoint,),
            "main",
            True,
        )


def _cases(setting: Setting) -> list[tuple[Endpoint, Code]]:
    """Return the endpoints with the code of an unknown path; empty if the catalogue leaves slashes open."""
    unknown = setting.model.errors.framework.unknown_path
    if unknown is None or setting.model.behaviour.trailing_slash != "unknown":
        return []
    return [(endpoint, setting.model.codes[unknown]) for endpoint in of_ours(setting)]


def _with_slash(setting: Setting, endpoint: Endpoint) -> Call:
    """Return a call that is valid apart from the slash."""
    template = template_of(setting.model, endpoint.action)
    return ordinary(endpoint, template, "framework", f"{endpoint.method} to {WHAT}", raw=Raw(slash=True))


def _run(call: Call, contract: str, code: Code, *, sent_on: bool) -> Conversation:
    """Judge the refusal. If `sent_on`, a redirect is accepted: `safe_redirects` judges it."""
    exchange: Exchange = yield call
    if sent_on and 300 <= exchange.status < 400:
        yield judge_kept(contract)
        return
    yield from judge_refused(exchange, contract, [code], WHAT)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="all",
)
