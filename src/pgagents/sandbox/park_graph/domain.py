"""Park Graph's domain: the effects of each action in its catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.park_graph import audit, fleet, forget, lists, lots, money, operator, sessions, world
from pgagents.sandbox.setting import Setting

PLATFORMS = {
    "copilot": "microsoft_copilot",
    "grok": "xai",
    "chatgpt": "openai",
    "gemini": "google",
    "claude": "anthropic",
    "perplexity": "perplexity",
}


def domain(setting: Setting) -> Domain:
    """Prepare the store, and return the function that carries out actions.

    The first start makes the synthetic world from the seed.
    """
    store = setting.store
    for module in (world, audit, lots, money, sessions, fleet, lists, operator, forget):
        store.script(module.TABLES)
    forget.arrange(setting)
    s = sessions.Sessions(store, setting.rng, setting.address, setting.outbox)
    with store.transaction():
        if store.row("SELECT 1 FROM lot LIMIT 1") is None:
            world.make(store, setting.seed, setting.clock.now())
            lists.first_instances(s, setting.clock.now())
    actions = _actions(setting, s)

    def act(call: AcceptedCall) -> Any:
        setting.retention.run(call.now)
        fleet.expire_holds(setting.outbox, call.now)
        stamped = call.attribution or _attribution(call)
        attributed = replace(call, attribution=stamped) if stamped else call
        result = actions[str(call.action.name)](attributed)
        if call.surface != "rest" and call.action.effect == "read" and not isinstance(result, Refusal):
            session = result.get("session") if isinstance(result, dict) else None
            audit.write(
                store,
                attributed,
                lot_id=call.input.get("lot_id"),
                session_id=session["id"] if session else None,
            )
        return result

    return act


def _actions(setting: Setting, s: sessions.Sessions) -> Mapping[str, Callable[[AcceptedCall], Any]]:
    store = setting.store
    return {
        "get_health": lambda _: {"status": "ok", "version": setting.model.api.version},
        "search_parking": lambda call: lots.search(store, call),
        "check_availability": lambda call: lots.availability(store, call),
        "get_rates": lambda call: lots.rates(store, call),
        "get_market_rate": lambda call: lots.market_rate(store, call),
        "get_agent_demand": lambda call: lots.demand(store, call),
        "create_session": lambda call: sessions.create(s, call),
        "get_session": lambda call: sessions.get(s, call),
        "end_session": lambda call: sessions.end(s, call),
        "extend_session": lambda call: sessions.extend(s, call),
        "list_sessions": lambda call: lists.list_sessions(s, call),
        "search_sessions": lambda call: lists.search_sessions(s, call),
        "refund_session": lambda call: lists.refund(s, call),
        "dispatch_av_fleet": lambda call: fleet.dispatch(s, call),
        "release_hold": lambda call: fleet.release(s, call),
        "get_fleet_billing": lambda call: fleet.billing(s, call),
        "create_webhook": lambda call: operator.create(s, call, setting.target_problem),
        "list_webhooks": lambda call: operator.list_all(s, call),
        "delete_webhook": lambda call: operator.delete(s, call),
        "receive_payment_event": lambda call: operator.payment_event(s, call, setting.stripe_secret),
        **operator.actions(setting, s),
    }


def _attribution(call: AcceptedCall) -> Mapping[str, str]:
    """Return the agent and platform of the key's integration; empty without one."""
    integration = call.key.integration if call.key else None
    return (
        {"agent_name": integration, "agent_platform": PLATFORMS[integration]}
        if integration in PLATFORMS
        else {}
    )
