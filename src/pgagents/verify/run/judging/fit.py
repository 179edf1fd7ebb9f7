"""Decide whether an answer fits the schema of its action."""

from __future__ import annotations

from pgagents.http import Response
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.exchange import Exchange


def fits(setting: Setting, exchange: Exchange) -> bool:
    """Return True if the body satisfies the schema of the action's answer."""
    if exchange.output is None:
        return False
    if exchange.output.schema is None:
        return isinstance(exchange.told, Response) and _is_without_body(exchange, exchange.told)
    test = setting.output_test(exchange)
    problem = exchange.json.problem or exchange.size_problem or exchange.time_problem
    return test is not None and not problem and bool(test.is_valid(exchange.body))


def _is_without_body(exchange: Exchange, told: Response) -> bool:
    """True if an answer has no content. A dispatcher answers in JSON, so null or an empty object count as
    none.
    """
    endpoint = exchange.call.endpoint
    bare = endpoint is not None and not endpoint.on_rest and not exchange.json.problem
    return not told.body or (bare and exchange.body in (None, {}))
