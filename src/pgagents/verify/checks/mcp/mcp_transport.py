"""The MCP server opens, names itself and refuses malformed requests, as the specification of its transport
requires.

Over HTTP it checks headers, sessions and tokens; as a process it writes only messages to stdout. A web page
of any site is refused where callers do not sign in; where they do, the server may decide. Sources:
https://modelcontextprotocol.io/specification/2025-11-25/basic/transports and revision 2026-07-28, read
2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.base.http import EVENT_STREAM, Response, json_bytes, read_json
from pgagents.catalogue.model.surface import McpServer
from pgagents.report.contract import Contract, Verdict
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise_at,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_link import Link
from pgagents.verify.wire.mcp_messages import METHOD, MODERN, NAMED_ITSELF, SESSION, VERSION

NAME = "mcp_transport"
CITE = ("MCP 2025-11-25, basic/transports",)
LIST = {"method": "tools/list"}
MEDIA = ("application/json", EVENT_STREAM)
LATE = 9
OK = 200
METADATA = "/.well-known/oauth-protected-resource"
"""The address at which a protected resource describes itself; its path may follow (RFC 9728, 3.1)."""
NAMES_REVISION = "2025-06-18"
"""The first revision in which each request over HTTP must name its revision."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request that the transport must refuse.

    `era` is `modern`, `legacy`, or empty for both. Cases with `open` apply only if callers do not sign in,
    cases with `token` only if they do.
    """

    says: str
    headers: tuple[tuple[str, str], ...]
    statuses: tuple[int, ...]
    body: bytes = json_bytes(LIST)
    era: str = ""
    open: bool = False
    token: bool = False


CASES = {
    "origin": Case(
        "a page of another site is refused with 403", (("Origin", "https://pgv.invalid"),), (403,), open=True
    ),
    "version": Case("a revision that there is not is refused with 400", ((VERSION, "1900-01-01"),), (400,)),
    "method": Case(
        "a Mcp-Method header that is not the body's is refused with 400",
        ((METHOD, "tools/call"),),
        (400,),
        era="modern",
    ),
    "no_session": Case(
        "a request without its session is refused with 400, if the server requires its sessions",
        ((SESSION, ""),),
        (400,),
        era="legacy",
    ),
    "other_session": Case(
        "a session that there is not is answered with 404", ((SESSION, "pgv-0000"),), (404,), era="legacy"
    ),
    "malformed": Case(
        "a body that is no JSON is refused with 400", (), (400,), body=b'{"jsonrpc": "2.0", "id": 1, "method"'
    ),
    "sign_in": Case(
        "a caller without a token is refused with 401, and the answer says where to get one",
        (("Authorization", ""),),
        (401,),
        token=True,
    ),
}


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts about opening the link, about each request that must be refused, and about the form of
    answers.
    """
    if not _is_asked(setting):
        return
    origin = setting.model.surfaces[MCP].origin if setting.listing is None else ("tools",)
    yield _promise("opens", "the server opens, and offers tools", origin)
    yield _promise("names_itself", "the server returns its name and version", origin)
    for case, what in CASES.items():
        yield _promise(case, what.says, origin)
    yield _promise("content_type", "answers over HTTP are JSON or an event stream", origin)
    yield _promise("stdout", "a process writes nothing but messages to stdout", origin)


