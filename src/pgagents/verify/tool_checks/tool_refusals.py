"""Arguments that a tool's schema refuses are refused, and so are unknown tools and methods.

A server must validate its tools' inputs. Tools that may be called get arguments that each break one keyword,
and that no lenient reader can convert to valid ones. Recommended: the refusal is a result with isError and a
text, and an unknown tool is a JSON-RPC error. Unknown arguments are refused if the schema is closed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from pgagents.report.contract import Rank
from pgagents.verify.judgement import conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.tools import call_tool, judge_busy, list_tools, send_message, server_case
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.mcp_messages import METHOD_NOT_FOUND, error_of, result_of, text_of

NO_TOOL = "pgv_no_such_tool_7f3a9c51d2e84b06"
"""A name that no tool has."""
NO_METHOD = "pgv/no_such_method"
JSON_RPC = ("JSON-RPC 2.0, section 5.1",)


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield cases for the server, and for each tool that has arguments. Each call with broken arguments is a
    probe of its own.
    """
    del roles
    if setting.listing is None:
        return
    unknown = Attempt(together=_call_unknown_tool, stage=2, role="")
    yield server_case("unknown_tool", "a tool that there is not is refused", unknown)
    says = "a tool that there is not is refused with a JSON-RPC error"
    yield server_case("unknown_tool_as_error", says, unknown, advice=True)
    says = "a method that there is not is refused with JSON-RPC error -32601"
    attempt = Attempt(_call_unknown_method, stage=2, role="")
    yield server_case("unknown_method", says, attempt, cite=JSON_RPC)
    for tool in list_tools(setting):
        name, arguments = tool.name, tool.arguments
        if arguments is None:
            continue
        attempts = []
        for wrong in arguments.list_wrong():
            refuse = partial(_refuse, call_tool(name, wrong.arguments, f"a call {wrong.says}"))
            attempts.append(Attempt(together=refuse, stage=4, role="", suffix=wrong.says))
        if attempts:
            several = partial(tool.case, attempt=attempts[0], further=attempts[1:])
            says = f"{name} refuses arguments that its schema does not allow"
            yield several("wrong", says, part="inputSchema")
            says = f"{name} refuses wrong arguments with a result that says why"
            yield several("as_result", says, advice=True)
        if (unknown_argument := arguments.make_unknown()) is not None:
            says = f"{name} refuses an argument that its closed schema does not have"
            call = call_tool(name, unknown_argument, "a call with an unknown argument")
            attempt = Attempt(together=partial(_refuse, call), stage=5, role="")
            yield tool.case("unknown_argument", says, attempt, part="inputSchema", advice=True)


def _refuse(call: Call, trials: Sequence[Trial]) -> None:
    """Send an invalid call. Judge that it is refused, and for a second trial that a result says why."""
    answer = ask(call)
    if answer.busy:
        conclude(judge_busy(answer, trials))
        return
    refused, *as_result = trials
    result, error = result_of(answer.answer), error_of(answer.answer)
    if result is None and error is None:
        conclude(refused.broken(f"{call.why} is refused", answer.outcome))
    elif result is not None and result.get("isError") is not True:
        if result.get("resultType") != "input_required":
            conclude(refused.broken(f"{call.why} is refused", "a success"))
    else:
        conclude(refused.kept())
        for trial in as_result:
            if result is None:
                conclude(trial.broken("a result with isError", f"JSON-RPC error {error}"))
            else:
                silent = not text_of(result).strip()
                conclude(trial.judge("a result that says why", "it says nothing" if silent else ""))


def _call_unknown_tool(trials: Sequence[Trial]) -> None:
    refused, as_error = trials
    answer = ask(call_tool(NO_TOOL, {}, "a tool that there is not"))
    if answer.busy:
        conclude(judge_busy(answer, trials))
        return
    result, error = result_of(answer.answer), error_of(answer.answer)
    if error is not None:
        conclude(refused.kept())
        conclude(as_error.kept())
    elif result is not None and result.get("isError") is True:
        conclude(refused.kept())
        conclude(as_error.broken("JSON-RPC error -32602", "a result with isError"))
    else:
        conclude(refused.broken("a refusal", answer.outcome if result is None else "a success"))
        conclude(as_error.untested("it was not answered" if result is None else "it was not a refusal"))


def _call_unknown_method(trial: Trial) -> None:
    answer = trial.ask(send_message(NO_METHOD, None, "a method that there is not"))
    error = error_of(answer.answer)
    if answer.busy:
        conclude(judge_busy(answer, [trial]))
    elif error == METHOD_NOT_FOUND:
        conclude(trial.kept())
    else:
        actual = answer.outcome if error is None else f"JSON-RPC error {error}"
        conclude(trial.broken(f"JSON-RPC error {METHOD_NOT_FOUND}", actual))


CHECK = make_check("tool_refusals", __doc__, cases, tools=True, rank=Rank.LAX)
