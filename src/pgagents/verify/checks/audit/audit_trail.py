"""Every successful write leaves one row in the audit log: action, resource, platform, actor, time and
changes.

Successful calls of all checks are noted. The log is read in the middle of the run and at its end, and each
call is matched with a row of its own. Rows stay unchanged and hold no private values. No refused write leaves
a row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.http import text_of
from pgagents.model.contract import Contract
from pgagents.model.identity import find_proof
from pgagents.model.model import Audit
from pgagents.model.resource import Resource, id_text, is_scalar
from pgagents.source.source import Pointer
from pgagents.verify.answers.audit_rows import (
    Done,
    Row,
    is_audited,
    judge_calls,
    judge_extra_rows,
    judge_unchanged,
    read_time,
)
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_untested,
    promise,
    promise_at,
)
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.laws.next_page import announces_more, may_go_on
from pgagents.verify.wire.call import Call, GetNote
from pgagents.verify.wire.endpoint import OPERATOR, REST, Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "audit_trail"
CORRECT = ("valid", "explore", "clean")
"""The intents of valid calls.

If an invalid call succeeds, other checks find that; no row is promised for it.
"""
MOST_NOTED = 2_000
WILD = f"{NAME}/wild"
"""The note of calls that may have left a row which is not promised: accepted invalid calls, and unanswered
calls.
"""
EARLY, LATE = 4, 8
SLACK_S = 5.0
SHORTEST = 4
"""Length (characters) from which a value is searched for in rows; shorter ones stand there by chance."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield a contract for each endpoint whose successes leave rows, and several about all rows."""
    audit = setting.model.audit
    if audit is None:
        return
    for endpoint in setting.endpoints:
        if is_audited(audit, endpoint):
            says = (
                f"a successful {endpoint.action.name} leaves a row in the audit: which action, about "
                "what, through which platform"
            )
            yield promise(NAME, "", endpoint, says, audit.origin, audit.cite)
    for detail, says, origin in _general(audit):
        yield promise_at(NAME, detail, f"@{REST}", says, origin, audit.cite)


def _general(audit: Audit) -> Iterator[tuple[str, str, Pointer]]:
    yield "unchanged", "a row that was written stays as it is", audit.origin
    yield "timed", "a row states when its call was made", audit.origin
    yield "refused", "a refused write leaves no row", audit.origin
    if audit.actor:
        yield (
            "actor",
            "rows name who acted: one key as one actor, another key as another",
            (*audit.origin, "actor"),
        )
    if audit.diff:
        yield "diff", "rows of writes say what changed", (*audit.origin, "diff")
    if audit.never:
        yield "private", f"rows hold no {' or '.join(audit.never)} that was given", (*audit.origin, "never")


