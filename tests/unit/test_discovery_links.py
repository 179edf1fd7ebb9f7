"""The links that verify reads from what a host serves, and which of them it follows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offering import hosted
from pgagents.base.http import Response
from pgagents.verify.cases.discovery import find_path
from pgagents.verify.checks.discovery.advertised_links import (
    MOST_LINKS,
    Link,
    read_links,
    read_page,
    read_robots,
)
from pgagents.verify.setting import Setting, setting_of

HTML = (("Content-Type", "text/html; charset=utf-8"),)


def _hrefs(links: list[Link]) -> list[str]:
    return [link.href for link in links]


def _setting(url: str = "http://127.0.0.1:8000") -> Setting:
    return setting_of(hosted(), url)


def test_entries_of_an_ai_catalogue_are_links_of_their_type() -> None:
    entries = [{"url": "/card", "type": "application/mcp-server-card+json"}, {"data": {}}, 7, {"url": 3}]
    links = read_links("web/ai-catalog.json", json.dumps({"entries": entries}).encode())
    assert links == [Link("/card", "application/mcp-server-card+json")]


def test_skills_are_links_with_a_digest() -> None:
    skills = [{"name": "a", "url": "/a/SKILL.md", "digest": "sha256:00"}, {"name": "b"}]
    links = read_links("web/agent-skills.json", json.dumps({"skills": skills}).encode())
    assert links == [Link("/a/SKILL.md", digest="sha256:00")]


def test_targets_of_a_linkset_are_links_for_programs_or_people() -> None:
    context = {
        "anchor": "https://a.example",
        "service-desc": [{"href": "/openapi.json", "type": "application/json"}],
        "service-doc": [{"href": "/docs"}],
        "https://rel.example/own": [{"href": "/own"}],
    }
    links = read_links("web/api-catalog.json", json.dumps({"linkset": [context]}).encode())
    assert links == [Link("/openapi.json", "application/json"), Link("/docs", machine=False)]


def test_an_overview_has_links_of_markdown() -> None:
    text = b"# A\n- [one](/one): x\n- [two](<https://b.example/two>)\nno [link] (here)\n"
    assert _hrefs(read_links("web/llms.txt", text)) == ["/one", "https://b.example/two"]


def test_robots_names_catalogues_in_any_case() -> None:
    text = b"User-agent: *\nagentmap:   /a.json\n  AGENTMAP: https://b.example/b.json\nSitemap: /c.xml\n"
    assert _hrefs(read_robots(text)) == ["/a.json", "https://b.example/b.json"]


def test_a_page_has_links_in_headers_and_elements() -> None:
    headers = (
        *HTML,
        (
            "Link",
            (
                "</x.css>; rel=preload; as=style, "
                '</a.json>; type="application/ai-catalog+json"; rel="x ai-catalog"'
            ),
        ),
        ("link", "<o.yaml>; REL=service-desc"),
    )
    page = b'<html><head><LINK REL="Api-Catalog" HREF="/.well-known/api-catalog"><link rel=icon href=/i.png>'
    links = read_page(Response(200, headers, page))
    assert _hrefs(links) == ["/a.json", "o.yaml", "/.well-known/api-catalog"]
    assert links[0].media == "application/ai-catalog+json"


def test_elements_are_read_from_pages_alone() -> None:
    page = b'<link rel="ai-catalog" href="/a">'
    assert read_page(Response(200, (("Content-Type", "application/json"),), page)) == []


HOSTILE: list[Any] = [
    b"", b"\xff\xfe", b"[" * 100_000, b'{"entries": {"url": "/a"}}', b'{"linkset": [[]]}', b"null",
    b"[](" * 200_000, b"[a](" + b"x" * 1_000_000 + b")", b"<" * 500_000, b"Agentmap:" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_comes_is_read_without_an_error(body: bytes) -> None:
    for file in ("web/ai-catalog.json", "web/api-catalog.json", "web/llms.txt", "mcp/server-card.json"):
        assert read_links(file, body) == []
    assert read_robots(body) == [] or body.startswith(b"Agentmap")
    told = body[:30_000].decode("latin-1")
    assert read_page(Response(200, (*HTML, ("Link", told)), body)) == []


def test_a_section_that_no_markup_has_ends_a_page_without_an_error() -> None:
    page = b'<link rel="service-desc" href="/o"><![pgv[x]]><link rel="service-meta" href="/m">'
    assert _hrefs(read_page(Response(200, HTML, page))) == ["/o"]


def test_an_item_is_an_api_and_no_document() -> None:
    """The path of an API itself answers as it likes (RFC 9727, 4)."""
    context = {"anchor": "https://a.example", "item": [{"href": "/apis/foo"}]}
    assert read_links("web/api-catalog.json", json.dumps({"linkset": [context]}).encode()) == []


def test_only_so_many_links_are_read() -> None:
    entries = [{"url": f"/{n}", "type": "a/b"} for n in range(5_000)]
    assert len(read_links("web/ai-catalog.json", json.dumps({"entries": entries}).encode())) == MOST_LINKS


@pytest.mark.parametrize(
    ("link", "machine", "path"),
    [
        ("/a?b=c#d", True, "/a?b=c"),
        ("a.json", True, "/.well-known/a.json"),
        ("http://127.0.0.1:8000/a", False, "/a"),
        ("https://shop.example/mcp/server-card", False, "/mcp/server-card"),
        ("https://shop.example/renamed.json", True, "/renamed.json"),
        ("https://SHOP.example:443/renamed.json", True, "/renamed.json"),
        ("https://shop.example/terms", False, ""),
        ("https://elsewhere.example/a", True, ""),
        ("//elsewhere.example/a", True, ""),
        ("http://127.0.0.1:8001/a", True, ""),
        ("http://127.0.0.1:8000@elsewhere.example/a", True, ""),
        ("https://shop.example.evil.example/a", True, ""),
        ("http://shop.example/a", True, ""),
        ("mailto:a@shop.example", True, ""),
        ("javascript:alert(1)", True, ""),
        ("http://[", True, ""),
        ("http://127.0.0.1:99999/a", True, ""),
    ],
)
def test_a_link_is_followed_on_the_target_alone(link: str, machine: bool, path: str) -> None:
    assert find_path(_setting(), link, "/.well-known/ai-catalog.json", machine=machine) == path


def test_a_link_outside_the_path_of_the_address_is_not_followed() -> None:
    setting = _setting("http://127.0.0.1:8000/v1")
    assert find_path(setting, "/v1/a", "/b", machine=True) == "/a"
    assert find_path(setting, "/a", "/b", machine=True) == ""
    assert find_path(setting, "/v10/a", "/b", machine=True) == ""


def test_a_link_has_no_line_break_that_could_end_a_header() -> None:
    assert "\n" not in find_path(_setting(), "/a\r\nX-Evil: 1", "/", machine=True)
