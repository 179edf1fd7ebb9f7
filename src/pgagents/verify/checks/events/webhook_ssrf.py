"""A webhook to plain http, or to an address inside the server's own network, is refused at registration.

This is promised by `targets: public`. One address of each kind is tried that a filter for the best-known
example misses: a neighbour of 127.0.0.1, the far end of a private range (RFC 1918), where containers of AWS
get credentials, and an IPv4 address mapped to IPv6 (RFC 4291, 2.5.5.2). Deep runs try further spellings, but
no number that only some resolvers take for an address: a server may accept an unknown name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from pgagents.report.contract import Rank, Verdict
from pgagents.verify.judgement import conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call

TARGETS = {
    "plain_http": (("http://hooks.example.com/pgv",), "plain http"),
    "loopback": (
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


NEEDED = (
    Verdict.NOT_APPLICABLE,
    "the receiver is on this machine, so the server must take its address",
)


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each kind of address, tried with each address that the argument's schema allows.

    `invalid_input` tries the others. All but the first of a kind have priority 2: each costs a call.
    """
    del roles
    hooks = setting.model.webhooks
    public = hooks is not None and hooks.targets == "public"
    endpoint = setting.find_lead(str(hooks.registered_by)) if public else None
    if endpoint is None:
        return
    param = endpoint.action.param(str(hooks.url))
    test = setting.test(("webhook", endpoint.place), param.schema) if param is not None else None
    for detail, (urls, what) in TARGETS.items():
        attempts = [
            Attempt(partial(_try, url=url, what=what), writes=True, print=url)
            for url in urls
            if test is None or test.is_valid(url)
        ]
        attempts[1:] = [replace(attempt, priority=2) for attempt in attempts[1:]]
        if attempts:
            says = f"a webhook to {what} ({attempts[0].print}) is refused"
            ours = setting.receiver is not None and setting.receiver.loopback and detail == "loopback"
            yield Case(
                endpoint,
                says,
                ("webhooks", "targets"),
                attempts[0],
                detail,
                hooks.cite,
                NEEDED if ours else None,
                further=attempts[1:],
            )


def _try(trial: Trial, url: str, what: str) -> None:
    hooks, model = trial.model.webhooks, trial.model
    param = trial.action.param(str(hooks.url))
    own = param.otherwise.values() if param is not None else ()
    names = dict.fromkeys(code.name for code in (model.invalid_in(trial.action), *own))
    arguments = {hooks.url: url, hooks.types: [next(iter(hooks.events))]}
    why = f"a webhook to {what}"
    exchange = trial.ask(Call(trial.endpoint, arguments, "invalid", why, field=hooks.url))
    conclude(trial.refused(exchange, [model.codes[name] for name in names], f"{why} ({url})"))


CHECK = make_check("webhook_ssrf", __doc__, cases, stage=5, overlap="all", rank=Rank.EXPOSED)