def _find_key(memory: Memory, exchange: Exchange) -> str:
    """Return the key that a request presents, for calls without a role; empty if it presents none."""
    return find_proof(memory.model, exchange.request)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note each success that must have left a row, and each other call that may have left one."""
    audit, endpoint = memory.model.audit, exchange.call.endpoint
    correct = (
        exchange.call.intent in CORRECT
        and not exchange.call.twist
        and not (endpoint is not None and endpoint.form is not None)
    )
    if (
        audit is not None
        and endpoint is not None
        and exchange.output is not None
        and correct
        and is_audited(audit, endpoint)
    ):
        about = _about(memory.setting, audit, exchange)
        done = Done(
            endpoint,
            exchange.call.role or _find_key(memory, exchange),
            exchange.sent_at,
            exchange.sent_at + exchange.seconds,
            {audit.action: str(endpoint.action.name), **about},
            {
                m: v
                for m, v in _stamps(memory.setting, exchange).items()
                if m in _members(memory.setting, audit)
            },
            tuple(
                text for name in audit.never if len(text := text_of(exchange.input.get(name, ""))) >= SHORTEST
            ),
            any(memory.model.resources[audit.about[member]].made_by is not None for member in about),
        )
        memory.notes.setdefault(NAME, deque(maxlen=MOST_NOTED)).append(done)
    elif (
        audit is not None
        and endpoint is not None
        and is_audited(audit, endpoint)
        and (exchange.success or exchange.error or exchange.status >= 500)
    ):
        wild = frozenset(
            {audit.action: str(endpoint.action.name), **_about(memory.setting, audit, exchange)}.items()
        )
        memory.notes.setdefault(WILD, deque(maxlen=MOST_NOTED)).append(wild)
    yield from ()


def _stamps(setting: Setting, exchange: Exchange) -> Mapping[str, str]:
    """Return the attribution with which a call is recorded.

    A dispatcher has its own. A REST call that makes an instance has that of the surface for which its key is
    made.
    """
    endpoint, role = exchange.call.endpoint, setting.model.auth.roles.get(exchange.call.role)
    if endpoint is None or endpoint.dispatcher is not None:
        return (
            endpoint.dispatcher.attribution
            if endpoint is not None and endpoint.dispatcher is not None
            else {}
        )
    surface = setting.model.surfaces.get((role.surface if role is not None else None) or "")
    makes = any(
        r.made_by is not None and r.made_by.action is endpoint.action
        for r in setting.model.resources.values()
    )
    moves = any(move.action is endpoint.action for r in setting.model.resources.values() for move in r.moves)
    return surface.attribution if surface is not None and makes and not moves else {}


def _about(setting: Setting, audit: Audit, exchange: Exchange) -> dict[str, str]:
    """Return the ids that a call's row must hold: of the instances in its arguments, and of the one that it
    made.
    """
    found: dict[str, str] = {}
    for member, name in audit.about.items():
        kin = _kin(setting, name)
        for param in exchange.call.endpoint.params if exchange.call.endpoint else ():
            given = exchange.input.get(str(param.name))
            if param.refers_to in kin and is_scalar(given):
                found[member] = id_text(given)
        for resource in kin.values():
            made = resource.made_by
            if (
                member not in found
                and exchange.fits
                and made
                and made.at
                and exchange.call.endpoint
                and made.action is exchange.call.endpoint.action
            ):
                body = at_path(made, exchange)
                if isinstance(body, Mapping) and resource.id_of(body) is not None:
                    found[member] = id_text(resource.id_of(body))
    return found


def _kin(setting: Setting, name: str) -> dict[str, Resource]:
    """Return the resources of the same kind: those that the same action reads, or finds if none reads
    them.
    """

    def reader(resource: Resource) -> Any:
        return (
            resource.read_by[0].action
            if resource.read_by
            else resource.found_by.action
            if resource.found_by
            else resource
        )

    resources = setting.model.resources
    return setting.compute_once(
        (NAME, name), lambda: {n: r for n, r in resources.items() if reader(r) is reader(resources[name])}
    )


def _members(setting: Setting, audit: Audit) -> frozenset[str]:
    """Return the members of a row, by the schema of the list of rows."""

    def find_members() -> frozenset[str]:
        schema = setting.resolve_schema(audit.listed_by.action.success.schema or {})
        lists = [
            setting.resolve_schema(p["items"]) for p in schema.get("properties", {}).values() if "items" in p
        ]
        return frozenset(name for item in lists for name in item.get("properties", {}))

    return setting.compute_once((NAME, "members"), find_members)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield probes that read the list of rows in the middle of the run and at its end."""
    del roles
    audit = setting.model.audit
    if audit is None:
        return
    covers = tuple(c.id for c in promises(setting))
    earlier: list[Row] = []
    for name, stage in (("early", EARLY), ("late", LATE)):
        yield Probe(
            f"{NAME}/{name}",
            stage,
            covers,
            1,
            partial(_run, setting, audit, earlier),
            (),
            audit.role,
        )


def _run(setting: Setting, audit: Audit, earlier: list[Row]) -> Conversation:
    action = audit.listed_by.action
    offered = setting.find_lead(str(action.name))
    endpoint = offered or Endpoint(action, OPERATOR, None, f"{action.name}@{OPERATOR}")
    why = "the rows of the audit"
    exchange: Exchange = yield Call(
        endpoint,
        audit.listed_by.input,
        "valid",
        why,
        role=audit.role,
        owner=audit.role,
    )
    noted: Sequence[Done] = list((yield GetNote(NAME)) or ())
    wild: set[frozenset[tuple[str, Any]]] = set((yield GetNote(WILD)) or ())
    rows = at_path(audit.listed_by, exchange) if audit.listed_by.at and exchange.success else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        for contract in {f"{NAME}/{d.endpoint.place}": None for d in noted}:
            yield judge_untested(contract, f"the audit's list could not be read: {exchange.outcome}")
        return
    since = read_time(audit, rows[-1]) if rows and _lacks_rows(audit, exchange, rows, noted) else None
    inside = [d for d in noted if since is None or d.at > since + SLACK_S]
    for contract in {
        f"{NAME}/{d.endpoint.place}": None for d in noted if since is not None and not d.at > since + SLACK_S
    }:
        yield judge_untested(contract, f"the {len(rows)} rows that are listed are all later than the call")
    yield from judge_calls(
        audit,
        [replace(d, certain=False) if frozenset(d.says.items()) in wild else d for d in inside],
        rows,
    )
    yield from judge_extra_rows(setting, audit, noted, rows, wild)
    if earlier:  # a limit of the server may put the first reading off until after the last one
        yield from judge_unchanged(audit, earlier, rows, since)
    earlier[:] = rows


def _lacks_rows(audit: Audit, exchange: Exchange, rows: list[Row], noted: Sequence[Done]) -> bool:
    """True if the log may have older rows than the listed ones.

    A list that is only as long as a usual page may still be the whole log. It is, if it goes back to the
    first call and has a row for each.
    """
    limit = next((v for v in audit.listed_by.input.values() if isinstance(v, int)), None)
    if announces_more(exchange, rows) or (limit is not None and len(rows) >= limit):
        return True
    if limit is not None or not may_go_on(exchange, rows) or not noted:
        return False
    return len(noted) > len(rows) or read_time(audit, rows[-1]) > min(done.until for done in noted)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    # below `no_crashes`, which ends the judging of a crashed call: its effects are unknown
    rank=-1,
    tools=True,
)
