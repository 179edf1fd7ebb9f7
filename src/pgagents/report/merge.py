"""Merge the reports of a run's shards into one, or compare a report with a later one.

Reports of different runs are not merged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Silence
from pgagents.base.places import Source
from pgagents.base.writing import printable
from pgagents.report.causes import Leaders, cause_of
from pgagents.report.contract import Verdict, find_worst
from pgagents.report.curl import of_finding
from pgagents.report.presentation import order_findings
from pgagents.report.read import join_sources
from pgagents.report.report import ELSEWHERE, Causes, Finding, Footer, Report, Result

MANY = 1_000
_SAME = {
    "tool": "tool", "version": "version of pgagents", "catalogue_sha256": "catalogue", "url": "server",
    "seed": "seed",
    "profile": "profile", "contracts": "number of contracts",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A shard's report, with the name of its file."""

    name: str
    report: Report
    source: Source


def merge(parts: Sequence[Part]) -> tuple[Report, Source]:
    """Return the report of the whole run.

    Raises PgagentsError for a missing or repeated shard, a shard of another run, and a contract without a
    shard.
    """
    ordered = sorted(parts, key=lambda p: p.report.header.shard or (0, 0))
    _belong(ordered)
    _complete(ordered)
    first = ordered[0].report
    header = replace(
        first.header,
        shard=None,
        started_at=min(p.report.header.started_at for p in ordered),
        day=max(p.report.header.day for p in ordered),
    )
    results = _results(ordered)
    odd = frozenset(result.contract.id for result in results if result.verdict is Verdict.ODD)
    findings = _findings((f for p in ordered for f in p.report.findings), header.url, odd)
    checks = {name: says for p in ordered for name, says in p.report.checks.items()}
    stale = tuple(dict.fromkeys(line for p in ordered for line in p.report.stale))
    return Report(
        header, findings, results, _footer(ordered, results), checks, stale, first.carried
    ), join_sources(p.source for p in ordered)


def _findings(every: Iterable[Finding], url: str, odd: frozenset[str]) -> tuple[Finding, ...]:
    """Return one finding for each cause, with the contracts of all: the worst, with the fewest exchanges.

    One with exchanges of its own comes before one with another contract's. Derived contracts join a finding
    that explains them, as in a whole run. `odd` are the odd contracts.
    """
    groups: dict[tuple[str, ...], _Group] = {}
    alone: list[tuple[Finding, Causes]] = []
    for finding in every:
        causes = finding.causes or Causes(_cause(finding))
        if finding.contract.id in causes.derived:
            alone.append((finding, causes))
        else:
            place = (causes.key, finding.known)
            groups.setdefault(place, _Group()).members.append((finding, causes))
    leaders = {
        firm: Leaders(
            (place, group.list_claims(), group) for place, group in groups.items() if group.firm or not firm
        )
        for firm in (True, False)
    }

    def explain(id: str, finding: Finding, causes: Causes) -> _Group | None:
        """Return the group that explains a derived contract; a firm contract follows no odd ones."""
        return leaders[id not in odd].find(causes.derived[id], finding.known)

    for group in list(groups.values()):
        for finding, causes in group.members:
            for id in (id for id in finding.also if id in causes.derived):
                leader = explain(id, finding, causes) or group
                leader.followers[id] = finding.also_curl.get(id, "")
    for finding, causes in alone:
        moved = {id: explain(id, finding, causes) for id in finding.also if id in causes.derived}
        first = explain(finding.contract.id, finding, causes)
        if first is not None:
            first.followers[finding.contract.id] = of_finding(finding, url)
        else:
            stay = tuple(id for id in finding.also if moved.get(id) is None)
            key = causes.derived[finding.contract.id].key
            apart = groups.setdefault((key, finding.known, "derived"), _Group())
            apart.members.append((replace(finding, also=stay), Causes(key)))
        for id in finding.also:
            if (joined := moved.get(id) or first) is not None:
                joined.followers[id] = finding.also_curl.get(id, "")
    return order_findings(group.merge(url) for group in groups.values())


@dataclass(slots=True)
class _Group:
    """The findings of one cause, and the derived contracts that they explain, each with its curl line."""

    members: list[tuple[Finding, Causes]] = field(default_factory=list)
    followers: dict[str, str] = field(default_factory=dict)

    @property
    def firm(self) -> bool:
        """True if a contract of the group is broken, and not only odd."""
        return any(finding.severity == "error" for finding, _ in self.members)

    def list_claims(self) -> set[str]:
        """Return the claims of all contracts that no other one explains."""
        return {claim for _, causes in self.members for claim in causes.claims}

    def merge(self, url: str) -> Finding:
        """Return one finding with the contracts of all."""
        shown, own = min(self.members, key=_rate)
        also = [id for id in shown.also if id not in own.derived]
        lines = dict(self.followers)
        for finding, causes in self.members:
            lines |= finding.also_curl
            if finding is not shown:
                also += (id for id in (finding.contract.id, *finding.also) if id not in causes.derived)
                lines[finding.contract.id] = of_finding(finding, url)
        also += self.followers
        told = {id: lines[id] for id in also if lines.get(id)}
        worst = find_worst(finding.rank for finding, _ in self.members)
        return replace(shown, rank=worst, also=tuple(also), also_curl=told, causes=None)


