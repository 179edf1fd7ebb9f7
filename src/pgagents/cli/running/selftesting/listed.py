"""The self-test's runs against an MCP server that is judged by its own list of tools, without a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.model.model import Model
    from pgagents.report.report import Report


def verify_listed(model: Model, *, faults: Sequence[str] = (), variations: Sequence[str] = ()) -> Report:
    """Verify an MCP server in front of a sandbox without faults, as if nobody had its catalogue.

    The run is strict, because faults of recommendations must be found too. A variation need not follow a
    recommendation.
    """
    from pgagents.cli.inputs.tools import make_model, survey
    from pgagents.cli.running.tools import verify_tools
    from pgagents.inprocess import inside
    from pgagents.inprocess_mcp import mcp_inside
    from pgagents.verify.plan.options import Options
    from pgagents.verify.wire.mcp_link import Link

    with mcp_inside(model, inside(model), faults=faults, variations=variations) as link:
        other = Link(link.handler, url=link.url, path=link.path)
        if not link.open():
            raise AssertionError(f"the self-test's own MCP server does not open: {link.problem}")
        survey(link, other)
        return verify_tools(make_model(link), link, Options(strict=bool(faults)))
