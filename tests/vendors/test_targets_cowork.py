"""The Microsoft 365 Copilot plugin (Copilot Cowork): what is built, what lint refuses, and its package."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.generate import package
from pgagents.generate.build import Built, build
from pgagents.lint.packages.fields import table
from pgagents.lint.packages.verdict import judge_path
from verifying import ROOT

PAYMENTS = ROOT / "tests" / "catalogues" / "payments.yaml"
COWORK = ("cowork",)
Files = dict[str, bytes]
Manifest = dict[str, Any]


def load(*edits: tuple[str, str]) -> Model:
    text = PAYMENTS.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return load_text(text, str(PAYMENTS))


@cache
def built() -> Built:
    return build(load(), only=COWORK)


def files() -> Files:
    """Return the plugin's files by their paths in it."""
    return {a.path.removeprefix("cowork/"): a.data for a in built().artifacts()}


def manifest() -> Manifest:
    data: Manifest = json.loads(files()["manifest.json"])
    return data


def judge(made: Files, folder: Path) -> list[str]:
    """Return the codes of lint's findings about a folder with these files."""
    for path, data in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    found = judge_path(str(folder), "cowork").found
    return [diagnostic.id.removeprefix("cowork/") for diagnostic in found]


def test_the_plugin_of_a_hosted_server_is_taken_as_it_is(tmp_path: Path) -> None:
    assert [d for d in built().diagnostics if d.severity == "error"] == []
    assert judge(files(), tmp_path) == []
    connector = manifest()["agentConnectors"][0]["toolSource"]["remoteMcpServer"]
    assert connector == {
        "mcpServerUrl": "https://mcp.coinpost.example/mcp",
        "mcpToolDescription": {"file": "tools.json"},
        "authorization": {"type": "OAuthPluginVault", "referenceId": "coinpost_sign_in"},
    }
    assert "copilotAgents" not in manifest()


def test_tools_and_skills_are_those_of_the_connector() -> None:
    tools = json.loads(files()["tools.json"])["tools"]
    offered = load().surfaces["copilot_mcp"].actions
    assert len(tools) == len(offered)
    for tool in tools:
        assert {"readOnlyHint", "destructiveHint", "idempotentHint"} < set(tool["annotations"])
    folders = {skill["folder"] for skill in manifest()["agentSkills"]}
    assert folders == {path.rpartition("/")[0] for path in files() if path.endswith("SKILL.md")}


def test_icons_have_microsofts_sizes() -> None:
    for name, side in (("color.png", 192), ("outline.png", 32)):
        assert struct.unpack(">II", files()[name][16:24]) == (side, side)


def test_without_sign_in_the_host_registers_itself() -> None:
    text = "    auth: {type: OAuthPluginVault, reference_id: coinpost_sign_in}\n"
    made = build(load((text, "")), only=COWORK).artifacts()
    data = json.loads(next(a.data for a in made if a.path == "cowork/manifest.json"))
    assert "authorization" not in _remote(data)


def test_a_key_from_the_vault_is_warned_of() -> None:
    made = build(load(("{type: OAuthPluginVault", "{type: ApiKeyPluginVault")), only=COWORK)
    assert [d.id for d in made.diagnostics] == ["cowork/manifest/limit"]


def test_the_package_has_the_id_of_the_portal() -> None:
    model = load()
    packed = package.pack(model, build(model, only=COWORK), {"coinpost_sign_in": "A1bC2d"})
    (artifact,) = packed.made
    with zipfile.ZipFile(io.BytesIO(artifact.data)) as archive:
        assert set(archive.namelist()) == set(files())
        data = json.loads(archive.read("manifest.json"))
    authorization = data["agentConnectors"][0]["toolSource"]["remoteMcpServer"]["authorization"]
    assert authorization["referenceId"] == "A1bC2d"


def test_lint_knows_the_plugin_without_being_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judge(files(), tmp_path)
    assert main(["lint", str(tmp_path)]) == 0
    assert main(["lint", str(tmp_path / "manifest.json")]) == 0
    assert "(cowork): nothing found" in capsys.readouterr().out


# -- broken copies


def _connector(data: Manifest) -> Any:
    return data["agentConnectors"][0]


def _remote(data: Manifest) -> Any:
    return _connector(data)["toolSource"]["remoteMcpServer"]


def _set_version(data: Manifest, version: str) -> None:
    data["$schema"] = data["$schema"].replace("1.29", version)
    data["manifestVersion"] = version


