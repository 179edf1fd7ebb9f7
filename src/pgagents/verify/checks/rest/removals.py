"""A removed instance is gone: reads answer that it is missing or 410, lists lack it, and other calls refuse
it.

An instance is made, read, looked for in its lists, removed by the resource's `undone_by`, and read and looked
for again. By a document alone another one is made first, so that the removed one is not the newest. That call
must be `destructive`, and no move to another state. A removal answered 202 may take some seconds (RFC 9110,
15.3.3), and what a cache stored shows nothing (RFC 9111, 5.1). A removed instance that is still answered must
meet `gone_when`. By a document alone it is firm that a read shows all of it as before, if a list lacks it
and the document has an error for a missing one. A server may reuse a free id at once, as SQLite does. So an
answer contains the removed instance if its id is random, or if it has a value that only this run wrote. A
list also does if reads before and after it say that nothing has the id. Actions with an error for a missing
instance must refuse it, too (Immich 10891), except those that bring it back by their name, such as `restore`.
If another one brings it back, that is only odd, and the instance is removed again before the next call. Its
history may be told for ever (FHIR R4, `_history`). An instance of an inferred kind that stays and says so,
such as by the state `expired`, is untested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.text import plain_word
from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.answers.standing import find_removed_state
from pgagents.verify.cases.instance_changes import make_one
from pgagents.verify.cases.removed_instances import (
    Reader,
    call_with_ids,
    find_item,
    find_page,
    has_random_id,
    is_listed,
    is_nobodys_now,
    is_same,
    is_there,
    read_instance,
    request_page,
)
from pgagents.verify.fixtures.factory import ACCEPTED, REMOVAL_WAITS_S
from pgagents.verify.fixtures.instance import Unavailable, at_path, is_missing
from pgagents.verify.fixtures.target import brings_back, is_made_by
from pgagents.verify.judgement import Judgement, Untested, conclude, describe_code
from pgagents.verify.lists import PageRequest
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask, ask_until
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

READ, LISTED, REFUSED = "read", "listed", "refused"
"""The kinds of calls that a case is about. Those of the last kind need the instance, and are refused."""

HISTORY = "history"
STORED = "a cache stored the answer, which may be older"
FAILED = 500
"""From this status on, an answer does not say why the call was not done."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint that reads, lists or needs instances which can be removed for good.

    One probe for each resource makes an instance, removes it, and looks for it everywhere.
    """
    del roles
    for resource in setting.model.resources.values():
        made_by, undone_by = resource.made_by, resource.undone_by
        if made_by is None or undone_by is None or not resource.removed_for_good:
            continue
        maker = setting.find_lead(str(made_by.action.name))
        remover = setting.find_lead(str(undone_by.action.name))
        reads = list(_list_readers(setting, resource.read_by))
        lists = list(_list_readers(setting, resource.listed_by))
        if maker is None or remover is None or not (reads or lists):
            continue
        # only a read shows that no other instance has got the id, which such a call would change
        takers = list(_list_takers(setting, resource)) if reads else []
        attempt = Attempt(
            together=partial(_remove, resource=resource, maker=maker, remover=remover),
            cost=2 + resource.inferred + 2 * len(reads) + 2 * len(lists) + len(takers),
            writes=True,
            endpoints=(*(endpoint for _, endpoint in (*reads, *lists)), *takers, remover),
        )
        removed = f"a {resource.name} that {remover.action.name} removed"
        several = (
            *((READ, f"{resource.name}", "is not there for {}", *read) for read in reads),
            *((LISTED, f"listed/{resource.name}", "is not in what {} lists", *listed) for listed in lists),
            *((REFUSED, f"refused/{resource.name}", "is missing for {}", None, taker) for taker in takers),
        )
        origin = (*resource.origin, "undone_by")
        for kind, detail, wording, call, endpoint in several:
            says = f"{removed} {wording.format(endpoint.action.name)}"
            yield Case(endpoint, says, origin, attempt, detail, resource.cite, about=(kind, call))


def _list_readers(setting: Setting, calls: tuple[ActionCall, ...]) -> Iterator[Reader]:
    """Yield the calls with their endpoints, one for each action, as a second one would be the same read."""
    known: set[str] = set()
    for call in calls:
        endpoint = setting.find_lead(str(call.action.name))
        if endpoint is not None and endpoint.place not in known:
            known.add(endpoint.place)
            yield call, endpoint


def _list_takers(setting: Setting, resource: Resource) -> Iterator[Endpoint]:
    """Yield the other actions that need an instance and have an error for a missing one.

    There are none if a removed instance is still answered, because some calls may still be right for it. One
    surface is enough: the others have the same code behind them.
    """
    if resource.gone_when is not None:
        return
    known = (resource.made_by, resource.undone_by, *resource.read_by)
    own = {str(call.action.name) for call in known if call is not None}
    for endpoint in setting.list_naming(resource.name):
        action = endpoint.action
        missing = resource.missing_in(action)
        declared = missing is not None and missing in (*action.errors, *setting.model.always())
        needs = any(p.refers_to == resource.name and p.required for p in endpoint.params)
        makes = is_made_by(resource, action) or action.method == "PUT"  # RFC 9110, 9.3.4: it may make anew
        if (
            endpoint.leads
            and endpoint.on_rest
            and declared
            and needs
            and not makes
            and action.name not in own
            and not brings_back(action)
            and plain_word(action.path.rpartition("/")[2]) != HISTORY
        ):
            yield endpoint


def _remove(trials: Sequence[Trial], resource: Resource, maker: Endpoint, remover: Endpoint) -> None:
    setting = trials[0].setting
    made_by, undone_by = resource.made_by, resource.undone_by
    assert made_by is not None
    assert undone_by is not None
    why = f"a {resource.name} to be removed"
    made, body = make_one(resource, maker, why)
    if resource.inferred:  # a server that removes by a position, or the last one, is right about the newest
        with suppress(Unavailable):
            after = f"a {resource.name} after it"
            ask(Call(maker, made_by.input, "explore", after, fresh=True, renews=True))

    reads = [(trial, trial.case.about[1]) for trial in trials if trial.case.about[0] == READ]
    lists = [
        (trial, (trial.case.about[1], trial.endpoint)) for trial in trials if trial.case.about[0] == LISTED
    ]
    answers = []
    for trial, read in reads:
        answers.append(ask(read_instance(trial.endpoint, read, resource, body, why)))
    pages = []
    for _, reader in lists:
        pages.append(find_page(setting, resource, reader, body))

    why = f"a {resource.name} is removed"
    removed = ask(Call(remover, undone_by.input, "valid", why, subject=resource, made=body))
    if not removed.success:
        raise Untested(f"the {resource.name} could not be removed: {removed.outcome}")
    waits = REMOVAL_WAITS_S if removed.status == ACCEPTED else ()
    free = has_random_id(resource, body)
    shown: list[tuple[Trial, Judgement]] = []
    for (trial, read), before in zip(reads, answers, strict=True):
        missing, broken = _read_again(trial, resource, read, before, made, body, waits)
        free = free or missing
        shown += [(trial, broken)] if broken is not None else []
    unlisted = False
    for (trial, reader), (before, page) in zip(lists, pages, strict=True):
        lacks = _list_again(trial, resource, reader, before, page, made, body, free=free)
        unlisted = unlisted or lacks
    for trial, broken in shown:
        # the server's own list takes it for removed, and the document has an error for what is not there
        said = resource.missing_in(trial.action) in trial.action.errors
        conclude(replace(broken, shown=unlisted and said))
    again = Call(remover, undone_by.input, "clean", "what came back is removed", subject=resource, made=body)
    stays = False
    for trial in trials:
        if trial.case.about[0] != REFUSED:
            continue
        if stays:
            conclude(trial.untested(f"the {resource.name} came back, and could not be removed again"))
        elif free and is_nobodys_now(setting, resource, body):
            stays = _call_removed(trial, resource, body, reads, again)
        else:
            conclude(trial.untested(f"nothing shows that the {resource.name} is missing"))


def _read_again(
    trial: Trial,
    resource: Resource,
    read: ActionCall,
    before: Exchange,
    made: Exchange,
    body: Mapping[str, Any],
    waits: Sequence[float],
) -> tuple[bool, Judgement | None]:
    """Judge a read. Return True if it answers that the instance is missing, and the break if it shows all of
    it as before.
    """
    if not is_there(resource, read, before):
        conclude(trial.untested(f"the {resource.name} was not there before: {before.outcome}"))
        return False, None
    call = read_instance(trial.endpoint, read, resource, body, f"a {resource.name} that has been removed")
    answer, _ = ask_until(call, lambda one: not is_there(resource, read, one), waits)
    if state := _find_state(
        resource, at_path(read, before), at_path(read, answer) if answer.success else None
    ):
        conclude(trial.untested(_say_kept(resource, state)))
    elif answer.cached and is_there(resource, read, answer):
        conclude(trial.untested(STORED))
    elif is_there(resource, read, answer):
        same = answer.success and is_same(resource, made, body, at_path(read, answer))
        judged = _judge_shown(trial, resource, read, answer, same=same)
        if same and at_path(read, answer) == at_path(read, before):
            return False, replace(judged, seen_in=answer)
        conclude(judged)
    elif answer.success or is_missing(resource, answer):
        conclude(trial.kept())
    else:
        conclude(trial.untested(f"the answer shows nothing of it: {answer.outcome}"))
    return not answer.success and is_missing(resource, answer), None


def _judge_shown(
    trial: Trial, resource: Resource, read: ActionCall, answer: Exchange, *, same: bool
) -> Judgement:
    if not same:
        return trial.untested(f"{_say_unclear(resource)}: {answer.outcome}")
    missing = resource.missing_in(read.action)
    codes = [describe_code(missing), "410"] if missing is not None else ["410"]
    return trial.broken(f"a removed {resource.name} is answered {' or '.join(codes)}", answer.outcome)


def _find_state(resource: Resource, before: Any, after: Any) -> str:
    """Return how an instance of an inferred kind says that it was removed; empty if it does not."""
    known = not resource.inferred or resource.gone_when is not None
    if known or not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return ""
    return find_removed_state(before, after)


def _say_kept(resource: Resource, state: str) -> str:
    return (
        f"the removed {resource.name} stays, and says `{state}`; `gone_when` of the resource, "
        "in a catalogue over the document, says that this is its end"
    )


def _say_unclear(resource: Resource) -> str:
    return f"nothing shows if it is the removed {resource.name} or another one that got its id"


def _list_again(
    trial: Trial,
    resource: Resource,
    reader: Reader,
    before: Exchange,
    page: PageRequest | None,
    made: Exchange,
    body: Mapping[str, Any],
    *,
    free: bool,
) -> bool:
    """Judge a list by the page that had the instance; return True if it lacks it.

    A list that is updated late, as Forem's was (13613), gets some seconds.

    `free` is true if a read showed before that nothing has the instance's id. If that is so afterwards too,
    the list shows the removed instance.
    """
    if page is None:
        conclude(trial.untested(f"the {resource.name} was in no list before: {before.outcome}"))
        return False
    listed = reader[0]
    call = request_page(reader, resource, body, page, f"a list without a removed {resource.name}")
    answer, _ = ask_until(call, lambda one: not is_listed(resource, listed, one, body), REMOVAL_WAITS_S)
    item = find_item(resource, listed, answer, body)
    if not answer.success:
        conclude(trial.untested(f"the list was not answered: {answer.outcome}"))
    elif item is None or not is_listed(resource, listed, answer, body):
        conclude(trial.kept())
        return True
    elif answer.cached:
        conclude(trial.untested(STORED))
    elif state := _find_state(resource, find_item(resource, listed, before, body), item):
        conclude(trial.untested(_say_kept(resource, state)))
    elif is_same(resource, made, body, item) or (free and is_nobodys_now(trial.setting, resource, body)):
        expected = f"a removed {resource.name} is in no list"
        id = resource.id_of(body)
        conclude(trial.broken(expected, "{id} is in the list after its removal", id=id))
    else:
        conclude(trial.untested(_say_unclear(resource)))
    return False


def _call_removed(
    trial: Trial,
    resource: Resource,
    body: Mapping[str, Any],
    reads: Sequence[tuple[Trial, ActionCall]],
    again: Call,
) -> bool:
    """Send another call that needs the instance; no other instance can have its id.

    If it is there again afterwards, `again` removes it. Return True if that fails.
    """
    what = f"{trial.action.name} of a removed {resource.name}"
    ids = resource.values_for(trial.endpoint.params, body)
    answer = trial.ask(call_with_ids(trial.setting, trial.endpoint, ids, what))
    missing = resource.missing_in(trial.action)
    if answer.moot or answer.void:
        conclude(trial.untested(answer.moot or f"it was not answered: {answer.outcome}"))
    elif answer.success:
        expected = f"{what} is answered {describe_code(missing) if missing is not None else 404} or 410"
        back = _is_back(resource, body, reads)
        broken = trial.broken(expected, answer.outcome)
        conclude(
            replace(broken, odd=True) if back else broken
        )  # to bring it back may be what the call is for
        if back:
            removed = trial.ask(again)
            return not removed.success
    elif answer.refused and answer.status < FAILED:
        conclude(trial.kept())
    else:
        conclude(trial.untested(f"it shows nothing of a missing {resource.name}: {answer.outcome}"))
    return False


def _is_back(resource: Resource, body: Mapping[str, Any], reads: Sequence[tuple[Trial, ActionCall]]) -> bool:
    """Return True if a read shows the removed instance again, or may do so, as it was put off."""
    for trial, read in reads[:1]:
        why = f"to see if the {resource.name} is there again"
        seen = ask(read_instance(trial.endpoint, read, resource, body, why))
        return seen.void or is_there(resource, read, seen)
    return False


CHECK = make_check("removals", __doc__, cases, rank=Rank.WRONG)
