"""Mine laws: make tables of the samples, judge the proposals of the templates, drop implied ones."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents import registry
from pgagents.model.model import Model
from pgagents.suggest.candidate import Candidate, Evidence, Proposal, write_at
from pgagents.suggest.compiled import judge_at
from pgagents.suggest.documented import contradicts
from pgagents.suggest.evidence import is_enough, judge, judge_under, list_guards
from pgagents.suggest.prune import prune
from pgagents.suggest.samples import Samples
from pgagents.suggest.tables import Table, make_tables

TEMPLATES = "pgagents.suggest.templates"


def mine(model: Model, samples: Samples) -> list[Proposal]:
    """Return the laws that hold in all samples and have enough evidence, the strongest first."""
    found: list[Proposal] = []
    for table in make_tables(model, samples):
        if table.rows < 2:
            continue
        for candidate, evidence in _judge_all(table):
            proposal = _find_lasting(model, samples, candidate, evidence)
            if proposal is not None:
                found.append(proposal)
    return prune(found)


def _find_lasting(
    model: Model, samples: Samples, candidate: Candidate, evidence: Evidence
) -> Proposal | None:
    """Return the candidate, or the first weaker one, that no sample and no documented example breaks."""
    for one in (candidate, *candidate.weaker):
        held = evidence if one is candidate else judge_under(one, candidate.guard)
        if held is None or (one is not candidate and not is_enough(one, held)):
            continue
        known = {s: judge_at(write_at(one, s), samples) for s in one.only or one.table.sites}
        sites = tuple(site for site, holds in known.items() if holds)
        if not sites or False in known.values():
            continue
        if not any(contradicts(model, write_at(one, s)) for s in sites):
            return Proposal(one, held, sites)
    return None


def _judge_all(table: Table) -> Iterator[tuple[Candidate, Evidence]]:
    """Yield each candidate of a table that holds, or else its first weaker form that does."""
    guards = list_guards(table)
    for module in registry.collect(TEMPLATES).values():
        propose = getattr(module, "propose", None)
        for candidate in propose(table) if propose is not None else ():
            yield from judge(candidate, guards)
