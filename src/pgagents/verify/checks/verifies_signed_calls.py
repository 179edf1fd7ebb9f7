"""A call that proves itself by a signature is refused where the signature is another's, another body's, or too old."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.contract import Contract
from pgagents.verify.call import Call, Signature
from pgagents.verify.check import Conversation, Probe, promise, refused_with
from pgagents.verify.door import Door
from pgagents.verify.generate import ordinary
from pgagents.verify.memory import Setting
from pgagents.verify.recipe import recipe_of
from pgagents.verify.seen import Seen

NAME = "verifies_signed_calls"
PAST_S = 60.0
"""Beyond the tolerance, so that clocks that differ a little make no difference."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Three for each signed action."""
    for door in _signed(setting):
        for detail, (_, what) in _cases(door).items():
            yield promise(NAME, detail, door, f"{door.action.name} {what} is refused", (*door.action.origin, "signed"), door.action.cite)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One call each, correct but for its signature."""
    del roles
    for door in _signed(setting):
        for detail, (signature, what) in _cases(door).items():
            contract = f"{NAME}/{detail}/{door.place}"
            recipe = recipe_of(setting.model, door.action)
            given = {**recipe.input, str(door.action.signed.header): signature}
            call = ordinary(door, recipe, "auth", f"a call {what}", input=given, role="")
            yield Probe(contract, 5, (contract,), 1, _run(setting, door, call, contract, what), (door,), "main", True)


def _signed(setting: Setting) -> Iterator[Door]:
    return (d for d in setting.doors if d.dispatcher is None and d.action.signed is not None)


def _cases(door: Door) -> dict[str, tuple[Signature, str]]:
    signed = door.action.signed
    role, seconds = str(signed.role), signed.tolerance_s
    return {
        "forged": (Signature(role, slip="secret"), "signed with another secret"),
        "altered": (Signature(role, slip="body"), "with the signature of another body"),
        "old": (Signature(role, after_s=-seconds - PAST_S), f"signed more than {seconds} s ago"),
    }


def _run(setting: Setting, door: Door, call: Call, contract: str, what: str) -> Callable[[], Conversation]:
    model = setting.model
    code = model.codes[door.action.signed.otherwise or model.errors.framework.invalid]

    def run() -> Conversation:
        seen: Seen = yield call
        yield from refused_with(seen, contract, [code], f"a call {what}")

    return run
