"""Writes docs/reference/ from what it is about: the catalogue's schema, the pages of checks and
rules, the commands' help.

`python docs/make_reference.py` writes the pages, `--check` only says whether they are current (exit 1 where
not). Git has some of them; the others are only made for the site.
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from pgagents.base import registry
from pgagents.catalogue.language.catalogue import document
from pgagents.cli.inputs.verification import HELP_ALL
from pgagents.cli.main import cli
from pgagents.sandbox import fault_registry

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

OUT = HERE / "reference"
BY_HAND = "<!-- made by docs/make_reference.py: edit what it is made from -->"


def page(title: str, intro: str, body: Iterator[str]) -> str:
    """A page: its title, a sentence, and the rest."""
    return "\n".join([BY_HAND, "", f"# {title}", "", intro, "", *body]).rstrip() + "\n"


def catalogue() -> str:
    """Every part of the catalogue's language."""
    schema = json.loads(json.dumps(document(), sort_keys=True))
    intro = (
        "A catalogue is one YAML file. Unknown keys, duplicate keys, anchors, aliases and tags are "
        "refused. `{…}` is a mapping with the "
        "names of your choice; *CEL* marks an expression."
    )
    return page("The catalogue's language", intro, _parts(schema))


def _parts(schema: dict[str, Any]) -> Iterator[str]:
    yield from _part("The file", schema, schema.get("required", []))
    for name, part in sorted(schema["$defs"].items()):
        yield from _part(name, part, part.get("required", []))


def _part(name: str, part: dict[str, Any], required: list[str]) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    if "anyOf" in part:  # a short form, or the whole
        short, part = part["anyOf"]
        required = part.get("required", [])
        yield f"{_takes(short).capitalize()} ({short['description'].rstrip('.').lower()}), or a mapping:"
        yield ""
    if part.get("description"):
        yield part["description"].strip()
        yield ""
    if not part.get("properties"):
        return
    yield "| key | what | takes |"
    yield "|---|---|---|"
    for key, value in part["properties"].items():
        must = " **required**" if key in required else ""
        says = " ".join(str(value.get("description", "")).split())
        if isinstance(value.get("default"), bool | int | float | str) and value["default"] != "":
            says += f" Default: `{json.dumps(value['default'], ensure_ascii=False)}`."
        yield f"| `{key}`{must} | {_cell(says)} | {_cell(_takes(value))} |"
    yield ""


def _takes(value: dict[str, Any]) -> str:
    """A type in a few words, with a link where it has a section of its own."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in value:
        return f"`{json.dumps(value['const'])}`"
    if "enum" in value:
        return ", ".join(f"`{json.dumps(v)}`".replace('"', "") for v in value["enum"])
    for key in ("anyOf", "oneOf"):
        if key in value:
            return " or ".join(dict.fromkeys(_takes(v) for v in value[key] if v.get("type") != "null"))
    kind = value.get("type")
    if kind == "array":
        return f"list of {_takes(value.get('items', {}))}"
    if kind == "object":
        inner = value.get("additionalProperties")
        inner = (
            inner
            if isinstance(inner, dict)
            else next(iter(value.get("patternProperties", {}).values()), None)
        )
        return f"{{…}} of {_takes(inner)}" if inner else "mapping"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}.get(
        str(kind), "any value"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").strip()


def checks() -> str:
    """Every check of `verify`, with the faults that it catches."""
    of_api, of_mcp = fault_registry.collect("faults"), fault_registry.collect("mcp_faults")
    faults = {**of_api, **{f"mcp:{id}": fault for id, fault in of_mcp.items()}}
    intro = (
        "What each check of `pgagents verify` tests, and the faults in `tests/faults` that prove it; those "
        "of an MCP server begin with `mcp:`."
    )

    def body() -> Iterator[str]:
        for name, module in sorted(registry.collect_by_name("pgagents.verify.checks").items()):
            yield f"## {name}"
            yield ""
            yield _page(module)
            yield ""
            yield _say_rank(module)
            yield ""
            yield from _list_caught({id: f for id, f in faults.items() if name in f.breaks})
        yield "## MCP servers without a catalogue"
        yield ""
        yield "These judge a server by its own list of tools ([how](../howto/mcp-server.md))."
        yield ""
        for name, module in sorted(registry.collect_by_name("pgagents.verify.tool_checks").items()):
            yield f"### {name}"
            yield ""
            yield _page(module)
            yield ""
            yield _say_rank(module)
            yield ""
            yield from _list_caught({f"mcp:{id}": f for id, f in of_mcp.items() if name in f.by_list})

    return page("Checks", intro, body())


def _say_rank(module: Any) -> str:
    """Return a sentence on how bad the breaks of a check are."""
    return f"Rank: *{module.CHECK.rank.value}*, unless the answer is less bad, or only odd."


def _list_caught(faults: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line with the names of the faults that a check catches; nothing if there are none."""
    if caught := [f"`{id}`" for id in sorted(faults, key=lambda name: name.replace("-", "_"))]:
        yield f"Caught: {', '.join(caught)}."
        yield ""


