"""The server card that a host advertises agrees with the live MCP server.

The card is fetched without a key. It is compared with the server's description of itself, and with its list
of tools. Versions are compared by their first two numbers, because a card is kept for an hour and servers are
updated one by one. The card's name is that of a registry, so it is not compared. Neither are the addresses of
other hosts, nor revisions that the card leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.http import read_json
from pgagents.report.contract import Rank
from pgagents.verify.cases.discovery import SERVER_CARD, fetch, find_https, judge_over_https
from pgagents.verify.promise import Attempt, Case, Conversation, Judgement, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import read_pages
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.mcp_link import Link
from pgagents.verify.wire.mcp_messages import LEGACY, MODERN, NAMED_ITSELF

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


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of a card that the catalogue hosts. One probe reads it, opens the server and lists its
    tools.
    """
    del roles
    path = setting.model.api.hosted.get(SERVER_CARD)
    if path is None:
        return
    attempt = None
    if setting.mcp is not None:
        run = partial(_try, str(path), setting.mcp)
        attempt = Attempt(together=run, cost=2, role="", probe=f"server_card/{SERVER_CARD}@{MCP}")
    for detail, says in SAYS.items():
        yield Case(None, says, ("api", "hosted", SERVER_CARD), attempt, detail, place=f"@{MCP}")


def _try(path: str, link: Link, trials: Sequence[Trial]) -> Conversation:
    setting, (version, revisions, address, tools) = trials[0].setting, trials
    answer, _ = yield from fetch(setting, path, "what the server card says")
    if onward := find_https(setting, answer):
        yield from (judge_over_https(trial, onward) for trial in trials)
        return
    card = read_json(answer.response.body).value if answer.response is not None else None
    listing = yield from read_pages(setting)
    reason = listing.unread or ("" if isinstance(card, Mapping) else f"there is no card at {path}")
    if reason or answer.status != 200 or not isinstance(card, Mapping):
        for trial in trials:
            yield trial.untested(reason or f"{path} is answered {answer.outcome}")
        return
    yield _judge_version(version, card, link)
    yield _judge_revisions(revisions, card, link)
    yield _judge_address(address, card, link)
    problem = listing.problem
    yield tools.untested(problem) if problem else _judge_tools(tools, card, list(listing.tools))


def _judge_version(trial: Trial, card: Mapping[str, Any], link: Link) -> Judgement:
    """Compare the versions by their first two numbers if both have them, else as texts."""
    info = link.told.get("serverInfo") or (link.told.get("_meta") or {}).get(NAMED_ITSELF)
    live, named = info.get("version") if isinstance(info, Mapping) else None, card.get("version")
    if not isinstance(live, str) or not isinstance(named, str):
        return trial.kept()  # `mcp_transport` and `hosted_document` report a missing version
    if _read_version(live) == _read_version(named):
        return trial.kept()
    expected = f"version {live[:80]}, which the MCP server names"
    return trial.broken(expected, "version {version}", version=named[:80])


def _read_version(text: str) -> tuple[str | Any, ...]:
    match = _VERSION.match(text.strip())
    return match.groups() if match else (text.strip(),)


def _list_remotes(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the remotes in a card: addresses with their descriptions."""
    remotes = card.get("remotes")
    return (
        [remote for remote in remotes[:MOST] if isinstance(remote, Mapping)]
        if isinstance(remotes, list)
        else []
    )


def _judge_revisions(trial: Trial, card: Mapping[str, Any], link: Link) -> Judgement:
    lists = [remote.get("supportedProtocolVersions") for remote in _list_remotes(card)]
    versions = (version for several in lists if isinstance(several, list) for version in several[:MOST])
    named = {version for version in versions if isinstance(version, str)}
    if not named:
        return trial.not_applicable(NO_VERSIONS)
    if link.version >= MODERN:
        listed = link.told.get("supportedVersions")
        known = {v for v in listed if isinstance(v, str)} if isinstance(listed, list) else {MODERN}
        missing = {version for version in named if version >= MODERN} - known
    else:  # a client that opens the newest session gets the server's newest revision
        missing = {version for version in named if link.version < version <= LEGACY or version >= MODERN}
    if not missing:
        return trial.kept()
    first = min(missing)[:80]
    expected = f"only revisions that the MCP server supports, not {first}"
    return trial.broken(expected, "it has {revision}", revision=first)


def _judge_address(trial: Trial, card: Mapping[str, Any], link: Link) -> Judgement:
    """Compare the card's addresses on the server's host with the address that was used."""
    if not link.http:
        return trial.not_applicable(NO_ADDRESS)
    live = link.url.rstrip("/") + (link.path if link.path != "/" else "")
    near = {
        _plain(str(remote.get("url"))): remote.get("type")
        for remote in _list_remotes(card)
        if _find_host(str(remote.get("url"))) == _find_host(live)
    }
    if not near:
        return trial.not_applicable(OTHER_HOSTS)
    if near.get(_plain(live)) == STREAMABLE:
        return trial.kept()
    addresses = " and ".join(f"{url[:120]} of type {kind}" for url, kind in near.items())
    return trial.broken(f"{live[:120]}, of type {STREAMABLE}", "it names {addresses}", addresses=addresses)


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


def _judge_tools(trial: Trial, card: Mapping[str, Any], listed: list[Any]) -> Judgement:
    """Compare the names of tools. A card should have no tools, so a card without any is not judged."""
    tools = card.get("tools")
    if not isinstance(tools, list) or not tools:
        return trial.not_applicable(NO_TOOLS)
    names = [tool.get("name") if isinstance(tool, Mapping) else tool for tool in tools[:MOST]]
    live = {tool.get("name") for tool in listed if isinstance(tool, Mapping)}
    missing = [name for name in names if isinstance(name, str) and name not in live]
    problem = f"{missing[0][:80]} is not among them" if missing else ""
    return trial.judge("only tools that the MCP server lists", problem)


CHECK = make_check("server_card", __doc__, cases, stage=3, tools=True, rank=Rank.UNDOCUMENTED)
