"""Each rule of the other judges of packages is found in one broken package, and none in a good one.

Submissions that stores refused are fixtures too: each is found before it is sent, or listed as one that needs
the running server.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import plugin_packages as good
from pgagents.cli.main import main
from pgagents.lint.packages.fields import table
from pgagents.lint.packages.package import list_judges
from pgagents.lint.packages.tree import list_folder
from pgagents.lint.packages.verdict import detect_file, detect_tree, judge_path
from plugin_packages import Files, Link, png, write
from portal_mutants import DELETE, put

SKILL, PLUGIN = "skills/find-books/SKILL.md", ".claude-plugin/plugin.json"
CLAUDE, PORTABLE = good.claude, good.portable
Edit = Callable[[Files], Any]


def marketplace() -> Files:
    """A marketplace with one plugin."""
    plugin = {"name": "city-library", "source": "./plugins/city-library"}
    data: dict[str, Any] = {"name": "library-plugins", "owner": {"name": "City Library"}, "plugins": [plugin]}
    data["description"] = "Plugins of the city library."
    inner = {f"plugins/city-library/{path}": content for path, content in good.claude().items()}
    return {".claude-plugin/marketplace.json": data, **inner}


def openapi() -> Files:
    """A document that the gateway takes."""
    answer = {"description": "Books.", "content": {"application/json": {"schema": {"type": "object"}}}}
    words = {"name": "words", "in": "query", "schema": {"type": "string"}}
    search = {"operationId": "searchBooks", "parameters": [words], "responses": {"200": answer}}
    return {
        "openapi.json": {
            "openapi": "3.0.3",
            "info": {"title": "Library", "version": "1"},
            "servers": [{"url": "https://api.library.example"}],
            "paths": {"/books": {"get": search}},
            "components": {
                "schemas": {"Book": {"type": "object", "properties": {"oneOf": {"type": "string"}}}}
            },
        }
    }


def value(file: str, path: str, new: Any) -> Edit:
    """A change of one value in a JSON file."""
    return lambda files: put(files[file], path, new)


def content(file: str, new: Any) -> Edit:
    """Another content of a file, or a new one."""
    return lambda files: files.update({file: new})


def without(*paths: str) -> Edit:
    """A package without these files."""
    return lambda files: [files.pop(path) for path in paths]


def front(old: str, new: str) -> Edit:
    """A change of SKILL.md's text."""
    return lambda files: files.update({SKILL: files[SKILL].replace(old, new, 1)})


