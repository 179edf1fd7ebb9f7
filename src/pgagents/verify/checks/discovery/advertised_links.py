"""The documents that the host advertises to agents exist, and have the media type that the link promises.

Links come from the hosted documents, the front page (Link headers and link elements) and robots.txt
(Agentmap). Well-known places are tried too, also those that the catalogue does not name. They are followed
without a key, on the target alone. Links to other hosts are never called; they are listed as not selected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from typing import Any

from pgagents.http import media_type_of, read_json
from pgagents.model.contract import Contract, Verdict
from pgagents.verify.cases.discovery.fetch import REDIRECTS, fetch, find_https, judge_over_https
from pgagents.verify.cases.discovery.links import Link, read_links, read_page, read_robots
from pgagents.verify.cases.discovery.places import (
    HOME,
    PLACES,
    ROBOTS,
    at_root,
    find_path,
    list_hosted,
)
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
)
from pgagents.verify.check.setting import Setting
from pgagents.verify.projections.documents import build_file
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
)
