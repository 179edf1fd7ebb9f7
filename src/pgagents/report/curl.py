"""Write a request as a `curl` command, with environment variables in place of keys."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Mapping

from pgagents.base.http import Silence, read_json
from pgagents.base.writing import printable
from pgagents.report.report import Finding, RecordedExchange

TOKEN = "PGAGENTS_TOKEN"
CERTIFICATE = "PGAGENTS_CERT"
"""The variable for the file with the client certificate and its key."""
MASK = "[redacted]"
PROCESS = "stdio:"
"""The prefix for a server that is a process. The process's command follows instead of a URL."""
ANY, JSON = "*/*", "application/json"
"""The Accept header that curl sends by default, and the one for which APIs answer the same."""
_GLOB = re.compile(r"[][{}]")
"""Characters of a URL that curl would take for a pattern."""
_BLANKS = re.compile(r'("(?:[^"\\]|\\.)*")|\s+')
"""A text of JSON, or the blanks between two of its parts."""
MAX_BODY = 4_000
_KEY = re.compile(r"\[key of ([\w.-]+)(?:, (base64|password|token|user))?\]")
_PARTS = {
    "base64": '"$(printf %s "${}" | base64 | tr -d \'\\n\')"',
    "token": '"$ACCESS_TOKEN"',
    "password": '"${{{}#*:}}"',
    "user": '"${{{}%%:*}}"',
}
"""The parts of `user:password`, as shell expressions of a variable."""
_LEAD = re.compile(r"[\w =:.-]*\[(?:key of \w+|redacted)\]")
"""Matches a masked key after words that a shell leaves unchanged in double quotes."""
_RUN = re.compile(r"([A-Za-z0-9])\1{99,}")
"""One letter or digit again and again: what a probe fills a length with."""
_WORDS = re.compile(r"([A-Za-z0-9./-]{1,16} )\1{9,}")
"""One word again and again: what fills a long header."""
_BASIC = re.compile(r"Basic \[key of (\w+), base64\]")
_OWN = {"host", "content-length", "accept-encoding", "connection"}
"""Headers that curl adds itself."""
HABITS = {
    "user-agent",
    "accept-language",
    "x-requested-with",
    "x-pgv-unknown",
    "sec-fetch-mode",
    "cache-control",
    "priority",
}
"""Headers that differ between clients. Calls vary them, to test that a server accepts them all."""
_OF_HABITS = {"valid_calls", "documented_status", "surface_equivalence", "content_type", "error_envelope"}
"""Checks whose findings may be caused by one of these headers."""
_OF_PLACES = frozenset((401, 404, 405, 410))
"""Statuses that depend on the key, the path and the method, and on none of these headers."""
_FAILED = 500


def variable(role: str, named: Mapping[str, str]) -> str:
    """Return the environment variable of a role's key: the one that the caller `named`, or else
    `PGAGENTS_TOKEN`, and `PGAGENTS_TOKEN_SECOND` for another role. That of a further scheme ends with the
    scheme's name: `PGAGENTS_TOKEN_OTP`.
    """
    if role in named:
        return named[role]
    role = role.removeprefix("main.")
    return (
        TOKEN
        if role in ("", "main")
        else f"{TOKEN}_{''.join(c if c.isalnum() else '_' for c in role).upper()}"
    )


def of_finding(finding: Finding, url: str) -> str:
    """Return the curl command of the last request that broke a finding's contract, with the relevant headers.

    It is empty without such a request.
    """
    if finding.shown_by:
        return finding.own_curl
    call = find_call(finding)
    return of_break(finding.contract.check, call, url, plain=finding.plain) if call is not None else ""


def find_call(finding: Finding) -> RecordedExchange | None:
    """Return the exchange whose request is at fault: the last one of the contract's own action.

    A read that only shows the effect may follow it. None for a finding without exchanges.
    """
    own = (e for e in reversed(finding.exchanges) if e.action and e.action == finding.contract.action)
    return next(own, finding.exchanges[-1] if finding.exchanges else None)


def of_break(check: str, exchange: RecordedExchange, url: str, *, plain: bool = False) -> str:
    """Return the curl command of a request that broke a contract of this check, with the headers that
    matter. `plain` means that the break does not need those that only some clients send.
    """
    failed = isinstance(exchange.answer, Silence) or exchange.answer.status >= _FAILED
    named = isinstance(exchange.answer, Silence) or exchange.answer.status not in _OF_PLACES
    return curl(exchange, url, whole=not plain and (failed or (named and check in _OF_HABITS)))


NO_REQUEST = (
    "no curl line: no single request shows it, as it was seen when the server was opened or in what it sent "
    "by itself"
)
"""The text in place of a curl line for a finding without exchanges."""
NO_OWN_REQUEST = "no curl line: the report has no request that broke this contract itself"
"""The text in place of a curl line for a finding with the exchanges of another contract alone."""


def describe_no_request(finding: Finding) -> str:
    """Return the text in place of a curl line."""
    return NO_OWN_REQUEST if finding.shown_by else NO_REQUEST


