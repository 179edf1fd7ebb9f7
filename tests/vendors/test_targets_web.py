"""llms.txt, the AI catalogue and the API catalogue: what they say, and that they name only what is hosted."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from offering import OFFERING, ROOT, park, shop
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build

LATER = (ROOT / "tests" / "catalogues" / "later.yaml").read_text(encoding="utf-8")
CARD_LINE = "    mcp/server-card.json: /mcp/server-card\n"


@pytest.fixture(scope="module", params=OFFERING)
def model(request: pytest.FixtureRequest) -> Model:
    """A catalogue."""
    return OFFERING[request.param]()


def _text(model: Model) -> str:
    return build(model, only=["web/llms"]).artifacts()[0].data.decode()


def test_sections_come_in_the_order_of_the_proposal(model: Model) -> None:
    lines = _text(model).splitlines()
    assert lines[0] == f"# {model.api.title}"
    assert lines[2].startswith("> ")
    assert [line for line in lines if line.startswith("#")][1:] == ["## API descriptions", "## Optional"]


def test_every_line_of_a_list_begins_with_a_link(model: Model) -> None:
    sections = _text(model).split("\n## ")[1:]
    links = [line for section in sections for line in section.splitlines() if line.startswith("- ")]
    assert len(links) >= 4
    for line in links:
        assert re.fullmatch(r"- \[[^\]]+\]\(https://[^\s)]+\): .+", line), line


def test_every_action_and_every_hosted_document_is_named(model: Model) -> None:
    text = _text(model)
    for action in model.actions:
        assert f"`{action.method} {action.path}`" in text
    for file, path in model.api.hosted.items():
        assert (f"({model.api.server}{path})" in text) == (file != "web/llms.txt")


def test_a_text_cannot_become_a_heading_or_a_link() -> None:
    text = _text(
        shop(
            api__for_people="# Not a heading",
            actions__get_product__description="[a](https://elsewhere.example)",
        )
    )
    assert "> \\# Not a heading" in text
    assert "\\[a\\]" in text


# the catalogues


def _later(*without: str) -> dict[str, Any]:
    """The JSON files of a catalogue with a hosted MCP server, without some of its lines."""
    text = LATER
    for line in without:
        assert line in text
        text = text.replace(line, "")
    built = build(load_text(text, "later.yaml"))
    assert not [found for found in built.diagnostics if found.severity != "note"]
    return {a.path: json.loads(a.data) for a in built.artifacts() if a.path.endswith(".json")}


def test_the_ai_catalogue_names_the_card_where_it_is_hosted_and_holds_it_elsewhere() -> None:
    files = _later()
    (entry,) = files["web/ai-catalog.json"]["entries"]
    assert entry["identifier"] == "urn:air:later.example:mcp:laterpark-mcp"
    assert (entry["url"], "data" in entry) == ("https://later.example/mcp/server-card", False)
    (alone,) = _later(CARD_LINE)["web/ai-catalog.json"]["entries"]
    assert (alone["data"], "url" in alone) == (files["mcp/server-card.json"], False)


def test_both_names_of_the_ai_catalogue_hold_the_same() -> None:
    files = _later()
    assert files["web/ard.json"] == files["web/ai-catalog.json"]


def test_a_host_is_named_as_people_know_it() -> None:
    host = _later()["web/ai-catalog.json"]["host"]
    assert host == {"displayName": "Later Park", "identifier": "later.example"}


def test_queries_are_two_to_five_starters_or_none() -> None:
    server = {"package": "npm:corner-shop-mcp", "url": "https://shop.example/mcp"}

    def queries(*starters: str) -> Any:
        model = shop(surfaces__mcp__server=server, surfaces__copilot__starters=list(starters))
        (file,) = [
            a for a in build(model, only=["web/ai_catalog"]).artifacts() if a.path.endswith("ard.json")
        ]
        return json.loads(file.data)["entries"][0].get("representativeQueries")

    assert queries("Is there a kettle?") is None
    assert queries(*"abcdef") == ["a", "b", "c", "d", "e"]


def test_the_api_catalogue_links_to_hosted_documents_alone() -> None:
    files = _later()
    about, server = files["web/api-catalog.json"]["linkset"]
    hosted = {one["url"] for one in files["pgagents/hosting.json"]["files"]}
    for relation in ("service-desc", "service-meta"):
        assert {one["href"] for one in about[relation]} <= hosted
        assert len(about[relation]) == 2
    assert server["anchor"] == "https://later.example/mcp"
    assert server["service-desc"] == [
        {"href": "https://later.example/mcp/server-card", "type": "application/mcp-server-card+json"}
    ]
    assert len(_later(CARD_LINE)["web/api-catalog.json"]["linkset"]) == 1


def test_a_host_is_told_which_headers_and_links_it_sends() -> None:
    hosting = _later()["pgagents/hosting.json"]
    by_file = {one["file"]: one for one in hosting["files"]}
    assert by_file["web/ai-catalog.json"]["contentType"] == "application/ai-catalog+json"
    assert by_file["web/ai-catalog.json"]["headers"]["Access-Control-Allow-Origin"] == "*"
    assert "headers" not in by_file["openai/openapi.yaml"]
    assert (
        by_file["web/api-catalog.json"]["headers"]["Link"] == '</.well-known/api-catalog>; rel="api-catalog"'
    )
    links = hosting["links"]
    relations = re.findall(r'<([^>]+)>; rel="([^"]+)"', links["header"])
    assert relations == [
        ("/.well-known/ai-catalog.json", "ai-catalog"),
        ("/.well-known/api-catalog", "api-catalog"),
        ("/agents/openapi.yaml", "service-desc"),
    ]
    assert [re.search('href="([^"]+)"', line)[1] for line in links["html"]] == [p for p, _ in relations]  # type: ignore[index]  # each line has one
    assert links["robots"] == "Agentmap: https://later.example/.well-known/ai-catalog.json"


def test_a_host_without_catalogues_is_told_no_links() -> None:
    (file,) = build(shop(), only=["pgagents/hosting"]).artifacts()
    assert "links" not in json.loads(file.data)


def test_the_skills_index_has_the_digest_of_the_bytes_that_are_built() -> None:
    files = {a.path: a.data for a in build(park()).artifacts()}
    index = json.loads(files["web/agent-skills.json"])
    (skill,) = index["skills"]  # the one that is hosted, of several that are built
    data = files["agent_plugin/skills/park-graph/SKILL.md"]
    assert skill["digest"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert skill["url"] == "https://parkgraph.com/.well-known/agent-skills/park-graph/SKILL.md"
