"""The `pgagents` command. A module in this folder that has a `command` is a command of its name."""

from __future__ import annotations

import codecs
import errno
import gc
import importlib
import io
import keyword
import os
import re
import sys
from pathlib import Path

import click

_HERE = Path(__file__).parent
STDOUT_CLOSED = 141
"""The exit code that a shell reports for a program ended by SIGPIPE (`pgagents … | head`)."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OF_PATH = (
    errno.EACCES,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EROFS,
)
"""Errors of a path that the caller gave, if no command has said so in its own words."""
READ_ONCE = ("build", "diff", "import", "lint", "trace")
"""Commands that read files of bounded size, write, and end.

They keep almost all objects until they end, so Python's garbage collector only costs time. It would take a
fifth of a build of 1,000 actions.
"""
_SHORT_HELP = re.compile(r'short_help="([^"]+)"')


class Commands(click.Group):
    """Find a command by its file, and import it only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        names = (p.stem for p in _HERE.glob("*.py") if not p.stem.startswith("_") and p.stem != "main")
        return sorted(n.rstrip("_").replace("_", "-") for n in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"pgagents.cli.{_module(cmd_name)}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their short helps.

        The helps are read from the files, because importing every command takes most of the time.
        """
        rows = [(name, _short_help(_HERE / f"{_module(name)}.py")) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, names = args[0], self.list_commands(ctx)
        if name not in names and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, names, 1)
            ctx.fail(f"No such command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)


def _module(command: str) -> str:
    """Return the name of a command's module."""
    return command.replace("-", "_") + ("_" if keyword.iskeyword(command) else "")


def _short_help(path: Path) -> str:
    """Return the short help from a file, which is just before its `command`."""
    head = path.read_text(encoding="utf-8").partition("\ndef command(")[0]
    found = _SHORT_HELP.findall(head)
    return found[-1] if found else ""


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(package_name="pgagents")
def cli() -> None:
    """One action catalogue, every agent platform's manifest, and a live server held to all of them.

    \b
        pgagents build              write every manifest into generated/
        pgagents verify --url URL   prove every contract on a running server
        pgagents demo               both, on a sandbox of its own

    CATALOGUE is a file. By default it is the only YAML file in ./catalogue, else ./pgagents.yaml. The name
    park-graph means the example that is shipped with pgagents.
    """


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and print each error as one message; return the exit code."""
    _open_closed_streams()
    let_all_be_written()
    try:
        result = cli.main(args=arguments, prog_name="pgagents", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        from pgagents.base.text import hide_in_text

        said = io.StringIO()
        error.show(said)
        click.echo(hide_in_text(said.getvalue()), nl=False, err=True)
        return 2
    except click.Abort:
        click.echo("stopped", err=True)
        return 130
    except OSError as error:
        return _explain_path(error) or _report_error(error)
    except SystemExit:
        # click ends with 1 if stdout was closed, which has another meaning here
        return STDOUT_CLOSED
    except Exception as error:
        return _report_error(error)


def _open_closed_streams() -> None:
    """Open the null device in place of each standard stream that the caller closed (`pgagents … 2>&-`).

    Python has None there, which nothing can read or write. The next file would get the stream's number, and
    what a library prints would be written into that file.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _explain_path(error: OSError) -> int:
    """Print an error about a full disk, or about a path that the caller gave. Return the exit code.

    It is 0 for any other error, about which nothing is printed.
    """
    from pgagents.base.text import hide_in_text

    name = hide_in_text(str(error.filename))[:200] if error.filename else ""
    if error.errno in FULL:
        said, help = f"cannot write {name}".rstrip(), "make room"
    elif error.errno in OF_PATH and name:
        said, help = f"cannot use {name}", "name another path"
    else:
        return 0
    click.echo(f"error: {said}: {error.strerror}\n  help: {help}", err=True)
    return 2


def _report_error(error: Exception) -> int:
    """Print an error and return the exit code. A bug of pgagents is printed with its traceback."""
    from pgagents.base.errors import InputError, PgagentsError, printable, show
    from pgagents.base.text import hide_in_text

    if isinstance(error, InputError):
        for diagnostic in error.diagnostics:
            click.echo(show(diagnostic, error.source) + "\n", err=True)
        click.echo(error.message, err=True)
        return error.exit_code
    if isinstance(error, PgagentsError):
        said = f"error: {hide_in_text(error.message)}"
        click.echo(printable(said + (f"\n  help: {error.help}" if error.help else "")), err=True)
        return error.exit_code
    import traceback

    traceback.print_exception(error)
    click.echo("error: this is an error of pgagents itself; please report it with the lines above", err=True)
    return 4


def run() -> None:
    """Run the command line and exit with its code."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command in READ_ONCE:
        gc.disable()
    code = main()
    gc.freeze()  # otherwise Python would examine every object once more before it ends
    sys.exit(code)


# -- output in encodings other than UTF-8, such as a Windows console's code page.
#
# Missing characters are written as similar ASCII, else as JSON escapes. Pure ASCII is excluded: it mostly
# means that no locale is set, and click writes UTF-8 there.


NAME = "pgagents.near"
_NEAR = {"─": "-", "│": "|", "…": "...", "–": "-", "→": "->", "·": "-", "≤": "<=", "≥": ">=", "\u202f": " "}


def near(error: UnicodeError) -> tuple[str, int]:
    """Return the replacement of characters that cannot be encoded; for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_NEAR.get(c) or _escape(c) for c in error.object[error.start : error.end]), error.end


def _escape(character: str) -> str:
    """Return a character as JSON escapes: two for a character beyond the first 65,536."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def let_all_be_written() -> None:
    """Make stdout and stderr accept every text, also the name of a file that is not UTF-8."""
    codecs.register_error(NAME, near)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        encoding = codecs.lookup(stream.encoding).name
        if encoding != "ascii" and (encoding != "utf-8" or stream.errors == "strict"):
            stream.reconfigure(errors=NAME)