def _rate(member: tuple[Finding, Causes]) -> tuple[int, bool, int]:
    """Return the order of findings of one cause: the worst, then own exchanges, then the fewest of them."""
    finding = member[0]
    return finding.rank.place, bool(finding.shown_by), len(finding.exchanges) or MANY


def _cause(finding: Finding) -> str:
    """Return a key for a finding of a report that has no causes."""
    last = finding.exchanges[-1] if finding.exchanges else None
    answer = last.answer if last else None
    came = answer.kind if isinstance(answer, Silence) else str(answer.status) if answer else ""
    return cause_of(finding.contract, came, finding.actual, last, claim=finding.claim, member=finding.member)


def _belong(parts: Sequence[Part]) -> None:
    """Raise PgagentsError if the reports are not shards of one run."""
    first = parts[0]
    for part in parts:
        if part.report.header.shard is None:
            raise PgagentsError(
                f"{part.name} is the report of a whole run, no shard's",
                "merge reports of `pgagents verify --shard I/N`",
            )
        for name, what in _SAME.items():
            mine, theirs = getattr(part.report.header, name), getattr(first.report.header, name)
            if mine != theirs:
                raise PgagentsError(
                    (
                        f"{part.name} and {first.name} are not of one run: another {what} ({str(mine)[:80]} "
                        f"and {str(theirs)[:80]})"
                    ),
                    "give the shards of one call the same catalogue, server, seed and profile",
                )
        if [r.contract.id for r in part.report.results] != [r.contract.id for r in first.report.results]:
            raise PgagentsError(
                f"{part.name} and {first.name} are not of one run: other contracts",
                "verify all shards with one version",
            )


def _complete(parts: Sequence[Part]) -> None:
    """Raise PgagentsError if a shard is missing or occurs twice."""
    shards: dict[tuple[int, int], str] = {}
    for part in parts:
        shard = part.report.header.shard
        assert shard is not None  # `_belong` has checked it
        if shard in shards:
            raise PgagentsError(
                f"shard {shard[0]} of {shard[1]} is there twice: {shards[shard]} and {part.name}",
                "give each shard once",
            )
        shards[shard] = part.name
    counts = sorted({count for _, count in shards})
    if len(counts) > 1:
        raise PgagentsError(
            f"mixed shards: of {' and of '.join(map(str, counts))}", "give the shards of one call"
        )
    missing = [str(n) for n in range(1, counts[0] + 1) if (n, counts[0]) not in shards]
    if missing:
        raise PgagentsError(
            (
                f"shard {', '.join(missing[:10])} of {counts[0]} is missing: what it would have found is not "
                "known"
            ),
            "give its report too; where its machine failed, verify it again with --shard",
        )


def _results(parts: Sequence[Part]) -> tuple[Result, ...]:
    """Return each contract's result, from the shard that ran it.

    Raises PgagentsError unless exactly one shard did.
    """
    found: list[Result] = []
    untaken: list[str] = []
    for several in zip(*(p.report.results for p in parts), strict=True):
        taken = [
            (part, result) for part, result in zip(parts, several, strict=True) if not _is_elsewhere(result)
        ]
        if len(taken) > 1:
            names = " and ".join(part.name for part, _ in taken[:2])
            raise PgagentsError(
                f"{taken[0][1].contract.id} was taken by two shards: {names}", "give the shards of one call"
            )
        if taken:
            found.append(taken[0][1])
        else:
            untaken.append(several[0].contract.id)
    if untaken:
        raise PgagentsError(
            (
                f"{len(untaken):,} contracts were taken by no shard, though a whole run would have tried "
                f"them: {', '.join(untaken[:3])}"
            ),
            "verify all shards with the same version and the same flags",
        )
    return tuple(found)


def _is_elsewhere(result: Result) -> bool:
    return result.verdict is Verdict.NOT_SELECTED and result.reason == ELSEWHERE


