"""Check the scheme of client certificates, and the calls that need one."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.language.credentials import find_certificate, list_requirements
from pgagents.model.connection.certificate import MUTUAL_TLS
from pgagents.source.source import Pointer

_AT: Pointer = ("auth", "schemes")
_KEYS = {
    "in": "in_",
    "name": "name",
    "value": "value",
    "flows": "flows",
    "prefixes": "prefixes",
    "also_accepted": "also_accepted",
}


def run(checker: Checker) -> None:
    """Record unknown keys of the scheme, a second scheme, and alternatives without the certificate."""
    schemes = checker.written.auth.schemes
    first = find_certificate(checker.written)
    if first is None:
        return
    for name, scheme in schemes.items():
        if scheme.type != MUTUAL_TLS:
            continue
        for key, attribute in _KEYS.items():
            if attribute in scheme.model_fields_set:
                message = f"`{key}` does nothing for `type: {MUTUAL_TLS}`"
                help = "leave it out: the certificate is part of the connection, not of the request"
                checker.report((*_AT, name, key), "idle", message, help, at_value=False)
        if name != first:
            message = f"connections have the certificate `{first}` already"
            checker.report((*_AT, name, "type"), "credential", message, "leave one of the two out")
    if checker.written.api.base_url.startswith("http://"):
        message = "a client certificate needs TLS, and the API's server has none"
        checker.report(("api", "server"), "credential", message, "write https://")
    for pointer, security in list_requirements(checker.written):
        lacking = [n for n, need in enumerate(security) if first not in need]
        if lacking and len(lacking) < len(security):
            message = f"this alternative lacks the certificate `{first}`, which another one needs"
            help = "it belongs to the connection: add it to each alternative, or to none"
            checker.report((*pointer, lacking[0]), "credential", message, help)
