"""A new instance is read back as it was made, through every endpoint, and appears in every list.

It does not appear in another project's lists. Whatever filter a list is called with, it contains all our
instances that its laws admit. It does not matter how or when they were made. What was only accepted (202)
need not be there yet (RFC 9110, 15.3.3), and what a cache stored may be older (RFC 9111, 5.1). A law that
compares with what was made or sent holds of the new instance; any other one holds whenever one is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.catalogue.model.action import Action, ActionCall, Law
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.refusal import list_missing_parents
from pgagents.verify.answers.representations import kind_of
from pgagents.verify.answers.standing import (
    is_equal,
    is_now,
    list_stated,
    may_be_unshown,
    shows_guessed_job,
    tell_time,
)
from pgagents.verify.cases.shared_rows import is_owned_by_guess, is_read_by_other, say_shared
from pgagents.verify.fixtures.factory import ACCEPTED, LATE, list_waits
from pgagents.verify.fixtures.instance import at_path, find_items, is_gone, list_bodies, say_none_made
from pgagents.verify.fixtures.marks import find_marks, occurs_in
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import changes_unseen, may_move
from pgagents.verify.judgement import Judgement, Untested, conclude, demand
from pgagents.verify.laws import evaluate_law, witness
from pgagents.verify.lists import PageRequest, find_missing_instance, may_go_on, next_page
from pgagents.verify.promise import AGAIN, Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask, ask_until
from pgagents.verify.wire.call import Call, Sleep
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

ABSENT = 404
TRUSTED = ("valid", "explore", "clean")
MOST_MADE = 500
"""The most instances of a kind that are looked for in each list, as each list is searched for all of them."""
MOST_PAGES = 21
"""The most reads of a list: for an existing instance, for a new one, and then page by page."""
CRASHED = 500
LAW = "law"
SHOWN = frozenset(("read", "env", "surface"))
"""Names of laws that hold of every read, whatever was done to the instance since it was made."""
LATER_S = 2.0
"""Seconds after which a document's list is read again for an instance that it lacks. Lists of a search index
lag, such as Elasticsearch's by a second.
"""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases for each resource: about each read and its laws, each list and its isolation."""
    del roles
    known: set[tuple[str, ...]] = set()
    for resource in setting.model.resources.values():
        readers = list(_list_readers(setting, resource, resource.read_by))
        attempts = [
            _attempt_reading(resource, maker, readers, again=index > 0 and _name_reads(readers) in known)
            for index, maker in enumerate(list_makers(setting, resource) if readers else ())
        ]
        known.add(_name_reads(readers))
        for endpoint, index in readers:
            read = resource.read_by[index]
            says = f"a {resource.name} is read back by {endpoint.action.name} as it was made"
            yield Case(
                endpoint,
                says,
                (*resource.origin, "read_by"),
                detail=resource.name,
                cite=resource.cite,
                about=(read, None),
                further=attempts,
            )
            for law in resource.laws:
                says = f"{law.name} of a {resource.name}: {law.that.wording}"
                detail, cite, about = _name_law(resource, law), law.cite or resource.cite, (read, law)
                yield Case(
                    endpoint, says, law.origin, detail=detail, cite=cite, about=about, further=attempts
                )
    for resource in setting.model.resources.values():
        for endpoint, index in _list_readers(setting, resource, resource.listed_by):
            run = partial(_look_in_list, resource=resource, call=resource.listed_by[index])
            detail, cite = _name_list(resource, index), resource.cite
            says, origin = f"a {resource.name} is in what {endpoint.action.name} lists", resource.origin
            attempt = Attempt(run, stage=3, cost=2, writes=True)
            yield Case(endpoint, says, (*origin, "listed_by"), attempt, f"listed/{detail}", cite)
            if resource.tenant:
                says = f"{endpoint.action.name} lists no {resource.name} of another project"
                attempt = Attempt(run, stage=3, cost=2, role="second", writes=True)
                yield Case(endpoint, says, (*origin, "tenant"), attempt, f"not_listed/{detail}", cite)