def rules() -> str:
    """Every rule of `lint`."""
    intro = (
        "What `pgagents lint` finds. `pgagents explain ID` shows a page in the terminal; `# pgagents: "
        "ignore[ID] reason` beside a value "
        "silences a rule there."
    )

    def body() -> Iterator[str]:
        for id, module in sorted(registry.collect("pgagents.lint.rules").items()):
            yield f"## {id.replace('_', '-')}"
            yield ""
            yield f"*{module.RULE.severity}*, `{module.RULE.requirement}`"
            yield ""
            yield _page(module)
            yield ""
        yield from _package_rules()

    return page("Rules", intro, body())


def _package_rules() -> Iterator[str]:
    """Every rule of the judges of plugin folders, a table for each judge."""
    from pgagents.lint.packages.fields import table
    from pgagents.lint.packages.package import list_judges

    yield "## Plugin folders"
    yield ""
    page = "../howto/plugins.md#lint-a-plugin-folder"
    yield f"What `--for NAME` finds in a plugin's folder, ZIP or file ([how]({page}))."
    yield ""
    for name, judge in list_judges().items():
        yield f"### {name}"
        yield ""
        yield f"{judge.title}."
        yield ""
        yield "| rule | severity | says | not decided here |"
        yield "|---|---|---|---|"
        for code in table(name.replace("-", "_")).codes.values():
            yield f"| `{code.name}` | {code.severity} | {_cell(code.says)} | {_cell(code.undecided)} |"
        yield ""


def changes() -> str:
    """Return the meaning of each key's change, from the table of `diff`."""
    from pgagents.diff.language import CATALOGUE

    intro = (
        "How `pgagents diff` rates a change. *Breaking*: a call that worked may fail, or an answer may "
        "come that could not come before. "
        "*May break*: it cannot be decided. *Addition* and *wording* are harmless. *By value*: the "
        "values decide, an example shows "
        "a break. Callers send requests (agents are callers too), readers read answers; `-` means that "
        "the change does not concern "
        "them. Where a schema is read, the ids `narrower` and `wider` begin with `answer-`. In calls "
        "that the API makes "
        "itself, webhooks and callbacks, the receiver is the reader of what is sent."
    )

    def body() -> Iterator[str]:
        yield "| part | keys | callers | readers | note |"
        yield "|---|---|---|---|---|"
        for one in CATALOGUE:
            names = ", ".join(f"`{key}`" for key in one.keys)
            columns = (", ".join(severities) for severities in (one.callers, one.readers))
            yield f"| {one.part} | {names} | {' | '.join(columns)} | {_cell(one.note)} |"
        yield ""

    return page("What a change means", intro, body())


def commands() -> str:
    """Every command with its help."""

    def body() -> Iterator[str]:
        context = click.Context(
            cli,
            info_name="pgagents",
            max_content_width=100,
            terminal_width=100,
            help_option_names=["-h", "--help"],
        )
        for name in cli.list_commands(context):
            yield from _command(cli.get_command(context, name), name, context)

    return page("Commands", "What `pgagents COMMAND --help` prints.", body())


def _command(command: click.Command | None, name: str, parent: click.Context) -> Iterator[str]:
    if command is None:
        return
    context = click.Context(command, info_name=name, parent=parent, max_content_width=100, terminal_width=100)
    yield f"## {context.command_path.removeprefix('pgagents ')}"
    yield ""
    yield "```text"
    context.meta[HELP_ALL] = True
    yield command.get_help(context)
    yield "```"
    yield ""
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            yield from _command(command.get_command(context, inner), inner, context)


