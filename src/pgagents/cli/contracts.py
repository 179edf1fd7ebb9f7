"""`pgagents contracts`: what `verify` would prove, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.options import catalogue_argument, examples, load

if TYPE_CHECKING:
    from pgagents.contract import Contract
    from pgagents.model import Model


@click.command(
    short_help="List every contract, before anything is sent.",
    epilog=examples(
        ("what verify will prove", "pgagents contracts"),
        ("ids alone, for scripts", "pgagents contracts --format json | jq -r '.contracts[].contract'"),
    ),
)
@catalogue_argument
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="What to print.")
def command(catalogue: Path | None, form: str) -> int:
    """List every contract of the CATALOGUE with its requirement and its line."""
    from pgagents.cli._cache import keep_out_of_here
    from pgagents.verify.options import Identities, Options
    from pgagents.verify.run import contracts, plan

    keep_out_of_here()
    model = load(catalogue)
    every = contracts(model)
    planned = plan(model, Options(), Identities(dict.fromkeys(model.auth.roles, "")))
    if form == "json":
        import json

        from pgagents.report.as_json import contract

        listed = [contract(c, model.source) for c in every]
        click.echo(json.dumps({"contracts": listed, "requests": planned.total, "digest": planned.digest}, ensure_ascii=False, indent=2))
        return 0
    click.echo(_text(model, every, planned.total))
    return 0


def _text(model: Model, every: tuple[Contract, ...], requests: int) -> str:
    groups: dict[str, dict[str, list[Contract]]] = {}
    for contract in every:
        groups.setdefault(contract.check, {}).setdefault(contract.action or "(any action)", []).append(contract)
    lines = [f"{len(every):,} contracts, {requests:,} requests planned (profile standard)"]
    for check, actions in groups.items():
        lines += ["", f"{check.replace('_', ' ')}: {sum(map(len, actions.values())):,}"]
        for action, several in actions.items():
            lines.append(f"  {action}")
            for contract in several:
                cite = f"  [{', '.join(contract.cite)}]" if contract.cite else ""
                lines.append(f"    {contract.id}{cite}  line {model.source.locate(contract.origin).line}")
    return "\n".join(lines)
