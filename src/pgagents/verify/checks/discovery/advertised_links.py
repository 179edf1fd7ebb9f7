"""The documents that the host advertises to agents exist, and have the media type that the link promises.

Links come from the documents of `api.hosted`, the front page (Link headers and link elements, RFC 8288) and
robots.txt (Agentmap, ARD 0.91). They are followed without a key, on the target alone. Links to other hosts
are never called, because nobody allowed that; they are listed as not selected.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.http import Response, media_type_of, read_json
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.discovery import (
    AI_CATALOG,
    API_CATALOG,
    ARD,
    HOME,
    LLMS,
    REDIRECTS,
    ROBOTS,
    SKILLS_INDEX,
    fetch,
    find_https,
    find_path,
    judge_over_https,
    list_hosted,
)
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.projections import build_file
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.endpoint import REST
from pgagents.verify.wire.exchange import Exchange

GONE = (404, 410)
NOT_ALLOWED = 405
SHA256 = "sha256:"
MOST_FOLLOWED = 25
"""The most links of one source that are followed: `--max-requests` is 300 by default."""
MOST_NAMED = 3
FRONT, AGENTMAP, ELSEWHERE = "front_page", "robots.txt", "other_hosts"
AWAY = "these links lead away from the address under test, which alone is called"
NO_ROOT = "the address has a path, and these places stand at the root of a host"
_YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
_ANY = ("text/plain", "application/octet-stream", "")
"""Media types with which servers send YAML and Markdown, and which say nothing about the format."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each source of links, and one for the links to other hosts."""
    del roles
    hosted = list_hosted(setting.model)
    elsewhere: list[str] = []
    for file, path in hosted.items():
        built = build_file(setting, file)
        links = read_links(file, built.body) if built is not None else []
        own = [link for link in links if find_path(setting, link.href, path, machine=link.machine)]
        elsewhere += [link.href for link in links if link not in own]
        if own:
            attempt = Attempt(
                partial(_try_document, file, path), cost=1 + min(len(own), MOST_FOLLOWED), role=""
            )
            yield _make_case(file, f"what {path} links to is there", ("api", "hosted", file), attempt)
    if not hosted and not setting.discovery:
        return
    at = ("api", "hosted") if hosted else ("api",)
    unreachable = None if _at_root(setting) else (Verdict.NOT_APPLICABLE, NO_ROOT)
    case = partial(_make_case, origin=at, settled=unreachable)
    says = "what the front page's Link headers and link elements point to is there"
    yield case(FRONT, says, attempt=Attempt(_try_page, cost=1 + len(hosted), role=""))
    says = "the AI catalogue that robots.txt names is there"
    yield case(AGENTMAP, says, attempt=Attempt(_try_robots, cost=2, role=""))
    if hrefs := list(dict.fromkeys(elsewhere)):
        named = ", ".join(hrefs[:MOST_NAMED]) + (", …" if len(hrefs) > MOST_NAMED else "")
        says = f"what the documents link to elsewhere is there: {named}"
        yield _make_case(ELSEWHERE, says, at, settled=(Verdict.NOT_SELECTED, AWAY))


def _at_root(setting: Setting) -> bool:
    """True if the target's base URL has no path, so that the host's own paths can be requested."""
    return not urlsplit(setting.url).path.strip("/")


def _make_case(
    detail: str,
    says: str,
    origin: tuple[str, ...],
    attempt: Attempt | None = None,
    settled: tuple[Verdict, str] | None = None,
) -> Case:
    return Case(None, says, origin, attempt, detail, settled=settled, place=f"@{REST}")


def _try_document(file: str, path: str, trial: Trial) -> None:
    answer, at = fetch(trial.setting, path, f"the links of {path}")
    if address := find_https(trial.setting, answer):
        conclude(judge_over_https(trial, address))
    if answer.void or answer.status != 200 or answer.response is None:
        return  # hosted_document reports that it is missing
    _follow(trial, path, at, read_links(file, answer.response.body))


def _try_page(trial: Trial) -> None:
    answer, at = fetch(trial.setting, HOME, "the links of the front page")
    if not answer.void:
        links = read_page(answer.response) if answer.response is not None else []
        _follow(trial, "the front page", at, links)


def _try_robots(trial: Trial) -> None:
    answer, at = fetch(trial.setting, ROBOTS, "the AI catalogue that robots.txt names")
    if not answer.void:
        there = answer.status == 200 and answer.response is not None
        links = read_robots(answer.response.body) if there and answer.response is not None else []
        _follow(trial, ROBOTS, at, links)


def _follow(trial: Trial, source: str, at: str, links: Sequence[Link]) -> None:
    """Follow the links that lead to the target. Judge the first wrong one; if there is none, all are
    right.
    """
    judgement = _judge_links(trial, source, at, links)
    conclude(judgement if judgement is not None else trial.kept())


def _judge_links(trial: Trial, source: str, at: str, links: Sequence[Link]) -> Judgement | None:
    """Follow the links; return the judgement of the first wrong link, or None."""
    followed: set[str] = set()
    for link in links:
        path = find_path(trial.setting, link.href, at, machine=link.machine)
        if not path or path in followed:
            continue
        if len(followed) == MOST_FOLLOWED:
            return trial.untested(f"only the first {MOST_FOLLOWED} links were followed", sticky=True)
        followed.add(path)
        answer, _ = fetch(trial.setting, path, f"what {source} links to")
        if answer.void:
            return trial.untested(f"{path} was answered {answer.outcome}")
        if mismatch := _find_mismatch(link, answer):
            expected, actual = mismatch
            return trial.broken(f"{source} links to {path}: {expected}", actual)
    return None


