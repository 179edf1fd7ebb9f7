"""Measure which of the sandbox's faults a run finds, and how soon: `python -m evaluation.bench faults`.

The classes are those of a list of how agent-facing APIs go wrong that is older than the checks.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pgagents.catalogue.load import load_file
from pgagents.inprocess import inside, verify_mcp, verify_sandbox
from pgagents.sandbox import fault_registry
from pgagents.verify.plan.options import Options

CATALOGUE = Path("catalogue/park_graph.yaml")
SOON = 60
CLASSES: Mapping[str, tuple[str, ...]] = {
    "schema-missing-required": ("schema-missing-required",),
    "schema-wrong-type": ("schema-wrong-type",),
    "schema-enum-drift": ("schema-enum-drift",),
    "schema-secret-extra": ("secret-in-answer",),
    "status-undocumented": ("status-undocumented", "create-with-200"),
    "status-200-error": ("status-200-error",),
    "status-5xx-on-bad-input": ("status-500-on-bad-input", "odd-value-crashes", "quote-crashes"),
    "ctype-mismatch": ("content-type-html", "content-type-missing", "content-type-of-errors"),
    "header-missing": ("header-missing", "header-missing-on-errors", "no-store-missing"),
    "method-wrong": ("method-as-unknown-path", "allow-missing"),
    "accept-missing-required": ("accept-missing-required",),
    "accept-out-of-range": ("accept-out-of-range",),
    "accept-coerced-type": ("accept-string-number",),
    "reject-valid-boundary": ("reject-valid-boundary", "optional-required"),
    "auth-ignored": (
        "auth-ignored",
        "auth-any-key",
        "auth-one-action-open",
        "basic-accepted",
        "key-in-query-accepted",
    ),
    "auth-401-403-swapped": ("auth-401-as-403",),
    "auth-scope-unenforced": ("scope-unenforced",),
    "auth-env-crossing": ("auth-env-crossing",),
    "auth-revoked-works": ("auth-revoked-works",),
    "oauth-metadata-lie": (
        "oauth-metadata-lie",
        "oauth-metadata-disagrees",
        "oauth-challenge-elsewhere",
        "auth-scheme-missing",
    ),
    "oauth-pkce-skipped": ("oauth-pkce-skipped", "oauth-challenge-optional", "oauth-open-redirect"),
    "rl-remaining-frozen": ("remaining-frozen", "limit-of-all-keys"),
    "rl-429-no-retry-after": ("retry-after-missing",),
    "rl-retry-after-lie": ("retry-after-lie", "retry-after-too-short"),
    "rl-unenforced": ("limit-unenforced",),
    "err-shape-framework": ("envelope-of-framework", "unknown-path-html"),
    "err-code-status-mismatch": ("wrong-status-of-code", "wrong-code"),
    "err-request-id": ("request-id-differs", "request-id-reused"),
    "err-leak": ("error-leaks-trace", "error-echoes-key"),
    "life-create-unreadable": ("create-unreadable",),
    "life-field-lost": ("create-field-lost",),
    "life-end-still-active": ("end-keeps-state",),
    "life-double-end": ("double-move-accepted",),
    "life-illegal-transition": ("move-after-end-accepted",),
    "life-failed-create-effect": ("refused-create-has-effect",),
    "life-hold-ttl": ("hold-outlives-its-time",),
    "life-capacity": ("capacity-not-returned",),
    "idem-new-resource": ("idempotency-ignored",),
    "idem-mismatch-ok": ("idempotency-of-other-body",),
    "idem-race": ("idempotency-races",),
    "search-outside-radius": ("search-outside-radius",),
    "search-unsorted": ("search-unsorted",),
    "search-limit-ignored": ("search-limit-ignored",),
    "search-non-monotone": ("search-non-monotone",),
    "search-filter-ignored": ("filter-ignored",),
    "money-sum": ("money-off-by-a-cent", "money-rounded-down"),
    "money-precision": ("money-precision",),
    "money-quote-vs-charge": ("quote-is-not-charge",),
    "time-naive": ("time-naive",),
    "idor-read": ("other-tenant-reads",),
    "idor-write": ("other-tenant-moves",),
    "list-leaks": ("list-leaks",),
    "xc-rest-vs-dispatcher": (
        "dispatcher-differs",
        "dispatcher-default-dropped",
        "dispatcher-drops-argument",
        "dispatcher-unvalidated",
    ),
    "xc-rest-vs-mcp": ("mcp:argument-lost", "mcp:bound-excluded", "mcp:status-of-another"),
    "xc-undeclared-action": (
        "dispatcher-lacks-action",
        "dispatcher-offers-more",
        "mcp:tool-missing",
        "mcp:tool-undeclared",
    ),
    "xc-hosted-drift": ("hosted-drift", "hosted-missing"),
    "xc-wellknown-stale": ("wellknown-stale",),
    "xc-attribution": ("attribution-wrong", "attribution-of-key-lost"),
    "mcp-iserror": ("mcp:refusal-as-protocol-error", "mcp:refusal-as-success", "mcp:unknown-tool-as-result"),
    "mcp-output-schema": ("mcp:data-missing", "mcp:number-as-text", "mcp:text-cut"),
    "mcp-transport": ("mcp:origin-unchecked", "mcp:version-unchecked"),
    "agent-latency": ("agent-latency",),
    "agent-size": ("agent-size",),
    "agent-items": ("agent-items",),
    "agent-desc-length": ("hosted-description-long",),
    "tls-plain-http": ("plaintext-answered",),
    "hsts-cors": ("hsts-missing", "cors-credentials", "preflight-401"),
    "redirect-breaks": ("redirect-breaks", "slash-redirects"),
    "body-413": ("large-body-crashes",),
    "json-bad-deep": ("malformed-json-crashes",),
    "json-dup-nan": ("duplicate-members-accepted", "not-a-number-accepted"),
    "ctype-not-415": ("content-type-unchecked",),
    "injection": ("apostrophe-refused",),
    "audit-missing": ("audit-row-missing", "audit-wrong-action", "audit-actor-shared"),
    "wh-bad-hmac": ("webhook-bad-hmac",),
    "wh-replay-order": ("webhook-time-unsigned", "webhook-id-changes", "webhook-event-early"),
    "wh-ssrf": ("webhook-ssrf-accepted",),
}
"""Faults of each class. A class is found when all of them are."""


OF_MCP = "mcp:"


@dataclass(frozen=True, slots=True)
class Tried:
    """One fault: after how many requests a contract that it must break was found broken (None: never), and
    how many the run took.
    """

    fault: str
    after: int | None
    requests: int


def list_faults() -> list[str]:
    """Return the names of all faults of the sandbox, then those of an MCP server in front of it."""
    return [
        *fault_registry.list_names("faults"),
        *(f"{OF_MCP}{name}" for name in fault_registry.list_names("mcp_faults")),
    ]


def try_faults(faults: Sequence[str] | None = None) -> Iterator[Tried]:
    """Verify a sandbox under each fault, with seed 0 and every identity; limits get bursts, MCP faults
    only the MCP contracts.
    """
    model = load_file(CATALOGUE)
    for fault in list_faults() if faults is None else faults:
        name = fault.removeprefix(OF_MCP)
        if name != fault:
            report, module = verify_mcp(model, faults=(name,)), fault_registry.find("mcp_faults", name)
        else:
            report, module = (
                verify_sandbox(model, inside(model, faults=(name,)), Options()),
                fault_registry.find("faults", name),
            )
        due = [
            f
            for f in report.findings
            if module.breaks & {id.partition("/")[0] for id in (f.contract.id, *f.also)}
        ]
        after = min(
            (f.exchanges[-1].number if f.exchanges else report.footer.requests for f in due), default=None
        )
        yield Tried(fault, after, report.footer.requests)


def classes(found: Sequence[Tried]) -> dict[str, int | None]:
    """Return by class the number of requests after which the last of its faults was found; None where one was
    not.
    """
    after = {one.fault: one.after for one in found}
    told: dict[str, int | None] = {}
    for name, faults in CLASSES.items():
        numbers = [after.get(fault) for fault in faults]
        told[name] = None if None in numbers else max(n for n in numbers if n is not None)
    return told


def find_first_by_class(found: Sequence[Tried]) -> dict[str, int | None]:
    """Return, for each class, after how many requests its first fault was found; None where none was."""
    after = {one.fault: one.after for one in found}
    return {
        name: min((n for fault in faults if (n := after.get(fault)) is not None), default=None)
        for name, faults in CLASSES.items()
    }


def split_classes(by_class: Mapping[str, int | None]) -> tuple[list[int | None], list[int | None]]:
    """Split the classes, every second by name, into those that the order's weights were tuned on and those
    held out.
    """
    numbers = [by_class[name] for name in sorted(by_class)]
    return numbers[::2], numbers[1::2]


def within(numbers: Iterable[int | None], most: int) -> int:
    """Return the number of these that were found after so many requests at the latest."""
    return sum(number is not None and number <= most for number in numbers)


def main() -> None:
    """Try all and print each."""
    started = time.process_time()
    found: list[Tried] = []
    for one in try_faults():
        found.append(one)
        print(
            f"{one.fault}: {'not found' if one.after is None else f'after {one.after}'} of {one.requests}",
            flush=True,
        )
    by_class = classes(found)
    numbers, missed = (
        [one.after for one in found],
        [name for name, number in by_class.items() if number is None],
    )
    print(
        f"\nfound: {within(numbers, sys.maxsize)} of {len(found)} faults, {len(by_class) - len(missed)} "
        f"of {len(by_class)} classes"
    )
    print(
        "within "
        + ", ".join(
            f"{most} requests: {within(numbers, most)} faults" for most in (20, 40, SOON, 120, 200, 300)
        )
    )
    for what, classed in (
        ("all faults of each", by_class),
        ("one fault of each", find_first_by_class(found)),
    ):
        halves = " and ".join(f"{within(half, SOON)} of {len(half)}" for half in split_classes(classed))
        print(f"within {SOON} requests: {within(classed.values(), SOON)} classes, {what} ({halves} held out)")
    print(
        f"missed: {', '.join(missed) or 'no class'}; {time.process_time() - started:.0f} s of the processor"
    )


if __name__ == "__main__":
    main()
