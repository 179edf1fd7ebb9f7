"""Read the links that a document, a page or robots.txt advertises to agents.

The number and length of links are bounded, because the texts come from outside.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from pgagents.http import Response, read_json
from pgagents.verify.cases.discovery.places import AI_CATALOG, API_CATALOG, ARD, LLMS, SKILLS_INDEX

MOST_LINKS = 200
"""The most links that are read from one source; fewer are followed."""
MOST_BYTES = 2_000_000
MACHINE = frozenset(("ai-catalog", "api-catalog", "service-desc", "service-meta", "item"))
"""Link relations whose targets are read by programs."""
PEOPLE = frozenset(("service-doc", "status", "terms-of-service", "privacy-policy"))
_AGENTMAP = re.compile(r"(?im)^[ \t]*Agentmap:[ \t]*(\S{1,2000})")
_MARKDOWN = re.compile(r"\[[^\]\n]{0,500}\]\(<?([^\s()<>]{1,2000})>?\)")
_LINK = re.compile(r'<([^<>]{1,2000})>((?:\s*;\s*[A-Za-z*-]{1,40}\s*=\s*(?:"[^"]{0,300}"|[^\s",;]{1,300}))*)')
_PARAMETER = re.compile(r';\s*([A-Za-z*-]{1,40})\s*=\s*(?:"([^"]{0,300})"|([^\s",;]{1,300}))')


@dataclass(frozen=True, slots=True)
class Link:
    """An advertised link.

    `media` is the promised media type; empty if none is promised. `machine` is true if programs follow the
    link, so that its target must exist. `digest` is `sha256:` and the promised hash of the target's bytes;
    empty if none is promised.
    """

    href: str
    media: str = ""
    machine: bool = True
    digest: str = ""


def read_links(file: str, body: bytes) -> list[Link]:
    """Return the links in a document that agents look for; empty if the document cannot be parsed."""
    reader = _READERS.get(file)
    if reader is None or len(body) > MOST_BYTES:
        return []
    return _bound(reader(body))


def read_robots(body: bytes) -> list[Link]:
    """Return the AI catalogues that a robots.txt names (ARD 0.91, 6.1)."""
    text = body[:MOST_BYTES].decode("utf-8", "replace")
    return _bound(Link(found[1], "application/ai-catalog+json") for found in _AGENTMAP.finditer(text))


def read_page(answer: Response) -> list[Link]:
    """Return the links for agents in a page's Link headers (RFC 8288) and link elements."""
    found = [
        link for name, value in answer.headers if name.lower() == "link" for link in _parse_header(value)
    ]
    kind = answer.media_type
    if kind in ("text/html", "application/xhtml+xml"):
        parser = _Elements()
        parser.feed(answer.body[:MOST_BYTES].decode("utf-8", "replace"))
        found += parser.found
    return _bound(iter(found))


def _bound(links: Iterator[Link]) -> list[Link]:
    """Return the first links, each of them once."""
    found: dict[str, Link] = {}
    for link in links:
        found.setdefault(link.href, link)
        if len(found) == MOST_LINKS:
            break
    return list(found.values())


def _of_relation(href: str, relation: str, media: str) -> Iterator[Link]:
    """Yield a link for each of its relations that is for agents."""
    names = set(relation.lower().split())
    if href and names & (MACHINE | PEOPLE):
        yield Link(href, media, bool(names & MACHINE))


def _parse_header(value: str) -> Iterator[Link]:
    for found in _LINK.finditer(value[:20_000]):
        told = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(found[2])}
        yield from _of_relation(found[1], told.get("rel", ""), told.get("type", ""))


class _Elements(HTMLParser):
    """Collects the link elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link element."""
        if tag == "link" and len(self.found) < MOST_LINKS:
            told = {name: value or "" for name, value in attrs}
            self.found += _of_relation(told.get("href", ""), told.get("rel", ""), told.get("type", ""))


def _read_ai_catalog(body: bytes) -> Iterator[Link]:
    for entry in _members(read_json(body).value, "entries"):
        if url := _text(entry, "url"):
            yield Link(url, _text(entry, "type"))


def _read_skills(body: bytes) -> Iterator[Link]:
    for skill in _members(read_json(body).value, "skills"):
        if url := _text(skill, "url"):
            yield Link(url, digest=_text(skill, "digest"))


def _read_linkset(body: bytes) -> Iterator[Link]:
    for context in _members(read_json(body).value, "linkset"):
        for relation in context:
            for target in _members(context, relation):
                yield from _of_relation(_text(target, "href"), str(relation), _text(target, "type"))


def _read_markdown(body: bytes) -> Iterator[Link]:
    for found in _MARKDOWN.finditer(body.decode("utf-8", "replace")):
        yield Link(found[1], machine=False)


def _members(value: Any, name: str) -> list[Mapping[str, Any]]:
    """Return the objects in a member that is a list."""
    there = value.get(name) if isinstance(value, Mapping) else None
    return [one for one in there if isinstance(one, Mapping)] if isinstance(there, list) else []


def _text(value: Mapping[str, Any], name: str) -> str:
    there = value.get(name)
    return there if isinstance(there, str) else ""


_READERS: Mapping[str, Callable[[bytes], Iterator[Link]]] = {
    AI_CATALOG: _read_ai_catalog,
    ARD: _read_ai_catalog,
    API_CATALOG: _read_linkset,
    SKILLS_INDEX: _read_skills,
    LLMS: _read_markdown,
}
