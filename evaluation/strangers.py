"""Compare what verify finds on the zoo's small servers with strangers.json: `make strangers`.

strangers.json has every judged finding of the zoo by server, version, operations and claim, with a reviewer's
word. It names no check, so that it outlives them. A change may lose no true finding and add no false one. The
command ends with 1 where a true finding of a server is lost, or a finding was judged by nobody.

`python -m evaluation.strangers NAME` takes other servers of the zoo, which are installed first;
`--last` compares the reports of the last runs and starts nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.bench.zoo import KINDS, REPORTS, measure
from evaluation.zoo.zoo import NAMES

FILE = Path(__file__).with_suffix(".json")
SMALL = ("items", "shelf")
"""Servers that are installed and verified in two minutes."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a reviewer said of findings: `operations` are the names of actions; any of them shows it.

    `rank` is empty where the finding was judged before ranks were noted. Then it is any.
    """

    server: str
    version: str
    operations: frozenset[str]
    rank: str
    claim: str
    word: str

    def covers(self, finding: Finding) -> bool:
        """Return whether a finding may be what this claim is about."""
        return self.rank in ("", finding.rank) and not self.operations.isdisjoint(finding.operations)


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a report with the operations that show it, those of the same cause too."""

    contract: str
    rank: str
    operations: frozenset[str]


def read_claims(path: Path = FILE) -> list[Claim]:
    """Return the claims about all servers."""
    return [
        Claim(
            row["server"],
            row["version"],
            frozenset(row["operations"]),
            row.get("rank", ""),
            row["claim"],
            row["word"],
        )
        for row in json.loads(path.read_text(encoding="utf-8"))
    ]


def list_findings(report: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the findings of a JSON report."""
    for finding in report["findings"]:
        contracts = (finding["contract"], *finding.get("also", ()))
        operations = frozenset(contract.rpartition("@")[0].rpartition("/")[2] for contract in contracts)
        yield Finding(finding["contract"], finding["rank"], operations)


def compare(claims: Sequence[Claim], findings: Sequence[Finding]) -> tuple[list[Claim], list[Finding]]:
    """Return the true claims about a server that no finding shows, and the findings that nobody judged."""
    lost = [claim for claim in claims if claim.word == "true" and not any(map(claim.covers, findings))]
    new = [finding for finding in findings if not any(claim.covers(finding) for claim in claims)]
    return lost, new


def main(words: Sequence[str]) -> int:
    """Verify and compare the named servers, or the small ones; return the exit code."""
    names = [word for word in words if word != "--last"] or list(SMALL)
    if unknown := sorted(set(names) - set(NAMES)):
        raise SystemExit(f"no such server: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    worse = False
    for name in names:
        if "--last" not in words:
            measure(name, "write", KINDS["write"])
        report = json.loads((REPORTS / f"{name}-write.json").read_text(encoding="utf-8"))
        claims = [claim for claim in read_claims() if claim.server == name]
        lost, new = compare(claims, list(list_findings(report)))
        true = sum(claim.word == "true" for claim in claims)
        print(f"{name}: {true - len(lost)} of {true} true claims found, {len(new)} findings not judged")
        for claim in lost:
            print(f"  lost: {', '.join(sorted(claim.operations))}: {claim.claim}")
        for finding in new:
            print(f"  not judged: {finding.contract} ({finding.rank})")
        worse |= bool(lost or new)
    return int(worse)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
