"""Check the mock's calls with a signed body."""

from __future__ import annotations

from pgagents.model.signature import schemes
from pgagents.sandbox.call import AcceptedCall, Refusal
from pgagents.sandbox.events import signature
from pgagents.sandbox.setting import Setting


def refuse_unsigned(setting: Setting, call: AcceptedCall) -> Refusal | None:
    """Return a refusal if the call's action is signed and the signature is wrong."""
    signed = call.action.signed
    if signed is None:
        return None
    parts = {"header": signed.header, "time": signed.time, "id": signed.id}
    given = {part: str(call.input.get(name, "")) for part, name in parts.items() if name is not None}
    problem = signature.find_error(
        schemes()[signed.scheme],
        given,
        call.request.body,
        setting.stripe_secret,
        call.now,
        signed.tolerance_s,
    )
    if not problem:
        return None
    code = signed.otherwise or setting.model.errors.framework.invalid
    return Refusal(code, problem[0].upper() + problem[1:])