def _name_law(resource: Resource, law: Law) -> str:
    """Return the part of a contract's id, from which its check knows if later reads are judged, too."""
    of = f"{resource.name}/{law.name}"
    return f"{LAW}/{of}" if law.names <= SHOWN else of


def _name_list(resource: Resource, index: int) -> str:
    return resource.name if index == 0 else f"{resource.name}-{index + 1}"


def _list_readers(
    setting: Setting, resource: Resource, calls: Sequence[ActionCall]
) -> Iterator[tuple[Endpoint, int]]:
    """Yield each endpoint of these calls, if the resource can be made, and the index of the call."""
    for index, call in enumerate(calls if resource.made_by is not None else ()):
        for endpoint in _list_callers(setting, call.action):
            yield endpoint, index


def _name_reads(readers: Sequence[tuple[Endpoint, int]]) -> tuple[str, ...]:
    return tuple(str(endpoint.action.name) for endpoint, _ in readers)


def _attempt_reading(
    resource: Resource, maker: Endpoint, readers: Sequence[tuple[Endpoint, int]], *, again: bool
) -> Attempt:
    """Return the attempt that makes an instance, which is then read through each endpoint.

    `again` is true if other attempts have shown these reads already, so that it runs if requests are left.
    """
    return Attempt(
        together=partial(_read_back, resource=resource, maker=maker),
        stage=8 if again else 3,
        cost=1 + len(readers),
        writes=True,
        endpoints=(maker, *(endpoint for endpoint, _ in readers)),
        probe=f"read_after_write/{resource.name}/made by {maker.place}",
        priority=AGAIN if again else 1,
    )


def _read_back(trials: Sequence[Trial], resource: Resource, maker: Endpoint) -> None:
    """Make an instance, and read it through every endpoint that reads it."""
    assert resource.made_by is not None
    template = template_of(trials[0].model, maker.action)
    arguments, why = {**template.input, **resource.made_by.input}, f"to read a {resource.name} back"
    made = ask(ordinary(maker, template, "valid", why, input=arguments, fresh=True, subject=None))
    body = next(iter(list_bodies(resource.made_by, made)), None)
    if body is None or not made.fits:
        raise Untested(say_none_made(resource, made))
    by_place: dict[str, list[Trial]] = {}
    for trial in trials:
        by_place.setdefault(trial.endpoint.place, []).append(trial)
    for trial, *of_laws in by_place.values():
        read, why = trial.case.about[0], f"to read back a {resource.name}"
        call = Call(trial.endpoint, read.input, "valid", why, subject=resource, made=body)
        answer, late = ask_until(call, lambda one: one.status != ABSENT, list_waits(trial.model, resource))
        moving = _list_moving(trial, resource, made, body, answer, call)
        conclude(_judge_reading(trial, of_laws, resource, body, made, answer, moving, late=late))


def _list_moving(
    trial: Trial, resource: Resource, made: Exchange, body: Mapping[str, Any], answer: Exchange, call: Call
) -> frozenset[str]:
    """Return the members of an inferred resource that change with each read, such as `views` of Discourse.

    If one that was not sent differs, the instance is read once more. The time of the answer is one, too.
    """
    back = next(iter(list_bodies(trial.case.about[0], answer)), None) if answer.success else None
    if back is None or not resource.is_seen_by_guess:
        return frozenset()
    own = [m for m in body if m in back and m not in made.input and not is_equal(body[m], back[m])]
    if not own:
        return frozenset()
    again = demand(trial.ask(call))
    later = next(iter(list_bodies(trial.case.about[0], again)), {}) if again.success else {}
    told_at = tell_time(answer)
    return frozenset(m for m in own if not is_equal(back[m], later.get(m)) or is_now(back[m], told_at))


