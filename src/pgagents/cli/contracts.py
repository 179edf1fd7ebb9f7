"""`pgagents contracts`: lists the contracts that `verify` would prove, without sending anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs.catalogue import load
from pgagents.cli.inputs.options import catalogue_argument, examples

if TYPE_CHECKING:
    from pgagents.base.places import Source
    from pgagents.report.contract import Contract
    from pgagents.verify.plan.options import Plan

WIDTH = 100
FORMATS = ["text", "json", "csv", "ids"]


@click.command(
    short_help="List every contract, before anything is sent.",
    epilog=examples(
        ("what verify will prove", "pgagents contracts"),
        (
            "what one assistant is promised of one action",
            "pgagents contracts --surface gemini --action create_session",
        ),
        (
            "one contract of a report: its promise, and its line",
            "pgagents contracts --contract no_crashes/create_session@rest",
        ),
        ("for a spreadsheet", "pgagents contracts --format csv > contracts.csv"),
        ("ids alone, for scripts", "pgagents contracts --check law --format ids"),
    ),
)
@catalogue_argument
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="NAME",
    help="Only contracts of this check. Repeatable, as are the next four.",
)
@click.option("--surface", "surfaces", multiple=True, metavar="NAME", help="Only contracts of this surface.")
@click.option("--action", "actions", multiple=True, metavar="NAME", help="Only contracts of this action.")
@click.option(
    "--requirement", "requirements", multiple=True, metavar="ID", help="Only contracts with this requirement."
)
@click.option(
    "--contract", "ids", multiple=True, metavar="ID", help="Only contracts whose id is this or begins so."
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="What to print."
)
def command(
    catalogue: Path | None,
    checks: tuple[str, ...],
    surfaces: tuple[str, ...],
    actions: tuple[str, ...],
    requirements: tuple[str, ...],
    ids: tuple[str, ...],
    form: str,
) -> int:
    """List every contract of the CATALOGUE with its requirements, its line, and its planned requests."""
    from pgagents.cli.inputs.files import keep_out_of_here
    from pgagents.verify.plan.options import Identities, Options
    from pgagents.verify.run.run import contracts, plan

    keep_out_of_here()
    model = load(catalogue)
    every = contracts(model)
    wanted = {"check": checks, "surface": surfaces, "action": actions, "requirement": requirements}
    chosen = _filter_contracts(every, {**wanted, "id": ids})
    if form == "ids":
        click.echo("\n".join(c.id for c in chosen))
        return 0
    planned = plan(model, Options(), Identities({role: "key" for role in model.auth.roles if role != "main"}))
    if form == "json":
        import json

        from pgagents.base.writing import quoted_text
        from pgagents.report.formats.json import contract

        listed = [{**contract(c, model.source), "requests": planned.by_contract.get(c.id, 0)} for c in chosen]
        data = {"contracts": listed, "requests": planned.total, "digest": planned.digest}
        click.echo(quoted_text(json.dumps(data, ensure_ascii=False, indent=2)))
    elif form == "csv":
        click.echo(_csv(chosen, model.source, planned.by_contract), nl=False)
    elif ids:
        click.echo("\n\n".join(_describe(c, model.source, planned) for c in chosen))
    else:
        click.echo("\n".join(_text(chosen, len(every), model.source, planned)))
    return 0


_READ: Mapping[str, Callable[[Contract], Sequence[str]]] = {
    "check": lambda c: (c.check,),
    "surface": lambda c: (c.surface,),
    "action": lambda c: (c.action,),
    "requirement": lambda c: c.cite,
    "id": lambda c: (c.id,),
}


def _filter_contracts(every: Sequence[Contract], wanted: Mapping[str, Sequence[str]]) -> list[Contract]:
    """Return the contracts that pass every filter. Raises PgagentsError for a name that no contract has."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.text import did_you_mean

    for what, names in wanted.items():
        known = {value for c in every for value in _READ[what](c) if value}
        for name in names:
            if not any(_agrees(what, value, name) for value in known):
                raise PgagentsError(
                    f"no contract has the {what} {name!r}",
                    did_you_mean(name, sorted(known)) or "leave the filter out",
                )
    return [
        c
        for c in every
        if all(
            not names or any(_agrees(what, value, name) for value in _READ[what](c) for name in names)
            for what, names in wanted.items()
        )
    ]


def _agrees(what: str, value: str, name: str) -> bool:
    """Return True if a contract's value passes a filter. An id need only begin with it, as in verify."""
    return value.startswith(name) if what == "id" and name else value == name


