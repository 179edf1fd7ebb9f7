"""Conditional calls work: 304 for the version that a caller has, and a refusal of a write to an old version.

A read with the present tag in If-None-Match is answered 304 (RFC 9110, 13.1.2). With another tag the read is
answered as usual, also beside an If-Modified-Since (RFC 9110, 13.1.3). A write with the present tag in
If-Match succeeds, and gives the instance a new tag. With the old tag it is refused and changes nothing. If
two simultaneous writes have the present tag, only one succeeds. Without a tag, a write is refused or succeeds
as the catalogue says. Weak tags match in no If-Match (RFC 9110, 13.1.1), so writes whose tags are weak are
untested. A write has new values for unique members. One that meets another rule of the catalogue shows
nothing. A removal is refused with another tag, and removes nothing; with the present one it is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.answers.refusal import ANY_REFUSAL
from pgagents.verify.cases.instance_changes import find_fresh, list_unique
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import as_called, target_of
from pgagents.verify.judgement import Judgement, Untested, conclude, demand
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low, matches, types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Concurrent, EntityTag, InstanceRef, Intent, Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import CONDITION, Exchange

NOT_MODIFIED = 304
NO_OTHER = "the catalogue allows no other tag"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the case of each read with a tag, and the cases of each write that takes a tag."""
    del roles
    for resource, endpoint in list_reads(setting):
        origin = endpoint.action.origin
        says = f"{endpoint.action.name} answers 304 to its own tag, and as usual to another one"
        attempt = Attempt(partial(_read_again, resource=resource), cost=3, writes=False)
        yield Case(endpoint, says, origin, attempt, "not_modified")
    for number, (resource, reader, endpoint) in enumerate(list_writes(setting)):
        if setting.model.is_removal(endpoint.action):
            yield from _list_cases_of_removal(resource, reader, endpoint, 3 * number)
        else:
            yield from _list_cases_of_write(resource, reader, endpoint, 3 * number)


def _list_cases_of_removal(
    resource: Resource, reader: Endpoint, endpoint: Endpoint, order: int
) -> Iterator[Case]:
    """Yield the cases of a removal: without a tag if it needs one, with another tag, and with the present."""
    name, required = endpoint.action.name, is_tag_required(endpoint)
    attempt = Attempt(
        together=partial(_remove_versions, resource=resource, reader=reader),
        probe=f"conditional_calls/versions/{endpoint.place}",
        order=order,
        cost=5 + required,
        endpoints=(endpoint, reader),
        writes=True,
    )
    told = {"other": f"{name} is refused with another tag, and removes nothing"}
    told["present"] = f"{name} is done with the present tag"
    if required:
        told = {"missing": f"{name} is refused without a tag, and removes nothing", **told}
    for detail, says in told.items():
        yield Case(endpoint, says, endpoint.action.origin, attempt, detail, advice=not reader.action.etag)


def _list_cases_of_write(
    resource: Resource, reader: Endpoint, endpoint: Endpoint, order: int
) -> Iterator[Case]:
    """Yield the cases of a write. The attempt with most calls comes last, from `order` on.

    If the read promises no 304, only names of headers say that they belong together, so that a break is odd.
    """
    case = partial(Case, advice=not reader.action.etag)
    name, origin, used = endpoint.action.name, endpoint.action.origin, (endpoint, reader)
    versions = Attempt(
        together=partial(_write_versions, resource=resource, reader=reader),
        probe=f"conditional_calls/versions/{endpoint.place}",
        order=order + 3,
        cost=8,
        endpoints=used,
        writes=True,
    )
    once = Attempt(
        partial(_write_at_once, resource=resource, reader=reader),
        cost=3,
        endpoints=used,
        writes=True,
        order=order + 2,
    )
    says = f"{name} is done with the present tag, and the tag is another one afterwards"
    yield case(endpoint, says, origin, versions, "present")
    yield case(endpoint, f"{name} is refused with an old tag, and changes nothing", origin, versions, "stale")
    says = f"of two calls of {name} at once with the present tag only one is done"
    yield case(endpoint, says, origin, once, "once")
    if is_tag_required(endpoint):
        yield case(endpoint, f"{name} is refused without a tag", origin, versions, "missing")
    else:
        yield case(endpoint, f"{name} is done without a tag", origin, versions, "without")


