"""`lint` of a connector to an MCP server: a right one, broken copies with their codes, and legal ones."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from loading import read_once
from pgagents.cli.main import main
from pgagents.generate.build import build
from pgagents.lint.packages.fields import table
from pgagents.lint.packages.verdict import judge_path
from sandboxes import ROOT

DEFINITION, PROPERTIES, ICON = "apiDefinition.swagger.json", "apiProperties.json", "icon.png"
AGENT = "x-ms-agentic-protocol"
Document = dict[str, Any]
Files = dict[str, bytes]
KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
SECRET = {"type": "securestring", "uiDefinition": {"displayName": "Key"}}


@cache
def generated(name: str = "library") -> Files:
    """Return the connector of a catalogue, by the names of its files."""
    made = build(read_once(ROOT / f"tests/catalogues/{name}.yaml"), only=("power_platform",)).artifacts()
    return {artifact.path.rpartition("/")[2]: artifact.data for artifact in made}


def judge(files: Files, folder: Path) -> set[str]:
    """Return the codes of lint's findings about these files."""
    for path, data in files.items():
        (folder / path).write_bytes(data)
    found = judge_path(str(folder), "power-platform").found
    return {diagnostic.id.removeprefix("power-platform/") for diagnostic in found}


def edit(path: str, change: Callable[[Document], Any]) -> Files:
    """Return the library's connector with one file changed."""
    files = dict(generated())
    data = json.loads(files[path])
    change(data if path == DEFINITION else data["properties"])
    return {**files, path: json.dumps(data).encode()}


def operation(definition: Document) -> Any:
    return definition["paths"]["/v1/mcp"]["post"]


def keyed(definition: Document, **members: Any) -> None:
    definition["securityDefinitions"] = {"k": {**KEY, **members}}


