"""The body of every success satisfies the schema that the catalogue declares for its status. A success
without a schema, such as a 204, has no body.

Every documented success in the run is validated. Its times must have the form that `behaviour` fixes. Bodies
that are neither JSON nor declared as one text are not compared. A body of any type (`*/*`) is what its
Content-Type says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.catalogue.decoding.medium import is_json, medium_of
from pgagents.catalogue.model.answers import Output
from pgagents.report.contract import Contract
from pgagents.verify.answers.bodies import find_malformed_time
from pgagents.verify.promise import Check, Judgement, judge_broken, judge_kept, judge_untested, promise
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "response_schema"

BODILESS = (204, 205)
"""Statuses whose answers have no body by their definition, also if a document describes none for others."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each success of each endpoint."""
    for endpoint in setting.every_endpoint:
        for status, output in _outputs(endpoint):
            says = f"a {status} has no body"
            if output.schema:
                says = f"the {status} body of {endpoint.action.name} satisfies its schema"
            yield promise(NAME, str(status), endpoint, says, output.origin, endpoint.action.cite)


def _outputs(endpoint: Endpoint) -> list[tuple[int, Any]]:
    if not endpoint.on_rest:
        return [(200, endpoint.action.success)]
    return [(o.status, o) for o in endpoint.action.outputs if 200 <= o.status < 300]


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every documented success."""
    if exchange.output is not None and exchange.call.intent != "framework":
        contract = f"{NAME}/{exchange.status}/{exchange.place}"
        yield _judge(exchange, exchange.output, memory, contract)


def _judge(exchange: Exchange, output: Output, memory: Memory, contract: str) -> Judgement:
    schema = output.schema
    if exchange.response is not None and exchange.response.unfinished:
        return judge_untested(contract, "it is an event stream that stays open: its body has no end")
    if schema is None:
        if exchange.fits:
            return judge_kept(contract)
        if memory.model.leaves_open and exchange.status not in BODILESS:
            return judge_untested(contract, "the document describes no body, and a body came")
        return judge_broken(contract, "no body", _say_body(exchange))
    if exchange.fits:
        problem = find_malformed_time(memory.setting, exchange.body, schema)
        if problem is None:
            return judge_kept(contract)
        exchange.fits = False
        return judge_broken(contract, *problem)
    media = _find_type(exchange, output)
    if not _is_judged(output, media, memory.setting.resolve_schema(schema)):
        return judge_untested(contract, f"a body of {media} is not compared with its schema")
    if exchange.json.problem:
        return judge_broken(contract, "a JSON body" if is_json(media) else media, exchange.json.problem)
    if exchange.size_problem:
        return judge_broken(contract, f"at most {output.max_bytes:,} bytes", exchange.size_problem)
    if exchange.time_problem:
        expected = f"a stream that ends within {output.ends_within_s} s"
        return judge_broken(contract, expected, exchange.time_problem)
    if exchange.disguised is not None:
        expected = f"the body of a success, or the status {exchange.disguised.status} of this error"
        actual = "{status} with the body of the documented error"
        return judge_broken(contract, expected, actual, status=exchange.status)
    error = next(iter(memory.setting.output_test(exchange).iter_errors(exchange.body)))
    place = ".".join(map(str, error.instance_path)) or "the body"
    actual = f"{place}: {{problem}}"
    return judge_broken(contract, f"{place} satisfies its schema", actual, problem=error.message[:300])


def _say_body(exchange: Exchange) -> str:
    """Describe a body that should not be there."""
    answer = exchange.response
    if answer is None:
        return "a body"
    return f"{len(answer.body):,} bytes" + (f" of {answer.media_type}" if answer.media_type else "")


def _find_type(exchange: Exchange, output: Output) -> str:
    """Return the media type of a body: the declared one, or its own if it may have any and is not empty."""
    answer = exchange.response
    if not output.any_type or answer is None or not answer.body or medium_of(answer, output).name == "json":
        return output.content_type
    return answer.media_type or "an unknown type"


def _is_judged(output: Output, media: str, schema: Mapping[str, Any]) -> bool:
    """True if the body can be validated: it is JSON, rows or one text, and no object in XML or YAML."""
    types = types_of(schema)
    shaped = output.columns is not None or output.events is not None
    return is_json(media) or shaped or "string" in types or not types


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    rank=2,
    of_any_input=True,
    tools=True,
)
