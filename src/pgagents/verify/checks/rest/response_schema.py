"""The body of every success satisfies the schema that the catalogue declares for its status. A success
without a schema, such as a 204, has no body.

Every documented success in the run is validated. Its times must have the form that `behaviour` fixes. Bodies
that are neither JSON nor declared as one text are not compared. A body of any type (`*/*`) is what its
Content-Type says. A body that a document can be read to allow is odd at most, as with `nullable` beside a
`$ref`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.jsonschema.schema import say_error
from pgagents.catalogue.decoding.medium import is_json, medium_of
from pgagents.catalogue.model.answers import Output
from pgagents.report.contract import Rank
from pgagents.verify.answers.bodies import find_fact_of_body, find_malformed_time, name_wrong_member
from pgagents.verify.fixtures.own_schemas import find_dangling, is_open
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

BODILESS = (204, 205)
"""Statuses whose answers have no body by their definition (RFC 9110, 15.3.5 and 15.3.6). Of others a document
may have forgotten to describe it.
"""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each success of each endpoint."""
    del roles
    for endpoint in setting.every_endpoint:
        for status, output in _list_successes(endpoint):
            says = f"a {status} has no body"
            if output.schema:
                says = f"the {status} body of {endpoint.action.name} satisfies its schema"
            yield Case(endpoint, says, output.origin, detail=str(status))


def _list_successes(endpoint: Endpoint) -> list[tuple[int, Output]]:
    if not endpoint.on_rest:
        return [(200, endpoint.action.success)]
    return [(o.status, o) for o in endpoint.action.outputs if 200 <= o.status < 300]


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every documented success."""
    # a call of intent `framework` is answered by the router, whose body no operation describes
    if exchange.output is not None and exchange.call.intent != "framework":
        trial = CHECK.find_trial(memory.setting, exchange.place, str(exchange.status))
        if trial is not None:
            yield _judge(trial, exchange, exchange.output)


def _judge(trial: Trial, exchange: Exchange, output: Output) -> Judgement:
    schema, setting = output.schema, trial.setting
    if exchange.response is not None and exchange.response.unfinished:  # text/event-stream (WHATWG, HTML 9.2)
        return trial.untested("it is an event stream that stays open: its body has no end")
    if schema is None:
        if exchange.fits:
            return trial.kept()
        if trial.model.leaves_open and exchange.status not in BODILESS:
            return trial.untested("the document describes no body, and a body came")
        size = len(exchange.response.body) if exchange.response is not None else 0
        kind = f" of {exchange.media_type}" if exchange.media_type else ""
        return trial.broken("no body", f"{{size:,}} bytes{kind}", size=size)
    if exchange.fits:
        problem = find_malformed_time(setting, exchange.body, schema)
        if problem is None:
            if dangling := find_dangling(trial.model, exchange):
                return trial.untested(f"a part of its schema is missing: {dangling}")
            return trial.kept()
        exchange.fits = False
        return trial.broken(*problem)
    media = _find_type(exchange, output)
    if not _is_judged(output, media, setting.resolve_schema(schema)):
        return trial.untested(f"a body of {media} is not compared with its schema")
    if exchange.json.problem:
        expected = "a JSON body" if is_json(media) else media
        broken = trial.broken(expected, "{problem}", problem=exchange.json.problem)
        return broken.resting_on(find_fact_of_body(exchange) if is_json(media) else "")
    if exchange.size_problem:
        return trial.broken(f"at most {output.max_bytes:,} bytes", "{size}", size=exchange.size_problem)
    if exchange.time_problem:
        expected = f"a stream that ends within {output.ends_within_s} s"
        return trial.broken(expected, "{time}", time=exchange.time_problem)
    if exchange.disguised is not None:  # as Slack answers `ok: false` with 200
        expected = f"the body of a success, or the status {exchange.disguised.status} of this error"
        actual = "{status} with the body of the documented error"
        return trial.broken(expected, actual, status=exchange.status)
    error = next(iter(setting.output_test(exchange).iter_errors(exchange.body)))
    place = ".".join(map(str, error.instance_path)) or "the body"
    broken = trial.broken(
        f"{place} satisfies its schema", f"{place}: {{problem}}", problem=say_error(error.message, 300)
    )
    broken = broken.at_member(name_wrong_member(error))
    return replace(broken, odd=True) if is_open(trial.model, exchange) else broken


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


CHECK = make_check(
    "response_schema",
    __doc__,
    cases,
    watch=watch,
    turn=2,
    of_any_input=True,
    tools=True,
    rank=Rank.UNDOCUMENTED,
)