def _judge_reading(
    trial: Trial,
    of_laws: Sequence[Trial],
    resource: Resource,
    body: Mapping[str, Any],
    made: Exchange,
    answer: Exchange,
    moving: frozenset[str],
    *,
    late: bool,
) -> Iterator[Judgement]:
    """Judge that an instance was read back as `body`, and that the resource's laws hold between both."""
    if answer.void or answer.unsound:
        return
    if not answer.success:
        if made.status == ACCEPTED:
            yield trial.untested(f"it was answered {made.outcome}, and its read {answer.outcome}")
        else:
            yield trial.broken(f"the {resource.name} that was made", answer.outcome)
        return
    back = next(iter(list_bodies(trial.case.about[0], answer)), None)
    if back is None or not answer.fits:
        return
    secrets = trial.model.secrets
    members = resource.fixed or tuple(
        member
        for member in _list_steady(trial.setting, resource, made, body, back)
        if member in back and member not in resource.volatile and member not in moving
    )
    compared = (member for member in members if member not in secrets and member in body)
    differing = next((member for member in compared if not is_equal(body[member], back.get(member))), None)
    if differing is not None:
        expected = f"{differing} as it was made: {body[differing]!r}"
        yield trial.broken(expected, f"{differing} differs: {{value!r}}", value=back.get(differing))
    else:
        yield trial.kept(LATE if late else "")
    values = {"created": body, "read": back, "input": made.input, "env": trial.model.env}
    scope = Scope({**values, "surface": answer.call.surface})
    for own in of_laws:
        law = own.case.about[1]
        if not law.names <= SHOWN:
            yield from _judge_law(own, law, scope, doubted=differing is not None)


def _judge_law(trial: Trial, law: Law, scope: Scope, *, doubted: bool = False) -> Iterator[Judgement]:
    """Judge a law of what was read; if `doubted`, what is read is not what was made."""
    result = evaluate_law(law, scope)
    if result.outcome == "broken" and not doubted:
        actual = f"{law.name} does not hold: {{witness}}"
        yield trial.broken(law.that.wording, actual, witness=witness(law, scope))
    elif result.outcome == "error":
        yield trial.untested(f"the law cannot be evaluated: {result.why}", sticky=True)
    elif result.outcome == "held":
        yield trial.kept()


def _list_steady(
    setting: Setting, resource: Resource, made: Exchange, body: Mapping[str, Any], back: Mapping[str, Any]
) -> list[str]:
    """Return the members of a new instance that keep their values while the server works on it.

    After a 202 they are those that were sent (RFC 9110, 15.3.3). Where the resource is only inferred, its
    answers show the work, as the exports on Django REST framework in `evaluation/right` do.
    """
    kind, accepted = kind_of(setting, resource), made.status == ACCEPTED
    if shows_guessed_job(setting, kind, body, back, accepted=accepted):
        stated = list_stated(setting, kind, body)
        return [member for member in body if member in stated]
    guess = resource.is_seen_by_guess
    return [m for m in body if m in made.input or not (accepted or (guess and body[m] is None))]


