"""Find what a skill says of a server: tools, arguments, calls, orders and errors, each with its line.

Only forms that leave no doubt make a claim. These are a tool's name in code, an argument below its tool, a
written call, numbered steps, and an error with its status. All other words are nobody's business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base.text import split_words
from pgagents.submit.skills.files import Kind, Outcome, SkillFolder, SkillText, Verdict
from pgagents.submit.skills.lost_answers import Advice, list_advice
from pgagents.submit.skills.text import (
    NAME,
    OPEN,
    Fence,
    Item,
    Passage,
    Piece,
    Row,
    WrittenCall,
    find_head,
    is_listed,
    list_lines,
    list_orders,
    read_call,
    read_error_row,
    read_kept,
    read_request,
    read_status_beside,
    read_value,
)
from pgagents.submit.skills.words import Operation, Vocabulary, find_near

HOSTS_OWN = frozenset(
    (
        "web_search", "web_fetch", "code_execution", "code_interpreter", "file_search", "image_generation",
        "read_file", "write_file", "edit_file", "list_dir", "run_command", "run_shell_command", "apply_patch",
        "str_replace", "ask_user", "ask_user_question", "todo_write", "update_plan", "computer_use",
    )
)  # fmt: skip
"""Tools that hosts have themselves, under the names that their documents give them."""
FEW = 3
"""Least tools in a list of words in code that make it a list of tools."""
MOST_CLAIMS = 2_000
"""Most claims of one skill that are looked at."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The step whose answer has an argument's value, and the member of that answer.

    `above` is the object or list that has the member; empty if the text names none. `sure` is true if the
    text names the step's number.
    """

    step: int
    member: str
    above: str = ""
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a numbered list. `name` is the operation as the text has it.

    `origins` and `values` are by argument, `keeps` are expressions by name.
    """

    number: int
    line: int
    name: str
    operation: Operation
    origins: Mapping[str, Origin]
    values: Mapping[str, Any]
    keeps: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim that only the running server can show.

    `operation` is None for an error of no certain tool. `member` is the argument, `arguments` are those of a
    call as it is written. `status` is None if the text names none; the code is `subject`. `look` is the read
    that is to show what the operation did, as the text names it in `member`.
    """

    kind: Kind
    file: str
    line: int
    subject: str
    operation: Operation | None = None
    member: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    status: int | None = None
    look: Operation | None = None

    def conclude(
        self,
        verdict: Verdict,
        message: str = "",
        id: str = "",
        *,
        member: str = "",
        call: str = "",
        answer: str = "",
    ) -> Outcome:
        """Return the claim's outcome; the fields are those of `Outcome`."""
        member = member or self.member
        return Outcome(
            verdict, self.kind, self.file, self.line, self.subject, message, id, member, call, answer
        )


@dataclass(frozen=True, slots=True)
class Found:
    """The claims that a run shows, and the outcomes that need no call."""

    claims: tuple[Claim, ...]
    outcomes: tuple[Outcome, ...]


FOREIGN = "it names no tool of this server"


def find_claims(folder: SkillFolder, skill: SkillText, words: Vocabulary) -> Found:
    """Return the claims of one skill. A skill that names nothing of this server has a single outcome."""
    finder = _Finder(folder, skill, words)
    finder.find()
    if not finder.names_tool:
        return Found((), (Outcome("untested", "tool", skill.shown, 1, skill.name, FOREIGN),))
    claims = tuple(_number(finder.claims))
    outcomes = tuple(_drop_repeated(finder.outcomes))
    if len(claims) > MOST_CLAIMS:
        why = f"it says more than {MOST_CLAIMS:,} things of the server; the first ones were tried"
        outcomes += (Outcome("untested", "tool", skill.shown, 1, skill.name, why),)
    return Found(claims[:MOST_CLAIMS], outcomes)