NAME, ABOUT = (
    "name: find-books",
    "description: Find books and reserve them. Use when the user asks for a book.",
)
BODY = good.SKILL[good.SKILL.index("# Find") :]
SERVER = "mcpServers.library"
GET = "paths./books.get"
MUTANTS: list[tuple[str, str, Callable[[], Files], Edit]] = [
    ("agent-skills", "no-skill", PORTABLE, lambda files: (files.clear(), files.update({"a/b.txt": "x"}))),
    ("agent-skills", "no-skill", PORTABLE, content("skills/other/notes.md", "x")),
    ("agent-skills", "skill-text", PORTABLE, content(SKILL, "# Find books")),
    ("agent-skills", "front-matter", PORTABLE, content(SKILL, "---\n- a\n---\nFind books.")),
    ("agent-skills", "unknown-field", PORTABLE, front(NAME, f"{NAME}\ntriggers: [books]")),
    ("agent-skills", "name", PORTABLE, front(NAME, "name: 5")),
    ("agent-skills", "name-folder", PORTABLE, front(NAME, "name: books")),
    ("agent-skills", "description", PORTABLE, front(ABOUT, "")),
    ("agent-skills", "description-length", PORTABLE, front(ABOUT, f"description: {'x' * 1025}")),
    ("agent-skills", "compatibility", PORTABLE, front(NAME, f"{NAME}\ncompatibility: {'x' * 501}")),
    ("agent-skills", "metadata", PORTABLE, front(NAME, f"{NAME}\nmetadata: x")),
    ("agent-skills", "body", PORTABLE, front(BODY, "")),
    ("agent-plugins", "no-plugin", PORTABLE, without("plugin.json")),
    (
        "agent-plugins",
        "nothing-offered",
        PORTABLE,
        without("mcp.json", SKILL, "skills/find-books/agents/openai.yaml"),
    ),
    ("agent-plugins", "json", PORTABLE, content("plugin.json", "{")),
    ("agent-plugins", "unknown-member", PORTABLE, value("plugin.json", "bogus", 1)),
    ("agent-plugins", "schema", PORTABLE, value("plugin.json", "$schema", DELETE)),
    (
        "agent-plugins",
        "schema",
        PORTABLE,
        value("mcp.json", "$schema", "https://agent-plugins.org/schemas/1.1.0/mcp.schema.json"),
    ),
    ("agent-plugins", "name", PORTABLE, value("plugin.json", "name", "City-Library")),
    ("agent-plugins", "name", PORTABLE, value("plugin.json", "name", "city--library")),
    ("agent-plugins", "type", PORTABLE, value("plugin.json", "version", 1)),
    ("agent-plugins", "servers", PORTABLE, value("mcp.json", "mcpServers", [])),
    ("agent-plugins", "server", PORTABLE, value("mcp.json", SERVER, {"type": "stdio"})),
    ("agent-plugins", "server-member", PORTABLE, value("mcp.json", f"{SERVER}.bogus", 1)),
    ("agent-plugins", "server-type", PORTABLE, value("mcp.json", f"{SERVER}.type", "http")),
    (
        "agent-plugins",
        "server-url",
        PORTABLE,
        value("mcp.json", f"{SERVER}.url", "http://api.library.example"),
    ),
    ("agent-plugins", "server-url", PORTABLE, value("mcp.json", f"{SERVER}.url", "/mcp")),
    (
        "agent-plugins",
        "server-variable",
        PORTABLE,
        value("mcp.json", f"{SERVER}.headers", {"X-Key": "${API_KEY}"}),
    ),
    ("agent-plugins", "skill", PORTABLE, content("skills/other/notes.md", "x")),
    ("agent-plugins", "skill-text", PORTABLE, content(SKILL, "# Find books")),
    ("agent-plugins", "skill-name", PORTABLE, front(NAME, "name: books")),
    ("agent-plugins", "link", PORTABLE, content("notes", Link("/etc"))),
    ("claude-directory", "no-plugin", CLAUDE, without(PLUGIN, ".claude-plugin/icon.png")),
    ("claude-directory", "json", CLAUDE, content(PLUGIN, "{")),
    ("claude-directory", "unknown-member", CLAUDE, value(PLUGIN, "bogus", 1)),
    ("claude-directory", "name", CLAUDE, value(PLUGIN, "name", "city library")),
    ("claude-directory", "name", CLAUDE, value(PLUGIN, "name", "City-Library")),
    ("claude-directory", "name-length", CLAUDE, value(PLUGIN, "name", "x" * 65)),
    ("claude-directory", "reserved-name", CLAUDE, value(PLUGIN, "name", "claude-library")),
    ("claude-directory", "reserved-name", CLAUDE, value(PLUGIN, "name", "official-claude")),
    ("claude-directory", "type", CLAUDE, value(PLUGIN, "keywords", "books")),
    ("claude-directory", "version", CLAUDE, value(PLUGIN, "version", DELETE)),
    ("claude-directory", "version-format", CLAUDE, value(PLUGIN, "version", "one")),
    ("claude-directory", "description", CLAUDE, value(PLUGIN, "description", DELETE)),
    ("claude-directory", "description-length", CLAUDE, value(PLUGIN, "description", "x" * 501)),
    ("claude-directory", "author", CLAUDE, value(PLUGIN, "author", DELETE)),
    ("claude-directory", "url", CLAUDE, value(PLUGIN, "homepage", "http://library.example")),
    ("claude-directory", "readme", CLAUDE, without("README.md")),
    ("claude-directory", "readme-short", CLAUDE, content("README.md", "Finds books.")),
    ("claude-directory", "license", CLAUDE, value(PLUGIN, "license", DELETE)),
    ("claude-directory", "icon", CLAUDE, without(".claude-plugin/icon.png")),
    ("claude-directory", "icon-size", CLAUDE, content(".claude-plugin/icon.png", png(256))),
    ("claude-directory", "privacy", CLAUDE, value(PLUGIN, "privacyPolicyUrl", DELETE)),
    ("claude-directory", "server", CLAUDE, value(".mcp.json", SERVER, {})),
    ("claude-directory", "server-type", CLAUDE, value(".mcp.json", f"{SERVER}.type", DELETE)),
    ("claude-directory", "server-type", CLAUDE, value(".mcp.json", f"{SERVER}.type", "remote")),
    (
        "claude-directory",
        "server-type-alias",
        CLAUDE,
        value(".mcp.json", f"{SERVER}.type", "streamable-http"),
    ),
    ("claude-directory", "server-url", CLAUDE, value(".mcp.json", f"{SERVER}.url", "mcp")),
    (
        "claude-directory",
        "server-http",
        CLAUDE,
        value(".mcp.json", f"{SERVER}.url", "http://api.library.example"),
    ),
    (
        "claude-directory",
        "literal-credential",
        CLAUDE,
        value(".mcp.json", f"{SERVER}.headers", {"Authorization": "Bearer 0123456789abcdef0123"}),
    ),
    ("claude-directory", "skill", CLAUDE, content(SKILL, "# Find books")),
    ("claude-directory", "skill-description", CLAUDE, front(ABOUT, "")),
    ("claude-directory", "skill-description-length", CLAUDE, front(ABOUT, f"description: {'x' * 1100}")),
    (
        "claude-directory",
        "marketplace",
        marketplace,
        value(".claude-plugin/marketplace.json", "plugins.0.name", DELETE),
    ),
    (
        "claude-directory",
        "marketplace-description",
        marketplace,
        value(".claude-plugin/marketplace.json", "description", DELETE),
    ),
    (
        "claude-directory",
        "marketplace-owner",
        marketplace,
        value(".claude-plugin/marketplace.json", "owner", DELETE),
    ),
    (
        "claude-directory",
        "marketplace-source",
        marketplace,
        value(".claude-plugin/marketplace.json", "plugins.0.source", "../x"),
    ),
    ("claude-directory", "tool-title", good.tool_list, value("tools.json", "tools.0.title", DELETE)),
    (
        "claude-directory",
        "annotations",
        good.tool_list,
        value("tools.json", "tools.0.annotations", {"openWorldHint": False}),
    ),
    (
        "agentcore",
        "no-document",
        openapi,
        lambda files: files.update({"api.json": files.pop("openapi.json")}),
    ),
    (
        "agentcore",
        "yaml",
        openapi,
        lambda files: files.update(
            {
                "openapi.yaml": "openapi: 3.0.3\nservers: [{url: 'https://a.example'}]\npaths: {}\n",
                "openapi.json": None,
            }
        ),
    ),
    ("agentcore", "version", openapi, value("openapi.json", "openapi", "3.2.0")),
    ("agentcore", "server", openapi, value("openapi.json", "servers", [])),
    ("agentcore", "server", openapi, value("openapi.json", "servers.0.url", "/v1")),
    (
        "agentcore",
        "server-http",
        openapi,
        value("openapi.json", "servers.0.url", "http://api.library.example"),
    ),
    ("agentcore", "paths", openapi, value("openapi.json", "paths", DELETE)),
    (
        "agentcore",
        "complex-path",
        openapi,
        lambda files: files["openapi.json"]["paths"].update({"/a{?b}": {}}),
    ),
    ("agentcore", "operation-id", openapi, value("openapi.json", f"{GET}.operationId", DELETE)),
    ("agentcore", "composition", openapi, value("openapi.json", f"{GET}.parameters.0.schema", {"anyOf": []})),
    (
        "agentcore",
        "request-media",
        openapi,
        value("openapi.json", f"{GET}.requestBody", {"content": {"text/csv": {}}}),
    ),
    (
        "agentcore",
        "response-media",
        openapi,
        value("openapi.json", f"{GET}.responses.200.content", {"text/csv": {}}),
    ),
    ("agentcore", "style", openapi, value("openapi.json", f"{GET}.parameters.0.style", "deepObject")),
    ("agentcore", "security", openapi, value("openapi.json", "security", [{"key": []}])),
    ("agentcore", "security-ignored", openapi, value("openapi.json", f"{GET}.security", [{"key": []}])),
    ("agentcore", "callbacks", openapi, value("openapi.json", f"{GET}.callbacks", {"done": {}})),
    ("agentcore", "webhooks", openapi, value("openapi.json", "webhooks", {"done": {}})),
]
STORES = {"safety"}
"""Rules that only the store decides."""


