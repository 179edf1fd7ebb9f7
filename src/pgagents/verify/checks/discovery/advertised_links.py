"""The documents that the host advertises to agents exist, and have the media type that the link promises.

Links come from the hosted documents, the front page (Link headers and link elements) and robots.txt
(Agentmap). Well-known places are tried too, also those that the catalogue does not name. They are followed
without a key, on the target alone. Links to other hosts are never called; they are listed as not selected.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html.parser import HTMLParser
from typing import Any

from pgagents.base.http import Response, media_type_of, read_json
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.cases.discovery import (
    AI_CATALOG,
    API_CATALOG,
    ARD,
    HOME,
    LLMS,
    PLACES,
    REDIRECTS,
    ROBOTS,
    SKILLS_INDEX,
    at_root,
    fetch,
    find_https,
    find_path,
    judge_over_https,
    list_hosted,
)
from pgagents.verify.projections import build_file
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
)
from pgagents.verify.setting import Setting
from pgagents.verify.wire.exchange import Exchange

NAME = "advertised_links"
GONE = (404, 410)
SHA256 = "sha256:"
MOST_FOLLOWED = 25
"""The most links of one source that are followed."""
MOST_NAMED = 3
FRONT, AGENTMAP, UNDECLARED, ELSEWHERE = "front_page", "robots.txt", "undeclared", "other_hosts"
NO_ROOT = "the address has a path, and these places stand at the root of a host"
_YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
_ANY = ("text/plain", "application/octet-stream", "")
"""Media types with which servers send YAML and Markdown, and which say nothing about the format."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each source of links, and one for the links to other hosts."""
    hosted = list_hosted(setting.model)
    for file, path in hosted.items():
        if _count_links(setting, file):
            yield _promise(file, f"what {path} links to is there", ("api", "hosted", file))
    if not hosted and not setting.discovery:
        return
    at = ("api", "hosted") if hosted else ("api",)
    yield _promise(FRONT, "what the front page's Link headers and link elements point to is there", at)
    yield _promise(AGENTMAP, "the AI catalogue that robots.txt names is there", at)
    says = "what well-known places advertise that the catalogue does not name is there"
    yield _promise(UNDECLARED, says, at)
    if links := _list_elsewhere(setting):
        named = ", ".join(links[:MOST_NAMED]) + (", …" if len(links) > MOST_NAMED else "")
        yield _promise(ELSEWHERE, f"what the documents link to elsewhere is there: {named}", at)


def _promise(detail: str, says: str, origin: tuple[str, ...]) -> Contract:
    return Contract(f"{NAME}/{detail}@rest", NAME, "", "rest", says, origin)