def _look_in_list(trial: Trial, resource: Resource, call: ActionCall) -> None:
    """List as the owner (`main`) or another project, and look for an instance.

    If the owner's list lacks an existing instance, a new one is made and looked for. The old one may be on a
    later page. Then further pages are read, because the newest may be on the last one. A document does not
    say that a list shows at once what was made, so it is read once more after a while.
    """
    setting, endpoint, foreign = trial.setting, trial.endpoint, trial.role != "main"
    parents = list_missing_parents(setting, endpoint, resource) if foreign else []
    hidden = [code.name for code in parents]
    more = PageRequest()
    made: Mapping[str, Any] | None = None
    late = foreign or not resource.is_seen_by_guess
    for turn in range(MOST_PAGES):
        if not foreign and turn == 1:
            made = _make_latest(trial, resource)
        answer = trial.ask(
            Call(
                endpoint,
                {**call.input, **more.input},
                "explore" if hidden or (foreign and resource.within) else "valid",
                f"another project lists each {resource.name}"
                if foreign
                else f"to find a {resource.name} in the list",
                role=trial.role,
                subject=resource,
                owner="main",
                standard=True,
                made=made,
                raw=more.raw,
            )
        )
        verdict = _judge_page(trial, resource, call, answer, hidden)
        if verdict is None and turn == 0 and not foreign:
            continue
        verdict = verdict or _judge_end(trial, resource, call, answer)
        if verdict is not None and verdict.verdict is Verdict.BROKEN and not late:
            late, more = True, PageRequest()
            if may_be_unshown(endpoint, answer.subject or {}):  # WordPress lists no drafts
                raise Untested(
                    f"the list may leave out a {resource.name} of this state until that is another"
                )
            trial.ask(Sleep(LATER_S))
            continue
        if verdict is not None:
            if foreign and verdict.verdict is Verdict.BROKEN:
                _object_to_shared(setting, resource, answer.subject or {})
            conclude(replace(verdict, seen_in=answer))
            return
        further = next_page(setting, endpoint, answer)
        if further is None or not further.is_followed:
            break
        more = further
    conclude(
        trial.untested(
            f"the {resource.name} that was just made may stand on a further page than could be asked for"
            + ("" if endpoint.action.pages else "; `pages` of the action would say how")
        )
    )


def _object_to_shared(setting: Setting, resource: Resource, shown: Mapping[str, Any]) -> None:
    """Raise Untested if only a guess says that an instance has an owner, and it may be everybody's."""
    if not is_owned_by_guess(setting, resource):
        return
    if not find_marks(dict(shown)):  # such as a price that all may see
        raise Untested(f"the {resource.name} in the list may not be one that this run made")
    if is_read_by_other(setting, resource, shown):
        raise Untested(say_shared(resource))


def _judge_page(
    trial: Trial, resource: Resource, call: ActionCall, answer: Exchange, hidden: Sequence[str]
) -> Judgement | None:
    """Judge one page: the owner's must contain the instance, and another role's must not.

    None if the page lacks it, because it may be on another page. `hidden` are the codes of a list whose
    container the other project does not even find.
    """
    if answer.code in hidden:
        return trial.kept()
    if not answer.success or answer.subject is None:
        return trial.untested(f"the list was not answered: {answer.outcome}")
    if not answer.fits:
        return trial.untested("the list does not satisfy its schema")
    items = _items_of(call, answer)
    if items is None:
        where = f"`{call.at.wording}`" if call.at is not None else "the whole answer"
        return trial.untested(f"no list was found in what {call.action.name} answered: at is {where}")
    if resource.id_of(answer.subject) not in [resource.id_of(item) for item in items]:
        return None
    if trial.role == "main":
        return trial.kept()
    return trial.broken(f"no {resource.name} of another project", "another project's is in the list")


def _items_of(call: ActionCall, answer: Exchange) -> list[Mapping[str, Any]] | None:
    """Return the instances in a list; None for one object, which may have the list in it."""
    return find_items(call, answer) if isinstance(at_path(call, answer), list) else None


