"""Each manifest describes a credential: a bearer key, a key in a header, HTTP Basic, or none."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from pgagents.base.http import Request
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.cli.main import main
from pgagents.generate.build import build, document

ROOT = Path(__file__).parents[2]
SHOP = (ROOT / "tests/catalogues/shop.yaml").read_text(encoding="utf-8")
PARK = (ROOT / "catalogue/park_graph.yaml").read_text(encoding="utf-8")
SCHEMES: dict[str, dict[str, Any] | None] = {
    "bearer": {"type": "http_bearer"},
    "header": {"type": "api_key", "in": "header", "name": "X-Shop-Key"},
    "word": {"type": "api_key", "in": "header", "name": "Authorization", "value": "Token {key}"},
    "quoted": {"type": "api_key", "in": "header", "name": "X-Auth", "value": 'a="${key}`\\'},
    "basic": {"type": "http_basic"},
    "none": None,
}
SHOWN = {
    "bearer": "Authorization: Bearer KEY",
    "header": "X-Shop-Key: KEY",
    "word": "Authorization: Token KEY",
    "basic": "Authorization: Basic BASE64(user:password)",
}


def with_scheme(text: str, kind: str, **surfaces: Any) -> Model:
    """A catalogue with another scheme, and with settings of its surfaces replaced."""
    return _load(text, kind, json.dumps(surfaces))


@cache
def _parse(text: str) -> Any:
    return yaml.load(text, yaml.CSafeLoader)


@cache
def _load(text: str, kind: str, settings: str) -> Model:
    data, surfaces = deepcopy(_parse(text)), json.loads(settings)
    scheme = SCHEMES[kind]
    for action in (*data["actions"].values(), *data.get("operator", {}).get("actions", {}).values()):
        action.pop("security", None)
    data.pop("security", None)
    data["auth"].pop("oauth", None)
    data["auth"]["schemes"] = {"theKey": scheme} if scheme else {}
    for bucket in data.get("limits", {}).get("buckets", {}).values() if scheme is None else ():
        bucket["of"] = "address"  # without keys no call has one that a limit could count for
        bucket.pop("when", None)
    for name, auth in surfaces.items():
        data["surfaces"][name].pop("auth", None)
        data["surfaces"][name] |= {"auth": auth} if auth else {}
    return load_text(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False), "shop.yaml")


def shop(kind: str, **surfaces: Any) -> Model:
    return with_scheme(SHOP, kind, **{"ai_plugin": None, **surfaces})


def file(model: Model, path: str) -> str:
    return next(a.data.decode() for a in document(model, path).artifacts() if a.path == path)


@pytest.mark.parametrize("kind", SHOWN)
def test_llms_txt_shows_the_header(kind: str) -> None:
    assert f"- Send it as `{SHOWN[kind]}`" in file(shop(kind), "web/llms.txt")


def test_llms_txt_of_an_api_without_keys_says_so() -> None:
    text = file(shop("none"), "web/llms.txt")
    assert "- Key: none; every action can be called without one." in text
    assert "Send it as" not in text


@pytest.mark.parametrize("kind", SCHEMES)
def test_mcp_entries_have_a_variable_for_a_key_only(kind: str) -> None:
    model = with_scheme(PARK, kind)
    clients, server = (json.loads(file(model, f"mcp/{name}.json")) for name in ("clients", "server"))
    variables = [v["name"] for v in server["packages"][0]["environmentVariables"]]
    files = (("claude_desktop_config.json", "mcpServers"), (".cursor/mcp.json", "mcpServers"))
    entries = [
        entry
        for name, key in (*files, (".vscode/mcp.json", "servers"))
        for entry in clients[name][key].values()
    ]
    assert all(list(entry["env"]) == variables for entry in entries)
    assert len(variables) == (1 if kind == "none" else 2)
    assert ("inputs" in clients[".vscode/mcp.json"]) == (kind != "none")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("bearer", {"Authentication Type": "API Key", "API Key": "(the key)", "Auth Type": "Bearer"}),
        (
            "header",
            {
                "Authentication Type": "API Key",
                "API Key": "(the key)",
                "Auth Type": "Custom",
                "Custom Header Name": "X-Shop-Key",
            },
        ),
        (
            "word",
            {
                "Authentication Type": "API Key",
                "API Key": "Token (the key)",
                "Auth Type": "Custom",
                "Custom Header Name": "Authorization",
            },
        ),
        (
            "basic",
            {
                "Authentication Type": "API Key",
                "API Key": "(Base64 of user:password)",
                "Auth Type": "Basic",
            },
        ),
        ("none", {"Authentication Type": "None"}),
    ],
)
def test_gpt_builder_sheet_has_the_fields_of_the_form(kind: str, fields: dict[str, str]) -> None:
    text = file(shop(kind), "openai/gpt-builder.md")
    part = text.split("## Authentication")[1].split("##")[0]
    rows = [line.split(" | ")[:2] for line in part.splitlines() if line.startswith("| ")]
    assert {row[0].strip("| "): row[1].strip("`") for row in rows if row[0] != "| field"} == fields


def told(model: Model) -> dict[str, str]:
    """Errors about the credential, by the target that is not written."""
    built = build(model)
    written = {a.target for a in built.artifacts()}
    assert not written & built.withheld
    return {
        d.id.removesuffix("/credential"): d.message
        for d in built.diagnostics
        if d.severity == "error" and d.id.endswith("/credential")
    }


VAULT = {"type": "ApiKeyPluginVault", "reference_id": "shop_key"}


@pytest.mark.parametrize(
    ("kind", "surface", "auth", "target"),
    [
        ("bearer", "copilot", VAULT, ""),
        ("header", "copilot", VAULT, ""),
        ("none", "copilot", None, ""),
        ("bearer", "copilot", {"type": "OAuthPluginVault", "reference_id": "x"}, ""),
        ("none", "copilot", VAULT, "copilot/ai_plugin"),
        ("header", "copilot", None, "copilot/ai_plugin"),
        ("basic", "copilot", VAULT, "copilot/ai_plugin"),
        ("bearer", "ai_plugin", None, ""),
        ("basic", "ai_plugin", None, ""),
        ("none", "ai_plugin", None, ""),
        ("bearer", "ai_plugin", {"type": "user_http", "authorization_type": "bearer"}, ""),
        ("basic", "ai_plugin", {"type": "user_http", "authorization_type": "bearer"}, "openai/ai_plugin"),
        ("none", "ai_plugin", {"type": "user_http", "authorization_type": "bearer"}, "openai/ai_plugin"),
        ("header", "ai_plugin", None, "openai/ai_plugin"),
        ("word", "ai_plugin", None, "openai/ai_plugin"),
    ],
)
def test_manifest_that_would_say_something_wrong_is_not_written_and_the_others_are(
    kind: str, surface: str, auth: dict[str, str] | None, target: str
) -> None:
    fitting = {"copilot": None if kind == "none" else VAULT}
    if kind == "basic" and surface != "copilot":
        fitting = {"copilot": {"type": "OAuthPluginVault", "reference_id": "x"}}
    others = {"ai_plugin": None} if kind not in ("header", "word") or surface == "ai_plugin" else {}
    data = yaml.safe_load(SHOP)
    model = with_scheme(SHOP, kind, **{**fitting, **others, surface: auth})
    if not others:
        del data["surfaces"]["ai_plugin"]
        model = with_scheme(yaml.safe_dump(data, sort_keys=False), kind, **{**fitting, surface: auth})
    found = told(model)
    expected = {target, "copilot/ai_plugin_v24" if target == "copilot/ai_plugin" else target} - {""}
    assert set(found) == expected
    if target:
        rest = {a.target for a in build(model).artifacts()}
        assert {"openapi/openapi", "gemini/functions", "openai/openapi"} <= rest


@pytest.mark.parametrize(("kind", "said"), [("bearer", "bearer"), ("basic", "basic"), ("none", None)])
def test_plugin_manifest_says_the_form_by_default(kind: str, said: str | None) -> None:
    auth = json.loads(file(shop(kind), "openai/ai-plugin.json"))["auth"]
    assert auth.get("authorization_type") == said
    assert auth["type"] == ("none" if kind == "none" else "user_http")


def test_build_writes_the_other_files_and_ends_with_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(shop("header").source.text, encoding="utf-8")
    assert main(["build", "shop.yaml"]) == 1
    error = capsys.readouterr().err
    assert "error[openai/ai_plugin/credential]" in error
    assert "X-Shop-Key: KEY" in error
    assert "not written: generated/openai/ai-plugin.json" in error
    assert not Path("generated/openai/ai-plugin.json").exists()
    assert Path("generated/openai/openapi.yaml").exists()
    assert Path("generated/gemini/functions.json").exists()
    assert main(["build", "shop.yaml", "--check"]) == 1


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("bearer", "Authorization", "Bearer {$inputs.token}"),
        ("header", "X-Shop-Key", "{$inputs.token}"),
        ("word", "Authorization", "Token {$inputs.token}"),
        ("basic", "Authorization", "Basic {$inputs.token}"),
        ("none", None, None),
    ],
)
def test_arazzo_steps_send_the_header(kind: str, name: str | None, value: str | None) -> None:
    text = file(with_scheme(PARK, kind), "arazzo/workflows.arazzo.json")
    steps = [step for workflow in json.loads(text)["workflows"] for step in workflow["steps"]]
    parameters = [p for step in steps for p in step.get("parameters", ())]
    proofs = {(p["name"], p["value"]) for p in parameters if "$inputs.token" in str(p["value"])}
    assert proofs == ({(name, value)} if name else set())
    assert ("Base64 of user:password" in text) == (kind == "basic")


@pytest.mark.parametrize("kind", SCHEMES)
def test_property_tests_send_the_header(kind: str, tmp_path: Path) -> None:
    """The module's own expression is evaluated by Python, as pytest would."""
    source = file(shop(kind), "pgagents/test_contracts.py")
    compile(source, "test_contracts.py", "exec")
    lines = [line.strip() for line in source.splitlines() if line.strip().startswith("headers = {")]
    program = f"import base64, json\nTOKEN = 'ada:pw'\n{lines[0]}\nprint(json.dumps(headers))"
    command = [sys.executable, "-c", program]
    got = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    credential = shop(kind).credential
    expected = dict(credential.add_to(Request("GET", "/"), "ada:pw").headers) if credential else {}
    assert json.loads(got.stdout) == expected
    assert ("import base64" in source) == (kind == "basic")