def judge(files: Files, place: Path, name: str) -> set[str]:
    """The rules that a judge finds broken."""
    if set(files) == {"tools.json"}:
        raw = good.encode(files["tools.json"])
        judged = judge_path(str(place / "tools.json"), name, raw)
    else:
        judged = judge_path(str(write(files, place / "plugin")), name)
    return {found.id.partition("/")[2] for found in judged.found}


@pytest.mark.parametrize(
    ("name", "base"),
    list({(name, base.__name__): (name, base) for name, _, base, _ in MUTANTS}.values()),
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
def test_nothing_is_found_in_a_good_package(name: str, base: Callable[[], Files], tmp_path: Path) -> None:
    assert judge(base(), tmp_path, name) == set()


@pytest.mark.parametrize(("name", "rule", "base", "edit"), MUTANTS, ids=[f"{m[0]}/{m[1]}" for m in MUTANTS])
def test_one_change_breaks_exactly_its_rule(
    name: str, rule: str, base: Callable[[], Files], edit: Edit, tmp_path: Path
) -> None:
    files = base()
    edit(files)
    assert judge(files, tmp_path, name) == {rule}


def test_every_rule_has_a_mutant_and_a_next_step() -> None:
    shown = {(name, rule) for name, rule, _, _ in MUTANTS}
    for name in list_judges():
        codes = table(name.replace("-", "_")).codes
        if name not in ("openai-portal", "cowork", "power-platform"):  # tests of the targets have the latter
            missing = {(name, rule) for rule in codes if rule not in STORES} - shown
            assert missing - {("agent-skills", "name-format")} == set()
            assert all(code.help for code in codes.values())


@pytest.mark.parametrize(
    ("name", "good_name"),
    [("Find-books", False), ("-find", False), ("find--books", False), ("bücher", True), ("a1-b2", True)],
)
def test_names_of_skills(name: str, good_name: bool, tmp_path: Path) -> None:
    files = {f"{name}/SKILL.md": good.SKILL.replace(NAME, f"name: {name}")}
    assert judge(files, tmp_path, "agent-skills") == (set() if good_name else {"name-format"})


def test_each_kind_of_package_has_its_judge(tmp_path: Path) -> None:
    plain = good.portable()
    del plain["plugin.json"]["extensions"]
    kinds = {
        "openai-portal": [good.portable(), good.codex()],
        "agent-plugins": [plain],
        "claude-directory": [good.claude(), marketplace()],
        "agent-skills": [{"SKILL.md": good.SKILL}, {"find-books/SKILL.md": good.SKILL}],
    }
    for name, packages in kinds.items():
        for n, files in enumerate(packages):
            assert detect_tree(list_folder(str(write(files, tmp_path / name / str(n))))) == name
    assert detect_file(None, "SKILL.md") == "agent-skills"
    assert detect_file(good.submission()["chatgpt-app-submission.json"], "a.json") == "openai-portal"
    assert detect_file({"openapi": "3.1.0"}, "a.json") is None


REFUSED: dict[str, tuple[str, Callable[[], Files], Edit, str]] = {
    "PackRat-AI/PackRat#2734: hints that are null": (
        "openai-portal",
        good.tool_list,
        value("tools.json", "tools.0.annotations.destructiveHint", None),
        "annotations_required",
    ),
    "whisper-money/whisper-money#751: hints that are not set": (
        "openai-portal",
        good.tool_list,
        value("tools.json", "tools.0.annotations", DELETE),
        "annotations_required",
    ),
    "open-metadata/OpenMetadata#30106: openWorldHint left out": (
        "openai-portal",
        good.tool_list,
        value("tools.json", "tools.0.annotations.openWorldHint", DELETE),
        "annotations_required",
    ),
    "a refused submission: tools without outputSchema": (
        "openai-portal",
        good.tool_list,
        value("tools.json", "tools.0.outputSchema", DELETE),
        "rule-output-schema",
    ),
    "zernio-dev/zernio-python#44: hundreds of tools": (
        "openai-portal",
        good.tool_list,
        lambda files: files["tools.json"].update(
            tools=[{**files["tools.json"]["tools"][0], "name": f"tool_{n}"} for n in range(480)]
        ),
        "rule-many-tools",
    ),
    "Mergifyio/mergify-cli#1836: a subtitle of 99 characters": (
        "openai-portal",
        good.portable,
        lambda files: put(files["plugin.json"], "i.shortDescription", "x" * 99),
        "submission_subtitle_too_long",
    ),
    "strelov1/freehire#3025: a hosted ai-plugin.json": (
        "openai-portal",
        good.portable,
        content(".well-known/ai-plugin.json", {}),
        "rule-ai-plugin",
    ),
    "SigNoz/agent-skills#70: no link to a privacy policy": (
        "claude-directory",
        good.claude,
        value(PLUGIN, "privacyPolicyUrl", DELETE),
        "privacy",
    ),
    "AgriciDaniel/claude-blog#22: a description of 579 characters": (
        "claude-directory",
        good.claude,
        value(PLUGIN, "description", "x" * 579),
        "description-length",
    ),
    "StuMason/coolify-mcp#406: tools without a title": (
        "claude-directory",
        good.tool_list,
        value("tools.json", "tools.0.title", DELETE),
        "tool-title",
    ),
}
"""Submissions that were refused, by their thread, read 2026-11-21: the judge, the fault and the rule."""
NEEDS_A_SERVER = {
    "alchemyplatform/alchemy-mcp-server#46": "a hint that the tool's behaviour contradicts",
    "activepieces/activepieces#15025": "a mode of an argument that deletes",
    "SmartBear/smartbear-mcp#588": "a default that makes every tool read-only",
    "grafana/mcp-grafana#1009": "a list of tools that changed after it was accepted",
}
"""Refusals that only calls of the running server, or the accepted list, can show."""


@pytest.mark.parametrize("thread", REFUSED)
def test_a_known_rejection_is_found_before_submission(thread: str, tmp_path: Path) -> None:
    name, base, edit, rule = REFUSED[thread]
    files = base()
    assert rule not in judge(files, tmp_path / "before", name)
    edit(files)
    assert rule in judge(files, tmp_path / "after", name)


def test_what_only_a_server_shows_is_listed_as_undecided() -> None:
    assert not {thread.partition(":")[0] for thread in REFUSED} & set(NEEDS_A_SERVER)
    assert "calls" in table("openai_portal").codes["annotations_required"].undecided


def test_explain_knows_each_rule(capsys: Any) -> None:
    for id in ("openai-portal/skill_body_empty", "claude-directory/privacy", "agentcore/composition"):
        assert main(["explain", id]) == 0
        out = capsys.readouterr().out
        assert "What to do:" in out
        assert "Source:" in out


def test_a_comment_with_a_reason_answers_a_finding(tmp_path: Path, capsys: Any) -> None:
    """A list of tools may be YAML, whose comments answer findings as they do in a catalogue."""
    listed = good.tool_list()["tools.json"]
    listed["tools"][0]["inputSchema"]["properties"]["lat"] = {"type": "number"}
    text = yaml.safe_dump(listed, sort_keys=False)
    place = tmp_path / "tools.yaml"
    command = ["lint", str(place), "--for", "openai-portal", "--format", "short"]
    place.write_text(text)
    assert main(command) == 1
    assert "rule-raw-location" in capsys.readouterr().out
    reason = "# pgagents: ignore[openai-portal/rule-raw-location] the shelf of a book"
    place.write_text(text.replace("lat:\n", f"lat: {reason}\n"))
    assert main(command) == 0
    place.write_text(text.replace("words:\n", f"words: {reason}\n"))
    assert main(command) == 1
    assert "idle-ignore" in capsys.readouterr().out


def test_list_names_the_judges(capsys: Any) -> None:
    assert main(["lint", "--for", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in list_judges())
