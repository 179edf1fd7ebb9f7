"""The MCP server opens, names itself and refuses malformed requests, as the specification of its transport
requires.

Over HTTP it checks headers, sessions and tokens; as a process it writes only messages to stdout. A web page
of any site is refused where callers do not sign in; where they do, the server may decide. Sources:
https://modelcontextprotocol.io/specification/2025-11-25/basic/transports and revision 2026-07-28, read
2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.base.http import EVENT_STREAM, Response, json_bytes, read_json
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_link import Link
from pgagents.verify.wire.mcp_messages import LEGACY, METHOD, MODERN, SESSION, VERSION, error_of

CITE = ("MCP 2025-11-25, basic/transports",)
LIST = {"method": "tools/list"}
MEDIA = ("application/json", EVENT_STREAM)
LATE = 9
OK, REDIRECTION = 200, 300
ANY = tuple(range(400, 500))
"""The statuses of a refusal of which the specification names one as an example only, or with SHOULD."""
PARSE_ERROR = -32700
METADATA = "/.well-known/oauth-protected-resource"
"""The address at which a protected resource describes itself; its path may follow (RFC 9728, 3.1)."""
NAMES_REVISION = "2025-06-18"
"""The first revision in which each request over HTTP must name its revision. The status for a wrong Origin is
of the latest two.
"""


@dataclass(frozen=True, slots=True)
class WrongRequest:
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

    @property
    def guards(self) -> bool:
        """True if its refusal keeps strangers out: pages of other sites, or callers without a token."""
        return self.open or self.token


REFUSED = {
    "origin": WrongRequest(
        "a page of another site is refused with 403", (("Origin", "https://pgv.invalid"),), (403,), open=True
    ),
    "version": WrongRequest(
        "a revision that there is not is refused with 400", ((VERSION, "1900-01-01"),), (400,)
    ),
    "method": WrongRequest(
        "a Mcp-Method header that is not the body's is refused with 400",
        ((METHOD, "tools/call"),),
        (400,),
        era="modern",
    ),
    "no_session": WrongRequest(
        "a request without its session is refused, if the server requires its sessions",
        ((SESSION, ""),),
        ANY,
        era="legacy",
    ),
    "other_session": WrongRequest(
        "a session that there is not is answered with 404", ((SESSION, "pgv-0000"),), (404,), era="legacy"
    ),
    "malformed": WrongRequest(
        "a body that is not JSON is refused", (), ANY, body=b'{"jsonrpc": "2.0", "id": 1, "method"'
    ),
    "sign_in": WrongRequest(
        "a caller without a token is refused with 401, and the answer says where to get one",
        (("Authorization", ""),),
        (401,),
        token=True,
    ),
}


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases about opening the link, about each request that must be refused, and about the form of
    answers.
    """
    del roles
    if not _is_asked(setting):
        return
    origin = setting.model.surfaces[MCP].origin if setting.listing is None else ("tools",)
    case = partial(Case, None, origin=origin, cite=CITE, place=f"@{MCP}")
    link = setting.mcp
    opening = Attempt(together=_try_opening, stage=1, cost=3, role="") if link is not None else None
    yield case("the server opens, and offers tools", attempt=opening, detail="opens")
    yield case("the server returns its name and version", attempt=opening, detail="names_itself")
    for detail, wrong in REFUSED.items():
        attempt = Attempt(partial(_try_refused, wrong), role="") if link is not None else None
        yield case(wrong.says, attempt=attempt, detail=detail, settled=_settle(link, wrong))
    process = link is not None and not link.http
    of_http = (Verdict.NOT_APPLICABLE, "of Streamable HTTP only") if process else None
    says = "answers over HTTP are JSON or an event stream"
    yield case(says, detail="content_type", settled=of_http)
    of_process = None if link is None or process else (Verdict.NOT_APPLICABLE, "of a process only")
    yield case(
        "a process writes nothing but messages to stdout",
        attempt=Attempt(_try_stdout, stage=LATE, role="") if process else None,
        detail="stdout",
        settled=of_process,
    )


def _is_asked(setting: Setting) -> bool:
    """True if the catalogue has tools, or if the server is judged without a catalogue."""
    return bool(setting.tools) or setting.listing is not None