def settle(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Return why a contract is not tried: its links lead to other hosts, or its places cannot be reached."""
    if contract.detail == ELSEWHERE:
        return (
            Verdict.NOT_SELECTED,
            "these links lead away from the address under test, which alone is called",
        )
    if contract.detail in (FRONT, AGENTMAP, UNDECLARED) and not at_root(setting):
        return Verdict.NOT_APPLICABLE, NO_ROOT
    return None


def _list_built(setting: Setting, file: str) -> list[Link]:
    built = build_file(setting, file)
    return read_links(file, built.body) if built is not None else []


def _count_links(setting: Setting, file: str) -> int:
    """Return the number of links in a generated document that lead to the target."""
    path = str(setting.model.api.hosted[file])
    links = _list_built(setting, file)
    return sum(1 for one in links if find_path(setting, one.href, path, machine=one.machine))


def _list_elsewhere(setting: Setting) -> list[str]:
    """Return the links of all generated documents that are not followed, each once."""
    found = [
        link.href
        for file, path in list_hosted(setting.model).items()
        for link in _list_built(setting, file)
        if not find_path(setting, link.href, path, machine=link.machine)
    ]
    return list(dict.fromkeys(found))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each source."""
    del roles
    hosted = list_hosted(setting.model)
    for file, path in hosted.items():
        if count := _count_links(setting, file):
            yield _make_probe(
                file, 1 + min(count, MOST_FOLLOWED), partial(_follow_document, setting, file, path)
            )
    if hosted or setting.discovery:
        yield _make_probe(FRONT, 1 + len(hosted), partial(_follow_page, setting))
        yield _make_probe(AGENTMAP, 2, partial(_follow_robots, setting))
        others = [file for file, place in PLACES.items() if place.path and file not in hosted]
        yield _make_probe(UNDECLARED, max(1, len(others)), partial(_follow_undeclared, setting, others))


def _make_probe(detail: str, cost: int, run: Callable[[], Conversation]) -> Probe:
    contract = f"{NAME}/{detail}@rest"
    return Probe(contract, 3, (contract,), cost, run, (), "")


def _follow_document(setting: Setting, file: str, path: str) -> Conversation:
    got, at = yield from fetch(setting, path, f"the links of {path}")
    if address := find_https(setting, got):
        yield judge_over_https(f"{NAME}/{file}@rest", address)
    if got.void or got.status != 200 or got.response is None:
        return  # hosted_document reports that it is missing
    yield from _follow(setting, file, path, at, read_links(file, got.response.body))


def _follow_page(setting: Setting) -> Conversation:
    got, at = yield from fetch(setting, HOME, "the links of the front page")
    if not got.void:
        links = read_page(got.response) if got.response is not None else []
        yield from _follow(setting, FRONT, "the front page", at, links)


def _follow_robots(setting: Setting) -> Conversation:
    got, at = yield from fetch(setting, ROBOTS, "the AI catalogue that robots.txt names")
    if not got.void:
        there = got.status == 200 and got.response is not None
        links = read_robots(got.response.body) if there and got.response is not None else []
        yield from _follow(setting, AGENTMAP, ROBOTS, at, links)


def _follow_undeclared(setting: Setting, files: Sequence[str]) -> Conversation:
    wrong: list[Judgement] = []
    for file in files:
        got, at = yield from fetch(setting, PLACES[file].path, "a well-known place")
        answer = got.response
        page = answer is None or got.media_type == "text/html"  # a server may send a page for any path
        if got.void or got.status != 200 or answer is None or page:
            continue
        judged = yield from _judge_links(
            setting, UNDECLARED, PLACES[file].path, at, read_links(file, answer.body)
        )
        wrong += [judged] if judged is not None else []
    yield wrong[0] if wrong else judge_kept(f"{NAME}/{UNDECLARED}@rest")


def _follow(setting: Setting, detail: str, source: str, at: str, links: Sequence[Link]) -> Conversation:
    """Follow the links that lead to the target. Judge the first wrong one; if there is none, all are
    right.
    """
    judged = yield from _judge_links(setting, detail, source, at, links)
    yield judged if judged is not None else judge_kept(f"{NAME}/{detail}@rest")


def _judge_links(
    setting: Setting, detail: str, source: str, at: str, links: Sequence[Link]
) -> Generator[Any, Any, Judgement | None]:
    """Yield the calls that follow the links; return the judgement of the first wrong link, or None."""
    contract = f"{NAME}/{detail}@rest"
    followed: set[str] = set()
    for link in links:
        path = find_path(setting, link.href, at, machine=link.machine)
        if not path or path in followed:
            continue
        if len(followed) == MOST_FOLLOWED:
            return judge_untested(
                contract, f"only the first {MOST_FOLLOWED} links were followed", sticky=True
            )
        followed.add(path)
        exchange, _ = yield from fetch(setting, path, f"what {source} links to")
        if exchange.void and not exchange.error:
            return judge_untested(contract, f"{path} was answered {exchange.outcome}")
        wrong = _find_wrong(link, exchange)
        if wrong:
            return judge_broken(contract, f"{source} links to {path}: {wrong[0]}", wrong[1])
    return None


def _find_wrong(link: Link, exchange: Exchange) -> tuple[str, str] | None:
    """Return the expected and the actual answer of a wrong link; None if the answer is right."""
    if exchange.status in REDIRECTS:
        return None  # it leads to another host, which is not called
    gone = exchange.error or exchange.status in GONE or exchange.status >= 500
    if gone or (link.machine and exchange.status != 200):
        return "something is there", f"it is answered {exchange.outcome}"
    wanted, told = media_type_of(link.media), exchange.media_type
    if wanted and not _fits(wanted, told):
        return f"it is {wanted}", f"Content-Type: {told or 'none'}"
    if _is_json(wanted) and exchange.response is not None and read_json(exchange.response.body).problem:
        return f"it is {wanted}", f"it is no JSON: {read_json(exchange.response.body).problem}"
    if link.digest.startswith(SHA256) and exchange.response is not None:
        found = SHA256 + hashlib.sha256(exchange.response.body).hexdigest()
        return (
            None if found == link.digest.lower() else (f"its digest is {link.digest[:80]}", f"it is {found}")
        )
    return None


def _is_json(media: str) -> bool:
    return media == "application/json" or media.endswith("+json")


def _fits(wanted: str, told: str) -> bool:
    """True if a document of one media type may be sent as the other.

    JSON may have any JSON type. YAML and Markdown may be plain text.
    """
    if wanted == told:
        return True
    if _is_json(wanted):
        return _is_json(told)
    if wanted in _YAML or wanted.endswith("+yaml"):
        return told in (*_YAML, *_ANY) or told.endswith("+yaml")
    return wanted.startswith("text/") and wanted != "text/html" and told in ("text/markdown", *_ANY)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    settled=settle,
    overlap="all",
    rank=Rank.WRONG,
)


# -- links that a document, a page or robots.txt advertises.
#
# The number and length of links are bounded, because the texts come from outside.


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