def _find_mismatch(link: Link, answer: Exchange) -> tuple[str, str] | None:
    """Return the expected and the actual answer of a wrong link; None if the answer is right."""
    if answer.status in REDIRECTS:
        return None  # it leads to another host, which is not called
    if answer.status == NOT_ALLOWED:
        return None  # it takes POST alone, as MCP servers without a stream do
    gone = answer.status in GONE or answer.status >= 500  # a page for people may ask for a login: 401, 403
    if gone or (link.machine and answer.status != 200):
        return "something is there", f"it is answered {answer.outcome}"
    wanted, actual = media_type_of(link.media), answer.media_type
    if wanted and not _fits(wanted, actual):
        return f"it is {wanted}", f"Content-Type: {actual or 'none'}"
    if answer.response is None:
        return None
    if _is_json(wanted) and (problem := read_json(answer.response.body).problem):
        return f"it is {wanted}", f"it is not JSON: {problem}"
    digest = SHA256 + hashlib.sha256(answer.response.body).hexdigest()
    if link.digest.startswith(SHA256) and digest != link.digest.lower():
        return f"its digest is {link.digest[:80]}", f"it is {digest}"
    return None


def _is_json(media: str) -> bool:
    return media == "application/json" or media.endswith("+json")


def _fits(wanted: str, actual: str) -> bool:
    """True if a document of one media type may be sent as the other.

    JSON may have any JSON type. YAML and Markdown may be plain text.
    """
    if wanted == actual:
        return True
    if _is_json(wanted):
        return _is_json(actual)
    if wanted in _YAML or wanted.endswith("+yaml"):
        return actual in (*_YAML, *_ANY) or actual.endswith("+yaml")
    return wanted.startswith("text/") and wanted != "text/html" and actual in ("text/markdown", *_ANY)


CHECK = make_check("advertised_links", __doc__, cases, stage=3, overlap="all", rank=Rank.WRONG)


# -- links that a document, a page or robots.txt advertises.
#
# The number and length of links are bounded, because the texts come from outside.


MOST_LINKS = 200
"""The most links that are read from one source; fewer lead to the target and are followed."""
MOST_BYTES = 2_000_000
MACHINE = frozenset(("ai-catalog", "api-catalog", "service-desc", "service-meta"))
"""Link relations whose targets are read by programs. An `item` is an API, whose own path may be no page (RFC
9727, 4).
"""
PEOPLE = frozenset(("service-doc", "status", "terms-of-service", "privacy-policy"))
"""Link relations of RFC 8631 and RFC 6903 whose targets are pages."""
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
    return _bound(Link(match[1], "application/ai-catalog+json") for match in _AGENTMAP.finditer(text))


def read_page(answer: Response) -> list[Link]:
    """Return the links for agents in a page's Link headers (RFC 8288) and link elements."""
    headers = (value for name, value in answer.headers if name.lower() == "link")
    links = [link for value in headers for link in _parse_header(value)]
    if answer.media_type in ("text/html", "application/xhtml+xml"):
        parser = _Elements()
        with suppress(AssertionError):  # HTMLParser raises it for a marked section that SGML does not know
            parser.feed(answer.body[:MOST_BYTES].decode("utf-8", "replace"))
        links += parser.links
    return _bound(iter(links))


def _bound(links: Iterator[Link]) -> list[Link]:
    """Return the first links, each of them once."""
    by_href: dict[str, Link] = {}
    for link in links:
        by_href.setdefault(link.href, link)
        if len(by_href) == MOST_LINKS:
            break
    return list(by_href.values())


def _of_relation(href: str, relation: str, media: str) -> Iterator[Link]:
    """Yield a link for each of its relations that is for agents."""
    names = set(relation.lower().split())
    if href and names & (MACHINE | PEOPLE):
        yield Link(href, media, bool(names & MACHINE))


def _parse_header(value: str) -> Iterator[Link]:
    for match in _LINK.finditer(value[:20_000]):
        parameters = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(match[2])}
        yield from _of_relation(match[1], parameters.get("rel", ""), parameters.get("type", ""))


class _Elements(HTMLParser):
    """Collects the link elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link element."""
        if tag == "link" and len(self.links) < MOST_LINKS:
            values = {name: value or "" for name, value in attrs}
            self.links += _of_relation(values.get("href", ""), values.get("rel", ""), values.get("type", ""))


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
    for match in _MARKDOWN.finditer(body.decode("utf-8", "replace")):
        yield Link(match[1], machine=False)


def _members(value: Any, name: str) -> list[Mapping[str, Any]]:
    """Return the objects in a member that is a list."""
    members = value.get(name) if isinstance(value, Mapping) else None
    return [member for member in members if isinstance(member, Mapping)] if isinstance(members, list) else []


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    return text if isinstance(text, str) else ""


_READERS: Mapping[str, Callable[[bytes], Iterator[Link]]] = {
    AI_CATALOG: _read_ai_catalog,
    ARD: _read_ai_catalog,
    API_CATALOG: _read_linkset,
    SKILLS_INDEX: _read_skills,
    LLMS: _read_markdown,
}