@pytest.mark.parametrize("name", ["library", "payments"])
def test_a_generated_connector_is_recognised_and_taken(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge(generated(name), tmp_path) == set()
    assert main(["lint", str(tmp_path)]) == 0
    assert main(["lint", str(tmp_path / DEFINITION)]) == 0
    assert capsys.readouterr().out.count("(power-platform): nothing found") == 2


OF_DEFINITION: Mapping[str, tuple[str, Callable[[Document], Any]]] = {
    "OpenAPI 3": ("swagger", lambda d: d.update(swagger="3.0.3")),
    "host with a scheme": ("host", lambda d: d.update(host="https://a.example")),
    "http beside https": ("https", lambda d: d.update(schemes=["https", "http"])),
    "http": ("https", lambda d: d.update(schemes=["http"])),
    "title of 31": ("title", lambda d: d["info"].update(title="x" * 31)),
    "title with API": ("title", lambda d: d["info"].update(title="Lending API")),
    "title with a product": ("title", lambda d: d["info"].update(title="Lending for Power Apps")),
    "no description": ("description", lambda d: d["info"].pop("description")),
    "description with a product": (
        "description", lambda d: d["info"].update(description="Holds from Power Automate."),
    ),
    "no contact": ("contact", lambda d: d["info"].pop("contact")),
    "no metadata": ("metadata", lambda d: d.pop("x-ms-connector-metadata")),
    "no policy": ("metadata", lambda d: d["x-ms-connector-metadata"].pop(1)),
    "problem+json": ("media-type", lambda d: d["produces"].append("application/problem+json")),
    "no agent": ("no-agent", lambda d: operation(d).pop(AGENT)),
    "another protocol": ("protocol", lambda d: operation(d).update({AGENT: "mcp-sse-1.0"})),
    "a GET": ("method", lambda d: d["paths"].update({"/v1/mcp": {"get": operation(d)}})),
    "no answer": ("answer", lambda d: operation(d).update(responses={"default": {"description": "It."}})),
    "id in camel case": ("operation-id", lambda d: operation(d).update(operationId="invokeMcp")),
    "summary of 81": ("summary", lambda d: operation(d).update(summary="x" * 81)),
    "summary with a slash": ("summary", lambda d: operation(d).update(summary="Find/hold")),
    "summary with a full stop": ("summary", lambda d: operation(d).update(summary="Holds.")),
    "text without a full stop": (
        "operation-description", lambda d: operation(d).update(description="Calls the tools"),
    ),
    "text like the summary": (
        "operation-description", lambda d: operation(d).update(description=f"{operation(d)['summary']}."),
    ),
    "key in the query": ("sign-in", lambda d: keyed(d, **{"in": "query"})),
}  # fmt: skip
OF_PROPERTIES: Mapping[str, tuple[str, Callable[[Document], Any]]] = {
    "white": ("colour", lambda p: p.update(iconBrandColor="#FFFFFF")),
    "the default blue": ("colour", lambda p: p.update(iconBrandColor="#007ee5")),
    "a colour by name": ("colour", lambda p: p.update(iconBrandColor="green")),
    "no publisher": ("publisher", lambda p: p.pop("publisher")),
}
OF_FILES: Mapping[str, tuple[str, Callable[[Files], Any]]] = {
    "no definition": ("no-connector", lambda f: f.pop(DEFINITION)),
    "no properties": ("json", lambda f: f.pop(PROPERTIES)),
    "a definition that is not JSON": ("json", lambda f: f.update({DEFINITION: b"{"})),
    "no icon": ("icon", lambda f: f.pop(ICON)),
    "an icon that is none": ("icon", lambda f: f.update({ICON: b"GIF89a"})),
    "a large icon": ("icon", lambda f: f.update({ICON: bytes(1_000_000)})),
}


@pytest.mark.parametrize("name", [*OF_DEFINITION, *OF_PROPERTIES])
def test_each_rule_of_a_file_has_its_code(name: str, tmp_path: Path) -> None:
    path = DEFINITION if name in OF_DEFINITION else PROPERTIES
    code, change = {**OF_DEFINITION, **OF_PROPERTIES}[name]
    found = judge(edit(path, change), tmp_path)
    assert found == {code}


@pytest.mark.parametrize("name", OF_FILES)
def test_each_rule_of_the_package_has_its_code(name: str, tmp_path: Path) -> None:
    code, change = OF_FILES[name]
    files = dict(generated())
    change(files)
    assert judge(files, tmp_path) == {code}


@pytest.mark.parametrize("kind", ["securestring", "string"])
def test_a_key_is_asked_for_as_a_secret(kind: str, tmp_path: Path) -> None:
    files = edit(DEFINITION, keyed)
    properties = json.loads(files[PROPERTIES])
    properties["properties"]["connectionParameters"] = {"k": {**SECRET, "type": kind}}
    found = judge({**files, PROPERTIES: json.dumps(properties).encode()}, tmp_path)
    assert found == (set() if kind == "securestring" else {"sign-in"})


def _add_operation(definition: Document) -> None:
    other = copy.deepcopy(operation(definition))
    del other[AGENT]
    definition["paths"]["/v1/titles"] = {"get": {**other, "operationId": "listTitles"}}


LEGAL: Mapping[str, Callable[[Document], Any]] = {
    "an ordinary operation beside it": _add_operation,
    "another path": lambda d: d.update(paths={"/": {"post": operation(d)}}),
    "a port": lambda d: d.update(host="mcp.lending.example:8443"),
    "no media types": lambda d: (d.pop("produces"), d.pop("consumes")),
    "an answer to errors": lambda d: operation(d)["responses"].update(default={"description": "An error."}),
}


@pytest.mark.parametrize("name", LEGAL)
def test_what_is_legal_passes(name: str, tmp_path: Path) -> None:
    assert judge(edit(DEFINITION, LEGAL[name]), tmp_path) == set()


def test_every_code_has_a_broken_copy_and_a_next_step() -> None:
    codes = table("power_platform").codes
    shown = {code for code, _ in (*OF_DEFINITION.values(), *OF_PROPERTIES.values(), *OF_FILES.values())}
    assert set(codes) - shown == {"operations", "review"}
    assert all(code.help for code in codes.values())
