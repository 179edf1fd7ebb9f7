"""Compare a report with a later one: newly broken, fixed and newly untested contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pgagents.model.contract import Verdict
from pgagents.report.report import Report, Result
from pgagents.text.escape import printable

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
