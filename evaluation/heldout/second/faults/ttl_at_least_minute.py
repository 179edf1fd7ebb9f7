"""Holds last at least a minute, whatever was asked for: the job that ends them runs no oftener."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "fleet"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.dispatch_av_fleet.laws.expire-in-time + actions.dispatch_av_fleet.input.ttl_seconds.minimum:: "
    "expires_at is now + ttl_seconds, from 30 seconds on"
)


def wrap(handler: Handler, context: Context) -> Handler:
    acts(
        context,
        lambda inner, call: inner(given(call, ttl_seconds=max(60, call.input["ttl_seconds"]))),
        "dispatch_av_fleet",
    )
    return handler


def shows(call: Shown) -> Any:
    return call.hold(ttl_seconds=30)["expires_at"]
