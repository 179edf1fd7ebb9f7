"""Join the findings of all APIs of a fleet into one SARIF log with one run.

GitHub takes at most 20 runs a file (docs.github.com, "About code scanning limits on SARIF results"). Since
2025 it takes no two runs of one tool and category (github.blog of 2024-05-06). Both were read 2026-11-26.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from pgagents.base.places import Source
from pgagents.base.writing import json_text, printable
from pgagents.report.formats import sarif
from pgagents.report.report import Report

MOST_RESULTS = 25_000
"""Results of a run that GitHub takes (the same page); a log with more is refused whole."""
_LEVELS = ("error", "warning", "note")


class SarifLog:
    """One run to which the reports of APIs are added. Each API is an invocation of it."""

    def __init__(self) -> None:
        self.driver: dict[str, Any] = {"name": "pgagents"}
        self.rules: dict[str, dict[str, Any]] = {}
        self.invocations: list[dict[str, Any]] = []
        self.results: list[dict[str, Any]] = []

    def add(self, api: str, report: Report, source: Source) -> None:
        """Add the findings of an API."""
        (run,) = sarif.document(report, source)["runs"]
        driver = run["tool"]["driver"]
        self.driver = {key: value for key, value in driver.items() if key != "rules"}
        for rule in driver["rules"]:
            self.rules.setdefault(rule["id"], rule)
        (invocation,) = run["invocations"]
        self.invocations.append({**invocation, "properties": {"api": api}})
        for result in run["results"]:
            # two APIs may be instances of one catalogue, and an alert of one is none of the other
            mark = result["partialFingerprints"]["contract/v1"]
            print = sha256(f"{api}\n{mark}".encode()).hexdigest()[:16]
            result["partialFingerprints"] = {"primaryLocationLineHash": f"{print}:1", "contract/v1": print}
            result["message"]["text"] = f"{api}: {result['message']['text']}"
            result["properties"]["api"] = api
            result["provenance"] = {"invocationIndex": len(self.invocations) - 1}
            self.results.append(result)

    def add_missing(self, api: str, why: str) -> None:
        """Add an API without a report."""
        text = f"{api} has no whole report: {printable(' '.join(why.split()))}"
        self.invocations.append(
            {
                "executionSuccessful": False,
                "toolExecutionNotifications": [{"level": "error", "message": {"text": text}}],
                "properties": {"api": api},
            }
        )

    def render(self) -> bytes:
        """Return the log. Beyond the results that GitHub takes, the mildest are left out, which it says."""
        rules = sorted(self.rules)
        places = {id: place for place, id in enumerate(rules)}
        ordered = sorted(self.results, key=lambda result: _LEVELS.index(result["level"]))
        left_out = len(ordered) - MOST_RESULTS
        invocations = self.invocations
        if left_out > 0:
            text = f"{left_out:,} of the mildest findings are left out; the reports of the APIs have them"
            notes = [{"level": "warning", "message": {"text": text}}]
            invocations = [
                *invocations,
                {"executionSuccessful": True, "toolExecutionNotifications": notes},
            ]
        for result in ordered:
            result["ruleIndex"] = places[result["ruleId"]]
        run = {
            "tool": {"driver": {**self.driver, "rules": [self.rules[id] for id in rules]}},
            "invocations": invocations,
            "automationDetails": {"id": "pgagents/fleet/"},
            "columnKind": "unicodeCodePoints",
            "results": ordered[:MOST_RESULTS],
        }
        log = {"$schema": sarif.SCHEMA, "version": "2.1.0", "runs": [run]}
        text = json.dumps(log, ensure_ascii=False, indent=2, allow_nan=False)
        return f"{json_text(text)}\n".encode("utf-8", "replace")