OF_MANIFEST: Mapping[str, tuple[str, Callable[[Manifest], Any]]] = {
    "unknown member": ("unknown-member", lambda m: m.update(packageName="x")),
    "other schema": ("schema-version", lambda m: m.update({"$schema": m["$schema"].replace("1.29", "1.30")})),
    "older version": ("manifest-version", lambda m: _set_version(m, "1.27")),
    "two numbers": ("version", lambda m: m.update(version="1.0")),
    "below 1.0.0": ("version", lambda m: m.update(version="0.9.0")),
    "no skills or connectors": ("no-plugin", lambda m: (m.pop("agentSkills"), m.pop("agentConnectors"))),
    "no developer": ("developer", lambda m: m["developer"].pop("privacyUrl")),
    "no name": ("name", lambda m: m.pop("name")),
    "no icons": ("icons", lambda m: m.pop("icons")),
    "no GUID": ("id", lambda m: m.update(id="coinpost")),
    "developer of 33": ("too-long", lambda m: m["developer"].update(name="x" * 33)),
    "page over http": ("url", lambda m: m["developer"].update(websiteUrl="http://coinpost.example")),
    "short name of 31": ("too-long", lambda m: m["name"].update(short="x" * 31)),
    "short text of 81": ("too-long", lambda m: m["description"].update(short="x" * 81)),
    "no full text": ("description", lambda m: m["description"].pop("full")),
    "accent by name": ("accent", lambda m: m.update(accentColor="blue")),
    "skill with a name": ("ASKILL-M001", lambda m: m["agentSkills"][0].update(name="x")),
    "folder of 257": ("ASKILL-M003", lambda m: m["agentSkills"][0].update(folder="s" * 257)),
    "folder twice": ("ASKILL-P008", lambda m: m.update(agentSkills=m["agentSkills"] * 2)),
    "connector without a name": ("connector", lambda m: _connector(m).pop("displayName")),
    "connector id twice": ("connector-id", lambda m: m.update(agentConnectors=[_connector(m)] * 2)),
    "11 connectors": (
        "many-connectors",
        lambda m: m.update(agentConnectors=[{**_connector(m), "id": f"c{n}"} for n in range(11)]),
    ),
    "no tool source": ("tool-source", lambda m: _connector(m).update(toolSource={})),
    "server over http": ("server-url", lambda m: _remote(m).update(mcpServerUrl="http://a.example/mcp")),
    "no tool file": ("tool-file", lambda m: _remote(m).pop("mcpToolDescription")),
    "sign-in without an id": ("authorization", lambda m: _remote(m)["authorization"].pop("referenceId")),
    "an id without sign-in": ("authorization", lambda m: _remote(m)["authorization"].update(type="None")),
    "unknown sign-in": ("authorization", lambda m: _remote(m)["authorization"].update(type="Basic")),
    "a placeholder": ("placeholder", lambda m: _remote(m)["authorization"].update(referenceId="REPLACE_ME")),
    "an API key": ("api-key", lambda m: _remote(m)["authorization"].update(type="ApiKeyPluginVault")),
    "dynamic registration": (
        "registration", lambda m: _remote(m)["authorization"].update(type="DynamicClientRegistration"),
    ),
}  # fmt: skip
SKILL = "skills/refund/SKILL.md"
OF_PACKAGE: Mapping[str, tuple[str, Callable[[Files], Any]]] = {
    "21 skills": (
        "ASKILL-M002",
        lambda f: f.update({"manifest.json": _with_skills(f, [f"skills/s{n}" for n in range(21)])}),
    ),
    "no folder": ("ASKILL-P001", lambda f: f.update({"manifest.json": _with_skills(f, ["skills/none"])})),
    "no SKILL.md": ("ASKILL-P002", lambda f: f.update({"skills/refund/more.md": f.pop(SKILL)})),
    "no front matter": ("ASKILL-P003", lambda f: f.update({SKILL: b"hello"})),
    "no name": ("ASKILL-P004", lambda f: f.update({SKILL: f[SKILL].replace(b"name:", b"title:", 1)})),
    "no description": (
        "ASKILL-P005", lambda f: f.update({SKILL: f[SKILL].replace(b"description:", b"summary:", 1)}),
    ),
    "another name": (
        "ASKILL-P006", lambda f: f.update({SKILL: f[SKILL].replace(b"name: refund", b"name: refunds", 1)}),
    ),
    "a name in capitals": (
        "ASKILL-P007", lambda f: f.update({SKILL: f[SKILL].replace(b"name: refund", b"name: Refund", 1)}),
    ),
    "nested skill": ("nested-skill", lambda f: f.update({"skills/refund/more/SKILL.md": f[SKILL]})),
    "21 files": ("companion-count", lambda f: f.update({f"skills/refund/{n}.md": b"x" for n in range(21)})),
    "hidden file": ("companion-name", lambda f: f.update({"skills/refund/.notes.md": b"x"})),
    "name of a device": ("companion-name", lambda f: f.update({"skills/refund/con.md": b"x"})),
    "large file": ("companion-size", lambda f: f.update({"skills/refund/a.bin": bytes(5_000_001)})),
    "no tool file": ("tool-file-missing", lambda f: f.pop("tools.json")),
    "tools of another form": ("tool-file-missing", lambda f: f.update({"tools.json": b"{}"})),
    "a reference in a schema": ("reference", lambda f: f.update({"tools.json": _refer(f)})),
    "tool without a schema": ("tool", lambda f: f.update({"tools.json": _without(f, "inputSchema")})),
    "tool without hints": ("annotations", lambda f: f.update({"tools.json": _without(f, "annotations")})),
    "small icon": ("icon-size", lambda f: f.update({"color.png": f["outline.png"]})),
    "no icon": ("icon-size", lambda f: f.pop("outline.png")),
    "tool file with ./": (
        "tool-file-path",
        lambda f: f.update({"manifest.json": f["manifest.json"].replace(b"tools.json", b"./tools.json")}),
    ),
    "no JSON": ("json", lambda f: f.update({"tools.json": b"{"})),
}  # fmt: skip


