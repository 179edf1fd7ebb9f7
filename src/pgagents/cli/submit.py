"""`pgagents submit`: proves the package of a store on a running server, and packs it with its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgagents.cli.inputs.options import (
    NamedFolder,
    allow_option,
    allow_writes_option,
    cacert_option,
    catalogue_argument,
    cert_options,
    env_option,
    examples,
    identity_option,
    max_time_option,
    max_wait_option,
    pass_env_option,
    seed_option,
    server_option,
)


@click.command(
    short_help="Prove a store's package on a running server, and pack it.",
    epilog=examples(
        (
            "ChatGPT's directory; the hosted MCP server's token comes from PGAGENTS_MCP_TOKEN",
            "pgagents submit openai --url https://staging.example.com --mcp-url https://mcp.example.com/mcp",
        ),
        (
            "what the public sees too: pages, sign-in, domain",
            "pgagents submit openai --url https://api.example.com --public",
        ),
        (
            "Claude's directory, with a server that a command starts",
            "pgagents submit claude --url https://staging.example.com --mcp-stdio 'pgagents mcp'",
        ),
        (
            "in a pipeline: write nothing, fail where the package could not be submitted",
            "pgagents submit openai --url https://staging.example.com --check --json",
        ),
    ),
)
@click.argument("store")
@catalogue_argument
@click.option("--url", metavar="URL", help="The API's server, such as https://staging.example.com.")
@click.option(
    "--out",
    type=NamedFolder(),
    default=Path("submission"),
    show_default=True,
    metavar="DIR",
    help="Folder to write the package and evidence.html into.",
)
@click.option(
    "--mcp-url",
    metavar="URL",
    help=(
        "The hosted MCP server. Default: the catalogue's, at the host of --url where both share a host. Its "
        "token: PGAGENTS_MCP_TOKEN."
    ),
)
@click.option(
    "--mcp-stdio", metavar="CMD", help="The MCP server that CMD starts, for a store that takes packages."
)
@pass_env_option
@click.option(
    "--public",
    is_flag=True,
    help="Also look at the public host: https, pages, sign-in, domain challenge, discovery links.",
)
@click.option(
    "--challenge", metavar="TOKEN", help="With --public: the token that the store gave for the domain."
)
@click.option("--check", is_flag=True, help="Write nothing; the exit code says if it could be packed.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
@env_option
@click.option(
    "--receiver",
    metavar="auto|auto-http|URL",
    help="Where calls that leave a closed world would arrive, as for verify.",
)
@click.option(
    "--receiver-port",
    type=click.IntRange(1, 65535),
    default=8099,
    show_default=True,
    metavar="N",
    help="Local port that --receiver URL is forwarded to.",
)
@seed_option
@max_time_option
@max_wait_option
@identity_option
@cacert_option
@cert_options
@server_option
@allow_writes_option
@allow_option
def command(**given: Any) -> int:
    """Build the package of STORE (openai, claude or gemini), prove its hints and test cases on a running
    server, and pack it with evidence.html.

    Nothing is packed if anything falls short; each lack has the store's code and the catalogue's line. Exit
    code: 0 packed, 1 something falls short, 2 wrong usage.
    """
    from pgagents.cli.inputs.caches import keep_out_of_here
    from pgagents.cli.running import submission

    keep_out_of_here()
    return submission.submit(submission.Given(**given))
