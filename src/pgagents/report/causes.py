"""Give the same key to broken contracts that may have one cause on the server. They become one finding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Generic, Literal, TypeVar

from pgagents.base.http import Response, read_json
from pgagents.report.contract import Contract
from pgagents.report.layout import OF_LIBRARY
from pgagents.report.report import Cause, RecordedExchange

Fact = Literal["", "medium", "taken"]
"""The fact of an answer on which breaks of several checks may rest.

- `medium`: its body has another media type than the promised one
- `taken`: it is the success of a call with a wrong argument
"""
_OF_MEMBERS = frozenset(("response_schema", "law", "error_envelope", "honours_manifest"))
"""Checks whose breaks at one member of answers are one finding."""
_OF_REFUSALS = frozenset(("valid_calls",))
"""Checks of right calls, whose refusals with other messages have other causes."""
_OF_KINDS = frozenset(("invalid_input",))
"""Checks whose contracts' details begin with the kind of problem that they look for."""
_OF_FRAMEWORKS = frozenset((401, 403, 405, 406, 413, 415, 429))
"""Statuses that a framework answers for every action, so that a document without one of them has one gap."""
_GONE = (404, 410)
UNLISTED = "the status is not documented"
"""The claim of a break by a status that no document of an action lists."""
_OWN_CALL = re.compile(r"an ordinary call|a generated call|the example |to have an? |$")
"""Purposes of right calls, which differ from action to action; so an answer's cause may differ too."""
_EXCEPTION = re.compile(rb"\b(?!Internal)(?!ServerError)[A-Z]\w*(?:Error|Exception)\b")
_FRAME = re.compile(r'File "[^"\n]{1,500}", line \d{1,7}, in \S{1,200}')
"""Matches a call in a Python traceback."""
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\S*\d\S*")
"""Quoted values of a message, and words with a digit, such as ids."""
_MOST_READ = 4_000
"""Bytes of an answer that are read for its cause."""


Group = TypeVar("Group")


class Leaders(Generic[Group]):
    """The groups that a derived contract may join, each with its order and the causes of its contracts."""

    def __init__(self, groups: Iterable[tuple[tuple[str, ...], Iterable[str], Group]]) -> None:
        """Take the place of each group, its claims, and the group itself.

        A place is the group's key, and then what a contract that joins has in common with it. That may be the
        reason for which a baseline accepts both.
        """
        self._by_key: dict[tuple[str, ...], Group] = {}
        self._by_claim: dict[tuple[str, ...], Group] = {}
        for place, claims, group in sorted(groups, key=lambda one: one[0]):
            self._by_key[place] = group
            for claim in claims:
                self._by_claim.setdefault((claim, *place[1:]), group)

    def find(self, cause: Cause, *same: str) -> Group | None:
        """Return the group with the same key, or else the first one with the same claim; None without one.

        `same` is what both have in common.
        """
        return self._by_key.get((cause.key, *same)) or self._by_claim.get((cause.claim, *same))


def cause(check: str, outcome: str, claim: str, kind: str = "", member: str = "") -> str:
    """Return the key of a broken contract's cause; contracts with equal keys are one finding.

    `outcome` is the answer's status and code, and `claim` what the answer showed, without its values. `kind`
    tells causes further apart. If the check names the wrong member of an answer, the key is that member and
    the first digit of the status. For other checks it is check, outcome, claim and `kind`.
    """
    names = [step for step in member.split(".") if step and not step.isdigit()]
    if check in _OF_MEMBERS and names:
        return f"member {names[-1]}|{outcome[:1]}"
    return f"{check}|{outcome}|{claim}|{kind}"


def cause_of(
    contract: Contract,
    outcome: str,
    actual: str,
    last: RecordedExchange | None,
    *,
    right: bool | None = None,
    claim: str,
    member: str,
    fact: Fact = "",
    headers: str = "",
    usual: bool = False,
    null: bool = False,
) -> str:
    """Return the key of a break: `cause`, with the kind that separates the causes of this check.

    `claim` is `actual` without its values; empty if it has none. `member` is the wrong member of the answer.

    `fact` is what the break rests on. One medium instead of the promised one is one cause for all checks.
    `headers` describes the headers that are all that is unusual of a right call; empty if more is. Crashes of
    several actions with the same ones have one cause. `usual` is true if a call has only values of ordinary
    calls: its refusal has another cause than that of an extreme value. `null` is true if the wrong argument
    is null, as a call that was made for another keyword may have it, too.
    `last` is the exchange that breaks the contract, if any does.

    `right` is true if that call is one that the action takes; None lets the call's purpose tell.
    """
    kind, claim = "", claim or actual
    if fact == "medium" and last is not None and isinstance(last.answer, Response):
        return f"medium {last.answer.media_type or 'none'}|{last.answer.status}"
    if right is None:
        right = last is not None and bool(_OWN_CALL.match(last.why))
    if contract.check in _OF_KINDS:
        kind = "null" if null else contract.detail.partition("/")[0]
        if outcome.startswith("2"):  # which success came depends on the action and not on the problem
            outcome = claim = "accepted"
    elif contract.check == "no_crashes" and last is not None:
        kind = _find_kind_of_crash(contract, last, headers, right=right)
    elif contract.check == "documented_status" and last is not None:
        status = last.answer.status if isinstance(last.answer, Response) else 0
        if right and status not in _OF_FRAMEWORKS:
            kind = _read_message(last) or last.action or contract.action
        elif status in _OF_FRAMEWORKS or status in _GONE:
            outcome = str(status)  # whatever the code: what is missing is the status
    elif contract.check in _OF_REFUSALS and last is not None:
        kind = f"{_read_message(last)}{'|usual' * usual}"
    return cause(contract.check, outcome, claim, kind, member)


def _find_kind_of_crash(contract: Contract, last: RecordedExchange, headers: str, *, right: bool) -> str:
    """Return the line of the app that a crash names, else the exception, the unusual headers, the odd shape
    of the request, or the action.
    """
    if place := _find_raising_place(last.printed):
        return place
    body = last.answer.body[:_MOST_READ] if isinstance(last.answer, Response) else b""
    if named := _EXCEPTION.search(body):
        return named.group(0).decode()
    if right and contract.action:
        return headers or contract.action
    return re.sub(r"^\S+ (?=is |has |beyond )", "", last.why)


def _find_raising_place(printed: str) -> str:
    """Return file, line and function of the app's own code that raised, as a Python traceback ends with it.

    It is empty if a library raised, as several faults may end there, and for other languages' forms.
    """
    frames: list[str] = _FRAME.findall(printed)
    return frames[-1] if frames and not OF_LIBRARY.search(frames[-1]) else ""


def _read_message(last: RecordedExchange) -> str:
    """Return the message of an answer without values, up to its first colon; empty where it has none."""
    if not isinstance(last.answer, Response) or len(last.answer.body) > _MOST_READ:
        return ""
    read = read_json(last.answer.body)
    text = _find_text(read.value) if not read.problem else last.answer.body.decode("utf-8", "replace")
    return _VALUES.sub("", text).partition(":")[0].strip()


def _find_text(value: Any) -> str:
    """Return the first text with a space in a JSON value; empty where it has none."""
    if isinstance(value, str):
        return value if " " in value else ""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(filter(None, map(_find_text, members)), "")