def _with_skills(made: Files, folders: list[str]) -> bytes:
    data = json.loads(made["manifest.json"])
    return json.dumps({**data, "agentSkills": [{"folder": folder} for folder in folders]}).encode()


def _refer(made: Files) -> bytes:
    """Return the file of tools with one argument behind a reference."""
    data = json.loads(made["tools.json"])
    schema = data["tools"][0]["inputSchema"]
    schema["$defs"] = schema["properties"].copy()
    name = next(iter(schema["$defs"]))
    schema["properties"][name] = {"$ref": f"#/$defs/{name}"}
    return json.dumps(data).encode()


def _without(made: Files, member: str) -> bytes:
    tools = json.loads(made["tools.json"])
    del tools["tools"][0][member]
    return json.dumps(tools).encode()


@pytest.mark.parametrize("name", OF_MANIFEST)
def test_each_rule_of_the_manifest_has_its_code(name: str, tmp_path: Path) -> None:
    code, change = OF_MANIFEST[name]
    data = manifest()
    change(data)
    assert code in judge({**files(), "manifest.json": json.dumps(data).encode()}, tmp_path)


@pytest.mark.parametrize("name", OF_PACKAGE)
def test_each_rule_of_the_package_has_its_code(name: str, tmp_path: Path) -> None:
    code, change = OF_PACKAGE[name]
    made = files()
    change(made)
    assert code in judge(made, tmp_path)


def test_every_code_has_a_broken_copy_and_a_next_step() -> None:
    codes = table("cowork").codes
    shown = {code for code, _ in (*OF_MANIFEST.values(), *OF_PACKAGE.values())}
    assert set(codes) - shown == {"review"}
    assert all(code.help for code in codes.values())


LEGAL: Mapping[str, Callable[[Manifest], Any]] = {
    "1.28 with a tool file": lambda m: _set_version(m, "1.28"),
    "1.30": lambda m: _set_version(m, "1.30"),
    "no skills": lambda m: m.pop("agentSkills"),
    "no connectors": lambda m: m.pop("agentConnectors"),
    "no authorization": lambda m: _remote(m).pop("authorization"),
    "sign-in of nobody": lambda m: _remote(m).update(authorization={"type": "None"}),
    "a vault of Azure": lambda m: _remote(m)["authorization"].update(type="AzureKeyVault"),
    "an agent beside it": lambda m: m.update(
        copilotAgents={"declarativeAgents": [{"id": "a", "file": "a.json"}]}
    ),
}


@pytest.mark.parametrize("name", LEGAL)
def test_what_is_legal_passes(name: str, tmp_path: Path) -> None:
    data = manifest()
    LEGAL[name](data)
    assert judge({**files(), "manifest.json": json.dumps(data).encode()}, tmp_path) == []


def test_a_package_without_a_hosted_server_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--target", "cowork", "--check"]) == 2
    error = capsys.readouterr().err
    assert "the catalogue has no surface for `cowork`" in error
    assert "Copilot calls a hosted MCP server" in error
