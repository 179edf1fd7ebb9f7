"""Fetch a public document as an agent does: without a key, and through redirects on the same host."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any
from urllib.parse import urlsplit

from pgagents.model.contract import Verdict
from pgagents.verify.cases.discovery.places import find_path
from pgagents.verify.check.check import Judgement
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.exchange import Exchange

REDIRECTS = (301, 302, 303, 307, 308)
MOST_HOPS = 3

Fetching = Generator[Call, Any, tuple[Exchange, str]]
"""Yields calls, and returns the last exchange with the path of its request."""


def fetch(
    setting: Setting,
    path: str,
    why: str,
    *,
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    accept: str = "*/*",
) -> Fetching:
    """Fetch a path of the target, once a run. A redirect to another host is not followed, but returned."""
    for _ in range(MOST_HOPS):
        exchange: Exchange = yield Call(
            None,
            {},
            "document",
            why,
            role="",
            raw=Raw(method, path, (("Accept", accept), *headers)),
            reuse="ever",
        )
        if exchange.status not in REDIRECTS:
            break
        onward = find_path(setting, exchange.header("Location") or "", path, machine=True)
        if not onward or onward == path:
            break
        path = onward
    return exchange, path


def find_https(setting: Setting, exchange: Exchange) -> str:
    """Return the https address of the target's own host to which an http answer redirects; empty without one.

    Many hosts redirect every http call like this. A run calls only the address that it was given.
    """
    if exchange.status not in REDIRECTS or setting.https:
        return ""
    try:
        onward, target = urlsplit(exchange.header("Location") or ""), urlsplit(setting.url)
        port = f":{onward.port}" if onward.port not in (None, 443) else ""
    except ValueError:
        return ""
    same = onward.scheme == "https" and onward.hostname == target.hostname
    return f"https://{onward.hostname}{port}" if same else ""


def judge_over_https(contract: str, address: str) -> Judgement:
    """Return the judgement that a contract is not selected, because the document is only at the https
    address.
    """
    return Judgement(contract, Verdict.NOT_SELECTED, f"the host sends http to https: give --url {address}")
