"""A call whose hint claims a closed world sends nothing to an address in its arguments.

The address of the run's receiver is put into a URL argument. If the receiver gets a request, the contract is
broken. If it gets none, that proves nothing, so the contract is never kept: it is not applicable. A read of
what the call made may call the address, too, as GitHub's Camo gets an image once somebody looks at it. A
break is odd where nobody wrote the hint. Without a receiver it is not selected.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.catalogue.model.action import Param
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.hints import (
    CLAIMED,
    NEEDS_RECEIVER,
    STAGE,
    HintedCall,
    find_hinted_call,
    find_made,
)
from pgagents.verify.answers.observation import observe
from pgagents.verify.judgement import conclude, demand
from pgagents.verify.promise import RECEIVER, Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Sleep
from pgagents.verify.wire.endpoint import Endpoint

WAITS_S = (0.2, 1.0)
"""A preview of a page may be fetched behind the answer, as Slack does with a link."""
URLS = ("uri", "url", "uri-reference", "iri")
"""The formats of JSON Schema, and `url`, which documents write for `uri`."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each URL argument of an action whose hint claims a closed world."""
    del roles
    settled = (Verdict.NOT_SELECTED, NEEDS_RECEIVER) if setting.receiver is None else None
    for endpoint, param in _list_addresses(setting):
        says = f"{endpoint.action.name} sends nothing to the address in {param.name}"
        origin = endpoint.action.hints.open_world.origin
        attempt = Attempt(partial(_try, str(param.name)))
        yield Case(
            endpoint, says, origin, attempt, str(param.name),
            settled=settled, advice=not endpoint.action.hints.open_world.written,
        )  # fmt: skip


def _list_addresses(setting: Setting) -> Iterator[tuple[Endpoint, Param]]:
    hooks = setting.model.webhooks
    for action in setting.model.actions:
        endpoint = setting.find_usable_lead(str(action.name))
        if endpoint is None or action.hints.open_world.value or action.signed is not None:
            continue  # Park Graph's payment processor signs its events; nobody else calls that action
        if hooks is not None and action.name == hooks.registered_by:
            continue  # a webhook's address is called on purpose, as GitHub does with a ping
        for param in endpoint.params:
            schema = setting.resolve_schema(param.schema)
            # API Platform names its instances by IRIs, and the address of an enum is one of the server's
            if schema.get("format") in URLS and param.refers_to is None and not schema.get("enum"):
                yield endpoint, param


def _try(argument: str, trial: Trial) -> None:
    setting, receiver = trial.setting, trial.setting.receiver
    assert receiver is not None, "without a receiver nothing is selected"
    name = f"closed-{trial.action.name}-{argument}"
    arguments = {**trial.template.input, argument: receiver.open(name)}
    answer = trial.ask(trial.call("explore", "an address that nobody should call", input=arguments))
    hinted = find_hinted_call(setting, trial.endpoint)
    body = find_made(hinted, answer) if isinstance(hinted, HintedCall) else None
    if isinstance(hinted, HintedCall) and body is not None:
        observe(hinted.sources, [body], "whether reading it calls the address")
    for seconds in WAITS_S:
        if receiver.deliveries(name):
            break
        trial.ask(Sleep(seconds, quiet=True))
    if receiver.deliveries(name):
        actual = f"the receiver got a request at the address in {argument}"
        conclude(trial.broken("no request to the address that was given", actual))
    else:
        demand(answer)
        conclude(trial.not_applicable(CLAIMED))


CHECK = make_check("hint_closed_world", __doc__, cases, stage=STAGE, aid=RECEIVER, rank=Rank.EXPOSED)
