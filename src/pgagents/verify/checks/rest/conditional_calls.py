"""Conditional calls work: 304 for the version that a caller has, and a refusal of a write to an old version.

A read with the present tag in If-None-Match, alone or after another tag, is answered 304 (RFC 9110, 13.1.2).
The same holds for `*`, which means any tag, and for a tag that differs by `W/` alone. With another tag the
read is answered as usual. A write with the present tag in If-Match succeeds, and gives the instance a new
tag. With the old tag it is refused and changes nothing. If two simultaneous writes have the present tag, only
one succeeds. Without a tag, a write is refused or succeeds as the catalogue says. Weak tags match in no
If-Match (RFC 9110, 13.1.1): the present tag with `W/` is refused, and writes whose tags are weak are
untested.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.cases.argument_values import choose_optional
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import target_of
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    describe_code,
    judge_accepted,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import high, low, matches
from pgagents.verify.wire.call import Call, Concurrent, EntityTag, InstanceRef, Raw
from pgagents.verify.wire.endpoint import REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "conditional_calls"
NOT_MODIFIED = 304
REQUIRED = 428
ANY = "*"
NO_OTHER = "the catalogue allows no other tag"


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield the contracts of each read with a tag, and of each write that takes a tag."""
    for _, endpoint in list_reads(setting):
        says = f"{endpoint.action.name} answers 304 to its own tag, and as usual to another one"
        yield promise(NAME, "not_modified", endpoint, says, endpoint.action.origin, endpoint.action.cite)
    for _, _, endpoint in list_writes(setting):
        for detail, says in _details(setting, endpoint):
            yield promise(NAME, detail, endpoint, says, endpoint.action.origin, endpoint.action.cite)


