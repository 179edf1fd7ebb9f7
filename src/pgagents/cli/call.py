"""`pgagents call`: calls one action as an agent's host would, and prints the answer, optionally in a
vendor's format.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.base.writing import quoted_text
from pgagents.cli.inputs.catalogue import load
from pgagents.cli.inputs.options import (
    api_url_option,
    cacert_option,
    cert_options,
    client_env_option,
    examples,
    server_option,
)
from pgagents.cli.inputs.server import Api, find_api

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.client.answer import Answer
    from pgagents.client.attempts import Backoff
    from pgagents.client.client import Question

MAX_MESSAGE_BYTES = 4_000_000
MAX_FILE_BYTES = 25_000_000
_HELP = {"no_key": "export PGAGENTS_TOKEN=…", "confirmation_required": "--yes makes the call without asking"}


@click.command(
    short_help="Call one action, as an agent's host does.",
    epilog=examples(
        ("an action with its arguments", "pgagents call get_market_rate lat=39.6403 lng=-106.3742"),
        ("what a Gemini model would receive", "pgagents call get_session session_id=sess_0 --as gemini"),
        (
            "a tool call as a vendor's API answered it, from standard input",
            "pgagents call --as openai --json - < tool_call.json",
        ),
        (
            "against a server of your own",
            "pgagents call search_products q=kettle --catalogue shop.yaml --url http://127.0.0.1:8080",
        ),
    ),
)
@click.argument("action", required=False)
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--as",
    "vendor",
    metavar="VENDOR",
    help="Read and answer the call in this vendor's format: gemini, openai, anthropic, xai …",
)
@click.option(
    "--json",
    "file",
    metavar="FILE",
    help=(
        "File with the arguments as a JSON object; with --as and no ACTION, the vendor's message; - for "
        "stdin."
    ),
)
@api_url_option
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CATALOGUE",
    help="Default: as for the other commands.",
)
@cacert_option
@client_env_option
@server_option
@cert_options
@click.option("--yes", is_flag=True, help="Do not ask before a call that needs confirmation.")
def command(
    action: str | None,
    arguments: tuple[str, ...],
    vendor: str | None,
    file: str | None,
    url: str | None,
    catalogue: Path | None,
    cacert: Path | None,
    description: Path | None,
    servers: tuple[str, ...],
    cert: Path | None,
    cert_key: Path | None,
    yes: bool,
) -> int:
    """Call ACTION with its arguments and print the answer as JSON.

    Values are converted by the action's schema; KEY:=VALUE is JSON whatever the schema is. The key comes from
    PGAGENTS_TOKEN, or from the catalogue's own variable (PARKGRAPH_API_KEY); it is never an argument. Exit
    code: 0 the call succeeded, 1 the API refused it, 2 the call was wrong and not sent, 3 no answer came.
    """
    import asyncio

    from pgagents.cli.inputs.server import TOKEN

    if action is not None and Path(action).is_file():
        following = arguments[0] if arguments and "=" not in arguments[0] else "ACTION"
        raise click.UsageError(
            f"`{action}` is a file, and the action comes first: "
            f"pgagents call {following} --catalogue {shlex.quote(action)}"
        )
    model = load(catalogue)
    message: Any = None
    given: dict[str, Any] = {}
    if action is None or "=" in action:
        if action or vendor is None or file is None:
            raise click.UsageError(
                "Missing argument 'ACTION'. Without it, give --as and --json with a vendor's message."
            )
        message = _read(file)
    else:
        given = _arguments(model, action, arguments, file)
    api = find_api(model, url, cacert, description, TOKEN, servers=servers, certificate=(cert, cert_key))
    shown, answer = asyncio.run(_call(model, api, vendor, action or "", given, message, yes))
    click.echo(quoted_text(json.dumps(shown, indent=2, ensure_ascii=False)))
    if answer.problem is None:
        known = model.action(answer.action) or model.former(answer.action)
        if known is not None and known.deprecation is not None:
            click.echo(f"{known.name}: {known.deprecation.sentence}", err=True)
        if answer.next is not None:
            from pgagents.client.client import format_next

            click.echo(format_next(answer.action, answer.next), err=True)
        return 0
    if answer.problem.code in _HELP:
        click.echo(f"help: {_HELP[answer.problem.code]}", err=True)
    return 2 if not answer.problem.sent else 3 if answer.status is None else 1


async def _call(
    model: Model,
    api: Api,
    vendor: str | None,
    action: str,
    given: dict[str, Any],
    message: Any,
    yes: bool,
) -> tuple[Any, Answer]:
    from pgagents.client.client import connect_by
    from pgagents.client.form import form, output

    async def show_backoff(wait: Backoff) -> None:
        click.echo(wait.why, err=True)

    asked = _confirm if _someone() else None
    async with connect_by(
        model, api.sender, api.keys, confirm=asked, commands=api.commands, servers=api.servers
    ) as client:
        if vendor is None:
            answer = await client.call(action, given, confirmed=yes, told=show_backoff)
            return output(answer), answer
        if message is None:
            every = client.index_actions(client.surface(form(vendor).surface))
            names = {
                str(a.name): name for name, a in reversed(every.items())
            }  # an action's current name comes first
            message = form(vendor).compose(names.get(action, action), given, "call_1")
        return await client.outcome(vendor, message, confirmed=yes, told=show_backoff)


def _someone() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _confirm(question: Question) -> bool:
    arguments = quoted_text(json.dumps(dict(question.arguments), ensure_ascii=False))
    click.echo(f"{question.title}: {arguments}", err=True)
    return click.confirm(question.body, err=True)


def _arguments(model: Model, action: str, words: tuple[str, ...], file: str | None) -> dict[str, Any]:
    from pgagents.base.errors import PgagentsError
    from pgagents.base.text import did_you_mean

    known = model.action(action) or model.former(action)
    if known is None:
        raise PgagentsError(
            f"there is no action `{action}`", did_you_mean(action, [a.name for a in model.actions])
        )
    found: dict[str, Any] = {}
    if file is not None:
        read = _read(file)
        if not isinstance(read, dict):
            raise PgagentsError(
                f"--json {file} is not a JSON object", 'write the arguments as {"name": value}'
            )
        found.update(read)
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.rstrip(":"):
            raise PgagentsError(
                f"`{word}` is not a KEY=VALUE", "write an argument as limit=5, a file as photo=@cat.png"
            )
        if name.endswith(":"):
            found[name[:-1]] = _json(text, word)
        else:
            param = known.param(name)
            if param is not None and param.file is not None and text.startswith("@"):
                found[name] = _file(text[1:])
            else:
                found[name] = _value(text, param.schema if param else {}, model.schemas)
    return found


def _file(path: str) -> str:
    """Return a file as a data URL. Its type follows from the ending of its name."""
    import mimetypes

    from pgagents.base.errors import PgagentsError
    from pgagents.catalogue.encoding.medium import ANY, File

    try:
        with Path(path).open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise PgagentsError(
            f"cannot read {path}: {error.strerror}", "write an argument's file as NAME=@PATH"
        ) from None
    if len(data) > MAX_FILE_BYTES:
        raise PgagentsError(f"{path} has more than {MAX_FILE_BYTES:,} bytes", "send a smaller file")
    return File(mimetypes.guess_type(path)[0] or ANY, data, Path(path).name).url


def _value(text: str, schema: Any, schemas: Any) -> Any:
    """Convert a word to the type of its schema.

    A word that does not fit stays text, so that validation explains the error.
    """
    from pgagents.base.http import read_json
    from pgagents.base.jsonschema.schema import resolve

    schema = resolve(schema, schemas)
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "string" in kinds or (
        not kinds and all(isinstance(v, str) for v in schema.get("enum", ())) and "enum" in schema
    ):
        return text
    read = read_json(text.encode("utf-8", "surrogateescape"))
    return text if read.problem else read.value


def _json(text: str, where: str) -> Any:
    from pgagents.base.errors import PgagentsError
    from pgagents.base.http import read_json

    read = read_json(text.encode("utf-8", "surrogateescape"))
    if read.problem:
        raise PgagentsError(f"{where}: {read.problem}", "write JSON there")
    return read.value


def _read(file: str) -> Any:
    from pgagents.base.errors import PgagentsError

    try:
        if file == "-":
            data = sys.stdin.buffer.read(MAX_MESSAGE_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(MAX_MESSAGE_BYTES + 1)
    except OSError as error:
        raise PgagentsError(
            f"cannot read --json {file}: {error.strerror}", "give the path of a JSON file, or -"
        ) from None
    if len(data) > MAX_MESSAGE_BYTES:
        raise PgagentsError(
            f"--json {file} has more than {MAX_MESSAGE_BYTES:,} bytes", "no vendor's message is so long"
        )
    return _json(data.decode("utf-8", "surrogateescape"), f"--json {file}")