def _footer(parts: Sequence[Part], results: Sequence[Result]) -> Footer:
    """Return the sums of all shards; the time is that of the slowest, because shards run side by side."""
    footers = [p.report.footer for p in parts]
    served: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    waits: dict[str, float] = {}
    bought: dict[str, tuple[int, int]] = {}
    for footer in footers:
        for name, (done, perhaps) in footer.bought.items():
            before = bought.get(name, (0, 0))
            bought[name] = (before[0] + done, before[1] + perhaps)
        waits |= {name: waits.get(name, 0.0) + seconds for name, seconds in footer.waits.items()}
        served.update(footer.served)
        alone.update(footer.alone)
    counts = Counter(r.verdict for r in results)
    notes = [f"shard {n}: {note}" for n, footer in enumerate(footers, 1) for note in footer.notes]
    return Footer(
        sum(f.requests for f in footers),
        max(f.seconds for f in footers),
        {v: counts[v] for v in Verdict},
        all(f.complete for f in footers),
        dict(served),
        tuple(b for f in footers for b in f.left_behind),
        tuple(notes),
        sum(f.seconds_generating for f in footers),
        sum(f.seconds_sending for f in footers),
        sum(f.seconds_judging for f in footers),
        tuple(b for f in footers for b in f.may_exist),
        tuple(b for f in footers for b in f.lasting),
        max(f.workers for f in footers),
        dict(alone),
        (sum(f.drawn[0] for f in footers), max(f.drawn[1] for f in footers)),
        waits,
        bought,
        footers[0].gains,
        footers[0].withheld,
        footers[0].lifts if len(footers) == 1 else (),
        sum(f.seconds_drawing for f in footers),
        any(f.lease_ended for f in footers),
        next((f.alarm for f in footers if f.alarm is not None), None),
    )


# -- comparing a report with a later one


MOST = 50
_LEFT_OUT = (Verdict.NOT_SELECTED, Verdict.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Changes:
    """Contracts by their change, each in at most one list.

    `gone` are no longer in the catalogue, `added` are new in it.
    """

    newly_broken: tuple[Result, ...]
    fixed: tuple[Result, ...]
    newly_untested: tuple[Result, ...]
    left_out: tuple[Result, ...]
    still_broken: tuple[Result, ...]
    gone: tuple[Result, ...]
    added: tuple[Result, ...]

    @property
    def exit_code(self) -> int:
        """Return 1 if a contract broke, 3 if one is no longer tested, otherwise 0."""
        return 1 if self.newly_broken else 3 if self.newly_untested else 0


def compare(old: Report, new: Report) -> Changes:
    """Return the changes in the order of the newer report. A contract that is new and broken is newly
    broken.
    """
    before: Mapping[str, Result] = {r.contract.id: r for r in old.results}
    after = {r.contract.id for r in new.results}

    def now(verdict: Verdict, *earlier: Verdict | None, other: bool = False) -> tuple[Result, ...]:
        """Return results with this verdict whose earlier verdict is one of `earlier`. With `other`, return
        those whose earlier verdict is not.
        """
        found = []
        for result in new.results:
            was = before[result.contract.id].verdict if result.contract.id in before else None
            if result.verdict is verdict and (was in earlier) != other:
                found.append(result)
        return tuple(found)

    return Changes(
        newly_broken=now(Verdict.BROKEN, Verdict.BROKEN, other=True),
        fixed=now(Verdict.KEPT, Verdict.BROKEN),
        newly_untested=now(Verdict.UNTESTED, Verdict.UNTESTED, other=True),
        left_out=tuple(r for v in _LEFT_OUT for r in now(v, Verdict.KEPT, Verdict.BROKEN, Verdict.UNTESTED)),
        still_broken=now(Verdict.BROKEN, Verdict.BROKEN),
        gone=tuple(r for r in old.results if r.contract.id not in after),
        added=tuple(
            r for r in new.results if r.contract.id not in before and r.verdict in (Verdict.KEPT, *_LEFT_OUT)
        ),
    )


def render(changes: Changes, old: Report, new: Report) -> str:
    """Return the changes as text, ending in a newline."""
    return "\n".join([*_head(old, new), *_lists(changes), _total(changes)]) + "\n"


def _head(old: Report, new: Report) -> Iterator[str]:
    for name, report in (("from", old), ("to", new)):
        h = report.header
        part = f", shard {h.shard[0]} of {h.shard[1]}" if h.shard else ""
        yield _line(
            f"{name:<4} {h.started_at}  {h.url}  catalogue {h.catalogue_sha256[:12]}, profile "
            f"{h.profile}, seed {h.seed}{part}"
        )


def _lists(changes: Changes) -> Iterator[str]:
    titles = {
        "newly broken": changes.newly_broken,
        "newly untested": changes.newly_untested,
        "fixed": changes.fixed,
        "still broken": changes.still_broken,
        "no longer tried": changes.left_out,
        "promised no more": changes.gone,
        "newly promised": changes.added,
    }
    for title, results in titles.items():
        if not results:
            continue
        yield ""
        yield f"{title} {len(results):,}"
        for result in results[:MOST]:
            yield _line(f"  {result.contract.id}" + (f": {result.reason}" if result.reason else ""))
        if len(results) > MOST:
            yield f"  and {len(results) - MOST:,} more"


def _total(changes: Changes) -> str:
    what = {0: "nothing is worse", 1: "something broke", 3: "something is no longer tried"}[changes.exit_code]
    return f"\nexit {changes.exit_code}: {what}"


def _line(text: str, most: int = 300) -> str:
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return printable(cut)
