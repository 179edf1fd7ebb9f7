"""The skill for coding agents: its lines load, its commands exist, and `init --skill` writes it once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from language_table import merged
from pgagents.base.registry import folder
from pgagents.base.writing import to_yaml
from pgagents.catalogue.load import load_text
from pgagents.cli.init import SKILL_PLACES
from pgagents.cli.main import cli

ROOT = Path(__file__).parents[2]
SKILL = ROOT / "skills" / "pgagents"
SHOP = ROOT / "tests" / "catalogues" / "shop.yaml"
PAGES = (SKILL / "references/laws.md", SKILL / "references/access.md", ROOT / "docs/howto/workflows.md")
TEXTS = "\n".join(page.read_text("utf-8") for page in PAGES)
BLOCKS = [
    block
    for block in re.findall(r"^```yaml\n(.*?)^```", TEXTS, re.M | re.S)
    if "create_bucket" not in block  # it shows resources that the shop has not
]
INLINE = [
    span
    for span in re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```", "", TEXTS, flags=re.M | re.S))
    if re.match(r"(actions|behaviour|headers|resources): \{", span)
    and "confirmed" not in span  # the shop has nothing that an import guessed
]
"""Whole parts of a catalogue inside a sentence."""
GET_ORDER = """
actions:
  get_order:
    title: Look at an order
    description: Get one order by its id. Returns the order as it stands.
    http: GET /orders/{order_id}
    effect: read
    input: {order_id: {type: string, required: true, refers_to: order, description: The order's id}}
    output: {200: {required: [order], properties: {order: {$ref: Order}}}}
    errors: [refused, absent]
resources:
  order: {read_by: {action: get_order, input: {order_id: =resource.id}, at: response.order}}
"""
"""What the shop of the pages has beside that of the tests: laws of an order need a call that reads it."""
MOST_LINES = {"SKILL.md": 200, "references/language.md": 250}
MOST_WORDS = 8_000


def say(*arguments: str) -> Any:
    return CliRunner().invoke(cli, list(arguments))


@pytest.mark.parametrize("block", [*BLOCKS, *INLINE])
def test_each_line_about_laws_loads_over_the_shop(block: str) -> None:
    lines = yaml.safe_load(block)
    shop = merged(yaml.safe_load(SHOP.read_text(encoding="utf-8")), yaml.safe_load(GET_ORDER))
    data = merged(shop, lines)
    model = load_text(to_yaml(data).decode(), "shop.yaml")
    assert lines
    for section, entries in lines.items():
        for name, entry in entries.items():
            if not isinstance(entry, dict):
                continue
            assert entry.keys() <= model.source.data[section][name].keys()
            laws = next((a.laws for a in model.actions if a.name == name), ())
            held = {law.name for law in (*laws, *getattr(model.resources.get(name), "laws", ()))}
            assert entry.get("laws", {}).keys() <= held


def test_the_pages_are_short_and_lead_to_files_that_are_there() -> None:
    texts = {path.relative_to(SKILL).as_posix(): path.read_text("utf-8") for path in SKILL.rglob("*.md")}
    assert sum(len(text.split()) for text in texts.values()) < MOST_WORDS
    for name, most in MOST_LINES.items():
        assert len(texts[name].splitlines()) <= most
    for name, text in texts.items():
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert ((SKILL / name).parent / target).is_file(), target


def test_each_command_and_option_of_the_skill_exists() -> None:
    text = (SKILL / "SKILL.md").read_text("utf-8")
    used = re.findall(r"`pgagents ([a-z]+)([^`]*)`", text)
    assert len(used) > 6
    for name, rest in used:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None, name
        inner = getattr(command, "commands", {}).get(rest.split()[0] if rest.split() else "")
        known = {flag for param in (inner or command).params for flag in param.opts}
        own = re.sub(r"'[^']*'", "", rest)  # a command line of the app itself
        assert {word for word in own.split() if word.startswith("--")} <= known | {"--help"}, rest


def test_the_skill_is_valid_by_the_open_form() -> None:
    assert say("lint", str(folder("skills") / "pgagents"), "--for", "agent-skills").exit_code == 0


def test_init_writes_the_skill_where_agents_look_and_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        done = say("init", "--skill")
        assert done.exit_code == 0
        assert "Say to your coding agent:" in done.stdout
    for place in SKILL_PLACES:
        assert (tmp_path / place / "pgagents/SKILL.md").read_bytes() == (SKILL / "SKILL.md").read_bytes()
    changed = tmp_path / SKILL_PLACES[0] / "pgagents/SKILL.md"
    changed.write_text("mine", encoding="utf-8")
    assert "is there already" in str(say("init", "--skill").exception)
    assert changed.read_text(encoding="utf-8") == "mine"
    assert say("init", "--skill", "elsewhere").exit_code == 0
    assert (tmp_path / "elsewhere/pgagents/references/laws.md").is_file()