def _read_again(trial: Trial, resource: Resource) -> None:
    setting, endpoint = trial.setting, trial.endpoint
    instance = trial.ask(InstanceRef(resource.name))
    first = trial.ask(make_read(setting, endpoint, instance, "to have its tag"))
    tag = first.header("etag")
    if not first.success or not tag:
        raise Untested(f"it was answered without a tag: {first.outcome}")
    same = demand(trial.ask(make_read(setting, endpoint, instance, "with the tag of its own answer", tag)))
    # a tag that has changed by now, as that of a page with a clock, was not the present one
    if same.status != NOT_MODIFIED and same.header("etag") in (tag, None):
        conclude(trial.broken(f"304 to If-None-Match: {tag}", same.outcome))
        return
    if same.status != NOT_MODIFIED:
        raise Untested(f"it has another tag by now: {same.outcome}")
    another = find_other_tag(setting, endpoint)
    if not another:
        conclude(trial.kept())
        return
    other = demand(trial.ask(make_read(setting, endpoint, instance, "with another tag", another)))
    whole = f"the whole answer to If-None-Match: {another}"
    if not other.success:
        conclude(trial.broken(whole, other.outcome))
        return
    time = other.header("last-modified")
    if time:
        call = make_read(setting, endpoint, instance, "with another tag, and the time of its change", another)
        call = replace(call, raw=Raw(headers=(*call.raw.headers, ("If-Modified-Since", time))))
        both = demand(trial.ask(call))
        if both.status == NOT_MODIFIED:
            # the document says nothing of the time, so that it goes before the tag is HTTP's rule alone
            broken = trial.broken(f"{whole}, whatever If-Modified-Since says", both.outcome)
            conclude(replace(broken, odd=True))
            return
    conclude(trial.kept())


def _refer(setting: Setting, endpoint: Endpoint, resource: Resource) -> InstanceRef:
    return as_called(setting.model, endpoint.action, InstanceRef(resource.name, fresh=True))


def _write_versions(trials: Sequence[Trial], resource: Resource, reader: Endpoint) -> None:
    """Write with the present tag, with the old one, and without one."""
    present, stale, bare = trials
    setting, endpoint = present.setting, present.endpoint
    instance = ask(_refer(setting, endpoint, resource))
    first = ask(make_read(setting, reader, instance, "to have its tag"))
    old = first.header("etag")
    if not first.success or not old or old.startswith(WEAK):
        why = "its tag is weak" if old else f"it was answered without a tag: {first.outcome}"
        raise Untested(why)

    def write(tag: str, turn: int, why: str) -> Call:
        return make_write(setting, resource, endpoint, instance, tag, turn, why)

    # it may have the least values already: another probe wrote it, or its create has the first choice
    calls = [write(old, turn, "with the present tag") for turn in (0, 1)]
    new, other = sorted((0, 1), key=lambda turn: not changes_instance(resource, reader, calls[turn], first))
    done = ask(calls[new])
    second = ask(make_read(setting, reader, instance, "after the write"))
    conclude(_judge_present(present, first, done, second))
    late = ask(write(old, other, "with the tag before"))
    after = ask(make_read(setting, reader, instance, "after the refusal"))
    conclude(_judge_stale(stale, (first, done, second), late, after))
    missing = is_tag_required(endpoint)
    untagged = write("", other, "without a tag")
    free = ask(replace(untagged, intent="illegal") if missing else untagged)
    if missing:
        conclude(_judge_untagged(bare, free, "a write without a tag"))
    else:
        conclude(bare.accepted(free, "a write without a tag"))


def _remove_versions(trials: Sequence[Trial], resource: Resource, reader: Endpoint) -> None:
    """Remove an instance without a tag, with another one, and with the present one, until it is gone."""
    *refused, done = trials
    setting, endpoint = done.setting, done.endpoint
    # a booking that another call has made in a room keeps it
    instance = ask(replace(_refer(setting, endpoint, resource), new=True))
    first = ask(make_read(setting, reader, instance, "to have its tag"))
    tag, other = first.header("etag") or "", find_other_tag(setting, endpoint)
    why = "" if first.success and tag else f"it was answered without a tag: {first.outcome}"
    why = why or ("its tag is weak" if tag.startswith(WEAK) else "" if other else NO_OTHER)
    stale = endpoint.action.stale
    if why or stale is None:
        raise Untested(why)
    template = template_of(setting.model, endpoint.action)

    def remove(sent: str, why: str, intent: Intent = "explore") -> Call:
        given = {**template.input, **resource.values_for(endpoint.params, instance)}
        given[str(endpoint.action.if_match)] = EntityTag(sent)
        return ordinary(endpoint, template, intent, why, input=given, made=instance, subject=resource)

    for trial in refused:
        bare = trial is not refused[-1]
        how = "without a tag" if bare else "with another tag"
        answer = ask(remove("" if bare else other, how, "illegal" if bare else "explore"))
        after = ask(make_read(setting, reader, instance, "after the refusal"))
        if _meets_other_rule(trial, answer) or after.void:
            conclude(trial.untested(f"another rule refused it, or it was not read: {answer.outcome}"))
        elif answer.refused and not after.success:
            conclude(trial.broken("a refused removal removes nothing", after.outcome))
        elif bare:
            conclude(_judge_untagged(trial, answer, f"a removal {how}"))
        else:
            conclude(trial.refused(answer, [stale], f"a removal {how}"))
        if answer.success or not after.success:
            conclude(done.untested("it was removed with a tag that is not its own"))
            return
    last = ask(remove(tag, "with the present tag"))
    if _meets_other_rule(done, last):
        conclude(done.untested(f"another rule refused it: {last.outcome}"))
    else:
        conclude(done.accepted(last, "a removal with the present tag"))


