"""The server card that a host advertises agrees with the live MCP server.

The card is fetched without a key. It is compared with the server's description of itself, and with its list
of tools. Versions are compared by their first two numbers, because a card is kept for an hour and servers are
updated one by one. The card's name is that of a registry, so it is not compared. Neither are the addresses of
other hosts, nor revisions that the card leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.http import read_json
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.cases.discovery import SERVER_CARD, fetch, find_https, judge_over_https
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise_at,
)
from pgagents.verify.setting import Setting
from pgagents.verify.tools import read_pages
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.mcp_link import Link
from pgagents.verify.wire.mcp_messages import LEGACY, MODERN, NAMED_ITSELF

NAME = "server_card"
SAYS = {
    "version": "the server card names the version of the MCP server",
    "revisions": "the MCP server supports the revisions that its card names",
    "address": "the server card names the address of the MCP server",
    "tools": "the MCP server lists the tools that its card names",
}
NO_VERSIONS = "the card names no revisions: the server says them itself"
NO_TOOLS = "the card names no tools: the server lists them itself"
OTHER_HOSTS = "the card names addresses of other hosts alone"
NO_ADDRESS = "the server is reached as a process, and has no address"
STREAMABLE = "streamable-http"
MOST = 200
"""The most remotes, revisions and tools that are read from a card."""
_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})(?:\.\d{1,9})?(?:[-+.][0-9A-Za-z.+-]{0,80})?\Z")
Wrong = tuple[str, str]
"""The expected and the actual text."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield the contracts of a card that is hosted according to the catalogue."""
    if SERVER_CARD in setting.model.api.hosted:
        for detail, says in SAYS.items():
            yield promise_at(NAME, detail, f"@{MCP}", says, ("api", "hosted", SERVER_CARD))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe. It reads the card, opens the server and lists its tools."""
    del roles
    path = setting.model.api.hosted.get(SERVER_CARD)
    if path is not None and setting.mcp is not None:
        contracts = tuple(_contract(detail) for detail in SAYS)
        run = partial(_run, setting, setting.mcp, str(path))
        yield Probe(f"{NAME}/{SERVER_CARD}@{MCP}", 3, contracts, 2, run, (), "")


def _contract(detail: str) -> str:
    return f"{NAME}/{detail}@{MCP}"


def _run(setting: Setting, link: Link, path: str) -> Conversation:
    got, _ = yield from fetch(setting, path, "what the server card says")
    if address := find_https(setting, got):
        for detail in SAYS:
            yield judge_over_https(_contract(detail), address)
        return
    card = read_json(got.response.body).value if got.response is not None else None
    tools, problem, closed = yield from read_pages(setting)
    said = closed if closed else "" if isinstance(card, Mapping) else f"there is no card at {path}"
    if said or got.status != 200 or not isinstance(card, Mapping):
        for detail in SAYS:
            yield judge_untested(_contract(detail), said or f"{path} is answered {got.outcome}")
        return
    yield _judge("version", _compare_versions(card, link))
    yield _judge_revisions(card, link)
    yield _judge_address(card, link)
    if problem:
        yield judge_untested(_contract("tools"), problem)
    else:
        yield _judge_tools(card, tools)


def _judge(detail: str, wrong: Wrong | None) -> Judgement:
    return judge_broken(_contract(detail), *wrong) if wrong else judge_kept(_contract(detail))


def _leave(detail: str, why: str) -> Judgement:
    return Judgement(_contract(detail), Verdict.NOT_APPLICABLE, why)


def _compare_versions(card: Mapping[str, Any], link: Link) -> Wrong | None:
    """Compare the versions by their first two numbers if both have them, else as texts."""
    info = link.told.get("serverInfo") or (link.told.get("_meta") or {}).get(NAMED_ITSELF)
    live = info.get("version") if isinstance(info, Mapping) else None
    told = card.get("version")
    if not isinstance(live, str) or not isinstance(told, str):
        return None  # `mcp_transport` and `hosted_document` report a missing version
    numbers = [found.groups() if (found := _VERSION.match(v.strip())) else v.strip() for v in (told, live)]
    if numbers[0] == numbers[1]:
        return None
    return f"version {live[:80]}, which the MCP server names", f"version {told[:80]}"


def _list_remotes(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the remotes in a card: addresses with their descriptions."""
    remotes = card.get("remotes")
    return [one for one in remotes[:MOST] if isinstance(one, Mapping)] if isinstance(remotes, list) else []


def _judge_revisions(card: Mapping[str, Any], link: Link) -> Judgement:
    told = [remote.get("supportedProtocolVersions") for remote in _list_remotes(card)]
    named = {v for one in told if isinstance(one, list) for v in one[:MOST] if isinstance(v, str)}
    if not named:
        return _leave("revisions", NO_VERSIONS)
    if link.version >= MODERN:
        listed = link.told.get("supportedVersions")
        known = {v for v in listed if isinstance(v, str)} if isinstance(listed, list) else {MODERN}
        missing = {version for version in named if version >= MODERN} - known
    else:  # a client that opens the newest session gets the server's newest revision
        missing = {version for version in named if link.version < version <= LEGACY or version >= MODERN}
    if not missing:
        return _judge("revisions", None)
    first = min(missing)[:80]
    return _judge(
        "revisions", (f"only revisions that the MCP server supports, not {first}", f"it has {first}")
    )


def _judge_address(card: Mapping[str, Any], link: Link) -> Judgement:
    """Compare the card's addresses on the server's host with the address that was used."""
    if not link.http:
        return _leave("address", NO_ADDRESS)
    live = link.url.rstrip("/") + (link.path if link.path != "/" else "")
    near = {
        _plain(str(remote.get("url"))): remote.get("type")
        for remote in _list_remotes(card)
        if _find_host(str(remote.get("url"))) == _find_host(live)
    }
    if not near:
        return _leave("address", OTHER_HOSTS)
    if near.get(_plain(live)) == STREAMABLE:
        return _judge("address", None)
    expected = f"{live[:120]}, of type {STREAMABLE}"
    return _judge("address", (expected, " and ".join(f"{url[:120]} of type {t}" for url, t in near.items())))


def _find_host(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port of a URL, or None."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme.lower(), parts.hostname.lower(), port) if parts.hostname else None


def _plain(url: str) -> str:
    """Return the path of a URL without a slash at its end."""
    return urlsplit(url).path.rstrip("/")


def _judge_tools(card: Mapping[str, Any], listed: list[Any]) -> Judgement:
    """Compare the names of tools. A card should have no tools, so a card without any is not judged."""
    told = card.get("tools")
    if not isinstance(told, list) or not told:
        return _leave("tools", NO_TOOLS)
    names = [one.get("name") if isinstance(one, Mapping) else one for one in told[:MOST]]
    live = {tool.get("name") for tool in listed if isinstance(tool, Mapping)}
    missing = next((name for name in names if isinstance(name, str) and name not in live), None)
    if missing is None:
        return _judge("tools", None)
    return _judge("tools", ("only tools that the MCP server lists", f"{missing[:80]} is not among them"))


CHECK = Check(NAME, __doc__, promises, probes=probes, tools=True, rank=Rank.UNDOCUMENTED)
