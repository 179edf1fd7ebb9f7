"""Decide, before any traffic, which contracts are left out, and if a run may write.

A contract is not selected, is not applicable, lacks an identity, or could be disturbed by other users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.identity import Alternative, choose, find_lacking, find_secret
from pgagents.catalogue.model.listing import list_cases
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import FRAMEWORK, Contract, Verdict
from pgagents.report.reason import Reason, allow, as_read, line_at, without_allow, without_role
from pgagents.report.report import ELSEWHERE, NotCalled, NotSent, Result, Withheld
from pgagents.verify.fixtures.ownership import MOST_LASTING
from pgagents.verify.fixtures.target import list_made
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.promise import Check, Probe
from pgagents.verify.setting import Setting
from pgagents.verify.values.bounds import say_unmade
from pgagents.verify.wire.endpoint import MCP, NO_MCP, REST, Endpoint
from pgagents.verify.wire.mcp_link import find_hints

PLAINTEXT = "plaintext"
NEEDS_PLAIN = Reason("needs the address without TLS: `plain_url` in --env FILE", ("--env FILE",))


def list_shown_when_limited(setting: Setting, contracts: Sequence[Contract]) -> dict[str, str]:
    """Return, by id, the reason for contracts about headers that only an answer beyond the rate limit has."""
    limited = setting.model.errors.framework.limited
    status = setting.model.codes[limited].status if limited else 429
    names = [h.name for h in setting.model.headers if set(h.on) == {status}]
    return {
        c.id: f"only a {status} shows it, and nothing here exceeds a limit"
        for c in contracts
        for n in names
        if c.check == "response_headers" and c.detail == n
    }


def list_possible(setting: Setting, probes: Iterable[Probe], identities: Identities) -> list[Probe]:
    """Return the probes for whose calls the run has all keys and signing secrets."""
    find = _lacking_finder(setting, identities)
    return [p for p in probes if _has_roles(p, identities) and not find(p)]


def _has_roles(probe: Probe, identities: Identities) -> bool:
    """True if the run may call and sign as all roles of a probe."""
    signers = (d.action.signed.role for d in probe.endpoints if d.action.signed is not None)
    return all(role in identities.roles for role in (probe.role, *signers) if role)


def _lacking_finder(setting: Setting, identities: Identities) -> Callable[[Probe], str]:
    """Return a function that returns the first missing identity of a probe's role; empty if none is missing.

    The function caches its results, because thousands of probes share a few roles and alternatives.
    """

    @cache
    def lacks(role: str, alternatives: tuple[Alternative, ...]) -> str:
        return find_lacking(setting.model, identities.keys, role, alternatives)

    def find(probe: Probe) -> str:
        if probe.schemes:
            return lacks(probe.role, (probe.schemes,))
        needs = (e.security for e in probe.endpoints if e.needs_key)
        return next((one for n in needs if () not in n and (one := lacks(probe.role, n))), "")

    return find


def matches(id: str, patterns: Iterable[str]) -> bool:
    """True if a contract's id equals one of the patterns, or begins with one."""
    return id.startswith(tuple(patterns))


def settle_contracts(
    setting: Setting,
    checks: Mapping[str, Check],
    contracts: Sequence[Contract],
    options: Options,
    writes: bool,
    theirs: Set[str],
) -> dict[str, Result]:
    """Return, by id, the results of contracts that the options, the address or their checks leave out.

    `writes` is False if the run may only read. `theirs` are ids of contracts that other shards verify.
    """
    found: dict[str, Result] = {}
    allowed = {get.action for get in setting.model.withheld.gets if get.action in options.allow}
    writing = {d.place for d in setting.every_endpoint if d.action.effect == "write"}
    cases = {case.contract: case.writes for case in list_cases(setting.model)}
    for contract in contracts:
        if contract.id in theirs:
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, ELSEWHERE)
        elif _is_plaintext(contract) and setting.https and not setting.plain_url:
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, NEEDS_PLAIN)
        elif setting.mcp is None and contract.surface == MCP and checks[contract.check].tools:
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, NO_MCP)
        elif options.only and not matches(contract.id, options.only):
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, f"left out by {options.only_said}")
        elif matches(contract.id, options.skip):
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, "left out by --skip")
        elif reason := _not_applicable(setting, contract):
            found[contract.id] = Result(contract, Verdict.NOT_APPLICABLE, reason)
        elif reason := _say_withheld(setting, contract, allowed):
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, reason)
        elif (
            not writes
            and contract.action not in allowed
            and cases.get(contract.id, contract.place in writing)
        ):
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, _say_no_writes(setting, contract))
        elif withheld := _say_doubt(setting, contract, options):
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, withheld)
        elif own := checks[contract.check].settle(setting, contract):
            found[contract.id] = Result(contract, *own)
    return found


def _say_withheld(setting: Setting, contract: Contract, allowed: Set[str]) -> str:
    """Return why nothing is sent for a contract of a GET that acts by its words; empty for any other."""
    get = setting.model.withheld.find(contract.action)
    if get is None or get.action in allowed:
        return ""
    options = as_read(get.label), allow(get.label)
    says = (
        f"{get.label} acts, as {get.acting.reason}: {options[0]} calls it as a read, {options[1]} as a write"
    )
    lines = [line_at("actions", get.action, "effect", value="read")] if get.action else ()
    return Reason(says, options, lines)


