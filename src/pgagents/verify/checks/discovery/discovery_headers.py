"""A document that agents look for has the headers that they need.

These are its media type, permission for web pages to read it (CORS), HEAD, and a true ETag. A 304 is right
only for the bytes that the caller has. Where a specification only recommends one of these, a difference is
odd.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.report.contract import Contract, Rank
from pgagents.verify.cases.discovery import (
    API_CATALOG,
    PLACES,
    Place,
    fetch,
    find_https,
    judge_over_https,
    list_hosted,
)
from pgagents.verify.promise import Check, Conversation, Judgement, Probe, judge_broken, judge_kept
from pgagents.verify.setting import Setting
from pgagents.verify.wire.exchange import Exchange

NAME = "discovery_headers"
DETAILS = ("media_type", "cors", "head", "revalidation", "fresh")
ORIGIN = "https://agent.example"
NOT_MODIFIED = 304
UNKNOWN_TAG = '"pgagents-has-no-such-version"'
CATALOG_LINK = "api-catalog"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield the contracts of each hosted document that agents look for."""
    for file, path in list_hosted(setting.model).items():
        place = PLACES[file]
        yield _promise(file, "media_type", f"{path} is served as {place.media[0]}", advice=not place.typed)
        yield _promise(file, "cors", f"a web page of any origin may read {path}", advice=not place.open)
        says = f"HEAD of {path} is answered as GET is, without the body"
        yield _promise(file, "head", says)
        says = f"{path} has an ETag, and is answered 304 to whoever has these bytes"
        yield _promise(file, "revalidation", says, advice=True)
        says = f"{path} is sent whole to whoever has another version (RFC 9110, 13.1.2)"
        yield _promise(file, "fresh", says)


def _promise(file: str, detail: str, says: str, *, advice: bool = False) -> Contract:
    id = f"{NAME}/{detail}/{file}@rest"
    return Contract(id, NAME, "", "rest", says, ("api", "hosted", file), advice=advice)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each document: GET, HEAD, and GET with two tags."""
    del roles
    for file, path in list_hosted(setting.model).items():
        contracts = tuple(f"{NAME}/{detail}/{file}@rest" for detail in DETAILS)
        yield Probe(f"{NAME}/{file}@rest", 3, contracts, 4, partial(_run, setting, file, path), (), "")


def _run(setting: Setting, file: str, path: str) -> Conversation:
    place = PLACES[file]
    accept = f"{place.media[0]}, */*;q=0.1"
    why = f"{path} as a web page reads it"
    got, at = yield from fetch(setting, path, why, headers=(("Origin", ORIGIN),), accept=accept)
    if address := find_https(setting, got):
        for detail in DETAILS:
            yield judge_over_https(f"{NAME}/{detail}/{file}@rest", address)
    if got.void or got.status != 200:
        return  # hosted_document reports that it is missing
    yield _judge_type(file, place, got)
    yield _judge_origin(file, got)
    headed, _ = yield from fetch(setting, at, f"HEAD of {path}", method="HEAD", accept=accept)
    if not headed.void:
        yield _judge_head(file, got, headed)
    yield from _revalidate(setting, file, at, got, accept)


def _judge(file: str, detail: str, wrong: tuple[str, str] | None) -> Judgement:
    contract = f"{NAME}/{detail}/{file}@rest"
    return judge_broken(contract, *wrong) if wrong else judge_kept(contract)


def _judge_type(file: str, place: Place, got: Exchange) -> Judgement:
    right = got.media_type in place.media
    told = f"Content-Type: {got.header('Content-Type') or 'none'}"
    return _judge(file, "media_type", None if right else (f"Content-Type: {place.media[0]}", told))


def _judge_origin(file: str, got: Exchange) -> Judgement:
    told = (got.header("Access-Control-Allow-Origin") or "").strip()
    wanted = "Access-Control-Allow-Origin: *"
    wrong = None if told in ("*", ORIGIN) else (wanted, f"Access-Control-Allow-Origin: {told or 'none'}")
    return _judge(file, "cors", wrong)


def _judge_head(file: str, got: Exchange, headed: Exchange) -> Judgement:
    wrong = None
    if headed.status != got.status:
        wrong = (f"{got.status}, as GET answers", headed.outcome)
    elif headed.media_type != got.media_type:
        wrong = (
            f"Content-Type: {got.media_type}, as GET answers",
            f"Content-Type: {headed.media_type or 'none'}",
        )
    elif file == API_CATALOG and CATALOG_LINK not in _relations(headed):
        wrong = ('a Link header with rel="api-catalog" (RFC 9727, 2)', "no such Link header")
    return _judge(file, "head", wrong)


def _relations(exchange: Exchange) -> str:
    """Return all Link headers as one text."""
    answer = exchange.response
    return " ".join(value for name, value in answer.headers if name.lower() == "link") if answer else ""


def _revalidate(setting: Setting, file: str, path: str, got: Exchange, accept: str) -> Conversation:
    """Request the document with the tag of its answer, then with an invented tag."""
    tag = got.header("ETag")
    if tag is None:
        yield _judge(file, "revalidation", ("an ETag", "the answer has none"))
    else:
        headers = (("Origin", ORIGIN), ("If-None-Match", tag))
        why = f"{path} with its own ETag"
        again, _ = yield from fetch(setting, path, why, headers=headers, accept=accept)
        if not again.void:
            same = again.status == NOT_MODIFIED or _is_another(got, again)
            wrong = None if same else ("304 for the tag that came with these bytes", again.outcome)
            yield _judge(file, "revalidation", wrong)
    headers = (("Origin", ORIGIN), ("If-None-Match", UNKNOWN_TAG))
    why = f"{path} with an ETag that it never had"
    other, _ = yield from fetch(setting, path, why, headers=headers, accept=accept)
    if not other.void:
        whole = other.status == 200 and other.response is not None and other.response.body
        yield _judge(file, "fresh", None if whole else ("200 with the whole document", other.outcome))


def _is_another(got: Exchange, again: Exchange) -> bool:
    """True if the document changed between two answers, so that it had to be sent again."""
    return again.status == 200 and again.header("ETag") not in (None, got.header("ETag"))


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    overlap="all",
    rank=Rank.UNDOCUMENTED,
)
