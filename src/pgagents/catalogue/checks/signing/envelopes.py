"""Check the versions of events' envelopes, and keys of webhooks that have no effect."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.events import Webhooks
from pgagents.source.source import Pointer
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean

AT: Pointer = ("webhooks",)


def run(checker: Checker) -> None:
    """Record a secret that signs nothing, versions that no argument selects, and envelopes that are never
    sent.
    """
    hooks = checker.written.webhooks
    if hooks is None:
        return
    if hooks.secret_at and hooks.signature is None and checker.sound((*AT, "signature")):
        message = "`secret_at` has no effect: no delivery is signed"
        help = "leave it out, or say under `signature` how deliveries are signed"
        checker.report((*AT, "secret_at"), "idle", message, help, at_value=False)
    for value, version in hooks.versions.items():
        at = (*AT, "versions", value, "envelope")
        checker.check_reference(at, version.envelope, ("schemas",), "schema")
    if hooks.version is None and hooks.versions and checker.sound((*AT, "version")):
        message = "nothing picks one of these `versions`"
        help = f"name the argument of `{brief(hooks.registered_by)}` that does, as `version`"
        checker.report((*AT, "versions"), "idle", message, help, at_value=False)
    if hooks.version is not None and not hooks.versions and checker.sound((*AT, "versions")):
        message = "`version` has no effect without `versions`"
        help = "write `versions` with the envelope of each other version"
        checker.report((*AT, "version"), "idle", message, help, at_value=False)
    elif hooks.version is not None:
        _values(checker, hooks, hooks.version)


def _values(checker: Checker, hooks: Webhooks, name: str) -> None:
    """Record problems of the argument that selects the envelope.

    It must list its values, have one for each version, and leave one for the main envelope.
    """
    action = checker.written.actions.get(hooks.registered_by)
    if action is None:
        return
    inputs: Pointer = ("actions", hooks.registered_by, "input")
    if not checker.check_reference((*AT, "version"), name, inputs, "argument") or name not in action.input:
        return
    values = [str(value) for value in action.input[name].enum or ()]
    if not values:
        if checker.sound((*inputs, name)):
            message = f"the argument `{brief(name)}` does not list its values"
            help = "give it an `enum` of the versions that may be registered"
            checker.report((*AT, "version"), "webhook-version", message, help)
        return
    for value in hooks.versions:
        if value not in values:
            message = f"`{brief(value)}` is no value of the argument `{brief(name)}`"
            help = did_you_mean(value, values) or f"its `enum` has {', '.join(map(brief, values))}"
            checker.report((*AT, "versions", value), "webhook-version", message, help, at_value=False)
    if set(values) <= set(hooks.versions):
        message = "no webhook gets this envelope: each version has one of its own"
        help = f"take the version of `{brief(hooks.envelope)}` out of `versions`"
        checker.report((*AT, "envelope"), "idle", message, help)