def _is_asked(setting: Setting) -> bool:
    """True if the catalogue has tools, or if the server is judged without a catalogue."""
    return bool(setting.tools) or setting.listing is not None


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Exclude contracts that do not apply to this transport (HTTP or stdio), or to callers with or without
    sign-in.
    """
    link, name = setting.mcp, contract.detail
    if link is None or name in ("opens", "names_itself"):
        return None
    if link.http == (name == "stdout"):
        return Verdict.NOT_APPLICABLE, "of a process only" if name == "stdout" else "of Streamable HTTP only"
    case = CASES.get(name)
    if case is not None and case.open and link.signed_in:
        return Verdict.NOT_APPLICABLE, "callers sign in, so the server may let pages in"
    if case is not None and case.token and not link.signed_in:
        return Verdict.NOT_SELECTED, "needs a token of the MCP server: export PGAGENTS_MCP_TOKEN=…"
    return None


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the Content-Type of answers over HTTP."""
    link = memory.setting.mcp
    if (
        link is None
        or not link.http
        or exchange.call.surface != MCP
        or exchange.response is None
        or exchange.response.status >= 400
    ):
        return
    told = exchange.response.media_type
    contract = f"{NAME}/content_type@{MCP}"
    yield (
        judge_kept(contract)
        if told in MEDIA
        else judge_broken(contract, " or ".join(MEDIA), told or "no Content-Type")
    )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for opening the link, and one for each request."""
    del roles
    link = setting.mcp
    if link is None or not _is_asked(setting):
        return
    opening = (f"{NAME}/opens@{MCP}", f"{NAME}/names_itself@{MCP}")
    yield Probe(opening[0], 1, opening, 3, partial(_opening, link, setting.model.mcp_server), role="")
    for name, case in CASES.items() if link.http else ():
        if (case.open and link.signed_in) or (case.token and not link.signed_in):
            continue
        contract = f"{NAME}/{name}@{MCP}"
        yield Probe(contract, 5, (contract,), 1, partial(_run, link, contract, case), role="")
    if not link.http:
        contract = f"{NAME}/stdout@{MCP}"
        yield Probe(contract, LATE, (contract,), 1, partial(_stdout, link, contract), role="")


def _opening(link: Link, server: McpServer | None) -> Conversation:
    opens, named = f"{NAME}/opens@{MCP}", f"{NAME}/names_itself@{MCP}"
    yield _asking(json_bytes(LIST), (), "what opens the link")
    if link.problem:
        yield judge_broken(opens, "a server that opens, in an era of 2025-11-25 or 2026-07-28", link.problem)
        return
    offered = link.told.get("capabilities")
    has_tools = isinstance(offered, Mapping) and "tools" in offered
    yield (
        judge_kept(opens)
        if has_tools
        else judge_broken(opens, "the capability `tools`", "it is not among the server's capabilities")
    )
    info = link.told.get("serverInfo") or (link.told.get("_meta") or {}).get(NAMED_ITSELF)
    given: Mapping[str, Any] = info if isinstance(info, Mapping) else {}
    whole = all(isinstance(given.get(k), str) and given.get(k) for k in ("name", "version"))
    wanted = server.version if server is not None and server.says_version else None
    if not whole or wanted not in (None, given.get("version")):
        expected = "a name and a version" if wanted is None else f"a name, and the version {wanted}"
        yield judge_broken(named, expected, "it returns {value}", value=str(info)[:100])
    else:
        yield judge_kept(named)


def _run(link: Link, contract: str, case: Case) -> Conversation:
    link.open()
    if case.era and (case.era == "modern") != (link.version >= MODERN):
        yield Judgement(contract, Verdict.NOT_APPLICABLE, f"the server speaks {link.version}")
        return
    if contract == f"{NAME}/version@{MCP}" and link.version < NAMES_REVISION:
        yield Judgement(contract, Verdict.NOT_APPLICABLE, f"the server speaks {link.version}")
        return
    if case.era == "legacy" and not link.session:
        yield Judgement(contract, Verdict.NOT_APPLICABLE, "the server has no sessions")
        return
    exchange: Exchange = yield _asking(case.body, case.headers, case.says)
    status = exchange.response.status if exchange.response else 0
    if exchange.error:
        yield judge_untested(contract, exchange.outcome)
    elif case is CASES["no_session"] and 200 <= status < 300:
        yield Judgement(contract, Verdict.NOT_APPLICABLE, "the server does not require its sessions")
    elif status not in case.statuses:
        yield judge_broken(contract, case.says, f"status {status}")
    elif case.token:
        yield _judge_sign_in(link, exchange, contract)
    else:
        yield judge_kept(contract)


def _judge_sign_in(link: Link, exchange: Exchange, contract: str) -> Judgement:
    """Judge that a refusal, or else the server's well-known address, says where to sign in.

    MCP 2025-11-25, basic/authorization, leaves the server the choice.
    """
    if "resource_metadata=" in (exchange.header("www-authenticate") or "").lower() or _has_metadata(link):
        return judge_kept(contract)
    if _own_token(exchange):
        why = "its token is its own: it names a realm, and no authorization server"
        return Judgement(contract, Verdict.NOT_APPLICABLE, why)
    expected = f"resource_metadata in WWW-Authenticate (RFC 9728, 5.1), or metadata at {METADATA}"
    return judge_broken(contract, expected, "it does not say where to sign in")


def _has_metadata(link: Link) -> bool:
    """True if the server describes itself at a well-known address, with its authorization servers."""
    for path in dict.fromkeys((METADATA + link.path.rstrip("/"), METADATA)):
        answer = link.get_document(path)
        found = read_json(answer.body).value if isinstance(answer, Response) and answer.status == OK else None
        if isinstance(found, Mapping) and found.get("authorization_servers"):
            return True
    return False


def _own_token(exchange: Exchange) -> bool:
    """True if the server demands a token that no authorization server issues.

    Signing in is optional in MCP, and a realm names the purpose of a token (RFC 6750, 3).
    """
    told = (exchange.header("www-authenticate") or "").lower()
    return told.startswith("bearer ") and "realm=" in told and "resource_metadata=" not in told


def _stdout(link: Link, contract: str) -> Conversation:
    yield _asking(json_bytes(LIST), (), "once more, to see what came beside answers")
    noise = link.noise()
    yield judge_broken(contract, "messages only", noise) if noise else judge_kept(contract)


def _asking(body: bytes, headers: tuple[tuple[str, Any], ...], why: str) -> Call:
    return Call(None, {}, "document", why, surface=MCP, raw=Raw(method="POST", body=body, headers=headers))


def _promise(detail: str, says: str, origin: Any) -> Contract:
    return promise_at(NAME, detail, f"@{MCP}", says, origin, CITE)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(("content_type",)),
    probes=probes,
    settled=settle_contract,
    tools=True,
)