def list_withheld(setting: Setting, options: Options, *, writes: bool) -> Withheld:
    """Return the GETs and tools that a run leaves out because they act by their own words.

    If it `writes`, return with them the arguments of which it sends only some values.
    """
    if (listing := setting.listing) is not None:
        tools = [(name, tool) for _, name, tool in listing.named]
        calls = [
            NotCalled(name, str(acting), acting.reason)
            for name, tool in tools
            if find_hints(tool).get("readOnlyHint") is True
            and not listing.may_call(tool)
            and (acting := listing.why_acts(tool))
        ]
        return Withheld(tuple(calls), len(tools))
    withheld = setting.model.withheld
    gets = [get for get in withheld.gets if not get.action or get.action not in options.allow]
    calls = [NotCalled(get.label, str(get.acting), get.acting.reason, get.action) for get in gets]
    groups: dict[tuple[str, str], list[str]] = {}
    for action in setting.model.actions if writes else ():
        for one in (one for one in setting.list_withheld(action) if not one.texts):
            groups.setdefault((one.why, one.label), []).append(f"{action.name}.{one.label}")
    arguments = (NotSent(label, why, tuple(allow)) for (why, label), allow in sorted(groups.items()))
    return Withheld(tuple(calls), withheld.total, withheld.of_actions, tuple(arguments))


def _say_no_writes(setting: Setting, contract: Contract) -> str:
    """Return why a contract is left out by a run that only reads. A GET that writes is named."""
    endpoint = setting.by_place.get(contract.place)
    if endpoint is None or endpoint.method != "GET" or endpoint.action.effect == "read":
        return NO_WRITES
    why = "by its name or its catalogue"
    return Reason(f"{endpoint.action.name} is a GET that writes, {why}: {WRITE} would call it", (WRITE,))


def _say_doubt(setting: Setting, contract: Contract, options: Options) -> str:
    """Return why the contract's action is not called; empty if it is, or if the caller names it."""
    endpoint = setting.by_place.get(contract.place)
    if endpoint is None or str(endpoint.action.name) in options.allow:
        return ""
    return say_doubt(setting, endpoint.action)


def _is_plaintext(contract: Contract) -> bool:
    return contract.check == FRAMEWORK and contract.detail == PLAINTEXT


def _not_applicable(setting: Setting, contract: Contract) -> str:
    """Return why the contract does not apply to this API or its address; empty if it applies."""
    if contract.surface == REST and not setting.endpoints:
        return "no action has a path: only an MCP server has them"
    endpoint = setting.by_place.get(contract.place) or setting.find_lead(contract.action)
    if endpoint is not None and (unmade := _say_uncallable(setting, endpoint)):
        return unmade
    header = contract.detail if contract.check == "response_headers" else ""
    of_https = _is_plaintext(contract) or any(h.https and h.name == header for h in setting.model.headers)
    return "promised at https addresses only" if of_https and not setting.https else ""


def _say_uncallable(setting: Setting, endpoint: Endpoint) -> str:
    """Return why no right call of an endpoint is made: a required argument is too large; else nothing."""

    def find() -> str:
        schemas = setting.model.schemas
        reasons = (say_unmade(p.schema, schemas, str(p.name)) for p in endpoint.params if p.required)
        return next(filter(None, reasons), "")

    return setting.compute_once(("uncallable", endpoint.place), find)


def settle_without_identity(
    setting: Setting,
    probes: Sequence[Probe],
    contracts: Sequence[Contract],
    wanted: set[str],
    identities: Identities,
) -> dict[str, Result]:
    """Return the results, by id, of wanted contracts that need an identity which the run lacks."""
    signers = {d.place: d.action.signed.role for d in setting.endpoints if d.action.signed is not None}
    roles: dict[str, set[str]] = {c.id: {signers[c.place]} for c in contracts if c.place in signers}
    signed = frozenset(roles)
    for probe in probes:
        for id in probe.contracts:
            if id in wanted and id not in signed and probe.role:
                roles.setdefault(id, set()).add(probe.role)
    found = {}
    for contract in contracts:
        needed = roles.get(contract.id, set()) if contract.id in wanted else set()
        if needed and not needed & identities.roles:
            role = min(needed)
            found[contract.id] = Result(contract, Verdict.NOT_SELECTED, without_role(role))
    further = _without_further_secret(setting, probes, identities)
    lacking = {
        c.id: Result(c, Verdict.NOT_SELECTED, further[c.id])
        for c in contracts
        if c.id in further and c.id in wanted  # another reason stays, such as that another shard has it
    }
    return lacking | found


def _without_further_secret(
    setting: Setting, probes: Sequence[Probe], identities: Identities
) -> dict[str, str]:
    """Return reasons, by id, for contracts that cannot be tried because the secret of a second scheme is
    missing.
    """
    lacking: dict[str, set[str]] = {}
    find = _lacking_finder(setting, identities)
    for probe in probes:
        lacked = find(probe)
        for id in probe.contracts:
            lacking.setdefault(id, set()).add(lacked)
    return {id: without_role(min(names)) for id, names in lacking.items() if "" not in names}


