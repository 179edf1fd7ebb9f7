"""Call one tool or operation with chosen arguments, and read what the server made of it.

A tool of a catalogue is called with instances of the run's own, and its refusals are known by their codes. A
tool that only its server describes is called with values that its schema gives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pgagents.base.http import read_json
from pgagents.base.jsonschema.schema import foreign_validator
from pgagents.base.text import singular
from pgagents.catalogue.model.model import Model
from pgagents.submit.approved_calls import Inputs, is_about_form
from pgagents.submit.skills.words import Operation
from pgagents.verify.fixtures.request_template import find_refusal, ordinary
from pgagents.verify.setting import Setting
from pgagents.verify.tools import ListedTool, ToolArguments, call_tool
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_messages import METHOD_NOT_FOUND, error_of, list_texts, result_of, text_of

WHY = "a call that a skill describes"
MOST_SHOWN, MOST_WORDS, FAILED = 200, 160, 500
Kind = Literal["taken", "refused", "gone", "failed", "not shown"]


@dataclass(frozen=True, slots=True)
class Reading:
    """The server's answer to a call, sorted by what it means.

    | `kind` | the server |
    |---|---|
    | `taken` | does as asked; `body` is its answer |
    | `refused` | refuses the arguments by their names, types or bounds |
    | `gone` | knows no such operation |
    | `failed` | fails: a 5xx, or an error of the protocol |
    | `not shown` | refuses for a reason that is not in the arguments' form, or does not answer |

    `call` and `answer` are texts without secrets.
    """

    kind: Kind
    body: Any = None
    call: str = ""
    answer: str = ""


class Caller(Protocol):
    """Calls one operation. Arguments are under the operation's own names."""

    writes: bool
    withheld: str
    """Why it may not be called, with the option that lifts it; empty if it may be."""
    firm: bool
    """True if the values of an ordinary call are known to be right."""

    def make_usual(self) -> dict[str, Any] | None:
        """Return the arguments of an ordinary call; None if none are known."""

    def choose(self, name: str) -> Any:
        """Return a value for an argument."""

    def keeps(self, name: str) -> bool:
        """True for an argument that names an instance of the run's own, whatever a text has there."""

    def make_call(self, values: Mapping[str, Any]) -> Call:
        """Return the call with these arguments."""

    def read(self, exchange: Exchange) -> Reading:
        """Return what the server made of a call."""


class ActionCaller:
    """Calls an action of a catalogue or a document, through its API or its MCP server."""

    def __init__(
        self, setting: Setting, endpoint: Endpoint, operation: Operation, redact: Callable[[str], str]
    ) -> None:
        self.endpoint, self.operation, self._redact = endpoint, operation, redact
        self.model: Model = setting.model
        self.writes, self.withheld = endpoint.action.effect == "write", ""
        self._inputs = Inputs(setting, endpoint, {"inputSchema": operation.schema})
        self.template = self._inputs.template
        self.firm = not self.model.leaves_open

    def make_usual(self) -> dict[str, Any] | None:
        """Return the catalogue's ordinary call, as far as the operation has its arguments."""
        own = {name: next(iter(self._inputs.restore({name: None}))) for name in self.operation.properties}
        usual = {
            name: self._inputs.choose(name, known=True)
            for name in own
            if name in self.operation.required or own[name] in self.template.input
        }
        return {**self._list_beside(), **usual}

    def _list_beside(self) -> dict[str, Any]:
        """Return what a call has besides the arguments that a skill may name: headers, files, and all at
        once.
        """
        beside = {}
        for name, value in self.template.input.items():
            param = self.endpoint.action.param(name)
            if name == "*" or (param is not None and (param.place == "header" or param.file is not None)):
                beside[name] = value
        return beside

    def choose(self, name: str) -> Any:
        """Return the run's own value, one of an example, or one that the schema gives."""
        if name in self.operation.properties:
            return self._inputs.choose(name, known=True)
        return self.template.input.get(name, "1")

    def is_given(self, name: str) -> bool:
        """True if somebody gives the chosen value: the catalogue, or the schema."""
        return name in self._inputs.given

    def keeps(self, name: str) -> bool:
        """True for an argument that is the id of an instance, a signature, or a key of the run's own."""
        own = next(iter(self._inputs.restore({name: None})))
        param = self.endpoint.action.param(own)
        usual = self.template.input.get(own)
        plain = usual is None or isinstance(usual, str | int | float | bool | list | dict)
        return (param is not None and param.refers_to is not None) or not plain

    def make_call(self, values: Mapping[str, Any]) -> Call:
        """Return the call; a write makes or changes what is the run's own."""
        arguments = self._inputs.restore(values)
        keyed = str(self.endpoint.action.idempotency) in arguments
        return ordinary(
            self.endpoint, self.template, "explore", WHY, input=arguments, fresh=self.writes, keyed=keyed
        )

    def read(self, exchange: Exchange) -> Reading:
        """Read the answer by the codes of the catalogue."""
        call, answer = self._show(exchange)
        framework, action = self.model.errors.framework, self.endpoint.action
        result = result_of(exchange.answer) if not self.endpoint.on_rest else None
        words = (text_of(result) if result is not None and not exchange.success else "") or exchange.outcome
        answer = answer or self._redact(" ".join(words.split()))[:MOST_WORDS]
        kind: Kind
        if exchange.void:
            kind = "not shown"
        elif exchange.success:
            kind = "taken"
        elif exchange.code and exchange.code in (framework.unknown_path, framework.wrong_method):
            kind = "gone"
        elif exchange.status >= FAILED:
            kind = "failed"
        elif find_refusal(action, exchange.input) is None and is_about_form(self.model, action, exchange):
            kind = "refused"
        else:
            kind = "not shown"
        return Reading(kind, exchange.body if kind == "taken" else None, call, answer)

    def _show(self, exchange: Exchange) -> tuple[str, str]:
        surface = self.endpoint.tools
        sent = surface.rename(self.endpoint.action, exchange.input) if surface is not None else exchange.input
        return show_arguments(self.operation.name, sent, self._redact), ""


