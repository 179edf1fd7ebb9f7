"""The dispatcher picks the arguments that it knows out of parameters and leaves the rest, which REST refuses,
so a misspelt one goes unnoticed.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import DISPATCH, eased
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "dispatcher and REST"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.unknown_member:: a member that nobody knows is refused"


def _known(act: Action, members: dict[str, Any], surface: str) -> dict[str, Any]:
    names = {str(p.name) for p in act.params}
    return {k: v for k, v in members.items() if k in names} if surface == "dispatcher" else members


def wrap(handler: Handler, context: Context) -> Handler:
    eased(context, _known)
    return handler


def shows(call: Shown) -> Any:
    given_ = {"lot_id": "lot_lionshead", "plate": "CO-1", "hour": 8}
    return call.status("POST", DISPATCH, {"action": "create_session", "parameters": given_})
