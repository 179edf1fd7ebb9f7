"""Mine laws: make tables of the samples, judge what the templates propose, leave out what others imply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgagents import registry
from pgagents.cel.expression import ExpressionError, Reading, Scope, compile
from pgagents.model.action import Law
from pgagents.model.model import Model
from pgagents.suggest.candidate import Candidate, Evidence, Proposal, Written, write_at
from pgagents.suggest.evidence import judge, list_guards
from pgagents.suggest.prune import prune
from pgagents.suggest.samples import Sample, Samples
from pgagents.suggest.tables import Table, make_tables
from pgagents.verify.laws.laws import evaluate_law

TEMPLATES = "pgagents.suggest.templates"
NAMES = ("input", "response", "status", "surface", "now", "before", "env", "headers")


def mine(model: Model, samples: Samples) -> list[Proposal]:
    """Return the laws that hold in all samples and that their evidence speaks for, the strongest first."""
    found: list[Proposal] = []
    for table in make_tables(model, samples):
        if table.rows < 2:
            continue
        for candidate, evidence in _judge_all(table):
            known = {s: judge_at(write_at(candidate, s), samples) for s in candidate.only or table.sites}
            sites = tuple(site for site, holds in known.items() if holds)
            if sites and False not in known.values():
                found.append(Proposal(candidate, evidence, sites))
    return prune(found)


def _judge_all(table: Table) -> Iterator[tuple[Candidate, Evidence]]:
    """Yield each candidate of a table that holds, or the first weaker one."""
    guards = list_guards(table)
    for module in registry.collect(TEMPLATES).values():
        propose = getattr(module, "propose", None)
        for candidate in propose(table) if propose is not None else ():
            for one in (candidate, *candidate.weaker):
                judged = list(judge(one, guards))
                if judged:
                    yield from judged
                    break


def judge_at(written: Written, samples: Samples) -> bool | None:
    """Return True if a law, read as CEL, holds in its action's samples, False if one breaks it, None if it never
    applies.
    """
    law = compile_law(written)
    return False if law is None else check(law, samples.of_action(written.action))


def compile_law(written: Written) -> Law | None:
    """Return the law, None if its text is none."""
    try:
        that = compile(written.that, NAMES)
        when = compile(written.when, NAMES) if written.when else None
    except ExpressionError:
        return None
    return Law("suggested", that, when, (), ())


def check(law: Law, samples: Sequence[Sample]) -> bool | None:
    """Return False if a sample breaks a law or it cannot be evaluated, True if it holds, None if none tells."""
    reading = Reading.of(law.parts)
    known: bool | None = None
    for sample in samples:
        outcome = evaluate_law(law, Scope(sample.values, reading)).outcome
        if outcome in ("broken", "error"):
            return False
        if outcome == "held":
            known = True
    return known


