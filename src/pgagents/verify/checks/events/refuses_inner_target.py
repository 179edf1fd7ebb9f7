"""A webhook to plain http, or to an address inside the server's own network, is refused when it is registered.

Of each kind of address one is tried that those miss who only know its best-known example: not 127.0.0.1 but its neighbour, the
far end of a private range, and where containers find their credentials. A deep run tries other addresses of the kind too; no
number that only some resolvers take for an address, as a name that nobody knows yet may be registered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.check.check import Conversation, Probe, promise, refused_with
from pgagents.verify.check.memory import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import REST, Door
from pgagents.verify.wire.exchange import Seen

NAME = "refuses_inner_target"
LOOPBACK = "loopback"
TARGETS = {
    "plain_http": (("http://hooks.example.com/pgv",), "plain http"),
    LOOPBACK: (
        ("https://127.0.0.2/pgv", "https://localhost/pgv", "https://[::1]/pgv", "https://0.0.0.0/pgv", "https://127.0.0.1./pgv"),
        "this machine",
    ),
    "link_local": (
        ("https://169.254.170.2/v2/credentials/", "https://169.254.169.254/latest/meta-data/", "https://[fe80::1]/pgv"),
        "a link-local address, where clouds keep their credentials",
    ),
    "private": (
        ("https://172.31.255.254/pgv", "https://10.0.0.1/pgv", "https://192.168.0.1/pgv", "https://[fd00::1]/pgv"),
        "a private address",
    ),
    "mapped": (
        ("https://[::ffff:192.168.0.1]/pgv", "https://[::ffff:10.0.0.1]/pgv", "https://[::ffff:172.31.255.254]/pgv"),
        "a private address written as IPv6",
    ),
}  # fmt: skip


def promises(setting: Setting) -> Iterator[Contract]:
    """One for each kind of address."""
    hooks, door = setting.model.webhooks, _door(setting)
    if door is not None:
        for detail, (urls, what) in _targets(setting, door).items():
            yield promise(NAME, detail, door, f"a webhook to {what} ({urls[0]}) is refused", ("webhooks", "targets"), hooks.cite)


def settled(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """A server that is to send to our own receiver on this machine has to take loopback addresses."""
    if setting.receiver is not None and setting.receiver.loopback and contract.id.startswith(f"{NAME}/{LOOPBACK}/"):
        return Verdict.NOT_CLAIMED, "the receiver is on this machine, so the server must take its address"
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """One registration each; the other spellings where there is room for more."""
    del roles
    door = _door(setting)
    if door is None:
        return
    for detail, (urls, what) in _targets(setting, door).items():
        contract = f"{NAME}/{detail}/{door.place}"
        for index, url in enumerate(urls):
            run, tier = _run(setting, door, url, what, contract), 2 if index else 1
            yield Probe(contract, 5, (contract,), 1, run, (door,), "main", True, tier, print=url)


def _door(setting: Setting) -> Door | None:
    hooks = setting.model.webhooks
    return setting.door(str(hooks.registered_by), REST) if hooks is not None and hooks.targets == "public" else None


def _targets(setting: Setting, door: Door) -> dict[str, tuple[tuple[str, ...], str]]:
    """Those addresses that the argument's schema takes; what it refuses, other checks send."""
    param = door.action.param(str(setting.model.webhooks.url))
    test = setting.test((NAME, door.place), param.schema) if param is not None else None
    fitting = {k: (tuple(url for url in urls if test is None or test.is_valid(url)), what) for k, (urls, what) in TARGETS.items()}
    return {detail: target for detail, target in fitting.items() if target[0]}


def _run(setting: Setting, door: Door, url: str, what: str, contract: str) -> Callable[[], Conversation]:
    hooks = setting.model.webhooks
    code = setting.model.codes[setting.model.errors.framework.invalid]

    def run() -> Conversation:
        given = {hooks.url: url, hooks.types: [next(iter(hooks.events))]}
        seen: Seen = yield Call(door, given, "invalid", f"a webhook to {what}", field=hooks.url)
        yield from refused_with(seen, contract, [code], f"a webhook to {what} ({url})")

    return run