def _csv(chosen: Iterable[Contract], source: Source, sent: Mapping[str, int]) -> str:
    import csv
    import io

    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(
        ["contract", "check", "action", "surface", "says", "requirements", "file", "line", "requests"]
    )
    for c in chosen:
        span = source.locate(c.origin)
        rows.writerow(
            [
                c.id,
                c.check,
                c.action,
                c.surface,
                c.says,
                " ".join(c.cite),
                span.file,
                span.line,
                sent.get(c.id, 0),
            ]
        )
    return out.getvalue()


def _describe(contract: Contract, source: Source, planned: Plan) -> str:
    """Return what is known of one contract before anything is sent, a line each."""
    from textwrap import wrap

    span, own = source.locate(contract.origin), planned.by_contract.get(contract.id, 0)
    facts = {
        "promise": contract.says,
        "catalogue": f"{span.file}:{span.line}{span.suffix}",
        "requests": f"{own:,} of {planned.total:,}" if own else "none: it is judged by what others send",
        "requirements": ", ".join(contract.cite) or "none",
    }
    widest = max(map(len, facts)) + 4
    lines = (
        wrap(f"  {name}".ljust(widest) + fact, WIDTH, subsequent_indent=" " * widest, break_on_hyphens=False)
        for name, fact in facts.items()
    )
    return "\n".join([contract.id, *(line for each in lines for line in each)])


def _text(chosen: Sequence[Contract], of: int, source: Source, planned: Plan) -> Iterator[str]:
    those = f"{len(chosen):,} of {of:,}" if len(chosen) < of else f"{of:,}"
    yield f"{those} contracts, {planned.total:,} requests planned for all (profile standard)"
    yield ""
    yield from _by_surface(chosen)
    yield ""
    yield from _by_check(chosen, planned.by_check)
    yield ""
    yield "Behind each its line in the catalogue, the requests sent for it (none: it is judged by what others"
    yield "send), and the requirements behind it."
    groups: dict[str, dict[str, list[Contract]]] = {}
    for contract in chosen:
        groups.setdefault(contract.check, {}).setdefault(contract.action or "(any action)", []).append(
            contract
        )
    for check, actions in groups.items():
        yield from ("", f"{check.replace('_', ' ')}: {sum(map(len, actions.values())):,}")
        for action, several in actions.items():
            yield f"  {action}"
            for contract in several:
                span = source.locate(contract.origin)
                other = f"{span.file}:{span.line}{span.suffix}"
                place = f"line {span.line}" if span.file == source.file else other
                yield from _row(contract, place, planned.by_contract.get(contract.id, 0))


def _by_surface(chosen: Sequence[Contract]) -> list[str]:
    """Return a table of each surface's actions, checks and contracts."""
    from pgagents.report.layout import table

    rows = []
    for surface in dict.fromkeys(c.surface for c in chosen):
        own = [c for c in chosen if c.surface == surface]
        actions = {c.action for c in own if c.action}
        rows.append([surface, f"{len(actions):,}", f"{len({c.check for c in own}):,}", f"{len(own):,}"])
    return table(["surface", "actions", "checks", "contracts"], rows, width=WIDTH)


def _by_check(chosen: Sequence[Contract], sent: Mapping[str, int]) -> Iterator[str]:
    """Yield a table of the checks, with the first paragraph of each docstring."""
    from pgagents.verify.check_registry import collect

    checks = collect()
    counts: dict[str, list[Contract]] = {}
    for c in chosen:
        counts.setdefault(c.check, []).append(c)
    widest = max(map(len, counts), default=5)
    yield f"{'check'.ljust(widest)}  contracts  requests  proves"
    yield "─" * WIDTH
    for check, own in counts.items():
        head = f"{check.ljust(widest)}  {len(own):>9,}  {sent.get(check, 0):>8,}  "
        sentence = checks[check].about.partition("\n\n")[0].replace("\n", " ")
        room = WIDTH - len(head)
        yield head + (sentence if len(sentence) <= room else sentence[: room - 1] + "…")


def _row(contract: Contract, place: str, requests: int) -> Iterator[str]:
    """Yield a contract's id, never cut, with its line and requirements beside or below it."""
    from textwrap import wrap

    rest = place + (f", {requests} request{'s' if requests > 1 else ''}" if requests else "")
    rest += f"  [{', '.join(contract.cite)}]" if contract.cite else ""
    whole = f"    {contract.id}  {rest}"
    if len(whole) <= WIDTH:
        yield whole
        return
    yield f"    {contract.id}"
    yield from wrap(rest, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8, break_on_hyphens=False)
