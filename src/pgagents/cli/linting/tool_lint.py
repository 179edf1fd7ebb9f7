"""Lint the tools that a running MCP server lists. No tool is called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgagents.cli.inputs.tools import make_model, open_server
from pgagents.cli.running import mcp_server

if TYPE_CHECKING:
    from pgagents.lint.judged import Judged
    from pgagents.model.model import Model
    from pgagents.source.diagnostics import Diagnostic, Severity
    from pgagents.verify.wire.mcp_link import Link


STORES = ("openai-portal", "claude-directory")
"""Judges of packages that also judge the tools of a plugin's server."""
_TOLD_BY_VENDORS = "tool_words/name/"
"""Beginning of the ids of contracts whose findings the vendors' own judges report."""


def lint_server(url: str | None, command: str | None, only: str | None) -> list[Judged]:
    """Return the findings of MCP clients and of each vendor, or of one judge, about a server's tools.

    Raises SetupError if the server does not open, PgagentsError for a wrong URL, command or judge.
    """
    from pgagents.errors import PgagentsError
    from pgagents.lint.judge import ALIASES
    from pgagents.lint.packages.verdict import judge_source
    from pgagents.lint.tools.server import judge_server
    from pgagents.lint.tools.tool_judge import list_judges
    from pgagents.text.nearest import did_you_mean

    mcp_server.check_one(url, command)
    mcp_server.check_address(url, command)
    only = ALIASES.get(only or "", only)
    if only is not None and only not in list_judges() and only not in STORES:
        raise PgagentsError(
            f"`{only}` judges no tools of an MCP server", did_you_mean(only, [*list_judges(), *STORES])
        )
    with open_server(url, command) as link:
        model = make_model(link)
        if only in STORES:
            return [judge_source(model.source, only)]
        return judge_server(model.source, find_broken(model, link), only)


def find_broken(model: Model, link: Link) -> list[Diagnostic]:
    """Return problems that are visible in the definitions alone.

    Violations of the protocol are errors, others are warnings.
    """
    from pgagents.model.contract import Verdict
    from pgagents.source.diagnostics import Diagnostic
    from pgagents.verify.promise import Judgement, collect_of_tools
    from pgagents.verify.setting import setting_of

    setting = replace(setting_of(model, link.base), mcp=link)
    found = []
    for check in collect_of_tools().values():
        contracts = {c.id: c for c in check.promises(setting)}
        for probe in check.list_probes(setting, frozenset()):
            for step in probe.run() if probe.cost == 0 else ():
                if not isinstance(step, Judgement) or step.verdict is not Verdict.BROKEN:
                    continue
                if step.contract.startswith(_TOLD_BY_VENDORS):
                    continue
                contract = contracts[step.contract]
                span = model.source.locate(contract.origin)
                said = f"{contract.says}: {step.actual}"
                id = f"{contract.check}/{contract.detail.partition('/')[0]}"
                severity: Severity = "warning" if contract.advice else "error"
                found.append(
                    Diagnostic(span, id, severity, said, f"expected: {step.expected}", contract.cite)
                )
    return found
