"""Microsoft's parser, generator and schemas accept what is generated, and would have said so if not."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, Draft202012Validator

from offering import park, shop
from pgagents.generate.build import build, document
from pgagents.generate.package import pack

pytestmark = pytest.mark.interop

HERE = Path(__file__).resolve().parent
PUBLISHED = HERE / "node_modules/@microsoft/app-manifest/build/json-schemas/copilot/plugin/v2.2/schema.json"
OURS = HERE.parents[1] / "schemas/vendor/copilot/ai_plugin.schema.json"

Judge = Callable[..., Any]


@pytest.fixture(scope="session")
def spec(generated: Path) -> Any:
    return yaml.safe_load((generated / "copilot/openapi-3.0.yaml").read_text(encoding="utf-8"))


def written(folder: Path, data: Any) -> Path:
    file = folder / "document.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def a_write(data: Any) -> Any:
    """The first operation with a body."""
    return next(o for item in data["paths"].values() for o in item.values() if "requestBody" in o)


def test_parser_takes_every_operation(node: Judge, generated: Path, spec: Any) -> None:
    found = node("judge_openapi.cjs", generated / "copilot/openapi-3.0.yaml")
    assert (found["status"], found["errors"], found["warnings"]) == ("Valid", [], [])
    assert [o["id"] for o in found["operations"]] == [
        o["operationId"] for item in spec["paths"].values() for o in item.values()
    ]
    assert all(o["usable"] for o in found["operations"]), found["operations"]


def test_generator_makes_a_plugin_with_the_same_functions(
    node: Judge, generated: Path, tmp_path: Path
) -> None:
    found = node("generate_plugin.cjs", generated / "copilot/openapi-3.0.yaml", tmp_path)
    assert "refused" not in found, found
    assert (found["allSuccess"], found["warnings"]) == (True, [])
    ours = json.loads((generated / "copilot/ai-plugin.json").read_text(encoding="utf-8"))
    assert [f["name"] for f in found["plugin"]["functions"]] == [f["name"] for f in ours["functions"]]


@pytest.mark.parametrize("name", ["ai-plugin.json", "ai-plugin.v2.4.json"])
def test_manifest_is_valid_by_the_published_schema(node: Judge, generated: Path, name: str) -> None:
    assert node("judge_manifest.cjs", generated / "copilot" / name) == {"errors": []}


def test_plugin_for_an_mcp_server_is_valid_by_the_published_schema(node: Judge, tmp_path: Path) -> None:
    plugin = document(shop(), "copilot/mcp-plugin.json").data
    assert node("judge_manifest.cjs", written(tmp_path, plugin)) == {"errors": []}
    plugin["runtimes"][0]["spec"].pop("url")
    assert node("judge_manifest.cjs", written(tmp_path, plugin))["errors"]


def test_package_is_valid_by_the_published_schemas(node: Judge, tmp_path: Path) -> None:
    """Every file of the zip by its own judge, as it stands in the zip."""
    model = park()
    packed = pack(model, build(model), {"parkgraph_api_key": "a-reference"}).made[0]
    with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
        archive.extractall(tmp_path)
    for name in ("manifest.json", "declarativeAgent.json", "ai-plugin.json"):
        assert node("judge_manifest.cjs", tmp_path / name) == {"errors": []}, name
    assert node("judge_openapi.cjs", tmp_path / "openapi-3.0.yaml")["status"] == "Valid"
    broken = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    broken["name"]["short"] = "x" * 31
    assert node("judge_manifest.cjs", written(tmp_path, broken))["errors"]


def test_parser_refuses_3_1_and_half_lowered_schemas(node: Judge, spec: Any, tmp_path: Path) -> None:
    newer = {**spec, "openapi": "3.1.0"}
    assert "spec-version-not-supported" in node("judge_openapi.cjs", written(tmp_path, newer))["errors"]
    half = copy.deepcopy(spec)
    schema = a_write(half)["requestBody"]["content"]["application/json"]["schema"]
    schema["properties"]["maybe"] = {"type": ["string", "null"]}
    assert "spec-not-valid" in node("judge_openapi.cjs", written(tmp_path, half))["errors"]


def test_generator_refuses_a_nested_body(node: Judge, spec: Any, tmp_path: Path) -> None:
    nested = copy.deepcopy(spec)
    schema = a_write(nested)["requestBody"]["content"]["application/json"]["schema"]
    schema["properties"]["inner"] = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert "Unsupported schema" in node("generate_plugin.cjs", written(tmp_path, nested), tmp_path)["refused"]


def _functions(data: Any) -> Any:
    return data["functions"][0]


FAULTS: dict[str, Callable[[Any], Any]] = {
    "unknown member": lambda d: d.update(unheard_of=1),
    "schema_version": lambda d: d.update(schema_version="v2.1"),
    "no name": lambda d: d.pop("name_for_human"),
    "no namespace": lambda d: d.pop("namespace"),
    "namespace": lambda d: d.update(namespace="park graph"),
    "no description": lambda d: d.pop("description_for_human"),
    "description": lambda d: d.update(description_for_model=1),
    "functions": lambda d: d.update(functions={}),
    "function without name": lambda d: _functions(d).pop("name"),
    "function name": lambda d: _functions(d).update(name="a b"),
    "function member": lambda d: _functions(d).update(title="x"),
    "state": lambda d: _functions(d).update(states={"disengaging": {}}),
    "state member": lambda d: _functions(d).update(states={"reasoning": {"rules": []}}),
    "instructions": lambda d: _functions(d).update(states={"reasoning": {"instructions": [1]}}),
    "confirmation type": lambda d: _functions(d)["capabilities"].update(confirmation={"type": "Card"}),
    "confirmation member": lambda d: _functions(d)["capabilities"].update(
        confirmation={"isNonConsequential": True}
    ),
    "data_handling": lambda d: _functions(d)["capabilities"].update(
        security_info={"data_handling": ["DataExport"]}
    ),
    "capability": lambda d: _functions(d)["capabilities"].update(cards={}),
    "semantics": lambda d: _functions(d)["capabilities"].update(response_semantics={}),
    "parameter type": lambda d: _functions(d).update(parameters={"properties": {"a": {"type": "object"}}}),
    "parameter keyword": lambda d: _functions(d).update(
        parameters={"properties": {"a": {"type": "string", "minLength": 1}}}
    ),
    "runtime type": lambda d: d["runtimes"][0].update(type="OpenAPI"),
    "runtime without auth": lambda d: d["runtimes"][0].pop("auth"),
    "runtime without spec": lambda d: d["runtimes"][0].pop("spec"),
    "runtime member": lambda d: d["runtimes"][0].update(url="x"),
    "auth type": lambda d: d["runtimes"][0]["auth"].update(type="none"),
    "auth member": lambda d: d["runtimes"][0]["auth"].update(key="x"),
    "no reference": lambda d: d["runtimes"][0]["auth"].pop("reference_id"),
    "spec": lambda d: d["runtimes"][0].update(spec={}),
    "progress_style": lambda d: d["runtimes"][0]["spec"].update(progress_style="Loud"),
    "starter": lambda d: d.update(capabilities={"conversation_starters": [{"title": "x"}]}),
    "plugin capability": lambda d: d.update(capabilities={"localization": {}}),
}


@pytest.mark.usefixtures("node")
def test_our_schema_refuses_whatever_theirs_does(generated: Path) -> None:
    """Theirs names draft-04, whose readers skip `const`, `if` and `propertyNames`; it means draft-07."""
    theirs = Draft7Validator(json.loads(PUBLISHED.read_text(encoding="utf-8-sig")))
    ours = Draft202012Validator(json.loads(OURS.read_text(encoding="utf-8")))
    manifest = json.loads((generated / "copilot/ai-plugin.json").read_text(encoding="utf-8"))
    assert theirs.is_valid(manifest)
    assert ours.is_valid(manifest)
    for name, change in FAULTS.items():
        changed = copy.deepcopy(manifest)
        change(changed)
        assert not theirs.is_valid(changed), name
        assert not ours.is_valid(changed), name


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(unheard_of=1),
        lambda d: d.pop("description_for_human"),
        lambda d: d["runtimes"][0]["auth"].pop("reference_id"),
        lambda d: d["functions"][0].update(name="search-parking"),
    ],
    ids=["unknown-member", "no-description", "no-reference", "function-name"],
)
def test_schema_refuses_a_bad_manifest(
    node: Judge, generated: Path, tmp_path: Path, change: Callable[[Any], None]
) -> None:
    manifest = json.loads((generated / "copilot/ai-plugin.json").read_text(encoding="utf-8"))
    change(manifest)
    assert node("judge_manifest.cjs", written(tmp_path, manifest))["errors"]