# -- permission to write.
#
# The address is not evidence: 127.0.0.1 may be a tunnel to production.


WRITE = "--allow-writes"
NO_WRITES = Reason(f"nothing is written without a test key; {WRITE} would", (WRITE,))


def say_doubt(setting: Setting, action: Action) -> str:
    """Return why an action is not called that may move money, send something, or change who may do what.
    Empty if nothing says so.
    """
    if not action.doubt and (why := setting.harmless.say_action(action)):
        says = f"{action.name} may change rights, a default or what others have, as {why}"
        return without_allow(says, action.name, of_others=True)
    if not action.doubt:
        return ""
    verb, word = ("cost money", "costs") if action.costs else ("send something to people", "sends")
    allowed = without_allow(f"{action.name} may {verb}, as {action.doubt}", action.name)
    return Reason(allowed, allowed.options, (line_at("actions", action.name, word, value=False),))


def may_write(model: Model, identities: Identities, options: Options) -> bool:
    """Return whether writing actions may be called: the caller allows it, or every main key is a test key."""
    if options.read_only:
        return False
    if options.allow_writes:
        return True
    keys = identities.keys
    modes = {
        name: credential.find_mode(key)
        for name, credential in model.credentials.items()
        if credential.prefixes and (key := find_secret(model, keys, "main", name))
    }
    writes = [a.security for a in model.actions if a.effect == "write" and a.key] or [model.shared_security]
    ways = {choose(model, keys, "main", needs) for needs in writes}
    return (
        bool(modes)
        and set(modes.values()) == {"test"}
        and all(any(name in modes for name in way) for way in ways if way)
    )


def list_spared(model: Model, identities: Identities, options: Options) -> frozenset[str]:
    """Return the actions that cost money or send something, and that no call may repeat on purpose.

    None if the keys say that all is test data. The caller permits others by `--allow`.
    """
    if may_write(model, identities, replace(options, allow_writes=False)):
        return frozenset()
    names = (str(a.name) for a in model.actions if a.costs or a.sends)
    return frozenset(names) - set(options.allow)


def list_live_roles(model: Model, identities: Identities, options: Options) -> frozenset[str]:
    """Return the other identities with a key that is not of test mode; empty if the caller allows writes.

    The mode is known only of credentials with prefixes.
    """
    if options.allow_writes:
        return frozenset()
    return frozenset(
        role
        for role in {holder.partition(".")[0] for holder in identities.keys} - {"main"}
        if any(
            credential.find_mode(key) != "test"
            for name, credential in model.credentials.items()
            if credential.prefixes and (key := find_secret(model, identities.keys, role, name))
        )
    )


def list_lasting(setting: Setting, identities: Identities, options: Options) -> tuple[str, ...]:
    """Return the resources of which a run makes few instances, because no call removes them.

    Empty if it writes nothing, or if its key says that all it writes is test data.
    """
    model = setting.model
    if not options.allow_writes or may_write(model, identities, replace(options, allow_writes=False)):
        return ()
    usable = {id(endpoint.action) for endpoint in setting.usable}
    return tuple(
        r.name
        for r in model.resources.values()
        if r.made_by is not None
        and r in list_made(model, r.made_by.action)
        and id(r.made_by.action) in usable
        and not (r.undone_by is not None and id(r.undone_by.action) in usable)
        and str(r.made_by.action.name) not in options.allow
    )


def say_lasting(names: Sequence[str]) -> str:
    """Return that few instances of these resources are made, and that they stay; empty without a resource."""
    few = f"at most {MOST_LASTING} of each are made, each reused, and they stay (--allow ACTION makes more)"
    return f"no call removes what is made of {', '.join(names)}: {few}" if names else ""


def loopback(url: str) -> bool:
    """Return whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


# -- reasons for leaving out contracts that other users of the server could disturb


ALONE = "--exclusive"


def say_alone(setting: Setting) -> str:
    """Return what the caller can do about a contract that other users of the server could disturb."""
    if setting.sharded:
        return f"the other shards do; a run with {ALONE} and without --shard tries it"
    return f"add {ALONE} if nobody else uses the server"


def unless_alone(setting: Setting, why: str) -> Reason:
    """Return a reason that only other users of the server make."""
    return Reason(f"{why}: {say_alone(setting)}", (ALONE,))


def others_too(setting: Setting, does: str) -> str:
    """Return the reason for leaving out a contract that other users of the server could disturb.

    `does` is the contract's verb, such as `counts` or `reports`.
    """
    return unless_alone(setting, f"it {does} what other users of the server may change too")


def fails_others(setting: Setting) -> str:
    """Return the reason for leaving out a failure that may hit another user of the server."""
    return unless_alone(setting, "it makes the next call fail, which may be another user's")


def others_change(setting: Setting) -> str:
    """Return the reason for a contract that cannot be judged, as others may change the answer."""
    return unless_alone(setting, "other users of the server may change what it answers")
