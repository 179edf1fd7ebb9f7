"""A server begins as its revision says: with `initialize` up to 2025-11-25, with `server/discover` since
2026-07-28.

A client of another time is answered with a revision that the server supports, on a connection of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.promise import Check, Judgement, Probe, judge_broken, judge_kept, judge_untested
from pgagents.verify.setting import Setting
from pgagents.verify.tools import judging, server_contract
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.mcp_link import OTHER_TIME, Introduction, Link
from pgagents.verify.wire.mcp_messages import MODERN

NAME = "mcp_handshake"
LIFECYCLE = ("MCP 2025-11-25, basic/lifecycle",)
DISCOVERY = ("MCP 2026-07-28, basic/versioning",)
_REVISION = re.compile(r"\d{4}-\d{2}-\d{2}")
OF_SESSIONS = ("initialize", "other_revision", "ping")


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts about both ways to begin: `initialize` and `server/discover`."""
    if setting.listing is None:
        return
    says = "initialize answers a revision, capabilities, and the server's name and version"
    yield server_contract(NAME, "initialize", says, cite=LIFECYCLE)
    says = "initialize with a revision that there is not answers one that the server supports"
    yield server_contract(NAME, "other_revision", says, cite=LIFECYCLE)
    yield server_contract(NAME, "ping", "ping is answered with an empty result", cite=LIFECYCLE)
    says = "server/discover answers the supported revisions and the capabilities"
    yield server_contract(NAME, "discover", says, cite=DISCOVERY)


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude the contracts of protocol revisions that begin in the other way."""
    link = setting.mcp
    if link is None:
        return None
    modern = link.version >= MODERN
    without = link.introduction is None or (modern and link.introduction.result is None)
    if contract.detail in OF_SESSIONS and without:
        return Verdict.NOT_APPLICABLE, f"the server speaks {link.version}, which has no sessions"
    if contract.detail == "discover" and not modern:
        return Verdict.NOT_APPLICABLE, f"the server speaks {link.version}"
    return None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe that judges how the connection was begun."""
    del roles
    link = setting.mcp
    if link is not None:
        own = [c.id for c in promises(setting) if settle_contract(setting, c) is None]
        yield from judging(setting, f"{NAME}/all", own, lambda _: _judge(link))


def _judge(link: Link) -> Iterator[Judgement]:
    if link.version >= MODERN:
        supported = link.told.get("supportedVersions")
        listed = isinstance(supported, list) and all(isinstance(v, str) for v in supported)
        good = bool(listed and supported and isinstance(link.told.get("capabilities"), Mapping))
        expected = "`supportedVersions` and `capabilities`"
        yield _verdict("discover", expected, "" if good else f"it answers {str(dict(link.told))[:200]}")
    if (first := link.introduction) is not None and not (link.version >= MODERN and first.result is None):
        yield from _judge_session(first)


def _judge_session(first: Introduction) -> Iterator[Judgement]:
    if first.result is None:
        said = f"JSON-RPC error {first.error}" if first.error is not None else first.silence or "no answer"
        yield _verdict("other_revision", f"a revision that it supports, for {OTHER_TIME}", said)
        yield from (
            judge_untested(f"{NAME}/{k}@{MCP}", "no session was opened") for k in ("initialize", "ping")
        )
        return
    revision = first.result.get("protocolVersion")
    yield _verdict("initialize", "a revision, capabilities, serverInfo", _find_problem(first.result))
    said = f"it agrees to {OTHER_TIME}" if revision == OTHER_TIME else ""
    yield _verdict("other_revision", "a revision that it supports", said)
    pong = first.pong
    yield _verdict("ping", "a result", "" if pong is not None else "no result")


def _find_problem(result: Mapping[str, Any]) -> str:
    """Describe what is wrong with the result of `initialize`; empty if it is right."""
    revision, info = result.get("protocolVersion"), result.get("serverInfo")
    if not isinstance(revision, str) or not _REVISION.fullmatch(revision):
        return f"`protocolVersion` is {str(revision)[:40]!r}"
    if not isinstance(result.get("capabilities"), Mapping):
        return "`capabilities` is no object"
    named = isinstance(info, Mapping) and all(isinstance(info.get(k), str) for k in ("name", "version"))
    return "" if named else "`serverInfo` has no name and version"


def _verdict(kind: str, expected: str, problem: str) -> Judgement:
    contract = f"{NAME}/{kind}@{MCP}"
    return judge_broken(contract, expected, problem) if problem else judge_kept(contract)


CHECK = Check(
    NAME, __doc__, promises, probes=probes, settled=settle_contract, tools=True, rank=Rank.UNDOCUMENTED
)
