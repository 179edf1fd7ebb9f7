"""Every answer of an action has a status that the catalogue documents for it.

Every answer in the run is judged, except 503, which any server may send at any time (RFC 9110, 15.6.4), and
what a router or a parser refuses. A class such as `4XX` documents each of its statuses. If an action does not
document 401, a call without a right key may get 401 or 403, or lead to a login. If the catalogue names no
code for invalid JSON, two further bodies are sent: half a JSON text, and bytes that are not text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgagents.catalogue.model.answers import JSON
from pgagents.report.causes import UNLISTED
from pgagents.report.contract import Rank
from pgagents.verify.judgement import REFUSED_STATUSES, Judgement, allows_either, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

KEYLESS = (401, 403)
TO_LOGIN = (302, 303, 307)
"""Statuses with which Spring Security and ASP.NET send a caller without a key to their login."""
TOO_LONG = (413, 414, 431)
"""A router or a proxy, such as nginx, limits the body, the address and the headers before the action, and no
document says how far.
"""
LONG_ADDRESS, MOST_TAKEN = 414, 2_000
"""Every server takes an address of so many characters. gunicorn takes 4,094, and nginx 8,192."""
NO_TEXT = b"\xf8\xf9"
"""Bytes that no UTF-8 text contains, and that are not a mark of UTF-16. FastAPI answers 400 to them, and 422
to half a JSON text.
"""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint. Other exchanges show it; two with broken bodies are sent if the
    catalogue fixes no code for bad JSON.
    """
    del roles
    fixed = setting.model.errors.framework.bad_body is not None
    for endpoint in setting.every_endpoint:
        action, listed = endpoint.action, _describe_statuses(_list_statuses(setting, endpoint))
        says = f"{action.name} answers with a documented status only: {listed}"
        # half a form is a form; one surface's parser is asked, as all share it
        takes_body = action.content_type == JSON and any(param.place == "body" for param in endpoint.params)
        attempt = None
        if takes_body and endpoint.leads and endpoint.form is None and not fixed:
            attempt = Attempt(_send_broken_bodies, cost=2, probe=f"documented_status/half/{endpoint.place}")
        yield Case(endpoint, says, (*action.origin, "output"), attempt)


def _send_broken_bodies(trial: Trial) -> None:
    """Send the first half of a JSON text, and a body that is not a text at all."""
    half = Raw(edit=lambda body: body[: len(body) // 2])
    unreadable = Raw(edit=lambda body: NO_TEXT + body)
    for why, raw in (("half a JSON body", half), ("a body that is not UTF-8", unreadable)):
        answer = trial.ask(trial.call("framework", why, raw=raw))
        if answer.status in REFUSED_STATUSES:  # a parser may also answer 415, and a lenient one 200
            judgement = _judge_status(trial, answer, _list_statuses(trial.setting, trial.endpoint))
            mild = Rank.COERCED if trial.model.leaves_open else Rank.ODD  # no client sends it
            conclude(judgement.with_rank(mild) if raw is unreadable else judgement)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every complete answer of an action."""
    trial = CHECK.find_trial(memory.setting, exchange.place)
    if trial is None or exchange.call.intent == "framework" or exchange.response is None:
        return  # `framework`: no document lists what Express's router or parser refuses before the action
    allowed = memory.setting.compute_once(
        ("documented statuses", exchange.place), lambda: _list_statuses(memory.setting, trial.endpoint)
    )
    call = exchange.call
    keyless = call.intent == "auth" or (call.authored and not call.role)  # or a workflow's step of nobody
    # a document that lists 403 alone tells of rights, and not of a missing key (RFC 9110, 15.5.2)
    if keyless and exchange.status in (*KEYLESS, *TO_LOGIN) and not allowed & {401, exchange.status}:
        return
    yield _judge_status(trial, exchange, allowed)


def _judge_status(trial: Trial, exchange: Exchange, allowed: frozenset[int]) -> Judgement:
    if exchange.status in allowed:
        return trial.kept()
    length = len(exchange.request.target)
    if exchange.status == LONG_ADDRESS and length > MOST_TAKEN:
        return trial.unshown(f"the address of {length:,} characters is longer than many servers take")
    broken = trial.broken(f"one of {_describe_statuses(allowed)}", exchange.outcome)
    return replace(broken, claim=UNLISTED, odd=exchange.status in TOO_LONG)


def _describe_statuses(statuses: frozenset[int]) -> str:
    """Return statuses as text, a whole class as one: `200, 4XX`."""
    whole = [n for n in range(2, 6) if statuses.issuperset(_list_class(n))]
    texts = {n * 100: f"{n}XX" for n in whole} | {s: str(s) for s in statuses if s // 100 not in whole}
    return ", ".join(texts[status] for status in sorted(texts))


def _list_class(number: int) -> range:
    return range(number * 100, number * 100 + 100)


def _list_statuses(setting: Setting, endpoint: Endpoint) -> frozenset[int]:
    codes = [c.status for c in (*endpoint.action.errors, *setting.model.always())]
    invalid = setting.model.invalid_in(endpoint.action).status
    if endpoint.form is not None:  # a server may check calls by the tool's schema and refuse them itself
        listed = {200, invalid, *codes}
    else:
        listed = (  # `responses` is an author's line, and all that a dispatcher answers
            {200, *(endpoint.dispatcher.responses or codes)}
            if endpoint.dispatcher
            else {*(o.status for o in endpoint.action.outputs), *codes}
        )
    if endpoint.dispatcher is None or not endpoint.dispatcher.responses:
        listed |= {s for name in endpoint.action.other_statuses for s in _list_class(int(name[0]))}
    written = "refused_status" in setting.model.behaviour.model_fields_set
    if written and allows_either(setting.model) and invalid in listed:
        listed |= REFUSED_STATUSES  # the author allows both; without that only the listed ones are documented
    return frozenset(listed)


CHECK = make_check(
    "documented_status",
    __doc__,
    cases,
    watch=watch,
    turn=1,
    of_any_input=True,
    tools=True,
    skips_unavailable=True,
    rank=Rank.UNDOCUMENTED,
)
