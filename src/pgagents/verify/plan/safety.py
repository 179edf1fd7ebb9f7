"""Decide if a run may write: if the caller allows it, or if all main keys begin as keys of test mode do.

The address is no evidence: 127.0.0.1 may be a tunnel to production.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from pgagents.model.action import Action
from pgagents.model.identity import choose, find_secret
from pgagents.model.model import Model
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.target import list_made
from pgagents.verify.plan.options import Identities, Options

NO_WRITES = "nothing is written without a test key; --allow-writes would"


def say_doubt(action: Action) -> str:
    """Return why an action is not called that may move money or send something; empty if nothing says so."""
    if not action.doubt:
        return ""
    verb = "cost money" if action.costs else "send something to people"
    return f"{action.name} may {verb}, as {action.doubt}: --allow {action.name} would call it"


def may_write(model: Model, identities: Identities, options: Options) -> bool:
    """Return whether writing actions may be called: the caller allows it, or every main key is a test key."""
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


def loopback(url: str) -> bool:
    """Return whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