def _details(setting: Setting, endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    name = endpoint.action.name
    yield "present", f"{name} is done with the present tag, and the tag is another one afterwards"
    yield "stale", f"{name} is refused with an old tag, and changes nothing"
    yield "weak", f"{name} is refused with the present tag as a weak one"
    yield "once", f"of two calls of {name} at once with the present tag only one is done"
    if is_tag_required(endpoint):
        yield "missing", f"{name} is refused without a tag"
    else:
        yield "without", f"{name} is done without a tag"
    if list_lone_arguments(setting, endpoint):
        yield "alone", f"{name} gives a new tag whichever argument alone changes something"


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each read with a tag, and one for each write that takes one."""
    del roles
    for resource, endpoint in list_reads(setting):
        contract = f"{NAME}/not_modified/{endpoint.place}"
        run = partial(_read_again, setting, resource, endpoint, contract)
        yield Probe(contract, 5, (contract,), 6, run, (endpoint,), "main", False)
    for resource, reader, endpoint in list_writes(setting):
        alone, once = (f"{NAME}/{detail}/{endpoint.place}" for detail in ("alone", "once"))
        details = (f"{NAME}/{detail}/{endpoint.place}" for detail, _ in _details(setting, endpoint))
        contracts = tuple(one for one in details if one not in (alone, once))
        if given := list_lone_arguments(setting, endpoint):
            each = partial(_write_each, setting, resource, reader, endpoint, given)
            yield Probe(alone, 5, (alone,), 2 * len(given) + 2, each, (endpoint, reader), "main", True)
        pair = partial(_write_at_once, setting, resource, reader, endpoint, once)
        yield Probe(once, 5, (once,), 3, pair, (endpoint, reader), "main", True)
        name = f"{NAME}/versions/{endpoint.place}"
        write = partial(_write_versions, setting, resource, reader, endpoint)
        yield Probe(name, 5, contracts, 9, write, (endpoint, reader), "main", True)


def _read_again(setting: Setting, resource: Resource, endpoint: Endpoint, contract: str) -> Conversation:
    body: Mapping[str, Any] = yield InstanceRef(resource.name)
    first: Exchange = yield make_read(setting, endpoint, body, "to have its tag")
    tag = first.header("etag")
    if not first.success or not tag:
        yield judge_untested(contract, f"it was answered without a tag: {first.outcome}")
        return
    same: Exchange = yield make_read(setting, endpoint, body, "with the tag of its own answer", tag)
    if same.void:
        yield judge_untested(contract, f"the conditional read was not answered: {same.outcome}")
        return
    if same.status != NOT_MODIFIED and same.header("etag") in (tag, None):
        yield judge_broken(contract, f"304 to If-None-Match: {tag}", same.outcome)
        return
    several = f"{OTHER}, {tag}"
    turned = tag.removeprefix(WEAK) if tag.startswith(WEAK) else f"{WEAK}{tag}"
    forms = {
        several: "with two tags, the second its own",
        ANY: "with *, which means any tag",
        turned: "with its own tag, but for W/",
    }
    for form, why in forms.items() if same.status == NOT_MODIFIED else ():
        if not may_be_sent(setting, endpoint, form):
            continue
        again: Exchange = yield make_read(setting, endpoint, body, why, form)
        refused = form == ANY and not again.success  # as a value that has no use in a read
        unread = not again.void and again.status != NOT_MODIFIED and again.header("etag") in (tag, None)
        if unread and not refused:
            yield judge_broken(contract, f"304 to If-None-Match: {form}", again.outcome)
            return
    another = find_other_tag(setting, endpoint, tag)
    if not another:
        yield judge_kept(contract) if same.status == NOT_MODIFIED else judge_untested(contract, NO_OTHER)
        return
    other: Exchange = yield make_read(setting, endpoint, body, "with another tag", another)
    if other.void:
        yield judge_untested(contract, f"the conditional read was not answered: {other.outcome}")
    elif other.success:
        yield judge_kept(contract)
    else:
        yield judge_broken(contract, f"the whole answer to If-None-Match: {another}", other.outcome)


def _write_versions(
    setting: Setting, resource: Resource, reader: Endpoint, endpoint: Endpoint
) -> Conversation:
    """Write with the present tag, with the old one, and without one."""
    bare = "missing" if is_tag_required(endpoint) else "without"
    every = tuple(f"{NAME}/{detail}/{endpoint.place}" for detail in ("present", "stale", "weak", bare))
    present, stale, weak, missing = every
    body: Mapping[str, Any] = yield InstanceRef(resource.name, fresh=True)
    first: Exchange = yield make_read(setting, reader, body, "to have its tag")
    old = first.header("etag")
    if not first.success or not old or old.startswith(WEAK):
        why = "its tag is weak" if old else f"it was answered without a tag: {first.outcome}"
        for contract in every:
            yield judge_untested(contract, why)
        return
    done: Exchange = yield make_write(setting, resource, endpoint, body, old, 0, "with the present tag")
    second: Exchange = yield make_read(setting, reader, body, "after the write")
    yield _judge_present(present, first, done, second)
    late: Exchange = yield make_write(setting, resource, endpoint, body, old, 1, "with the tag before")
    after: Exchange = yield make_read(setting, reader, body, "after the refusal")
    yield from _judge_stale(endpoint, stale, first, second, late, after)
    yield from _try_weak(setting, resource, endpoint, body, second, weak)
    free: Exchange = yield make_write(setting, resource, endpoint, body, "", 1, "without a tag")
    if not is_tag_required(endpoint):
        yield from judge_accepted(free, missing, "a write without a tag")
    else:
        known = [c for c in endpoint.action.errors if c.status == REQUIRED]
        codes = known or [setting.model.invalid_in(endpoint.action)]
        yield from judge_refused(free, missing, codes, "a write without a tag")


def _try_weak(
    setting: Setting,
    resource: Resource,
    endpoint: Endpoint,
    body: Mapping[str, Any],
    present: Exchange,
    contract: str,
) -> Conversation:
    """Write with the present tag marked as weak. If-Match compares strongly, so it matches no version."""
    tag = f"{WEAK}{present.header('etag')}"
    param = endpoint.action.param(str(endpoint.action.if_match))
    if param is not None and not setting.test_argument(endpoint, param).is_valid(tag):
        yield Judgement(contract, Verdict.NOT_APPLICABLE, "the argument takes no weak tag")
        return
    done: Exchange = yield make_write(
        setting, resource, endpoint, body, tag, 1, "with the present tag as a weak one"
    )
    code = endpoint.action.stale
    if done.moot or done.void or not present.success:
        yield judge_untested(contract, f"it was not answered: {present.outcome}, {done.outcome}")
    elif done.success:
        expected = f"{describe_code(code) if code is not None else 412} to If-Match: {tag}"
        yield judge_broken(contract, expected, done.outcome)
    elif done.refused:
        yield judge_kept(contract)


def _write_at_once(
    setting: Setting, resource: Resource, reader: Endpoint, endpoint: Endpoint, contract: str
) -> Conversation:
    """Send two changing writes at the same time, both with the present tag."""
    body: Mapping[str, Any] = yield InstanceRef(resource.name, fresh=True)
    first: Exchange = yield make_read(setting, reader, body, "to have its tag")
    tag = first.header("etag")
    if not first.success or not tag or tag.startswith(WEAK):
        yield judge_untested(contract, f"it was answered without a strong tag: {first.outcome}")
        return
    why = "one of two at once with the present tag"
    calls = tuple(make_write(setting, resource, endpoint, body, tag, turn, why) for turn in (0, 1))
    pair: Sequence[Exchange] = yield Concurrent(calls)
    done = [exchange for exchange in pair if exchange.success]
    if not done:
        yield judge_untested(contract, f"neither write was done: {pair[0].outcome}")
    elif len(done) < len(pair):
        yield judge_kept(contract)
    elif any(not changes_instance(resource, reader, call, first) for call in calls):
        yield judge_untested(contract, "one of the writes changed nothing, so the tag may have stayed")
    else:
        refused = endpoint.action.stale
        expected = f"one is refused with {refused.status if refused is not None else 412}"
        yield judge_broken(contract, expected, f"both were answered with {done[0].status}")


def _write_each(
    setting: Setting, resource: Resource, reader: Endpoint, endpoint: Endpoint, given: Mapping[str, Any]
) -> Conversation:
    """Change the arguments one after the other, and compare the tags."""
    contract = f"{NAME}/alone/{endpoint.place}"
    body: Mapping[str, Any] = yield InstanceRef(resource.name, fresh=True)
    before: Exchange = yield make_read(setting, reader, body, "to have its tag")
    changed = False
    for name, value in given.items():
        template = template_of(setting.model, endpoint.action)
        needed = template.list_needed(endpoint.action)
        input = {**needed, **resource.values_for(endpoint.params, body), name: value}
        if endpoint.action.if_match is not None:
            input[endpoint.action.if_match] = EntityTag(before.header("etag") or "*")
        why = f"with {name} alone"
        yield ordinary(endpoint, template, "explore", why, input=input, made=body, subject=resource)
        after: Exchange = yield make_read(setting, reader, body, f"after {name} changed")
        if not before.success or not after.success or not after.header("etag"):
            yield judge_untested(contract, f"it was not read with a tag: {after.outcome}")
            return
        if after.body != before.body and after.header("etag") == before.header("etag"):
            said = f"the same tag after another {name}, {after.header('etag')}"
            yield judge_broken(contract, "a new tag after each change", said)
            return
        changed, before = changed or after.body != before.body, after
    yield judge_kept(contract) if changed else judge_untested(contract, "no argument alone changed it")


def _judge_present(contract: str, first: Exchange, done: Exchange, second: Exchange) -> Judgement:
    if done.void or second.void or not second.success:
        return judge_untested(contract, f"the write was not answered: {done.outcome}, {second.outcome}")
    if not done.success:
        return judge_broken(contract, "a write with the present tag is done", done.outcome)
    if second.body != first.body and second.header("etag") == first.header("etag"):
        return judge_broken(
            contract, "a new tag after a change", "the same tag, {value}", value=first.header("etag")
        )
    return judge_kept(contract)


def _judge_stale(
    endpoint: Endpoint, contract: str, first: Exchange, before: Exchange, late: Exchange, after: Exchange
) -> Generator[Judgement, Any, None]:
    code = endpoint.action.stale
    assert code is not None
    if not before.success or not after.success:
        yield judge_untested(contract, f"the instance was not read: {before.outcome}, {after.outcome}")
    elif (before.header("etag"), before.body) == (first.header("etag"), first.body):
        yield judge_untested(contract, "the write before changed nothing, so the tag is the present one")
    elif late.status == code.status and after.body != before.body:
        yield judge_broken(contract, "a refused write changes nothing", "the instance differs afterwards")
    else:
        yield from judge_refused(late, contract, [code], "a write with an old tag")


CHECK = Check(NAME, __doc__, promises, probes=probes)


# -- reads and writes that take an entity tag, and the tags that they are sent with


OTHER, WEAK = '"pgv-no-such-version"', "W/"


def list_lone_arguments(setting: Setting, endpoint: Endpoint) -> dict[str, Any]:
    """Return the optional arguments of the body with a value for each, if no other argument must be sent."""
    body = [p for p in endpoint.params if p.place == "body"]
    if any(p.required and not p.refers_to for p in body):
        return {}
    names = {str(p.name) for p in body}
    return {name: value for name, value in choose_optional(setting, endpoint).items() if name in names}


def is_tag_required(endpoint: Endpoint) -> bool:
    """True if a write must be sent with a tag."""
    return any(p.required for p in endpoint.params if p.name == endpoint.action.if_match)


def list_reads(setting: Setting) -> list[tuple[Resource, Endpoint]]:
    """Return the REST reads with tags, each with its resource."""
    return [
        (resource, endpoint)
        for resource in setting.model.resources.values()
        for read in resource.read_by
        if read.action.etag and (endpoint := setting.endpoint(str(read.action.name), REST)) is not None
    ]


def list_writes(setting: Setting) -> list[tuple[Resource, Endpoint, Endpoint]]:
    """Return the REST writes that take a tag and keep the instance, each with its resource and read.

    The tag is that of the changed instance. So a create has none, although it contains the id of the new
    instance's container.
    """
    found = []
    for endpoint in setting.endpoints:
        if (
            endpoint.action.if_match is None
            or not endpoint.on_rest
            or setting.model.is_removal(endpoint.action)
        ):
            continue
        target = target_of(setting, endpoint.action)
        reads = [(r, e) for r, e in list_reads(setting) if target is not None and r is target.resource]
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

    These are the required texts, or without any, those of the example.
    """
    template = template_of(setting.model, endpoint.action)
    choose = (low, high)[turn]
    sent = [p for p in endpoint.params if p.place == "body" and not p.refers_to]
    needed = [p for p in sent if p.required] or [p for p in sent if str(p.name) in template.input]
    texts = {str(p.name): choose(p.schema, setting.model.schemas) for p in needed}
    ids = resource.values_for(endpoint.params, body)
    given = {**template.input, **texts, **ids, str(endpoint.action.if_match): EntityTag(tag)}
    return ordinary(endpoint, template, "explore", why, input=given, made=body, subject=resource)


def may_be_sent(setting: Setting, endpoint: Endpoint, tags: str) -> bool:
    """True if the catalogue allows this value for the read's If-None-Match."""
    named = (p for p in endpoint.params if p.place == "header" and p.wire.lower() == "if-none-match")
    return all(matches(setting.resolve_schema(p.schema), tags) for p in named)


def find_other_tag(setting: Setting, endpoint: Endpoint, tag: str) -> str:
    """Return a tag that differs from the read's tag, in a form that the catalogue allows; empty without
    one.
    """
    turned = tag.translate(str.maketrans("0123456789", "1234567890"))
    return next((t for t in (OTHER, turned) if t != tag and may_be_sent(setting, endpoint, t)), "")
