"""Find obstacles before a run begins: no server, another base path, another server, a refused key.

One ordinary read is sent. Only if its answer is not in the catalogue, a few more requests are sent to say
why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pgagents.http import Request, Response, Silence
from pgagents.model.model import Model
from pgagents.verify.check.setting import Setting
from pgagents.verify.run.preflight.answers import is_data, is_foreign_page, knows, refuses_key, succeeds
from pgagents.verify.run.preflight.elsewhere import explain_elsewhere, explain_nowhere
from pgagents.verify.run.preflight.explain import (
    explain_another,
    explain_page,
    explain_redirect,
    explain_refused_key,
    lacks_word,
)
from pgagents.verify.run.preflight.reads import MOST_READS, list_questions, list_reads, try_request
from pgagents.verify.run.preflight.trouble import (
    BAD_REQUEST,
    BEHIND,
    FORBIDDEN,
    NOT_FOUND,
    UNAUTHORIZED,
    Place,
    Tried,
    Trouble,
)
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.reach import why_silent

AGAIN_S = 0.2


def preflight(
    setting: Setting,
    place: Place,
    carried: Mapping[str, str],
    *,
    keyless: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Trouble | None:
    """Return the obstacle between the run and the server; None if a run can begin.

    `carried` are the secrets and access tokens of ordinary calls, by scheme. `keyless` is True if the run has
    no key on purpose.
    """
    requests = list(list_reads(setting, carried)) or list(list_questions(setting, carried))
    if not requests:
        return None
    first = try_request(place, *requests[0])
    if isinstance(first.answer, Silence) and first.answer.kind in ("refused", "reset"):
        sleep(AGAIN_S)
        first = try_request(place, *requests[0])
    if isinstance(first.answer, Silence):
        return _find_silent(place, first, requests)
    if keyless:
        return None
    says_keyless = place.document is not None and not any(a.key for a in setting.model.actions)
    if succeeds(setting, first) and not says_keyless:
        return None
    tried = [first, *(try_request(place, *request) for request in requests[1:MOST_READS])]
    if any(succeeds(setting, one) for one in tried):
        if says_keyless:
            return _find_partly_closed(setting, place, tried)
        return _find_lacking_word(setting, place, next(iter(carried.values()), ""), tried)
    if any(knows(setting, one) for one in tried):
        return explain_elsewhere(setting, place, tried, "no ordinary read succeeds", succeeds)
    return _find_trouble(setting, place, carried, tried)


def describe_unused_key(model: Model, key: str) -> str:
    """Return a warning if the caller passed a key and no action takes one; otherwise empty."""
    if not key or any(action.key for action in model.actions):
        return ""
    return (
        "the key that was given is used by no action: the catalogue says that calls have none; a document "
        "without `security` imports so"
    )


def _find_silent(place: Place, first: Tried, requests: Sequence[tuple[Endpoint, Request]]) -> Trouble | None:
    """Return a trouble if no whole answer came to the first read, and another read shows no server either.

    One answer is not the server: it may be too large, or never end. Then the run can begin.
    """
    assert isinstance(first.answer, Silence)
    if first.answer.kind == "refused":
        return Trouble(*why_silent(place.url, first.answer, place.other))
    for request in requests[1:MOST_READS]:
        if isinstance(try_request(place, *request).answer, Response):
            return None
    if not first.answer.begun:
        return Trouble(*why_silent(place.url, first.answer, place.other))
    says = f"{first.describe}: status and headers came, and then {first.answer.detail or first.answer.kind}"
    return Trouble(
        says, "no read of this server ends with a whole answer; the run tries the others", fatal=False
    )


def _find_partly_closed(setting: Setting, place: Place, tried: Sequence[Tried]) -> Trouble | None:
    """Return a trouble if some reads need a key that the document does not declare; None otherwise.

    The run can go on with the other actions.
    """
    refused = [one for one in tried if one.status == UNAUTHORIZED and not knows(setting, one)]
    if not refused:
        return None
    return replace(explain_refused_key(setting, place, "", refused), fatal=place.has_key)


def _find_lacking_word(setting: Setting, place: Place, key: str, tried: Sequence[Tried]) -> Trouble | None:
    """Return a trouble if reads refuse a key that is sent alone in `Authorization`, and others are open.

    The run can go on with the open ones.
    """
    refused = [one for one in tried if one.endpoint.needs_key and one.status in (UNAUTHORIZED, FORBIDDEN)]
    taken = [one for one in tried if one.endpoint.needs_key and succeeds(setting, one)]
    if not key or not refused or taken or place.document is None or not lacks_word(setting.model.credential):
        return None
    return replace(explain_refused_key(setting, place, key, refused), fatal=False)


def _find_trouble(
    setting: Setting, place: Place, carried: Mapping[str, str], tried: Sequence[Tried]
) -> Trouble | None:
    """Return the reason why no read was answered as the catalogue describes; None if one was, or if only the
    run can show it.
    """
    answers = [one.answer for one in tried]
    if not all(isinstance(answer, Response) for answer in answers):
        return None
    statuses = {one.status for one in tried}
    if page := next((one for one in tried if is_foreign_page(one)), None):
        return explain_page(place, page)
    if refused := [one for one in tried if refuses_key(setting, one)]:
        return explain_refused_key(setting, place, next(iter(carried.values()), ""), refused)
    if all(300 <= status < 400 for status in statuses):
        return explain_redirect(place, tried[0])
    if statuses <= set(BEHIND):
        return Trouble(
            (
                f"a gateway at {place.url} answers {tried[0].status} to {tried[0].describe}: the server "
                "behind it is not there"
            ),
            "start it",
        )
    if statuses == {BAD_REQUEST} and place.url.startswith("http:"):
        silent = why_silent(place.url, Silence("protocol", f"it answers {BAD_REQUEST}"), place.other)
        return Trouble(*silent) if "TLS" in silent[0] else None
    if statuses == {NOT_FOUND}:
        tried = (
            [*tried, *(try_request(place, *question) for question in list_questions(setting, carried))]
            if len(tried) < MOST_READS - 1
            else tried
        )
        return (
            explain_nowhere(setting, place, tried) if {one.status for one in tried} == {NOT_FOUND} else None
        )
    if not any(is_data(one.answer) for one in tried):
        return explain_another(place, tried[0])
    return None
