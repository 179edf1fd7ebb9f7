"""The oracle holds contracts, probes and verdicts of every check as digests while code is moved.

`python tests/oracle/oracle.py` records `oracle.json` anew. Do that only in a commit that says which change of
contracts, plans or verdicts it is for.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from loading import read_once
from pgagents.inprocess import inside, verify_sandbox
from pgagents.report.contract import Contract
from pgagents.verify.plan.options import Options
from pgagents.verify.promise import Probe, collect
from pgagents.verify.setting import setting_of

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("oracle.json")
CATALOGUES = (ROOT / "catalogue/park_graph.yaml", *sorted((ROOT / "tests/catalogues").glob("*.yaml")))
RUNS = ("payments", "tickets", "shop")
URL = "https://127.0.0.1:1"

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
    """
    model = read_once(catalogue)
    setting = setting_of(model, URL)
    main = frozenset(("main",))
    every = frozenset(model.auth.roles) if model.auth else main
    found: Digests = {}
    for name, check in collect().items():
        contracts = list(check.promises(setting))
        lines: list[object] = [contract_line(c) for c in contracts]
        lines += [check.settle(setting, c) for c in contracts]
        for roles in (main, every):
            lines += [probe_line(p) for p in check.list_probes(setting, roles)]
        if contracts:
            found[f"{catalogue.stem} {name}"] = [len(contracts), digest(lines)[1]]
    return found


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
    lines = [f"{json.dumps(name)}: {json.dumps(found[name])}" for name in sorted(found)]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    for name in sorted(before.keys() | found.keys()):
        if before.get(name) != found.get(name):
            print(f"{name}: {before.get(name)} -> {found.get(name)}", file=sys.stderr)


if __name__ == "__main__":
    record()
