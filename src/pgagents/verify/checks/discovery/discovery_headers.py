"""A document that agents look for has the headers that they need.

These are its media type, permission for web pages to read it (CORS), HEAD, and a true ETag. A 304 is right
only for the bytes that the caller has (RFC 9110, 13.1.2). Where a specification only recommends one of these,
as most of those in `verify/cases/discovery.py`, a difference is odd.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from pgagents.report.contract import Rank
from pgagents.verify.cases.discovery import (
    API_CATALOG,
    PLACES,
    Place,
    fetch,
    find_https,
    judge_over_https,
    list_hosted,
)
from pgagents.verify.judgement import Judgement, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.endpoint import REST
from pgagents.verify.wire.exchange import Exchange

ORIGIN = "https://agent.example"
NOT_MODIFIED = 304
UNKNOWN_TAG = '"pgagents-has-no-such-version"'
CATALOG_LINK = "api-catalog"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of each hosted document that agents look for. One probe sends GET, HEAD, and GET with
    two tags.
    """
    del roles
    for file, path in list_hosted(setting.model).items():
        place, probe = PLACES[file], f"discovery_headers/{file}@{REST}"
        attempt = Attempt(together=partial(_try, file, path), cost=4, role="", probe=probe)
        for detail, says, advice in (
            ("media_type", f"{path} is served as {place.media[0]}", not place.typed),
            ("cors", f"a web page of any origin may read {path}", not place.open),
            ("head", f"HEAD of {path} is answered as GET is, without the body", False),
            ("revalidation", f"{path} has an ETag, and is answered 304 to whoever has these bytes", True),
            ("fresh", f"{path} is sent whole to whoever has another version (RFC 9110, 13.1.2)", False),
        ):
            origin = ("api", "hosted", file)
            yield Case(None, says, origin, attempt, f"{detail}/{file}", place=f"@{REST}", advice=advice)


def _try(file: str, path: str, trials: Sequence[Trial]) -> None:
    setting, (media_type, cors, head, revalidation, fresh) = trials[0].setting, trials
    place = PLACES[file]
    accept = f"{place.media[0]}, */*;q=0.1"
    why = f"{path} as a web page reads it"
    origin = ("Origin", ORIGIN)
    answer, at = fetch(setting, path, why, headers=(origin,), accept=accept)
    if address := find_https(setting, answer):
        conclude(judge_over_https(trial, address) for trial in trials)
    if answer.void or answer.status != 200:
        return  # hosted_document reports that it is missing
    conclude(_judge_type(media_type, place, answer))
    conclude(_judge_origin(cors, answer))
    headed, _ = fetch(setting, at, f"HEAD of {path}", method="HEAD", accept=accept)
    if not headed.void:
        conclude(_judge_head(head, answer, headed, links=file == API_CATALOG))
    tag = answer.header("ETag")
    if tag is None:
        conclude(revalidation.broken("an ETag", "the answer has none"))
    else:
        headers, why = (origin, ("If-None-Match", tag)), f"{at} with its own ETag"
        again, _ = fetch(setting, at, why, headers=headers, accept=accept)
        if not again.void:
            same = again.status == NOT_MODIFIED or _is_another(answer, again)
            problem = "" if same else again.outcome
            conclude(revalidation.judge("304 for the tag that came with these bytes", problem))
    headers, why = (origin, ("If-None-Match", UNKNOWN_TAG)), f"{at} with an ETag that it never had"
    other, _ = fetch(setting, at, why, headers=headers, accept=accept)
    if not other.void:
        whole = other.status == 200 and other.response is not None and other.response.body
        conclude(fresh.judge("200 with the whole document", "" if whole else other.outcome))


def _judge_type(trial: Trial, place: Place, answer: Exchange) -> Judgement:
    actual = f"Content-Type: {answer.header('Content-Type') or 'none'}"
    return trial.judge(f"Content-Type: {place.media[0]}", "" if answer.media_type in place.media else actual)


def _judge_origin(trial: Trial, answer: Exchange) -> Judgement:
    allowed = (answer.header("Access-Control-Allow-Origin") or "").strip()
    problem = "" if allowed in ("*", ORIGIN) else f"Access-Control-Allow-Origin: {allowed or 'none'}"
    return trial.judge("Access-Control-Allow-Origin: *", problem)


def _judge_head(trial: Trial, answer: Exchange, headed: Exchange, *, links: bool) -> Judgement:
    """Judge the answer to HEAD; with `links` it must have a Link header of the API catalogue."""
    if headed.status != answer.status:
        return trial.broken(f"{answer.status}, as GET answers", headed.outcome)
    if headed.media_type != answer.media_type:
        expected = f"Content-Type: {answer.media_type}, as GET answers"
        return trial.broken(expected, f"Content-Type: {headed.media_type or 'none'}")
    if links and CATALOG_LINK not in _relations(headed):
        expected = 'a Link header with rel="api-catalog" (RFC 9727, 2)'
        return trial.broken(expected, "no such Link header")
    return trial.kept()


def _relations(exchange: Exchange) -> str:
    """Return all Link headers as one text."""
    answer = exchange.response
    return " ".join(value for name, value in answer.headers if name.lower() == "link") if answer else ""


def _is_another(first: Exchange, again: Exchange) -> bool:
    """True if the document changed between two answers, so that it had to be sent again."""
    return again.status == 200 and again.header("ETag") not in (None, first.header("ETag"))


CHECK = make_check("discovery_headers", __doc__, cases, stage=3, overlap="all", rank=Rank.UNDOCUMENTED)
