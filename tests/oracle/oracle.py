"""The oracle holds contracts, probes and verdicts of every check as digests while code is moved.

`PYTHONPATH=tests python tests/oracle/oracle.py` records `oracle.json` anew. Do that only in a commit that
says which change of contracts, plans or verdicts it is for.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from inprocess import inside, verify_sandbox
from loading import read_once
from pgagents.cli.inputs.tools import make_model, survey
from pgagents.cli.running.tools import verify_tools
from pgagents.report.contract import Contract
from pgagents.verify.check_registry import collect, collect_of_tools
from pgagents.verify.plan.options import Options
from pgagents.verify.promise import Check, Probe
from pgagents.verify.setting import Setting, setting_of
from pgagents.verify.wire.mcp_link import Link
from pgagents.verify.wire.oauth import OAuthClient
from pgagents.verify.wire.receiver import Inbox
from tool_server import ToolServer

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("oracle.json")
CATALOGUES = (ROOT / "catalogue/park_graph.yaml", *sorted((ROOT / "tests/catalogues").glob("*.yaml")))
RUNS = ("payments", "tickets", "shop")
SERVERS = {"right_tools": False, "wrong_tools": True}
"""Servers of tools without a catalogue, by name: True for one with mistakes."""
URL = "https://127.0.0.1:1"
CLIENT = OAuthClient("client", f"{URL}/back", "secret", {"user": "name"}, refuse={"user": ""})

Digests = dict[str, list[int | str]]
"""By name, how many things were compared, and the digest of their text."""


def digest(lines: Iterable[object]) -> list[int | str]:
    """Return how many lines there are, and the first sixteen digits of their sha256."""
    texts = [str(line) for line in lines]
    return [len(texts), hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]]


def contract_line(contract: Contract) -> tuple[object, ...]:
    """Return what people and machines see of a contract."""
    return (
        contract.id,
        contract.action,
        contract.surface,
        contract.says,
        [str(step) for step in contract.origin],
        list(contract.cite),
        contract.advice,
    )


def probe_line(probe: Probe) -> tuple[object, ...]:
    """Return what decides when a probe runs, and what it may cost and change."""
    return (
        probe.name,
        probe.stage,
        probe.contracts,
        probe.cost,
        [endpoint.place for endpoint in probe.endpoints],
        probe.role,
        probe.writes,
        probe.priority,
        probe.print,
        probe.optional,
        probe.shows,
        str(probe.overlap),
    )


def plans(catalogue: Path) -> Digests:
    """Return the digests of each check's contracts, of those that are settled without a request, and of its
    probes with one key and with all.

    Those with `whole` are of a run that has all aids and exceeds limits, so few contracts are settled.
    """
    model = read_once(catalogue)
    setting = setting_of(model, URL)
    main = frozenset(("main",))
    every = frozenset(model.auth.roles) if model.auth else main
    inbox = Inbox(URL)
    whole = setting_of(model, URL, limits=True, exclusive=True, oauth=CLIENT, receiver=inbox, roles=every)
    return plans_of(catalogue.stem, setting, collect(), main, every) | plans_of(
        f"{catalogue.stem} whole", whole, collect(), every
    )


def plans_of(
    prefix: str, setting: Setting, checks: Mapping[str, Check], *identities: frozenset[str]
) -> Digests:
    """Return the digests of each check's contracts and probes, by the prefix and the check's name."""
    found: Digests = {}
    for name, check in checks.items():
        contracts = list(check.promises(setting))
        lines: list[object] = [contract_line(c) for c in contracts]
        lines += [check.settle(setting, c) for c in contracts]
        for roles in identities:
            lines += [probe_line(p) for p in check.list_probes(setting, roles)]
        if contracts:
            found[f"{prefix} {name}"] = [len(contracts), digest(lines)[1]]
    return found


def tool_digests(name: str) -> Digests:
    """Return the digests of the checks of tools without a catalogue, and of the verdicts of a run."""
    server = ToolServer(**mistakes()) if SERVERS[name] else ToolServer()
    link, other = (Link(server, url="http://127.0.0.1:1", path="/mcp") for _ in range(2))
    assert link.open(), link.problem
    options = Options()
    survey(link, other, options)
    model = make_model(link)
    setting = replace(setting_of(model, link.base), mcp=link)
    found = plans_of(name, setting, collect_of_tools(), frozenset())
    report = verify_tools(model, link, options)
    lines = sorted((r.contract.id, str(r.verdict), r.reason) for r in report.results)
    findings = sorted((f.contract.id, f.expected, f.actual) for f in report.findings)
    return found | {f"{name} verdicts": digest([*lines, *findings])}


def mistakes() -> dict[str, Callable[..., Any]]:
    """Return edits of a server that break contracts of each check of tools."""

    def change_tools(tools: list[dict[str, Any]]) -> None:
        tools[0]["annotations"]["destructiveHint"] = True
        tools[1] |= {"title": 5, "outputSchema": {"type": "string"}, "description": "Cities"}
        tools[2]["inputSchema"]["required"] = ["town"]
        tools += [{"name": "drop.city", "inputSchema": []}, dict(tools[1])]

    def take_anything(message: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        result = {"content": [{"type": "html"}], "structuredContent": params["arguments"]}
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}

    def agree_to_any(message: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        return {**message, "result": {**message["result"], "protocolVersion": params["protocolVersion"]}}

    def answer_nothing(message: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        del params
        return {"jsonrpc": "2.0", "id": message["id"], "result": {}}

    return {
        "tools": change_tools,
        "tools_call": take_anything,
        "initialize": agree_to_any,
        "pgv_no_such_method": answer_nothing,
    }


def verdicts(catalogue: Path, *faults: str) -> Digests:
    """Return the digest of the verdicts of a whole run of the catalogue's sandbox, with these faults."""
    model = read_once(catalogue)
    report = verify_sandbox(model, inside(model, faults=faults), Options())
    lines = sorted((r.contract.id, str(r.verdict), r.reason) for r in report.results)
    return {f"{catalogue.stem} verdicts": digest(lines)}


def record() -> None:
    """Write the record anew, and print the names whose digests changed."""
    before: Digests = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    found: Digests = {}
    for catalogue in CATALOGUES:
        found |= plans(catalogue)
        if catalogue.stem in RUNS:
            found |= verdicts(catalogue)
    for name in SERVERS:
        found |= tool_digests(name)
    lines = [f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found)]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    for name in sorted(before.keys() | found.keys()):
        if before.get(name) != found.get(name):
            print(f"{name}: {before.get(name)} -> {found.get(name)}", file=sys.stderr)


if __name__ == "__main__":
    record()
