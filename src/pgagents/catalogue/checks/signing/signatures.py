"""Check the signature formats of events and signed actions."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.model.signature import SignatureScheme, schemes
from pgagents.source.source import Pointer
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean


def run(checker: Checker) -> None:
    """Record unknown formats, missing headers of a format, and keys without an effect in it."""
    hooks = checker.written.webhooks
    if hooks is not None and hooks.signature is not None:
        at: Pointer = ("webhooks", "signature")
        scheme = _find(checker, at, hooks.signature.scheme)
        if scheme is not None and "tolerance_s" in hooks.signature.model_fields_set:
            _tolerance(checker, at, scheme)
    for base, actions in checker.blocks():
        for name, action in actions.items():
            signed, at = action.signed, (*base, name, "signed")
            scheme = _find(checker, at, signed.scheme) if signed is not None else None
            if signed is None or scheme is None:
                continue
            if "tolerance_s" in signed.model_fields_set:
                _tolerance(checker, at, scheme)
            for key, header in (("time", scheme.time_header), ("id", scheme.id_header)):
                given = getattr(signed, key)
                checker.check_reference((*at, key), given, (*base, name, "input"), "argument")
                if header and given is None:
                    message = f"`{scheme.name}` has its {key} in the header `{header}`"
                    help = f"add `{key}: ARGUMENT`, the argument that is this header"
                    checker.report(at, "missing-key", message, help, at_value=False)
                elif given is not None and not header:
                    message = f"`{key}` does nothing here: `{scheme.name}` has no header for it"
                    checker.report((*at, key), "idle", message, "leave it out", at_value=False)


def _find(checker: Checker, at: Pointer, name: str) -> SignatureScheme | None:
    found = schemes().get(name)
    if found is None:
        help = did_you_mean(name, schemes()) or f"one of {', '.join(sorted(schemes()))}"
        checker.report((*at, "scheme"), "signature", f"`{brief(name)}` is no format of a signature", help)
    return found


def _tolerance(checker: Checker, at: Pointer, scheme: SignatureScheme) -> None:
    if not scheme.timed:
        message = f"`tolerance_s` does nothing here: `{scheme.name}` signs no time"
        checker.report((*at, "tolerance_s"), "idle", message, "leave it out", at_value=False)
