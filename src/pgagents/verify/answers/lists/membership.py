"""Judge that a list contains an instance of the caller's own, and none of another project's."""

from __future__ import annotations

from pgagents.model.action import ActionCall
from pgagents.model.resource import Resource
from pgagents.verify.check.check import Judgement, judge_broken, judge_kept, judge_untested
from pgagents.verify.fixtures.instance import find_items
from pgagents.verify.laws.next_page import may_go_on
from pgagents.verify.wire.exchange import Exchange


def judge_end(contract: str, resource: Resource, call: ActionCall, exchange: Exchange) -> Judgement | None:
    """Return a broken judgement if a list without the instance has no further page; else None."""
    listed = (find_items(call, exchange) or []) if exchange.success else []
    if may_go_on(exchange, listed):
        return None
    promised = f"the {resource.name} that was just made"
    return judge_broken(contract, promised, "a list of {count} without it", count=len(listed))


def judge_page(
    contract: str, resource: Resource, call: ActionCall, exchange: Exchange, role: str, beside: list[str]
) -> Judgement | None:
    """Judge one page: the owner's must contain the instance, and another role's must not.

    None if the owner's page lacks it, because it may be on another page. `beside` are the codes of a list
    whose container the other project does not even find.
    """
    if exchange.code in beside:
        return judge_kept(contract)
    if not exchange.success or exchange.subject is None:
        return judge_untested(contract, f"the list was not answered: {exchange.outcome}")
    if not exchange.fits:
        return judge_untested(contract, "the list does not satisfy its schema")
    listed = find_items(call, exchange)
    if listed is None:
        where = f"`{call.at.wording}`" if call.at is not None else "the whole answer"
        return judge_untested(
            contract, f"no list was found in what {call.action.name} answered: at is {where}"
        )
    there = resource.id_of(exchange.subject) in [resource.id_of(item) for item in listed]
    if there == (role == "main"):
        return judge_kept(contract)
    if there:
        return judge_broken(
            contract, f"no {resource.name} of another project", "another project's is in the list"
        )
    return None