def curl(exchange: RecordedExchange, url: str, *, whole: bool = False) -> str:
    """Return the request as a curl command. A role's key becomes a variable, a made-up key is shown.

    With `whole`, all headers are included, because any may have caused the finding.
    """
    request = exchange.request
    if exchange.base.startswith(PROCESS):
        return _make_pipe(exchange)
    words = ["curl", "-sS", "-i"]
    words += ["-g"] if _GLOB.search(request.target) else []
    words += ["--path-as-is"] if "/." in request.target else []
    if exchange.certificate:
        words += ["--cert", f'"${CERTIFICATE}"']
    if request.method == "HEAD":
        words.append("-I")
    elif request.method != ("POST" if request.body else "GET"):
        words += ["-X", quote(request.method)]
    words.append(_word((exchange.base or url).rstrip("/") + request.target, exchange))
    for name, value in request.headers:
        if user := _BASIC.fullmatch(value) if name.lower() == "authorization" else None:
            words += ["-u", f'"${variable(user[1], exchange.variables)}"']
        elif name.lower() in exchange.arguments or _matters(name.lower(), value, whole=whole):
            words += ["-H", _header(name, value, exchange)]
    lead = ""
    if request.body:
        if request.header("content-type") is None:
            words += ["-H", "Content-Type:"]  # otherwise curl adds the type of a form
        lead, body = _body(exchange)
        words += body
    return lead + " ".join(words)


def _matters(name: str, value: str, *, whole: bool) -> bool:
    """Return whether to print a header.

    Headers that curl adds are not printed, and those that differ between clients only with `whole`.
    """
    if name == "accept" and value == JSON:
        return False
    if name == "accept" and not whole:
        return ANY not in value or "event-stream" in value
    return name not in _OWN and (whole or name not in HABITS) and not (name == "accept" and value == ANY)


def _make_pipe(exchange: RecordedExchange) -> str:
    """Return the command that pipes a message to a server that is a process."""
    message = _word(exchange.request.body[:MAX_BODY].decode("utf-8", "replace"), exchange)
    return f"printf '%s\\n' {message} | {printable(exchange.base.removeprefix(PROCESS))}"


def quote(text: str) -> str:
    """Return the text as one shell word; unprintable characters are escaped, so that they cannot control a
    terminal.
    """
    if text.isprintable():
        return shlex.quote(text)
    inner = "".join(
        c
        if c.isprintable() and c not in "'\\"
        else "\\" + c
        if c in "'\\"
        else "".join(f"\\x{b:02x}" for b in c.encode("utf-8", "replace"))
        for c in text
    )
    return f"$'{inner}'"


def _header(name: str, value: str, exchange: RecordedExchange) -> str:
    """Return a header as a shell word. A masked key becomes its variable."""
    role = exchange.role
    if name.lower() == exchange.key_header.lower() and role and _LEAD.fullmatch(value):
        shown = value.replace(f"[key of {role}]", f"${variable(role, exchange.variables)}")
        if MASK not in shown and "[key of " not in shown:
            return f'"{name}: {shown}"'
        if value == MASK and name.lower() == "authorization":
            return f'"{name}: Bearer ${variable(role, exchange.variables)}"'
    return _word(f"{name}: {value}" if value else f"{name};", exchange)


def _word(text: str, exchange: RecordedExchange) -> str:
    """Return the text as one shell word. Each masked key becomes its variable, and a long run of one letter
    or digit, or of one word, a command that prints it.
    """
    written, at = [], 0
    every = (*_KEY.finditer(text), *_RUN.finditer(text), *_WORDS.finditer(text))
    for found in sorted(every, key=lambda found: found.start()):
        written.append(quote(text[at : found.start()]) if found.start() > at else "")
        if found.re is _RUN:
            written.append(f"\"$(printf %{len(found[0])}s | tr ' ' {found[1]})\"")
        elif found.re is _WORDS:
            count = len(found[0]) // len(found[1])
            written.append(f"\"$(printf '{found[1]}%.0s' $(seq {count}))\"")
        else:
            written.append(_PARTS.get(found[2] or "", '"${}"').format(variable(found[1], exchange.variables)))
        at = found.end()
    return "".join([*written, quote(text[at:]) if at < len(text) or not text else ""])


def _body(exchange: RecordedExchange) -> tuple[str, list[str]]:
    """Return the text before `curl`, and the words for the body."""
    body = exchange.request.body
    if len(body) > MAX_BODY:
        return "", ["--data-binary", quote(f"@a-file-of-{len(body)}-bytes")]
    try:
        text = body.decode("utf-8")
        option = "--data-raw" if text.startswith("@") else "-d"
        return "", [option, _word(_write_on_one_line(text), exchange)]
    except UnicodeDecodeError:
        return f"echo {base64.b64encode(body).decode()} | base64 -d | ", ["--data-binary", "@-"]


def _write_on_one_line(body: str) -> str:
    """Return JSON of several lines without the blanks between its parts; any other body as it is."""
    if "\n" not in body or read_json(body.encode()).problem:
        return body
    return _BLANKS.sub(lambda match: match[1] or "", body)