@pytest.mark.parametrize("kind", SCHEMES)
def test_openapi_documents_of_all_vendors_say_the_scheme(kind: str) -> None:
    model = shop(kind)
    for path in ("openapi/openapi.json", "openai/openapi.json"):
        made = json.loads(file(model, path))
        said = made["components"].get("securitySchemes")
        if kind == "none":
            assert said is None
            assert "security" not in json.dumps(made)
        else:
            assert model.credential is not None
            assert made["security"] == [{"theKey": []}]
            assert dict(model.credential.openapi).items() <= said["theKey"].items()
            marked = "header's value is" in said["theKey"].get("description", "")
            assert marked == (kind in ("word", "quoted"))


@pytest.mark.parametrize("kind", SCHEMES)
def test_page_sends_the_header_in_its_own_form(kind: str) -> None:
    """The page's own template literal, evaluated as the browser would, if node is installed."""
    model = with_scheme(PARK, kind, ai_plugin=None, copilot=None if kind == "none" else VAULT)
    text = file(model, "widget/index.html")
    line = next(line for line in text.splitlines() if "no-referrer" in line and "headers:" in line)
    assert ('id="token"' in text) == (kind != "none")
    expression = line.split("headers: ")[1].rstrip(", ")
    if model.credential is None:
        assert expression == '{ "Content-Type": "application/json" }'
        assert "token)" not in text.split("async function send")[0].split("readToken() {")[-1][:40]
        return
    program = f"const token = 'ada:pw'; console.log(JSON.stringify({expression}))"
    try:
        got = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("node is not installed")
    header, value = model.credential.add_to(Request("GET", "/"), "ada:pw").headers[0]
    assert json.loads(got.stdout) == {header: value, "Content-Type": "application/json"}


@pytest.mark.parametrize("kind", SCHEMES)
def test_text_around_a_key_is_a_listed_loss(kind: str) -> None:
    built = build(shop(kind, copilot=None if kind == "none" else VAULT))
    lost = {
        (r.made.id, loss.went)
        for r in built.rendered
        for loss in getattr(r.made.view, "losses", ())
        if loss.origin[-1:] == ("value",) and loss.origin[:2] == ("auth", "schemes")
    }
    documents = {("openapi/openapi", "description"), ("openai/openapi", "description")}
    assert (documents <= lost) == (kind in ("word", "quoted"))
    assert (("copilot/ai_plugin", "client") in lost) == (kind in ("word", "quoted"))
    assert bool(lost) == (kind in ("word", "quoted"))