def _number(claims: Iterable[Claim]) -> Iterator[Claim]:
    """Yield each claim once: a tool, an argument or an error that a skill names again is the same claim."""
    seen: set[tuple[Any, ...]] = set()
    for claim in claims:
        key: tuple[Any, ...] = (claim.kind, claim.subject, claim.member, claim.status)
        key += (claim.operation.name if claim.operation is not None else "",)
        if claim.kind in ("call", "order"):
            key += (claim.line,)
        if key not in seen:
            seen.add(key)
            yield claim


def _drop_repeated(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield one outcome for each subject and id: the first of its worst ones."""
    seen: set[tuple[str, str, str]] = set()
    for outcome in sorted(outcomes, key=lambda outcome: outcome.verdict != "broken"):
        key = (outcome.id, outcome.subject, outcome.member)
        if key not in seen:
            seen.add(key)
            yield outcome


_BEFORE = re.compile(
    r"\b(?:call|calls|calling|use|uses|using|run|runs|running|invoke|invokes|invoking)\b"
    r"(?:\s+(?:the|our|its|mcp|tool|tools|function|server's))*\s*:?\s*\**\Z",
    re.I,
)
_AFTER = re.compile(r"\A\**\s*(?:mcp\s+)?(?:tool|function)\b", re.I)
_ARGUMENT_AFTER = re.compile(r"\s*\**(?:arg(?:ument)?s?|param(?:eter)?s?)\b", re.I)
_TOOLS = re.compile(r"\btools?\b", re.I)
_ARGUMENTS = re.compile(r"\b(?:arg(?:ument)?s?|param(?:eter)?s?|inputs?|options?)\b", re.I)
_ANSWERS = re.compile(r"\b(?:returns?|answers?|outputs?|responses?|results?|keep|keeps|gives)\b", re.I)
_HOSTED = re.compile(r"mcp__(?P<server>[\w.\-]+?)__(?P<tool>[\w.\-]+|\*)")
_OF_SERVER = re.compile(r"(?P<server>[A-Za-z][\w.\-]*)[:/](?P<tool>[A-Za-z_][\w.\-]*|\*)")
_JOINS = re.compile(
    r"\s*\**(?:with|using|passing|given|and pass|by|,|and|or|/|&|, and|plus)"
    r"(?:\s+(?:the|its|an?|only|optional))*\s*"
)
"""The words between a tool and an argument of it."""
_WITH = re.compile(
    r"\s*\**(?:(?:tool|function)\s+)?(?:with|using|passing|given|and pass)"
    r"(?:\s+(?:the|an?|only|optional))*(?P<word>\s+\w+)?\s*"
)
"""The words between a tool that is called and the first of its arguments. `its` leads to a value instead."""
_SHELL = ("sh", "bash", "shell", "console", "zsh", "")
_PLAIN = ("", "text", "txt", "http", "mcp", "tool", "tools", "pseudo", "yaml")
"""Languages of blocks whose lines may be calls of tools. In others a function is the program's own."""


class _Finder:
    """Goes through one skill."""

    def __init__(self, folder: SkillFolder, skill: SkillText, words: Vocabulary) -> None:
        self.folder, self.skill, self.words = folder, skill, words
        self.claims: list[Claim] = []
        self.outcomes: list[Outcome] = []
        self.names_tool = False
        self._adopted = self._adopt()
        self._exclusive = self._is_alone()
        self._is_only = self._exclusive and not self._names_others()

    def find(self) -> None:
        """Collect all claims."""
        page = self.skill.page
        for grant, line in self.skill.grants:
            self._read_grant(grant, line)
        for passage in page.passages:
            self._read_passage(passage)
        for items in page.lists:
            for item in items:
                for inner in item.list_all():
                    self._read_arguments(inner)
            for listed in list_orders(items):
                self._read_order(listed)
        for table in page.tables:
            self._read_table(table)
        for fence in page.fences:
            self._read_fence(fence)
        for passage in page.passages:
            for advice in list_advice(passage, self.words.named):
                self._read_advice(advice)

    # -- whose a server's name is

    def _adopt(self) -> frozenset[str]:
        """Return the servers of the skill whose tools are for the most part those of this server."""
        tools: dict[str, set[str]] = {}
        texts = [grant for grant, _ in self.skill.grants]
        texts += [p.text for passage in self.skill.page.passages for p in passage.pieces]
        for text in texts:
            for match in _HOSTED.finditer(text):
                if match["tool"] != "*":
                    tools.setdefault(match["server"], set()).add(match["tool"])
        known = self.words.named.keys()
        return frozenset(name for name, named in tools.items() if 2 * len(named & known) >= len(named))

    def _is_ours(self, server: str) -> bool:
        if server in self._adopted or self.words.is_own_server(server):
            return True
        return len(self.folder.servers) == 1 and server in self.folder.servers

    def _is_alone(self) -> bool:
        """True if the skill's package has no MCP server but this one."""
        hosted = {m["server"] for grant, _ in self.skill.grants for m in _HOSTED.finditer(grant)}
        named = self.folder.servers | hosted
        return bool(named) and all(self._is_ours(server) for server in named)

    def _names_others(self) -> bool:
        """True if the text names a tool of another server, or the front matter grants one of the host."""
        texts = [grant for grant, _ in self.skill.grants]
        texts += [piece.text for passage in self.skill.page.passages for piece in passage.pieces]
        texts += [fence.text for fence in self.skill.page.fences]
        return any(not self._is_ours(match["server"]) for text in texts for match in _HOSTED.finditer(text))

    # -- tools

    def _read_grant(self, grant: str, line: int) -> None:
        """Read a tool of `allowed-tools`. Tools of the host, such as `Read`, are none of this server."""
        match = _HOSTED.fullmatch(grant) or _OF_SERVER.fullmatch(grant)
        if match is not None:
            self._read_hosted(match, line)
        elif grant in self.words.named:
            self._name_tool(grant, line)

    def _read_hosted(self, match: re.Match[str], line: int) -> None:
        """Read a name with its server, such as `mcp__library__list_titles` or `library:list_titles`."""
        server, tool = match["server"], match["tool"]
        if not self._is_ours(server):
            return
        self.names_tool = True
        if tool == "*":
            return
        if tool in self.words.named:
            self._name_tool(tool, line)
        else:
            self._miss_tool(tool, line, sure=True)

    def _name_tool(self, name: str, line: int) -> Operation:
        operation = self.words.named[name]
        self.names_tool = True
        self._claim("tool", line, name, operation)
        return operation

    def _miss_tool(self, name: str, line: int, *, sure: bool, near: str = "") -> None:
        reason = self.words.gone.get(name, "the server has no such tool")
        near = near or find_near(name, self.words.named)
        hint = f"; did you mean `{near}`?" if near else ""
        verdict: Verdict = "broken" if sure else "odd"
        claim = Claim("tool", self.skill.shown, line, name)
        self.outcomes.append(claim.conclude(verdict, f"{reason}{hint}", "tool-missing"))

    def _claim(
        self, kind: Kind, line: int, subject: str, operation: Operation | None = None, **more: Any
    ) -> None:
        self.claims.append(Claim(kind, self.skill.shown, line, subject, operation, **more))

    def _read_passage(self, passage: Passage) -> None:
        """Read the words in code of a paragraph: tools, calls, requests, and errors beside their status."""
        pieces = passage.pieces
        last: Operation | None = None
        named = sum(piece.code and piece.text in self.words.named for piece in pieces)
        for at, piece in enumerate(pieces):
            before = pieces[at - 1].text if at and not pieces[at - 1].code else ""
            after = pieces[at + 1].text if at + 1 < len(pieces) and not pieces[at + 1].code else ""
            if not piece.code:
                for match in _HOSTED.finditer(piece.text):
                    self._read_hosted(match, piece.line)
                continue
            asked = bool(_BEFORE.search(before) or _AFTER.search(after))
            listed = at == 0 or is_listed(pieces, at)
            asked = asked or bool(_TOOLS.search(passage.heading) and listed)
            operation = self._read_word(piece.text, piece.line, asked=asked)
            if listed and named >= FEW and self.words.is_like_names(piece.text):
                self._miss_tool(piece.text, piece.line, sure=False)
            if operation is not None:
                last = operation
                if asked:
                    self._read_with(operation, pieces, at)
            elif last is not None and at >= 2:
                self._read_named_argument(last, pieces, at)
            self._read_code_beside(piece, before, after, last)

    def _read_word(self, text: str, line: int, *, asked: bool) -> Operation | None:
        """Read one word in code; return the operation if it is one. With `asked`, the text has it called."""
        match = _HOSTED.fullmatch(text)
        match = match or (m if (m := _OF_SERVER.fullmatch(text)) and self._is_ours(m["server"]) else None)
        if match is not None:
            self._read_hosted(match, line)
            return self.words.named.get(match["tool"]) if self._is_ours(match["server"]) else None
        if NAME.fullmatch(text):
            if text in self.words.named:
                return self._name_tool(text, line)
            self._read_unknown(text, line, asked=asked)
            return None
        call = read_call(text, line)
        if call is not None:
            return self._read_call(call)
        request = read_request(text, line)
        if request is not None:
            found, own = self.words.find_request(request)
            return self._take_request(f"{request.method} {request.path}", line, found, own=own)
        return None

    def _read_unknown(self, name: str, line: int, *, asked: bool) -> None:
        """Judge a word in code that is no tool. It counts only if it looks like one of this server's."""
        if name in self.words.gone:
            if asked:
                self._miss_tool(name, line, sure=True)
            return
        near, firm = self.words.find_similar(name)
        if not near and asked and self._is_only and self.words.is_like_names(name) and name not in HOSTS_OWN:
            self._miss_tool(name, line, sure=False)
        if near and (asked or (firm and len(split_words(name)) > 1)):
            self._miss_tool(name, line, sure=asked and (firm or self._exclusive), near=near)

    def _take_request(
        self, label: str, line: int, operation: Operation | None, *, own: bool
    ) -> Operation | None:
        if operation is not None:
            self.names_tool = True
            self._claim("tool", line, label, operation)
        elif own:
            outcome = Claim("tool", self.skill.shown, line, label)
            self.outcomes.append(
                outcome.conclude("broken", "the API has no such operation", "operation-missing")
            )
        return operation

    # -- arguments and calls

    def _read_call(self, call: WrittenCall) -> Operation | None:
        operation = self.words.named.get(call.name)
        if operation is None:
            self._read_unknown(call.name, call.line, asked=True)
            return None
        self._name_tool(call.name, call.line)
        for name in call.arguments:
            self._claim("argument", call.line, call.name, operation, member=name)
        known = {name: value for name, value in call.arguments.items() if operation.find_argument(name)}
        if any(value is not OPEN for value in known.values()):
            self._claim("call", call.line, call.name, operation, arguments=known)
        return operation

    def _read_named_argument(self, operation: Operation, pieces: tuple[Piece, ...], at: int) -> None:
        """Read an argument that stands behind its tool: `list_titles` with `q` and `sort`."""
        between = pieces[at - 1]
        joins = not between.code and _JOINS.fullmatch(between.text)
        name = _read_argument_name(pieces[at])
        if joins and NAME.fullmatch(name) and self._is_argument(operation, name):
            self._claim("argument", pieces[at].line, operation.name, operation, member=name)

    def _read_with(self, operation: Operation, pieces: tuple[Piece, ...], at: int) -> None:
        """Read the arguments behind a tool that the text has called: call `place_hold` with `patron_name`.

        An unknown one may be a value. It is an argument if the text says so, or if it has a value of its own.
        It is one, too, if it begins as an argument does, or stands beside one.
        """
        run: list[tuple[Piece, bool]] = []
        joins = _WITH
        while at + 2 < len(pieces) and not pieces[at + 1].code and pieces[at + 2].code:
            between = joins.fullmatch(pieces[at + 1].text)
            if between is None:
                break
            word = between["word"] if joins is _WITH else ""
            after = pieces[at + 3].text if at + 3 < len(pieces) and not pieces[at + 3].code else ""
            told = bool(_ARGUMENTS.fullmatch((word or "").strip()) or _ARGUMENT_AFTER.match(after))
            if word and not told:
                break
            run.append((pieces[at + 2], told))
            joins, at = _JOINS, at + 2
        beside = any(operation.find_argument(_read_argument_name(piece)) for piece, _ in run)
        for piece, told in run:
            name = _read_argument_name(piece)
            sure = told or beside or piece.text != name or self.words.shares_argument(name, operation)
            if sure and self.words.is_like_argument(name, operation):
                self._claim("argument", piece.line, operation.name, operation, member=name)

    def _is_argument(self, operation: Operation, name: str) -> bool:
        """True for an argument of the operation, or a word that misspells one."""
        if operation.find_argument(name):
            return True
        return name not in self.words.words and bool(find_near(name, operation.properties))

    def _read_arguments(self, item: Item) -> None:
        """Read the arguments that are listed below their tool."""
        coded = [piece.text for piece in item.passage.pieces if piece.code]
        names = [name for name in coded if name in self.words.named]
        if not names or len({self.words.named[name].name for name in names}) > 1:
            return
        heads = [(inner, head) for inner in item.items if (head := find_head(inner)) is not None]
        operation = self.words.named[names[0]]
        if any(name.text in self.words.named for _, name in heads):
            return
        answers = [name for _, name in heads if not operation.find_argument(name.text)]
        if any(name.text in operation.members for name in answers):
            return  # it lists what the answer has
        if answers and _ANSWERS.search(item.passage.plain.rpartition(".")[2]):
            return
        # a word that neither calls nor answers have is wrong as either, where both are known
        sure = bool(operation.members) or len(answers) < len(heads)
        for _, name in heads:
            if sure or find_near(name.text, operation.properties):
                self._claim("argument", name.line, names[0], operation, member=name.text)

    def _read_advice(self, advice: Advice) -> None:
        """Read what a skill says of a call whose answer was lost."""
        if advice.look is not None:
            self._claim(
                "look-up", advice.line, advice.name, advice.write, member=advice.look_name, look=advice.look
            )
        elif advice.write.key or advice.write.find_argument(advice.key):
            self._claim("key", advice.line, advice.name, advice.write, member=advice.key)
        elif advice.write.tool:
            self._claim("argument", advice.line, advice.name, advice.write, member=advice.key)

    # -- orders

    def _read_order(self, items: tuple[Item, ...]) -> None:
        """Read numbered steps of which at least two call a tool."""
        steps: list[Step] = []
        for item in items:
            called = self._find_called(item)
            if called is not None and item.number is not None:
                steps.append(self._read_step(item, *called, steps))
        if len(steps) < 2:
            return
        numbers = {item.number for item in items}
        names = " → ".join(step.name for step in steps[:4]) + (" → …" if len(steps) > 4 else "")
        claim = Claim("order", self.skill.shown, steps[0].line, names, steps=tuple(steps))
        for step in steps:
            for name, origin in step.origins.items():
                if origin.step >= step.number or origin.step not in numbers:
                    why = f"step {step.number} takes `{name}` from step {origin.step}, which is not before it"
                    at_step = replace(claim, line=step.line)
                    self.outcomes.append(at_step.conclude("broken", why, "order-source", member=name))
                    return
        self.claims.append(claim)

    def _find_called(self, item: Item) -> tuple[str, Operation] | None:
        """Return the operation that a step calls, the first one that its own text names, and that name."""
        for piece in item.passage.pieces:
            if piece.code:
                hosted = _HOSTED.fullmatch(piece.text)
                name = hosted["tool"] if hosted else piece.text
                call = read_call(name, piece.line)
                operation = self.words.named.get(call.name if call is not None else name)
                request = read_request(piece.text, piece.line)
                if operation is None and request is not None:
                    operation, _ = self.words.find_request(request)
                if operation is not None:
                    return call.name if call is not None else name, operation
        return None

    def _read_step(self, item: Item, called: str, operation: Operation, before: list[Step]) -> Step:
        origins: dict[str, Origin] = {}
        values: dict[str, Any] = {}
        keeps: dict[str, str] = {}
        for inner in item.items:
            head, plain = find_head(inner), inner.passage.plain
            if head is not None and operation.find_argument(head.text):
                name = operation.find_argument(head.text)
                origin = _read_origin(inner, head.text)
                if origin is not None:
                    origins[name] = origin
                elif (
                    example := re.search(r"\((?:for example|e\.g\.|z\. ?B\.)\s+(.+)\)\s*\Z", plain)
                ) is not None:
                    values[name] = read_value(example[1])
            elif head is None and (kept := read_kept(inner)) is not None:
                keeps[kept[0]] = kept[1]
        for piece in item.passage.pieces:
            call = read_call(piece.text, piece.line) if piece.code else None
            if call is not None and self.words.named.get(call.name) is operation:
                values |= {operation.find_argument(name): value for name, value in call.arguments.items()}
        if before:
            origins |= {k: v for k, v in _read_its(item, operation, before[-1]).items() if k not in origins}
        values = {name: value for name, value in values.items() if value is not OPEN and name}
        return Step(item.number or 0, item.passage.line, called, operation, origins, values, keeps)

    # -- errors

    def _read_table(self, rows: tuple[Row, ...]) -> None:
        """Read a table of errors: one cell has the code, another the status."""
        errors = [(row, *pair) for row in rows if (pair := read_error_row(row)) is not None]
        known = sum(code.text in self.words.codes for _, code, _ in errors)
        for row, code, status in errors:
            operations = [self.words.named.get(p.text) for cell in row.cells for p in cell if p.code]
            operation = next(filter(None, operations), None)
            if code.text in self.words.codes or 2 * known >= len(errors) > 1:
                self._claim_error(code, status, operation)

    def _read_code_beside(self, piece: Piece, before: str, after: str, operation: Operation | None) -> None:
        """Read an error in code that stands beside its status, 409/`already_held`, or behind its tool."""
        pair = read_status_beside(piece, before, after)
        if pair is not None:
            code, status = pair
            if code.text in self.words.codes or (operation is not None and self._is_like_code(code.text)):
                self._claim_error(code, status, operation)
        elif operation is not None and self._is_error_of(piece.text, operation):
            self._claim_error(piece, None, operation)

    def _is_like_code(self, text: str) -> bool:
        """True for a name beside a status that is no known word: it can only be that of an error."""
        if text in self.words.words or text in self.words.named or not NAME.fullmatch(text):
            return False
        return len(split_words(text)) > 1 or bool(find_near(text, self.words.codes))

    def _is_error_of(self, text: str, operation: Operation) -> bool:
        """True for the name of an error that an operation has. A single small word may mean anything."""
        code = self.words.codes.get(text)
        if code is None or operation.find_argument(text) or text in operation.members:
            return False
        own = code.only is None or operation.action in code.only
        return own and (len(split_words(text)) > 1 or text.isupper())

    def _claim_error(self, code: Piece, status: int | None, operation: Operation | None) -> None:
        claim = Claim("error", self.skill.shown, code.line, code.text, operation, status=status)
        known = self.words.codes.get(code.text)
        if known is not None and status not in (None, known.status):
            why = f"the catalogue has {code.text} with {known.status}, not {status}"
            self.outcomes.append(claim.conclude("broken", why, "error-status"))
        elif known is not None:
            self.claims.append(claim)
        elif self.words.closed:
            near = find_near(code.text, self.words.codes)
            hint = f"; did you mean `{near}`?" if near else ""
            self.outcomes.append(
                claim.conclude("broken", f"the catalogue has no such error{hint}", "error-unknown")
            )
        elif self.words.codes:
            self.outcomes.append(claim.conclude("untested", "the document names no such error"))

    # -- blocks of code

    def _read_fence(self, fence: Fence) -> None:
        """Read a block of code: calls as JSON, requests, and calls on lines of their own. Nothing is run."""
        if fence.language in ("json", "jsonc", "json5", ""):
            self._read_json(fence)
        lines = list_lines(fence) if fence.language in (*_SHELL, *_PLAIN) else ()
        for text, line in lines:
            text = re.sub(r"\A\s*(?:\d+[.)]|[-*>])\s+", "", text).strip()
            request = read_request(text, line)
            if request is not None:
                found, own = self.words.find_request(request)
                self._take_request(f"{request.method} {request.path}", line, found, own=own)
            elif fence.language in _PLAIN:
                call = read_call(text, line)
                if call is not None:
                    self._read_call(call)
        for match in _HOSTED.finditer(fence.text):
            self._read_hosted(match, fence.line + fence.text.count("\n", 0, match.start()))

    def _read_json(self, fence: Fence) -> None:
        try:
            data = json.loads(fence.text)
        except (ValueError, RecursionError):
            return
        params = data.get("params", data) if isinstance(data, dict) else None
        name = params.get("name", params.get("tool")) if isinstance(params, dict) else None
        arguments = params.get("arguments", params.get("input")) if isinstance(params, dict) else None
        if isinstance(name, str) and isinstance(arguments, dict):
            values = {str(key): read_value(json.dumps(value)) for key, value in arguments.items()}
            match = _HOSTED.fullmatch(name)
            self._read_call(WrittenCall(match["tool"] if match else name, values, True, fence.line))


# -- the forms of a text


def _read_argument_name(piece: Piece) -> str:
    """Return the name in a piece of code that may have its value too, such as `sort=-id`."""
    return piece.text.partition("=")[0].partition(":")[0].strip()


_FROM_STEP = re.compile(r"\b(?:step|schritt|étape|etape|paso|passo|stap)\s*(\d{1,3})\b", re.I)


def _read_origin(item: Item, argument: str) -> Origin | None:
    """Return the step and the member from which a listed argument comes: `id of lot, from step 1`."""
    pieces = [piece for piece in item.passage.pieces if piece.code or piece.text.strip(" *_\n")]
    match = _FROM_STEP.search(item.passage.plain)
    if match is None:
        return None
    coded = [piece.text for piece in pieces[1:] if piece.code and re.fullmatch(r"[\w.\[\]]+", piece.text)]
    plain = "".join(piece.text for piece in pieces[1:])
    worded = re.match(r"\s*\**\s*[:–—-]?\s*([A-Za-z_]\w*)(?: of ([A-Za-z_][\w.]*))?, from step", plain)
    if coded:
        *above, member = re.sub(r"\[\d*\]", "", coded[0]).split(".")
        return Origin(int(match[1]), member, above[-1] if above else "")
    if worded is not None:
        return Origin(int(match[1]), worded[1], (worded[2] or "").rpartition(".")[2])
    return Origin(int(match[1]), argument, sure=False)


_ITS = re.compile(r"\b(?:its|the returned|that|this|the resulting)\s+\**\Z")


def _read_its(item: Item, operation: Operation, before: Step) -> dict[str, Origin]:
    """Return the argument that a step takes from the one before it: with its `id` call `get_title`."""
    pieces = item.passage.pieces
    for at, piece in enumerate(pieces):
        before_it = pieces[at - 1].text if at and not pieces[at - 1].code else ""
        if not piece.code or not _ITS.search(before_it):
            continue
        if piece.text in before.operation.members:
            own = operation.find_argument(piece.text)
            refers = [name for name in operation.required if name.endswith(f"_{piece.text}")]
            if own or len(refers) == 1:
                return {own or refers[0]: Origin(before.number, piece.text, sure=False)}
    return {}