def _page(module: ModuleType) -> str:
    return inspect.cleandoc(module.__doc__ or "")


SECTIONS = {
    "2.1": "Who calls",
    "2.2": "Resources and their ids",
    "2.3": "What goes in and out",
    "2.4": "Where actions live",
}


def say() -> str:
    """Everything that the language can say, as questions, from the table that the tests read."""
    from language_table import rows

    intro = (
        "The lines of each answer are merged into a small catalogue, tests/catalogues/notes.yaml. Tests "
        "build its manifests,\nserve it, and verify the server, right and wrong."
    )

    def body() -> Iterator[str]:
        for section, title in SECTIONS.items():
            yield f"## {title}"
            yield ""
            for row in rows().values():
                if row["section"] == section:
                    yield from _answer(row)

    return page("How do I say …?", intro, body())


def _answer(row: Any) -> Iterator[str]:
    from language_table import lines_of

    yield f"### {row['question']}"
    yield ""
    yield "```yaml"
    yield lines_of(row.id)
    yield "```"
    yield ""
    yield " ".join(row["docs"].split())
    yield ""
    got: dict[str, list[str]] = {}
    for vendor, cell in row["vendors"].items():
        got.setdefault(_gets(cell), []).append(vendor)
    yield "| vendor | gets |"
    yield "|---|---|"
    for what, vendors in got.items():
        yield f"| {', '.join(vendors)} | {_cell(what)} |"
    yield ""


def _gets(cell: dict[str, Any]) -> str:
    said = []
    if "shows" in cell or "text" in cell:
        said.append("it is said there")
    if "loss" in cell:
        said.append(f"a listed loss: {cell['loss']}")
    if "error" in cell:
        said.append(f"no file: {cell['error']}")
    if "same" in cell:
        said.append(f"no change: {cell['same']}")
    return "; ".join(said)


def limits() -> str:
    """Return what a document can say and a catalogue cannot, in the importer's words."""
    intro = (
        "What an OpenAPI document, or an API, can say and a catalogue cannot: what `pgagents import` says "
        "of it, and what to do instead. [What this version of the tool cannot do](../explain/limits.md) has "
        "a page of its own."
    )
    return page("What the language leaves out", intro, _left_out())


def _left_out() -> Iterator[str]:
    import left_out

    yield "| what | `pgagents import` says | instead |"
    yield "|---|---|---|"
    for case in left_out.cases().values():
        said = left_out.said_of(case)
        if said or case["said"] == "none":
            yield f"| {_cell(case['what'])} | {_cell(said) or 'nothing'} | {_cell(case['instead'])} |"


def language() -> str:
    """Return the skill's page of the language: what prose says, the lines, and what verify makes of them."""
    from language_table import lines_of, rows

    lines = [
        "<!-- made by docs/make_reference.py from tests/language.yaml: edit that -->",
        "# What the prose says, and what to write",
        "",
        "Each answer is merged into the catalogue; laws, states and workflows have [a page](laws.md).",
        "YAML anchors are refused. Numbers are doubles: `size(x) + 3.0`. In `{…}` and `[…]`, quote what has",
        "`[0]`, `: ` or `,` in it. `headers` of an answer stand under its status, in `output`.",
        "",
    ]
    for row in rows().values():
        if said := row.cells.get("prose"):
            says = " ".join(row["docs"].split())
            lines += [f"**{said}** {says}", "```yaml", lines_of(row.id), "```", ""]
    return "\n".join(lines)


SKILL = Path(__file__).parents[1] / "skills" / "pgagents" / "references"
PAGES = {"say": say, "catalogue": catalogue, "commands": commands}
"""The pages that git has."""
OF_THE_SITE = {"checks": checks, "rules": rules, "changes": changes, "limits": limits}
"""The pages that only the site has; in a terminal `pgagents explain` shows each part."""


def main() -> int:
    """Write the pages, or say which are not current."""
    stale = []
    pages = PAGES if "--check" in sys.argv else PAGES | OF_THE_SITE
    made = {OUT / f"{name}.md": make for name, make in pages.items()} | {SKILL / "language.md": language}
    for path, make in made.items():
        text = make()
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                OUT.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
    print(
        f"docs/reference: {', '.join(stale) or 'nothing'} "
        f"{'is not current' if '--check' in sys.argv else 'written'}"
    )
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
