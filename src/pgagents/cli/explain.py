"""`pgagents explain`: explains an id from a finding, a report or a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs import options
from pgagents.cli.inputs.options import examples

if TYPE_CHECKING:
    from pgagents.lint.facts import Requirement


@click.command(
    short_help="Explain the id of a rule, check, fault, requirement or finding.",
    epilog=examples(
        (
            "a rule, with a catalogue that it finds and one that it does not",
            "pgagents explain gemini/long-name",
        ),
        ("a check of verify", "pgagents explain law"),
        ("a fault of the sandbox", "pgagents explain search-unsorted"),
        ("what a vendor asks, and what holds us to it", "pgagents explain google.function-name"),
        ("every id", "pgagents explain"),
    ),
)
@click.argument("id", required=False)
def command(id: str | None) -> int:
    """Explain an ID from a finding, a report or a list. Without one, list all ids."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.text import did_you_mean

    if id is None:
        for kind, ids in _every().items():
            click.echo(f"{kind}:\n" + "\n".join(f"  {one}" for one in ids))
        return 0
    told = _rule(id) or _finding(id) or _requirement(id) or _of_verify(id) or _of_sandbox(id)
    if told is None:
        known = [one for ids in _every().values() for one in ids]
        raise PgagentsError(
            f"nothing is called `{id}`", did_you_mean(id, known) or "pgagents explain lists all ids"
        )
    click.echo(told)
    return 0


def _every() -> dict[str, list[str]]:
    from pgagents.base.registry import names
    from pgagents.lint.facts import requirements
    from pgagents.lint.importers.copilot import templates as copilot
    from pgagents.lint.importers.gpt_builder import TOLD as ADVICE
    from pgagents.lint.importers.gpt_builder_import import templates
    from pgagents.lint.packages.fields import table
    from pgagents.lint.packages.package import list_judges
    from pgagents.lint.pages import CATALOGUE, OVERLAY
    from pgagents.lint.rule import rules
    from pgagents.sandbox import fault_registry

    return {
        "rules of lint": list(rules()),
        "findings about a catalogue": [f"catalogue/{kind}" for kind in CATALOGUE],
        "findings about a catalogue over a document": [f"overlay/{kind}" for kind in OVERLAY],
        "messages of the GPT builder": [f"gpt-builder/{id}" for id in (*templates(), *ADVICE)],
        "messages of Copilot's import": [f"copilot-import/{id}" for id in copilot()],
        "rules of packages": [
            f"{judge}/{code}" for judge in list_judges() for code in table(judge.replace("-", "_")).codes
        ],
        "checks of verify": [_strip_package(name) for name in names("pgagents.verify.checks")],
        "checks of an MCP server alone": [_strip_package(n) for n in names("pgagents.verify.tool_checks")],
        "faults of the sandbox": list(fault_registry.list_names("faults")),
        "variations of the sandbox": list(fault_registry.list_names("variations")),
        "requirements": list(requirements()),
    }


def _strip_package(module: str) -> str:
    return module.rpartition(".")[2]


def _rule(id: str) -> str | None:
    from textwrap import indent

    from pgagents.lint.pages import read_page, title
    from pgagents.lint.rule import page, rules

    if id not in rules():
        return None
    read = read_page(page(id))
    told = title(id)
    assert told is not None
    return "\n\n".join(
        [
            f"{id}: {read.title}",
            told[1],
            "Found in:",
            indent(read.bad, "    ").rstrip(),
            "Not in:",
            indent(read.good, "    ").rstrip(),
        ]
    )


def _finding(id: str) -> str | None:
    from pgagents.lint.pages import title

    told = title(id)
    return f"{id}\n\n{_wrap(told[1])}" if told else None


def _wrap(text: str) -> str:
    """Return a text whose lines fit a terminal; each keeps its indentation."""
    from textwrap import wrap

    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()))
        fitting = wrap(line, 100, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        lines += fitting or [""]
    return "\n".join(lines)


def _requirement(id: str) -> str | None:
    from pgagents.lint.facts import requirements

    row = requirements().get(id)
    return _describe_requirement(row) if row else None


def _describe_requirement(row: Requirement) -> str:
    held = "\n".join(f"  {by}" for by in row.by) if row.by else f"  nothing: {row.excluded}"
    source = "\n".join(part for part in (row.url, row.source) if part)
    return f"{row.id} ({row.level}, read {row.read})\n\n“{row.quote}”\n{source}\n\nheld by\n{held}"


def _of_verify(id: str) -> str | None:
    from pgagents.report.contract import check_of
    from pgagents.sandbox import fault_registry
    from pgagents.verify.check_registry import collect, collect_of_tools

    name = check_of(id).replace("-", "_")
    check = collect().get(name) or collect_of_tools().get(name)
    if check is None:
        return None
    faults = {} if options.missing_modules("sandbox") else fault_registry.collect("faults")
    broken = [fault for fault, one in faults.items() if name in one.breaks]
    shown = "\n".join(f"  pgagents sandbox --fault {fault}" for fault in broken)
    parts = [f"{name}: a check of `pgagents verify`", check.about]
    if "/" in id:
        parts.append(f"the promise of this contract, and its line in your catalogue:\n  {_list_contract(id)}")
    if shown:
        parts.append(f"see it fail:\n{shown}")
    return "\n\n".join(parts)


def _list_contract(id: str) -> str:
    """Return the command line that lists one contract."""
    from shlex import quote

    return f"pgagents contracts --contract {quote(id)}"


def _of_sandbox(id: str) -> str | None:
    from pgagents.sandbox import fault_registry

    name, every = id.replace("_", "-"), _every()
    if name not in [*every["faults of the sandbox"], *every["variations of the sandbox"]]:
        return None
    # the modules of these ids import the packages of an extra
    options.require_extras(f"pgagents explain {id}", "sandbox")
    fault = fault_registry.collect("faults").get(name)
    if fault is not None:
        breaks = ", ".join(sorted(fault.breaks))
        said = (
            f"{id}: a fault of the sandbox (`pgagents sandbox --fault "
            f"{id}`)\n\n{fault.description}\n\nbreaks: {breaks}"
        )
        return said + "".join(f"\nalso {check}: {reason}" for check, reason in fault.also.items())
    variation = fault_registry.collect("variations").get(name)
    if variation is None:
        return None
    point = f"allowed where the point `{variation.point}` is open" if variation.point else "always allowed"
    return (
        f"{id}: a variation of the sandbox (`pgagents sandbox --variation "
        f"{id}`)\n\n{variation.description}\n\n{point}"
    )
