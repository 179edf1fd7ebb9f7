"""A webhook to plain http, or to an address inside the server's own network, is refused when it is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.contract import Contract, Verdict
from pgagents.verify.call import Call
from pgagents.verify.check import Conversation, Probe, promise, refused_with
from pgagents.verify.door import REST, Door
from pgagents.verify.memory import Setting
from pgagents.verify.seen import Seen

NAME = "refuses_inner_target"
LOOPBACK = "loopback"
TARGETS = {
    "plain_http": ("http://hooks.example.com/pgv", "plain http"),
    LOOPBACK: ("https://127.0.0.1/pgv", "this machine"),
    "link_local": ("https://169.254.169.254/latest/meta-data/", "a link-local address, where clouds keep their credentials"),
    "private": ("https://10.0.0.1/pgv", "a private address"),
    "mapped": ("https://[::ffff:192.168.0.1]/pgv", "a private address written as IPv6"),
}


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each kind of address."""
    hooks, door = setting.model.webhooks, _door(setting)
    if door is not None:
        for detail, (url, what) in _targets(setting, door).items():
            yield promise(NAME, detail, door, f"a webhook to {what} ({url}) is refused", ("webhooks", "targets"), hooks.cite)


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """A server that is to send to our own receiver on this machine has to take loopback addresses."""
    if setting.receiver is not None and setting.receiver.loopback and contract.id.startswith(f"{NAME}/{LOOPBACK}/"):
        return Verdict.NOT_CLAIMED, "the receiver is on this machine, so the server must take its address"
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One registration each."""
    del roles
    door = _door(setting)
    if door is None:
        return
    for detail, (url, what) in _targets(setting, door).items():
        contract = f"{NAME}/{detail}/{door.place}"
        yield Probe(contract, 5, (contract,), 1, _run(setting, door, url, what, contract), (door,), "main", True)


def _door(setting: Setting) -> Door | None:
    hooks = setting.model.webhooks
    return setting.door(str(hooks.registered_by), REST) if hooks is not None and hooks.targets == "public" else None


def _targets(setting: Setting, door: Door) -> dict[str, tuple[str, str]]:
    """Those addresses that the argument's schema takes; what it refuses, other checks send."""
    param = door.action.param(str(setting.model.webhooks.url))
    test = setting.test((NAME, door.place), param.schema) if param is not None else None
    return {detail: target for detail, target in TARGETS.items() if test is None or test.is_valid(target[0])}


def _run(setting: Setting, door: Door, url: str, what: str, contract: str) -> Callable[[], Conversation]:
    hooks = setting.model.webhooks
    code = setting.model.codes[setting.model.errors.framework.invalid]

    def run() -> Conversation:
        given = {hooks.url: url, hooks.types: [next(iter(hooks.events))]}
        seen: Seen = yield Call(door, given, "invalid", f"a webhook to {what}", field=hooks.url)
        yield from refused_with(seen, contract, [code], f"a webhook to {what}")

    return run
