"""Check a server by one read before a verification.

A wrong address or key then is one message instead of many findings.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from pgagents.errors import SetupError
from pgagents.source.diagnostics import printable

if TYPE_CHECKING:
    from pgagents.http import Handler, Request, Response, Silence
    from pgagents.model.model import Model
    from pgagents.verify.plan.options import Options
    from pgagents.verify.run.obstacles import Described, Trouble


SHARES = 3
"""The part of the time left that one read of a preflight may take, so that one read does not take it all."""


def check_server(
    model: Model,
    url: str,
    handler: Handler,
    other: Callable[[str], Handler],
    keys: Mapping[str, str],
    options: Options,
    hidden: Iterable[str] = (),
    reach: Callable[[str], Handler] | None = None,
) -> Options:
    """Check the server, and return the options with the used requests subtracted from their limit.

    `other` reaches another base URL, `reach` a token endpoint there. `hidden` are further secrets, such as
    values of headers. Raises SetupError if nothing can be tested.
    """
    from pgagents.http import is_timely
    from pgagents.verify.run.obstacles import Place
    from pgagents.verify.run.preflight import describe_unused_key, preflight
    from pgagents.verify.run.redact import Redactor
    from pgagents.verify.run.timing import SHORTEST_S
    from pgagents.verify.setting import setting_of
    from pgagents.verify.wire.oauth import Refused, Tokens, find_tokens

    if not setting_of(model, url).endpoints:  # only an MCP server offers its actions
        return options
    sent, began = 0, time.monotonic()

    def count_request(request: Request) -> Response | Silence:
        nonlocal sent
        sent += 1
        if is_timely(handler) and options.max_time_s is not None:
            left_s = options.max_time_s - (time.monotonic() - began)
            handler.most_s = max(SHORTEST_S, left_s / SHARES)
        return handler(request)

    key = keys.get("main", "")
    redactor = Redactor(keys, model.secrets, hidden, model=model)
    masked = redactor.text  # masks a key in whatever coding the server returns it
    try:
        carried = find_tokens(Tokens(model, reach), keys, 0.0, count_request)
    except Refused as error:
        help = "is PGAGENTS_TOKEN `client_id:client_secret` of this server, and still valid?"
        raise SetupError(printable(masked(str(error))), help) from None
    place = Place(url, count_request, other, masked, _describe_document(model), bool(key))
    trouble = preflight(setting_of(model, url), place, carried, keyless=options.keyless)
    if trouble is not None:
        _report_trouble(trouble, masked)
    if note := describe_unused_key(model, key):
        unsent = (
            "the key is not sent, as the document declares none: --auth bearer, for example, would send it"
        )
        click.echo(f"note: {unsent if place.document is not None else note}", err=True)
    if options.max_requests is None:
        return options
    return replace(options, max_requests=max(1, options.max_requests - sent))


def _report_trouble(trouble: Trouble, masked: Callable[[str], str]) -> None:
    """Print a note, or raise SetupError if nothing can be tested. `masked` hides keys in a text."""
    if trouble.fatal:
        raise SetupError(*(printable(masked(text)) for text in (trouble.says, trouble.help)))
    click.echo(printable(masked(f"note: {trouble.says}: {trouble.help}")), err=True)


def _describe_document(model: Model) -> Described | None:
    """Describe the document's statements about its server; None for a catalogue."""
    from pgagents.importer.api import PLACEHOLDER_SERVER
    from pgagents.importer.places import DocumentSource
    from pgagents.verify.run.obstacles import Described

    source, server = model.source, str(model.api.server)
    if not isinstance(source, DocumentSource):
        return None
    return Described(source.schemes, source.bases, "" if server == PLACEHOLDER_SERVER else server)


def check_other_servers(servers: Mapping[str, str], reach: Callable[[str], Handler]) -> None:
    """Check that each of the API's other servers answers. No key is sent.

    Raises SetupError for the first that does not.
    """
    from pgagents.http import Request, Silence
    from pgagents.verify.run.explain import why_silent

    for name, url in servers.items():
        answer = reach(url)(Request("OPTIONS", "/"))
        if isinstance(answer, Silence):
            says, help = why_silent(url, answer, reach)
            raise SetupError(
                printable(f"the server `{name}`: {says}"), help.replace("--url", f"--server {name}=")
            )