def _judge_end(trial: Trial, resource: Resource, call: ActionCall, answer: Exchange) -> Judgement | None:
    """Judge a list without the instance by its last page; None if it goes on."""
    items = (_items_of(call, answer) or []) if answer.success else []
    if may_go_on(answer, items):
        return None
    if trial.role != "main":
        return trial.kept()
    if answer.cached:
        return trial.untested("a cache stored the list, which may be older")
    # Hashids and encrypted ids may differ in each answer, and a document does not say so
    marks = find_marks(dict(answer.subject or {})) if resource.inferred else []
    if any(occurs_in(mark, item) for mark in marks for item in items):
        return trial.untested(f"the {resource.name} stands in the list under another id")
    expected = f"the {resource.name} that was just made"
    return trial.broken(expected, "a list of {count} without it", count=len(items))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note the instances that each key makes, and look for them in every list that the same key reads.

    Also hold every read of an instance to its resource's laws.
    """
    endpoint = exchange.call.endpoint
    if endpoint is None:
        return
    if exchange.success and exchange.fits and exchange.call.intent in TRUSTED:
        yield from _judge_laws_of_reads(exchange, memory)
    made: dict[tuple[str, str], dict[str, float]] = memory.notes.setdefault(("read_after_write", "made"), {})
    odd = exchange.call.beside or not exchange.fits or exchange.call.intent not in TRUSTED
    unsure = exchange.error or exchange.status >= CRASHED or (exchange.success and odd)
    if endpoint.action.effect == "write" and unsure:
        made.clear()  # a write that failed, or was sent oddly, may have changed any of them
    if exchange.success and endpoint.action.effect == "write":
        forget_changed(exchange, memory, made)  # also if another check finds an error in the answer
    if (  # a header of another check, or a cache, may be why a list is another one
        exchange.call.intent not in TRUSTED
        or not exchange.call.role
        or exchange.call.raw.headers
        or not exchange.success
        or not exchange.fits
        or exchange.tainted
        or exchange.cached
    ):
        return
    for resource in list_resources(memory.setting, endpoint):
        place = resource.place_in(endpoint.params, exchange.input)
        mine = made.setdefault((f"{resource.name} {place}", exchange.call.role), {})
        makes = resource.made_by is not None and resource.made_by.action is endpoint.action
        if makes and not resource.expires_by and len(mine) < MOST_MADE and exchange.status != ACCEPTED:
            ids = map(resource.id_of, list_bodies(resource.made_by, exchange))
            mine.update({id_text(id): exchange.sent_at for id in ids if id is not None})
        if endpoint.leads and mine:
            yield from _judge_whole_list(exchange, memory, resource, mine)


def _judge_laws_of_reads(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge each law of what a read shows, whichever check reads and whatever was changed before."""
    for resource in memory.model.resources.values():
        laws = [law for law in resource.laws if law.names <= SHOWN]
        for read in resource.read_by if laws else ():
            endpoint = exchange.call.endpoint
            if endpoint is None or read.action is not endpoint.action:
                continue
            body = next(iter(list_bodies(read, exchange)), None)
            if body is None or is_gone(resource, body):
                continue
            scope = Scope({"read": body, "env": memory.model.env, "surface": exchange.call.surface})
            for law in laws:
                trial = CHECK.find_trial(memory.setting, exchange.place, _name_law(resource, law))
                if trial is not None:
                    yield from _judge_law(trial, law, scope)


def _judge_whole_list(
    exchange: Exchange, memory: Memory, resource: Resource, mine: Mapping[str, float]
) -> Iterator[Judgement]:
    """Yield a broken judgement if the answer is a list that lacks an instance which its laws admit."""
    endpoint, arguments = exchange.call.endpoint, exchange.call.input
    every = enumerate(resource.listed_by)
    calls = [(i, call) for i, call in every if endpoint is not None and call.action is endpoint.action]
    if not calls:
        return
    index, call = min(calls, key=lambda pair: len(pair[1].input.keys() ^ arguments.keys()))
    lost = find_lost_instance(exchange, memory, resource, call, mine)
    trial = CHECK.find_trial(memory.setting, exchange.place, f"listed/{_name_list(resource, index)}")
    if lost is not None and trial is not None:
        names = ", ".join(sorted(arguments)) or "nothing"
        age = max(0.0, exchange.sent_at - mine[id_text(resource.id_of(lost))])
        if resource.is_seen_by_guess and (age < LATER_S or may_be_unshown(trial.endpoint, lost)):
            return
        expected = f"each {resource.name} of ours that {names} asks for"
        yield trial.broken(expected, "one of ours is not in the list, made {age:.0f} s before", age=age)


