"""Find what a skill says of a server: tools, arguments, calls, orders and errors, each with its line.

A claim names a tool or an argument in code marks: a tool's name, an argument below or behind its tool, a
written call or request, numbered steps, an error with its status. Any other word in code is *not claimed*,
and the outcomes say so.
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
    list_lines,
    list_orders,
    read_call,
    read_error_row,
    read_kept,
    read_request,
    read_status_beside,
    read_value,
)
from pgagents.submit.skills.words import Operation, Vocabulary, find_misspelt, find_near

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
    outcomes = (*_drop_repeated(finder.outcomes), *finder.list_unclaimed())
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


_CALLED = re.compile(
    r"\b(?:calls?|calling|uses?|using|runs?|running|invokes?|invoking)\b"
    r"(?:\s+(?:the|our|its|mcp|tools?|function))*\s*:?\s*\**\Z",
    re.I,
)
"""The words before a tool that a sentence has called."""
_TOOL_AFTER = re.compile(r"\A\**\s*(?:mcp\s+)?(?:tool|function)\b", re.I)
_TOOLS = re.compile(r"\btools?\b", re.I)
_ARGUMENT = re.compile(r"\b(?:arg(?:ument)?|param(?:eter)?)s?\b", re.I)
_ANSWERS = re.compile(r"\b(?:returns?|answers?|outputs?|responses?|results?|keeps?|gives)\b", re.I)
_HOSTED = re.compile(r"mcp__(?P<server>[\w.\-]+?)__(?P<tool>[\w.\-]+|\*)")
_OF_SERVER = re.compile(r"(?P<server>[A-Za-z][\w.\-]*)[:/](?P<tool>[A-Za-z_][\w.\-]*|\*)")
_JOINS = re.compile(
    r"\s*\**(?:(?:tool|function)\s+)?(?:with|using|passing|given|and pass|,|and|or|/|&|, and|plus)"
    r"(?:\s+(?:the|an?|only|optional))*(?:\s+(?:arg(?:ument)?|param(?:eter)?)s?)?\s*",
    re.I,
)
"""The words between a tool and an argument of it, and between two arguments."""
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

    def list_unclaimed(self) -> Iterator[Outcome]:
        """Yield each name or call in code that made no claim, once."""
        told = {*self.words.named, *(w for claim in self.claims for w in (claim.subject, claim.member))}
        told |= {word for outcome in self.outcomes for word in (outcome.subject, outcome.member)}
        for step in (step for claim in self.claims for step in claim.steps):
            told |= {*step.keeps, *step.keeps.values(), *(one.member for one in step.origins.values())}
        for passage in self.skill.page.passages:
            for piece in passage.pieces:
                call = read_call(piece.text, piece.line) if piece.code else None
                name = call.name if call is not None else _read_name(piece.text)
                if piece.code and NAME.fullmatch(name) and name not in told and not _HOSTED.fullmatch(name):
                    told.add(name)
                    yield Outcome("unclaimed", "word", self.skill.shown, piece.line, name)

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
            self._miss_tool(tool, line)

    def _name_tool(self, name: str, line: int) -> Operation:
        operation = self.words.named[name]
        self.names_tool = True
        self._claim("tool", line, name, operation)
        return operation

    def _miss_tool(self, name: str, line: int, near: str = "") -> None:
        reason = self.words.gone.get(name, "the server has no such tool")
        near = near or find_near(name, self.words.named)
        hint = f"; did you mean `{near}`?" if near else ""
        claim = Claim("tool", self.skill.shown, line, name)
        self.outcomes.append(claim.conclude("broken", f"{reason}{hint}", "tool-missing"))

    def _claim(self, kind: Kind, line: int, subject: str, operation: Operation | None, **more: Any) -> None:
        self.claims.append(Claim(kind, self.skill.shown, line, subject, operation, **more))

    def _read_passage(self, passage: Passage) -> None:
        """Read the words in code of a paragraph: tools, calls, requests, and errors beside their status."""
        pieces = passage.pieces
        last: Operation | None = None
        for at, piece in enumerate(pieces):
            before, after = _list_beside(pieces, at)
            if not piece.code:
                for match in _HOSTED.finditer(piece.text):
                    self._read_hosted(match, piece.line)
                continue
            called = bool(_CALLED.search(before) or _TOOL_AFTER.search(after))
            called = called or bool(at == 0 and _TOOLS.search(passage.heading))
            operation = self._read_word(piece.text, piece.line, called=called)
            if operation is not None:
                last = operation
                self._read_behind(operation, pieces, at, called=called)
            pair = read_status_beside(piece, before, after)
            if pair is not None and self._is_error(pair[0].text, last):
                self._claim_error(*pair, last)

    def _read_word(self, text: str, line: int, *, called: bool) -> Operation | None:
        """Read one word in code; return the operation if it is one. With `called`, the text has it called."""
        match = _HOSTED.fullmatch(text)
        match = match or (m if (m := _OF_SERVER.fullmatch(text)) and self._is_ours(m["server"]) else None)
        if match is not None:
            self._read_hosted(match, line)
            return self.words.named.get(match["tool"]) if self._is_ours(match["server"]) else None
        if NAME.fullmatch(text):
            if text in self.words.named:
                return self._name_tool(text, line)
            if called:
                self._read_unknown(text, line)
            return None
        call = read_call(text, line)
        if call is not None:
            return self._read_call(call)
        request = read_request(text, line)
        if request is not None:
            found, own = self.words.find_request(request)
            return self._take_request(f"{request.method} {request.path}", line, found, own=own)
        return None

    def _read_unknown(self, name: str, line: int) -> None:
        """Judge the name of a called tool that is none: one that the catalogue has, or that misspells one."""
        near = "" if name in self.words.words else find_misspelt(name, self.words.named)
        if name in self.words.gone or near:
            self._miss_tool(name, line, near)

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
            self._read_unknown(call.name, call.line)
            return None
        self._name_tool(call.name, call.line)
        for name in call.arguments:
            self._claim("argument", call.line, call.name, operation, member=name)
        known = {name: value for name, value in call.arguments.items() if operation.find_argument(name)}
        if any(value is not OPEN for value in known.values()):
            self._claim("call", call.line, call.name, operation, arguments=known)
        return operation

    def _read_behind(self, operation: Operation, pieces: tuple[Piece, ...], at: int, *, called: bool) -> None:
        """Read the arguments behind a tool: call `place_hold` with `title_id` and the parameter `patron_id`.

        A word that is none of the tool's arguments may be a value. It counts if it misspells one, has a value
        itself, or if the text calls it an argument.
        """
        while at + 2 < len(pieces) and not pieces[at + 1].code and pieces[at + 2].code:
            between, piece = pieces[at + 1].text, pieces[at + 2]
            if not _JOINS.fullmatch(between):
                return
            name, after = _read_name(piece.text), _list_beside(pieces, at + 2)[1]
            told = (
                f"{name}=" in piece.text or _ARGUMENT.search(between) or _ARGUMENT.match(after.lstrip(" *"))
            )
            own = operation.find_argument(name) or self._find_misspelt(operation, name)
            free = NAME.fullmatch(name) and name not in self.words.named and not name.isupper()
            if free and (own or (called and told)):
                self._claim("argument", piece.line, operation.name, operation, member=name)
            at += 2

    def _find_misspelt(self, operation: Operation, name: str) -> str:
        return "" if name in self.words.words else find_near(name, operation.properties)

    def _read_arguments(self, item: Item) -> None:
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
                steps.append(self._read_step(item, *called))
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

    def _read_step(self, item: Item, called: str, operation: Operation) -> Step:
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
                elif (example := re.search(r"\((?:for example|e\.g\.)\s+(.+)\)\s*\Z", plain)) is not None:
                    values[name] = read_value(example[1])
            elif head is None and (kept := read_kept(inner)) is not None:
                keeps[kept[0]] = kept[1]
        for piece in item.passage.pieces:
            call = read_call(piece.text, piece.line) if piece.code else None
            if call is not None and self.words.named.get(call.name) is operation:
                values |= {operation.find_argument(name): value for name, value in call.arguments.items()}
        values = {name: value for name, value in values.items() if value is not OPEN and name}
        return Step(item.number or 0, item.passage.line, called, operation, origins, values, keeps)

    # -- errors

    def _read_table(self, rows: tuple[Row, ...]) -> None:
        errors = [(row, *pair) for row in rows if (pair := read_error_row(row)) is not None]
        known = sum(code.text in self.words.codes for _, code, _ in errors)
        for row, code, status in errors:
            operations = [self.words.named.get(p.text) for cell in row.cells for p in cell if p.code]
            operation = next(filter(None, operations), None)
            if code.text in self.words.codes or 2 * known >= len(errors) > 1:
                self._claim_error(code, status, operation)

    def _is_error(self, text: str, operation: Operation | None) -> bool:
        """True for an error, and for a name of several words behind a tool, which can be nothing else."""
        if text in self.words.codes or operation is None:
            return text in self.words.codes
        known = text in self.words.words or text in self.words.named
        return not known and bool(NAME.fullmatch(text)) and len(split_words(text)) > 1

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


def _list_beside(pieces: tuple[Piece, ...], at: int) -> tuple[str, str]:
    """Return the text before and after a piece, empty where a word in code or nothing stands."""
    before = pieces[at - 1].text if at and not pieces[at - 1].code else ""
    after = pieces[at + 1].text if at + 1 < len(pieces) and not pieces[at + 1].code else ""
    return before, after


def _read_name(text: str) -> str:
    """Return the name in a piece of code that may have its value too, such as `sort=-id`."""
    return text.partition("=")[0].partition(":")[0].strip()


_FROM_STEP = re.compile(r"\bstep\s*(\d{1,3})\b", re.I)


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