def _judge_untagged(trial: Trial, answer: Exchange, what: str) -> Iterator[Judgement]:
    """Judge that a write without the tag that it needs is refused; a document says that, and not by which
    status: servers answer 412 or 403, too.
    """
    declared = [code for code in trial.action.errors if code.status == CONDITION]
    codes = declared or [trial.model.invalid_in(trial.action)]
    yield from trial.refused(answer, codes, what, ANY_REFUSAL if trial.model.leaves_open else ())


def _judge_present(trial: Trial, first: Exchange, done: Exchange, second: Exchange) -> Judgement:
    if done.void or second.void or not second.success:
        return trial.untested(f"the write was not answered: {done.outcome}, {second.outcome}")
    if _meets_other_rule(trial, done):
        return trial.untested(f"another rule refused the write: {done.outcome}")
    if not done.success:
        return trial.broken("a write with the present tag is done", done.outcome)
    if second.body == first.body:
        return trial.untested("the write changed nothing that the read shows, so the tag may have stayed")
    tag = first.header("etag")
    if second.header("etag") == tag:
        return trial.broken("a new tag after a change", "the same tag, {value}", value=tag)
    return trial.kept()


def _judge_stale(
    trial: Trial, earlier: tuple[Exchange, Exchange, Exchange], late: Exchange, after: Exchange
) -> Iterator[Judgement]:
    """Judge a write with the tag of a first read, after a write and a second read."""
    first, done, before = earlier
    code = trial.action.stale
    assert code is not None
    if not done.success:
        yield trial.untested(f"the write before was not done, so the tag is the present one: {done.outcome}")
    elif not before.success or not after.success:
        yield trial.untested(f"the instance was not read: {before.outcome}, {after.outcome}")
    elif (before.header("etag"), before.body) == (first.header("etag"), first.body):
        yield trial.untested("the write before changed nothing, so the tag is the present one")
    elif _meets_other_rule(trial, late):
        yield trial.untested(f"another rule refused the write: {late.outcome}")
    elif late.status == code.status and after.header("etag") != before.header("etag"):
        # not the body: a count of reads, as of a page's views, changes by itself
        yield trial.broken("a refused write changes nothing", "the instance differs afterwards")
    else:
        yield from trial.refused(late, [code], "a write with an old tag")


def _meets_other_rule(trial: Trial, answer: Exchange) -> bool:
    """True if a write was refused for a documented conflict, such as a value that is taken, and not for its
    tag.
    """
    stale = trial.action.stale
    return answer.is_conflict and (stale is None or answer.code != stale.name)


def _write_at_once(trial: Trial, resource: Resource, reader: Endpoint) -> None:
    """Send two changing writes at the same time, both with the present tag."""
    setting, endpoint = trial.setting, trial.endpoint
    instance = trial.ask(_refer(setting, endpoint, resource))
    first = trial.ask(make_read(setting, reader, instance, "to have its tag"))
    tag = first.header("etag")
    if not first.success or not tag or tag.startswith(WEAK):
        raise Untested(f"it was answered without a strong tag: {first.outcome}")
    why = "one of two at once with the present tag"
    calls = tuple(make_write(setting, resource, endpoint, instance, tag, turn, why) for turn in (0, 1))
    pair: Sequence[Exchange] = trial.ask(Concurrent(calls))
    done = [answer for answer in pair if answer.success]
    # SQLite and PostgreSQL refuse one of two transactions, which a server often answers with 500 or 503
    failed = next((a for a in pair if not a.success and (a.void or a.status >= 500)), None)
    if not done or failed is not None:
        raise Untested(f"none was done, or one was put off or failed: {(failed or pair[0]).outcome}")
    if len(done) < len(pair):
        conclude(trial.kept())
    elif any(not changes_instance(resource, reader, call, first) for call in calls):
        raise Untested("one of the writes changed nothing, so the tag may have stayed")
    else:
        refused = endpoint.action.stale
        expected = f"one is refused with {refused.status if refused is not None else 412}"
        conclude(trial.broken(expected, f"both were answered with {done[0].status}"))