CHECK = make_check(
    "read_after_write",
    __doc__,
    cases,
    watch=watch,
    watched=frozenset((LAW,)),
    turn=9,
    calls_correctly=True,
    tools=True,
    self_contained=True,
    remembers=True,
    overlap="all",
    rank=Rank.WRONG,
)


# -- the instance that a list is searched for


def list_makers(setting: Setting, resource: Resource) -> list[Endpoint]:
    """Return the endpoints that make an instance, those of tools included if no other surface has them."""
    return _list_callers(setting, resource.made_by.action) if resource.made_by else []


def _list_callers(setting: Setting, action: Action) -> list[Endpoint]:
    lead = setting.find_lead(str(action.name))
    tools = [lead] if lead is not None and lead.form is not None else []
    return setting.list_calling(action) + tools


def _make_latest(trial: Trial, resource: Resource) -> Mapping[str, Any] | None:
    """Return a new instance to look for; None if none can be made."""
    maker = next(iter(list_makers(trial.setting, resource)), None)
    if maker is None or resource.made_by is None:
        return None
    template = template_of(trial.model, maker.action)
    new = trial.ask(ordinary(maker, template, "valid", "to have the latest", fresh=True))
    if new.status == ACCEPTED:
        raise Untested(f"a new {resource.name} is only accepted, so a list may lack it still")
    return next(iter(list_bodies(resource.made_by, new)), None)


# -- instances that each key made, and those that a list lacks


DAY_S = 86_400.0
"""Seconds after which the server may have removed part of an instance, if no `retention` says when."""


def list_resources(setting: Setting, endpoint: Endpoint) -> list[Resource]:
    """Return the resources that an endpoint's action makes or lists."""

    def find() -> list[Resource]:
        return [
            resource
            for resource in setting.model.resources.values()
            if (resource.made_by is not None and resource.made_by.action is endpoint.action)
            or any(call.action is endpoint.action for call in resource.listed_by)
        ]

    return setting.compute_once(("resources made or listed", str(endpoint.action.name)), find)


def forget_changed(exchange: Exchange, memory: Memory, made: dict[tuple[str, str], dict[str, float]]) -> None:
    """Forget the instances that a call removed or may have changed unseen, whoever made them."""
    endpoint = exchange.call.endpoint
    for resource in memory.model.resources.values() if endpoint is not None else ():
        assert endpoint is not None
        undone_by = resource.undone_by
        removed = undone_by is not None and undone_by.action is endpoint.action and resource.removes
        unseen = changes_unseen(memory.setting, resource, endpoint.action)
        if not removed and not unseen and not may_move(resource, endpoint.action):
            continue
        key = f"{resource.name} {resource.place_in(endpoint.params, exchange.input)}"
        named = [exchange.input.get(str(p.name)) for p in endpoint.params if p.refers_to == resource.name]
        if len(resource.ids) > 1:
            named = [resource.id_named(endpoint.params, exchange.input)]
        for (name, _), mine in made.items():
            for id in named if name == key else ():
                mine.pop(id_text(id), None)


def find_lost_instance(
    exchange: Exchange,
    memory: Memory,
    resource: Resource,
    call: ActionCall,
    mine: Mapping[str, float],
) -> Mapping[str, Any] | None:
    """Return the body of an instance that the list's laws admit and the list lacks; None without one.

    `mine` maps the ids of the key's instances to the times of their creates, in epoch seconds.
    """
    name, *members = (call.at.path if call.at else ()) or ("",)
    since = exchange.sent_at - min(
        (rule.after_s for rule in (memory.model.retention or {}).values()), default=DAY_S
    )
    place = memory.setting.find_scope(resource, exchange)
    bodies = [memory.bodies.get((resource.name, f"{place}{id}")) for id, at in mine.items() if at > since]
    return (
        find_missing_instance(
            memory.setting, exchange, members[0], resource, [b for b in bodies if b], body_at=call.body_at
        )
        if name == "response" and len(members) == 1
        else None
    )