class ToolCaller:
    """Calls a tool that only its MCP server describes."""

    def __init__(self, tool: ListedTool, redact: Callable[[str], str]) -> None:
        self._tool, self._redact = tool, redact
        self.withheld = tool.withheld[1] if tool.withheld is not None else ""
        self.writes = bool(self.withheld)
        self._arguments: ToolArguments | None = tool.arguments
        example = self._arguments.find_example() if self._arguments is not None else None
        self.firm = example is not None
        self._whole = (self._arguments.make_whole() or {}) if self._arguments is not None else {}

    def make_usual(self) -> dict[str, Any] | None:
        """Return values that the schema gives, or else the least ones that it allows."""
        if self._arguments is None:
            return None
        values = self._arguments.find_example() or self._arguments.make_ordinary()
        return dict(values) if values is not None else None

    def choose(self, name: str) -> Any:
        """Return a value that the schema gives or allows."""
        return self._whole.get(name, "1")

    def keeps(self, name: str) -> bool:
        """Return False: nothing tells whose an id is."""
        del name
        return False

    def make_call(self, values: Mapping[str, Any]) -> Call:
        """Return the message of the protocol."""
        return call_tool(self._tool.name, values, WHY)

    def read(self, exchange: Exchange) -> Reading:
        """Read the result, or the error of the protocol."""
        sent = read_json(exchange.request.body or b"{}").value
        params = sent.get("params") if isinstance(sent, Mapping) else None
        arguments = params.get("arguments") if isinstance(params, Mapping) else None
        call = show_arguments(self._tool.name, arguments or {}, self._redact)
        result, error = result_of(exchange.answer), error_of(exchange.answer)
        words = (
            text_of(result) if result is not None else str(error) if error is not None else exchange.outcome
        )
        answer = self._redact(" ".join(words.split()))[:MOST_WORDS]
        if exchange.busy or (result is None and error is None):
            return Reading("not shown", None, call, answer)
        if error is not None:
            code = error.get("code") if isinstance(error, Mapping) else None
            return Reading("gone" if code == METHOD_NOT_FOUND else "refused", None, call, answer)
        assert result is not None
        if result.get("isError") is True:
            return Reading("refused", None, call, answer)
        return Reading("taken", _read_body(result), call, answer)


def _read_body(result: Mapping[str, Any]) -> Any:
    """Return the data of a tool's result: structured content, or the first text that is JSON."""
    if "structuredContent" in result:
        return result["structuredContent"]
    blocks = (read_json(text.encode()) for text in list_texts(result))
    return next((block.value for block in blocks if not block.problem), None)


def show_arguments(name: str, arguments: Mapping[str, Any], redact: Callable[[str], str]) -> str:
    """Return a call as reports show it."""
    return redact(f"{name} {json.dumps(arguments, ensure_ascii=False, default=str)}")[:MOST_SHOWN]


def allows(operation: Operation, name: str, value: Any) -> bool:
    """True if the schema of an argument allows a value, or none can be judged by it."""
    schema = operation.properties.get(name)
    try:
        return not isinstance(schema, Mapping) or bool(foreign_validator(schema).is_valid(value))
    except ValueError:
        return True


_ADDRESS = re.compile(r"://|@|\bwww\.|\+?\d(?:[\s().-]?\d){8,}|\b\d{1,3}(?:\.\d{1,3}){3}\b")


def names_somebody(value: Any) -> bool:
    """True for a value with an address or a telephone number, to which a server might send something."""
    return bool(_ADDRESS.search(json.dumps(value, ensure_ascii=False, default=str)))


# -- values in answers


MOST_VISITED = 5_000


def find_value(body: Any, member: str, above: str = "") -> Iterator[Any]:
    """Yield the values of a member in an answer, the outermost first.

    With `above`, only in an object of that name, or in the items of a list of its plural.
    """
    for name, node in _walk(body):
        if isinstance(node, Mapping) and member in node and (not above or above in (name, singular(name))):
            yield node[member]


def holds_value(body: Any, value: Any) -> bool:
    """True if an answer has this value anywhere; of an id of several parts, one part will do."""
    wanted = value if isinstance(value, tuple) else (value,)
    for _, node in _walk(body):
        parts = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
        if node in wanted or any(not isinstance(p, Mapping | list) and p in wanted for p in parts):
            return True
    return False


def holds_nothing(body: Any, above: str) -> bool:
    """True if an answer has no object of this name or in a list of it, or any list without items."""
    known = [(name, node) for name, node in _walk(body) if isinstance(node, Mapping | list)]
    if any(isinstance(node, list) and not node for _, node in known):
        return True
    return not any(
        isinstance(node, Mapping) and node and (not above or above in (name, singular(name)))
        for name, node in known
    )


def _walk(body: Any) -> Iterator[tuple[str, Any]]:
    """Yield each part of an answer with the name of the member that has it, the outermost first."""
    waiting: list[tuple[str, Any]] = [("", body)]
    for _ in range(MOST_VISITED):
        if not waiting:
            return
        name, node = waiting.pop(0)
        yield name, node
        if isinstance(node, Mapping):
            waiting += [(str(key), value) for key, value in node.items()]
        elif isinstance(node, list):
            waiting += [(name, value) for value in node]
