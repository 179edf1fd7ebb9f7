"""A webhook to plain http, or to an address inside the server's own network, is refused at registration.

One address of each kind is tried that a filter for the best-known example misses. Examples are a neighbour of
127.0.0.1, the far end of a private range, and where containers get credentials. Deep runs try further
spellings, but no number that only some resolvers take for an address: a server may accept an unknown name.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.report.contract import Contract, Verdict
from pgagents.verify.promise import Check, Conversation, Probe, judge_refused, promise
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "webhook_ssrf"
LOOPBACK = "loopback"
TARGETS = {
    "plain_http": (("http://hooks.example.com/pgv",), "plain http"),
    LOOPBACK: (
        (
            "https://127.0.0.2/pgv", "https://localhost/pgv", "https://[::1]/pgv", "https://0.0.0.0/pgv",
            "https://127.0.0.1./pgv",
        ),
        "this machine",
    ),
    "link_local": (
        (
            "https://169.254.170.2/v2/credentials/", "https://169.254.169.254/latest/meta-data/",
            "https://[fe80::1]/pgv",
        ),
        "a link-local address, where clouds keep their credentials",
    ),
    "private": (
        (
            "https://172.31.255.254/pgv", "https://10.0.0.1/pgv", "https://192.168.0.1/pgv",
            "https://[fd00::1]/pgv",
        ),
        "a private address",
    ),
    "mapped": (
        (
            "https://[::ffff:192.168.0.1]/pgv", "https://[::ffff:10.0.0.1]/pgv",
            "https://[::ffff:172.31.255.254]/pgv",
        ),
        "a private address written as IPv6",
    ),
}  # fmt: skip


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each kind of address."""
    hooks, endpoint = setting.model.webhooks, _endpoint(setting)
    if endpoint is not None:
        for detail, (urls, what) in _targets(setting, endpoint).items():
            yield promise(
                NAME,
                detail,
                endpoint,
                f"a webhook to {what} ({urls[0]}) is refused",
                ("webhooks", "targets"),
                hooks.cite,
            )


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude loopback addresses if our receiver is on this machine, because the server must accept them
    then.
    """
    if setting.receiver is not None and setting.receiver.loopback and contract.detail == LOOPBACK:
        return Verdict.NOT_APPLICABLE, "the receiver is on this machine, so the server must take its address"
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe with one registration for each address. All but the first of a kind have priority 2."""
    del roles
    endpoint = _endpoint(setting)
    if endpoint is None:
        return
    for detail, (urls, what) in _targets(setting, endpoint).items():
        contract = f"{NAME}/{detail}/{endpoint.place}"
        for index, url in enumerate(urls):
            run, priority = partial(_run, setting, endpoint, url, what, contract), 2 if index else 1
            yield Probe(contract, 5, (contract,), 1, run, (endpoint,), "main", True, priority, print=url)


def _endpoint(setting: Setting) -> Endpoint | None:
    hooks = setting.model.webhooks
    return (
        setting.find_lead(str(hooks.registered_by))
        if hooks is not None and hooks.targets == "public"
        else None
    )


def _targets(setting: Setting, endpoint: Endpoint) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return the addresses that the argument's schema allows; `invalid_input` tries the others."""
    param = endpoint.action.param(str(setting.model.webhooks.url))
    test = setting.test((NAME, endpoint.place), param.schema) if param is not None else None
    fitting = {
        k: (tuple(url for url in urls if test is None or test.is_valid(url)), what)
        for k, (urls, what) in TARGETS.items()
    }
    return {detail: target for detail, target in fitting.items() if target[0]}


def _run(setting: Setting, endpoint: Endpoint, url: str, what: str, contract: str) -> Conversation:
    hooks, action = setting.model.webhooks, endpoint.action
    param = action.param(str(hooks.url))
    own = param.otherwise.values() if param is not None else ()
    codes = list(dict.fromkeys(code.name for code in (setting.model.invalid_in(action), *own)))
    given = {hooks.url: url, hooks.types: [next(iter(hooks.events))]}
    exchange: Exchange = yield Call(endpoint, given, "invalid", f"a webhook to {what}", field=hooks.url)
    allowed = [setting.model.codes[name] for name in codes]
    yield from judge_refused(exchange, contract, allowed, f"a webhook to {what} ({url})")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle_contract,
    overlap="all",
)
