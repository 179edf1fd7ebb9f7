"""Faults that share a whole run: which may do so, and what a run shows that none of them declares."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from zlib import crc32

from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox import fault_registry
from pgagents.sandbox.fault_declaration import Fault
from verifying import fault_contracts, find_caught, following

TOGETHER, CHECKS_TOGETHER = 12, 14
"""At most so many faults share a whole run, if they may break no more checks than this together."""


def group_up(kind: str, names: Iterable[str], alone: Container[str] = ()) -> list[tuple[str, ...]]:
    """Return each fault once, with others that break nearly the same checks for other actions.

    So what one of them breaks undeclared is seldom declared by another, and their answers differ at different
    calls. A fault that no recorded contract shows is alone, as those of `alone` are.
    """
    every = {name: fault_registry.find(kind, name) for name in names}
    groups: list[_Group] = []
    for name in sorted(every, key=lambda name: (sorted(every[name].breaks), crc32(name.encode()))):
        limits = any(check.startswith("rate_limit_") for check in every[name].breaks)
        places = set(map(place_of, shown_by(kind, name)))
        own = _Group([name], find_allowed([every[name]]), places, limits)
        fitting = [group for group in groups if name not in alone and group.takes(own)]
        if own.places and fitting:
            nearest = min(fitting, key=lambda group: len(own.allowed - group.allowed))
            nearest.names.append(name)
            nearest.allowed |= own.allowed
            nearest.places |= own.places
            nearest.limits |= own.limits
        else:
            groups.append(own)
    return [tuple(group.names) for group in groups]


@dataclass
class _Group:
    names: list[str]
    allowed: set[str]
    """Checks that these faults may break."""
    places: set[tuple[str, str]]
    limits: bool
    """One of them is about limits: of two, the second would take the place of the first."""

    def takes(self, other: _Group) -> bool:
        together = len(self.allowed | other.allowed)
        apart = self.places and not self.places & other.places
        alike = self.limits and other.limits
        return bool(apart) and not alike and len(self.names) < TOGETHER and together <= CHECKS_TOGETHER


def shown_by(kind: str, name: str) -> Sequence[str]:
    """Return the recorded contracts that a fault breaks."""
    return fault_contracts(kind).get(name, ())


def place_of(contract: str) -> tuple[str, str]:
    """Return the check and the action of a contract."""
    path = contract.partition("@")[0]
    return path.partition("/")[0], path.rpartition("/")[2]


def find_allowed(faults: Iterable[Fault]) -> set[str]:
    """Return the checks that these faults may break, with those that may break because these did."""
    allowed = {check for fault in faults for check in fault.breaks | fault.also.keys()}
    while more := following(allowed) - allowed:
        allowed |= more
    return allowed


class Verify(Protocol):
    def __call__(self, names: Sequence[str], only: Sequence[str] = ...) -> Report:
        """Verify a sandbox with these faults; only these contracts, or all."""


def find_surprises(kind: str, names: Sequence[str], verify: Verify) -> dict[str, str]:
    """Return what a whole run lacks or has too much, by fault; empty if each is as declared.

    The recorded contracts of those that the others hide are tried alone. Faults that these do not show, and
    all of them where something is broken that none declares, are tried again in smaller groups.
    """
    faults = [fault_registry.find(kind, name) for name in names]
    report = verify(names)
    allowed = find_allowed(faults)
    beside = {
        r.contract.id: r.reason
        for r in report.results
        if r.verdict is Verdict.BROKEN and r.contract.check not in allowed
    }
    notes = [n for n in report.footer.notes if "internal" in n or "never listed" in n]
    wanted = 0 if all(fault.odd for fault in faults) else 1
    ends_so = report.exit_code == wanted or not any(fault.breaks for fault in faults)
    odd = "" if ends_so else f"exit code {report.exit_code}"
    if len(names) == 1:
        missing = faults[0].breaks - find_caught(report, faults)
        surprises = {"not found": missing, "beside": beside, "notes": notes, "": odd}
        said = [f"{what}: {each}" for what, each in surprises.items() if each]
        return {names[0]: "; ".join(said)} if said else {}
    hidden = list_hidden(kind, names, report)
    if hidden:
        hidden = list_hidden(kind, hidden, verify(hidden, [id for n in hidden for id in shown_by(kind, n)]))
    if not beside and not notes and not odd and len(hidden) < len(names):
        return find_surprises(kind, hidden, verify) if hidden else {}
    half = len(names) // 2
    return {
        **find_surprises(kind, names[:half], verify),
        **find_surprises(kind, names[half:], verify),
    }


def list_hidden(kind: str, names: Sequence[str], report: Report) -> list[str]:
    """Return the faults of which a run does not show every recorded contract."""
    found = {r.contract.id for r in report.results if r.verdict in (Verdict.BROKEN, Verdict.ODD)}
    return [name for name in names if not found.issuperset(shown_by(kind, name))]