def _settle(link: Link | None, wrong: WrongRequest) -> tuple[Verdict, str] | None:
    """Exclude requests that do not apply to this transport, or to callers with or without sign-in."""
    if link is not None and not link.http:
        return Verdict.NOT_APPLICABLE, "of Streamable HTTP only"
    if link is not None and wrong.open and link.signed_in:
        return Verdict.NOT_APPLICABLE, "callers sign in, so the server may let pages in"
    if link is not None and wrong.token and not link.signed_in:
        return Verdict.NOT_SELECTED, "needs a token of the MCP server: export PGAGENTS_MCP_TOKEN=…"
    return None


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the Content-Type of answers over HTTP."""
    link, answer = memory.setting.mcp, exchange.response
    if (
        link is None
        or not link.http
        or exchange.call.surface != MCP
        or answer is None
        or answer.status >= 400
    ):
        return
    trial = CHECK.find_trial(memory.setting, f"@{MCP}", "content_type")
    if trial is not None:
        problem = "" if answer.media_type in MEDIA else answer.media_type or "no Content-Type"
        yield trial.judge(" or ".join(MEDIA), problem)


def _try_opening(trials: Sequence[Trial]) -> None:
    opens, names_itself = trials
    link, server = opens.setting.mcp, opens.model.mcp_server
    assert link is not None
    ask(_asking(json_bytes(LIST), (), "what opens the link"))
    if link.put_off:
        raise Untested(link.problem)
    if link.problem:
        conclude(opens.broken("a server that opens, in an era of 2025-11-25 or 2026-07-28", link.problem))
        return
    offered = link.told.get("capabilities")
    if isinstance(offered, Mapping) and "tools" in offered:
        conclude(opens.kept())
    else:
        conclude(opens.broken("the capability `tools`", "it is not among the server's capabilities"))
    named: Mapping[str, Any] = link.named if isinstance(link.named, Mapping) else {}
    whole = all(isinstance(named.get(k), str) and named.get(k) for k in ("name", "version"))
    wanted = server.named_version if server is not None else None
    if not whole or wanted not in (None, named.get("version")):
        expected = "a name and a version" if wanted is None else f"a name, and the version {wanted}"
        conclude(names_itself.broken(expected, "it returns {value}", value=str(link.named)[:100]))
    else:
        conclude(names_itself.kept())


def _try_refused(wrong: WrongRequest, trial: Trial) -> None:
    link = trial.setting.mcp
    assert link is not None
    link.open()
    other_era = wrong.era and (wrong.era == "modern") != (link.version >= MODERN)
    unnamed = wrong is REFUSED["version"] and link.version < NAMES_REVISION
    if other_era or unnamed:
        conclude(trial.not_applicable(f"the server speaks {link.version}"))
        return
    if wrong.era == "legacy" and not link.session:
        conclude(trial.not_applicable("the server has no sessions"))
        return
    answer = trial.ask(_asking(wrong.body, wrong.headers, wrong.says))
    status = answer.response.status if answer.response else 0
    if answer.void:  # no answer came, or it was put off
        raise Untested(answer.outcome)
    if wrong.era == "legacy" and answer.success and not _requires_session(trial, wrong, answer):
        conclude(trial.not_applicable("the server does not require its sessions"))
    elif wrong is REFUSED["malformed"] and error_of(answer.answer) == PARSE_ERROR:
        conclude(trial.kept())  # JSON-RPC 2.0, 5.1: handlers of FastAPI answer it with 200
    elif status not in (ANY if wrong.open and link.version < LEGACY else wrong.statuses):
        broken = trial.broken(wrong.says, "status {status}", status=status)
        # servers after the examples of the SDK for TypeScript answer 400 to any unknown session
        broken = replace(broken, odd=wrong is REFUSED["other_session"] and status in ANY)
        exposed = wrong.guards and OK <= status < REDIRECTION
        conclude(broken.with_rank(Rank.EXPOSED) if exposed else broken)
    elif wrong.token:
        conclude(_judge_sign_in(link, answer, trial))
    else:
        conclude(trial.kept())


def _requires_session(trial: Trial, wrong: WrongRequest, answer: Exchange) -> bool:
    """True unless the server answers a request without its session, this one or another, as any."""
    without = REFUSED["no_session"]
    if wrong is not without:
        answer = trial.ask(_asking(without.body, without.headers, "a request without its session"))
        if answer.void:
            raise Untested(answer.outcome)
    return not answer.success


def _judge_sign_in(link: Link, answer: Exchange, trial: Trial) -> Judgement:
    """Judge that a refusal, or else the server's well-known address, says where to sign in: MCP 2025-11-25,
    basic/authorization, leaves the server the choice.
    """
    if "resource_metadata=" in (answer.header("www-authenticate") or "").lower() or _has_metadata(link):
        return trial.kept()
    if _own_token(answer):
        why = "its token is its own: it names a realm, and no authorization server"
        return trial.not_applicable(why)
    expected = f"resource_metadata in WWW-Authenticate (RFC 9728, 5.1), or metadata at {METADATA}"
    return trial.broken(expected, "it does not say where to sign in")


def _has_metadata(link: Link) -> bool:
    """True if the server describes itself at a well-known address, with its authorization servers."""
    for path in dict.fromkeys((METADATA + link.path.rstrip("/"), METADATA)):
        answer = link.get_document(path)
        if not isinstance(answer, Response) or answer.status != OK:
            continue
        document = read_json(answer.body).value
        if isinstance(document, Mapping) and document.get("authorization_servers"):
            return True
    return False


def _own_token(exchange: Exchange) -> bool:
    """True if the server demands a token that no authorization server issues.

    Signing in is optional in MCP, and a realm names the purpose of a token (RFC 6750, 3).
    """
    challenge = (exchange.header("www-authenticate") or "").lower()
    return challenge.startswith("bearer ") and "realm=" in challenge


def _try_stdout(trial: Trial) -> None:
    link = trial.setting.mcp
    assert link is not None
    trial.ask(_asking(json_bytes(LIST), (), "once more, to see what came beside answers"))
    noise = link.noise()
    conclude(trial.judge("messages only", noise))


def _asking(body: bytes, headers: tuple[tuple[str, Any], ...], why: str) -> Call:
    return Call(None, {}, "document", why, surface=MCP, raw=Raw(method="POST", body=body, headers=headers))


CHECK = make_check(
    "mcp_transport",
    __doc__,
    cases,
    stage=5,
    watch=watch,
    watched=frozenset(("content_type",)),
    tools=True,
    rank=Rank.UNDOCUMENTED,
)
