"""Faults that no check was written for, in evaluation/heldout: how many verify finds. `python -m
evaluation.bench heldout` prints a line each; some ten minutes a set.

The share at first sight is a record (evaluation/heldout/first_sight.json): it cannot be measured again once a
check is made for what it missed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation.heldout.measure import Measured, measure
from evaluation.heldout.sets import FOLDERS, NAMES, fault

HELDOUT = Path(__file__).parents[1] / "heldout"
Found = Mapping[str, Mapping[str, list[str]]]


def heldout() -> None:
    """Measure all of them again and print each beside what was found of it at first sight."""
    first: dict[str, dict[str, Any]] = json.loads((HELDOUT / "first_sight.json").read_text(encoding="utf-8"))

    def describe(measured: Measured) -> str:
        return f"{','.join(measured.checks)} after {measured.until}" if measured.broken else "-"

    for which in FOLDERS:
        known: Found = first[which]["faults"]
        found: list[tuple[bool, bool]] = []
        print(f"{which + ' set':<38} {'first sight':<24} now: two keys, all roles")
        for name in (n for n in NAMES if n.startswith(f"{which}/")):
            two = measure(name, "two")
            most = measure(name, "limits" if "limits" in fault(name).CLASS else "all")
            found.append((bool(two.broken), bool(two.broken or most.broken)))
            stem = name.partition("/")[2]
            print(f"{stem:<38} {_first(known.get(stem)):<24} {describe(two)}; {describe(most)}", flush=True)
        print(
            f"\nof {len(found)}: {sum(two for two, _ in found)} with two keys, "
            f"{sum(most for _, most in found)} with all roles"
        )
        print(f"at first sight: {_shares(known)}\n")
    alone = [measure(None, how).broken for how in ("two", "all", "limits")]
    print(
        "nothing is found of the plain sandbox"
        if not any(alone)
        else f"FALSE ALARMS on the plain sandbox: {alone}"
    )


def _first(fault: Mapping[str, list[str]] | None) -> str:
    """Return the checks that found it at first sight, by the least that was needed."""
    for how in ("two", "all", "limits"):
        if fault and fault.get(how):
            return f"{how}: {fault[how][0]}"
    return "missed" if fault else "(not there yet)"


def _shares(faults: Found) -> str:
    two, most = sum(bool(f["two"]) for f in faults.values()), sum(any(f.values()) for f in faults.values())
    return (
        f"{two} of {len(faults)} with two keys, {most} with all roles and, of those about limits, with bursts"
    )
