"""Report findings while a run goes on, before the report."""

from __future__ import annotations

from pgagents.model.contract import Contract
from pgagents.report.report import Finding
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.ledger import Break, exchange_of, name_cause


class NewFindings:
    """The findings since the last call of `take`. Contracts with one cause are one finding.

    There are none while the run may still end because the server refuses the key: then it withdraws every
    judgement. Two kinds of findings wait for the report: those that only contradict a guess, and those that
    another finding explains.

    Contracts whose ids begin with one of `accepted` are left out, so that others of their cause are told.
    """

    def __init__(self, driver: Driver, accepted: tuple[str, ...] = ()) -> None:
        self._driver, self._accepted = driver, accepted
        self._broken = 0
        """The number of broken contracts in the ledger at the last call of `take`."""
        self._causes: set[str] = set()

    def take(self) -> tuple[Finding, ...]:
        """Return the new findings in the order of their requests, without any secret."""
        driver = self._driver
        ledger = driver.judge.ledger
        if ledger.broken == self._broken or not self._is_key_settled():
            return ()
        self._broken = ledger.broken
        found: list[Finding] = []
        for entry in ledger.entries.values():
            broken = entry.broken
            if (
                broken is None
                or broken.odd
                or broken.judgement.derived
                or entry.contract.id in ledger.settled
                or entry.contract.id.startswith(self._accepted)
            ):
                continue
            said = name_cause(entry.contract, broken)
            if said not in self._causes:
                self._causes.add(said)
                found.append(driver.redactor.finding(_make_finding(entry.contract, broken)))
        return tuple(sorted(found, key=lambda f: f.exchanges[-1].number if f.exchanges else 0))

    def _is_key_settled(self) -> bool:
        """True if the run can no longer end because the server refuses the key."""
        return self._driver.acceptance.is_settled


def _make_finding(contract: Contract, broken: Break) -> Finding:
    """Return the finding of one broken contract with its last exchange alone."""
    chain = tuple(exchange_of(exchange) for exchange in broken.chain[-1:])
    said = broken.judgement
    return Finding(contract, "error", said.expected, said.actual, chain, None, ())
