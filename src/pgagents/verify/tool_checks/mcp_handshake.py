"""A server begins as its revision says: with `initialize` up to 2025-11-25, with `server/discover` since
2026-07-28.

A client of another time is answered with a revision that the server supports, on a connection of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.report.contract import Rank, Verdict
from pgagents.verify.promise import Case, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import judge_without_calls, server_case
from pgagents.verify.wire.mcp_link import OTHER_TIME, Introduction, Link
from pgagents.verify.wire.mcp_messages import MODERN

LIFECYCLE = ("MCP 2025-11-25, basic/lifecycle",)
DISCOVERY = ("MCP 2026-07-28, basic/versioning",)
NO_SESSION = (Verdict.UNTESTED, "no session was opened")
_REVISION = re.compile(r"\d{4}-\d{2}-\d{2}")


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases about both ways to begin, `initialize` and `server/discover`. Both were tried before."""
    del roles
    link = setting.mcp
    if link is None or setting.listing is None:
        return
    modern, first = link.version >= MODERN, link.introduction or Introduction()
    attempt = judge_without_calls("mcp_handshake/all")
    without = None
    if link.introduction is None or (modern and first.result is None):
        without = Verdict.NOT_APPLICABLE, f"the server speaks {link.version}, which has no sessions"
    unopened = without or (NO_SESSION if first.result is None else None)
    says = "initialize answers a revision, capabilities, and the server's name and version"
    about: Any = ("a revision, capabilities, serverInfo", _find_problem(first.result or {}), {})
    yield server_case("initialize", says, attempt, cite=LIFECYCLE, settled=unopened, about=about)
    says = "initialize with a revision that there is not answers one that the server supports"
    about = _judge_other_revision(first)
    yield server_case("other_revision", says, attempt, cite=LIFECYCLE, settled=without, about=about)
    says = "ping is answered with an empty result"
    about = ("a result", "" if first.pong is not None else "no result", {})
    yield server_case("ping", says, attempt, cite=LIFECYCLE, settled=unopened, about=about)
    says = "server/discover answers the supported revisions and the capabilities"
    other_way = None if modern else (Verdict.NOT_APPLICABLE, f"the server speaks {link.version}")
    about = _judge_discovery(link)
    yield server_case("discover", says, attempt, cite=DISCOVERY, settled=other_way, about=about)


def _find_problem(result: Mapping[str, Any]) -> str:
    """Describe what is wrong with the result of `initialize`; empty if it is right."""
    revision, info = result.get("protocolVersion"), result.get("serverInfo")
    if not isinstance(revision, str) or not _REVISION.fullmatch(revision):
        return f"`protocolVersion` is {str(revision)[:40]!r}"
    if not isinstance(result.get("capabilities"), Mapping):
        return "`capabilities` is not an object"
    named = isinstance(info, Mapping) and all(isinstance(info.get(k), str) for k in ("name", "version"))
    return "" if named else "`serverInfo` has no name and version"


def _judge_other_revision(first: Introduction) -> tuple[str, str, dict[str, Any]]:
    if first.result is None:
        refusal = f"JSON-RPC error {first.error}" if first.error is not None else first.silence
        return f"a revision that it supports, for {OTHER_TIME}", refusal or "no answer", {}
    agrees = first.result.get("protocolVersion") == OTHER_TIME
    return "a revision that it supports", f"it agrees to {OTHER_TIME}" if agrees else "", {}


def _judge_discovery(link: Link) -> tuple[str, str, dict[str, Any]]:
    supported = link.told.get("supportedVersions")
    listed = isinstance(supported, list) and all(isinstance(version, str) for version in supported)
    right = listed and supported and isinstance(link.told.get("capabilities"), Mapping)
    answer = str(dict(link.told))[:200]
    return (
        "`supportedVersions` and `capabilities`",
        "" if right else "it answers {answer}",
        {"answer": answer},
    )


CHECK = make_check("mcp_handshake", __doc__, cases, tools=True, rank=Rank.UNDOCUMENTED)