CHECK = make_check("conditional_calls", __doc__, cases, stage=5, rank=Rank.WRONG)


# -- reads and writes that take an entity tag, and the tags that they are sent with


OTHER, WEAK = '"pgv-no-such-version"', "W/"


def is_tag_required(endpoint: Endpoint) -> bool:
    """True if a write must be sent with a tag."""
    return any(p.required for p in endpoint.params if p.name == endpoint.action.if_match)


def list_reads(setting: Setting) -> list[tuple[Resource, Endpoint]]:
    """Return the REST reads that promise 304 for their tag, each with its resource."""
    return [(resource, endpoint) for resource, endpoint in _list_tagged(setting) if endpoint.action.etag]


def _list_tagged(setting: Setting) -> list[tuple[Resource, Endpoint]]:
    """Return the REST reads that have a tag, with or without a promise of 304, each with its resource."""
    return [
        (resource, endpoint)
        for resource in setting.model.resources.values()
        for read in resource.read_by
        if (read.action.etag or any(h.name.lower() == "etag" for h in read.action.success.headers))
        and (endpoint := setting.endpoint(str(read.action.name), REST)) is not None
    ]


def list_writes(setting: Setting) -> list[tuple[Resource, Endpoint, Endpoint]]:
    """Return the REST writes that take a tag, each with its resource and read.

    The tag is that of the instance. So a create has none, although it contains the id of the new instance's
    container.
    """
    found = []
    for endpoint in setting.endpoints:
        if endpoint.action.if_match is None or not endpoint.on_rest:
            continue
        target = target_of(setting, endpoint.action)
        reads = [(r, e) for r, e in _list_tagged(setting) if target is not None and r is target.resource]
        found += [(resource, reader, endpoint) for resource, reader in reads[:1]]
    return found


def make_read(
    setting: Setting,
    reader: Endpoint,
    body: Mapping[str, Any],
    why: str,
    known: str = "",
) -> Call:
    """Return a read of the instance with this body, with `known` as its If-None-Match; empty for none."""
    raw = Raw(headers=(("If-None-Match", known),)) if known else Raw()
    template = template_of(setting.model, reader.action)
    return ordinary(reader, template, "explore", why, made=body, raw=raw)


def changes_instance(resource: Resource, reader: Endpoint, call: Call, first: Exchange) -> bool:
    """True if a write gives a member another value than the read before it showed."""
    read = next((one for one in resource.read_by if one.action is reader.action), None)
    shown = at_path(read, first)
    params = call.endpoint.params if call.endpoint is not None else ()
    sent = [p for p in params if p.place == "body" and not p.refers_to and str(p.name) in call.input]
    return isinstance(shown, Mapping) and any(
        p.wire in shown and shown[p.wire] != call.input[str(p.name)] for p in sent
    )


def make_write(
    setting: Setting,
    resource: Resource,
    endpoint: Endpoint,
    body: Mapping[str, Any],
    tag: str,
    turn: int,
    why: str,
) -> Call:
    """Return a write with a tag. In each turn, the texts of its body have other values.

    These are the required texts, or without any, those of the example; without either, one that may change.
    """
    template = template_of(setting.model, endpoint.action)
    choose = (low, high)[turn]
    sent = [p for p in endpoint.params if p.place == "body" and not p.refers_to]
    needed = [p for p in sent if p.required] or [p for p in sent if str(p.name) in template.input]
    texts_first = sorted(sent, key=lambda p: "string" not in types_of(setting.resolve_schema(p.schema)))
    needed = needed or texts_first[:1]  # a change of nothing may keep the tag (RFC 9110, 8.8.1)
    taken = list_unique(resource)
    texts = {
        str(p.name): find_fresh(setting, resource, p)
        if p.wire in taken
        else choose(p.schema, setting.model.schemas)
        for p in needed
    }
    texts = {name: value for name, value in texts.items() if value is not None}
    ids = resource.values_for(endpoint.params, body)
    given = {**template.input, **texts, **ids, str(endpoint.action.if_match): EntityTag(tag)}
    return ordinary(endpoint, template, "explore", why, input=given, made=body, subject=resource)


def find_other_tag(setting: Setting, endpoint: Endpoint) -> str:
    """Return a tag that no instance has; empty if a pattern of the catalogue's If-None-Match forbids it."""
    named = (p for p in endpoint.params if p.place == "header" and p.wire.lower() == "if-none-match")
    return OTHER if all(matches(setting.resolve_schema(p.schema), OTHER) for p in named) else ""
