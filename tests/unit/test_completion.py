"""A shell completes the options that tell what an API is verified or imported by."""

from __future__ import annotations

import pytest
from click.shell_completion import ShellComplete

from pgagents.cli.main import cli


@pytest.mark.parametrize(
    ("command", "begun", "option"),
    [
        ("verify", "--au", "--auth"),
        ("verify", "--base-p", "--base-path"),
        ("verify", "--mcp", "--mcp-url"),
        ("verify", "--mcp", "--mcp-stdio"),
        ("verify", "--open", "--openapi"),
        ("verify", "--last", "--last-failed"),
        ("import", "--mc", "--mcp"),
        ("lint", "--mcp", "--mcp-stdio"),
    ],
)
def test_option_is_completed(command: str, begun: str, option: str) -> None:
    shell = ShellComplete(cli, {}, "pgagents", "_PGAGENTS_COMPLETE")
    assert option in [item.value for item in shell.get_completions([command], begun)]


def test_word_of_no_option_is_completed_to_none() -> None:
    shell = ShellComplete(cli, {}, "pgagents", "_PGAGENTS_COMPLETE")
    assert shell.get_completions(["verify"], "--no-such") == []
